# SPDX-License-Identifier: BSD-2-Clause
"""The same through real Postfix: smtp-source to smtp-sink with no milter, with the null
milter, with opendkim and with metermark, each in turn on the same private Postfix.

A run lasts from the first connection of smtp-source until the queue is empty: what an
MTA has accepted is work that it still has to do.  in_flow_delay is off, since it lets
Postfix sleep where the queue fills faster than it empties.
"""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass

from mmtest.daemon import Daemon
from mmtest.postfix import Postfix
from mmtest.programs import find
from mmtest.scratch import wait_until
from mmtest.sink import Sink

import subjects
from cases import Load
from measure import AnyDomain, Failed, median, ratio, spread

EXTRA = """
in_flow_delay = 0
default_process_limit = 200
default_destination_concurrency_limit = 40
smtp_connection_cache_on_demand = yes
"""
# Mail to this domain goes to a sink that keeps it.
KEPT = "kept.example"


@dataclass(frozen=True)
class Through:
    name: str
    title: str
    sessions: int = 20
    messages: int = 1500
    load: Load = Load()
    reuse: bool = False         # many messages in one SMTP session


CASES = (
    Through("postfix-2k", "Postfix, 2 KB, 20 sessions, a connection for each message"),
    Through("postfix-2k-reuse", "Postfix, 2 KB, 20 sessions that send message after message",
            reuse=True),
    Through("postfix-50k", "Postfix, 50 KB, 20 sessions, a connection for each message",
            load=Load(size=50 * 1024), messages=800),
)


class Drain(Sink):
    """smtp-sink that keeps nothing."""

    def argv(self):
        return [self.program, "-u", self.user, f"127.0.0.1:{self.port}", "1000"]


def message(load):
    """Header and body as the load generator has them, for smtp-source -F."""
    head = ['From: "The Example Shop" <news@example.com>', "To: Reader <reader@example.net>",
            "Subject: Autumn offers", "Date: Mon, 12 Oct 2026 09:30:00 +0000",
            "Message-ID: <20261012093000.1.5f3a9c@out.example.com>",
            "Reply-To: The Example Shop <service@example.com>", "MIME-Version: 1.0",
            "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: 8bit",
            "List-Id: Offers of the Example Shop <offers.example.com>",
            "List-Unsubscribe: <https://u.example.com/u/1/8c1f27b6>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "X-Mailer: ExampleMailer 7.2 (campaign engine)", "X-Campaign: c0", ""]
    line = '<tr><td><a href="https://www.example.com/p/1">tulips,  daffodils</a></td></tr>'
    return "\n".join(head + [line] * (load.size // (len(line) + 2))) + "\n"


class Field:
    """The private Postfix with its sinks."""

    def __init__(self, bench, case):
        self.bench, self.case = bench, case
        self.checked = set()        # files of the sink that keeps mail
        self.sink = Drain(bench.scratch.dir(bench.unique("sink")))
        self.kept = Sink(bench.scratch.dir(bench.unique("kept")))
        fragments = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
            os.path.abspath(__file__)))), "contrib", "postfix")
        run = bench.scratch.dir(bench.unique("postfix"))
        self.postfix = Postfix(run, self.sink.port, fragments, extra=EXTRA,
                               routes={KEPT: ("smtp", self.kept.port)})
        self.file = bench.scratch.write(bench.unique("message"), message(case.load))

    def __enter__(self):
        for server in (self.sink, self.kept, self.postfix):
            server.start()
        return self

    def __exit__(self, *exc):
        for server in (self.postfix, self.kept, self.sink):
            server.stop()

    def send(self, port, n, domain="example.net"):
        """Seconds until all were accepted, and until all were delivered."""
        options = ["-d"] if self.case.reuse else []
        began = time.monotonic()
        done = subprocess.run(
            [find("smtp-source"), *options, "-s", str(min(self.case.sessions, n)),
             "-m", str(n), "-f", "bounce@example.com", "-t", f"reader@{domain}",
             "-F", self.file, f"127.0.0.1:{port}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        accepted = time.monotonic() - began
        if done.returncode != 0 or done.stdout.strip():
            raise Failed(f"smtp-source: {done.stdout.strip()[:500]}\n{self.postfix.tail()}")
        # A look at two flat folders, so that watching costs Postfix next to nothing.
        wait_until("Postfix to deliver all", lambda: not any(
            os.listdir(f"{self.postfix.spool}/{d}") for d in ("incoming", "active")),
                   180, 0.03)
        delivered = time.monotonic() - began
        self.postfix.drain(60)
        return accepted, delivered

    def milter(self, kind):
        """That filter on the socket that Postfix knows, or None for no filter."""
        if kind == "none":
            return None
        run = self.bench.scratch.dir(self.bench.unique(kind))
        return subjects.KINDS[kind](self.bench, self.case.load, run, self.postfix.socket())


def check(field, label):
    """What comes out must be signed; a few messages to the sink that keeps them."""
    field.send(field.postfix.port, 5, KEPT)
    verifier = AnyDomain(field.bench.keys.dns_file)
    new = [m for m in field.kept.messages() if m.path not in field.checked]
    for m in new:
        found = verifier.dkimpy(m.raw)
        if len(found) != 1 or found[0][2]:
            raise Failed(f"{label}: behind Postfix: {found}")
    if not new:
        raise Failed(f"{label}: nothing came out of Postfix")
    field.checked.update(m.path for m in new)


def one(field, kind, verified):
    """One run with one filter, or with none."""
    filter_ = field.milter(kind)
    n = field.case.messages
    if filter_ is None:
        field.send(field.postfix.plain, 40)
        return dict(zip(("accept_s", "total_s"), field.send(field.postfix.plain, n)))
    with filter_:
        already = 0
        if filter_.signs and kind not in verified:
            check(field, kind)
            verified.add(kind)
            already = 5
        field.send(field.postfix.port, 40)
        before = filter_.cpu_s()
        out = dict(zip(("accept_s", "total_s"), field.send(field.postfix.port, n)))
        filter_.settle(n + 40 + already)
        out["cpu_us"] = (filter_.cpu_s() - before) * 1e6 / n
        if isinstance(filter_, Daemon) and filter_.complaints():
            raise Failed("\n".join(filter_.complaints()))
    shutil.rmtree(os.path.dirname(filter_.socket), ignore_errors=True)
    return out


def measure(bench, case):
    kinds = [k for k in ("none", "null", "opendkim", "metermark")
             if not bench.only or k == "none" or k in bench.only]
    runs = {k: [] for k in kinds}
    absent = {}
    verified = set()
    with Field(bench, case) as field:
        for repetition in range(bench.repeat):
            for kind in kinds:
                bench.progress(f"{case.name}: {repetition + 1}/{bench.repeat} {kind}")
                try:
                    if kind not in absent:
                        runs[kind].append(one(field, kind, verified))
                except subjects.Unfit as e:
                    absent[kind] = str(e)
    rates = {k: [case.messages / r["total_s"] for r in runs[k]] for k in kinds}
    return {"case": case.name, "title": case.title, "absent": absent, "entrants": {
        kind: {"rate": median(rates[kind]), "rate_spread": spread(rates[kind]),
               "accept_rate": median([case.messages / r["accept_s"] for r in runs[kind]]),
               "cpu_us": median([r["cpu_us"] for r in runs[kind] if "cpu_us" in r]),
               "to_none": ratio(rates[kind], rates["none"]), "runs": runs[kind]}
        for kind in kinds if runs[kind]}}
