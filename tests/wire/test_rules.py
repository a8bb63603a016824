#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The messages of tests/data/rules: what the milter logs, and what `metermark check` says
of the same message with the same settings, are both what the file `expected` tells."""
import json
import os
import re
import subprocess
import time

from mmtest.programs import SRC
from mmtest.protocol import Message
from mmtest.wire import plain, wire

DATA = os.path.join(SRC, "tests/data/rules")
PROVIDERS = ["gmail", "yahoo", "outlook", "apple", "rfc"]


def corpus():
    with open(os.path.join(DATA, "expected"), encoding="ascii") as f:
        for line in f:
            if line.startswith("#"):
                continue
            name, sender, recipients, rules = (x.strip() for x in line.split("|"))
            yield name, sender, int(recipients), set(rules.split())


def message(name):
    with open(os.path.join(DATA, name + ".eml"), "rb") as f:
        head, body = f.read().split(b"\r\n\r\n", 1)
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t":
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\n" + line)
        else:
            field, value = line.split(b":", 1)
            fields.append((field, value))
    return Message(fields, body)


def log_line(d, begin):
    """The line of the one message that was sent since."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = [x for x in d.log_text()[begin:].splitlines() if " campaign=" in x]
        if lines:
            return lines[0]
        time.sleep(0.02)
    raise RuntimeError("no line in the log")


def rules_of(line):
    found = re.search(r" rules=(\S+)", line)
    return set(found.group(1).split(",")) if found else set()


def by_milter(d):
    for name, sender, recipients, expected in corpus():
        begin = len(d.log_text())
        answer = d.send(message(name), sender=sender,
                        recipients=[f"<r{i}@example.net>" for i in range(recipients)])
        if not answer.passed:
            yield f"{name}: {answer}"
        found = rules_of(log_line(d, begin))
        if found != expected:
            yield f"{name}: {sorted(found)}, expected {sorted(expected)}"


def utf8(d):
    """UTF-8 in a header is what SMTPUTF8 is for."""
    for arguments, expected in (([], {"8bit-header"}), (["BODY=8BITMIME"], {"8bit-header"}),
                                (["SIZE=9999", "smtputf8", "BODY=8BITMIME"], set())):
        begin = len(d.log_text())
        d.send(message("8bit-header"), sender="<b@bounce.example.com>", arguments=arguments,
               recipients=["<r@example.net>"])
        found = rules_of(log_line(d, begin))
        if found != expected:
            yield f"{arguments}: {sorted(found)}"


def check(*arguments, text=None):
    return subprocess.run([os.path.join(os.environ.get("MM_BUILD", "."), "metermark"), "check",
                           "--no-dns", *arguments], capture_output=True, input=text, timeout=60)


def by_check(config):
    untested = None
    for name, sender, recipients, expected in corpus():
        r = check("-c", config, "-f", "json", "-F", sender, *["-R", "r@example.net"] * recipients,
                  os.path.join(DATA, name + ".eml"))
        report = json.loads(r.stdout)
        amiss = {x["id"] for x in report["results"] if x["result"] in ("warn", "fail")}
        failed = any(x["result"] == "fail" for x in report["results"])
        if amiss != expected:
            yield f"{name}: {sorted(amiss)}, expected {sorted(expected)}"
        if r.returncode != int(failed):
            yield f"{name}: status {r.returncode}, failed is {failed}"
        yield from scores(name, report)
        untested = ({x["id"] for x in report["results"]} if untested is None else untested) - expected
    if untested:
        yield f"no message fails {sorted(untested)}"


