#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Which edits are sent, in which order, and that the signature covers what leaves."""
import calendar
import email.utils
import time

from mmtest.daemon import SENDMAIL
from mmtest.protocol import Message
from mmtest.wire import BODY, plain, wire

STREAMS = """
stream "news" {
	match { campaign = "news-*" }
	remove = {"X-Mailer", "X-Originating-IP"}
	set "Precedence" { value = "bulk" }
	set "X-Twice" { value = "once" }
	add "X-Report-Abuse" { value = "https://example.com/abuse?c=%{campaign}" }
	add "Reply-To" { value = "replies@example.com" }
	feedback_id = "%{campaign}:%{stream}:%{domain}:exmplco"
}
"""

NEWS = """\
X-Campaign: News/1
From: sender@example.com
Precedence: list
X-Mailer: one
To: rcpt@example.net
x-twice: a
Subject: rules
X-Mailer: two
X-Campaign: other
Date: Tue, 24 Nov 2026 09:00:00 +0000
X-Twice: b
Message-ID: <2@example.com>
X-TWICE: c
X-campaign: third
"""


def shape(answer):
    """Every edit but the mark, which test_mark.py is about."""
    return [(e.kind, e.name.decode().lower(), e.index) for e in answer.edits
            if (e.kind, e.name) != ("add", b"X-Metermark")]


def differs(what, got, expected):
    return [] if got == expected else [f"{what}: {got}, expected {expected}"]


def tags(signature):
    """The tags of a DKIM-Signature value, white space removed."""
    pairs = b"".join(signature.split()).decode("ascii").split(";")
    return dict(p.split("=", 1) for p in pairs if p)


def only_a_signature(d):
    message = plain(X_Campaign=None)
    answer = d.send(message)
    yield from differs("edits", shape(answer), [("insert", "dkim-signature", 0)])
    yield from d.signed(message, answer)


def verifier_is_awake(d):
    """That the tests below can fail: changes after the signature are noticed."""
    message = plain()
    out = message.edited(d.send(message).edits)
    for n, v in out.fields:
        if n in (b"From", b"To", b"Subject", b"Date", b"Message-ID"):
            raw = out.raw().replace(n + b":" + v, n + b":" + v + b"x")
            if not all(verdict for _, _, verdict in d.verifier.dkimpy(raw)):
                yield f"a changed {n.decode()} verifies"
    for raw in (out.raw() + b"x\r\n", out.raw().replace(b"\r\n\r\n", b"\r\nCc: x@y\r\n\r\n", 1)):
        if not all(verdict for _, _, verdict in d.verifier.dkimpy(raw)):
            yield f"verifies though changed: {raw!r}"


def commands_go(d):
    message = Message.parse("X-Campaign: one\nFrom: sender@example.com\nX-CAMPAIGN: two\n"
                            "X-Metermark-Campaign: mine\nDate: Tue, 24 Nov 2026 09:00:00 +0000\n"
                            "Message-ID: <3@example.com>\nx-campaign:three\n", BODY)
    answer = d.send(message)
    yield from differs("edits", shape(answer), [
        ("delete", "x-campaign", 3), ("delete", "x-metermark-campaign", 1),
        ("delete", "x-campaign", 2), ("delete", "x-campaign", 1),
        ("insert", "dkim-signature", 0)])
    yield from d.signed(message, answer)


def additions(d):
    message = Message.parse("From: sender@example.com\nSubject: no date, no id\n", BODY)
    answer = d.send(message)
    yield from differs("edits", shape(answer), [
        ("add", "date", 0), ("add", "message-id", 0), ("insert", "dkim-signature", 0)])
    yield from d.signed(message, answer)
    date, mid = (e.value for e in answer.of("add")[:2])
    if not (date.startswith(b" ") and mid.startswith(b" ")):
        yield f"no leading space: {answer}"
    parsed = email.utils.parsedate_tz(date.decode())
    if parsed is None or parsed[9] != 0 or abs(calendar.timegm(parsed[:6]) - time.time()) > 60:
        yield f"not the time in UTC: {date!r}"
    if not mid.endswith(b"@example.com>") or len(mid) < 25:
        yield f"Message-ID {mid!r}"
    again = d.send(message)
    if again.of("add")[1].value == mid:
        yield f"the same Message-ID twice: {mid!r}"


