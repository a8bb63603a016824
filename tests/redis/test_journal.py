#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counters reach Redis exactly once, whatever is done to the counting process and to its
disk.  MM_LONG=1: more of everything."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

from mmtest.counting import WHEN, Driver
from mmtest.programs import Missing
from mmtest.proxy import CuttingProxy
from mmtest.redis import RedisError, RedisServer
from mmtest.scratch import Scratch, Tap

LONG = os.environ.get("MM_LONG") == "1"
tap = Tap()


def fresh(redis):
    redis.command("FLUSHALL")


def figures(stats, *names):
    return " ".join(f"{n}={stats[n]}" for n in names)


def finish(redis, driver, seconds=20):
    """Drained, and Redis equal to the book."""
    drained = driver.ask(f"wait {seconds * 1000}")
    problems = [] if drained == "drained" else [drained]
    ledger = driver.ledger()
    problems += ledger.compare(redis)
    stats = driver.stats()
    missing, _ = driver.stop()
    if missing:
        problems.append(f"{missing} messages missing at the stop")
    if driver.process.returncode:
        problems += [f"driver ended with {driver.process.returncode}"]
    if problems:
        problems += driver.log[-12:]
    return problems, stats, ledger


def messages(redis, campaign):
    return int(redis.hash(f"metermark:{{{campaign}}}:total").get("messages", 0))


# ------------------------------------------------------------------- the process is killed

def killed(redis, title, rounds, mischief=None, **options):
    """kill -9 in the midst of counting.  What was under way in each of the four threads
    may be counted or not; all else is."""
    fresh(redis)
    unsure = {}
    with Scratch("mm-killed.") as scratch:
        book = os.path.join(scratch.path, "book")
        for n in range(rounds + 1):
            driver = Driver(redis.url, state=scratch.path, book=book, **options)
            for name in driver.unsure():
                unsure[name] = unsure.get(name, 0) + 1
            if n == rounds:
                break
            driver.say("storm 60000")
            time.sleep(random.uniform(0.03, 0.35))
            if mischief:
                mischief(redis, n)
            driver.kill()
        with driver:
            problems = [] if driver.ask("wait 20000") == "drained" else ["not drained"]
            ledger = driver.ledger()
            off = 0
            for campaign in {k[1:k.index("}")] for k in ledger.hashes} | set(unsure):
                want = int(ledger.hashes.get(f"{{{campaign}}}:total", {}).get("messages", 0))
                most = sum(unsure.values()) if campaign == "_all" else unsure.get(campaign, 0)
                have = messages(redis, campaign)
                if not want <= have <= want + most:
                    problems.append(f"{campaign}: {have}, not {want} to {want + most}")
                hours = sum(int(redis.hash(k).get("messages", 0)) for k in
                            redis.command("KEYS", f"metermark:{{{campaign}}}:h:*"))
                if hours != have:
                    problems.append(f"{campaign}: total {have}, hours {hours}")
                off += have - want if campaign != "_all" else 0
            total = ledger.messages
            driver.stop()
        if problems:
            problems += driver.log[-8:]
    tap.note(f"{total} messages, {rounds} kills, {sum(unsure.values())} under way at a kill "
             f"(at most {4 * rounds}), {off} of them counted")
    tap.result(title, problems)


