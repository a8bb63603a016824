#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark stats over a stretch of time, by hour, day and provider, sorted, as metrics;
all sums are worked out here from the hours put in."""

import csv
import io
import json
import os
import re
import sys
import time

from mmtest.command import DAY, HOUR, PRODUCER, Feed, Terminal, ask, check, now, run, utc
from mmtest.programs import METERMARK, SRC
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap

tap = Tap()
CHECK_SECONDS = 40  # no check but the last takes longer, with a sanitizer either
NOW = THIS = TODAY = 0
HOURS = {}  # campaign: {start of hour: messages}


def set_now():
    """What is filled in, by the time at which it is."""
    global NOW, THIS, TODAY
    NOW = now(CHECK_SECONDS)
    THIS = NOW // HOUR * HOUR
    TODAY = NOW // DAY * DAY
    HOURS.update({
        "spring": {THIS: 5, THIS - HOUR: 7, THIS - 23 * HOUR: 11, THIS - 24 * HOUR: 13,
                   THIS - 3 * DAY: 17, THIS - 40 * DAY: 19, THIS - 390 * DAY: 23},
        "news-a": {THIS: 3, THIS - 2 * DAY: 1000},
        "news-b": {THIS - 10 * DAY: 400},
        "quiet": {THIS - 60 * DAY: 1},  # what was before 35 days has its day only
    })


PROVIDERS = {"gmail": 3, "other": 2, "yahoo": 1}


def counters(m):
    return {"messages": m, "recipients": 6 * m, "bytes": 1000 * m, "signed": m - m // 5,
            "unsigned": m // 5, "rejected": 2000 // m, "inspected": m + 1,
            "rule:one-click:fail": m // 2,
            **{f"p:{p}:recipients": n * m for p, n in PROVIDERS.items()}}


def fill(redis):
    """Everything anew."""
    redis.command("FLUSHALL")
    set_now()
    with Feed(redis.port) as r:
        hashes = {}
        for name, hours in HOURS.items():
            for start, m in hours.items():
                keys = ["total", "d:" + utc("%Y%m%d", start)]
                if start > NOW - 35 * DAY:
                    keys.append("h:" + utc("%Y%m%d%H", start))
                for who in (name, "_all"):
                    for key in keys:
                        h = hashes.setdefault(f"metermark:{{{who}}}:{key}", {})
                        for k, v in counters(m).items():
                            h[k] = h.get(k, 0) + v
            r.add("ZADD", "metermark:campaigns", max(hours), name)
            r.add("HSET", f"metermark:{{{name}}}:total", "last_seen", max(hours),
                  "first_seen", min(hours), "name", name, PRODUCER, 77)
        for key, h in hashes.items():
            r.add("HSET", key, *[x for kv in h.items() for x in kv])
        # Forgotten: a tombstone, a marker, and the name still in the list.
        r.add("HSET", "metermark:{gone}:total", "!forgotten", NOW, PRODUCER, 3)
        r.add("ZADD", "metermark:campaigns", NOW, "gone")


def messages(name, since, until=None):
    return sum(m for start, m in HOURS[name].items()
               if since <= start and (until is None or start < until))


def stats(redis, *args):
    answer = ask("stats", "-r", redis.url, *args)
    if answer.status:
        raise RuntimeError(f"{args}: {answer.status} {answer.err}")
    return answer


def rows(redis, *args):
    return json.loads(stats(redis, "-f", "json", *args).text)


def sums(redis):
    spans = [("-1h", THIS - HOUR, None), ("-24h", THIS - 24 * HOUR, None),
             ("today", TODAY, None), ("-7d", THIS - 7 * DAY, None),
             ("-30d", THIS - 30 * DAY, None), (f"@{THIS - HOUR}", THIS - HOUR, None),
             (utc("%Y-%m-%d", NOW - 3 * DAY), TODAY - 3 * DAY, None),
             (utc("%Y-%m-%dT%H", NOW - 2 * DAY), THIS - 2 * DAY, None)]
    for text, since, until in spans:
        got = {r["campaign"]: r for r in rows(redis, f"--since={text}")}
        want = {n: messages(n, since, until) for n in HOURS}
        want = {n: m for n, m in want.items() if m}
        have = {n: r["messages"] for n, r in got.items() if n != "_all"}
        if have != want:
            yield f"since {text}: {have}, expected {want}"
        if want and got["_all"]["messages"] != sum(want.values()):
            yield f"since {text}: _all is {got['_all']['messages']}"
        for r in got.values():
            m = sum(c for s, c in HOURS.get(r["campaign"], {}).items() if s >= since)
            if r["campaign"] != "_all" and r["recipients"] != 6 * m:
                yield f"since {text}: {r}"


def until_is_inclusive(redis):
    day = utc("%Y-%m-%d", TODAY - 2 * DAY)
    for args, since, until in (
            ((f"--since={day}", f"--until={day}"), TODAY - 2 * DAY, TODAY - DAY),
            (("--since=yesterday", "--until=yesterday"), TODAY - DAY, TODAY),
            ((f"--since={utc('%Y-%m-%dT%H', THIS - HOUR)}",
              f"--until={utc('%Y-%m-%dT%H', THIS - HOUR)}"), THIS - HOUR, THIS),
            (("--until=-2d",), 0, THIS - 2 * DAY + HOUR)):
        have = {r["campaign"]: r["messages"] for r in rows(redis, *args) if r["campaign"] != "_all"}
        since = max(since, TODAY - 400 * DAY)
        want = {n: messages(n, since, until) for n in HOURS}
        if have != {n: m for n, m in want.items() if m}:
            yield f"{args}: {have}, expected {want}"


def what_is_no_longer_kept(redis):
    answer = stats(redis, "--since", "2020-01-01", "-f", "json", "spring")
    if "400 days" not in answer.err or json.loads(answer.text)[0]["messages"] != 95:
        yield answer.err + answer.text
    # In the midst of a day, whatever the time is now: at its begin nothing is coarser.
    answer = stats(redis, "--since", utc("%Y-%m-%dT05", NOW - 36 * DAY), "-f", "json", "spring")
    if "35 days" not in answer.err or json.loads(answer.text)[0]["messages"] != 53:
        yield answer.err + answer.text
    answer = stats(redis, "--since=-60d", "--by", "hour", "-f", "json", "spring")
    if "35 days" not in answer.err or sum(r["messages"] for r in json.loads(answer.text)) != 53:
        yield answer.err + answer.text
    if stats(redis, "--since=-7d").err:
        yield "a word too many"


def by_hour_and_day(redis):
    before = time.time()
    got = rows(redis, "--by", "hour", "spring")
    after = time.time()
    want = [(utc("%Y-%m-%dT%H:00:00Z", THIS - a * HOUR), m) for a, m in ((23, 11), (1, 7), (0, 5))]
    if [(r["from"], r["messages"]) for r in got] != want:
        yield f"{[(r['from'], r['messages']) for r in got]}, expected {want}"
    if abs(got[1]["messages_per_minute"] - 7 / 60) > 0.001:
        yield f"rate {got[1]['messages_per_minute']}"
    # Just after an hour has begun a second makes much of a difference.
    low, high = 300 / max(1, after - THIS), 300 / max(1, int(before) - THIS)
    if not 0.99 * low - 0.001 <= got[2]["messages_per_minute"] <= 1.01 * high + 0.001:
        yield f"rate of this hour {got[2]['messages_per_minute']}, expected {low} to {high}"
    got = rows(redis, "--by", "day")
    want = {}
    for hours in HOURS.values():
        for start, m in hours.items():
            if start >= TODAY - 29 * DAY:
                day = utc("%Y-%m-%dT00:00:00Z", start)
                want[day] = want.get(day, 0) + m
    if [(r["from"], r["messages"]) for r in got] != sorted(want.items()):
        yield f"{[(r['from'], r['messages']) for r in got]}, expected {want}"
    text = stats(redis, "--by", "day", "news-*").text.splitlines()
    if text[2].split()[:3] != ["CAMPAIGN", "DAY", "(UTC)"] or text[-1].split()[:2] != ["TOTAL", "1,403"]:
        yield "\n".join(text)


def by_provider(redis):
    got = rows(redis, "--by", "provider", "--since=-1h")
    want = [("gmail", 45), ("other", 30), ("yahoo", 15)]
    if [(r["provider"], r["recipients"]) for r in got] != want:
        yield f"{got}"
    text = stats(redis, "--by", "provider", "--since=-1h").text
    if not re.search(r"^gmail +45 +50\.0%$", text, re.M) or not re.search(r"^TOTAL +90 ", text, re.M):
        yield text


def order(redis):
    for args, want in ((("--sort", "messages"), ["news-a", "news-b", "spring", "quiet"]),
                       (("--top", "2"), ["news-a", "news-b"]),
                       (("--top", "1", "--sort", "rejected"), ["quiet"]),
                       (("--sort", "name", "-n", "3"), ["news-a", "news-b", "quiet"]),
                       (("--sort", "last"), ["news-a", "spring", "news-b", "quiet"]),
                       (("--sort", "first"), ["news-a", "news-b", "quiet", "spring"]),
                       (("--top", "2", "--since=-1h"), ["spring", "news-a"]),
                       (("--top", "2", "news-*"), ["news-a", "news-b"]),
                       (("--sort", "p:gmail:recipients", "quiet", "spring"), ["spring", "quiet"])):
        have = [r["campaign"] for r in rows(redis, *args) if r["campaign"] != "_all"]
        if have != want:
            yield f"{args}: {have}, expected {want}"
    if [r["messages"] for r in rows(redis, "--by", "hour", "--top", "1", "--since=-7d")] != [1000]:
        yield "the busiest hour"


def what_it_is_sorted_by_is_shown(redis):
    """A table without a column for it would be in an order of its own."""
    usual = stats(redis).text.splitlines()[0].split()
    failed = {n: sum(m // 2 for m in h.values()) for n, h in HOURS.items()}
    for key, title, want in (
            ("inspected", "INSPECTED", {n: sum(m + 1 for m in h.values()) for n, h in HOURS.items()}),
            ("rule:one-click:fail", "RULE:ONE-CLICK:FAIL", failed),
            ("p:gmail:recipients", "P:GMAIL:RECIPIENTS",
             {n: 3 * sum(h.values()) for n, h in HOURS.items()}),
            ("bad_source", "BAD SOURCE", {n: 0 for n in HOURS})):
        lines = stats(redis, "--sort", key).text.splitlines()
        end = lines[0].find(title) + len(title)
        have = {line.split()[0]: line[:end].split()[-1] for line in lines[1:]}
        if title not in lines[0] or {n: have.get(n) for n in want} != {n: f"{v:,}" for n, v in want.items()}:
            yield f"{key}: {lines}"
    lines = stats(redis, "--sort", "first").text.splitlines()
    if "FIRST ACTIVITY" not in lines[0] or utc("%Y-%m-%dT%H:%M:%SZ", min(HOURS["quiet"])) not in "\n".join(lines):
        yield f"first: {lines}"
    for key in ("messages", "bytes", "tempfailed", "last", "name"):
        if stats(redis, "--sort", key).text.splitlines()[0].split() != usual:
            yield f"{key}: {stats(redis, '--sort', key).text}"
    head = stats(redis, "--by", "day", "--sort", "rule:one-click:fail").text.splitlines()[2]
    if "RULE:ONE-CLICK:FAIL" not in head:
        yield f"by day: {head}"


def rates(redis):
    text = stats(redis, "--since=-1h", "spring").text
    first, row = text.splitlines()[0], text.splitlines()[3]
    if not re.fullmatch(r"20..-..-..T..:00:00Z to 20..-..-..T..:..:..Z \(now\)", first):
        yield first
    minutes = (NOW - THIS + HOUR) / 60
    if abs(float(row.split()[10]) - 12 / minutes) > 0.02:
        yield f"{row}, expected {12 / minutes}"
    record = next(csv.DictReader(io.StringIO(
        stats(redis, "--since=-1h", "-f", "csv", "spring").text, newline="")))
    if int(record["from"]) != THIS - HOUR or abs(float(record["messages_per_minute"]) - 12 / minutes) > 0.02:
        yield f"{record}"


def nothing(redis):
    answer = ask("stats", "-r", redis.url, "--since=-1h", "quiet")
    yield from answer.is_error(0, "nothing was counted from")
    for args in (("--until", "2020-01-01"), ("--since", "2019-01-01", "--until", "2020-01-01")):
        yield from ask("stats", "-r", redis.url, *args).is_error(
            0, "days are kept for 400 days only", "nothing is kept from before 20")
    yield from ask("stats", "-r", redis.url, "--since=-1h", "nosuch").is_error(1, 'no campaign "nosuch"')
    if "gone" in stats(redis).text or "gone" in stats(redis, "--since=-1h").text:
        yield "a forgotten campaign is listed"
    yield from ask("stats", "-r", redis.url, "gone").is_error(1, 'no campaign "gone"')


def exposition(text):
    """Prometheus's text format 0.0.4, strictly: {family: (type, {labels: value})}; what is
    wrong is an exception."""
    families, help_of, name = {}, None, None
    if not text.endswith("\n"):
        raise RuntimeError("the last line has no end")
    for line in text[:-1].split("\n"):
        if match := re.fullmatch(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\[\\n])+)", line):
            if match[1] in families or help_of:
                raise RuntimeError(f"a second time, or without a type: {line}")
            help_of = match[1]
        elif match := re.fullmatch(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)", line):
            name = match[1]
            if help_of != name or (match[2] == "counter") != name.endswith("_total"):
                raise RuntimeError(f"no help, or a name of the other type: {line}")
            families[name], help_of = (match[2], {}), None
        else:
            match = re.fullmatch(
                r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*"'
                r'(?:,(?=[a-z])|(?=\})))+)\})? (-?\d+)', line)
            if not match or match[1] != name or help_of:
                raise RuntimeError(f"odd or out of place: {line}")
            if match[2] in families[name][1]:
                raise RuntimeError(f"a second time: {line}")
            families[name][1][match[2]] = int(match[3])
    return families


def metrics(redis):
    text = stats(redis, "-f", "prometheus").text
    families = exposition(text)
    heads = {name: kind for name, (kind, _) in families.items()}
    samples = {name: values for name, (_, values) in families.items()}
    if heads.get("metermark_messages_total") != "counter" or \
            heads.get("metermark_last_activity_timestamp_seconds") != "gauge":
        yield f"{heads}"
    want = {f'campaign="{n}"': sum(h.values()) for n, h in HOURS.items()}
    if samples["metermark_messages_total"] != want:
        yield f"{samples['metermark_messages_total']}"
    if samples["metermark_all_messages_total"] != {None: sum(want.values())}:
        yield f"{samples['metermark_all_messages_total']}"
    if samples["metermark_provider_recipients_total"]['campaign="spring",provider="gmail"'] != 285:
        yield f"{samples['metermark_provider_recipients_total']}"
    inspected = {f'campaign="{n}"': sum(m + 1 for m in h.values()) for n, h in HOURS.items()}
    if samples.get("metermark_inspected_total") != inspected or \
            samples.get("metermark_all_inspected_total") != {None: sum(inspected.values())}:
        yield f"{samples.get('metermark_inspected_total')}, expected {inspected}"
    failed = samples.get("metermark_rule_failures_total", {})
    for n, h in HOURS.items():
        have = {k: v for k, v in failed.items() if k.startswith(f'campaign="{n}",')}
        if have.get(f'campaign="{n}",rule="one-click"') != sum(m // 2 for m in h.values()) or \
                have.get(f'campaign="{n}",rule="date"') != 0:
            yield f"{n}: {have}"
    total = sum(m // 2 for h in HOURS.values() for m in h.values())
    if samples.get("metermark_all_rule_failures_total", {}).get('rule="one-click"') != total:
        yield f"rules of all mail, expected {total}"
    if len(re.findall("^metermark_messages_total{", stats(redis, "-f", "prometheus", "-n", "2").text,
                      re.M)) != 2:
        yield "--limit"
    # What the dashboard asks for is what there is.
    with open(os.path.join(SRC, "contrib/grafana/metermark.json"), encoding="utf-8") as f:
        panels = json.load(f)["panels"]
    exprs = [t["expr"] for p in panels for t in p["targets"]]
    asked = set(re.findall(r"\bmetermark_\w+", " ".join(exprs)))
    if len(exprs) < 10 or not asked <= set(families):
        yield f"the dashboard asks for {asked - set(families)}"
    for args in (("-d",), ("spring",), ("-n", "1"), ("--sort", "bytes")):
        exposition(stats(redis, "-f", "prometheus", *args).text)


def many_have_a_limit(redis):
    with Feed(redis.port) as r:
        for i in range(300):
            r.add("ZADD", "metermark:campaigns", NOW - i, f"m-{i:03}")
            r.add("HSET", f"metermark:{{m-{i:03}}}:total", "messages", i)
    series = re.findall(r"^metermark_messages_total\{.*", stats(redis, "-f", "prometheus").text, re.M)
    if len(series) != 100:
        yield f"{len(series)} campaigns have series"
    fill(redis)


def sparks(redis):
    def line(**env):
        with Terminal("stats", "-r", redis.url, columns=160, NO_COLOR="1", **env) as t:
            t.end()
            return next(x for x in t.out.decode().splitlines() if x.startswith("spring"))
    text = line()
    bars = text[text.index("█"):][:24] if "█" in text else ""
    if len(bars) != 24 or bars[-1] != "▄" and bars[-1] != "▃" or bars[-2] != "▅" or bars[1:22].strip():
        yield f"{text!r} {bars!r}"
    if not re.search(r"# {21}[.,=+*#_-]{2}", line(LC_ALL="C")) or not line(LC_ALL="C").isascii():
        yield line(LC_ALL="C")


def great_numbers_fit(redis):
    """Whatever the numbers, a line is a line; names are cut no shorter than needed."""
    redis.command("FLUSHALL")
    with Feed(redis.port) as r:
        for i, name in enumerate(("a" * 64, "autumn-sale", "b", "_all")):
            total = 43210987 * 7 ** (2, 1, 0, 3)[i]
            r.add("HSET", f"metermark:{{{name}}}:total", *sum(
                ([c, total] for c in ("messages", "recipients", "signed", "unsigned", "sign_failed",
                                      "rejected", "tempfailed", "bytes")), []), "last_seen", NOW - 3000)
            for bucket in ("h:%Y%m%d%H", "d:%Y%m%d"):
                r.add("HSET", f"metermark:{{{name}}}:" + utc(bucket, NOW), "messages", total)
            if name != "_all":
                r.add("ZADD", "metermark:campaigns", NOW - 3000, name)
    for columns, bars, number in ((80, False, "302M"), (120, True, "302M"),
                                  (200, True, "302,476,909")):
        for args in ((), ("--since=-2h",), ("--top", "2")):
            with Terminal("stats", "-r", redis.url, *args, columns=columns) as t:
                t.end()
                lines = re.sub(r"\x1b\[\d*m", "", t.out.decode()).replace("\r", "").splitlines()
            if any(len(line) > columns for line in lines):
                yield f"{columns} {args}: too wide: {lines}"
            if not args and (("\u2588" in t.out.decode()) != bars or number not in t.out.decode()):
                yield f"{columns}: {lines}"
            if not any(line.startswith("a" * 12) for line in lines) or \
                    not any(line.startswith("autumn-sale ") for line in lines):
                yield f"{columns} {args}: names: {lines}"
    fill(redis)


def hundred_thousand(redis):
    redis.command("FLUSHALL")
    n = 100000
    with Feed(redis.port) as r:
        r.add("CONFIG", "SET", "appendonly", "no")
        for i in range(n):
            name = f"news-2026-{i:06}-weekly"
            r.add("ZADD", "metermark:campaigns", NOW - i, name)
            r.add("HSET", f"metermark:{{{name}}}:total", "first_seen", NOW - DAY, "last_seen", NOW,
                  "name", name, PRODUCER, i, *[x for kv in counters(i + 1).items() for x in kv])
    with open(METERMARK, "rb") as f:
        slower = 5 if b"__asan_init" in f.read() else 1
    for form in ("table", "csv", "json", "prometheus"):
        took = []
        for _ in range(2):
            began, cpu = time.monotonic(), os.times()
            text = stats(redis, "-f", form).text
            took.append(time.monotonic() - began)
            used = os.times().children_user + os.times().children_system - \
                cpu.children_user - cpu.children_system
        tap.note(f"{form}: {min(took):.2f} s, {used:.2f} s of it our CPU, "
                 f"{len(text) / 1e6:.1f} MB")
        # The clock belongs to whoever shares the machine; so do its caches, and the CPU
        # takes longer then, too: it is some tenths of a second otherwise.
        if used > 10 * slower:
            yield f"{form}: {used:.2f} s of CPU"
        if form != "prometheus" and text.count("news-2026-") < n:
            yield f"{form}: campaigns are missing"


def body():
    with Scratch("mm-span.") as scratch, RedisServer(scratch.path) as redis:
        fill(redis)
        for function, title in (
                (sums, "--since: sums of hours and days, for each way to say it"),
                (until_is_inclusive, "--until: to the end of the day or hour it names"),
                (what_is_no_longer_kept, "what is no longer kept is said, and left out or coarser"),
                (by_hour_and_day, "--by hour, --by day"),
                (by_provider, "--by provider, with shares"),
                (order, "--sort and --top"),
                (what_it_is_sorted_by_is_shown, "what a table is sorted by is in it"),
                (rates, "rates a minute over the time that is shown"),
                (nothing, "campaigns without mail in that time, unknown and forgotten ones"),
                (metrics, "--format prometheus: families whole, counters and gauges, all mail apart"),
                (many_have_a_limit, "series have a limit"),
                (sparks, "a line of bars on a terminal, UTF-8 or not"),
                (great_numbers_fit, "great numbers and long names on narrow terminals"),
                (hundred_thousand, "100,000 campaigns are listed within ten seconds of CPU")):
            if now(CHECK_SECONDS) // HOUR * HOUR != THIS:
                fill(redis)
            check(tap, function, title, redis)


sys.exit(run(tap, body))