def demands(config):
    """Who asks how much for each rule: the words for a bad message, and pass or na for a good
    one."""
    envelopes = {name: (sender, n) for name, sender, n, _ in corpus()}
    with open(os.path.join(DATA, "demands"), encoding="ascii") as f:
        rows = [[x.strip() for x in line.split("|")] for line in f if not line.startswith("#")]
    asked = {rule: words for rule, _, *words in rows}
    for rule, name, *words in rows:
        sender, n = envelopes[name]
        r = check("-c", config, "-f", "json", "-F", sender, *["-R", "r@example.net"] * n,
                  os.path.join(DATA, name + ".eml"))
        results = json.loads(r.stdout)["results"]
        found = {x["provider"]: x["result"] for x in results if x["id"] == rule}
        if [found.get(p) for p in PROVIDERS] != words:
            yield f"{rule}: {found}, expected {words}"
    good = json.loads(check("-c", config, "-f", "json", "-F", "<b@bounce.example.com>", "-R",
                            "r@example.net", os.path.join(DATA, "good.eml")).stdout)["results"]
    ids = {x["id"] for x in good}
    if ids != set(asked) or len(rows) != len(ids):
        yield f"no row, or no rule: {sorted(ids ^ set(asked))}"
    for x in good:
        word = asked[x["id"]][PROVIDERS.index(x["provider"])] if x["id"] in asked else "na"
        if x["result"] not in (("na",) if word == "na" else ("pass", "na")):
            yield f"good: {x}"


def scores(name, report):
    for p in PROVIDERS:
        score = next(s for s in report["scores"] if s["provider"] == p)
        words = [x["result"] for x in report["results"] if x["provider"] == p]
        for word in ("pass", "warn", "fail", "na"):
            if score[word] != words.count(word):
                yield f"{name}: {p} has {words.count(word)} {word}, the score {score[word]}"
        full = score["warn"] + score["fail"] == 0
        if (score["percent"] == 100) != full:
            yield f"{name}: {p} has {score['percent']} %, full marks {full}"


def forms(config):
    """Text and page name the rule and how to fix it; hostile text stays text."""
    text = check("-c", config, "-F", "b@example.com", os.path.join(DATA, "no-post.eml"))
    if b"fail one-click" not in text.stdout or b"fix   Put an https" not in text.stdout:
        yield f"text: {text.stdout[:400]!r}"
    bad = b"From: a@example.com\r\nSubject: <script>alert(1)</script>\x1b[2J\r\n\r\nx\r\n"
    page = check("-f", "html", "-", text=bad)
    if b"<script" in page.stdout or b"&lt;script&gt;" not in page.stdout:
        yield "html: the subject is not escaped"
    if b"http-equiv" not in page.stdout or re.search(rb'(?:src|href)=', page.stdout):
        yield "html: something is loaded"
    for form in ("text", "html", "json"):
        if b"\x1b" in check("-f", form, "-", text=bad).stdout:
            yield f"{form}: a control character came through"
    for wrong in (["-f", "xml", "-"], [], ["a", "b"]):
        if check(*wrong, text=b"").returncode != 64:
            yield f"{wrong}: not 64"
    if check("/nonexistent/message").returncode != 66:
        yield "a missing file: not 66"


def transactional():
    bad = b"From: a@example.com\r\nTo: b@example.net\r\n\r\nYour receipt.\r\n"
    for options, expected in ((["-t"], set()), ([], {"one-click", "list-unsubscribe",
                                                     "unsubscribe-link"})):
        report = json.loads(check("-f", "json", *options, "-", text=bad).stdout)
        amiss = {x["id"] for x in report["results"] if x["result"] in ("warn", "fail")}
        if amiss & {"one-click", "list-unsubscribe", "unsubscribe-link"} != expected:
            yield f"{options}: {sorted(amiss)}"


STREAM = """
on_bad_message = "accept"
stream "receipts" {
	match { campaign = "receipt" }
	transactional = true
}
"""
WAYS_OUT = {"one-click", "list-unsubscribe", "unsubscribe-link"}


def transactional_stream(d):
    """Of that stream's mail only, and check with its settings says the same."""
    for campaign, expected in (("receipt", set()), ("receipts", WAYS_OUT)):
        m = plain(X_Campaign=campaign, body=b"Thank you for your order.\r\n")
        begin = len(d.log_text())
        answer = d.send(m)
        found = rules_of(log_line(d, begin)) & WAYS_OUT
        if not answer.passed or found != expected:
            yield f"{campaign}: {answer} {sorted(found)}"
        text = b"From: a@example.com\r\nX-Campaign: %s\r\n\r\nx\r\n" % campaign.encode()
        for options in (["-c", d.file], ["-c", d.file, "-t"]):
            report = json.loads(check("-f", "json", *options, "-", text=text).stdout)
            amiss = {x["id"] for x in report["results"] if x["result"] in ("warn", "fail")}
            if amiss & WAYS_OUT != (set() if "-t" in options else expected):
                yield f"{campaign}: check {options}: {sorted(amiss)}"


