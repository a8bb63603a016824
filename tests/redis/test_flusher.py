#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counters reach Redis exactly once, whatever is done to Redis meanwhile."""

import signal
import sys
import time

from mmtest.counting import PRODUCER, WHEN, Driver
from mmtest.programs import Missing
from mmtest.redis import RedisError, RedisServer
from mmtest.scratch import Scratch, Tap, wait_until

tap = Tap()


def fresh(redis):
    redis.command("FLUSHALL")


def finish(redis, driver, prefix="metermark"):
    """Drained, equal to the ledger, stopped with nothing missing and a clean exit."""
    drained = driver.ask("wait 20000")
    problems = [] if drained == "drained" else [drained]
    ledger = driver.ledger()
    problems += ledger.compare(redis, prefix)
    stats = driver.stats()
    missing, took = driver.stop()
    if missing:
        problems.append(f"{missing} messages missing at the stop")
    if driver.process.returncode:
        problems += [f"driver ended with {driver.process.returncode}"] + driver.log[-40:]
    if problems:
        problems += driver.log[-10:]
    tap.note(f"{ledger.messages} messages; " +
             " ".join(f"{k}={v}" for k, v in stats.items() if k != "pending"))
    return problems, stats


# ---------------------------------------------------------------- what is done to Redis

def kill9(redis):
    redis.kill()
    time.sleep(0.1)
    redis.start()


def freeze(redis):
    redis.signal(signal.SIGSTOP)
    time.sleep(0.4)
    redis.signal(signal.SIGCONT)


def client_kill(redis):
    redis.command("CLIENT", "KILL", "TYPE", "normal")


def script_flush(redis):
    redis.command("SCRIPT", "FLUSH")


def out_of_memory(redis):
    redis.command("CONFIG", "SET", "maxmemory", "1")
    time.sleep(0.4)
    redis.command("CONFIG", "SET", "maxmemory", "0")


def read_only(redis):
    redis.command("REPLICAOF", "127.0.0.1", "1")
    time.sleep(0.4)
    redis.command("REPLICAOF", "NO", "ONE")


def storm_with(redis, what, times, pause):
    """A storm of a bit longer than the mischief."""
    fresh(redis)
    with Driver(redis.url) as driver:
        ms = int(1000 * (times * (pause + 0.35) + 0.3))
        driver.say(f"storm {ms}")
        for _ in range(times):
            time.sleep(pause)
            try:
                what(redis)
            except (OSError, RedisError) as e:
                tap.note(f"{what.__name__}: {e}")
        driver.hear()
        return finish(redis, driver)


def mischief(redis):
    for what, times, pause, sure in (
            (lambda r: None, 1, 0.5, None), (kill9, 3, 0.25, "connects"),
            (freeze, 2, 0.2, None), (client_kill, 6, 0.05, "connects"),
            (script_flush, 5, 0.1, "refused"), (out_of_memory, 2, 0.1, "refused"),
            (read_only, 2, 0.1, "connects")):
        name = what.__name__.replace("_", " ").replace("<lambda>", "nothing")
        problems, stats = storm_with(redis, what, times, pause)
        if sure and stats[sure] < 2:
            problems.append(f"the mischief was not felt: {sure}={stats[sure]}")
        tap.result(f"four threads count while Redis suffers: {name}", problems)


# ---------------------------------------------------------------------- single behaviours

def frozen_for_long(redis):
    """Longer than the time limit for an answer: a batch is in doubt, then refused as a
    repetition."""
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"add slow 5 {WHEN} 1 2")
        driver.ask("wait 20000")
        redis.signal(signal.SIGSTOP)
        driver.say(f"add slow 7 {WHEN} 3")
        time.sleep(6)
        redis.signal(signal.SIGCONT)
        problems, stats = finish(redis, driver)
        if stats["duplicates"] < 1:
            problems.append("no repetition was refused: the test has tested nothing")
        tap.result("an answer that comes too late does not count twice", problems)


def away_at_start(redis):
    fresh(redis)
    redis.stop()
    with Driver(redis.url) as driver:
        for i in range(50):
            driver.say(f"add early-{i % 5} 2 {WHEN + 3600 * (i % 30)} {i}")
        problems = [] if driver.wait_log("redis-away") else ["nothing logged"]
        if len(driver.logged("redis-away")) > 1:
            problems.append("logged more than once a minute")
        redis.start()
        problems += finish(redis, driver)[0]
        if not driver.logged("redis-back"):
            problems.append("no redis-back line")
        tap.result("what was counted before Redis was there is in it after", problems)


