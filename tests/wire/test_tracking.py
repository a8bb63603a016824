#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tracking fields of a stream: what is written, where, how often; what becomes of the
sender's own; the envelope sender; what strangers can and cannot put into any of it."""
import json
import os
import re
import subprocess

from mmtest.daemon import POSTFIX, SENDMAIL
from mmtest.wire import plain, wire

MAILBOX = "[a-z2-7]{47}"
URL = "[A-Za-z0-9_-]{26,448}"

STREAMS = """
stream "all" {
	match { campaign = "all*" }
	list_unsubscribe = "https://u.example.com/%{token}"
	one_click = true
	list_unsubscribe_mailto = "unsub+%{token}@example.com?subject=unsubscribe"
	list_unsubscribe_list = "https://u.example.com/lists/%{campaign}"
	list_id = "Our News <%{campaign}.lists.example.com>"
	return_path = "b+%{token}@bounce.example.com"
	cfbl_address = "fbl@reports.example.com; report=arf"
	cfbl_feedback_id = "%{token}:%{stream}:%{campaign}"
	message_id = "%{token}@%{domain}"
	feedback_id = "%{campaign}:%{user}:%{stream}:exmplco"
	set "Precedence" { value = "bulk" }
	add "X-Note" { value = "%{token}" }
	remove_leaks = true
}
stream "replace" {
	match { campaign = "replace" }
	list_unsubscribe = "https://u.example.com/%{token}"
	list_id = "<%{campaign}.lists.example.com>"
	feedback_id = "%{campaign}:%{stream}:c:exmplco"
	cfbl_address = "fbl@example.com"
	replace = {"Feedback-ID", "List-Unsubscribe", "List-Id"}
}
stream "keep" {
	match { campaign = "keep" }
	list_unsubscribe = "https://u.example.com/%{token}"
	feedback_id = "%{campaign}:%{stream}:c:exmplco"
	replace = {}
}
stream "none" {
	match { campaign = "none-*" }
	list_unsubscribe = "https://u.example.com/%{token}"
	one_click = true
	several_recipients = "none"
}
stream "reject" {
	match { campaign = "reject" }
	list_unsubscribe = "https://u.example.com/%{token}"
	several_recipients = reject
}
stream "same" {
	match { campaign = "same" }
	list_unsubscribe = "https://u.example.com/leave?list=%{campaign}&user=%{user}"
	list_unsubscribe_mailto = "leave@example.com"
	return_path = "bounces@bounce.example.com"
}
stream "rule" {
	match { campaign = "rule-set" }
	set "List-Unsubscribe" { value = "<https://u.example.com/leave>" }
}
stream "rule-add" {
	match { campaign = "rule-add" }
	add "List-Unsubscribe" { value = "<https://u.example.com/leave>" }
}
stream "odd" {
	match { campaign = "odd" }
	list_id = "<%{user}.%{domain}>"
	list_unsubscribe = "https://u.example.com/%{user}/%{queue_id}/%{token}"
	cfbl_address = "fbl@example.com"
	cfbl_feedback_id = "%{user}:%{domain}:%{customer}"
	feedback_id = "%{user}:%{customer}:%{domain}:exmplco"
	set "X-All" { value = "%{user} %{queue_id} %{customer} %{domain} %{token}" }
}
"""


def value(message, name):
    values = message.all(name.encode())
    return values[0].decode() if len(values) == 1 else values


def expect(message, **fields):
    """Exactly one of each, its text matching; None: none of it."""
    for name, pattern in fields.items():
        name = name.replace("_", "-")
        found = value(message, name)
        if pattern is None and found != []:
            yield f"{name}: {found!r}, expected none"
        elif pattern is not None and (not isinstance(found, str)
                                      or not re.fullmatch(pattern, found, re.S)):
            yield f"{name}: {found!r}, expected {pattern!r}"


def decode(t, token):
    """What the command says of a token."""
    program = os.path.join(os.environ.get("MM_BUILD") or os.getcwd(), "metermark")
    got = subprocess.run([program, "token", "decode", "-K", f"a={t.token_key}", "-f", "json",
                          "--", token], capture_output=True, text=True, check=False)
    if got.returncode != 0:
        raise RuntimeError(f"{token}: status {got.returncode}, {got.stdout}{got.stderr}")
    answer = json.loads(got.stdout)
    return answer[0] if isinstance(answer, list) else answer