ACTIONS = """
inspect {
	rule "one-click" { action = "reject" }
	rule "list-unsubscribe" { action = "off" }
	rule "html-only" { action = "tempfail" }
	rule "clip" { action = "hold" }
	rule "noreply" { action = "warn" }
	rule "feedback-id" { action = "hold" }
}
stream "receipts" {
	match { campaign = "receipt" }
	inspect { rule "one-click" { action = "off" } }
}
"""


def actions(d):
    begin = len(d.log_text())
    answer = d.send(message("no-list-unsubscribe"))
    if not answer.text.startswith(b"550 5.7.1 Rule one-click: "):
        yield f"reject: {answer}"
    if rules_of(log_line(d, begin)) != {"one-click"}:
        yield f"off: {log_line(d, begin)}"
    answer = d.send(message("html-only"))
    if not answer.text.startswith(b"451 4.7.1 Rule html-only: "):
        yield f"tempfail: {answer}"
    for name in ("clip", "feedback-id-short"):
        begin = len(d.log_text())
        answer = d.send(message(name))
        held = answer.of("quarantine")
        if not answer.passed or len(held) != 1 or not held[0].value.startswith(b"Rule "):
            yield f"hold: {answer}"
        if " held=" not in log_line(d, begin):
            yield f"hold: {log_line(d, begin)}"
    begin = len(d.log_text())
    answer = d.send(message("noreply"))
    if not answer.passed or " warned=noreply" not in log_line(d, begin):
        yield f"warn: {answer} {log_line(d, begin)}"
    m = plain(X_Campaign="receipt")
    answer = d.send(m)
    if not answer.passed:
        yield f"a stream's own action: {answer}"
    answer = d.send(plain(X_Campaign="other"))
    if answer.passed:
        yield "a stream's action holds for others too"


TRACKED = """
token {{ key {{ id = "a" file = "{key}" }} }}
stream "news" {{
	match {{ campaign = "*" }}
	list_unsubscribe = "https://u.example.com/%{{token}}"
	one_click = true
	return_path = "b+%{{token}}@bounce.example.com"
}}
inspect {{ rule "envelope-aligned" {{ action = "reject" }} }}
"""


def tracked(d, key):
    """What a stream writes and whom the envelope names then is what the rules look at."""
    begin, sender, bad = len(d.log_text()), "www-data@host.invalid", "no-list-unsubscribe"
    answer = d.send(message(bad), sender=sender)
    found = rules_of(log_line(d, begin))
    if not answer.passed or found:
        yield f"milter: {answer} {sorted(found)}"

    def amiss(options):
        r = check("-c", d.file, "-f", "json", "-F", sender, *options,
                  os.path.join(DATA, bad + ".eml"))
        report = json.loads(r.stdout)
        return {x["id"] for x in report["results"] if x["result"] in ("warn", "fail")}, report

    for options in (["-R", "r@example.net"], []):
        found, report = amiss(options)
        if found or report["envelope_domain"] != "bounce.example.com":
            yield f"check {options}: {sorted(found)} {report['envelope_domain']}"
        if options and report["notes"]:
            yield f"check {options}: {report['notes']}"
        if not options and "without --rcpt" not in report["notes"][0]:
            yield f"check: nothing of the recipient that is assumed: {report['notes']}"
    # Two recipients share no URL of one: the daemon writes none, and that is a defect.
    two = ["-R", "r@example.net", "-R", "s@example.net"]
    found, _ = amiss(two)
    if not {"list-unsubscribe", "one-click"} <= found:
        yield f"check, two recipients: {sorted(found)}"
    explain = [os.path.join(os.environ.get("MM_BUILD", "."), "metermark"), "explain", "-f", "json",
               "-c", d.file, "-F", sender]
    for name, own in ((bad, False), ("good", True)):
        report = json.loads(check("-c", d.file, "-f", "json", "-F", sender, *two,
                                  os.path.join(DATA, name + ".eml")).stdout)
        told = json.loads(subprocess.run([*explain, *two, os.path.join(DATA, name + ".eml")],
                                         check=True, capture_output=True).stdout)
        for notes in (report["notes"], told["notes"]):
            if any("one recipient's, and so never on a message to 2" in n for n in notes) == own:
                yield f"two recipients of {name}: {notes}"
    os.rename(key, key + ".away")
    _, report = amiss(["-R", "r@example.net"])
    if not any("tokens are as another key" in n for n in report["notes"]):
        yield f"check without the key of tokens: {report['notes']}"
    os.rename(key + ".away", key)


