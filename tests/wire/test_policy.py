#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whose mail is touched, what is refused, and what the settings change."""

from mmtest.daemon import POSTFIX, SENDMAIL
from mmtest.protocol import Message
from mmtest.wire import BODY, plain, wire

STRANGER = {"address": "192.0.2.7"}

OUTBOUND = """
outbound {
	networks = {"127.0.0.0/8", "::1/128", "198.51.100.0/24", "2001:db8::/32"}
	daemon_names = {"submission"}
}
"""


def untouched(d, message=None, macros=POSTFIX, connect=None, **how):
    """Passed without one edit."""
    answer = d.send(message or plain(), macros, connect, **how)
    if not answer.passed or answer.edits:
        yield f"not passed untouched: {answer}"


def at_mail(d, connect, macros=POSTFIX, **mail):
    """What is answered to MAIL."""
    with d.client(macros, connect) as c:
        return c.mail(**mail).verdict


def stranger_at_mail(d):
    for address in ("192.0.2.7", "2001:db9::1", "198.51.101.1"):
        verdict = at_mail(d, {"address": address})
        if verdict != "accept":
            yield f"{address}: {verdict} to MAIL, the rest need not be sent"


def from_client(d, message=None, macros=POSTFIX, **connect):
    return d.good(message, macros, connect=connect)


def as_user(user, **more):
    return dict(POSTFIX, auth_authen=user, auth_type="PLAIN", **more)


def signed(d, message=None, macros=POSTFIX, connect=None, domain="example.com"):
    message = message or plain()
    return d.signed(message, d.send(message, macros, connect), domain=domain)


def no_setsymlist(d, address):
    """Without {client_addr}: the address that the connection named."""
    message = plain()
    with d.client(connect={"address": address}, actions=0xff) as c:
        return c.message(message)


def address_without_macro(d):
    answer = no_setsymlist(d, "192.0.2.7")
    if not answer.passed or answer.edits:
        yield f"a stranger: {answer}"
    yield from d.signed(plain(), no_setsymlist(d, "198.51.100.9"))


def refused(d, message, code=b"554 5.6.0", **how):
    answer = d.send(message, **how)
    if answer.verdict != "reply" or answer.edits or not answer.text.startswith(code):
        yield f"not refused with {code.decode()}: {answer}"
    if b"%" in answer.text or b"\n" in answer.text or len(answer.text) > 200:
        yield f"an odd reply: {answer.text!r}"
    # The sender reads the text: it has words, not only a code.
    if len(answer.text.split()) < 5:
        yield f"says nothing: {answer.text!r}"
    yield from d.good()


def unsigned(d, message, macros=POSTFIX):
    """Passed, without a signature; command headers go all the same."""
    answer = d.send(message, macros)
    if not answer.passed or any(e.name == b"DKIM-Signature" for e in answer.edits):
        yield f"not passed unsigned: {answer}"
    elif message.edited(answer.edits).all(b"X-Campaign"):
        yield f"X-Campaign was left: {answer}"


def froms(*values):
    return Message.parse("".join(f"From: {v}\n" for v in values) +
                         "Date: Tue, 24 Nov 2026 09:00:00 +0000\nSubject: s\n"
                         "Message-ID: <7@example.com>\nX-Campaign: autumn\n", BODY)


def with_field(field):
    text = field if isinstance(field, bytes) else field.encode()
    message = plain()
    name, _, value = text.partition(b":")
    message.fields = [f for f in message.fields if f[0] != name] + [(name, value)]
    return message


BAD = {
    "no From": froms(),
    "two From fields": froms("sender@example.com", "sender@example.com"),
    "two From fields, one another's": froms("sender@example.com", "x@example.net"),
    "an empty From": froms(""),
    "a From without domain": froms("sender"),
    "a From of two mailboxes": froms("a@example.com, b@example.net"),
    "a From group without members": froms("undisclosed:;"),
    "a From group of two domains": froms("we: a@example.com, b@example.net;"),
    "a From that is not closed": froms("sender <sender@example.com"),
    "a domain literal": froms("sender@[127.0.0.1]"),
    "a bell in Subject": with_field("Subject: a\x07b"),
    "a bare CR in Subject": with_field("Subject: a\rb"),
    "an escape in To": with_field("To: \x1b[2J <r@example.net>"),
    "DEL in From": with_field("From: \x7f <sender@example.com>"),
    "a bare CR in the body": plain(b"a\rb\r\n"),
    "a bare LF in the body": plain(b"a\nb\r\n"),
    "a bare CR at the end of the body": plain(b"a\r\n\r"),
    "a body line of 999": plain(b"x" * 999 + b"\r\n"),
}