def sent(d, message, **how):
    """The message as it leaves, and the answer; its signature must be good."""
    answer = d.send(message, **how)
    problems = d.signed(message, answer)
    if problems:
        raise RuntimeError(f"{problems}")
    return message.edited(answer.edits), answer


def everything(t, d, macros):
    message = plain(X_Campaign="all-in", Message_ID=None, X_Originating_IP="10.1.2.3",
                    X_PHP_Script="/home/u/send.php", Bcc="hidden@example.net",
                    BIMI_Location="x", BIMI_Indicator="y", BIMI_Selector="v=BIMI1; s=brand",
                    X_Source_Dir="/home/u", X_Mailer="M 1", Return_Path="<x@example.com>")
    out, answer = sent(d, message, macros=macros)
    yield from expect(
        out, List_Unsubscribe=rf"<https://u\.example\.com/{URL}>,\n\t"
        rf"<mailto:unsub\+{MAILBOX}@example\.com\?subject=unsubscribe>",
        List_Unsubscribe_Post="List-Unsubscribe=One-Click",
        List_Id=r"Our News <all-in\.lists\.example\.com>",
        CFBL_Address=r"fbl@reports\.example\.com; report=arf",
        CFBL_Feedback_ID=rf"{MAILBOX}:all:\n?\t?all-in", Message_ID=rf"<{MAILBOX}@example\.com>",
        Feedback_ID="all-in::all:exmplco", Precedence="bulk", X_Note=MAILBOX,
        BIMI_Selector="v=BIMI1; s=brand", X_Mailer="M 1", X_Originating_IP=None,
        X_PHP_Script=None, X_Source_Dir=None, Bcc=None, BIMI_Location=None,
        BIMI_Indicator=None, Return_Path=None, X_Campaign=None)
    tokens = {re.search(MAILBOX, value(out, name)).group()
              for name in ("CFBL-Feedback-ID", "Message-ID", "X-Note")}
    tokens.add(re.search(rf"\+({MAILBOX})@", value(out, "List-Unsubscribe"))[1])
    (address, arguments), = answer.senders
    if address != f"<b+{list(tokens)[0]}@bounce.example.com>".encode() or len(tokens) != 1 \
            or arguments != f"ENVID={list(tokens)[0]}".encode():
        yield f"senders {answer.senders}, tokens {tokens}"
    mailbox = decode(t, tokens.pop())
    url = decode(t, re.search(rf"example\.com/({URL})>", value(out, "List-Unsubscribe"))[1])
    if (mailbox["form"], url["form"], url["campaign"], url["recipient"]) != (
            "mailbox", "url", "all-in", "rcpt@example.net"):
        yield f"tokens say {mailbox} and {url}"


def signed_fields(d):
    message = plain(X_Campaign="all-in", BIMI_Selector="v=BIMI1; s=brand")
    out, _ = sent(d, message)
    tags = dict(p.split("=", 1) for p in
                re.sub(r"\s", "", value(out, "DKIM-Signature")).split(";") if p)
    names = tags["h"].lower().split(":")
    for name, times in [("list-unsubscribe", 2), ("list-unsubscribe-post", 2), ("list-id", 1),
                        ("feedback-id", 2), ("cfbl-address", 1), ("cfbl-feedback-id", 1),
                        ("message-id", 2), ("bimi-selector", 1), ("precedence", 1)]:
        if names.count(name) != times:
            yield f"h= has {name} {names.count(name)} times, expected {times}"
    # And that it can fail: each of them is covered.
    for name in (b"List-Unsubscribe", b"List-Unsubscribe-Post", b"List-Id", b"Feedback-ID",
                 b"CFBL-Address", b"CFBL-Feedback-ID", b"BIMI-Selector"):
        raw = out.delivered().replace(name + b": ", name + b": x", 1)
        if not all(verdict for _, _, verdict in d.verifier.dkimpy(raw)):
            yield f"a changed {name.decode()} verifies"


