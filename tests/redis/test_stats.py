#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark stats against a private Redis that holds what redis/rkey.h says it holds.
"""
import contextlib
import csv
import fcntl
import hashlib
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import traceback

from mmtest.command import DAY, HOUR, PRODUCER, Feed, now, utc
from mmtest.programs import METERMARK, Missing
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap, free_port

COUNTERS = ["messages", "recipients", "bytes", "signed", "unsigned", "sign_failed",
            "rejected", "tempfailed", "p:gmail:recipients", "p:yahoo:recipients",
            "p:outlook:recipients", "p:apple:recipients", "p:other:recipients"]
LONG = "a-name-as-long-as-names-can-be-" + "x" * 33
HOSTILE = b"=Autumn \x1b]0;pwned\x07\xc2\x9b31m \xe2\x80\xae \xc3\xbc,\"\xff"


def fill(port, campaigns, prefix="metermark"):
    """{name: {"at": last activity, "sent": bytes, "n": counters, "rcpt": how many,
    "hours"/"days": {age: counters}}} into Redis; `_all` is their sum."""
    total = {}
    with Feed(port) as r:
        for name, c in campaigns.items():
            key = f"{prefix}:{{{name}}}:"
            r.add("ZADD", f"{prefix}:campaigns", c["at"], name)
            r.add("HSET", key + "total", "first_seen", c["at"] - 10 * DAY, "last_seen", c["at"],
                  "name", c.get("sent", name), PRODUCER, 8642097531,
                  *[x for kv in c["n"].items() for x in kv])
            for unit, size, form in (("hours", HOUR, "h:%Y%m%d%H"), ("days", DAY, "d:%Y%m%d")):
                for age, n in c.get(unit, {}).items():
                    r.add("HSET", key + utc(form, NOW - age * size),
                          *[x for kv in n.items() for x in kv])
            for i in range(0, c.get("rcpt", 0), 100):
                r.add("PFADD", key + "rcpt", *[f"{name}{j}" for j in range(i, i + 100)])
            for k, v in c["n"].items():
                total[k] = total.get(k, 0) + v
        last = max(c["at"] for c in campaigns.values())
        r.add("HSET", f"{prefix}:{{_all}}:total", "last_seen", last, "first_seen", 1,
              PRODUCER, 8642097531, *[x for kv in total.items() for x in kv])
    return total


NOW = 0
CAMPAIGNS = {}
CHECK_SECONDS = 40  # no check takes longer, with a sanitizer either


def counts(k):
    return {"messages": 10 * k, "recipients": 12 * k, "bytes": 20000 * k, "signed": 9 * k,
            "unsigned": k, "sign_failed": 2, "rejected": 3 + k, "p:gmail:recipients": 4 * k,
            "p:other:recipients": 7 * k, "p:yahoo:recipients": k}


def set_now():
    """What is filled in, by the time at which it is."""
    global NOW
    NOW = now(CHECK_SECONDS)
    CAMPAIGNS.update({
        "autumn-sale": {"at": NOW - 180, "sent": HOSTILE, "n": counts(100), "rcpt": 1000,
                        "hours": {0: counts(1), 5: counts(2), 23: counts(3), 24: counts(4)},
                        "days": {0: counts(5), 6: counts(6), 7: counts(7)}},
        "news-2026-11": {"at": NOW - 2 * HOUR, "n": counts(3)},
        "news-2026-10": {"at": NOW - 30 * DAY, "n": counts(2)},
        LONG: {"at": NOW - DAY, "n": counts(1)},
        "_other": {"at": NOW - 3 * DAY, "n": counts(1)},
        "none": {"at": NOW - 4 * DAY, "n": {"rejected": 1}},
    })


class Answer:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.text = out.decode()

    def json(self):
        return json.loads(self.text)

    def is_error(self, status, *parts):
        """Sentences about what is not as expected of this failure."""
        if self.status != status:
            yield f"exit status {self.status}, expected {status}: {self.err}"
        if self.err.count("\n") != 1 or not self.err.startswith("metermark"):
            yield f"not one line: {self.err!r}"
        for part in parts:
            if part not in self.err:
                yield f"{part!r} is not in {self.err!r}"


class Lab:
    def __init__(self, redis, scratch):
        self.redis, self.scratch = redis, scratch
        self.env = {k: v for k, v in os.environ.items()
                    if k not in ("METERMARK_REDIS", "COLUMNS", "NO_COLOR")}
        self.env.update(LC_ALL="C.UTF-8", TERM="xterm")

    def ask(self, *args, url=None, stdout=subprocess.PIPE, **env):
        """metermark ARGS; url=False: say nothing about Redis."""
        args = list(args)
        if url is not False and args and args[0] == "stats":
            args[1:1] = ["--redis", url or self.redis.url]
        done = subprocess.run([METERMARK, *args], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, env=dict(self.env, **env), timeout=120,
                              check=False)
        return Answer(done.returncode, done.stdout or b"", done.stderr.decode())

    def stats(self, *args, **kw):
        answer = self.ask("stats", *args, **kw)
        if answer.status != 0 or answer.err:
            raise RuntimeError(f"{args}: exit status {answer.status}: {answer.err}")
        return answer

    def terminal(self, *args, columns=80, **env):
        """The same on a terminal; what it shows, as text."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen([METERMARK, "stats", "--redis", self.redis.url, *args],
                              stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                              env=dict(self.env, **env)) as p:
            os.close(slave)
            out = b""
            with contextlib.suppress(OSError):  # EIO: the other side has gone
                while chunk := os.read(master, 65536):
                    out += chunk
            os.close(master)
            if p.wait(20) != 0:
                raise RuntimeError(f"exit status {p.returncode}: {out}")
        return out.decode().replace("\r\n", "\n")

    def config(self, name, text, mode=0o644):
        return self.scratch.write(name, text, mode)


