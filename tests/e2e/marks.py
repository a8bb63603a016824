# SPDX-License-Identifier: BSD-2-Clause
"""The handled-mark through real mail servers: what has been here passes untouched, whichever
way it comes back, and a mark that is no mark changes nothing.  Each function is one TAP
line per MTA; see behaviours.py."""

import contextlib
import os
import re
import time

import settings
from behaviours import behaviour, refusals
from cases import POSTFIX
from mmtest import marks
from mmtest.compose import mail
from mmtest.scratch import wait_until

DAY = 86400
SENDER = "bounce@example.test"
HELD = """
stream "held" { match { campaign = "held-*" } inspect { rule "noreply" { action = "hold" } } }
"""


def secret(lab):
    with open(settings.token_key(lab.keys), "rb") as f:
        return f.read().rstrip(b"\r\n")


def fields_of(raw):
    head = raw.partition(b"\r\n\r\n")[0]
    return [tuple(f.split(b":", 1)) for f in re.split(rb"\r\n(?![ \t])", head)]


def made(lab, raw, when, key=None, fields=None):
    """The value of a mark on a message, or of one that only looks so."""
    return marks.value(key or secret(lab), "a", int(when), fields or fields_of(raw), SENDER)


def with_marks(raw, *values):
    return b"".join(marks.FIELD + b":" + v + b"\r\n" for v in values) + raw


def false_marks(lab, raw):
    now = time.time()
    true = made(lab, raw, now)
    other = [(n, b" Other <other@example.test>" if n == b"From" else v) for n, v in fields_of(raw)]
    nonsense = [b"", b" yes", b" v=1; k=a; t=1; m=AAAAAAAAAAAAAAAAAAAAAA", b" " + b"v" * 900]
    return {
        "of another key": [made(lab, raw, now, b"x" * 32)],
        "of another From": [made(lab, raw, now, fields=other)],
        "with another time": [true.replace(b"t=%d" % now, b"t=%d" % (now - 1))],
        "six days old": [made(lab, raw, now - 6 * DAY - 60)],
        "of tomorrow": [made(lab, raw, now + DAY)],
        "of nonsense": nonsense,
        "forty of them": [nonsense[2]] * 40,
    }


@behaviour("marks: a forged, stale or changed one is taken away and changes nothing")
def false_ones(lab, batch):
    names = list(false_marks(lab, mail()))
    for name in names:
        tag = lab.tag(batch.name)
        raw = lab.unique(mail("X-Campaign: false-mark"), tag)
        message = with_marks(raw, *false_marks(lab, raw)[name])
        with lab.client() as client:
            reply = client.send(SENDER, [f"{tag}@rcpt.test"], message)
        batch.replies.append(reply)
        if not reply.accepted:
            continue
        batch.expect(tag, "false-mark", len(message))   # signed, and counted
        got, = lab.delivered().get(tag)
        found = [v.encode() for n, v in got.fields() if n == "X-Metermark"]
        form = marks.FORM.fullmatch(found[0]) if len(found) == 1 else None
        if not form or abs(int(form[2]) - time.time()) > 60:
            yield f"{name}: arrived with {found}"
        elif found[0] != made(lab, got.raw, int(form[2])):
            yield f"{name}: not the mark that it should be: {found}"
    yield from refusals(batch)


@behaviour("marks: a true one from here, and the message passes untouched")
def true_one(lab, batch):
    """That the marks above could have been believed."""
    tag = lab.tag(batch.name)
    raw = lab.unique(mail("X-Campaign: true-mark"), tag)
    message = with_marks(raw, b" no mark", made(lab, raw, time.time() - 5 * DAY))
    with lab.client() as client:
        reply = client.send(SENDER, [f"{tag}@rcpt.test"], message)
    arrived = lab.delivered().get(tag, [])
    if len(arrived) != 1 or arrived[0].without_trace() != message:
        yield f"{reply}, arrived {len(arrived)} times, changed: {[m.path for m in arrived]}"
    if lab.redis.hash(f"{lab.prefix}:{{true-mark}}:total"):
        yield "counted"