def where_they_stand(d):
    """Below what the sender wrote, in one order; nothing of the sender moves."""
    message = plain(X_Campaign="all-in", Message_ID=None)
    out, answer = sent(d, message)
    names = [n.decode() for n, _ in out.fields]
    expected = ["DKIM-Signature", *(n.decode() for n, _ in message.fields
                                    if n != b"X-Campaign"),
                "Precedence", "X-Note", "Feedback-ID", "Message-ID", "List-Unsubscribe",
                "List-Unsubscribe-Post", "List-Id", "CFBL-Address", "CFBL-Feedback-ID",
                "X-Metermark"]
    if names != expected:
        yield f"fields {names}, expected {expected}"
    for name, text in out.fields:
        for line in (name + b":" + text).split(b"\n"):
            # What has no blank in it cannot be folded.
            if len(line) > 998 or (len(line) > 78 and b" " in line[20:]
                                   and (name, text) not in message.fields
                                   and name != b"DKIM-Signature"):
                yield f"a line of {len(line)}: {line!r}"


def senders_own(d):
    """Kept by default: way out, list and complaint address; replaced: Feedback-ID."""
    own = dict(List_Unsubscribe="<https://theirs.example.com/1>",
               List_Unsubscribe_Post="List-Unsubscribe=One-Click",
               List_Id="Theirs <t.example.com>", CFBL_Address="c@example.com",
               CFBL_Feedback_ID="theirs", Feedback_ID="x:y:z:theirs", Message_ID="<m@example.com>")
    out, answer = sent(d, plain(X_Campaign="all-in", **own))
    yield from expect(out, **{**{k: re.escape(v) for k, v in own.items()},
                              "Feedback_ID": "all-in::all:exmplco"})
    # Replaced where that is set, and then exactly one; what does not belong to ours goes.
    out, _ = sent(d, plain(X_Campaign="replace", **own))
    yield from expect(out, List_Unsubscribe=rf"<https://u\.example\.com/{URL}>",
                      List_Unsubscribe_Post=None, List_Id=r"<replace\.lists\.example\.com>",
                      Feedback_ID="replace::c:exmplco", CFBL_Address="c@example.com",
                      CFBL_Feedback_ID="theirs", Message_ID="<m@example.com>")
    out, _ = sent(d, plain(X_Campaign="keep", **own))
    yield from expect(out, Feedback_ID="x:y:z:theirs",
                      List_Unsubscribe="<https://theirs.example.com/1>",
                      List_Unsubscribe_Post="List-Unsubscribe=One-Click")
    # Half of a pair: we put no Post beside an URL of theirs, nor leave theirs beside ours.
    out, _ = sent(d, plain(X_Campaign="all-in", List_Unsubscribe="<mailto:x@example.com>"))
    yield from expect(out, List_Unsubscribe="<mailto:x@example.com>", List_Unsubscribe_Post=None)
    out, _ = sent(d, plain(X_Campaign="keep", List_Unsubscribe_Post="List-Unsubscribe=One-Click"))
    yield from expect(out, List_Unsubscribe=rf"<https://u\.example\.com/{URL}>",
                      List_Unsubscribe_Post=None)
    out, _ = sent(d, plain(X_Campaign="all-in", List_Unsubscribe_Post="List-Unsubscribe=No"))
    yield from expect(out, List_Unsubscribe_Post="List-Unsubscribe=One-Click")
    out, _ = sent(d, plain(X_Campaign="all-in", CFBL_Feedback_ID="mine"))
    yield from expect(out, CFBL_Address=None, CFBL_Feedback_ID="mine")
    # The same where a rule writes the URL: nobody says that it takes a POST.
    for theirs in (own, {k: v for k, v in own.items() if k != "List_Unsubscribe"}):
        out, _ = sent(d, plain(X_Campaign="rule-set", **theirs))
        yield from expect(out, List_Unsubscribe="<https://u.example.com/leave>",
                          List_Unsubscribe_Post=None)
    out, _ = sent(d, plain(X_Campaign="rule-add", **theirs))
    yield from expect(out, List_Unsubscribe="<https://u.example.com/leave>",
                      List_Unsubscribe_Post=None)
    # What is not added takes nothing away.
    out, _ = sent(d, plain(X_Campaign="rule-add", **own))
    yield from expect(out, List_Unsubscribe="<https://theirs.example.com/1>",
                      List_Unsubscribe_Post="List-Unsubscribe=One-Click")