def rules(d):
    message = Message.parse(NEWS, BODY)
    answer = d.send(message)
    kinds = [e.kind for e in answer.edits]
    order = {"change": 0, "delete": 0, "add": 1, "insert": 2}
    if [order[k] for k in kinds] != sorted(order[k] for k in kinds):
        yield f"order of kinds: {kinds}"
    if answer.edits[-1].name != b"DKIM-Signature" or answer.edits[-1].index != 0:
        yield f"the signature is not last at 0: {answer}"
    # From the highest place down, over all names together.
    places = []
    for e in answer.of("change", "delete"):
        same = [i for i, f in enumerate(message.fields) if f[0].lower() == e.name.lower()]
        places.append(same[e.index - 1])
    yield from differs("places", places, sorted(places, reverse=True))
    yield from d.signed(message, answer)
    out = message.edited(answer.edits)
    for name, expected in [
            (b"X-Campaign", []), (b"X-Mailer", []), (b"Precedence", [b"bulk"]),
            (b"X-Twice", [b"once"]), (b"Reply-To", [b"replies@example.com"]),
            (b"X-Report-Abuse", [b"https://example.com/abuse?c=news-1"]),
            (b"Feedback-ID", [b"news-1:news:example.com:exmplco"])]:
        yield from differs(name.decode(), out.all(name), expected)


def add_is_skipped_where_it_would_double_a_signed_field(d):
    message = Message.parse(NEWS + "Reply-To: mine@example.com\nFeedback-ID: a:b:c:d\n", BODY)
    answer = d.send(message)
    yield from d.signed(message, answer)
    out = message.edited(answer.edits)
    yield from differs("Reply-To", out.all(b"Reply-To"), [b"mine@example.com"])
    yield from differs("Feedback-ID", out.all(b"Feedback-ID"),
                       [b"news-1:news:example.com:exmplco"])


def no_rules_for_other_campaigns(d):
    message = Message.parse(NEWS.replace("News/1", "other"), BODY)
    answer = d.send(message)
    yield from d.signed(message, answer)
    out = message.edited(answer.edits)
    yield from differs("X-Mailer", out.all(b"X-Mailer"), [b"one", b"two"])
    yield from differs("Feedback-ID", out.all(b"Feedback-ID"), [])


def hostile_campaign(d):
    """A campaign's name goes into fields of ours, its bytes do not."""
    for name in ("news-=?utf-8?q?a=0D=0AX-Evil=3A_1?=", "news-\x1b[31m%{user}", "news-a:b;c<d>",
                 "news-=?utf-8?b?AA==?=x", "news-" + "y" * 5000):
        message = Message.parse(NEWS.replace("News/1", name), BODY)
        answer = d.send(message)
        yield from d.signed(message, answer)
        out = message.edited(answer.edits)
        value = (out.all(b"Feedback-ID") or [b"none"])[0]
        if value.count(b":") != 3 or any(c < 0x21 or c > 0x7e for c in value) or out.all(b"X-Evil"):
            yield f"{name!r}: Feedback-ID {value!r}"


def on_sendmail(d):
    """Address lists in the form that Sendmail will write."""
    message = plain(To="a@example.net,b@example.net,  <c@example.net>")
    answer = d.send(message, SENDMAIL)
    yield from d.signed(message, answer)
    to = message.edited(answer.edits).all(b"To")
    yield from differs("To", [b"".join(v.split(b" ")) for v in to],
                       [b"a@example.net,b@example.net,<c@example.net>"])
    if to[0].count(b", ") != 2:
        yield f"not as Sendmail writes it: {to}"
    answer = d.send(message)
    if answer.of("change"):
        yield f"changed for Postfix: {answer}"
    yield from d.signed(message, answer)


