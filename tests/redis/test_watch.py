#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark watch on a terminal whose screen is read, character by character."""

import os
import re
import signal
import sys
import time

from mmtest.command import Feed, Terminal, ask, check, run
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap, free_port

tap = Tap()


def put(redis, **campaigns):
    with Feed(redis.port) as r:
        for name, n in campaigns.items():
            if name != "_all":
                r.add("ZADD", "metermark:campaigns", int(time.time()), name)
            key = f"metermark:{{{name}}}:total"
            r.add("HSET", key, "messages", n, "recipients", 2 * n, "bytes", 1000 * n,
                  "rejected", 1000 // n)


def fill(redis):
    redis.command("FLUSHALL")
    put(redis, alpha=100, beta=300, gamma=200, _all=600)


def watch(redis, *args, **kw):
    return Terminal("watch", "-r", redis.url, "-n", "0.5", *args, **kw)


def names(text):
    return re.findall(r"^(alpha|beta|gamma) ", text, re.M)


def ended_well(t, status=0):
    got = t.end()
    if got != status:
        yield f"exit status {got}"
    if t.attributes() != t.before:
        yield "the terminal's settings are others than before"
    if not t.out.endswith(b"\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l") and status >= 0:
        yield f"the screen was left as {t.out[-40:]}"
    if t.out.count(b"\x1b[?1049h") != t.out.count(b"\x1b[?1049l"):
        yield "the first screen is not back"


def shows_campaigns(redis):
    fill(redis)
    with watch(redis) as t:
        text = t.until("^gamma ")
        lines = text.splitlines()
        if not re.match(rf"metermark  {re.escape(redis.url)}  metermark +..:..:.. UTC, every 0.5 s$",
                        lines[0]):
            yield lines[0]
        if "all mail   600 messages" not in lines[1]:
            yield lines[1]
        if lines[3].split()[:4] != ["CAMPAIGN", "NOW/S", "/MIN", "MESSAGES"]:
            yield lines[3]
        if not re.search(r"^beta +\S+ +\S+ +300 +600 +300 kB +3 +0 +0 +", text, re.M):
            yield text
        if not lines[-1].startswith("q quit   s sort: rate") or len(lines) != 20:
            yield f"{len(lines)} lines: {lines[-1]}"
        t.type("q")
        yield from ended_well(t)


def rates_of_real_time(redis):
    fill(redis)
    with watch(redis) as t:
        t.until(r"^alpha +0\.00")
        n = 100
        # What is shown is of the last second or so; a machine that stood still then is
        # given another chance.
        for _ in range(3):
            began, first = time.monotonic(), n
            while time.monotonic() - began < 4:
                n += 20
                put(redis, alpha=n, _all=500 + n)
                t.read(0.2)
            text = "\n".join(t.screen())
            rate = float(re.search(r"^alpha +([\d.]+)", text, re.M)[1])
            counted = (n - first) / (time.monotonic() - began)
            if 0.4 * counted < rate < 1.3 * counted:
                break
        else:
            yield f"{rate}/s shown, {counted:.1f}/s counted:\n{text}"
        if names(text)[0] != "alpha":
            yield f"the busiest is not the first:\n{text}"
        t.type("q")
        yield from ended_well(t)


def sorts(redis):
    fill(redis)
    with watch(redis) as t:
        t.until("^gamma ")
        for key, label, want in (("s", "messages", "beta gamma alpha"),
                                 ("r", "messages, reversed", "alpha gamma beta"),
                                 ("r", "messages ", "beta gamma alpha"),
                                 ("sss", "rejected", "alpha gamma beta"),
                                 ("\x1b[A\x1bOB\x1b[1;5Csss", "name", "alpha beta gamma"),
                                 ("S", "last", None), ("ss", "rate", None)):
            t.type(key)
            text = t.until(rf"s sort: {label}")
            if want and names(text) != want.split():
                yield f"{label}: {names(text)}"
        t.type("q")
        yield from ended_well(t)


def drawn(t, lines):
    """Draw anew; what is wrong with what is drawn."""
    t.read(0.05)
    t.out = b"\x1b[?1049h"
    t.read(1.2)
    try:
        screen = t.screen()     # raises where a line is too wide
    except RuntimeError as e:
        return str(e)
    if lines >= 10 and not any(x.startswith("beta") for x in screen):
        return f"{screen}"
    if lines >= 7 and not screen[-1].startswith("q quit"):
        return f"last line {screen[-1]!r}"
    return ""


def follows_the_size(redis):
    fill(redis)
    with watch(redis, lines=30, columns=120) as t:
        t.until("^gamma ")
        for lines, columns in ((10, 60), (7, 40), (4, 30), (2, 12), (50, 200), (24, 80)):
            t.size(lines, columns)
            t.process.send_signal(signal.SIGWINCH)
            time.sleep(0.3)
            # A screen for the old size may still be on its way, or none may come in time.
            for _ in range(8):
                wrong = drawn(t, lines)
                if not wrong:
                    break
            else:
                yield f"{lines}x{columns}: {wrong}"
        t.out = b"\x1b[?1049h"
        t.type("q")
        if t.end() != 0:
            yield "exit status"


def many(redis):
    redis.command("FLUSHALL")
    put(redis, **{f"c{i:03}": 1000 - i for i in range(200)}, _all=1)
    with watch(redis, "-s", "messages") as t:
        text = t.until("^c000 ")
        if not re.search(r"15[0-9]|18[0-9] more below", text) or len(re.findall("^c", text, re.M)) != 15:
            yield text
        t.type("q")
        yield from ended_well(t)


def names_as_sent(redis):
    """Beside a hash; the columns at the right go for them."""
    fill(redis)
    name = "ec05a493fd71d9fd"
    put(redis, **{name: 500})
    redis.command("HSET", f"metermark:{{{name}}}:total", "name", "日本 セール\x1b[2J")
    for columns in (140, 80):
        with watch(redis, columns=columns) as t:
            text = t.until(rf"^{name[:10]}.* 日本 ")
            if not re.search(r"NAME AS", text) or t.out.count(b"\x1b[2J") != 1:
                yield text
            t.type("q")
            yield from ended_well(t)


def survives_redis(redis):
    fill(redis)
    with watch(redis) as t:
        t.until("^gamma ")
        redis.stop()
        text = t.until(r"^no Redis for \d+ s: ")
        if names(text) == []:
            yield f"what was known is gone:\n{text}"
        redis.start()
        put(redis, alpha=100, beta=300, gamma=200, delta=5, _all=600)
        text = t.until("^delta ")
        if "no Redis" in text:
            yield text
        # One that hangs delays a key by no more than its time limit.
        redis.signal(signal.SIGSTOP)
        t.until("^no Redis for .* in time")
        redis.signal(signal.SIGCONT)
        t.until("(?s)^(?!.*no Redis).*delta")
        redis.command("FLUSHALL")
        t.until("^no campaigns yet")
        t.type("q")
        yield from ended_well(t)
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with Terminal("watch", "-r", nobody, "-n", "0.5") as t:
        t.until("^no Redis for .*refused")
        t.type("q")
        yield from ended_well(t)


def ends_of_all_kinds(redis):
    fill(redis)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV,
                   signal.SIGABRT):
        with watch(redis) as t:
            t.until("^gamma ")
            t.process.send_signal(number)
            yield from (f"{number.name}: {p}" for p in ended_well(t, -number))
    with watch(redis) as t:
        t.until("^gamma ")
        t.type("\x03")
        yield from ended_well(t, -signal.SIGINT)