def kills(redis):
    rounds = 40 if LONG else 6
    killed(redis, "kill -9 in the midst of counting loses and doubles nothing", rounds)
    killed(redis, "... with every message brought to disk", rounds // 2, sync="always")

    def both(server, n):
        if n % 2:
            server.kill()
            time.sleep(0.05)
            server.start()
        else:
            server.signal(signal.SIGSTOP)
            time.sleep(0.1)
            server.signal(signal.SIGCONT)
    killed(redis, "... while Redis is killed or hangs too", rounds // 2, both)


def lost_while_down(redis):
    """Redis comes back empty while the counting process is gone as well."""
    fresh(redis)
    with Scratch("mm-down.") as scratch:
        book = os.path.join(scratch.path, "book")
        driver = Driver(redis.url, state=scratch.path, book=book)
        for i in range(20):
            driver.say(f"add down-{i % 5} 2 {WHEN + 600 * i} {i}")
            driver.ask("wait 20000")
        driver.kill()
        fresh(redis)
        driver = Driver(redis.url, state=scratch.path, book=book)
        problems, stats, _ = finish(redis, driver)
        if not stats["restored"] or stats["beyond"]:
            problems.append(f"nothing was restored: {stats}")
    tap.note(figures(stats, "lost", "restored", "beyond"))
    tap.result("what an empty Redis lacks comes back after a restart, too", problems)


# ------------------------------------------------------------------------------- the disk

def fill(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while True:
            os.write(fd, b"x" * 4096)
    except OSError:
        os.close(fd)


def storm_until_left_out(driver, meanwhile=lambda: None):
    """Two segments are ready before a disk is full; with a sanitizer that is many storms."""
    for _ in range(12):
        driver.say("storm 1200")
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            meanwhile()
            time.sleep(0.02)
        driver.hear()
        stats = driver.stats()
        if stats["left_out"]:
            break
    return stats


def full_disk(redis):
    title = "on a full disk counting goes on, and comes back to disk by itself"
    fresh(redis)
    with Scratch("mm-full.") as scratch:
        state = scratch.dir("state")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", state],
                          capture_output=True, check=False).returncode:
            tap.skip(title, "no right to mount a tmpfs")
            return
        try:
            filler = os.path.join(state, "filler")
            driver = Driver(redis.url, state=state, max_bytes=8 << 20)
            with driver:
                fill(filler)
                # A segment that Redis has got goes, and leaves room for the next one.
                storm_until_left_out(driver, lambda: fill(filler))
                driver.ask("wait 20000")
                full = driver.stats()
                problems = driver.ledger().compare(redis)
                # With the journal given up there may be room for the ledger again.
                if not full["left_out"] or full["on_disk"] and not \
                        (driver.logged("ledger-given-up") or driver.logged("journal-down")):
                    problems.append(f"the disk was not full: {full}")
                if not driver.logged("journal-down") and not driver.logged("ledger-"):
                    problems.append("nothing was said")
                os.unlink(filler)
                end = time.monotonic() + 20
                while not driver.stats()["on_disk"] and time.monotonic() < end:
                    time.sleep(0.1)
                back = driver.stats()
                # Few, that no storm outruns the making of segments on so small a disk.
                for i in range(100):
                    driver.say(f"add back 1 {WHEN} {i}")
                more, stats, ledger = finish(redis, driver)
                problems += more
                if not back["on_disk"] or stats["left_out"] != back["left_out"]:
                    problems += [f"it did not come back: {back} {stats}"] + driver.log[-9:]
            tap.note(f"{ledger.messages} messages, " + figures(full, "left_out", "segments") +
                     "; then " + figures(stats, "left_out", "on_disk"))
        finally:
            subprocess.run(["umount", "-l", state], check=False)
    tap.result(title, problems)


def no_new_files(redis):
    title = "in a directory that takes no new files counting goes on, from memory"
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        tap.skip(title, "not root, or no setpriv")
        return
    fresh(redis)
    with Scratch("mm-ro.") as scratch:
        state = scratch.dir("state", mode=0o700)
        shutil.chown(state, 65534, 65534)
        driver = Driver(redis.url, state=state, max_bytes=4 << 20,
                        prefix_command=["setpriv", "--reuid=65534", "--regid=65534",
                                        "--clear-groups"])
        with driver:
            driver.say(f"add before 3 {WHEN} 1")
            driver.ask("wait 20000")
            os.chmod(os.path.join(state, "journal"), 0o500)
            stats = storm_until_left_out(driver)
            problems = [] if stats["left_out"] else ["there was room all the same"]
            time.sleep(0.2)
            os.chmod(os.path.join(state, "journal"), 0o700)
            driver.wait_log("journal-back")
            more, stats, ledger = finish(redis, driver)
        tap.note(f"{ledger.messages} messages, " + figures(stats, "left_out", "on_disk", "held"))
    tap.result(title, problems + more)


def damaged(redis):
    """One byte flips in the journal while nobody is there."""
    fresh(redis)
    redis.stop()
    with Scratch("mm-flip.") as scratch:
        with Driver(redis.url, state=scratch.path) as driver:
            for i in range(50):
                driver.say(f"add flip 1 {WHEN + i} {i}")
            driver.ask("stats")
            driver.kill()
        folder = os.path.join(scratch.path, "journal")
        segment = sorted(n for n in os.listdir(folder) if n.endswith(".jnl"))[0]
        with open(os.path.join(folder, segment), "r+b") as f:
            f.seek(1500)
            byte = f.read(1)[0]
            f.seek(1500)
            f.write(bytes([byte ^ 0x20]))
        redis.start()
        with Driver(redis.url, state=scratch.path) as driver:
            driver.ask("wait 20000")
            stats = driver.stats()
            driver.stop()
        have = messages(redis, "flip")
        problems = [] if (have, stats["damaged"]) == (49, 1) else [
            f"{have} counted, {stats['damaged']} damaged"]
        if not driver.logged("journal-damaged") or not any(
                n.endswith(".bad") for n in os.listdir(folder)):
            problems += ["not said, or not set aside"] + driver.log
    tap.result("a flipped byte in the journal costs that record, which is told", problems)


def copied(redis):
    """The journal of a copy is of another producer: the daemon makes that (statedir)."""
    fresh(redis)
    redis.stop()
    with Scratch("mm-copy.") as scratch:
        a, b = os.path.join(scratch.path, "a"), os.path.join(scratch.path, "b")
        os.mkdir(a)
        with Driver(redis.url, state=a) as driver:
            driver.say(f"add twin 5 {WHEN} 1")
            driver.stop()
        shutil.copytree(a, b)
        redis.start()
        with Driver(redis.url, state=b, producer="c" * 32) as copy, \
                Driver(redis.url, state=a) as original:
            copy.say(f"add twin 2 {WHEN} 2")
            copy.ask("wait 20000")
            original.ask("wait 20000")
            copy.stop()
            original.stop()
        have = messages(redis, "twin")
        problems = [] if have == 7 else [f"{have} messages, not 7"] + copy.log
        if not copy.logged("of another producer"):
            problems.append("not said")
    tap.result("what is in a copied journal is counted by the original alone", problems)


# ------------------------------------------------------------------------ outages and time

def outage(redis):
    n = 1000000 if LONG else 60000
    fresh(redis)
    redis.stop()
    with Scratch("mm-outage.") as scratch:
        with Driver(redis.url, state=scratch.path, interval=100, max_bytes=16 << 20) as driver:
            driver.ask("burst 1000 40")
            rss, disk, us = driver.rss_kb(), 0, 0
            for _ in range(10):
                us += int(driver.ask(f"burst {n // 10} 40").split("=")[1])
                time.sleep(0.25)
                disk = max(disk, driver.disk_bytes())
            grown = driver.rss_kb() - rss
            stats = driver.stats()
            driver.kill()
            redis.start()
        with Driver(redis.url, state=scratch.path) as driver:
            driver.ask("wait 20000")
            driver.stop()
        have = messages(redis, "_all")
        total = n + 1000
        problems = [] if have == total else [f"{have} messages, not {total}"]
        if disk > 16 << 20:
            problems.append(f"{disk} bytes on disk")
        if grown > 40000 * (20 if stats_are_slow() else 1):
            problems.append(f"memory grew by {grown} KB")
        tap.note(f"{total} messages while Redis was away: {disk >> 10} KB on disk at most, memory "
                 f"grew by {grown} KB, {us / n:.2f} us a message with the journal, "
                 + figures(stats, "ledger", "left_out"))
    tap.result("an outage costs by campaigns, not by messages, and survives a kill", problems)


def many_campaigns(redis):
    """While Redis is away: as many as may wait, and more than that."""
    for entries, campaigns in ((30000, 25000), (100, 300)):
        n = campaigns + 20
        fresh(redis)
        redis.stop()
        with Scratch("mm-many.") as scratch:
            with Driver(redis.url, state=scratch.path, names=30000, entries=entries,
                        interval=100) as driver:
                for _ in range(2):
                    driver.ask(f"flood {n} {campaigns}")
                    time.sleep(0.5)
                redis.start()
                drained = driver.ask(f"wait {60000 * (5 if stats_are_slow() else 1)}")
                stats = driver.stats()
                driver.stop()
            problems = [] if drained == "drained" else [drained]
            # Twenty were met twice in each turn.
            wrong = redis.command("EVAL", """
                local wrong, sum = 0, 0
                for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
                    local n = redis.call('HGET', 'metermark:{' .. name .. '}:total', 'messages')
                    local i = tonumber(name:match('^flood%-(%d+)$'))
                    if i and tonumber(n) ~= (i < 20 and 4 or 2) then wrong = wrong + 1 end
                    sum = sum + n
                end
                return {wrong, sum}""", "1", "metermark:campaigns")
            other = messages(redis, "_other")
            listed = redis.command("ZCARD", "metermark:campaigns")
            if wrong[1] != 2 * n or (wrong[0] and entries > campaigns) or messages(redis, "_all") != 2 * n:
                problems.append(f"wrong campaigns, sum: {wrong}; of {2 * n}")
            if other != stats["crowded"] or stats["renamed"]:
                problems.append(f"{other} are _other's: {stats}")
            said = driver.logged("campaigns-crowded")
            if entries > campaigns and (other or listed != campaigns or said):
                problems.append(f"there was room: {other}, {listed}, {said}")
            if entries < campaigns and (not other or listed != entries + 1 or len(said) != 1):
                problems.append(f"not crowded: {other}, {listed}, {said}")
            tap.note(f"{campaigns} campaigns, room for {entries}: {other} messages are _other's")
        tap.result(f"{campaigns} campaigns in an outage, with room for {entries}", problems)


def stats_are_slow():
    """Built with a sanitizer?"""
    program = os.path.join(os.environ.get("MM_BUILD", "."), "tests/redis/flusher_driver")
    with open(program, "rb") as f:
        data = f.read()
    return b"__tsan_init" in data or b"__asan_init" in data


def clock(redis):
    fresh(redis)
    with Scratch("mm-clock.") as scratch:
        book = os.path.join(scratch.path, "book")
        for shift in (0, 86400000, -86400000, 0):
            driver = Driver(redis.url, state=scratch.path, book=book)
            driver.say(f"clock {shift}")
            for i in range(5):
                driver.say(f"add time 2 {WHEN + 86400 * i} {i}")
                driver.ask("wait 20000")
                driver.say(f"clock {-shift if i % 2 else shift}")
            driver.kill()
        driver = Driver(redis.url, state=scratch.path, book=book)
        problems, stats, _ = finish(redis, driver)
        if stats["ahead"]:
            problems.append(f"numbers went back: {stats}")
    tap.result("a clock a day forward and back changes nothing, over restarts", problems)


def at_each_byte(redis):
    """The answer to a batch cut at each of its bytes."""
    fresh(redis)
    with CuttingProxy(redis.port) as proxy:
        url = redis.url.replace(str(redis.port), str(proxy.port))
        with Driver(url) as driver:
            step = 1 if LONG else 6
            # 2 for the list and its ids, and two batches of 27 bytes or so.
            for n in range(0, 75, step):
                proxy.cut(n)
                driver.say(f"add cut 1 {WHEN + n} {n}")
                driver.ask("wait 20000")
            problems, stats, _ = finish(redis, driver)
        if proxy.cuts < 75 // step - 2 or stats["duplicates"] < 3:
            problems.append(f"not cut: {proxy.cuts} {stats}")
        tap.note(f"{proxy.cuts} cuts, " + figures(stats, "connects", "duplicates"))
    tap.result("an answer cut at each of its bytes counts nothing twice", problems)


def two_share_one(redis):
    """Sums exact, and recipients distinct over both."""
    fresh(redis)
    with Driver(redis.url, producer="a" * 32) as a, Driver(redis.url, producer="b" * 32) as b:
        for i in range(30):
            a.say(f"add shared 2 {WHEN} {i}")
            b.say(f"add shared 3 {WHEN} {i + 15}")
        a.ask("wait 20000")
        b.ask("wait 20000")
        a.stop()
        b.stop()
    have = (messages(redis, "shared"), messages(redis, "_all"),
            redis.command("PFCOUNT", "metermark:{shared}:rcpt"))
    problems = [] if have == (150, 150, 45) else [f"{have}, not (150, 150, 45)"]
    tap.result("two with directories of their own share a Redis: sums and recipients", problems)


def names_last(redis):
    """In the present: a name that is a week old is met anew."""
    fresh(redis)
    # A day that ends meanwhile begins with a count of its own.
    if time.time() % 86400 > 86340:
        time.sleep(60)
    when = int(time.time())
    with Scratch("mm-names.") as scratch:
        for i in range(3):
            with Driver(redis.url, state=scratch.path, names=2) as driver:
                driver.say(f"add first 1 {when} 1")
                driver.say(f"add new-{i} 1 {when} 1")
                driver.ask("wait 20000")
                driver.kill()
        have = {c: messages(redis, c) for c in ("first", "new-0", "new-1", "new-2", "_other")}
    want = {"first": 3, "new-0": 1, "new-1": 0, "new-2": 0, "_other": 2}
    tap.result("the daily cap on campaigns is kept over restarts",
               [] if have == want else [f"{have}"])


def main():
    random.seed(7)
    try:
        with Scratch("mm-journal.") as scratch, RedisServer(scratch.path) as redis:
            for test in (kills, lost_while_down, full_disk, no_new_files, damaged, copied,
                         outage, many_campaigns, clock, at_each_byte, two_share_one, names_last):
                began = time.monotonic()
                try:
                    test(redis)
                except (OSError, RedisError, RuntimeError, ValueError, IndexError) as e:
                    tap.result(test.__name__, [f"{type(e).__name__}: {e}"])
                    if not redis.running():
                        redis.start()
                if time.monotonic() - began > 8 and not LONG:
                    tap.note(f"{test.__name__} took {time.monotonic() - began:.1f} s")
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