# ---------------------------------------------------------------- before there is mail
def nothing_yet(lab):
    for form, expected in (("table", ""), ("json", "[]\n"), ("csv", None)):
        answer = lab.ask("stats", "-f", form)
        yield from answer.is_error(0, 'no campaigns yet under prefix "metermark"', lab.redis.url)
        if expected is not None and answer.text != expected:
            yield f"{form}: {answer.text!r}"
        if form == "csv" and (not answer.text.startswith("campaign,messages,recipients,")
                              or answer.text.count("\r\n") != 1):
            yield f"csv: {answer.text!r}"


def nothing_yet_of_that_name(lab):
    yield from lab.ask("stats", "autumn").is_error(1, 'no campaign "autumn"')
    yield from lab.ask("stats", "a*").is_error(1, 'no campaign matches "a*"')


# --------------------------------------------------------------------------- listings
def expected_object(name, c):
    out = {k: c["n"].get(k, 0) for k in COUNTERS}
    out.update(campaign=name, first_seen=c["at"] - 10 * DAY, last_seen=c["at"])
    return out


def json_has_every_campaign(lab):
    rows = lab.stats("-f", "json").json()
    order = sorted(CAMPAIGNS, key=lambda name: -CAMPAIGNS[name]["at"]) + ["_all"]
    if [r["campaign"] for r in rows] != order:
        yield f"order {[r['campaign'] for r in rows]}"
    for row in rows[:-1]:
        for k, v in expected_object(row["campaign"], CAMPAIGNS[row["campaign"]]).items():
            if row[k] != v or type(row[k]) is not type(v):
                yield f"{row['campaign']}: {k} is {row[k]!r}, expected {v!r}"
    for k in COUNTERS:
        if rows[-1][k] != sum(r[k] for r in rows[:-1]):
            yield f"_all: {k} is {rows[-1][k]}, not the sum"
    if {r["rcpt"] for r in rows} != {None}:
        yield f"distinct recipients unasked: {[r['rcpt'] for r in rows]}"
    rows = lab.stats("-f", "json", "--distinct").json()
    if not 980 <= rows[0]["rcpt"] <= 1020 or rows[1]["rcpt"] != 0:
        yield f"distinct recipients {rows[0]['rcpt']}, {rows[1]['rcpt']}"
    if rows[0]["name"] != HOSTILE.decode("utf-8", "replace"):
        yield f"name as sent {rows[0]['name']!r}"


def no_internal_fields(lab):
    for form in ("table", "json", "csv"):
        for args in ((), ("autumn-sale",), ("*",)):
            text = lab.stats("-f", form, *args).text
            if "~" in text or "8642097531" in text:
                yield f"{form} {args}: shows the producers' markers"


def csv_is_rfc_4180(lab):
    text = lab.stats("-f", "csv").out.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    if [r["campaign"] for r in rows][-1] != "_all" or len(rows) != len(CAMPAIGNS) + 1:
        yield f"campaigns {[r['campaign'] for r in rows]}"
    if text.count("\r\n") != len(rows) + 1 or text.count("\n") != len(rows) + 1:
        yield "lines do not end in CRLF"
    for row in rows[:-1]:
        for k, v in expected_object(row["campaign"], CAMPAIGNS[row["campaign"]]).items():
            if row[k] != str(v):
                yield f"{row['campaign']}: {k} is {row[k]!r}, expected {v!r}"
    if rows[0]["name"] != '\'=Autumn \\x1b]0;pwned\\x07\\xc2\\x9b31m \\xe2\\x80\\xae ü,"\\xff':
        yield f"name as sent {rows[0]['name']!r}"