def come_after(redis, driver_of, want):
    """What a stopped driver left on disk is counted by the next one."""
    with driver_of() as driver:
        problems = [] if driver.ask("wait 20000") == "drained" else ["not drained"]
        driver.stop()
    for campaign, field, n in want:
        have = redis.hash(f"metermark:{{{campaign}}}:total").get(field)
        if have != str(n):
            problems.append(f"{campaign} {field}: {have}, not {n}")
    return problems


def stop_while_away(redis):
    fresh(redis)
    redis.stop()
    with Scratch("mm-state.") as state:
        with Driver(redis.url, state=state.path) as driver:
            driver.wait_log("redis-away")
            driver.say(f"add gone 3 {WHEN} 1")
            driver.say(f"kind rejected gone 2 {WHEN}")
            missing, took = driver.stop(5000)
            problems = [f"{missing} missing"] if missing else []
            if took > 3:        # it would wait for 5
                problems.append(f"the stop took {took:.1f} s")
            if not driver.logged("messages_on_disk=5"):
                problems += ["not logged"] + driver.log
        redis.start()
        problems += come_after(redis, lambda: Driver(redis.url, state=state.path),
                               (("gone", "messages", 3), ("gone", "rejected", 2)))
    tap.result("a stop while Redis is away does not wait: the next start counts it", problems)


def stop_without_disk(redis):
    redis.stop()
    with Driver(redis.url, state="") as driver:
        driver.wait_log("redis-away")
        driver.say(f"add gone 3 {WHEN} 1")
        driver.say(f"kind rejected gone 2 {WHEN}")
        missing, took = driver.stop(400)
        problems = [] if missing == 5 else [f"{missing} missing, not 5"]
        if took > 4:
            problems.append(f"the stop took {took:.1f} s")
        if not driver.logged("messages_not_in_redis=5"):
            problems += ["not logged"] + driver.log
        tap.result("without a journal a stop while Redis is away says what is lost", problems)
    redis.start()


def stop_while_frozen(redis):
    fresh(redis)
    with Scratch("mm-state.") as state:
        with Driver(redis.url, state=state.path) as driver:
            driver.say(f"add cold 3 {WHEN} 1")
            driver.ask("wait 20000")
            redis.signal(signal.SIGSTOP)
            driver.say(f"add cold 4 {WHEN} 1")
            time.sleep(0.1)
            driver.say(f"add cold 5 {WHEN} 1")
            missing, took = driver.stop(5000)
            redis.signal(signal.SIGCONT)
            problems = [f"{missing} missing"] if missing else []
            if took > 4:        # it would wait for 5
                problems.append(f"the stop took {took:.1f} s")
        problems += come_after(redis, lambda: Driver(redis.url, state=state.path),
                               (("cold", "messages", 12),))
    tap.result("a stop while Redis hangs ends soon: the next start counts it, once", problems)


def only_refused(redis):
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"kind rejected bad-list 3 {WHEN}")
        driver.say(f"kind tempfailed bad-list 2 {WHEN}")
        problems = finish(redis, driver)[0]
        have = redis.hash("metermark:{bad-list}:total")
        if "messages" in have or have.get("rejected") != "3" or have.get("tempfailed") != "2":
            problems.append(f"{have}")
        tap.result("a campaign of refused messages only exists, with those counters only",
                   problems)


def wrong_type(redis):
    fresh(redis)
    redis.command("SET", "metermark:{sick}:total", "not a hash")
    redis.command("HSET", "metermark:{ill}:total", "messages", "many")
    redis.command("SET", "metermark:{unwell}:rcpt", "not a HyperLogLog")
    # Doubles cannot tell such numbers apart.
    redis.command("HSET", "metermark:{mad}:total", "~" + PRODUCER, "9" * 18)
    with Driver(redis.url) as driver:
        for name in ("sick", "ill", "unwell", "mad", "healthy"):
            driver.say(f"add {name} 4 {WHEN} 1 2")
        lines = driver.wait_log("redis-refuses")
        problems = [] if lines and "WRONGTYPE" in lines[0] else [f"log: {lines}"]
        try:
            wait_until("a healthy campaign beside sick ones", lambda: redis.hash(
                "metermark:{healthy}:total").get("messages") == "4")
        except RuntimeError as e:
            problems.append(str(e))
        if redis.hash("metermark:{ill}:total") != {"messages": "many"}:
            problems.append("a batch that cannot be applied was applied in part")
        for key in ("metermark:{ill}:h:2026111812", "metermark:{unwell}:total"):
            if redis.command("EXISTS", key):
                problems.append(f"{key}: applied in part")
        redis.command("DEL", "metermark:{sick}:total", "metermark:{unwell}:rcpt")
        if set(redis.hash("metermark:{mad}:total")) != {"~" + PRODUCER}:
            problems.append("a batch was numbered above what Lua can count")
        redis.command("HDEL", "metermark:{ill}:total", "messages")
        redis.command("HDEL", "metermark:{mad}:total", "~" + PRODUCER)
        time.sleep(2.1)
        problems += finish(redis, driver)[0]
        if len(driver.logged("redis-refuses")) > 1:
            problems.append("logged more than once a minute")
        tap.result("keys of a wrong type hold their campaign, whole, and no other", problems)


