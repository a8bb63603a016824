# SPDX-License-Identifier: BSD-2-Clause
"""One MTA with everything around it: sinks, milter, verifiers, ledger."""

import contextlib
import os
import re

import settings
from ledger import Ledger
from mmtest.daemon import Daemon
from mmtest.opendkim import Opendkim
from mmtest.postfix import Postfix
from mmtest.sendmail import Sendmail
from mmtest.sink import Sink, Utf8Sink
from mmtest.smtp import Client
from mmtest.verify import Verifier


class Lab(contextlib.ExitStack):
    def __init__(self, mta, scratch, build, src, redis, keys, stand_in=False):
        super().__init__()
        self.name = mta
        self.redis = redis
        self.keys = keys
        self.prefix = f"mm-{mta}"
        self.stand_in = stand_in
        self.ledger = Ledger()
        self.command = os.path.join(build, "metermark")
        self.verifier = Verifier(keys.dns_file)
        self.tags = 0
        self.sink = Sink(scratch.dir(mta, "sink"))
        self.sink7 = Sink(scratch.dir(mta, "sink7"), eight_bit=False)
        self.utf8 = Utf8Sink(scratch.dir(mta, "utf8"))
        run = scratch.dir(mta, "mta")
        contrib = os.path.join(src, "contrib", mta)
        if mta == "postfix":
            self.mta = Postfix(run, self.sink.port, contrib, routes={
                "7bit.test": ("smtp", self.sink7.port),
                "uncured.test": ("uncured", self.sink7.port),
                "utf8.test": ("smtp", self.utf8.port)})
        else:
            self.mta = Sendmail(run, self.sink.port, contrib, seven_bit_port=self.sink7.port,
                                dsn_port=self.utf8.port)
        run = scratch.dir(mta, "milter")
        if stand_in:
            selector, path = keys.domains["example.test"][0]
            self.milter = Opendkim(run, self.mta.socket(), path, "example.test", selector)
        else:
            self.milter = Daemon(run, self.config(), socket=self.mta.socket(), user="daemon",
                                 group="postfix",
                                 binary=os.path.join(build, "metermark-milter"))

    def config(self, revision="1"):
        return settings.text(self.redis.url, self.prefix, self.keys, revision)

    def __enter__(self):
        super().__enter__()
        try:
            for server in (self.sink, self.sink7, self.utf8, self.milter, self.mta):
                self.enter_context(server)
        except BaseException:
            self.close()
            raise
        return self

    def tag(self, text):
        """A local part that finds a message again at the other end."""
        self.tags += 1
        slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
        return f"{slug}.{self.tags}"

    def unique(self, message, tag):
        return message.replace(b"%ID%", f"{tag}.{self.name}".encode())

    def client(self, **options):
        return Client(self.mta.port, **options)

    def client_at(self, port):
        return Client(port)

    def delivered(self):
        """{tag: [Message]} of all that has arrived; the queue is empty then."""
        self.mta.drain()
        out = {}
        for sink in (self.sink, self.sink7, self.utf8):
            for message in sink.messages():
                tag = re.sub(r"[+@].*", "", message.rcpts[0]) if message.rcpts else "?"
                out.setdefault(tag, []).append(message)
        return out

    def selectors(self, domain):
        return ["r1"] if self.stand_in else self.keys.selectors(domain)

    def ours(self, signatures):
        """Of a verifier's answers those on signatures that could be ours."""
        return [s for s in signatures if s[0] in self.keys.domains]

    def signature_problems(self, message, domain, mail_dkim):
        """What is wrong with our signatures; none where domain is None."""
        found = self.ours(self.verifier.dkimpy(message.raw))
        wanted = sorted((domain, s) for s in self.selectors(domain)) if domain else []
        problems = []
        if sorted(s[:2] for s in found) != wanted:
            problems.append(f"signatures {[s[:2] for s in found]}, expected {wanted}")
        problems += [f"dkimpy on {d}/{s}: {verdict}" for d, s, verdict in found if verdict]
        second = self.ours(mail_dkim)
        problems += [f"Mail::DKIM on {d}/{s}: {verdict}" for d, s, verdict in second if verdict]
        missing = [(d, s) for d, s in wanted if s.startswith("r") and (d, s) not in
                   [x[:2] for x in second]]
        problems += [f"Mail::DKIM saw no signature {d}/{s}" for d, s in missing]
        return problems


class Batch:
    """Messages of one behaviour: send them, then check() that each accepted
    one has arrived once, well signed, and expect it in the counters."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.expected = {}          # tag -> domain, or None for unsigned
        self.replies = []

    def expect(self, tag, campaign, size, domain="example.test", rcpts=None):
        self.expected[tag] = domain
        self.lab.ledger.accepted(campaign, rcpts or [f"{tag}@rcpt.test"], size, bool(domain))

    def send(self, message, campaign="none", client=None, domain="example.test"):
        """One message; its Reply.  A refusal is left to the caller to judge."""
        tag = self.lab.tag(self.name)
        message = self.lab.unique(message, tag)
        own = client or self.lab.client()
        reply = own.send("bounce@example.test", [f"{tag}@rcpt.test"], message)
        if not client:
            own.quit()
        if reply.accepted:
            self.expect(tag, campaign, len(message), domain)
        self.replies.append(reply)
        return reply

    def check(self, all_accepted=True):
        """Problems; call once, at the end."""
        problems = [f"refused: {r}" for r in self.replies if not r.accepted] if all_accepted else []
        arrived = self.lab.delivered()
        messages = []
        for tag in self.expected:
            copies = arrived.get(tag, [])
            if len(copies) != 1:
                problems.append(f"{tag}: arrived {len(copies)} times")
            messages += copies
        results = self.lab.verifier.mail_dkim(messages)
        for tag, domain in self.expected.items():
            for message in arrived.get(tag, []):
                problems += [f"{tag}: {p}" for p in self.lab.signature_problems(
                    message, domain, results[message.path])]
        return problems