def table_off_a_terminal(lab):
    lines = lab.stats().text.splitlines()
    if lines[0].split() != ["CAMPAIGN", "MESSAGES", "RECIPIENTS", "SIGNED", "UNSIGNED", "SIGN",
                            "FAILED", "REJECTED", "TEMPFAILED", "BYTES", "LAST", "ACTIVITY"]:
        yield f"titles {lines[0]!r}"
    expected = ["autumn-sale", "1,000", "1,200", "900", "100", "2", "103", "0", "2.0", "MB",
                utc("%Y-%m-%dT%H:%M:%SZ", NOW - 180)]
    if lines[1].split() != expected:
        yield f"{lines[1].split()}, expected {expected}"
    if not any(line.startswith(LONG + "  ") for line in lines):
        yield "the long name is cut"
    if lines[-1].split()[:2] != ["TOTAL", f"{10 * 107:,}"]:
        yield f"last line {lines[-1]!r}"
    if {len(re.match(r".*UNSIGNED|.{0,999}", lines[0])[0])} != \
            {len(re.match(r"\S+(\s+\S+){4}", line)[0]) for line in lines[1:]}:
        yield "numbers are not aligned on the right"


def distinct_has_a_column(lab):
    lines = lab.stats("--distinct").text.splitlines()
    end = lines[0].find("DISTINCT") + len("DISTINCT")
    have = {line.split()[0]: line[:end].split()[-1] for line in lines[1:]}
    if "DISTINCT" not in lines[0] or not 980 <= int(have["autumn-sale"].replace(",", "")) <= 1020 \
            or have["none"] != "0":
        yield f"{lines}"
    for args in (("--sort", "distinct"), ("-d", "autumn*")):
        if "DISTINCT" not in lab.stats(*args).text:
            yield f"{args}: {lab.stats(*args).text}"
    if "DISTINCT" in lab.stats().text:
        yield "unasked"


def selection_by_pattern(lab):
    rows = lab.stats("-f", "json", "news-*", "AUTUMN-?ale").json()
    if [r["campaign"] for r in rows] != ["autumn-sale", "news-2026-11", "news-2026-10"]:
        yield f"{[r['campaign'] for r in rows]}"
    last = lab.stats("news-*").text.splitlines()[-1]
    if last.split()[:3] != ["TOTAL", "50", "60"]:
        yield f"sum {last!r}"
    answer = lab.ask("stats", "-f", "json", "news-*", "nosuch*")
    yield from answer.is_error(1, '"nosuch*"')
    if len(answer.json()) != 2:
        yield "what matches is not shown beside what does not"


def limit(lab):
    for args, n in ((("-n", "2"), 2), (("--limit=1", "*"), 1), (("-n", "999"), 6)):
        text = lab.stats(*args).text
        if len(text.splitlines()) != n + 2:
            yield f"{args}: {text}"
    for bad in ("0", "-1", "x", "", "99999999999999999999", "1x", " 1"):
        yield from lab.ask("stats", f"--limit={bad}").is_error(64, "--limit")


# ----------------------------------------------------------------------------- detail
def detail_as_json(lab):
    rows = lab.stats("-f", "json", "autumn-sale", "_other").json()
    if [r["campaign"] for r in rows] != ["autumn-sale", "_other"]:
        yield f"{[r['campaign'] for r in rows]}"
    hours = {h["hour"]: h["messages"] for h in rows[0]["hours"]}
    days = {d["day"]: d["messages"] for d in rows[0]["days"]}
    if hours != {utc("%Y-%m-%dT%H:00:00Z", NOW - a * HOUR): m
                 for a, m in ((0, 10), (5, 20), (23, 30))}:
        yield f"hours {hours}"
    if days != {utc("%Y-%m-%d", NOW - a * DAY): m for a, m in ((0, 50), (6, 60))}:
        yield f"days {days}"
    if rows[0]["days"][0]["p:gmail:recipients"] != 20 or rows[1]["hours"] != []:
        yield f"{rows[0]['days'][0]} {rows[1]['hours']}"


def detail_as_table(lab):
    text = lab.stats("autumn-sale").text
    for pattern in (r"^campaign +autumn-sale$",
                    r"^name as sent +=Autumn \\x1b\]0;pwned\\x07\\xc2\\x9b31m "
                    r'\\xe2\\x80\\xae ü,"\\xff$',
                    r"^first seen +20..-..-..T..:..:..Z  10d ago$", r"^messages +1,000$",
                    r"^  signed +900  90\.0%$", r"^  unsigned +100  10\.0%$",
                    r"^recipients +1,200$", r"^  distinct +(9[89].|1,0[012].)  ",
                    r"^bytes +2,000,000  2\.0 MB$", r"^sign failed +2$", r"^rejected +103$",
                    r"^tempfailed +0$",
                    r"^  other +700  58\.3%\n  gmail +400  33\.3%\n  yahoo +100  8\.3%\n\n",
                    r"^last 24 hours\n.*\n(.*\n){3}\n", r"^last 7 days\n.*\n(.*\n){2}\Z"):
        if not re.search(pattern, text, re.M):
            yield f"{pattern} is not in\n{text}"
    if "nothing" not in lab.stats("none").text:
        yield "a campaign without recent mail does not say so"