def several_of_their_own(d):
    message = plain(X_Campaign="keep")
    for name, text in [(b"List-Unsubscribe", b" <mailto:a@example.com>"), (b"Feedback-ID", b" "),
                       (b"Feedback-ID", b" a:b:c:first"), (b"List-Unsubscribe", b" "),
                       (b"list-unsubscribe", b" <https://example.com/2>"),
                       (b"FEEDBACK-ID", b" a:b:c:second")]:
        message.fields.append((name, text))
    out, _ = sent(d, message)
    yield from expect(out, List_Unsubscribe=r"<mailto:a@example\.com>,\n\t"
                      r"<https://example\.com/2>", Feedback_ID="a:b:c:first")
    message = plain(X_Campaign="replace")
    message.fields += [(b"List-Unsubscribe", b" <mailto:a@example.com>"),
                       (b"LIST-ID", b" <a.b>"), (b"List-Id", b" <c.d>")] * 3
    out, _ = sent(d, message)
    yield from expect(out, List_Unsubscribe=rf"<https://u\.example\.com/{URL}>",
                      List_Id=r"<replace\.lists\.example\.com>")
    # An empty field is none.
    out, _ = sent(d, plain(X_Campaign="all-in", List_Unsubscribe="", List_Id=" ", CFBL_Address=""))
    yield from expect(out, List_Unsubscribe="<https://u.*", List_Id="Our .*",
                      CFBL_Address="fbl@.*")


def several(d):
    """No URL of one recipient on a message with two."""
    two = {"recipients": ("<a@example.net>", "<b@example.net>")}
    out, _ = sent(d, plain(X_Campaign="all-in"), **two)
    yield from expect(out, List_Unsubscribe=r"<https://u\.example\.com/lists/all-in>,\n\t"
                      rf"<mailto:unsub\+{MAILBOX}@example\.com\?subject=unsubscribe>",
                      List_Unsubscribe_Post=None)
    for campaign in ("none-1", "keep"):
        out, _ = sent(d, plain(X_Campaign=campaign), **two)
        yield from expect(out, List_Unsubscribe=None, List_Unsubscribe_Post=None)
    own = plain(X_Campaign="reject", List_Unsubscribe="<mailto:x@example.com>")
    out, _ = sent(d, own, **two)
    yield from expect(out, List_Unsubscribe="<mailto:x@example.com>")
    answer = d.send(plain(X_Campaign="reject"), **two)
    if answer.verdict != "reply" or not answer.text.startswith(b"550 5.5.3 ") or answer.edits:
        yield f"reject: {answer}"
    out, _ = sent(d, plain(X_Campaign="reject"))
    yield from expect(out, List_Unsubscribe=rf"<https://u\.example\.com/{URL}>")
    # The same address twice is two recipients, a third message on the connection is its own.
    with d.client() as c:
        seen = []
        for rcpts in (["<a@example.net>"] * 2, ["<a@example.net>"], ["<b@example.net>"]):
            message = plain(X_Campaign="none-1")
            edited = message.edited(c.message(message, recipients=rcpts).edits)
            seen.append(value(edited, "List-Unsubscribe"))
        if seen[0] != [] or seen[1] == seen[2]:
            yield f"on one connection: {seen}"


def the_same_for_all(d):
    for rcpts in (("<a@example.net>",), ("<a@example.net>", "<b@example.net>")):
        out, answer = sent(d, plain(X_Campaign="same"), recipients=rcpts,
                           macros=dict(POSTFIX, auth_authen="a>b, c"))
        yield from expect(out, List_Unsubscribe=r"<https://u\.example\.com/leave\?list=same&"
                          r"user=a-b--c>,\n\t<mailto:leave@example\.com>",
                          List_Unsubscribe_Post=None)
        if answer.senders != [(b"<bounces@bounce.example.com>", b"")]:
            yield f"senders {answer.senders}"