def two_keys(d):
    message = plain()
    answer = d.send(message)
    yield from d.signed(message, answer, signatures=2)
    got = {s for _, s, _ in d.verifier.dkimpy(message.edited(answer.edits).raw())}
    yield from differs("selectors", got, {"r1", "e1"})
    algorithms = [tags(e.value)["a"] for e in answer.of("insert")]
    yield from differs("algorithms", sorted(algorithms), ["ed25519-sha256", "rsa-sha256"])


def what_is_signed(d):
    """h= has every signed field once more when it must not be added to."""
    message = Message.parse(
        "Received: from a by b; Tue, 24 Nov 2026 09:00:00 +0000\nFrom: sender@example.com\n"
        "Subject: s\nDate: Tue, 24 Nov 2026 09:00:00 +0000\nMessage-ID: <4@example.com>\n"
        "List-Id: <l.example.com>\nList-Unsubscribe: <https://example.com/u>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\nX-Other: x\n", BODY)
    answer = d.send(message)
    yield from d.signed(message, answer)
    found = tags(answer.of("insert")[0].value)
    names = found["h"].lower().split(":")
    for name, times in [("from", 2), ("to", 1), ("cc", 1), ("subject", 2), ("date", 2),
                        ("reply-to", 1), ("message-id", 2), ("mime-version", 1),
                        ("content-type", 1), ("content-transfer-encoding", 1),
                        ("list-unsubscribe", 2), ("list-unsubscribe-post", 2),
                        ("feedback-id", 1), ("list-id", 1), ("received", 0), ("x-other", 0),
                        ("dkim-signature", 0)]:
        yield from differs(f"{name} in h=", names.count(name), times)
    for tag in ("l", "x", "z"):
        if tag in found:
            yield f"{tag}= in {found}"


HEADERS = {
    "no space after the colon": "X-Tag:three\nSubject:three",
    "two spaces and trailing ones": "X-Tag:  two\nSubject:  two  \t",
    "a tab after the colon": "Subject:\ttab",
    "an empty subject": "Subject:",
    "a subject of one space": "Subject: ",
    "folds by space and tab": "Subject: a\n b\n\tc\n  d",
    "a fold right after the colon": "Subject:\n folded",
    "a fold with white space before it": "Subject: a \n \tb",
    "8-bit and UTF-8": b"Subject: caf\xc3\xa9 \xe9\xff",
    "encoded words": "Subject: =?utf-8?q?caf=C3=A9?=\n =?utf-8?b?w6k=?=",
    "two subjects": "Subject: first\nSubject: second",
    "two To fields": "Subject: s\nTo: a@example.net\nTo: b@example.net",
    "capitals": "SUBJECT: capitals\nmime-VERSION: 1.0",
    "a signature there before": "Subject: s\nDKIM-Signature: v=1; a=rsa-sha256; d=example.net; "
                                "s=x; h=from; bh=AAAA; b=AAAA",
    "a mangled signature there before": "Subject: s\nDKIM-Signature: v=;;;",
    "a name of 300 bytes": "Subject: s\n" + "X" * 300 + ": long",
    "a name of 30,000 bytes": "Subject: s\n" + "X" * 30000 + ": long",
    "a name with odd characters": "Subject: s\nX{}|~!#$%&'*: odd",
    "a semicolon in a name": "Subject: s\nX;Y: odd",
    "percent signs": "Subject: 100%s %n %d",
    "long address lists": "Subject: s\nTo: " + ",\n ".join(
        f'"Recipient, Number {i}" <r{i}@example.net>' for i in range(300)),
    "1,200 bytes in a line, with blanks": "Subject: " + "word " * 240,
}