def detail_by_the_name_as_sent(lab):
    for name in ("Autumn Sale", "AUTUMN-SALE", "autumn-sale"):
        if lab.stats("-f", "json", name).json()[0]["campaign"] != "autumn-sale":
            yield name
    if lab.stats("-f", "json", "_all").json()[0]["messages"] != 1070:
        yield "_all"


def names_without_numbers(lab):
    """metermark campaigns takes names as stats does."""
    def campaigns(*args):
        return lab.ask("campaigns", "-r", lab.redis.url, *args, url=False)
    for given in ("Autumn Sale", "autumn-sale", "AUTUMN*"):
        rows = campaigns("-f", "json", given).json()
        if [(r["campaign"], r["name"]) for r in rows] != [("autumn-sale", HOSTILE.decode("utf-8", "replace"))]:
            yield f"{given}: {rows}"
    if len(lab.stats("-f", "json", "news-*", "Autumn Sale").json()) != 3:
        yield "stats: a name beside a pattern"
    for command in ("stats", "campaigns"):
        for given, word in (("nosuch", ""), ("nosuch*", "matches ")):
            answer = lab.ask(command, "-r", lab.redis.url, given, url=False)
            yield from answer.is_error(1, f'no campaign {word}"{given}" under prefix "metermark" in {lab.redis.url}')
            if answer.text:
                yield f"{command} {given}: {answer.text}"
    yield from campaigns("autum-sale").is_error(1, "similar: autumn-sale")
    answer = campaigns("-n", "1", "-f", "json", "news-*", "nosuch", "autumn-sale")
    if answer.status != 1 or answer.err.count("\n") != 1 or len(answer.json()) != 1:
        yield f"{answer.status} {answer.err} {answer.text}"
    answer = campaigns("-k", "elsewhere")
    yield from answer.is_error(0, 'no campaigns yet under prefix "elsewhere"')
    if answer.text or campaigns("-k", "elsewhere", "-f", "json").json() != []:
        yield f"{answer.text}"


def unknown_names(lab):
    yield from lab.ask("stats", "autum-sale").is_error(1, "similar: autumn-sale")
    yield from lab.ask("stats", "news").is_error(1, "similar: news-2026-1")
    yield from lab.ask("stats", "zzz\x1b[31m").is_error(1, "zzz\\x1b[31m")
    answer = lab.ask("stats", "-f", "json", "nosuch", "none")
    if answer.status != 1 or [r["campaign"] for r in answer.json()] != ["none"]:
        yield f"known beside unknown: {answer.status} {answer.text}"
    answer = lab.ask("stats", "-f", "json", "nosuch")
    if answer.status != 1 or answer.json() != []:
        yield f"{answer.status} {answer.text}"


# ---------------------------------------------------------------------------- terminal
def table_on_a_terminal(lab):
    for columns in (60, 80, 100, 132, 160):
        lines = lab.terminal(columns=columns, NO_COLOR="1").splitlines()
        # The numbers here and twelve places of the name need 68.
        wide = [line for line in lines if len(line) > max(columns, 68)]
        if wide or len(lines) != len(CAMPAIGNS) + 2:
            yield f"{columns} columns: {wide or lines}"
    text = lab.terminal(columns=80, NO_COLOR="1")
    if not re.search("[3-9]m ago", text) or "…" not in text or LONG in text or "\x1b" in text:
        yield text
    text = lab.terminal(columns=80, LC_ALL="C")
    if "…" in text or "..." not in text:
        yield f"not plain ASCII: {text}"
    text = lab.terminal(columns=220)
    if LONG not in text or not re.search(r"T..:..:..Z  [3-9]m ago$", text, re.M):
        yield text


def style_only_where_wanted(lab):
    if not lab.terminal().startswith("\x1b[1mCAMPAIGN"):
        yield "no bold titles"
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        if "\x1b" in lab.terminal(**env):
            yield f"{env}: escape sequences"
    if b"\x1b" in lab.stats().out:
        yield "escape sequences in a pipe"


def hostile_names_do_not_act(lab):
    for form in ("table", "json", "csv"):
        for args in ((), ("autumn-sale",)):
            text = lab.terminal("-f", form, *args, NO_COLOR="1")
            for bad in ("\x1b", "\x07", "\x9b", "\u202e"):
                if bad in text:
                    yield f"{form} {args}: {bad!r} reaches the terminal"


