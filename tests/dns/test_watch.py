#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon's own look at DNS: found soon after the start, told once, in doctor, never on
the mail's way, and off when told so."""

import json
import os
import re
import signal
import time
from statistics import median

from mmtest.dns import Liar, NameServer, txt
from mmtest.dnslab import match, metermark
from mmtest.scratch import wait_until
from mmtest.wire import plain, wire


def records(t):
    """What t.keys publishes."""
    with open(t.keys.dns_file, encoding="ascii") as f:
        for line in f:
            name, _, value = line.strip().partition(" ")
            if name.endswith(".example.com"):
                yield name[:-len(".example.com")], "TXT", txt(value)


def report(d):
    try:
        with open(os.path.join(d.run, "state", "dns.json"), encoding="ascii") as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def news(d):
    """Log lines about DNS without their time."""
    return re.findall(r"NOQUEUE: ((?:warning: )?dns .*)", d.log_text())


def next_round(d, action):
    """Do something that makes the daemon look; wait until it has."""
    before = (report(d) or {}).get("checked_ms", 0)
    action()
    return wait_until("a look at DNS", lambda: (report(d) or {}).get("checked_ms", 0) > before
                      and report(d), 40)


def reload(d):
    d.signal(signal.SIGHUP)


def findings(r):
    return {f["check"]: (f["result"], f["text"]) for f in r["findings"]}


def first(t, d):
    r = wait_until("the first look", lambda: report(d), 30)
    found = findings(r)
    want = {"dkim e1": "fail", "spf": "warn", "dmarc": "fail"}
    if {check: word for check, (word, _) in found.items()} != want:
        yield f"{found}, expected {want}"
    if (r["domains"], r["looked"], r["well"]) != (1, 1, 1):
        yield f"{r}"
    lines = news(d)
    for check, word in want.items():
        if sum(f"example.com {check}: {word}: " in line for line in lines) != 1:
            yield f"{check}: not told once: {lines}"
    yield from d.good()


def doctor(d):
    r = metermark("doctor", "-c", d.file, "-f", "json").json
    found = [c for c in r["checks"] if c["check"] == "dns"]
    if [c["status"] for c in found].count("fail") != 2 or \
            [c["status"] for c in found].count("warn") != 1:
        yield f"{found}"
    for c in found:
        if c["status"] != "ok" and not c["cure"]:
            yield f"no cure: {c}"
    yield from match("_dmarc.example.com", str(found), "doctor")


def mended(t, d, server):
    """What is put right is well again, and said once."""
    server.stop()
    server.write("example.com", [*records(t), ("@", "TXT", txt("v=spf1 -all")),
                                 ("_dmarc", "TXT", txt("v=DMARC1; p=none; rua=mailto:d@example.com"))])
    server.start()
    r = next_round(d, lambda: reload(d))
    if r["findings"] or r["well"] != 4:
        yield f"{r}"
    if sum("well again" in line for line in news(d)) != 3:
        yield f"{news(d)}"
    before = news(d)
    next_round(d, lambda: reload(d))
    if news(d) != before:
        yield f"told again: {news(d)[len(before):]}"
    found = [c for c in metermark("doctor", "-c", d.file, "-f", "json").json["checks"]
             if c["check"] == "dns"]
    if [c["status"] for c in found] != ["ok"]:
        yield f"doctor: {found}"


def again_after_restart(t, d, server):
    """A fault that was known before a restart is no news after it; what changes is."""
    server.stop()
    server.write("example.com", [*records(t), ("_dmarc", "TXT", txt("v=DMARC1; p=x"))])
    server.start()
    next_round(d, lambda: reload(d))
    known = news(d)

    def restart():
        d.ask_to_end()
        d.wait(20)
        d.start()
    next_round(d, restart)
    if news(d) != known:
        yield f"told again: {news(d)[len(known):]}"
    server.stop()
    server.write("example.com", [*records(t), ("_dmarc", "TXT", txt("v=DMARC1; p=y"))])
    server.start()
    next_round(d, lambda: reload(d))
    fresh = news(d)[len(known):]
    if len(fresh) != 1 or 'p= is "y"' not in fresh[0]:
        yield f"{fresh}"


