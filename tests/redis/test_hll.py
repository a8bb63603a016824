#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Our sketches are Redis's: the same registers, taken, merged and counted."""

import hashlib
import socket
import sys

from mmtest.counting import WHEN, Driver
from mmtest.programs import Missing
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap

tap = Tap()
HEADER = 16                     # of a HyperLogLog; the registers follow


def raw(redis, *args):
    """One command with bytes in it; int or bytes."""
    with socket.create_connection(("127.0.0.1", redis.port), timeout=10) as s, \
            s.makefile("rb") as f:
        s.sendall(b"*%d\r\n" % len(args) + b"".join(
            b"$%d\r\n%s\r\n" % (len(a), a) for a in args))
        kind, line = f.read(1), f.readline()[:-2]
        if kind == b"$":
            return f.read(int(line) + 2)[:-2]
        return int(line) if kind == b":" else line


def elements(n):
    return [hashlib.sha256(b"%d" % i).digest()[:16] for i in range(n)]


def add(redis, key, items):
    """PFADD in portions; how many of them changed something."""
    return sum(raw(redis, b"PFADD", key, *items[i:i + 1000])
               for i in range(0, len(items), 1000))


def check(redis, driver, n):
    redis.command("FLUSHALL")
    sketch = bytes.fromhex(driver.ask(f"sketch {n}"))
    items = elements(n)
    problems = []
    raw(redis, b"SET", b"ours", sketch)
    count = raw(redis, b"PFCOUNT", b"ours")
    if not isinstance(count, int) or abs(count - n) > 0.02 * n:
        problems.append(f"PFCOUNT says {count} of {n}")
    if add(redis, b"ours", items):
        problems.append("PFADD of the same elements changes registers")
    raw(redis, b"PFMERGE", b"merged", b"ours")
    add(redis, b"theirs", items)
    raw(redis, b"PFMERGE", b"theirs-dense", b"theirs", b"ours")
    for key in (b"merged", b"theirs-dense"):
        if raw(redis, b"GET", key)[HEADER:] != sketch[HEADER:]:
            problems.append(f"{key.decode()}: other registers than ours")
    if raw(redis, b"PFCOUNT", b"theirs", b"ours") != count:
        problems.append("the union with Redis's own is another number")
    tap.note(f"{n} elements: {count} counted, {100 * (count - n) / n:+.2f} %")
    tap.result(f"a sketch of {n} is what Redis would have made", problems)


def many_through_the_flusher(redis, driver):
    """More recipients than are kept one by one, in several batches."""
    redis.command("FLUSHALL")
    for start in range(0, 4000, 200):
        ids = " ".join(str(i) for i in range(start, start + 200))
        driver.say(f"add many 1 {WHEN} {ids}")
    driver.ask("wait 5000")
    raw(redis, b"PFMERGE", b"want", b"nothing")
    add(redis, b"want", elements(4000))
    problems = [f"{key}: other registers" for key in ("{many}", "{_all}")
                if raw(redis, b"PFMERGE", b"got", b"metermark:" + key.encode() + b":rcpt")
                and raw(redis, b"GET", b"got")[HEADER:] != raw(redis, b"GET", b"want")[HEADER:]]
    if redis.command("KEYS", "*:sketch"):
        problems.append("a scratch key is left")
    tap.result("recipients that come as sketches and one by one make one set", problems)


def main():
    try:
        with Scratch("mm-hll.") as scratch, RedisServer(scratch.path) as redis, \
                Driver(redis.url) as driver:
            for n in (65, 1000, 100000):
                check(redis, driver, n)
            many_through_the_flusher(redis, driver)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