# ------------------------------------------------------------------------- what Redis?
def redis_url_from_everywhere(lab):
    url = lab.redis.url
    conf = lab.config("ours.conf", f'redis = "{url}"\nkey_prefix = "elsewhere"\n')
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    with Feed(lab.redis.port) as r:
        r.add("ZADD", "elsewhere:campaigns", NOW, "there")
        r.add("HSET", "elsewhere:{there}:total", "messages", 1)
    for title, args, env, expected in (
            ("environment", [], {"METERMARK_REDIS": url}, 7),
            ("--redis before environment", ["--redis", url], {"METERMARK_REDIS": nobody}, 7),
            ("-c", ["-c", conf], {}, 1),
            ("-c before environment", ["-c", conf], {"METERMARK_REDIS": nobody}, 1),
            ("prefix of -c, Redis of --redis", ["-c", conf, "-r", url], {}, 1),
            ("--key-prefix before -c", ["-c", conf, "-k", "metermark"], {}, 7),
            ("--key-prefix", ["-r", url, "--key-prefix", "elsewhere"], {}, 1)):
        rows = lab.stats("-f", "json", *args, url=False, **env).json()
        if len(rows) != expected:
            yield f"{title}: {[r['campaign'] for r in rows]}"


def redis_by_its_socket(lab):
    path = os.path.join(lab.redis.run, "redis.sock")
    lab.redis.stop()
    normal = lab.redis.argv
    lab.redis.argv = lambda: normal() + ["--unixsocket", path]
    lab.redis.start()
    if len(lab.stats("-f", "json", url=f"unix:{path}").json()) != len(CAMPAIGNS) + 1:
        yield "other campaigns than by TCP"


def wrong_configurations(lab):
    yield from lab.ask("stats", "-c", "/nonexistent/x.conf", url=False).is_error(
        78, "cannot read /nonexistent/x.conf: No such file or directory")
    wrong = lab.config("wrong.conf", "\nno_such_setting = 1\n")
    yield from lab.ask("stats", "-c", wrong, url=False).is_error(78, f"{wrong}:2")
    folder = lab.scratch.dir("folder")
    yield from lab.ask("stats", "-c", folder, url=False).is_error(78, folder)
    yield from lab.ask("stats", "-k", "a{b}").is_error(64, "--key-prefix")
    yield from lab.ask("stats", url="http://u:tops3cret@x/").is_error(64, "--redis")


def redis_away(lab):
    port = free_port()
    answer = lab.ask("stats", url=f"redis://someone:tops3cret@127.0.0.1:{port}/2")
    yield from answer.is_error(69, f"cannot reach redis://127.0.0.1:{port}/2: Connection refused",
                               "is Redis running there?", "--redis")
    if "s3cret" in answer.err or "someone" in answer.err:
        yield "shows who asked, or the password"
    yield from lab.ask("stats", url="unix:/nonexistent/redis.sock").is_error(69, "No such file")
    yield from lab.ask("stats", url="redis://host.invalid").is_error(69, "host.invalid")


def redis_hangs(lab):
    lab.redis.signal(signal.SIGSTOP)
    try:
        start = time.monotonic()
        yield from lab.ask("stats").is_error(69, "did not answer in time")
        if time.monotonic() - start > 20:
            yield f"took {time.monotonic() - start:.1f} s"
        yield from list_of_processes(lab)
    finally:
        lab.redis.signal(signal.SIGCONT)


