#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every service's tags: counted under the right campaign, no command sent on, and
`metermark explain` says beforehand exactly what the daemon does.

Redis is real where there is one; without, what the log says has to do."""
import collections
import contextlib
import json
import os
import re
import subprocess
import time

from mmtest.daemon import POSTFIX, SENDMAIL
from mmtest.programs import METERMARK, SRC, Missing
from mmtest.protocol import Message
from mmtest.redis import RedisServer
from mmtest.scratch import wait_until
from mmtest.vendors import CASES
from mmtest.wire import plain, wire

STRANGER = {"address": "192.0.2.7"}
MANUAL = os.path.join(SRC, "conf/metermark.conf.5.in")

STREAMS = """
stream "gold" {
	match { tag = {"tier=gold*", "vip"} }
	feedback_id = "%{campaign}:%{customer}:%{stream}:sender"
}
stream "broadcast" { match { tag = "message-stream=broadcast*" campaign = "w*" }
	set "Precedence" { value = "bulk" } }
"""


def tagged(header):
    message = plain(X_Campaign=None)
    message.fields += Message.parse(header).fields
    return message


def names(message):
    return [n.decode("latin1").lower() for n, _ in message.fields]


def log_of(d, queue_id):
    """The daemon's line about that message."""
    return wait_until(f"a line about {queue_id}", lambda: next(
        (line for line in d.log_text().splitlines() if f" {queue_id}: " in f" {line}"), None), 10)


def send(d, message, queue_id, macros=POSTFIX, connect=None):
    return d.send(message, {**macros, "i": queue_id}, connect)


def as_case(case, d, macros, number, seen):
    """One case through the daemon."""
    message, queue_id = tagged(case.header), f"4C{number}"
    answer = send(d, message, queue_id, macros)
    yield from d.signed(message, answer)
    if not answer.passed:
        return
    line = log_of(d, queue_id)
    campaign = re.search(r" campaign=(\S+)", line).group(1)
    if campaign != case.campaign:
        yield f"campaign {campaign}, expected {case.campaign}"
    fault = re.search(r" source_fault=(\S+)", line)
    if (fault.group(1) if fault else "") != case.fault:
        yield f"fault {fault and fault.group(1)!r}, expected {case.fault!r}: {line}"
    seen[campaign, "messages"] += 1
    seen[campaign, "bad_source"] += 1 if case.fault else 0
    mine = set(names(tagged(case.header))) - set(names(tagged("")))
    left = [n for n in names(message.edited(answer.edits)) if n in mine]
    if left != [n.lower() for n in case.left]:
        yield f"left {left}, expected {case.left}"


