# SPDX-License-Identifier: BSD-2-Clause
"""One Redis, and all it may do: be killed, hang, lose what it had, refuse."""

import glob
import signal
import time

from mmtest.proxy import CuttingProxy
from mmtest.scratch import free_port, wait_until


def under_load(case, mischief, rounds, messages, config="", least_duplicates=0):
    """mischief(redis, round), spread evenly over the load."""
    with case.redis() as redis, case.daemon(redis.url, config) as d:
        with case.load(d) as load:
            for n in range(rounds):
                load.at_least(messages * (n + 1) // (rounds + 1))
                mischief(redis, n)
            load.at_least(messages)
        case.settle(redis)
        if case.figures.get("duplicates", 0) < least_duplicates:
            case.problems.append("no batch was ever in doubt: the test has tested nothing")


def killed(case):
    def kill(redis, _):
        redis.kill()
        time.sleep(0.1)
        redis.start()
    case.note(kills=6)
    under_load(case, kill, 6, case.size(2400, 60000))


def torn(case):
    """The end of Redis's file is torn within a script's transaction.  Redis up to 8 leaves
    the half of it in the file, and carries it out at the start after that."""
    def tear(redis, n):
        redis.kill()
        if n % 2 == 0:
            name = max(glob.glob(f"{redis.run}/appendonlydir/*.incr.aof"))
            with open(name, "r+b") as f:
                f.truncate(f.read().rindex(b"*1\r\n$4\r\nEXEC") - 5)
        redis.start()
    rounds = case.size(4, 12)
    case.note(torn=rounds // 2, kills=rounds)
    under_load(case, tear, rounds, case.size(1600, 30000))


def hangs(case):
    seconds, rounds = case.size(5, 8), case.size(1, 3)
    # Until it is seen that there is no answer, and a little longer.
    def stop(redis, _):
        redis.signal(signal.SIGSTOP)
        before = case.loads[-1].sent
        time.sleep(seconds)
        sent = case.loads[-1].sent - before
        redis.signal(signal.SIGCONT)
        if sent < 25:
            case.problems.append(f"only {sent} messages went while Redis did not answer")
    case.note(stops=rounds, seconds=seconds)
    under_load(case, stop, rounds, case.size(1500, 60000), least_duplicates=1)
    if case.slowest > 10 * case.lab.slowness:
        case.problems.append(f"mail has waited {case.slowest:.1f} s")


def cut(case):
    """Answers to the two commands for the lists, and to two batches: 65 bytes or so."""
    step, bytes_most = case.size(8, 1), 72
    with case.redis() as redis, CuttingProxy(redis.port) as proxy, \
            case.daemon(redis.url.replace(str(redis.port), str(proxy.port)),
                        "flush_interval_ms = 50\n") as d:
        for n in range(0, bytes_most, step):
            case.send(d, 2, sessions=1)
            wait_until("all to be counted", lambda: messages_in(redis) == case.book.total(), 20)
            time.sleep(0.1)     # until that is acknowledged, too
            proxy.cut(n)

            def is_cut():
                case.send(d, 1, sessions=1)
                return proxy.left is None
            wait_until(f"an answer of more than {n} bytes", is_cut, 20, pause=0.1)
        case.note(cuts=proxy.cuts, bytes_of_the_answer=f"0 to {bytes_most - 1} by {step}")
        case.settle(redis)
        if proxy.cuts < bytes_most // step or not case.figures.get("duplicates"):
            case.problems.append("nothing was cut, or no batch was in doubt")


def flushall(case):
    rounds = case.size(2, 6)
    case.note(flushes=rounds)
    under_load(case, lambda redis, n: redis.command("FLUSHALL"), rounds,
               case.size(1500, 30000))
    if not case.figures.get("restored"):
        case.problems.append("nothing was restored: the test has tested nothing")


def script_flush(case):
    rounds = case.size(10, 60)
    case.note(flushes=rounds)
    under_load(case, lambda redis, n: redis.command("SCRIPT", "FLUSH"), rounds,
               case.size(1200, 30000))


def refused(case, begin, end, word):
    """Times in which Redis takes nothing."""
    rounds, messages = case.size(2, 6), case.size(1200, 30000)
    with case.redis() as redis, case.daemon(redis.url) as d:
        with case.load(d) as load:
            for n in range(rounds):
                load.at_least(messages * (n + 1) // (rounds + 1))
                counted(redis)
                errors = refusals(redis)
                begin(redis)
                wait_until(f"a refusal: {word}", lambda: refusals(redis) > errors, 20)
                time.sleep(0.3)
                end(redis)
            load.at_least(messages)
        case.note(times=rounds, answer=word)
        case.settle(redis)
        if word not in d.log_text():
            case.problems.append(f"the log does not say {word}")


def counted(redis):
    """Wait until more is counted than was."""
    have = messages_in(redis)
    wait_until("more to be counted", lambda: messages_in(redis) > have, 40)


def messages_in(redis):
    return int(redis.hash("metermark:{_all}:total").get("messages", 0))


def refusals(redis):
    """How many commands Redis has refused."""
    text = redis.command("INFO", "stats")
    return int(text.split("total_error_replies:")[1].split("\r")[0])


def oom(case):
    refused(case, lambda r: r.command("CONFIG", "SET", "maxmemory", "1"),
            lambda r: r.command("CONFIG", "SET", "maxmemory", "0"), "OOM")


def readonly(case):
    nobody = free_port()
    refused(case, lambda r: r.command("REPLICAOF", "127.0.0.1", nobody),
            lambda r: r.command("REPLICAOF", "NO", "ONE"), "READONLY")


def noperm(case):
    """A right is taken away and given back: to run scripts, then to count in them."""
    rights = ["-evalsha", "-pfadd"] * 3
    refused(case, lambda r: r.command("ACL", "SETUSER", "default", rights.pop(0)),
            lambda r: r.command("ACL", "SETUSER", "default", "+@all"), "NOPERM")


def wrong_type(case):
    """Keys that are something else: their campaigns wait, whole; the others go on."""
    with case.redis() as redis, case.daemon(redis.url) as d:
        redis.command("SET", "metermark:{m-1}:total", "a string")
        redis.command("SET", "metermark:{m-2}:rcpt", "no sketch")
        redis.command("HSET", "metermark:{m-3}:total", "messages", "many")
        messages = case.size(1000, 20000)
        with case.load(d) as load:
            load.at_least(messages)
        wait_until("the others to be counted", lambda: redis.hash(
            "metermark:{m-4}:total").get("messages") == str(case.book.total("m-4")), 20)
        got = [key for i in (1, 2, 3)
               for key in redis.command("KEYS", f"metermark:{{m-{i}}}:[dh]:*")]
        if got:
            case.problems.append(f"counted beside a broken key: {got}")
        case.note(broken_keys=3, waited=sum(case.book.total(f"m-{i}") for i in (1, 2, 3)))
        redis.command("DEL", "metermark:{m-1}:total", "metermark:{m-2}:rcpt",
                      "metermark:{m-3}:total")
        case.settle(redis)


CASES = [
    ("redis-killed", "Redis is killed -9 six times under load", killed),
    ("aof-torn", "Redis's append-only file is truncated within a batch, then Redis is killed",
     torn),
    ("redis-hangs", "Redis is stopped (SIGSTOP) for seconds", hangs),
    ("answer-cut", "the connection is cut at each byte of an answer", cut),
    ("flushall", "Redis loses everything (FLUSHALL), and retained counts are sent again",
     flushall),
    ("script-flush", "Redis forgets the script (SCRIPT FLUSH)", script_flush),
    ("oom", "Redis is out of memory (OOM)", oom),
    ("readonly", "Redis becomes a replica (READONLY)", readonly),
    ("noperm", "a right is taken away (NOPERM)", noperm),
    ("wrong-type", "keys have a wrong type, and fields are not numbers", wrong_type),
]