def list_of_processes(lab):
    """The password has gone from the arguments before Redis has answered."""
    for command in ("stats", "forget"):
        more = ("--yes", "spring") if command == "forget" else ()
        url = f"--redis=redis://someone:tops3cret@127.0.0.1:{lab.redis.port}/0"
        process = subprocess.Popen([METERMARK, command, url, *more], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end, shown = time.monotonic() + 4, ""
        while process.poll() is None and time.monotonic() < end and \
                ("s3cret" in shown or "redis://someone:x" not in shown):
            time.sleep(0.05)
            with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as f:
                shown = f.read()
        running = process.poll() is None
        process.kill()
        process.wait()
        if not running or "s3cret" in shown or "redis://someone:x" not in shown:
            yield f"{command}: running {running}, the list of processes shows {shown!r}"


def passwords(lab):
    port, command = lab.redis.port, lab.redis.command
    # The rights that metermark(1) names as enough.
    command("ACL", "SETUSER", "viewer", "on", ">vi%w", "~metermark:*", "+zscan",
            "+zrevrange", "+hgetall", "+pfcount")
    good = f"redis://viewer:vi%25w@127.0.0.1:{port}"
    if len(lab.stats("-f", "json", url=good).json()) != len(CAMPAIGNS) + 1:
        yield "viewer sees other campaigns"
    answer = lab.ask("stats", url=f"redis://viewer:wr0ng@127.0.0.1:{port}")
    yield from answer.is_error(77, "WRONGPASS", "--redis")
    if "wr0ng" in answer.err:
        yield "shows the password"
    yield from lab.ask("stats", "-k", "elsewhere", url=good).is_error(77, "NOPERM")
    command("ACL", "SETUSER", "default", ">s3cret", "resetpass", ">s3cret")
    yield from lab.ask("stats").is_error(77, "NOAUTH")
    conf = lab.config("secret.conf", f'redis = "redis://:s3cret@127.0.0.1:{port}/0"\n')
    lab.stats("-c", conf, url=False)


# ------------------------------------------------------------- what Redis may also hold
def strange_contents(lab):
    with Feed(lab.redis.port) as r:
        for name in (b"UPPER", b"_mine", b"a}{b", b"x" * 65, b"\x1b[2J", b""):
            r.add("ZADD", "metermark:campaigns", NOW, name)
        r.add("ZADD", "metermark:campaigns", NOW, "odd-values")
        r.add("HSET", "metermark:{odd-values}:total", "messages", "12x", "signed", "",
              "rejected", "99999999999999999999", "unsigned", "7", "name", b"n" * 5000,
              "future_counter", 3, "", "empty")
        r.add("ZADD", "metermark:campaigns", NOW, "just-begun")
        r.add("ZADD", "metermark:campaigns", "inf", "when-inf")
        r.add("HSET", "metermark:{when-inf}:total", "messages", 1)
    answer = lab.ask("stats", "-f", "json")
    yield from answer.is_error(0, "left out", "9 names or values")
    rows = {r["campaign"]: r for r in answer.json()}
    if set(rows) != set(CAMPAIGNS) | {"_all", "odd-values", "when-inf"}:
        yield f"{set(rows)}"
    odd = rows["odd-values"]
    if (odd["messages"], odd["signed"], odd["rejected"], odd["unsigned"]) != (0, 0, 0, 7):
        yield f"{odd}"
    if odd["name"] != "n" * 256 or odd["first_seen"] is not None:
        yield f"{odd}"
    yield from lab.ask("stats").is_error(0, "left out")


def wrong_type(lab):
    with Feed(lab.redis.port) as r:
        r.add("ZADD", "metermark:campaigns", NOW, "text")
        r.add("SET", "metermark:{text}:total", "text")
    yield from lab.ask("stats").is_error(76, "WRONGTYPE", lab.redis.url)


def only_harmless_commands(lab):
    lab.ask("stats", "autumn-sale")
    lab.ask("stats", "--distinct", "--since=-7d", "*")
    lab.ask("stats", "--since=-40d", "--by", "day")
    lab.ask("stats", "-f", "prometheus", "--top", "3")
    lab.terminal()
    used = set(re.findall(r"^cmdstat_(\S+?):", lab.redis.command("INFO", "commandstats"), re.M))
    ours = {"zadd", "hset", "pfadd", "set", "flushall", "config|resetstat", "info", "ping"}
    allowed = {"zscan", "zrevrange", "hgetall", "pfcount", "client|setname", "client", "select", "auth",
               "role"}
    if used - ours - allowed or not {"zscan", "hgetall", "pfcount"} <= used:
        yield f"commands {sorted(used - ours)}"


def names_that_are_not_ascii(lab):
    """They end in a hash, which tells nobody anything."""
    sent = ["日本 セール", "Été 2026", "evil \x1b[2J\u202eé", "x" * 80]
    base = ["", "t-2026-", "evil-2j-", "x" * 47 + "-"]
    names = [b + hashlib.sha256(s.encode()).hexdigest()[:16] for b, s in zip(base, sent)]
    lab.redis.command("FLUSHALL")
    with Feed(lab.redis.port) as r:
        for i, (name, text) in enumerate(zip(names + ["plain"], sent + ["Plain"])):
            r.add("ZADD", "metermark:campaigns", NOW - i, name)
            r.add("HSET", f"metermark:{{{name}}}:total", "messages", 1, "last_seen", NOW - i,
                  "first_seen", NOW - i, "name", text)
            for bucket in ("h:%Y%m%d%H", "d:%Y%m%d"):
                r.add("HSET", f"metermark:{{{name}}}:" + utc(bucket, NOW), "messages", 1)
    shown = ["日本 セール", "Été 2026", "evil \\x1b[2J\\xe2\\x80\\xaeé", "x" * 80, ""]
    for args in ((), ("*",), ("--since=-1h",), ("--since=-1h", "--by", "hour", "*")):
        lines = lab.stats(*args).text.splitlines()
        head = next(i for i, line in enumerate(lines) if line.startswith("CAMPAIGN"))
        if not lines[head].endswith("  NAME AS SENT"):
            yield f"{args}: {lines[head]}"
        rows = {line.split()[0]: line for line in lines[head + 1:]}
        for name, text in zip(names + ["plain"], shown):
            last = rows.get(name, "")[lines[head].index("NAME AS SENT"):]
            if last != text:
                yield f"{args}: {name}: {rows.get(name)!r}"
    for columns in (80, 100, 132):
        text = lab.terminal(columns=columns, NO_COLOR="1")
        wide = [x for x in text.splitlines() if sum(1 + (c > "\u3000") for c in x) > columns]
        if "日本" not in text or wide or "\x1b" in text or "\u202e" in text:
            yield f"{columns} columns: {wide} {text}"
    if not lab.stats(LC_ALL="C").text.isascii():
        yield "not ASCII where the locale is"
    answer = lab.ask("campaigns", "-r", lab.redis.url, url=False)
    if [line.partition("Z  ")[2] for line in answer.text.splitlines()[1:]] != shown:
        yield f"campaigns: {answer.text}"
    rows = lab.ask("campaigns", "-r", lab.redis.url, "-f", "json", url=False).json()
    if [row["name"] for row in rows] != sent + ["Plain"]:
        yield f"campaigns: {rows}"
    if lab.stats("-f", "json", sent[0]).json()[0]["campaign"] != names[0]:
        yield f"not found by the name as sent: {names[0]}"


# ------------------------------------------------------------------------------ many
def many_campaigns(lab):
    n = 12000
    names = [f"camp-{i:05}" for i in range(n)]
    with Feed(lab.redis.port) as r:
        r.add("FLUSHALL")
        for i, name in enumerate(names):
            r.add("ZADD", "metermark:campaigns", NOW - 7 * i, name)
            r.add("HSET", f"metermark:{{{name}}}:total", "messages", i, PRODUCER, 8642097531)
        r.add("HSET", "metermark:{_all}:total", "messages", sum(range(n)))
    start = time.monotonic()
    rows = lab.stats("-f", "json").json()
    took = time.monotonic() - start
    if [r["campaign"] for r in rows] != names + ["_all"]:
        yield "not every campaign once, in order"
    if [r["messages"] for r in rows[:-1]] != list(range(n)):
        yield "counters of another campaign"
    if took > 20:
        yield f"took {took:.1f} s"
    if len(lab.stats("-n", "7000").text.splitlines()) != 7002:
        yield "--limit over one page"
    stop = threading.Event()

    def busy():
        with Feed(lab.redis.port) as r:
            i = 0
            while not stop.is_set():
                i += 1
                r.add("ZADD", "metermark:campaigns", NOW + i, names[i * 7919 % n])
                r.flush()

    writer = threading.Thread(target=busy)
    writer.start()
    try:
        for _ in range(5):
            seen = [r["campaign"] for r in lab.stats("-f", "json").json()]
            if sorted(seen) != ["_all"] + names:
                yield f"under load: {len(seen)} rows, {len(set(seen))} names"
    finally:
        stop.set()
        writer.join()


def output_that_cannot_be_written(lab):
    with open("/dev/full", "wb") as full:
        for form in ("table", "json", "csv"):
            yield from lab.ask("stats", "-f", form, stdout=full).is_error(74, "No space left")
    reader, writer = os.pipe()
    os.close(reader)
    answer = lab.ask("stats", stdout=writer)
    os.close(writer)
    if answer.status != 74 or answer.err:
        yield f"closed pipe: {answer.status} {answer.err}"
    # Were the next descriptor to take stdout's number, Redis would get the table.
    before = lab.redis.command("INFO", "errorstats")
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", METERMARK, "stats", "-r", lab.redis.url],
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 74 or "cannot write" not in done.stderr:
        yield f"no stdout: {done.returncode} {done.stderr}"
    if lab.redis.command("INFO", "errorstats") != before:
        yield "Redis got what was meant for stdout"


# --------------------------------------------------------------------- the command itself
def help_and_version(lab):
    for args in (["--help"], ["help"], ["stats", "--help"], ["help", "stats"], ["-h"]):
        answer = lab.ask(*args, url=False)
        # A build for a long prefix names a long file.
        lines = re.sub(r"/\S+/metermark\.conf", "/etc/metermark/metermark.conf", answer.text).splitlines()
        if answer.status != 0 or answer.err or not lines[0].startswith("usage: metermark"):
            yield f"{args}: {answer.status} {answer.err} {answer.text}"
        if len(lines) > 24 or max(map(len, lines)) > 88:
            yield f"{args}: does not fit a screen"
    answer = lab.ask("--version")
    if answer.status != 0 or not re.fullmatch(r"metermark \d+\.\d+\.\d+\S*\n", answer.text):
        yield f"--version: {answer.text!r}"


def wrong_usage(lab):
    yield from lab.ask("stat").is_error(64, 'no command "stat"; did you mean stats?')
    yield from lab.ask("frobnicate").is_error(64, "metermark --help lists them")
    yield from lab.ask("stats", "-f", "xml").is_error(64, "table, json, csv, prometheus")
    yield from lab.ask("stats", "--sort", "size").is_error(64, "messages, recipients, bytes")
    yield from lab.ask("stats", "--by", "week").is_error(64, "hour, day, provider")
    for bad in ("soon", "2026-02-30", "24", "-h", "2026-11-24T25", "", "-9999999999d"):
        for option in ("--since", "--until"):
            yield from lab.ask("stats", f"{option}={bad}").is_error(64, option, "-24h", "2026-11-24T09")
    yield from lab.ask("stats", "--since=-1h", "--until=-2h").is_error(64, "not before --until")
    yield from lab.ask("stats", "--since", "now").is_error(64, "not in the past")
    yield from lab.ask("stats", "--until", "@0").is_error(64, "--until is before all times")
    yield from lab.ask("stats", "").is_error(64, "names no campaign")
    yield from lab.ask("stats", "-f", "prometheus", "--since", "today").is_error(64, "--since")
    yield from lab.ask("stats", "--since=-1h", "--distinct").is_error(64, "since ever")
    for args in ([], ["--nosuch"], ["stats", "--nosuch"], ["stats", "--redis"], ["stats", "-Z"]):
        answer = lab.ask(*args, url=False)
        if answer.status != 64 or answer.out or "--help" not in answer.err:
            yield f"{args}: {answer.status} {answer.err}"


CHECKS = [
    (help_and_version, "help fits a screen, the version is told"),
    (wrong_usage, "wrong usage is 64 and says what is right"),
    (nothing_yet, "an empty Redis is no error in any format"),
    (nothing_yet_of_that_name, "a name is not found in an empty Redis"),
    (None, "filled"),
    (json_has_every_campaign, "JSON: every campaign and counter, latest first, then _all"),
    (csv_is_rfc_4180, "CSV: as RFC 4180 and safe in a spreadsheet"),
    (no_internal_fields, "markers of producers are never shown"),
    (table_off_a_terminal, "the table in a pipe is whole and plain"),
    (distinct_has_a_column, "--distinct has a column in the table"),
    (selection_by_pattern, "patterns select, and TOTAL is their sum"),
    (limit, "--limit cuts the list"),
    (detail_as_json, "one campaign as JSON has its hours and days"),
    (detail_as_table, "one campaign as text has counters, shares, providers, hours, days"),
    (detail_by_the_name_as_sent, "a campaign is found by its name as sent"),
    (names_without_numbers, "campaigns takes names and says what is not there"),
    (unknown_names, "an unknown name is 1 and similar ones are told"),
    (table_on_a_terminal, "the table fits the terminal"),
    (style_only_where_wanted, "bold only on a terminal, NO_COLOR honoured"),
    (hostile_names_do_not_act, "a hostile name cannot move the terminal"),
    (redis_url_from_everywhere, "Redis and prefix: option, -c, environment, in that order"),
    (redis_by_its_socket, "Redis by its unix socket"),
    (wrong_configurations, "wrong settings are 78, wrong options 64"),
    (redis_away, "Redis away is 69 and says which, without the password"),
    (redis_hangs, "a Redis that hangs is given up"),
    (strange_contents, "names and values that are not ours are left out and told"),
    (only_harmless_commands, "only ZSCAN, ZREVRANGE, HGETALL and PFCOUNT are used"),
    ("refill", "filled"),
    (wrong_type, "a key of the wrong type is 76"),
    (names_that_are_not_ascii, "names that end in a hash are shown as sent, too"),
    ("refill", "filled"),
    (passwords, "passwords and rights: enough, wrong, missing"),
    ("fresh", "filled"),
    (many_campaigns, "12,000 campaigns, each once, while mail goes on"),
    (output_that_cannot_be_written, "an output that cannot be written is 74"),
]


def prepare(lab, step):
    """The states between checks."""
    if step == "fresh":
        lab.redis.stop()
        lab.redis.start()
    lab.redis.command("FLUSHALL")
    set_now()
    fill(lab.redis.port, CAMPAIGNS)
    lab.redis.command("CONFIG", "RESETSTAT")


def run(tap, check, title, lab):
    try:
        problems = list(check(lab))
    except Exception:  # pylint: disable=broad-except
        problems = [traceback.format_exc()]
    tap.result(title, problems)


def main():
    tap = Tap()
    if not os.access(METERMARK, os.X_OK):
        print(f"1..0 # SKIP {METERMARK} is not built")
        return 0
    try:
        with Scratch("mm-stats.") as scratch, RedisServer(scratch.dir("redis")) as redis:
            lab = Lab(redis, scratch)
            for check, title in CHECKS:
                if callable(check):
                    if CAMPAIGNS and now(CHECK_SECONDS) // HOUR != NOW // HOUR:
                        prepare(lab, "filled")
                    run(tap, check, title, lab)
                else:
                    prepare(lab, check)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