def refused(d):
    """A message that the daemon would refuse: check says so, with its words."""
    for field, words in ((b"From: a@example.com\r\nFrom: b@example.com\r\n", "554 5.6.0"),
                         (b"From: a@example.com\r\nSubject: a\x01b\r\n", "554 5.6.0")):
        text = field + b"To: r@example.net\r\n\r\nx\r\n"
        notes = json.loads(check("-c", d.file, "-f", "json", "-R", "r@example.net", "-",
                                 text=text).stdout)["notes"]
        if not any(f"metermark would refuse it: {words}" in n for n in notes):
            yield f"{field!r}: {notes}"
        if json.loads(check("-f", "json", "-", text=text).stdout)["notes"]:
            yield f"{field!r}: without settings nobody refuses"


def explained(d):
    """A body that cannot be signed: no keys, and no list of what they sign."""
    text = b"From: a@example.com\r\nTo: r@example.net\r\n\r\n" + b"x" * 1100 + b"\r\n"
    command = [os.path.join(os.environ.get("MM_BUILD", "."), "metermark"), "explain", "-c", d.file]
    told = json.loads(subprocess.run([*command, "-f", "json", "-"], input=text, check=True,
                                     capture_output=True).stdout)
    if told["keys"] or told["signed"] or told["counts"].get("unsigned") != 1:
        yield f"{told['keys']} {told['signed']} {told['counts']}"
    out = subprocess.run([*command, "-"], input=text, check=True, capture_output=True).stdout
    if b"none: it leaves unsigned" not in out:
        yield out.decode()


def line_ends():
    """One header line with LF alone makes no file of such lines, and no CR CR LF."""
    good = b"From: a@example.com\r\nTo: b@example.net\r\n\r\none\r\ntwo\r\n"
    for text, expected in ((good, False), (b"X-Spam-Flag: NO\n" + good, False),
                           (good.replace(b"\r", b""), False),
                           (good.replace(b"\r", b"") + b"three\r\n", False),
                           (good + b"three\n", True), (good + b"a\rb\r\n", True)):
        report = json.loads(check("-f", "json", "-", text=text).stdout)
        words = {x["result"] for x in report["results"] if x["id"] == "bare-line-end"}
        if ("fail" in words) != expected:
            yield f"{text!r}: {sorted(words)}"


with wire("rules") as t:
    with t.daemon('on_bad_message = "accept"\n') as d:
        t.check("the milter finds exactly the defects of each message", lambda: by_milter(d))
        t.check("UTF-8 in a header is fine with SMTPUTF8", lambda: utf8(d))
        config = d.file
        t.check("so does check, and scores, results and status agree",
                lambda: by_check(config))
        t.check("each provider asks for what it is known to ask for", lambda: demands(config))
        t.check("explain names no keys for a body that cannot be signed", lambda: explained(d))
        t.check("text and page are safe and complete, wrong use is told", lambda: forms(config))
    t.check("line ends of a file are found out from all of its header", line_ends)
    t.check("a transactional message needs no way to unsubscribe", transactional)
    with t.daemon(STREAM) as d:
        t.check("nor does a message of a transactional stream", lambda: transactional_stream(d))
    with t.daemon(ACTIONS) as d:
        t.check("each action does what it says, the strongest first, streams apart",
                lambda: actions(d))
    token_key = os.path.join(t.scratch.path, "token.key")
    subprocess.run([os.path.join(os.environ.get("MM_BUILD", "."), "metermark"), "token", "key",
                    token_key], check=True, capture_output=True)
    with t.daemon(TRACKED.format(key=token_key)) as d:
        t.check("rules look at what leaves: tracking fields, the envelope's new sender",
                lambda: tracked(d, token_key))
        t.check("check tells that the daemon would refuse a message", lambda: refused(d))