def unsigned(d):
    """No one click without a signature, nor a complaint address."""
    message = plain(X_Campaign="all-in", From="a@example.net")
    answer = d.send(message)
    out = message.edited(answer.edits)
    yield from expect(out, DKIM_Signature=None, List_Unsubscribe=rf"<https://u\.example.com/{URL}>.*",
                      List_Unsubscribe_Post=None, CFBL_Address=None, CFBL_Feedback_ID=None)
    if not re.search("edit_skipped=CFBL-Address", d.log_text()):
        yield "the log does not tell of the CFBL-Address"


ONLY_SIGNED = {"List_Unsubscribe_Post": None, "CFBL_Address": None, "CFBL_Feedback_ID": None}


def unsigned_after_all(t, d):
    """What cannot be signed is known late, or at the end; the same fields are not on it."""
    program = os.path.join(os.environ.get("MM_BUILD") or os.getcwd(), "metermark")
    long_line = dict(X_Campaign="all-in", Subject="x" * 1200)
    for macros in (POSTFIX, SENDMAIL):
        for what, message in [("header", plain(**long_line)),
                              ("body", plain(b"x" * 2000 + b"\r\n", X_Campaign="all-in"))]:
            answer = d.send(message, macros)
            out = message.edited(answer.edits)
            yield from expect(out, DKIM_Signature=None, Precedence="bulk",
                              List_Unsubscribe=rf"<https://u\.example.com/{URL}>.*",
                              **ONLY_SIGNED)
            if not answer.passed or f"reason=long-{what}-line" not in d.log_text():
                yield f"{what}: {answer}"
            path = t.scratch.write("long.eml", "".join(
                f"{n.decode()}:{v.decode()}\n" for n, v in message.fields) + "\n" +
                message.body.decode().replace("\r\n", "\n"))
            told = subprocess.run([program, "explain", "-c", d.file, path],
                                  capture_output=True, text=True, check=False)
            if told.returncode != 0 or "add     List-Unsubscribe:" not in told.stdout or \
                    re.search("add +(List-Unsubscribe-Post|CFBL)", told.stdout):
                yield f"explain: {told}"
    # The sender's own are his; what his Post spoke of is gone where his URL is.
    own = dict(long_line, List_Unsubscribe="<https://theirs.example.com/1>",
               List_Unsubscribe_Post="List-Unsubscribe=One-Click", CFBL_Address="c@example.com")
    message = plain(**own)
    out = message.edited(d.send(message).edits)
    yield from expect(out, DKIM_Signature=None,
                      List_Unsubscribe_Post="List-Unsubscribe=One-Click",
                      CFBL_Address="c@example.com", CFBL_Feedback_ID=None)
    message = plain(**dict(long_line, List_Unsubscribe_Post="List-Unsubscribe=No"))
    out = message.edited(d.send(message).edits)
    yield from expect(out, List_Unsubscribe="<https://u.*", **ONLY_SIGNED)


def sender_arguments(d):
    """What a client gave with MAIL goes along; the null sender stays."""
    def given(macros, sender, *arguments):
        message = plain(X_Campaign="all-in")
        answer = d.send(message, macros, sender=sender, arguments=arguments)
        if not answer.passed or len(answer.senders) > 1:
            return f"{answer} {answer.senders}"
        return re.sub(MAILBOX, "TOKEN", b" ".join(answer.senders[0]).decode()) \
            if answer.senders else None

    new = "<b+TOKEN@bounce.example.com>"
    for macros, sender, arguments, expected in [
            (POSTFIX, "<a@example.com>", (), f"{new} ENVID=TOKEN"),
            (SENDMAIL, "a@example.com", (), f"{new} ENVID=TOKEN"),
            (POSTFIX, "<>", ("RET=HDRS",), None),
            (SENDMAIL, "<>", (), None),
            (POSTFIX, "<a@example.com>", ("BODY=8BITMIME", "SIZE=100", "RET=HDRS"),
             f"{new} RET=HDRS ENVID=TOKEN"),
            (SENDMAIL, "<a@example.com>", ("BODY=8BITMIME", "SIZE=100", "RET=HDRS"),
             f"{new} BODY=8BITMIME RET=HDRS ENVID=TOKEN"),
            (POSTFIX, "<a@example.com>", ("ENVID=theirs+2B1",), f"{new} ENVID=theirs+2B1"),
            (SENDMAIL, "<a@example.com>", ("envid=x", "AUTH=<>"), f"{new} envid=x AUTH=<>"),
            (POSTFIX, "<a@example.com>", (b"ENVID=a\x01b", b"RET=HDRS\r\nRCPT", "X" * 5000),
             f"{new} ENVID=TOKEN"),
            (POSTFIX, b"<a@\xff\x01\r\n>", (), f"{new} ENVID=TOKEN"),
            (POSTFIX, "<" + "x" * 60000 + ">", (), f"{new} ENVID=TOKEN")]:
        got = given(macros, sender, *arguments)
        if got != expected:
            yield f"{sender[:40]} {arguments}: {got!r}, expected {expected!r}"


