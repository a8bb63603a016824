#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark forget removes what it is told to, nothing else, asks first, and what it
removed does not come back from a flusher that still holds it."""

import hashlib
import os
import signal
import subprocess
import sys
import time

from mmtest.command import DAY, HOUR, PRODUCER, Feed, Terminal, ask, check, run, utc
from mmtest.counting import Driver
from mmtest.programs import SRC
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap, free_port

tap = Tap()
NOW = int(time.time())
NAMES = ("spring", "news-a", "news-b", "_other")


def fill(redis):
    redis.command("FLUSHALL")
    with Feed(redis.port) as r:
        for name in NAMES + ("_all",):
            key = f"metermark:{{{name}}}:"
            r.add("HSET", key + "total", "messages", 7, "first_seen", NOW - 300 * DAY,
                  "last_seen", NOW, "name", name, PRODUCER, 77)
            for age in (0, 1, 34 * 24, 35 * 24):
                r.add("HSET", key + utc("h:%Y%m%d%H", NOW - age * HOUR), "messages", 1)
            for age in (0, 1, 200, 399, 400):
                r.add("HSET", key + utc("d:%Y%m%d", NOW - age * DAY), "messages", 1)
            r.add("PFADD", key + "rcpt", "a", "b")
            if name != "_all":
                r.add("ZADD", "metermark:campaigns", NOW, name)
                r.add("HSET", "metermark:ids", "id-of-" + name, name)
        # "spring", as 8 bytes of its SHA-256.
        r.add("HSET", "metermark:ids", "622a494d3ea8c7ba", "spring")


def keys(redis, name):
    return [k for k in redis.command("KEYS", "*") if f"{{{name}}}" in k]


def forget(redis, *args):
    return ask("forget", "-r", redis.url, *args)


def untouched(redis, names):
    for name in names:
        if len(keys(redis, name)) != 11:
            yield f"{name} has {len(keys(redis, name))} keys"
    listed = set(redis.command("ZRANGE", "metermark:campaigns", 0, -1))
    if not set(names) - {"_all"} <= listed:
        yield f"listed are {listed}"


def all_of_it_goes(redis):
    fill(redis)
    answer = forget(redis, "--yes", "spring")
    if answer.status or answer.text != "forgot spring: 11 keys\n" or answer.err:
        yield f"{answer.status} {answer.text!r} {answer.err!r}"
    left = keys(redis, "spring")
    if left != ["metermark:{spring}:total"] or set(redis.hash(left[0])) != {"!forgotten"}:
        yield f"{left}: {redis.hash(left[0]) if left else ''}"
    if redis.command("TTL", "metermark:{spring}:total") < 3600:
        yield "the tombstone goes too soon"
    import hashlib
    if hashlib.sha256(b"spring").hexdigest()[:16] in redis.hash("metermark:ids"):
        yield "its id is there still"
    yield from untouched(redis, ("news-a", "news-b", "_other", "_all"))
    answer = ask("stats", "-r", redis.url)
    if "spring" in answer.text or "news-a" not in answer.text:
        yield answer.text
    yield from ask("stats", "-r", redis.url, "spring").is_error(1, "no campaign")
    yield from forget(redis, "--yes", "spring").is_error(1, "no campaign", "nothing was removed")


def a_name_without_counters_goes(redis):
    """A daemon lists what it has counted before it hears that this is forgotten."""
    fill(redis)
    forget(redis, "--yes", "spring")
    redis.command("ZADD", "metermark:campaigns", NOW, "spring")
    redis.command("HSET", "metermark:ids", "622a494d3ea8c7ba", "spring")
    answer = forget(redis, "--yes", "Spring")
    if answer.status or answer.text != "forgot spring: 1 keys\n" or answer.err:
        yield f"{answer.status} {answer.text!r} {answer.err!r}"
    if "spring" in redis.command("ZRANGE", "metermark:campaigns", 0, -1) or \
            "622a494d3ea8c7ba" in redis.hash("metermark:ids"):
        yield "it is listed still"
    if set(redis.hash("metermark:{spring}:total")) != {"!forgotten"}:
        yield "the tombstone is gone"
    yield from untouched(redis, ("news-a", "news-b", "_other", "_all"))


def what_is_not_there_stops_all(redis):
    fill(redis)
    yield from forget(redis, "-y", "news-a", "sprin").is_error(
        1, "similar: spring", "nothing was removed")
    yield from forget(redis, "-y", "--glob", "news-*", "x*").is_error(1, '"x*"', "nothing")
    yield from untouched(redis, NAMES + ("_all",))


def usage(redis):
    fill(redis)
    yield from forget(redis, "-y", "_all").is_error(64, "_all")
    yield from forget(redis, "-y", "--glob", "_all").is_error(64, "_all")
    yield from forget(redis, "-y", "news-*").is_error(64, "--glob")
    yield from forget(redis, "-y").is_error(64, "which")
    yield from forget(redis, "-y", "").is_error(64, "")
    yield from forget(redis, "spring").is_error(64, "--yes")
    yield from untouched(redis, NAMES + ("_all",))


def patterns(redis):
    fill(redis)
    answer = forget(redis, "-y", "--glob", "news-*", "news-a", "News-A")
    if sorted(answer.text.splitlines()) != ["forgot news-a: 11 keys", "forgot news-b: 11 keys"]:
        yield f"{answer.text} {answer.err}"
    yield from untouched(redis, ("spring", "_other", "_all"))
    answer = forget(redis, "-y", "--glob", "*")
    yield from untouched(redis, ("_all",))
    if len(answer.text.splitlines()) != 2:
        yield answer.text


def asks_on_a_terminal(redis):
    fill(redis)
    for reply in ("n\n", "\n", "yess\n", "\x04"):
        with Terminal("forget", "-r", redis.url, "spring") as t:
            text = t.until(r"\[y/N\]")
            if "spring: 7 messages" not in text:
                yield text
            t.type(reply)
            if t.end() != 1 or b"nothing was removed" not in t.out:
                yield f"{reply!r}: {t.out}"
    yield from untouched(redis, NAMES)
    with Terminal("forget", "-r", redis.url, "Spring", "news-b") as t:
        t.until(r"\[y/N\]")
        t.type("y\n")
        if t.end() != 0 or b"forgot news-b: 11 keys" not in t.out:
            yield f"{t.out}"
    if len(keys(redis, "spring")) != 1 or len(keys(redis, "news-b")) != 1:
        yield "not removed"


def rights(redis):
    fill(redis)
    redis.command("ACL", "SETUSER", "few", "on", "nopass", "~metermark:*", "+hgetall", "+zscan",
                  "+zrevrange")
    url = redis.url.replace("redis://", "redis://few:x@")
    yield from ask("forget", "-r", url, "-y", "spring").is_error(77, "NOPERM")
    yield from untouched(redis, NAMES)
    with open(os.path.join(SRC, "contrib/redis/metermark.acl"), encoding="ascii") as f:
        words = next(x.split()[2:] for x in f if x.startswith("user metermark-admin "))
    redis.command("ACL", "SETUSER", "metermark-admin", "reset", *words)
    url = redis.url.replace("redis://", "redis://metermark-admin:CHANGE-ME-AS-WELL@")
    answer = ask("forget", "-r", url, "-y", "spring")
    if answer.status or answer.err or len(keys(redis, "spring")) != 1:
        yield f"{answer.status} {answer.text} {answer.err}"


def totals(redis, name):
    return {k: v for k, v in redis.hash(f"metermark:{{{name}}}:total").items()
            if k[0] not in "~!" and k in ("messages", "recipients")}


def beside_a_flusher(redis):
    """Acknowledged and retained; then forgotten; then Redis is asked to count more."""
    redis.command("FLUSHALL")
    now = int(time.time()) - 2
    with Driver(redis.url) as driver:
        for i in range(5):
            driver.say(f"add spring 10 {now} 1 2 3")
            driver.say(f"add other 1 {now} 1")
            if driver.ask("wait 10000") != "drained":
                yield "not drained"
        if totals(redis, "spring")["messages"] != "50":
            yield f"{totals(redis, 'spring')}"
        if forget(redis, "-y", "spring").status:
            yield "not forgotten"
        # Mail of other campaigns, a reconnect, and a new script cache.
        redis.command("SCRIPT", "FLUSH")
        redis.command("CLIENT", "KILL", "TYPE", "normal")
        driver.say(f"add other 1 {now} 1")
        driver.ask("wait 10000")
        if totals(redis, "spring"):
            yield f"came back: {totals(redis, 'spring')}"
        # It is used again, with mail that is younger than the tombstone.
        driver.say(f"add spring 3 {int(time.time()) + 5} 9")
        if driver.ask("wait 10000") != "drained":
            yield "not drained after"
        if totals(redis, "spring") != {"messages": "3", "recipients": "3"}:
            yield f"used again: {totals(redis, 'spring')}"
        if totals(redis, "other")["messages"] != "6" or totals(redis, "_all")["messages"] != "59":
            yield f"{totals(redis, 'other')} {totals(redis, '_all')}"
        if driver.logged("lost-data"):
            yield f"{driver.logged('lost-data')}"
        driver.stop()
    if redis.command("PFCOUNT", "metermark:{spring}:rcpt") != 1:
        yield "recipients of before"


def while_redis_is_away(redis):
    """Counted before the forgetting, and still on its way then: it is forgotten, too."""
    redis.command("FLUSHALL")
    now = int(time.time()) - 2
    with Driver(redis.url) as driver:
        driver.say(f"add spring 10 {now} 1")
        driver.ask("wait 10000")
        redis.signal(signal.SIGSTOP)
        driver.say(f"add spring 10 {now} 1")
        driver.say(f"add other 1 {now} 1")
        time.sleep(0.3)
        # The answer that the flusher waits for comes in some order with the forgetting.
        redis.signal(signal.SIGCONT)
        answer = forget(redis, "-y", "spring")
        if driver.ask("wait 15000") != "drained":
            yield "not drained"
        if answer.status:
            yield f"{answer.err}"
        if totals(redis, "spring"):
            yield f"{totals(redis, 'spring')}"
        if totals(redis, "other") != {"messages": "1", "recipients": "1"}:
            yield f"{totals(redis, 'other')}"
        driver.stop()


def names_are_trimmed(redis):
    """contrib/redis/trim-ids.lua: names of campaigns that are listed stay."""
    redis.command("FLUSHALL")
    listed = [f"listed-{i}" for i in range(300)]
    gone = [f"gone-{i}" for i in range(2000)]
    with Feed(redis.port) as feed:
        for name in listed + gone:
            feed.add("HSET", "metermark:ids", hashlib.sha256(name.encode()).hexdigest()[:16], name)
        for name in listed:
            feed.add("ZADD", "metermark:campaigns", 1795000000, name)
    path = os.path.join(SRC, "contrib/redis/trim-ids.lua")
    with open(path, encoding="utf-8") as f:
        script = f.read()
    cursor, sum_gone, calls = "0", 0, 0
    while cursor != "0" or calls == 0:
        cursor, n = redis.command("EVAL", script, 2, "metermark:ids", "metermark:campaigns", cursor)
        sum_gone, calls = sum_gone + n, calls + 1
    if sum_gone != len(gone) or calls < 2 or \
            sorted(redis.hash("metermark:ids").values()) != sorted(listed):
        yield f"{sum_gone} gone in {calls} calls, {len(redis.hash('metermark:ids'))} left"
    yield from trimmed_as_read(redis, path, listed)
    redis.command("FLUSHALL")


def trimmed_as_read(redis, script, listed):
    """The loop of the README ends: when all is done, and when Redis does not answer."""
    folder = os.path.dirname(script)
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
        text = f.read()
    begin = text.index("c=0; while")
    loop = text[begin:text.index("\n```", begin)]
    redis.command("HSET", "metermark:ids", "0" * 16, "gone-again")
    for port, left in ((redis.port, len(listed)), (free_port(), None)):
        done = subprocess.run(["sh", "-c", loop.replace("redis-cli", f"redis-cli -p {port}")],
                              cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        if left is not None and (len(redis.hash("metermark:ids")) != left or done.stderr):
            yield f"README: {done.stderr}{len(redis.hash('metermark:ids'))} left"
        if left is None and "not trimmed: " not in done.stderr:
            yield f"README, without a Redis: {done}"


def body():
    with Scratch("mm-forget.") as scratch, RedisServer(scratch.path) as redis:
        for function, title in (
                (all_of_it_goes, "a campaign goes with all its keys, and nothing else does"),
                (a_name_without_counters_goes, "a name that is listed without counters goes"),
                (what_is_not_there_stops_all, "a name that is not there: nothing is removed"),
                (usage, "_all, patterns without --glob, no terminal and no --yes are refused"),
                (patterns, "--glob"),
                (asks_on_a_terminal, "a terminal is asked, and only yes is yes"),
                (names_are_trimmed, "trim-ids.lua takes the names that are not listed, in steps"),
                (rights, "without the rights nothing is removed; metermark-admin has them"),
                (beside_a_flusher, "a running flusher does not bring it back, and counts anew"),
                (while_redis_is_away, "nor does what was on its way meanwhile")):
            check(tap, function, title, redis)


sys.exit(run(tap, body))