def stops_and_goes_on(redis):
    fill(redis)
    with watch(redis) as t:
        t.until("^gamma ")
        t.process.send_signal(signal.SIGTSTP)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with open(f"/proc/{t.process.pid}/stat", encoding="ascii") as f:
                if f.read().split()[2] == "T":
                    break
            t.read(0.05)
        else:
            yield "did not stop"
        t.read(0.2)
        if t.attributes() != t.before or t.out.count(b"\x1b[?1049l") != 1:
            yield "the shell does not have its terminal"
        t.process.send_signal(signal.SIGCONT)
        end = time.monotonic() + 20
        while t.out.count(b"\x1b[?1049h") < 2 and time.monotonic() < end:
            t.read(0.05)
        if t.out.count(b"\x1b[?1049h") != 2 or t.attributes() == t.before:
            yield "the screen is not back"
        t.until("^gamma ")
        t.type("q")
        yield from ended_well(t)


def no_terminal(redis):
    yield from ask("watch", "-r", redis.url).is_error(64, "terminal", "metermark stats")
    with Terminal("watch", "-r", redis.url, TERM="dumb") as t:
        if t.end() != 64 or b"metermark stats" not in t.out:
            yield f"{t.out}"
    for args in (["-n", "0"], ["-n", "x"], ["-n", "nan"], ["-s", "size"], ["name"], ["--nosuch"]):
        yield from ask("watch", *args).is_error(64)


def terminal_goes(redis):
    fill(redis)
    t = watch(redis)
    t.until("^gamma ")
    os.close(t.slave)
    os.close(t.master)
    try:
        t.process.wait(20)
    except Exception:  # pylint: disable=broad-except
        t.process.kill()
        yield "goes on without a terminal"


def body():
    with Scratch("mm-watch.") as scratch, RedisServer(scratch.path) as redis:
        for function, title in (
                (shows_campaigns, "a screen of campaigns, q ends it"),
                (rates_of_real_time, "rates are those of the counters"),
                (sorts, "s and r change the order, arrows do nothing"),
                (follows_the_size, "every size of terminal, and changes of it"),
                (many, "more campaigns than lines"),
                (names_as_sent, "a name that ends in a hash is shown as sent, too"),
                (survives_redis, "a Redis that goes, hangs, forgets and comes back"),
                (ends_of_all_kinds, "signals and faults leave the terminal as it was"),
                (stops_and_goes_on, "^Z gives the terminal back, fg takes it again"),
                (no_terminal, "no terminal: an error that names metermark stats"),
                (terminal_goes, "it ends when its terminal goes")):
            check(tap, function, title, redis)


sys.exit(run(tap, body))
