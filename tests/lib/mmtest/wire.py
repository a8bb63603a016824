# SPDX-License-Identifier: BSD-2-Clause
"""metermark-milter for one test file: a scratch directory, keys made once,
a unix socket, and no Redis, since mail must not need one.

    with wire("negotiate") as t:            # keys, scratch, TAP
        with t.daemon() as d:               # a running daemon
            t.check("a message is signed", lambda: d.good())

A check is a function that returns, or yields, sentences about what is wrong;
to raise is to fail.  After each check the daemons in use must be alive.
"""

import contextlib
import os
import shutil
import sys
import traceback

from .daemon import Daemon, program
from .keys import Keys
from .protocol import Message
from .scratch import Scratch, Tap
from .verify import Verifier

PLAIN = """\
Received: from client.example.com by mx.example.org; Tue, 24 Nov 2026 09:00:00 +0000
From: Sender <sender@example.com>
To: rcpt@example.net
Subject: A plain message
Date: Tue, 24 Nov 2026 09:00:00 +0000
Message-ID: <1@example.com>
X-Campaign: autumn
MIME-Version: 1.0
Content-Type: text/plain
"""
BODY = b"Hello,\r\n\r\nthis is the body.  \r\n.dot\r\n"


def plain(body=BODY, **fields):
    """The plain message; keyword arguments replace a field, None removes it."""
    message = Message.parse(PLAIN, body)
    for name, value in fields.items():
        name = name.replace("_", "-").encode()
        at = [i for i, f in enumerate(message.fields) if f[0].lower() == name.lower()]
        new = [] if value is None else [(name, b" " + value.encode())]
        where = at[0] if at else len(message.fields)
        message.fields[where:where + len(at)] = new
    return message


class Signing(Daemon):
    """A daemon whose signatures the verifier knows."""

    verifier = None

    # Judgements: lists of sentences, empty when all is well.

    def signed(self, message, answer, signatures=1, domain="example.com"):
        """The message as edited carries that many good signatures, on top."""
        if not answer.passed:
            return [f"not passed: {answer}"]
        out = message.edited(answer.edits)
        names = [n.lower() for n, _ in out.fields]
        problems = []
        if names[:signatures] != [b"dkim-signature"] * signatures:
            problems.append(f"not {signatures} signature(s) on top: {answer}")
        verdicts = self.verifier.dkimpy(out.delivered())[:signatures]
        for d, s, verdict in verdicts:
            if verdict or d != domain:
                problems.append(f"signature d={d} s={s}: {verdict or 'wrong domain'}")
        if len(verdicts) != signatures:
            problems.append(f"{len(verdicts)} signatures, expected {signatures}")
        return problems

    def good(self, message=None, macros=None, **how):
        """A good message on a new connection comes out signed, without its command header."""
        message = message or plain()
        answer = self.send(message, macros, **how)
        problems = self.signed(message, answer)
        if not problems and message.edited(answer.edits).all(b"X-Campaign"):
            problems.append(f"X-Campaign was left: {answer}")
        return problems


class Wire:
    def __init__(self, scratch, tap):
        self.scratch, self.tap = scratch, tap
        self.keys = Keys(scratch.dir("keys", mode=0o700))
        self.make_key("example.com", "r1")
        self.make_key("example.com", "e1", "ed25519")
        self.running, self.ending = [], []

    def make_key(self, domain, selector, kind="rsa"):
        self.keys.make(domain, selector, kind)
        self.verifier = Verifier(self.keys.dns_file)

    def domain(self, selectors=("r1",), name="example.com", more=""):
        files = dict(self.keys.domains[name])
        keys = "\n".join(f'key {{ selector = "{s}" file = "{files[s]}" }}' for s in selectors)
        return f'domain "{name}" {{\n{keys}\n{more}\n}}\n'

    @contextlib.contextmanager
    def daemon(self, config="", domain=None, redis=None):
        """config: what to add to a configuration that signs example.com.  redis: a URL;
        without it there is none."""
        run = self.scratch.dir(f"d{len(os.listdir(self.scratch.path))}", mode=0o700)
        d = Signing(run, config + "\n" + (self.domain() if domain is None else domain), redis)
        d.verifier = self.verifier
        d.start()
        self.running.append(d)
        try:
            yield d
        finally:
            # It takes its time, since it waits for Redis: meanwhile others work.
            d.ask_to_end()
            self.running.remove(d)
            self.ending.append(d)

    def check(self, text, function, *arguments, **named):
        """One TAP line."""
        problems = []
        try:
            problems.extend(function(*arguments, **named) or [])
        except Exception as e:      # a test that cannot go on has failed, the next may not
            problems += [f"{type(e).__name__}: {e}", traceback.format_exc(limit=-3)]
        for d in self.running:
            if not d.running():
                problems += [f"the daemon died with status {d.process.returncode}", d.tail()]
                d.start()
        self.tap.result(text, problems)


@contextlib.contextmanager
def wire(name):
    """Everything a test file needs; ends the program with its TAP status."""
    program()
    for tool in ("openssl",):
        if not shutil.which(tool):
            raise SystemExit(f"Bail out! no {tool}")
    tap = Tap()
    with Scratch(f"metermark-wire-{name}.") as scratch:
        w = Wire(scratch, tap)
        yield w
        for d in w.ending:
            w.check(f"{os.path.basename(d.run)} ended well when told to", d.ended)
        status = tap.done()
        scratch.keep = bool(status)
    sys.exit(status)