CONTROLS_ELSEWHERE = with_field("X-Odd: a\x07b\x1b\x7f")


def international(d, what):
    """From in U-labels is signed by the name in A-labels, and aligned with it."""
    name = "xn--bcher-kva.example"
    names = ["bücher.example", "BÜCHER.example", "bu\u0308cher.example", name] + \
        (["news.bücher.example"] if what == "section" else [])
    for domain in names:
        message = plain(From=f"Bücher <a@{domain}>")
        answer = d.send(message, sender=f"<b@{domain}>".encode())
        yield from d.signed(message, answer, domain=name)
    if f"from_domain={name} " not in d.log_text():
        yield "the log has another name"
    # Another name is nobody's.
    message = plain(From="a@bücher.example.net")
    answer = d.send(message, sender=b"<>")
    if not answer.passed or message.edited(answer.edits).all(b"DKIM-Signature") or \
            "reason=no-domain" not in d.log_text():
        yield f"another name: {answer}"


def main():
    with wire("policy") as t:
        t.make_key("example.net", "r2")
        check = t.check
        users = 'users = {"alice", "both"}'
        domains = t.domain(more=users) + t.domain(
            ("r2",), "example.net", 'users = {"bob", "both"}\nsubdomains = true')
        with t.daemon(OUTBOUND, domains) as d:
            check("a stranger's mail is let go at MAIL", stranger_at_mail, d)
            check("and passes untouched where the MTA goes on", untouched, d, connect=STRANGER)
            for address in ("127.0.0.1", "127.255.255.254", "::1", "198.51.100.255",
                            "2001:db8:ffff::1"):
                check(f"ours: client {address}", from_client, d, address=address)
            for address in ("192.0.2.1", "128.0.0.1", "2001:db9::1", "::2", "::ffff:192.0.2.1"):
                check(f"not ours: client {address}", untouched, d,
                      connect={"address": address})
            check("ours: an IPv4-mapped address of a listed network", from_client, d,
                  address="::ffff:127.0.0.1")
            check("no address known, and not localhost: not ours", untouched, d,
                  macros=NO_ADDRESS, connect={"family": "U", "host": "client.example.com"})
            check("ours: sendmail -bs, localhost without an address", signed, d,
                  macros=NO_ADDRESS, connect={"family": "U", "host": "localhost"})
            check("ours: a unix socket client", signed, d, macros=NO_ADDRESS,
                  connect={"family": "L", "host": "localhost", "address": "/run/x"})
            check("ours: IPv6 as Sendmail writes it", signed, d,
                  macros=dict(SENDMAIL, client_addr="IPv6:2001:db8::1"),
                  connect={"address": "2001:db8::1"})
            check("the connection's address where there is no macro", address_without_macro, d)
            check("ours: came in through a listed daemon", signed, d, None,
                  dict(POSTFIX, daemon_name="submission"), STRANGER)
            check("daemon names are compared whole", untouched, d, None,
                  dict(POSTFIX, daemon_name="submission2"), STRANGER)
            check("the host name a client gives itself counts for nothing", untouched, d, None,
                  POSTFIX, {"address": "192.0.2.7", "host": "localhost"})

            check("an authenticated user signs as its domain", signed, d, None,
                  as_user("alice"), STRANGER)
            check("not as another one", untouched, d, froms("x@example.net"), as_user("alice"),
                  STRANGER)
            check("a user of two domains: the first", signed, d, None, as_user("both"), STRANGER)
            check("a user of two domains: the second", signed, d, froms("x@example.net"),
                  as_user("both"), STRANGER, "example.net")
            check("a user that no domain names: untouched", untouched, d, None,
                  as_user("mallory"), STRANGER)
            check("a user is not a pattern", untouched, d, None, as_user("*"), STRANGER)
            check("a user and a domain that is not ours: untouched", untouched, d,
                  froms("x@example.org"), as_user("alice"), STRANGER)
            check("a bad message of a user that may not send it: untouched", untouched, d,
                  froms("sender@example.com", "sender@example.com"), as_user("mallory"), STRANGER)

            check("a domain that is not ours goes unsigned, its command header goes too",
                  unsigned, d, froms("x@example.org"))
            check("below a domain without subdomains: unsigned", unsigned, d,
                  froms("x@news.example.com"))
            check("below a domain with subdomains: signed by it", signed, d,
                  froms("x@news.example.net"), domain="example.net")
            check("a name that only ends like it: unsigned", unsigned, d,
                  froms("x@badexample.net"))
            for text, value in [("capitals", "Sender <SENDER@EXAMPLE.COM>"),
                                ("a comment", "sender@example.com (a@example.org)"),
                                ("quotes", '"a@example.org, b" <sender@example.com>'),
                                ("a display name with an address",
                                 '"x@example.org" <sender@example.com>'),
                                ("a quoted local part", '"a@example.org"@example.com'),
                                ("a group of one", "we: a@example.com;"),
                                ("two mailboxes of it", "a@example.com, b@example.com"),
                                ("folds", "Sender\n <sender@example.com>"),
                                ("8-bit", "S\xe9nder <sender@example.com>")]:
                check(f"From with {text}: signed by example.com", signed, d, froms(value))

            mine = "from client.example.com by mx.example.com; Tue, 24 Nov 2026 09:00:00 +0000"
            check("mail this host has had before passes untouched", untouched, d,
                  plain(Received=mine))
            check("also where the comment names others", untouched, d, plain(
                Received="from a (by x) (by mx.example.org)\n\tby mx.example.com (Postfix)\n"
                         "\twith ESMTP id 4X; Tue, 24 Nov 2026 09:00:00 +0000"))
            check("a comment that names this host is no proof", signed, d, plain(
                Received="from a (by mx.example.com ) by b; Tue, 24 Nov 2026 09:00:00 +0000"))
            check("a daemon listed by name may re-inject", signed, d, plain(Received=mine),
                  dict(POSTFIX, daemon_name="submission"))
            check("Sendmail's own submission is a first way in", signed, d, plain(
                Received="(from root@localhost)\n\tby mx.example.com (8.17.1.9/8.17.1.9/Submit) "
                         "id 1; Tue, 24 Nov 2026 09:00:00 +0000"), SENDMAIL)
            for text, message in BAD.items():
                check(f"refused: {text}", refused, d, message)
            check("a stranger's bad message passes untouched", untouched, d,
                  BAD["two From fields"], connect=STRANGER)
            check("a control character in a field that is not signed", signed, d,
                  CONTROLS_ELSEWHERE)

        name = "xn--bcher-kva.example"
        t.make_key(name, "r1")
        rules = 'inspect {\nrule "dkim-aligned" { action = "reject" }\n' \
            'rule "envelope-aligned" { action = "reject" }\n}\n'
        table = t.scratch.write("idn.table", f"{name} r1 {dict(t.keys.domains[name])['r1']}\n")
        for what, config, domains in [
                ("section", rules, t.domain(name=name, more="subdomains = true")),
                ("table", f'domain_table = "{table}"\n' + rules, "")]:
            with t.daemon(config, domains) as d:
                check(f"international names: a {what} signs them", international, d, what)
        with t.daemon('on_bad_message = "accept"\noutbound { reinjected = true }') as d:
            for text, message in BAD.items():
                check(f"on_bad_message = accept, unsigned: {text}", unsigned, d, message)
            check("reinjected = true", signed, d, plain(Received=mine))
            check("the default networks hold no stranger", untouched, d, connect=STRANGER)
            check("no user is named: authenticated strangers stay strangers", untouched, d,
                  None, as_user("alice"), STRANGER)

        with t.daemon('mta = "sendmail"\nline_length_limit = 0') as d:
            spread = plain(To="a@example.net,b@example.net")
            check("mta = sendmail, whatever the version macro says", lambda: (
                [] if d.send(spread).of("change") else ["To was not brought into its form"]))
            check("line_length_limit = 0: long body lines are signed", signed, d,
                  plain(b"x" * 5000 + b"\r\n"))


NO_ADDRESS = dict(POSTFIX, client_addr=None)

main()