def without_chgfrom(d):
    """An MTA that cannot change senders: such mail waits, other mail does not."""
    from mmtest import protocol as m
    with d.client(actions=m.ALL_ACTIONS & ~m.CHGFROM) as c:
        answer = c.message(plain(X_Campaign="all-in"))
        if answer.verdict != "tempfail" or answer.senders or answer.edits:
            yield f"{answer} {answer.senders}"
        message = plain(X_Campaign="keep")
        answer = c.message(message)
        yield from d.signed(message, answer)


HOSTILE = [b"a\r\nX-Evil: 1", b"\r\n\r\nbody", b"%{token}%{campaign}%s%n", b"{}:;:{<>},\"\\()", b"x" * 60000,
           b"\xff\xfe\x80", b"a\tb\x01\x1b[1m\x7f", b"=?UTF-8?B?DQpYLUV2aWw6IDE=?=",
           b"\xd0\xb0dmin@\xd0\xb5xample.com", b",,,", b">", b"><https://evil.example>",
           b"..", b" ", b"@"]


def hostile(d):
    """Whatever stands behind a placeholder: the same fields, and none is broken."""
    clean, _ = sent(d, plain(X_Campaign="odd"),
                    macros=dict(POSTFIX, auth_authen="u", i="4X"))
    names = [n for n, _ in clean.fields]
    for evil in HOSTILE:
        message = plain(X_Campaign="odd")
        # Macros are C strings of the MTA; a recipient and a tag may be of any bytes.
        text = evil.decode("utf-8", "surrogateescape")
        message.fields.append((b"X-Tenant", b" " + evil.replace(b"\r\n", b"\n ")))
        macros = dict(POSTFIX, auth_authen=text[:30000], i=text[:30000])
        for rcpt in (b"<rcpt@example.net>", b"<" + evil.replace(b"\0", b"") + b"@example.net>"):
            try:
                answer = d.send(message, macros, recipients=(rcpt,))
            except Exception as e:
                yield f"{evil[:20]!r}: {e!r}"
                continue
            if not answer.passed:
                yield f"{evil[:20]!r}: {answer}"
                continue
            problems = d.signed(message, answer)
            out = message.edited(answer.edits)
            new = [n for n, _ in out.fields if n in names]
            odd = [n for n, _ in out.fields if n not in names]
            if problems or odd or len(set(new)) != len(new):
                yield f"{evil[:20]!r}: {problems} {new} {odd}"
            for name, text_ in out.fields:
                if re.search(rb"\n(?![ \t])|\r|\0|[\x01-\x08\x0b-\x1f\x7f]", text_) or \
                        max(map(len, (name + b":" + text_).split(b"\n"))) > 998 or \
                        re.search(rb"\n[ \t]*(\n|$)", text_):
                    yield f"{evil[:20]!r}: {name} {text_[:200]!r}"
            lu = value(out, "List-Unsubscribe")
            if lu != [] and not re.fullmatch(r"<https://u\.example\.com/[^<>,\s]*>", lu):
                yield f"{evil[:20]!r}: List-Unsubscribe {lu!r}"
            fid = value(out, "Feedback-ID")
            if fid != [] and not re.fullmatch(r"([A-Za-z0-9._-]*:){3}exmplco", fid):
                yield f"{evil[:20]!r}: Feedback-ID {fid!r}"
            lid = value(out, "List-Id")
            if lid != [] and not re.fullmatch(r"<[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+>", lid):
                yield f"{evil[:20]!r}: List-Id {lid!r}"
            cid = value(out, "CFBL-Feedback-ID")
            if cid != [] and not re.fullmatch(r"[A-Za-z0-9_:\s-]+", cid):
                yield f"{evil[:20]!r}: CFBL-Feedback-ID {cid!r}"
    log = d.log_text()
    if "\r" in log or re.search(r"^X-Evil", log, re.M):
        yield "a line of the log is forged"


