# SPDX-License-Identifier: BSD-2-Clause
"""The messages of tests/data/rules through both MTAs: the milter counts for each exactly
the rules that the file `expected` there tells, save where the MTA itself has changed the
message before a milter sees it, or refuses it.  Each goes under a campaign of its own, so
that the counters of one message can be told from those of the next; see behaviours.py."""

import contextlib
import os
import re
import shutil
import subprocess

from behaviours import behaviour
from mmtest.programs import SRC
from mmtest.scratch import wait_until

DATA = os.path.join(SRC, "tests/data/rules")
REFUSED = None

# {mta: {message: (what is found instead, why)}}
DIFFERS = {
    "postfix": {
        "bare-cr": (set(), "cleanup_replace_stray_cr_lf makes it a blank"),
        "bare-cr-header": (set(), "the same"),
        "bare-lf": (set(), "smtpd takes it for a line end, and hands on CRLF"),
    },
    "sendmail": {
        "bare-cr": (REFUSED, "421 4.5.0 Bare carriage return (CR) not allowed"),
        "bare-cr-header": (REFUSED, "the same"),
        "bare-lf": (REFUSED, "421 4.5.0 Bare linefeed (LF) not allowed"),
        "header-size": (REFUSED, "552 5.6.0 Headers too large (32768 max)"),
    },
}

CONFIG = """\
listen = "unix:@SOCKET@"
user = "@USER@"
redis = "{redis}"
key_prefix = "{prefix}"
state_dir = "{state}"
flush_interval_ms = 100
dns_check = false
on_bad_message = "accept"
outbound {{ networks = {{"127.0.0.1/32"}} }}
domain "example.com" {{ key {{ selector = "r1" file = "{key}" }} }}
"""

ACTIONS = """\
stream "held" { match { campaign = "held" } inspect { rule "noreply" { action = "hold" } } }
stream "refused" { match { campaign = "refused" } inspect { rule "noreply" { action = "reject" } } }
stream "later" { match { campaign = "later" } inspect { rule "noreply" { action = "tempfail" } } }
stream "warned" { match { campaign = "warned" } inspect { rule "noreply" { action = "warn" } } }
stream "off" { match { campaign = "off" } inspect { rule "noreply" { action = "off" } } }
"""


def corpus():
    """(name, envelope sender, number of recipients, rules that it fails)"""
    with open(os.path.join(DATA, "expected"), encoding="ascii") as f:
        for line in f:
            if not line.startswith("#"):
                name, sender, recipients, rules = (x.strip() for x in line.split("|"))
                yield name, sender.strip("<>"), int(recipients), set(rules.split())


def message(name, campaign):
    with open(os.path.join(DATA, name + ".eml"), "rb") as f:
        return b"X-Campaign: " + campaign.encode() + b"\r\n" + f.read()


class Own:
    """The lab's daemon, with settings, key, state and counters for these messages."""

    def __init__(self, lab, more=""):
        self.lab = lab
        self.prefix = f"mm-rules-{lab.name}-{len(more)}"
        folder = os.path.join(lab.milter.run, self.prefix)
        key = os.path.join(folder, "r1.pem")
        for path in (folder, os.path.join(folder, "state")):
            os.mkdir(path, 0o700)
            shutil.chown(path, lab.milter.user)
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True,
                       stderr=subprocess.DEVNULL)
        os.chmod(key, 0o600)
        shutil.chown(key, lab.milter.user)
        self.config = more + CONFIG.format(redis=lab.redis.url, prefix=self.prefix,
                                           state=os.path.join(folder, "state"), key=key)

    def counters(self, campaign):
        return {k: int(v) for k, v in self.lab.redis.hash(
            f"{self.prefix}:{{{campaign}}}:total").items() if v.isdigit() and v != "0"}

    def rules(self, campaign):
        return {k.split(":")[1]: n for k, n in self.counters(campaign).items()
                if k.startswith("rule:")}


@contextlib.contextmanager
def own_daemon(lab, more=""):
    own = Own(lab, more)
    lab.milter.stop()
    lab.milter.configure(own.config)
    lab.milter.start()
    try:
        yield own
    finally:
        lab.milter.stop()
        lab.milter.configure(lab.config())
        lab.milter.start()


