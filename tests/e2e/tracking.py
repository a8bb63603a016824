# SPDX-License-Identifier: BSD-2-Clause
"""Tracking fields and envelope senders, as the next hop gets them.  Each function
is one TAP line per MTA; see behaviours.py."""

import json
import os
import re
import subprocess

import settings
from behaviours import behaviour, refusals
from cases import POSTFIX
from mmtest.compose import canonical, mail
from mmtest.scratch import wait_until

MAILBOX = r"[a-z2-7]{47}"
URL = r"[A-Za-z0-9_-]{26,448}"
# What the stream "track" of settings.py writes, in this order, below the sender's fields.
WRITTEN = [
    ("Precedence", "bulk"),
    ("Auto-Submitted", "auto-generated"),
    ("X-Report-Abuse", rf"https://example\.test/abuse\?m={MAILBOX}"),
    ("Feedback-ID", "{campaign}:example.test:track:exmplco"),
    ("List-Unsubscribe", rf"<https://u\.example\.test/{URL}>,\r\n\t"
                         rf"<mailto:unsub\+{MAILBOX}@example\.test>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ("List-Id", r"Our letters <{campaign}\.lists\.example\.test>"),
    ("CFBL-Address", r"fbl@example\.test; report=arf"),
    ("CFBL-Feedback-ID", rf"{MAILBOX}:track"),
    ("X-Metermark", r"v=1; k=a; t=\d+; m=\S+"),
]


def delivered(lab, batch, message, campaign, **more):
    """Send one, and what arrived of it."""
    reply = send(lab, batch, message, campaign, **more)
    if not reply.accepted:
        raise RuntimeError(f"refused: {reply}")
    arrived = lab.delivered()[list(batch.expected)[-1]]
    if len(arrived) != 1:
        raise RuntimeError(f"arrived {len(arrived)} times")
    return arrived[0]


def send(lab, batch, message, campaign, sender="bounce@example.test", to="rcpt.test", rcpts=None,
         options=(), size=True, domain="example.test"):
    tag = lab.tag(batch.name)
    message = lab.unique(message, tag)
    rcpts = [r.replace("{tag}", tag) for r in rcpts or [f"{{tag}}@{to}"]]
    with lab.client() as client:
        reply = client.send(sender, rcpts, message, options)
    if reply.accepted:
        batch.expect(tag, campaign, len(message) if size else None, domain, rcpts)
    batch.replies.append(reply)
    return reply


def sender(message):
    """(address, the other arguments) of MAIL at the next hop."""
    match = re.match(r"(?i)(?:FROM:)?<([^>]*)>\s*(.*)", message.mail_args)
    return match[1], match[2].split()


def raw(message, name):
    return [v for n, v in message.fields() if n.lower() == name.lower()]


@behaviour("tracking: exact text, one of each, in one order")
def exact(lab, batch):
    got = delivered(lab, batch, mail("X-Campaign: track-exact"), "track-exact")
    for name, pattern in WRITTEN:
        found = raw(got, name)
        wanted = " " + pattern.replace("{campaign}", "track-exact")
        if len(found) != 1 or not re.fullmatch(wanted, found[0]):
            yield f"{name}: {found}, expected {wanted!r}"
    names = [n for n, _ in got.fields()]
    ours = [n for n in names if n in dict(WRITTEN)]
    if lab.name == "postfix" and ours != [n for n, _ in WRITTEN]:
        yield f"order {ours}"
    if names[0] != "DKIM-Signature":
        yield f"on top: {names[0]}"
    theirs = [n for n in names if n in ("From", "To", "Subject", "Date", "Message-ID")]
    if theirs != ["From", "To", "Subject", "Date", "Message-ID"]:
        yield f"the sender's fields: {theirs}"
    for line in got.head.split(b"\r\n"):
        if len(line) > 998:
            yield f"a line of {len(line)}"
    yield from refusals(batch)


@behaviour("tracking: a one-click message keeps every rule of RFC 8058")
def rfc8058(lab, batch):
    got = delivered(lab, batch, mail("X-Campaign: track-click"), "track-click")
    unsubscribe, post = raw(got, "List-Unsubscribe"), raw(got, "List-Unsubscribe-Post")
    # 3.1: one List-Unsubscribe header field and one List-Unsubscribe-Post header field.
    if len(unsubscribe) != 1 or len(post) != 1:
        yield f"{len(unsubscribe)} List-Unsubscribe, {len(post)} List-Unsubscribe-Post"
        return
    uris = re.findall(r"<([^>]*)>", unsubscribe[0])
    https = [u for u in uris if u.startswith("https://")]
    # 3.1: it MUST contain one HTTPS URI; it MAY contain other non-HTTP/S URIs.
    if len(https) != 1 or any(u.startswith("http://") for u in uris):
        yield f"URIs {uris}"
    # RFC 2369 2: nothing but URIs in <>, commas and white space.
    if re.sub(r"<[^<>\s]*>|[,\s]", "", unsubscribe[0]):
        yield f"more than URIs: {unsubscribe[0]!r}"
    # 3.1: the other field MUST contain the single key/value pair.
    if post[0].strip() != "List-Unsubscribe=One-Click":
        yield f"{post[0]!r}"
    # 3.1: the URI MUST hold enough to identify recipient and list, hard to forge, opaque.
    other = delivered(lab, batch, mail("X-Campaign: track-click"), "track-click")
    list_two = delivered(lab, batch, mail("X-Campaign: track-click2"), "track-click2")
    tokens = [re.search(rf"u\.example\.test/({URL})>", raw(m, "List-Unsubscribe")[0])[1]
              for m in (got, other, list_two)]
    if len(set(tokens)) != 3:
        yield f"not different for recipients and lists: {tokens}"
    for token, message, campaign in zip(tokens, (got, other, list_two),
                                        ("track-click", "track-click", "track-click2")):
        said = decode(lab, token)
        if (said["recipient"], said["campaign"]) != (message.rcpts[0], campaign):
            yield f"the token says {said}"
    forged = tokens[0][:-1] + ("A" if tokens[0][-1] != "A" else "B")
    if decode(lab, forged) is not None:
        yield "a changed token is believed"
    if got.rcpts[0].split("@")[0] in unsubscribe[0] or "track-click" in https[0]:
        yield f"the URL can be read: {https[0]}"
    # 4: a valid DKIM signature MUST cover at least both fields.
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post"):
        for signature in raw(got, "DKIM-Signature"):
            h = re.search(r"\bh=([^;]*)", re.sub(r"\s", "", signature))[1].lower().split(":")
            if name.lower() not in h:
                yield f"{name} is not in h= of {signature[:60]}"
        for changed in (got.raw.replace(f"\r\n{name}:".encode(), f"\r\n{name}: x".encode()),
                        f"{name}: <https://evil.example/>\r\n".encode() + got.raw):
            if not all(v for _, _, v in lab.ours(lab.verifier.dkimpy(changed))):
                yield f"{name} can be changed or added under the signature"
    # One recipient, one message: see the next behaviour for several.
    if len(got.rcpts) != 1:
        yield f"recipients {got.rcpts}"
    # Nothing is promised where it cannot be kept: no signature, no List-Unsubscribe-Post.
    away = delivered(lab, batch, mail("X-Campaign: track-click", From="n@example.net"),
                     "track-click", domain=None)
    if raw(away, "List-Unsubscribe-Post") or not raw(away, "List-Unsubscribe"):
        yield f"unsigned: {raw(away, 'List-Unsubscribe-Post')}"


def decode(lab, token):
    """What the command says of a token; None where it does not believe it."""
    key = os.path.join(lab.keys.directory, "token.copy")
    if not os.path.exists(key):     # its own user must own a key
        with open(settings.token_key(lab.keys), "rb") as f, \
                open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            out.write(f.read())
    done = subprocess.run([lab.command, "token", "decode", "-K", f"a={key}", "-f", "json", "--",
                           token], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"status {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout) if done.returncode == 0 else None
    return answer[0] if isinstance(answer, list) else answer


@behaviour("tracking: no URL of one recipient on mail of several")
def several(lab, batch):
    got = delivered(lab, batch, mail("X-Campaign: track-several"), "track-several",
                    rcpts=["{tag}+0@rcpt.test", "{tag}+1@rcpt.test"])
    found = raw(got, "List-Unsubscribe")
    if len(found) != 1 or not re.fullmatch(
            rf" <https://u\.example\.test/list/track-several>,\r\n\t"
            rf"<mailto:unsub\+{MAILBOX}@example\.test>", found[0]):
        yield f"{found}"
    if raw(got, "List-Unsubscribe-Post"):
        yield "with List-Unsubscribe-Post"


@behaviour("tracking: envelope sender and ENVID at the next hop")
def envelope(lab, batch):
    """The sink of utf8.test speaks DSN."""
    token = rf"b\+({MAILBOX})@bounce\.example\.test"
    for options, sent_by, wanted in [
            ((), "bounce@example.test", {"ENVID=TOKEN"}),
            (("RET=HDRS",), "bounce@example.test", {"ENVID=TOKEN", "RET=HDRS"}),
            (("RET=HDRS", "ENVID=theirs+2B1"), "x@example.net", {"ENVID=theirs+2B1", "RET=HDRS"}),
            (("BODY=8BITMIME",), "bounce@example.test", {"ENVID=TOKEN", "BODY=8BITMIME"})]:
        body = "Grüße\r\n" if options == ("BODY=8BITMIME",) else "hello\r\n"
        message = mail("X-Campaign: track-env", "MIME-Version: 1.0",
                       "Content-Type: text/plain; charset=utf-8",
                       "Content-Transfer-Encoding: 8bit", body=body)
        got = delivered(lab, batch, message, "track-env", sender=sent_by, to="utf8.test",
                        options=options)
        address, arguments = sender(got)
        found = re.fullmatch(token, address)
        if not found:
            yield f"{options}: sender {address!r}"
            continue
        arguments = {a.replace(found[1], "TOKEN") for a in arguments
                     if not a.startswith(("SIZE=", "AUTH="))}
        if not wanted <= arguments or arguments - wanted - {"BODY=8BITMIME", "RET=HDRS"}:
            yield f"{options}: {arguments}, expected {wanted}"
        if "ENVID=TOKEN" in wanted and found[1] not in raw(got, "CFBL-Feedback-ID")[0]:
            yield "another token in CFBL-Feedback-ID"
    got = delivered(lab, batch, mail("X-Campaign: track-env"), "track-env", sender="",
                    to="utf8.test")
    if sender(got)[0] != "":
        yield f"the null sender became {sender(got)}"


@behaviour("tracking: the sender is left where no return_path is set")
def left(lab, batch):
    got = delivered(lab, batch, mail("X-Campaign: replace-left"), "replace-left")
    if sender(got)[0] != "bounce@example.test":
        yield f"{got.mail_args}"


@behaviour("tracking: a missing Message-ID holds the token")
def message_id(lab, batch):
    """Postfix has added its own by the time a milter sees mail of local clients."""
    got = delivered(lab, batch, mail("X-Campaign: track-id", drop=("Message-ID",)), "track-id",
                    size=False)
    found = raw(got, "Message-ID")
    wanted = rf" <{MAILBOX}@example\.test>" if lab.name == "sendmail" else r" <\S+@\S+>"
    if len(found) != 1 or not re.fullmatch(wanted, found[0]):
        yield f"{found}, expected {wanted}"


@behaviour("tracking: sendmail(1)")
def submitted(lab, batch):
    tag = lab.tag(batch.name)
    lab.mta.submit("bounce@example.test", [f"{tag}@rcpt.test"],
                   lab.unique(mail("X-Campaign: track-cmd"), tag))
    batch.expect(tag, "track-cmd", None)
    got = wait_until("the message", lambda: lab.delivered().get(tag), 40)[0]
    if not re.fullmatch(rf"b\+{MAILBOX}@bounce\.example\.test", sender(got)[0]):
        yield f"sender {got.mail_args}"
    for name, _ in WRITTEN:
        if len(raw(got, name)) != 1:
            yield f"{name}: {raw(got, name)}"


@behaviour("tracking: postsuper -r leaves sender, fields and counters alone", mta=POSTFIX)
def requeue(lab, batch):
    tag = lab.tag(batch.name)
    message = lab.unique(mail("X-Campaign: track-requeue"), tag)
    with lab.client() as client:
        batch.replies.append(client.send("b@example.test", [f"{tag}@hold.test"], message))
    held = wait_until("the message on hold", lambda: os.listdir(f"{lab.mta.spool}/hold"), 30)
    before = lab.mta.command("postcat", "-qh", held[0])
    lab.mta.command("postsuper", "-r", held[0])
    lab.mta.command("sendmail", "-q")
    batch.expect(tag, "track-requeue", len(message), rcpts=[f"{tag}@hold.test"])
    got = wait_until("the message", lambda: lab.delivered().get(tag), 40)[0]
    token = re.search(rf"b\+({MAILBOX})@", sender(got)[0])
    if not token or token[1] not in raw(got, "CFBL-Feedback-ID")[0]:
        yield f"sender {got.mail_args}"
    for name, _ in WRITTEN:
        if len(raw(got, name)) != 1:
            yield f"{name}: {raw(got, name)}"
        elif raw(got, name)[0].split()[-1] not in before:
            yield f"{name} is not as it was: {raw(got, name)}"
    # Postfix shows it to no milter again; one that did would find the mark.
    if len(re.findall(" accepted campaign=track-requeue ", lab.milter.log_text())) != 1:
        yield "accepted more than once"
    yield from refusals(batch)


@behaviour("tracking: hostile values behind placeholders")
def hostile(lab, batch):
    for evil in ("%{token}{}:;,<>\"\\", "x" * 20000, "\udcff\udcfe", "..", "a@b, c",
                 "<https://evil.example/>"):
        campaign = canonical(f"track-{evil}")
        got = delivered(lab, batch, mail(f"X-Campaign: track-{evil}"), campaign)
        for name, pattern in WRITTEN:
            fits = campaign.replace(".", "-") if name == "List-Id" else campaign
            found = raw(got, name)
            if len(found) != 1 or not re.fullmatch(
                    " " + pattern.replace("{campaign}", re.escape(fits)), found[0]):
                yield f"{evil[:20]!r}: {name} {found}"
        names = {n for n, _ in got.fields()} - {n for n, _ in WRITTEN}
        odd = names - {"DKIM-Signature", "Received", "From", "To", "Subject", "Date", "Message-ID"}
        if odd:
            yield f"{evil[:20]!r}: {odd}"