def no_permission(redis):
    fresh(redis)
    redis.command("ACL", "SETUSER", "mm", "reset", "on", ">pw", "~metermark:*", "+@all",
                  "-pfadd")
    url = redis.url.replace("redis://", "redis://mm:pw@")
    with Driver(url) as driver:
        driver.say(f"add acl 4 {WHEN} 1 2")
        lines = driver.wait_log("redis-refuses")
        # Of a script, Redis 7.0 says it in other words than later ones and Valkey.
        said = lines and ("ACL failure in script" in lines[0] or
                          "can't run this command" in lines[0])
        problems = [] if said else [f"log: {lines}"]
        if any("pw" in line for line in driver.log):
            problems.append("the password is in the log")
        if redis.hash("metermark:{acl}:total"):
            problems.append("applied in part")
        redis.command("ACL", "SETUSER", "mm", "+pfadd", "-expireat")
        time.sleep(2.1)
        redis.command("ACL", "SETUSER", "mm", "+expireat")
        driver.say(f"add acl 1 {WHEN} 3")
        time.sleep(2.1)
        driver.say(f"add acl 1 {WHEN} 3")
        problems += finish(redis, driver)[0]
        tap.result("a right that is missing loses nothing and doubles nothing", problems)
    redis.command("ACL", "DELUSER", "mm")


def great_sums(redis):
    """Beyond what Lua's numbers hold, and with a carry from one half to the other."""
    fresh(redis)
    key = "metermark:{great}:total"
    with Driver(redis.url) as driver:
        driver.say(f"add great 1 {WHEN} 1")
        driver.ask("wait 20000")
        one = int(redis.hash(key)["bytes"])
        problems = []
        for start in (10**15 - 1, 2**53 - one + 1, 10**17 - 1, 123456789999999999):
            redis.command("HSET", key, "bytes", start)
            driver.say(f"add great 1 {WHEN} 1")
            driver.ask("wait 20000")
            if int(redis.hash(key)["bytes"]) != start + one:
                problems.append(f"{start} + {one} = {redis.hash(key)['bytes']}")
        tap.result("great sums are exact", problems)


def flushed(redis):
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"add again 4 {WHEN} 1 2")
        driver.say(f"add idle 3 {WHEN} 1 2")
        driver.ask("wait 20000")
        fresh(redis)
        driver.say(f"add again 2 {WHEN + 9} 5")
        problems, stats = finish(redis, driver)
        if stats["lost"] < 1 or len(driver.logged("redis-lost-data")) != 1:
            problems.append(f"not noticed: {stats} {driver.log}")
        tap.result("after FLUSHALL what is retained comes back, of idle campaigns too, and "
                   "it is said once", problems)


def flushed_beyond(redis):
    fresh(redis)
    with Driver(redis.url, retain=2000) as driver:
        driver.say(f"add old 4 {WHEN} 1 2")
        driver.ask("wait 20000")
        time.sleep(4)
        driver.say("forget")
        driver.say(f"add old 3 {WHEN} 1 2")
        driver.ask("wait 20000")
        fresh(redis)
        driver.say(f"add old 2 {WHEN + 9} 5")
        problems, stats = finish(redis, driver)
        if stats["beyond"] < 1 or not driver.logged("campaigns_not_whole="):
            problems.append(f"not said: {stats} {driver.log}")
        tap.result("what FLUSHALL took that is older than that is lost, said, and never more",
                   problems)


