# SPDX-License-Identifier: BSD-2-Clause
"""What is measured.  A new case is one line in CASES.

A case is a load and the filters that get it.  Each of them is an Entrant: a kind of
filter (subjects.py), its own process, and the load where it differs from the case's.
They are measured in turn, again and again, so that a machine that is busy for a while
is busy for all of them.
"""

from dataclasses import dataclass, field, replace

KB = 1024


@dataclass(frozen=True)
class Load:
    """Options of the load generator, and the settings that go with them."""

    size: int = 2 * KB
    keys: tuple = ("rsa",)
    sessions: int = 4
    per_session: int = 100
    recipients: int = 1
    campaigns: int = 1
    domains: int = 1
    untouched: bool = False
    canon: str = "relaxed/relaxed"
    key_files: bool = False     # each domain has key files of its own
    warm: int = 1               # rounds of all campaigns or domains before it counts

    @property
    def signatures(self):
        return 0 if self.untouched else len(self.keys)


@dataclass(frozen=True)
class Entrant:
    label: str
    kind: str                   # a key of subjects.KINDS
    change: dict = field(default_factory=dict)

    def load(self, load):
        return replace(load, **self.change)


NULL = Entrant("null milter", "null")
OPENDKIM = Entrant("opendkim", "opendkim")
RSPAMD = Entrant("rspamd", "rspamd")
METERMARK = Entrant("metermark", "metermark")
UNCOUNTED = Entrant("metermark, not counting", "uncounted")
UNINSPECTED = Entrant("metermark, not inspecting", "uninspected")
ALL = (NULL, OPENDKIM, RSPAMD, METERMARK)
OURS = (NULL, METERMARK)


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    load: Load = Load()
    entrants: tuple = ALL
    quick: bool = False
    base: str = ""              # label of the entrant that others are compared with
    floor: bool = True          # null milter + signatures + hash mean something here


RSA, ED, BOTH = ("rsa",), ("ed25519",), ("rsa", "ed25519")


def _sizes():
    """Each size with each kind of key."""
    for size in (2, 20, 50, 200):
        for name, keys, title in (("rsa", RSA, "RSA-2048"), ("ed25519", ED, "Ed25519"),
                                  ("both", BOTH, "RSA-2048 and Ed25519")):
            yield Case(f"{size}k-{name}", f"{size} KB, {title}",
                       Load(size=size * KB, keys=keys),
                       quick=(size, name) in ((2, "rsa"), (2, "both"), (50, "rsa")))


def _sessions():
    for n in (1, 64, 500):
        yield Case(f"2k-rsa-{n}-session{'s' * (n > 1)}", f"2 KB, RSA-2048, {n} session{'s' * (n > 1)}",
                   Load(sessions=n))
    yield Case("200k-rsa-500-sessions", "200 KB, RSA-2048, 500 sessions",
               Load(size=200 * KB, sessions=500))


def _against_one(what, **many):
    (name, n), = many.items()
    return Case(f"2k-rsa-{name}", f"2 KB, RSA-2048, one {what} and {n:,}", Load(),
                (METERMARK, Entrant(f"metermark, {n:,} {name}", "metermark", many)),
                base=METERMARK.label, floor=False)


CASES = (
    *_sizes(),
    *_sessions(),
    Case("2k-rsa-counting", "2 KB, RSA-2048, counting and not", Load(),
         (UNCOUNTED, METERMARK), base=UNCOUNTED.label, floor=False),
    Case("2k-rsa-inspect", "2 KB, RSA-2048, inspecting and not", Load(),
         (UNINSPECTED, METERMARK), base=UNINSPECTED.label, floor=False),
    _against_one("campaign", campaigns=100_000),
    _against_one("domain", domains=100_000),
    # Each key's first signature decodes it, and its first in a second thread prepares it
    # for all others: once, about 0.5 ms each.
    Case("2k-rsa-held-keys", "2 KB, RSA-2048, 4,000 domains with a key file each, all held",
         Load(), (METERMARK, Entrant("metermark, 4,000 key files", "metermark",
                                     {"domains": 4_000, "key_files": True, "warm": 4})),
         base=METERMARK.label, floor=False),
    # In turn, so that no cache of keys that is smaller than all of them ever helps.
    Case("2k-rsa-domain-keys", "2 KB, RSA-2048, 20,000 domains with a key file each",
         Load(), (METERMARK, Entrant("metermark, 20,000 key files", "metermark",
                                     {"domains": 20_000, "key_files": True})),
         base=METERMARK.label, floor=False),
    Case("2k-rsa-one-each", "2 KB, RSA-2048, each message on a connection of its own",
         Load(per_session=1)),
    Case("2k-rsa-20-recipients", "2 KB, RSA-2048, 20 recipients", Load(recipients=20)),
    Case("50k-rsa-simple", "50 KB, RSA-2048, relaxed/simple",
         Load(size=50 * KB, canon="relaxed/simple")),
    Case("2k-untouched", "2 KB, from a client that is not ours",
         Load(untouched=True), floor=False),
)

# Without libmilter: metermark's signer in 1 and in 2 threads.
THREADS = Case("2k-rsa-threads", "2 KB, RSA-2048, signing alone in 1 and 2 threads",
               entrants=())
