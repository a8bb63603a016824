#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon itself, killed -9 under load: Redis has what the mail server saw accepted,
but for at most one message a connection.  And its callbacks wait for nothing.
MM_LONG=1: twenty kills."""

import collections
import os
import re
import shutil
import subprocess
import threading
import time

from mmtest.protocol import Closed
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, wait_until
from mmtest.wire import plain, wire

LONG = os.environ.get("MM_LONG") == "1"
SESSIONS = 3


class Load:
    """Sessions that send one message after another, and note what became of each."""

    def __init__(self):
        self.accepted = collections.Counter()
        self.unsure = collections.Counter()
        self.problems = []
        self.lock = threading.Lock()
        self.ends = False

    def session(self, daemon, number):
        while not self.ends:
            try:
                with daemon.client() as c:
                    for i in range(200):
                        name = f"crash-{(number * 7 + i) % 5}"
                        if not self.one(c, name, number):
                            return
            except (OSError, Closed, RuntimeError):
                time.sleep(0.01)    # not up yet, or down already: nothing was sent

    def one(self, client, name, number):
        """One message.  False: it is time to end."""
        message = plain(X_Campaign=name)
        try:
            answer = client.message(message, recipients=(f"<r{number}@gmail.com>",))
        except (OSError, Closed):
            with self.lock:
                self.unsure[name] += 1
            raise
        with self.lock:
            if answer.passed:
                self.accepted[name] += 1
            else:
                self.problems.append(f"refused: {answer}")
        return not self.ends


def counted(redis):
    have = {}
    for key in redis.command("KEYS", "metermark:{crash-*}:total"):
        have[key[key.index("{") + 1:key.index("}")]] = int(redis.hash(key)["messages"])
    return have


def restart(daemon):
    daemon.kill()
    if os.path.exists(daemon.socket):
        os.unlink(daemon.socket)
    daemon.start()


def kills(t, redis, kills_wanted):
    load = Load()
    config = "flush_interval_ms = 100\n"
    with t.daemon(config, redis=redis.url) as d:
        threads = [threading.Thread(target=load.session, args=(d, n)) for n in range(SESSIONS)]
        for thread in threads:
            thread.start()
        for n in range(kills_wanted):
            time.sleep(0.15 + 0.37 * (n * 0.618 % 1))
            restart(d)
        time.sleep(0.3)
        load.ends = True
        for thread in threads:
            thread.join(20)
        total = sum(load.accepted.values())
        most = total + sum(load.unsure.values())
        try:
            wait_until("all to be counted", lambda: sum(counted(redis).values()) >= total, 30)
            time.sleep(0.4)
        except RuntimeError as e:
            load.problems.append(str(e))
    have = counted(redis)
    for name in sorted(set(have) | set(load.accepted)):
        low = load.accepted[name]
        if not low <= have.get(name, 0) <= low + load.unsure[name]:
            load.problems.append(
                f"{name}: {have.get(name, 0)}, accepted {low}, unsure {load.unsure[name]}")
    all_of = int(redis.hash("metermark:{_all}:total").get("messages", 0))
    if all_of != sum(have.values()):
        load.problems.append(f"_all {all_of}, campaigns {sum(have.values())}")
    if sum(load.unsure.values()) > SESSIONS * kills_wanted:
        load.problems.append(f"more unsure than connections: {load.unsure}")
    t.tap.note(f"{kills_wanted} kills, {total} accepted, {most - total} unsure (at most "
               f"{SESSIONS * kills_wanted}), counted {sum(have.values())}")
    return load.problems


def second_daemon(t, redis):
    """Two on one state directory."""
    with t.daemon(redis=redis.url) as d:
        with open(d.file, encoding="utf-8") as f:
            text = f.read().replace("m.sock", "other.sock")
        other = os.path.join(d.run, "other.conf")
        with open(other, "w", encoding="utf-8") as f:
            f.write(text)
        done = subprocess.run([d.argv()[0], "-f", "-c", other], capture_output=True, text=True,
                              timeout=20, check=False)
        if done.returncode == 0 or "uses state_dir" not in done.stderr:
            yield f"{done.returncode}: {done.stderr}"


def copied_directory(t, redis):
    with t.daemon("flush_interval_ms = 100\n", redis=redis.url) as d:
        state = os.path.join(d.run, "state")
        for _ in range(5):
            d.send(plain(X_Campaign="copied"))
        wait_until("five", lambda: redis.hash("metermark:{copied}:total").get("messages") == "5")
        d.kill()
        shutil.copytree(state, state + ".copy")
        shutil.rmtree(state)
        os.rename(state + ".copy", state)
        if os.path.exists(d.socket):
            os.unlink(d.socket)
        d.start()
        d.send(plain(X_Campaign="copied"))
        wait_until("six", lambda: redis.hash("metermark:{copied}:total").get("messages") == "6")
        time.sleep(0.3)
        have = redis.hash("metermark:{copied}:total")
        if have["messages"] != "6" or len([f for f in have if f[0] == "~"]) != 2:
            yield f"{have}"
        if "is a copy" not in d.log_text():
            yield "not said: " + d.tail()


def status_is_told(t, redis):
    import json
    with t.daemon("flush_interval_ms = 100\n", redis=redis.url) as d:
        d.send(plain())
        path = os.path.join(d.run, "state", "status.json")

        def fresh():
            if not os.path.exists(path):
                return None
            with open(path, encoding="utf-8") as f:
                s = json.load(f)
            return s if s["applied"] >= 2 else None
        s = wait_until("a status", fresh)
        if not s["redis_there"] or s["backlog_messages"] or not s["on_disk"] or \
                s["pid"] != d.process.pid or "redis://" not in s["redis"]:
            yield f"{s}"


# What the threads that run callbacks may ask of the kernel.  Sockets of the mail server
# are read when poll() has said that there is something; the log line goes to stderr.
ALLOWED = set("""read recvfrom recvmsg readv write sendto sendmsg writev poll ppoll futex
    close shutdown accept accept4 getsockname getpeername getsockopt setsockopt fcntl ioctl
    clone clone3 set_robust_list rseq gettid getpid tgkill exit madvise mmap munmap mprotect
    brk rt_sigprocmask rt_sigaction sigaltstack sched_yield sched_getaffinity prctl
    getrandom restart_syscall signalfd4 eventfd2 clock_gettime gettimeofday time pipe pipe2
    socketpair epoll_wait pause prlimit64 newfstatat fstat lseek""".split())


# Calls that are about a descriptor, or several in an array; strace -yy says what that is.
TOUCHED = re.compile(r"\b\d+<([^<]*?)>(?=[],)} ]|$)")


def strange_descriptors(line, d):
    """What a line of strace names that a callback has no business with: it may talk to the
    mail server and to the log, and use files of its state directory."""
    ours = (d.log, os.path.join(d.run, "state") + "/", "pipe:", "anon_inode:", "/dev/urandom")
    for what in TOUCHED.findall(line):
        if not what.startswith(ours) and not what.endswith(f',"{d.socket}"]'):
            yield what


def callbacks_wait_for_nothing(t, redis):
    out = os.path.join(t.scratch.path, "strace.out")
    allowed = ALLOWED
    with t.daemon("flush_interval_ms = 100\n", redis=redis.url) as d:
        d.send(plain())     # keys are read at the first use
        if d.memory_factor() != 1:
            allowed = ALLOWED | {"nanosleep"}   # ThreadSanitizer's own thread
        tracer = subprocess.Popen(["strace", "-f", "-yy", "-qq", "-o", out, "-p", str(d.process.pid)],
                                  stderr=subprocess.PIPE, start_new_session=True)
        time.sleep(1)
        if tracer.poll() is not None:
            raise NotImplementedError(tracer.stderr.read().decode())
        ours = {}
        n = 1000
        with d.client() as c:
            for i in range(n):
                c.message(plain(X_Campaign=f"trace-{i % 9}"))
            for tid in os.listdir(f"/proc/{d.process.pid}/task"):
                with open(f"/proc/{d.process.pid}/task/{tid}/comm", encoding="ascii") as f:
                    ours[tid] = f.read().strip()
        tracer.terminate()
        tracer.wait(20)
        wait_until("all", lambda: int(redis.hash("metermark:{_all}:total")
                                      .get("messages", 0)) >= n + 1)
    calls = collections.defaultdict(collections.Counter)
    strange = collections.defaultdict(collections.Counter)
    with open(out, encoding="utf-8", errors="replace") as f:
        for line in f:
            found = re.match(r"(\d+) +(\w+)\(", line)
            if found and found[1] != str(d.process.pid if d.process else 0):
                calls[found[1]][found[2]] += 1
                for what in strange_descriptors(line, d):
                    strange[found[1]][f"{found[2]} {what}"] += 1
    kinds = collections.Counter()
    for tid, counter in calls.items():
        name = ours.get(tid, "a worker that is gone")
        if name in ("journal", "flusher"):
            continue
        kinds.update(counter)
        for call in sorted(set(counter) - allowed):
            yield f"thread {tid} ({name}): {call} {counter[call]} times"
        for what, times in strange[tid].most_common(5):
            yield f"thread {tid} ({name}): {what} {times} times"
    if not kinds["futex"] and not kinds["poll"] or sum(kinds.values()) < n:
        yield f"nothing was traced: {kinds}"
    if "journal" not in ours.values() or "flusher" not in ours.values():
        yield f"threads: {ours}"
    t.tap.note(f"{n} messages; callbacks' threads called " +
               ", ".join(f"{k} {v}" for k, v in kinds.most_common()))


def main():
    with wire("crash") as t, Scratch("mm-crash-redis.") as scratch, \
            RedisServer(scratch.path) as redis:
        rounds = 20 if LONG else 5
        t.check("kill -9 under load: what was accepted is counted, but for one a connection",
                kills, t, redis, rounds)
        redis.command("FLUSHALL")
        t.check("a second daemon on one state directory is refused", second_daemon, t, redis)
        t.check("a copied state directory gets a producer of its own, and its past is not "
                "counted again", copied_directory, t, redis)
        redis.command("FLUSHALL")
        t.check("status.json tells how it goes", status_is_told, t, redis)
        title = "callbacks ask nothing of the kernel that could wait for disk or Redis"
        if shutil.which("strace"):
            t.check(title, callbacks_wait_for_nothing, t, redis)
        else:
            t.tap.skip(title, "no strace")


main()
