#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The handled-mark: what has been here before is known again, and a false mark is nothing.

The marks that the tests make themselves are made by mmtest.marks, not with the daemon's
code.
"""
import hashlib
import os
import re
import signal
import subprocess
import time

from mmtest import marks
from mmtest.daemon import POSTFIX, SENDMAIL
from mmtest.marks import FORM
from mmtest.protocol import Message
from mmtest.scratch import wait_until
from mmtest.wire import BODY, plain, wire

STRANGER = {"address": "192.0.2.7"}
MARK = marks.FIELD
SECRETS = {"a": b"the token key of these tests, a", "b": b"the token key of these tests, b!"}
DAY = 86400


def recipient_key(d):
    with open(os.path.join(d.run, "state", "recipient.key"), "rb") as file:
        return hashlib.sha256(file.read().rstrip(b"\r\n")).digest()


def make(secret, key_id, when, message, sender="sender@example.com"):
    """The field that a daemon with that secret would have written."""
    return (MARK, marks.value(secret, key_id, when, message.fields, sender))


def with_marks(message, *fields):
    return Message(message.fields + list(fields), message.body)


def unchanged(d, message, reason="marked", macros=POSTFIX, connect=None, **how):
    """Not one edit, and the log says why."""
    before = len(re.findall(rf"passed .*reason={reason}\b", d.log_text()))
    answer = d.send(message, macros, connect, **how)
    if not answer.passed or answer.edits:
        yield f"not passed untouched: {answer}"
        return
    wait_until("a log line", lambda: len(re.findall(
        rf"passed .*reason={reason}\b", d.log_text())) == before + 1, 5)


def handled_anew(d, message, macros=POSTFIX, connect=None, **how):
    """Signed, and with one mark: a new one."""
    answer = d.send(message, macros, connect, **how)
    yield from d.signed(message, answer)
    found = message.edited(answer.edits).all(MARK)
    if len(found) != 1 or found[0] in message.all(MARK):
        yield f"marks {found}: {answer}"


def handled(d, message=None, macros=POSTFIX, **how):
    """A message as it comes out."""
    message = message or plain()
    return message.edited(d.send(message, macros, **how).edits)


def every_message_gets_one(d):
    for text, message in [("signed", plain()), ("unsigned", plain(From="x@example.org")),
                          ("two From fields", Message.parse("From: a@b.c\nFrom: d@e.f\n", BODY))]:
        answer = d.send(message)
        out = message.edited(answer.edits)
        form = [FORM.fullmatch(v) for n, v in out.fields if n == MARK]
        if len(form) != 1 or form[0] is None or abs(int(form[0][2]) - time.time()) > 30:
            yield f"{text}: {answer}"
        elif make(recipient_key(d), "-", int(form[0][2]), out) != (MARK, form[0][0]):
            yield f"{text}: not the HMAC that it should be: {answer}"


def it_is_not_signed(d):
    """Whoever takes it away breaks nothing."""
    message = plain()
    answer = d.send(message)
    if b"metermark" in b"".join(e.value for e in answer.of("insert")).lower():
        yield f"it is in h=: {answer}"
    out = message.edited(answer.edits)
    out.fields = [f for f in out.fields if f[0] != MARK]
    yield from [v for _, _, v in d.verifier.dkimpy(out.delivered()) if v]


def a_requeue(d, macros):
    """The message as it left, with what an MTA puts on top, for fewer recipients."""
    out = handled(d, None, macros, recipients=("<a@example.net>", "<b@example.net>"))
    yield from unchanged(d, out, macros=macros, recipients=("<b@example.net>",))
    out.fields.insert(0, (b"Received", b" by filter.example.org; today"))
    yield from unchanged(d, out, macros=macros)
    # Where the filter runs on this host, either would do.
    out.fields.insert(0, (b"Received", b" by mx.example.com; today"))
    yield from unchanged(d, out, macros=macros)


def a_sender_that_was_completed(d):
    """The client says news, the queue news@example.com."""
    out = handled(d, sender="<news>")
    yield from unchanged(d, out, sender="news@example.com")
    yield from unchanged(d, out, sender="<news>")
    yield from handled_anew(d, strip_signature(out), sender="<other@example.com>")


def missing_fields(d):
    """What we added is under the mark as well."""
    out = handled(d, Message.parse("From: sender@example.com\nSubject: x\n", BODY))
    yield from unchanged(d, out)


def commands_in_a_marked_message(d):
    """An application cannot know, but a filter might add one: untouched is untouched."""
    out = handled(d)
    out.fields.append((b"X-Campaign", b" other"))
    yield from unchanged(d, out)


CHANGES = [(b"From", b" Other <other@example.com>"), (b"Date", b" Wed, 25 Nov 2026 09:00:00 +0000"),
           (b"Message-ID", b" <2@example.com>")]


def changed(d):
    for name, value in CHANGES:
        out = strip_signature(handled(d))
        out.fields = [(n, value if n == name else v) for n, v in out.fields]
        for problem in handled_anew(d, out):
            yield f"{name.decode()}: {problem}"
    yield from handled_anew(d, strip_signature(handled(d)), sender="<other@example.com>")


def strip_signature(message):
    """The old one would be judged with the new one."""
    message.fields = [f for f in message.fields if f[0] != b"DKIM-Signature"]
    return message


def forged(d):
    now, message = int(time.time()), plain()
    good = make(recipient_key(d), "-", now, message)
    cases = {
        "another secret": make(b"x" * 32, "-", now, message),
        "a key that nobody has": make(recipient_key(d), "a", now, message),
        "a MAC of zeros": (MARK, b" v=1; k=-; t=%d; m=AAAAAAAAAAAAAAAAAAAAAA" % now),
        "nothing": (MARK, b""), "text": (MARK, b" yes"), "60,000 bytes": (MARK, b" " + b"v" * 60000),
        "bytes": (MARK, b" v=1; k=\xff; t=\x01; m=" + bytes(range(1, 10))),
        "another time": (MARK, good[1].replace(b"t=%d" % now, b"t=%d" % (now + 1))),
    }
    for text, mark in cases.items():
        for problem in handled_anew(d, with_marks(message, mark)):
            yield f"{text}: {problem}"
    for problem in handled_anew(d, with_marks(message, *[cases["a MAC of zeros"]] * 500)):
        yield f"500 of them: {problem}"
    # It can fail: the true one is believed.
    yield from unchanged(d, with_marks(message, good))
    yield from unchanged(d, with_marks(message, cases["nothing"], good))


def life(d):
    now, secret, message = int(time.time()), recipient_key(d), plain()
    for text, when, known in [("just now", now, True), ("almost six days", now - 6 * DAY + 60, True),
                              ("six days", now - 6 * DAY, False), ("in 1970", 0, False),
                              ("from a clock that is ahead", now + 600, True),
                              ("from the future", now + DAY, False)]:
        marked = with_marks(message, make(secret, "-", when, message))
        for problem in (unchanged if known else handled_anew)(d, marked):
            yield f"{text}: {problem}"


def as_user(d):
    """Who only knows a password is not believed."""
    message = plain()
    marked = with_marks(message, make(recipient_key(d), "-", int(time.time()) - 60, message))
    macros = dict(POSTFIX, auth_authen="alice", auth_type="PLAIN")
    yield from handled_anew(d, marked, macros, STRANGER)
    yield from unchanged(d, marked)


def strangers(d):
    message = plain()
    for mark in (make(recipient_key(d), "-", int(time.time()), message), (MARK, b" yes")):
        answer = d.send(with_marks(message, mark), POSTFIX, STRANGER)
        if not answer.passed or answer.edits:
            yield f"not passed untouched: {answer}"


def received_still_stands(d):
    """Without a mark that holds, the Received rule says what it always said."""
    mine = plain(Received="from x by mx.example.com; today")
    yield from unchanged(d, mine, "reinjected")
    yield from unchanged(d, with_marks(mine, (MARK, b" v=1; forged")), "reinjected")


def reinjected_true(d):
    mine = plain(Received="from x by mx.example.com; today")
    yield from handled_anew(d, mine)
    yield from unchanged(d, handled(d, mine))


def by_daemon_name(d):
    macros = dict(POSTFIX, daemon_name="submission")
    yield from unchanged(d, handled(d, None, macros), macros=macros, connect=STRANGER)


def token_config(t, *ids):
    keys = ""
    for key_id in ids:
        file = os.path.join(t.scratch.path, f"token-{key_id}.key")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            out.write(SECRETS[key_id].ljust(40, b".") + b"\n")
        keys += f'key {{ id = "{key_id}" file = "{file}" }}\n'
    return f"token {{\n{keys}}}\n"


def key_of(message):
    return FORM.fullmatch(dict(message.fields)[MARK])[1].decode()


def reload(d, config):
    with open(d.file, encoding="utf-8") as f:
        text = f.read()
    with open(d.file, "w", encoding="utf-8") as f:
        f.write(re.sub(r"token \{.*?\n\}\n", "", text, flags=re.S) + config)
    before = d.log_text().count(" reloaded ")
    os.kill(d.process.pid, signal.SIGHUP)
    wait_until("the reload", lambda: d.log_text().count(" reloaded ") > before, 30)


def rotation(t, d):
    """From the daemon's own key to token keys, to newer ones, and on."""
    own = handled(d)
    reload(d, token_config(t, "a"))
    first = handled(d)
    if (key_of(own), key_of(first)) != ("-", "a"):
        yield f"keys {key_of(own)} and {key_of(first)}"
    yield from unchanged(d, own)
    reload(d, token_config(t, "a", "b"))
    second = handled(d)
    if key_of(second) != "b":
        yield f"not the newest: {key_of(second)}"
    for message in (own, first, second):
        yield from unchanged(d, message)
    reload(d, token_config(t, "b"))
    yield from handled_anew(d, strip_signature(first))
    yield from unchanged(d, second)