def restarted(redis):
    """A second process with the same producer id, and one whose clock is behind."""
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"add twice 4 {WHEN} 1 2")
        problems = finish(redis, driver)[0]
        first = int(redis.hash("metermark:{twice}:total")["~" + PRODUCER])
    with Driver(redis.url) as driver:
        driver.say(f"add twice 3 {WHEN} 3")
        driver.ask("wait 20000")
        driver.stop()
    have = redis.hash("metermark:{twice}:total")
    if have["messages"] != "7" or int(have["~" + PRODUCER]) <= first:
        problems.append(f"after the restart: {have}")
    ahead = first + 10**14
    redis.command("HSET", "metermark:{twice}:total", "~" + PRODUCER, ahead)
    with Driver(redis.url) as driver:
        driver.say(f"add twice 5 {WHEN} 4")
        driver.ask("wait 20000")
        if not driver.logged("redis-marker-ahead"):
            problems.append("a marker from the future was not reported")
        driver.stop()
    have = redis.hash("metermark:{twice}:total")
    if have["messages"] != "12" or int(have["~" + PRODUCER]) <= ahead:
        problems.append(f"after the clock went back: {have}")
    tap.result("a restart goes on counting, even with a clock that went back", problems)


def moved(redis):
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"add here 4 {WHEN} 1 2")
        driver.ask("wait 20000")
        problems = driver.ledger().compare(redis)
        driver.say("forget")
        driver.say(f"set {redis.url[:-1]}3 other")
        time.sleep(1)
        driver.say(f"add here 3 {WHEN} 1")
        driver.ask("wait 20000")
        redis.command("SWAPDB", "0", "3")
        problems += driver.ledger().compare(redis, "other")
        redis.command("SWAPDB", "0", "3")
        driver.stop()
    tap.result("new settings count into the new place", problems)


def new_password(redis):
    """It is the same Redis: what is retained for it stays."""
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"add same 4 {WHEN} 1 2")
        driver.ask("wait 20000")
        driver.say("set " + redis.url.replace("redis://", "redis://default:new@") + " metermark")
        time.sleep(1)
        fresh(redis)
        driver.say(f"add same 2 {WHEN} 5")
        problems, stats = finish(redis, driver)
        if not stats["restored"]:
            problems.append(f"nothing was restored: {stats}")
    tap.result("another password leaves what is retained as it is", problems)


def moved_in_doubt(redis):
    fresh(redis)
    with Driver(redis.url) as driver:
        driver.say(f"add here 4 {WHEN} 1 2")
        driver.ask("wait 20000")
        redis.signal(signal.SIGSTOP)
        driver.say(f"add here 2 {WHEN} 1 2")
        time.sleep(1)
        driver.say(f"set {redis.url[:-1]}3 metermark")
        driver.say(f"add here 3 {WHEN} 1")
        time.sleep(0.5)
        redis.signal(signal.SIGCONT)
        problems = [] if driver.ask("wait 20000") == "drained" else ["not drained"]
        driver.stop()
    for want in ("6", "3"):
        have = redis.hash("metermark:{here}:total").get("messages")
        if have != want:
            problems.append(f"{have} messages, not {want}")
        redis.command("SWAPDB", "0", "3")
    tap.result("a batch in doubt is settled where it was sent, later ones go to the new place",
               problems)


def two_producers(redis):
    fresh(redis)
    with Driver(redis.url, producer="a" * 32) as a, Driver(redis.url, producer="b" * 32) as b:
        for _ in range(20):
            a.say(f"add shared 3 {WHEN} 1")
            b.say(f"add shared 4 {WHEN} 2")
        a.ask("wait 20000")
        b.ask("wait 20000")
        have = redis.hash("metermark:{shared}:total")
        problems = [] if have["messages"] == "140" else [f"{have}"]
        if {f for f in have if f.startswith("~")} != {"~" + "a" * 32, "~" + "b" * 32}:
            problems.append("markers are not one each")
    tap.result("two daemons count into one campaign", problems)


def eviction_is_said(redis):
    fresh(redis)
    redis.command("CONFIG", "SET", "maxmemory", "100mb")
    redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with Driver(redis.url) as driver:
        lines = driver.wait_log("redis-may-evict")
    redis.command("CONFIG", "SET", "maxmemory", "0")
    redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    tap.result("a Redis that may drop counters is warned of", [] if lines else ["no line"])


def old_entries_go(redis):
    fresh(redis)
    redis.command("ZADD", "metermark:campaigns", "1000000000", "ancient")
    with Driver(redis.url) as driver:
        driver.say(f"add fresh 1 {WHEN} 1")
        problems = finish(redis, driver)[0]
    tap.result("a campaign that is long gone leaves the list", problems)


def main():
    try:
        with Scratch("mm-flusher.") as scratch, RedisServer(scratch.path) as redis:
            mischief(redis)
            for test in (frozen_for_long, away_at_start, stop_while_away, stop_without_disk,
                         stop_while_frozen, only_refused, great_sums, wrong_type, no_permission,
                         flushed, flushed_beyond, restarted, moved, new_password,
                         moved_in_doubt, two_producers, eviction_is_said, old_entries_go):
                test(redis)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