def header_variant(d, text, signatures=1):
    start = "From: sender@example.com\nDate: Tue, 24 Nov 2026 09:00:00 +0000\n" \
            "Message-ID: <5@example.com>\n"
    text = text if isinstance(text, bytes) else text.encode()
    message = Message.parse(start.encode() + text, BODY)
    return d.signed(message, d.send(message), signatures)


BODIES = {
    "empty": b"", "one CRLF": b"\r\n", "several CRLFs": b"\r\n" * 5, "one byte": b"x",
    "no CRLF at the end": b"a\r\nb", "blank lines at the end": b"a\r\n\r\n \r\n\r\n",
    "white space only": b" \t \r\n\t\r\n", "white space before the end": b"a \t",
    "dots": b".\r\n..\r\n.a\r\n", "8-bit": b"caf\xc3\xa9 \xff\r\n", "NUL": b"a\0b\r\n",
    "tabs and runs of blanks": b"a\t\tb   c \r\n d\r\n",
    "lines of 998": (b"x" * 998 + b"\r\n") * 20,
    "200 KB": b"0123456789 abcdefghij\r\n" * 9500,
}


def bodies(d):
    for name, body in BODIES.items():
        message = plain(body)
        for problem in d.signed(message, d.send(message)):
            yield f"{name}: {problem}"


def chunks(d):
    """The same signature whatever the chunks: cut at each place, and in ones."""
    body = b"a \r\n\r\n b\r\n.\r\n\r\n"
    message = plain(body)
    with d.client() as c:
        for at in range(len(body) + 1):
            answer = c.message(message, chunks=[body[:at], body[at:]])
            for problem in d.signed(message, answer):
                yield f"cut at {at}: {problem}"
        for text, pieces in [("ones", [body[i:i + 1] for i in range(len(body))]),
                             ("with empty ones", [b"", body[:5], b"", body[5:], b""])]:
            for problem in d.signed(message, c.message(message, chunks=pieces)):
                yield f"{text}: {problem}"


def main():
    with wire("plan") as t:
        simple = t.domain(more='canonicalization = "simple/simple"')
        with t.daemon(STREAMS) as d:
            t.check("nothing to edit: a signature is all", only_a_signature, d)
            t.check("what is changed after the signature does not verify", verifier_is_awake, d)
            t.check("each command header goes, from the highest down", commands_go, d)
            t.check("missing Date and Message-ID are added, then signed", additions, d)
            t.check("remove, set, add and feedback_id", rules, d)
            t.check("add never doubles a signed field, set replaces it",
                    add_is_skipped_where_it_would_double_a_signed_field, d)
            t.check("a campaign that no stream matches gets no rules",
                    no_rules_for_other_campaigns, d)
            t.check("a hostile campaign name breaks no field", hostile_campaign, d)
            t.check("Sendmail: addresses in its form before signing", on_sendmail, d)
            t.check("what h= names, and how often", what_is_signed, d)
            for text, header in HEADERS.items():
                t.check(f"header: {text}", header_variant, d, header)
            t.check("bodies of all kinds", bodies, d)
            t.check("a body cut at each place", chunks, d)
        with t.daemon(domain=t.domain(("r1", "e1"))) as d:
            t.check("RSA and Ed25519: two signatures", two_keys, d)
            t.check("both over bodies of all kinds", lambda: (
                f"{n}: {p}" for n, b in BODIES.items()
                for p in d.signed(plain(b), d.send(plain(b)), 2)))
        with t.daemon(domain=simple) as d:
            for text, header in HEADERS.items():
                if "1,200 bytes" not in text:
                    t.check(f"simple canonicalization, header: {text}", header_variant, d, header)
            t.check("simple canonicalization, bodies of all kinds", bodies, d)
            t.check("simple canonicalization, a body cut at each place", chunks, d)


main()