def return_path(t, server):
    """Envelopes of a domain need its SPF record, whether or not it signs."""
    streams = """token { key { id = "a" file = "%s" } }
stream "a" { match { campaign = "a" } return_path = "b+%%{token}@bounce.example.com" }
stream "b" { match { campaign = "b" } return_path = "b@Bounce.example.com" }
stream "c" { return_path = "b@example.com" }
""" % t.scratch.write("token.key", "k" * 40 + "\n", 0o600)
    with t.daemon(f'dns_check = true\nresolver = "{server.address}"\n{streams}') as d:
        r = wait_until("the first look", lambda: report(d), 30)
        found = {(f["domain"].lower(), f["check"], f["result"]) for f in r["findings"]}
        want = {("bounce.example.com", "spf of return_path", "fail"),
                ("example.com", "spf of return_path", "fail")}
        if not want <= found or any(check == "spf" for _, check, _ in found) or \
                ("bounce.example.com", "dmarc", "fail") in found or r["domains"] != 2:
            yield f"{r}"
        if sum("ounce.example.com spf of return_path: fail: " in line for line in news(d)) != 1:
            yield f"{news(d)}"
        told = [c for c in metermark("doctor", "-c", d.file, "-f", "json").json["checks"]
                if "ounce.example.com spf of return_path" in c["text"]]
        if len(told) != 1 or told[0]["status"] != "fail" or "envelope" not in told[0]["cure"]:
            yield f"doctor: {told}"


def silent_server(t):
    """Nobody answers: mail flows as ever, a stop does not wait."""
    with Liar(lambda q: []) as liar, \
            t.daemon(f'dns_check = true\nresolver = "{liar.address}"\n') as d:
        wait_until("a question", lambda: liar.queries, 20)
        took = []
        for _ in range(20):
            message, begin = plain(), time.monotonic()
            answer = d.send(message)
            took.append(time.monotonic() - begin)
            yield from d.signed(message, answer)
        # Half of them: others may have kept the machine busy for one.
        if median(took) > 0.5 or max(took) > 10:
            yield f"messages took {median(took):.1f} s, {max(took):.1f} s at most"
        r = wait_until("a verdict", lambda: report(d), 60)
        if {w for w, _ in findings(r).values()} != {"unknown"}:
            yield f"{r}"
        reload(d)
        queries = liar.queries
        wait_until("another question", lambda: liar.queries > queries, 20)
        begin = time.monotonic()
        d.ask_to_end()
        wait_until("the end", lambda: not d.running(), 30)
        # It takes its second for Redis, which is not there.
        if time.monotonic() - begin > 15:
            yield f"the stop took {time.monotonic() - begin:.1f} s"


def off(t, server):
    with Liar(lambda q: []) as liar, \
            t.daemon(f'dns_check = false\nresolver = "{liar.address}"\n') as d:
        yield from d.good()
        time.sleep(4)
        if liar.queries or report(d):
            yield f"{liar.queries} questions, {report(d)}"
        found = [c for c in metermark("doctor", "-c", d.file, "-f", "json").json["checks"]
                 if c["check"] == "dns"]
        if found:
            yield f"doctor: {found}"
        # It can be switched on while it runs.
        with open(d.file, encoding="ascii") as f:
            text = f.read()
        with open(d.file, "w", encoding="ascii") as f:
            f.write(text.replace("dns_check = false", "dns_check = true").replace(
                liar.address, server.address))
        next_round(d, lambda: reload(d))


with wire("dns") as t:
    begin = [r for r in records(t) if r[0].startswith("r1.")]
    with NameServer(t.scratch.dir("nsd"), {"example.com": begin}) as server:
        with t.daemon(f'dns_check = true\nresolver = "{server.address}"\n',
                      t.domain(("r1", "e1"))) as d:
            t.check("what is amiss is found and told after the start", first, t, d)
            t.check("doctor shows it with a cure", doctor, d)
            t.check("what is mended is well again, told once", mended, t, d, server)
            t.check("a restart is no news", again_after_restart, t, d, server)
        t.check("a return_path's domain needs SPF", return_path, t, server)
        t.check("off means off, until a reload says otherwise", off, t, server)
    t.check("a silent name server delays neither mail nor stop", silent_server, t)