def rcpt_forms(t, d):
    """The recipient in the token is the address, whatever was around it."""
    for rcpt, expected in [(b"<rcpt@example.net>", "rcpt@example.net"),
                           (b"rcpt@example.net", "rcpt@example.net"),
                           (b"<@relay.example:rcpt@example.net>", "rcpt@example.net"),
                           (b"<Rcpt.Name+tag@Example.NET>", "Rcpt.Name+tag@Example.NET"),
                           ("<jürgen@grüße.example>".encode(), "jürgen@grüße.example"),
                           (b'<"a b"@example.net>', '"a b"@example.net')]:
        out, _ = sent(d, plain(X_Campaign="none-1"), recipients=(rcpt,))
        token = re.search(rf"example\.com/({URL})>", value(out, "List-Unsubscribe"))[1]
        got = decode(t, token)["recipient"]
        if got != expected:
            yield f"{rcpt}: {got!r}"
    # Too long for a token: the message goes without, and the log says so.
    out, _ = sent(d, plain(X_Campaign="none-1"), recipients=(b"<" + b"x" * 300 + b"@example.net>",))
    yield from expect(out, List_Unsubscribe=None, List_Unsubscribe_Post=None)
    if "edit_skipped=List-Unsubscribe" not in d.log_text():
        yield "not logged"


def refused_settings(t):
    """Whole files that -t refuses, with file and line."""
    program = os.path.join(os.environ.get("MM_BUILD") or os.getcwd(), "metermark-milter")
    key = f'token {{ key {{ id = "a" file = "{t.token_key}" }} }}\n'
    for text, expected in [
            ('stream a {\n return_path = "b+%{token}@x.example.com" }', r":1: stream \"a\": found "
             r"%\{token\}, expected a section token"),
            (key + 'stream a {\n one_click = true }', r":2: .*expected list_unsubscribe with"),
            (key + 'stream a {\n list_unsubscribe = "http://u.example.com/%{token}" }',
             r":3: list_unsubscribe: found .*expected an https URL"),
            (t.domain() + 'stream a { cfbl_address = "x@other.example" }',
             r".*cfbl_address: found the domain other.example, expected that of a domain")]:
        path = os.path.join(t.scratch.path, "refused.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("\n domain", "\ndomain"))
        got = subprocess.run([program, "-t", "-c", path], text=True, capture_output=True,
                             check=False)
        if got.returncode != 78 or not re.search(re.escape(path) + expected, got.stderr, re.S):
            yield f"{text[-60:]}: status {got.returncode} {got.stderr!r}"


def main():
    with wire("tracking") as t:
        t.token_key = os.path.join(t.scratch.path, "token.key")
        with open(os.open(t.token_key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(b"k" * 40 + b"\n")
        config = f'token {{\nkey {{ id = "a" file = "{t.token_key}" }}\n}}\n' + \
            'campaign { customer = {"tenant"} }\n' + STREAMS
        with t.daemon(config) as d:
            check = t.check
            check("every field, as Postfix", everything, t, d, POSTFIX)
            check("every field, as Sendmail", everything, t, d, SENDMAIL)
            check("they are signed, and once more", signed_fields, d)
            check("where they stand, and how long their lines are", where_they_stand, d)
            check("what the sender has himself", senders_own, d)
            check("what the sender has several times", several_of_their_own, d)
            check("several recipients", several, d)
            check("an URL that is the same for all", the_same_for_all, d)
            check("a message that is not signed", unsigned, d)
            check("arguments of the envelope sender", sender_arguments, d)
            check("an MTA that cannot change it", without_chgfrom, d)
            check("recipients in tokens", rcpt_forms, t, d)
            check("hostile values behind every placeholder", hostile, d)
        with t.daemon("on_bad_message = accept\n" + config) as d:
            check("a message that cannot be signed after all", unsigned_after_all, t, d)
        check("settings that are refused", refused_settings, t)


main()