def log_rules(lab, campaign):
    """What the daemon's log says of the one message of a campaign; None: nothing."""
    found = re.search(rf"(?m) campaign={re.escape(campaign)}(?: .*|)$", lab.milter.log_text())
    if not found:
        return None
    rules = re.search(r" rules=(\S+)", found[0])
    return set(rules[1].split(",")) if rules else set()


def send(lab, name, campaign, sender, recipients):
    tag = lab.tag(campaign)
    with lab.client() as client:
        return client.send(sender, [f"{tag}+{i}@rcpt.test" for i in range(recipients)],
                           message(name, campaign), ["BODY=8BITMIME"])


@behaviour("rules: each message of tests/data/rules counts exactly what it fails")
def verdicts(lab, batch):
    differs = dict(DIFFERS[lab.name])
    with own_daemon(lab) as own:
        sent = {}
        for name, sender, recipients, rules in corpus():
            campaign = f"{name}-rules"
            wanted, _ = differs.pop(name, (rules, ""))
            reply = send(lab, name, campaign, sender, recipients)
            if reply.accepted == (wanted is REFUSED):
                yield f"{name}: {reply}"
            elif wanted is not REFUSED:
                sent[campaign] = wanted
        with contextlib.suppress(RuntimeError):
            wait_until("all counters", lambda: own.counters("_all").get("inspected") == len(sent), 40)
        for campaign, wanted in sent.items():
            if own.rules(campaign) != dict.fromkeys(wanted, 1):
                yield f"{campaign}: counted {own.rules(campaign)}, expected {sorted(wanted)}"
            if log_rules(lab, campaign) != wanted:
                yield f"{campaign}: logged {log_rules(lab, campaign)}, expected {sorted(wanted)}"
        lab.mta.drain()
    yield from (f"{name}: there is no such message" for name in differs)


@behaviour("rules: off, count, warn, hold, tempfail and reject, stream by stream")
def actions(lab, batch):
    wanted = {"counted": 250, "off": 250, "warned": 250, "held": 250, "later": 451, "refused": 550}
    with own_daemon(lab, ACTIONS) as own:
        for campaign, code in wanted.items():
            reply = send(lab, "noreply", campaign, "b@bounce.example.com", 1)
            if reply.code != code:
                yield f"{campaign}: {reply}, expected {code}"
            if code != 250 and "noreply" not in reply.text:
                yield f"{campaign}: the reply names no rule: {reply}"
        wait_until("all counters", lambda: own.counters("_all").get("inspected") == len(wanted), 40)
        for campaign, code in wanted.items():
            told = {k: n for k, n in own.counters(campaign).items()
                    if k in ("messages", "rejected", "tempfailed") or k.startswith("rule:")}
            expected = {{250: "messages", 451: "tempfailed", 550: "rejected"}[code]: 1}
            if campaign != "off":
                expected["rule:noreply:fail"] = 1
            if told != expected:
                yield f"{campaign}: counted {told}, expected {expected}"
        for campaign, word in (("warned", " warned=noreply"), ("held", " held=noreply")):
            if not re.search(rf"campaign={campaign} .*{word}\b", lab.milter.log_text()):
                yield f"{campaign}: not in the log"
        yield from quarantine(lab)


def quarantine(lab):
    """One message is held back; it goes on its way when it is let go."""
    if lab.name == "postfix":
        held = wait_until("the message on hold", lambda: os.listdir(f"{lab.mta.spool}/hold"), 30)
        lab.mta.command("postsuper", "-d", "ALL", "hold")
    else:
        # Sendmail renames the control file of a message in quarantine.
        held = [n for n in os.listdir(f"{lab.mta.run}/queue") if n.startswith("hf")]
        for name in held:
            with open(f"{lab.mta.run}/queue/{name}", encoding="latin-1") as f:
                if "Rule noreply: " not in f.read():
                    yield f"{name}: no reason in it"
            for kind in "hd":
                os.unlink(f"{lab.mta.run}/queue/{kind}{name[1:]}")
    if len(held) != 1:
        yield f"on hold: {held}"
    lab.mta.drain()
