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
import re
import shutil
import sys
import time
import traceback

from .keys import Keys
from .proc import Server
from .programs import BUILD
from .protocol import Client, Message
from .scratch import Scratch, Tap, wait_until
from .verify import Verifier

POSTFIX = {"j": "mx.example.com", "v": "Postfix 3.7.11", "daemon_name": "smtpd",
           "daemon_addr": "127.0.0.1"}
SENDMAIL = {"j": "mx.example.com", "v": "8.17.1.9", "daemon_name": "MTA"}

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
# "claimed not to reply" is libmilter's word for a callback that answered all the same.
FINDING = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:"
                     r"|Assertion .* failed|claimed not to reply")
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


class Daemon(Server):
    name = "metermark-milter"

    def __init__(self, run, verifier, config):
        self.run = run
        self.log = os.path.join(run, "log")
        self.socket = os.path.join(run, "m.sock")
        self.verifier = verifier
        self.file = os.path.join(run, "metermark.conf")
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(config)

    def argv(self):
        return [program(), "-f", "-c", self.file]

    def env(self):
        # Findings of a sanitizer show in the exit status.  ASan's quarantine would
        # look like a leak to the test that watches the memory.
        more = {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                "ASAN_OPTIONS": "quarantine_size_mb=1:fast_unwind_on_malloc=0",
                "TSAN_OPTIONS": "exitcode=66"}
        return {**os.environ, **{name: ":".join(filter(None, (os.environ.get(name), value)))
                                 for name, value in more.items()}}

    def ready(self):
        if not os.path.exists(self.socket):
            return False
        try:
            Client(self.socket).close()
            return True
        except OSError:
            return False

    def ask_to_end(self):
        if self.running():
            self.process.terminate()
        self.asked = time.time()

    def ended(self):
        """Wait for the end; what is wrong with it, and with what was said before."""
        wait_until("the daemon to end", lambda: not self.running(), 30)
        status = self.stop()
        problems = [f"status {status}"] if status != 0 else []
        # All clients are gone by now, and so must be what they had begun.
        if " stopping in_flight=0" not in self.log_text():
            problems += re.findall(r".* stopping .*", self.log_text()) or ["no word at the end"]
        # The log's last line was its last act; others may have kept us from looking.
        took = os.path.getmtime(self.log) - self.asked
        if took > 15:
            problems.append(f"only after {took:.1f} s")
        return problems + [line for line in self.log_text().splitlines() if FINDING.search(line)]

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def memory_factor(self):
        """ThreadSanitizer keeps shadows of what is used, eight times and more.
        AddressSanitizer gives each thread a store of free blocks of its own, and libmilter's
        threads come and go: 1 to 2 MB between two looks, whatever was leaked."""
        with open(program(), "rb") as f:
            text = f.read()
        return 20 if b"__tsan_init" in text else 5 if b"__asan_init" in text else 1

    # Clients.

    def client(self, macros=None, connect=None, **negotiate):
        """A connection past negotiation and greeting, as Postfix makes it from 127.0.0.1."""
        c = Client(self.socket)
        c.negotiate(**negotiate)
        connect = connect or {}
        known = {"client_addr": connect.get("address", "127.0.0.1"), "i": "4WireTest"}
        c.set_macros(**{**known, **(macros or POSTFIX)})
        reply = c.open(**connect)
        if reply is not None and c.let_go is None:
            raise RuntimeError(f"answered {reply} to connect or HELO")
        return c

    def send(self, message, macros=None, connect=None, **how):
        """One message on a connection of its own; the Answer."""
        with self.client(macros, connect) as c:
            answer = c.message(message, **how)
            c.quit()
            return answer

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


def program():
    path = os.path.join(BUILD, "metermark-milter")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"Bail out! no {path}: set MM_BUILD to the build directory")
    return path


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
        state = os.path.join(run, "state")
        os.mkdir(state, 0o700)
        text = f'listen = "unix:{run}/m.sock"\nredis = "{redis or f"unix:{run}/none.sock"}"\n' \
               f'state_dir = "{state}"\n'
        # No test asks the world's DNS unless it says so.
        if "dns_check" not in config:
            text += "dns_check = false\n"
        if os.geteuid() == 0:
            text += 'user = "root"\n'
        text += config + "\n" + (self.domain() if domain is None else domain)
        d = Daemon(run, self.verifier, text)
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