def other_host(d, other):
    """The same token keys: each knows the other's marks, whatever its own key is."""
    yield from unchanged(other, handled(d))
    yield from unchanged(d, handled(other))


def stranger_host(d, other):
    yield from handled_anew(other, strip_signature(handled(d)))


def restart(d):
    out = handled(d)
    d.ask_to_end()
    yield from d.ended()
    d.start()
    yield from unchanged(d, out)


def settings_refused(t):
    """-t: the file and the line, what is wrong with a key, and what to do."""
    program = os.path.join(os.environ.get("MM_BUILD") or os.getcwd(), "metermark-milter")
    folder = t.scratch.dir("refused", mode=0o700)

    def write(name, text, mode=0o600):
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    cases = [
        (write("short", b"x" * 31 + b"\r\n"), r"found a key of 31 bytes, expected 32 to 4096; run: "
                                             r"metermark token key FILE"),
        (write("empty", b""), "found a key of 0 bytes"),
        (write("long", b"x" * 4097), "found a key of 4097 bytes"),
        (write("open", b"x" * 40, 0o644), "mode 0644 lets others read or change the key; run: "
                                          "chmod 600"),
        (os.path.join(folder, "none"), "cannot be opened: No such file"),
        (folder, "found a directory, expected a regular file"),
    ]
    for path, expected in cases:
        conf = write("m.conf", b'user = "root"\ntoken {\n key { id = "a" file = "%s" }\n}\n'
                     % path.encode())
        got = subprocess.run([program, "-t", "-c", conf], text=True, capture_output=True,
                             check=False)
        wanted = rf"{re.escape(conf)}:3: {re.escape(path)}: {expected}"
        if got.returncode != 78 or not re.search(wanted, got.stderr):
            yield f"status {got.returncode}, {got.stderr!r}, expected {wanted!r}"