@behaviour("marks: a stranger's passes as it is, and so does his message")
def of_a_stranger(lab, batch):
    tag = lab.tag(batch.name)
    raw = lab.unique(mail("X-Campaign: forged"), tag)
    message = with_marks(raw, made(lab, raw, time.time(), b"x" * 32))
    with lab.client(source="127.0.0.2") as client:
        reply = client.send(SENDER, [f"{tag}@rcpt.test"], message)
    arrived = lab.delivered().get(tag, [])
    if len(arrived) != 1 or arrived[0].without_trace() != message:
        yield f"{reply}, arrived {len(arrived)} times, changed: {[m.path for m in arrived]}"


@contextlib.contextmanager
def only_marks(lab):
    """Settings with which a Received field of this host says nothing."""
    lab.milter.configure(lab.config().replace("outbound {", "outbound {\n\treinjected = true") + HELD)
    lab.milter.reload()
    try:
        yield
    finally:
        lab.milter.configure(lab.config())
        lab.milter.reload()


@behaviour("marks: back from a filter, where nothing but the mark can tell")
def comes_back(lab, batch):
    """Its sender is then as the queue had it: the MTA has completed what had no domain."""
    def there_and_back(sender, campaign, domain="example.test", **message):
        tag = lab.tag(batch.name)
        with lab.client() as client:
            batch.replies.append(client.send(sender, [f"{tag}@rcpt.test"], lab.unique(
                mail(f"X-Campaign: {campaign}", **message), tag)))
        batch.expect(tag, campaign, None, domain)
        first, = lab.delivered().get(tag)
        back = re.match(r"(?:FROM:)?<([^>]*)>", first.mail_args, re.I)[1]
        tag = lab.tag(batch.name)
        with lab.client() as client:
            reply = client.send(back, [f"{tag}@rcpt.test"], first.raw)
        again = lab.delivered().get(tag, [])
        if len(again) != 1 or again[0].without_trace() != first.raw:
            return f"{sender!r} as {back!r}, {campaign}: {reply}, " \
                f"changed: {[m.path for m in again]}"
        return None

    with only_marks(lab):
        for sender in (SENDER, "news", "", "News+x@Example.TEST"):
            for campaign in ("mark-back", "track-back"):
                yield from filter(None, [there_and_back(sender, campaign)])
        # What nobody signs is completed and written anew by Sendmail as well.
        for message in ({"drop": ("Date",)}, {"drop": ("Message-ID",)},
                        {"From": "Foreign Inc. <news@foreign.test>"}):
            message = {"From": "news@foreign.test", **message}
            yield from filter(None, [there_and_back(SENDER, "mark-back", None, **message)])
    yield from refusals(batch)


def requeue(lab):
    """What is on hold, once more from the beginning."""
    held = wait_until("the message on hold", lambda: os.listdir(f"{lab.mta.spool}/hold"), 30)
    lab.mta.command("postsuper", "-r", held[0])
    lab.mta.command("sendmail", "-q")


@behaviour("marks: sendmail(1), held by a rule, then postsuper -r", mta=POSTFIX)
def submitted_held_requeued(lab, batch):
    with only_marks(lab):
        for sender in (SENDER, "news", ""):
            tag = lab.tag(batch.name)
            lab.mta.submit(sender, [f"{tag}@rcpt.test"], lab.unique(
                mail("X-Campaign: held-mark", From="noreply@example.test"), tag))
            requeue(lab)
            batch.expect(tag, "held-mark", None)
            got, = wait_until("the message", lambda: lab.delivered().get(tag), 40)
            if len(got.values("X-Metermark")) != 1:
                yield f"{sender!r}: marks {got.values('X-Metermark')}"