def explain(d, message, *options):
    path = os.path.join(d.run, "message")
    with open(path, "wb") as f:
        f.write(message.raw())
    done = subprocess.run([METERMARK, "explain", "-c", d.file, "-f", "json", *options, path],
                          capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
    if done.returncode not in (0, 1) or done.stderr:
        raise RuntimeError(f"status {done.returncode}: {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def comparable(kind, index, name, value):
    """An edit without what differs from run to run."""
    if name.lower() in ("dkim-signature", "x-metermark", "date", "message-id"):
        value = "..."
    return (kind, index, name, value)


def explained(case, d, mta, macros):
    """explain's edits are the daemon's, and so is what it says of the log."""
    message = tagged(case.header)
    answer = send(d, message, f"4X{mta}", macros)
    status, said = explain(d, message, "--mta", mta, "--host", "mx.example.com",
                           "--from", "<sender@example.com>", "--rcpt", "<rcpt@example.net>",
                           "--queue-id", "QUEUEID")
    theirs = [comparable(e.kind, 0 if e.kind in ("add", "insert") else e.index, e.name.decode(),
                         e.value.decode("latin1")) for e in answer.edits]
    mine = [comparable({"remove": "delete"}.get(e["edit"], e["edit"]), e["index"], e["field"],
                       e["value"] or "") for e in said["edits"]]
    if status != 0 or said["verdict"] != "accept" or theirs != mine:
        yield f"the daemon: {theirs}"
        yield f"explain ({status}, {said['verdict']}): {mine}"
    # Every case is sent before, so its line is there.
    theirs = log_of(d, f"4X{mta}").split(": ", 1)[1]
    theirs = d.log_text().split(f"4X{mta}: ")[-1].split("\n")[0] or theirs
    if said["log"] != f"QUEUEID: {theirs}":
        yield f"the daemon's log: {theirs}"
        yield f"explain's: {said['log']}"
    missing = [t for t in case.tags if t not in said["tags"]]
    if missing:
        yield f"no tags {missing} among {said['tags']}"
    if said["campaign"]["source"] is None:
        yield "no source"


def all_services_have_a_case():
    done = subprocess.run([METERMARK, "campaigns", "--sources", "-f", "json"],
                          capture_output=True, text=True, check=True)
    table = [row["source"] for row in json.loads(done.stdout)]
    missing = set(table) - {c.vendor for c in CASES}
    if missing or len(table) < 25:
        yield f"no case for {sorted(missing)}"


def sentences(row):
    """What the manual has to say of a service."""
    if row["title"] != row["source"]:
        yield row["title"] + "."
    for label, text in (("Campaign", row["campaign"]), ("Repeated", row["repeated"]),
                        ("Limits", row["limits"]), ("Tags", row["tags"]),
                        ("Removed", ", ".join(row["removed"])),
                        ("Sent on", ", ".join(row["sent_on"]))):
        if text:
            yield f"{label}: {text}."


def the_manual_has_the_table():
    done = subprocess.run([METERMARK, "campaigns", "--sources", "-f", "json"],
                          capture_output=True, text=True, check=True)
    table = json.loads(done.stdout)
    with open(MANUAL, encoding="utf-8") as f:
        text = f.read()
    part = text.split(".Ss Sources\n")[1].split(".Bl -tag -width Ds\n")[1].split(".El\n")[0]
    manual = [(item.split("\n")[0], item.split("\n")[1:-1])
              for item in part.split(".It Cm ")[1:]]
    program_says = [(row["source"], list(sentences(row))) for row in table]
    for theirs, mine in zip(manual, program_says):
        if theirs != mine:
            yield f"the manual: {theirs}; the program: {mine}"
    if len(manual) != len(program_says):
        yield f"{len(manual)} in the manual, {len(program_says)} in the program"


def the_table_is_for_people_too():
    done = subprocess.run([METERMARK, "campaigns", "--sources"], capture_output=True, text=True,
                          check=True)
    for row in json.loads(subprocess.run(
            [METERMARK, "campaigns", "-s", "-f", "json"], capture_output=True, text=True,
            check=True).stdout):
        if f"{row['source']}  ({row['title']})\n" not in done.stdout:
            yield f"{row['source']} is not in it"
        for part in filter(None, (row["campaign"], row["tags"], ", ".join(row["removed"]))):
            if part not in done.stdout:
                yield f"{row['source']}: not in it: {part}"


def counted(redis, seen):
    """Redis has what was sent, under each campaign."""
    def problems():
        found = []
        for (campaign, counter), n in seen.items():
            there = int(redis.command("HGET", f"metermark:{{{campaign}}}:total", counter) or 0)
            if there != n:
                found.append(f"{campaign}: {counter} {there}, sent {n}")
        return found
    until = time.time() + 20
    while problems() and time.time() < until:
        time.sleep(0.2)
    yield from problems()
    total = sum(n for (_, counter), n in seen.items() if counter == "bad_source")
    there = int(redis.command("HGET", "metermark:{_all}:total", "bad_source") or 0)
    if there != total:
        yield f"_all: bad_source {there}, sent {total}"


def names_are_listed(redis, seen):
    campaigns = {campaign for campaign, _ in seen}
    done = subprocess.run([METERMARK, "campaigns", "-r", redis.url, "-f", "json"],
                          capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    if {row["campaign"] for row in rows} != campaigns:
        yield f"{sorted(row['campaign'] for row in rows)}, sent {sorted(campaigns)}"
    if any(abs(row["last_seen"] - time.time()) > 600 for row in rows):
        yield f"times: {rows}"
    done = subprocess.run([METERMARK, "campaigns", "-r", redis.url, "sp*", "none-such"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 1 or 'no campaign "none-such"' not in done.stderr:
        yield f"what is not there: {done.returncode} {done.stderr}"
    lines = done.stdout.split("\n")
    if not lines[0].startswith("CAMPAIGN") or len(lines) != 3 or \
            not lines[1].startswith("spring-2026  20"):
        yield f"with a pattern: {done.stdout!r}"
    done = subprocess.run([METERMARK, "campaigns", "-r", redis.url, "-n", "1", "-f", "json"],
                          capture_output=True, text=True, check=True)
    if len(json.loads(done.stdout)) != 1:
        yield f"with a limit: {done.stdout}"


def strangers_tags_are_theirs(d):
    """Neither read nor removed; at MAIL such a client is let go already."""
    for case in CASES:
        answer = send(d, tagged(case.header), "4S", connect=STRANGER)
        if answer.edits or not answer.passed:
            yield f"{case.name}: {answer}"
    if "4S:" in d.log_text():
        yield "there is a line about it"


def only_sources_in_use_are_read(t):
    with t.daemon('campaign { sources = {"ses", "list-id"} default = "rest" }') as d:
        message = tagged("X-SMTPAPI: {\nX-Campaign: c\nX-MC-Track: opens\n")
        answer = send(d, message, "4U1")
        yield from d.signed(message, answer)
        if any(e.kind == "delete" for e in answer.edits):
            yield f"removed: {answer}"
        line = log_of(d, "4U1")
        if " campaign=rest " not in line or "bad_source" in line:
            yield line
        message = tagged("X-SES-Message-Tags: campaign=a\nX-Campaign: c\n")
        left = names(message.edited(send(d, message, "4U2").edits))
        if "x-campaign" not in left or "x-ses-message-tags" in left:
            yield f"left: {left}"


def refused_by_setting(t):
    with t.daemon("campaign { on_bad_source = reject }") as d:
        for case in CASES:
            message = tagged(case.header)
            answer = send(d, message, "4R")
            if not case.fault:
                yield from (f"{case.name}: {p}" for p in d.signed(message, answer))
            elif answer.verdict != "reply" or not answer.text.startswith(b"550 5.6.0 ") \
                    or answer.edits:
                yield f"{case.name}: {answer}"
        answer = send(d, tagged("X-SMTPAPI: {\n"), "4R9")
        if answer.text != b"550 5.6.0 The field X-SMTPAPI is no valid JSON, correct it":
            yield f"{answer}"
        if " reason=bad-source " not in log_of(d, "4R9"):
            yield log_of(d, "4R9")
        status, said = explain(d, tagged("X-SMTPAPI: {\n"))
        if status != 1 or said["reason"] != "bad-source" or \
                said["reply"] != "550 5.6.0 The field X-SMTPAPI is no valid JSON, correct it" or \
                said["counts"] != {"rejected": 1, "bad_source": 1}:
            yield f"explain: {status} {said}"


HOSTILE = {
    "60 KB": b"X-SMTPAPI: {\"category\":\"" + b"a" * 61440 + b"\"}\n",
    "60 KB of brackets": b"X-MSYS-API: " + b"[" * 61440 + b"\n",
    "60 KB of commas": b"X-MC-Tags: " + b"," * 61440 + b"\n",
    "800 of them": b"X-Mailgun-Variables: {\"a\":\"b\"}\n" * 800,
    "800 tags": b"".join(b"X-Metadata-k%d: v\n" % i for i in range(800)),
    "words that decode to line ends":
        b"X-Campaign: =?utf-8?Q?a=0D=0ABcc:_x@example.net=0D=0A=00?=\n",
    "escapes that decode to line ends":
        b"X-SMTPAPI: {\"category\":\"a\\r\\nBcc: x@example.net\\u0000\"}\n",
    "braces, percent, colons": b"X-Campaign: {x}:%n%{token}:\n",
    "8-bit": b"X-Tag: caf\xe9\n",
    "homographs": "X-Tag: s\u0430le\n".encode(),
    "a name with braces": b"X-Metadata-{campaign}%s: v\n",
    "a name of 255 bytes": b"X-Metadata-" + b"k" * 244 + b": v\n",
    "controls": b"X-Tag: \x1b]0;x\x07\x7f\n",
}


def hostile(d, header, number):
    message = tagged(header)
    macros = {**POSTFIX, "i": f"4H{number}"}
    answer = d.send(message, macros)
    yield from d.signed(message, answer)
    if not answer.passed:
        return
    out = message.edited(answer.edits)
    if b"bcc" in [n.lower() for n, _ in out.fields] or out.all(b"X-Campaign") or \
            out.all(b"X-Tag"):
        yield f"left: {names(out)}"
    for e in answer.edits:
        if e.name != b"DKIM-Signature" and (b"\n" in e.value or b"\r" in e.value):
            yield f"a line end in {e}"
    line = log_of(d, f"4H{number}")
    campaign = re.search(r" campaign=(\S+)", line).group(1)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", campaign):
        yield f"campaign {campaign}"
    if re.search(r"[^\x20-\x7e]", line):
        yield f"the log: {line!r}"


def streams(t):
    with t.daemon(STREAMS) as d:
        for header, stream, field, value in (
                ("X-SES-Message-Tags: campaign=c, Tier=Golden\nX-Tenant: A: B\n", "gold",
                 b"Feedback-ID", b"c:a-b:gold:sender"),
                ("X-Tag: vip\n", "gold", b"Feedback-ID", b"vip::gold:sender"),
                ("X-PM-Tag: welcome\nX-PM-Message-Stream: broadcasts\n", "broadcast",
                 b"Precedence", b"bulk"),
                ("X-PM-Tag: other\nX-PM-Message-Stream: broadcasts\n", "none", None, None)):
            message = tagged(header)
            answer = send(d, message, f"4T{stream}")
            yield from d.signed(message, answer)
            if f" stream={stream} " not in log_of(d, f"4T{stream}"):
                yield f"{header!r}: {log_of(d, f'4T{stream}')}"
            out = message.edited(answer.edits)
            if field and out.all(field) != [value]:
                yield f"{header!r}: {field} {out.all(field)}"
            _, said = explain(d, message)
            if (said["stream"] or "none") != stream:
                yield f"explain: {said['stream']}, {said['streams']}"


def why_not(d):
    """explain about mail that is not ours, or not signed."""
    for options, header, word in (
            (["--client", "192.0.2.7"], "", None),
            (["--client", "192.0.2.7", "--user", "nobody"], "", "user-not-allowed"),
            ([], "Received: from x by mx.example.com; now\n", "reinjected"),
            (["--client", "::1"], "Subject: two\nFrom: a@example.com\n", "two-froms")):
        status, said = explain(d, tagged(header), "--host", "mx.example.com", *options)
        if said["reason"] != word or said["keys"] or (status == 1) != (word == "two-froms"):
            yield f"{options}: {status} {said['verdict']} {said['reason']} {said['keys']}"
        if said["client"]["why"] == "" or (word and not said["explanation"]):
            yield f"{options}: no reason given: {said['client']} {said['explanation']}"
    other = plain(From="x@example.org")
    _, said = explain(d, other)
    if said["reason"] != "no-domain" or said["counts"].get("unsigned") != 1:
        yield f"no domain: {said['reason']} {said['counts']}"


def keys_that_cannot_be_read(t, d):
    """A plain user learns all but what is in the key."""
    if os.geteuid() != 0:
        return
    config, message = (os.path.join(t.scratch.dir("open"), n) for n in ("conf", "mail"))
    with open(d.file, encoding="utf-8") as f, open(config, "w", encoding="utf-8") as out:
        out.write(f.read())
    with open(message, "wb") as f:
        f.write(plain().raw().replace(b"\r\n", b"\n"))
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", METERMARK, "explain",
         "-c", config, "--rcpt", "a@example.net", message],
        capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or done.stderr:
        yield f"status {done.returncode}: {done.stderr}"
    for wanted in ("verdict    accept\n", "campaign   autumn, sent as \"autumn\" in X-Campaign",
                   "keys       example.com/r1 (not looked at: ", "remove  X-Campaign\n",
                   "on top  DKIM-Signature: v=1; d=example.com; s=r1; ..."):
        if wanted not in done.stdout:
            yield f"{wanted!r} is not in {done.stdout}"


def odd_files(d):
    """Any file is a message; what is none is said."""
    run = os.path.join(d.run, "odd")
    for text, status, note in (
            (b"", 1, None),
            (b"no header\nat all\n", 1, "line 1 is no header field"),
            (b"From x Mon\nFrom: a@example.com\nno field\n\nbody\n", 0,
             "line 3 is no header field"),
            (b"From: a@example.com\r\n\r\na\nb\r\n", 1, None),
            (b"From: a@example.com\n\na\nb\n", 0, None),
            (b"From: a@example.com\nX-Tag: a\0b\n\n\0\n", 0, None),
            (b"\xff" * 300 + b": x\nFrom: a@example.com\n", 0, None)):
        with open(run, "wb") as f:
            f.write(text)
        done = subprocess.run([METERMARK, "explain", "-c", d.file, "-f", "json", run],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != status or done.stderr:
            yield f"{text[:40]!r}: {done.returncode} {done.stderr}"
        elif note and not any(note in n for n in json.loads(done.stdout)["notes"]):
            yield f"{text[:40]!r}: {json.loads(done.stdout)['notes']}"
        text_form = subprocess.run([METERMARK, "explain", "-c", d.file, "-"], input=text,
                                   capture_output=True, timeout=60, check=False)
        if text_form.returncode != status or re.search(rb"[\x00-\x09\x0b-\x1f\x7f]",
                                                       text_form.stdout):
            yield f"{text[:40]!r}: {text_form}"
    for arguments, status in ((["none-such"], 66), ([], 64), (["a", "b"], 64),
                              (["-m", "exim", "x"], 64), (["-C", "x", run], 64),
                              (["-f", "csv", "x"], 64), (["-c", "/none/such", run], 78)):
        more = [] if "-c" in arguments else ["-c", d.file]
        done = subprocess.run([METERMARK, "explain", *more, *arguments], capture_output=True,
                              text=True, timeout=60, check=False)
        if done.returncode != status or done.stdout or not done.stderr:
            yield f"{arguments}: {done.returncode}, expected {status}: {done.stderr}"


@contextlib.contextmanager
def redis_or_none(t):
    try:
        server = RedisServer(t.scratch.dir("redis"))
    except Missing:
        yield None
        return
    server.start()
    try:
        yield server
    finally:
        server.stop()


def main():
    with wire("sources") as t, redis_or_none(t) as redis:
        t.check("every service has a case here", all_services_have_a_case)
        t.check("the manual has the table of the program", the_manual_has_the_table)
        t.check("the table is for people, too", the_table_is_for_people_too)
        seen = collections.Counter()
        with t.daemon("flush_interval_ms = 50", redis=redis and redis.url) as d:
            for number, case in enumerate(CASES):
                t.check(f"{case.name}, Postfix", as_case, case, d, POSTFIX, f"P{number}", seen)
                t.check(f"{case.name}, Sendmail", as_case, case, d, SENDMAIL, f"S{number}", seen)
            if redis:
                t.check("each is counted under its campaign", counted, redis, seen)
                t.check("metermark campaigns lists them", names_are_listed, redis, seen)
            else:
                t.tap.skip("each is counted under its campaign", "no redis-server")
            t.check("strangers' tags are neither read nor removed", strangers_tags_are_theirs, d)
        with t.daemon(STREAMS) as d:
            for case in CASES:
                t.check(f"{case.name}, explained", explained, case, d, "postfix", POSTFIX)
            t.check("explained for Sendmail", explained, CASES[0], d, "sendmail", SENDMAIL)
            t.check("explain says why not", why_not, d)
            t.check("explain needs no key", keys_that_cannot_be_read, t, d)
            t.check("explain takes any file", odd_files, d)
            for number, (what, header) in enumerate(HOSTILE.items()):
                t.check(f"hostile: {what}", hostile, d, header, number)
        t.check("tags choose streams and name the customer", streams, t)
        t.check("only the sources in use are read", only_sources_in_use_are_read, t)
        t.check("on_bad_source = reject", refused_by_setting, t)


main()