def main():
    with wire("mark") as t:
        check = t.check
        users = t.domain(more='users = {"alice"}')
        with t.daemon('on_bad_message = "accept"', users) as d:
            check("every message that is accepted gets a mark", every_message_gets_one, d)
            check("no signature covers it", it_is_not_signed, d)
            check("a requeue passes untouched, on Postfix", a_requeue, d, POSTFIX)
            check("and on Sendmail", a_requeue, d, SENDMAIL)
            check("a sender without a domain comes back with one", a_sender_that_was_completed, d)
            check("so does a message whose Date and Message-ID are ours", missing_fields, d)
            check("commands in a marked message are left", commands_in_a_marked_message, d)
            check("a message that was changed is a new one", changed, d)
            check("a forged mark is replaced", forged, d)
            check("a mark lives six days", life, d)
            check("an authenticated client's mark is nothing", as_user, d)
            check("a stranger's mark is nothing, and left", strangers, d)
            check("without a mark the Received fields count", received_still_stands, d)
            check("marks survive a restart", restart, d)
            check("token keys come, change and go", rotation, t, d)
        with t.daemon('outbound {\nreinjected = true\ndaemon_names = {"submission"}\n}') as d:
            check("a mark is certain where reinjected = true", reinjected_true, d)
            check("and where a daemon is listed", by_daemon_name, d)
            with t.daemon() as other:
                check("another host has another key", stranger_host, d, other)
        with t.daemon(token_config(t, "a", "b")) as d, t.daemon(token_config(t, "b", "a")) as other:
            check("hosts with the same token keys know each other's marks", other_host, d, other)
        check("keys that are no good are named with their line", settings_refused, t)


main()
