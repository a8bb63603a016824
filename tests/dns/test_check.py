#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`metermark check` with DNS: a real name server with good, missing, broken, oversized and
looping zones, and one that lies; each defect lowers exactly its rules."""

import base64
import concurrent.futures
import hashlib
import os
import subprocess
import sys
import time

import dkim

from mmtest.dns import SELF, Liar, NameServer, noise, reply, txt
from mmtest.dnslab import DATA, make_key, match, metermark, settings
from mmtest.programs import SRC
from mmtest.scratch import Scratch, Tap, free_port

IP, IP6 = "192.0.2.7", "2001:db8::7"
RULES = {"spf", "dkim-key", "dkim-key-strength", "dkim-valid", "dmarc", "dmarc-reports",
         "dmarc-pass", "bimi", "mx", "reverse-dns"}
SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"list-id", b"list-unsubscribe",
          b"list-unsubscribe-post", b"feedback-id", b"mime-version", b"content-type"]
DMARC = "v=DMARC1; p=reject; rua=mailto:d@example.com"
BIMI = "v=BIMI1; l=https://example.com/l.svg; a=https://example.com/c.pem"


def good_zone(records):
    """What a sender in good order publishes."""
    return {
        ("@", "TXT"): [txt("v=spf1 ip4:192.0.2.0/28 include:inc -all".replace(
            "include:inc", "include:inc.example.com"))],
        ("inc", "TXT"): [txt("v=spf1 a:mx.example.com -all")],
        ("@", "MX"): ["10 mx"],
        ("mx", "A"): [IP],
        ("mx", "AAAA"): [IP6],
        ("_dmarc", "TXT"): [txt(DMARC)],
        ("default._bimi", "TXT"): [txt(BIMI)],
        **{(f"{s}._domainkey", "TXT"): [txt(r)] for s, r in records.items()},
    }


REVERSE = {"else.example": [], "113.0.203.in-addr.arpa": [],
           "2.0.192.in-addr.arpa": [("7", "PTR", "mx.example.com."),
                                    ("8", "PTR", "mx.example.com."),
                                    ("9", "PTR", "nowhere.example.com.")],
           "8.b.d.0.1.0.0.2.ip6.arpa": [(".".join("7" + "0" * 23), "PTR", "mx.example.com.")]}


class Lab:
    def __init__(self, scratch):
        self.scratch = scratch
        folder = scratch.dir("keys", mode=0o700)
        self.files, self.records = {}, {}
        for s, options in (("r", []), ("e", ["-t", "ed25519"])):
            self.files[s], self.records[s] = make_key(folder, s, *options)
        self.files["gone"] = self.files["r"]    # under a name that DNS does not know
        with open(os.path.join(DATA, "good.eml"), "rb") as f:
            self.plain = f.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self.signed = self.sign("r")

    def sign(self, selector, message=None, **more):
        """By dkimpy, which has no code in common with us."""
        message = message or self.plain
        with open(self.files[selector], "rb") as f:
            key = f.read()
        if selector == "e":
            der = subprocess.run(["openssl", "pkey", "-in", self.files["e"], "-outform", "DER"],
                                 check=True, capture_output=True).stdout
            key = base64.b64encode(der[-32:])
            more["signature_algorithm"] = b"ed25519-sha256"
        return dkim.sign(message, selector.encode(), b"example.com", key, **{
            "canonicalize": (b"relaxed", b"relaxed"), "include_headers": SIGNED, **more}) + message

    def file(self, message):
        path = os.path.join(self.scratch.path, f"m{time.monotonic_ns()}.eml")
        with open(path, "wb") as f:
            f.write(message)
        return path

    def check(self, server, *options, message=None, sender="b@example.com", ip=(IP,)):
        arguments = ["-r", server.address, "-f", "json"]
        if sender is not None:
            arguments += ["-F", sender]
        for one in ip:
            arguments += ["-i", one]
        return metermark("check", *arguments, *options, self.file(message or self.signed))


def amiss(report):
    """{id: (worst word, reason)} of what DNS decides."""
    order = ["na", "pass", "warn", "fail"]
    out = {}
    for one in report["results"]:
        if one["id"] in RULES:
            word, _ = out.get(one["id"], ("na", ""))
            out[one["id"]] = (max(word, one["result"], key=order.index), one["reason"])
    return out


def compliant(lab, server):
    r = lab.check(server, message=lab.sign("e"), ip=(IP, IP6))
    found = {o["provider"]: o["result"] for o in r.json["results"] if o["id"] == "dkim"}
    if r.status != 1 or found != {"gmail": "fail", "yahoo": "fail", "outlook": "fail",
                                  "apple": "fail", "rfc": "na"}:
        yield f"Ed25519 alone: status {r.status}: {found}"
    for s in ("r", "r and e"):
        message = lab.signed if s == "r" else lab.sign("e", lab.signed)
        r = lab.check(server, message=message, ip=(IP, IP6))
        found = amiss(r.json)
        if set(found) != RULES or {w for w, _ in found.values()} != {"pass"} or r.status != 0:
            yield f"{s}: status {r.status}: {found}"
        for score in r.json["scores"]:
            if score["percent"] != 100:
                yield f"{s}: {score}"
    yield from match(r"2 of 10 look-ups, 0 of 2 void; .*192\.0\.2\.7: pass", found["spf"][1], "spf")
    yield from match("the signature holds, libopendkim agrees", found["dkim-valid"][1], "dkim")
    if r.seconds > 15:
        yield f"{r.seconds:.1f} s"


def defects(lab, reverse):
    """Each in a zone of its own: (what changes, {rule: (word, text)}, the message if another)."""
    many = "v=spf1 " + " ".join(f"a:h{i}.example.com" for i in range(11)) + " -all"
    none = None
    unsigned = {rule: ("na", "") for rule in ("dkim-key", "dkim-key-strength", "dkim-valid")}
    cases = {
        "no SPF": ({("@", "TXT"): none}, {"spf": ("fail", "there is no record")}),
        "two SPF": ({("@", "TXT"): [txt("v=spf1 -all"), txt("v=spf1 ?all")]},
                    {"spf": ("fail", "more than one record")}),
        "broken SPF": ({("@", "TXT"): [txt("v=spf1 ipv4:192.0.2.7 -all")]},
                       {"spf": ("fail", "no such mechanism")}),
        "SPF for others": ({("@", "TXT"): [txt("v=spf1 ip4:10.0.0.1 ~all")]},
                           {"spf": ("fail", "192.0.2.7: softfail by ~all")}),
        "eleven look-ups": ({("@", "TXT"): [txt(many)],
                             **{(f"h{i}", "A"): [IP] for i in range(11)}},
                            {"spf": ("fail", "up to 11 look-ups")}),
        "three voids": ({("@", "TXT"): [txt("v=spf1 a:v1.example.com a:v2.example.com "
                                            "a:v3.example.com ip4:192.0.2.7 -all")]},
                        {"spf": ("fail", "3 void look-ups")}),
        "SPF includes itself": ({("inc", "TXT"): [txt("v=spf1 include:example.com -all")]},
                                {"spf": ("fail", "leads back to itself")}),
        "SPF includes nothing": ({("inc", "TXT"): none},
                                 {"spf": ("fail", "include:inc.example.com: there is no record")}),
        "+all": ({("@", "TXT"): [txt("v=spf1 +all")]}, {"spf": ("fail", "the whole world")}),
        # What is wrong with the record does not make an address fail that it lets pass.
        "+all, unsigned": ({("@", "TXT"): [txt("v=spf1 +all")]},
                           {"spf": ("fail", "the whole world"), "dmarc-pass": ("pass", "by SPF"),
                            **unsigned}, lab.plain),
        "look-ups behind a match": ({("@", "TXT"): [txt(many.replace("a:", "ip4:192.0.2.7 a:", 1))],
                                     **{(f"h{i}", "A"): [IP] for i in range(11)}},
                                    {"spf": ("fail", "up to 11 look-ups"),
                                     "dmarc-pass": ("pass", "by SPF"), **unsigned}, lab.plain),
        "large SPF": ({("@", "TXT"): [txt("v=spf1 " + "ip4:10.0.0.1 " * 1000 + "ip4:192.0.2.7 -all")]},
                      {}),
        "huge SPF": ({("@", "TXT"): [txt("v=spf1 " + "ip4:10.0.0.1 " * 1500 + "-all")]},
                     {"spf": ("warn", "too large")}),
        "SPF through a loop": ({("inc", "TXT"): none, ("inc", "CNAME"): ["l1"],
                                ("l1", "CNAME"): ["l2"], ("l2", "CNAME"): ["inc"]},
                               {"spf": ("warn", "aliases")}),
        "no key": ({("r._domainkey", "TXT"): none},
                   {"dkim-key": ("fail", "does not exist"), "dkim-valid": ("fail", ""),
                    "dkim-key-strength": ("na", "")}),
        "another key": ({("r._domainkey", "TXT"): [txt(lab.other)]},
                        {"dkim-valid": ("fail", "header was changed .* or the key")}),
        "key is a test": ({("r._domainkey", "TXT"): [txt(lab.records["r"] + "; t=y")]},
                          {"dkim-key-strength": ("warn", "t=y")}),
        "no DMARC": ({("_dmarc", "TXT"): none},
                     {"dmarc": ("fail", "_dmarc.example.com: the name does not exist"),
                      "dmarc-reports": ("na", ""), "dmarc-pass": ("na", ""),
                      "bimi": ("warn", "only with a DMARC policy")}),
        "broken DMARC": ({("_dmarc", "TXT"): [txt("v=DMARC1; p=maybe")]},
                         {"dmarc": ("fail", 'p= is "maybe"'), "dmarc-reports": ("na", ""),
                          "dmarc-pass": ("na", ""), "bimi": ("warn", "")}),
        "DMARC with a gap": ({("_dmarc", "TXT"): [txt(DMARC.replace("; ", ";; ", 1))]},
                             {"dmarc": ("warn", "apply it, but found an empty tag")}),
        "DMARC with a gap, no reports": ({("_dmarc", "TXT"): [txt("v=DMARC1;; p=reject")]},
                                         {"dmarc": ("warn", "found an empty tag"),
                                          "dmarc-reports": ("warn", "nobody gets reports")}),
        "DMARC without p=": ({("_dmarc", "TXT"): [txt("v=DMARC1; rua=mailto:d@example.com")]},
                             {"dmarc": ("warn", "found no p="),
                              "dmarc-reports": ("pass", "policy none"),
                              "bimi": ("warn", "only with a DMARC policy")}),
        "two DMARC": ({("_dmarc", "TXT"): [txt(DMARC), txt("v=DMARC1; p=none")]},
                      {"dmarc": ("fail", "more than one"), "dmarc-reports": ("na", ""),
                       "dmarc-pass": ("na", ""), "bimi": ("warn", "")}),
        "DMARC without reports": ({("_dmarc", "TXT"): [txt("v=DMARC1; p=reject")]},
                                  {"dmarc-reports": ("warn", "nobody gets reports")}),
        "DMARC without teeth": ({("_dmarc", "TXT"): [txt("v=DMARC1; p=none; rua=mailto:a@b.c")]},
                                {"bimi": ("warn", "only with a DMARC policy")}),
        "no BIMI": ({("default._bimi", "TXT"): none}, {"bimi": ("na", "")}),
        "all other names have SPF": ({("default._bimi", "TXT"): none,
                                      ("*", "TXT"): [txt("v=spf1 -all")]},
                                     {"bimi": ("na", "none of its records begins")}),
        "BIMI beside another": ({("default._bimi", "TXT"): [txt("x"), txt(BIMI)]}, {}),
        "two BIMI": ({("default._bimi", "TXT"): [txt(BIMI), txt(BIMI + ";")]},
                     {"bimi": ("warn", "more than one")}),
        "broken BIMI": ({("default._bimi", "TXT"): [txt("v=BIMI1; l=http://a.b/c")]},
                        {"bimi": ("warn", "expected an https:// URL")}),
        "no MX": ({("@", "MX"): none}, {"mx": ("warn", "neither MX nor address")}),
        "address for MX": ({("@", "MX"): none, ("@", "A"): [IP]},
                           {"mx": ("warn", "goes to its own address")}),
        "null MX": ({("@", "MX"): ["0 ."]}, {"mx": ("warn", "takes no mail")}),
        "MX without address": ({("@", "MX"): ["0 none"]}, {"mx": ("warn", "none of its mail")}),
        "MX of an alias": ({("@", "MX"): ["0 ma"], ("ma", "CNAME"): ["mx"]}, {}),
    }
    def one(name):
        changes, expected, *message = cases[name]
        zone = {**good_zone(lab.records), **changes}
        records = [(n, k, d) for (n, k), values in zone.items() for d in values or []]
        folder = lab.scratch.dir("nsd " + name)
        with NameServer(folder, {"example.com": records, **reverse}) as server:
            return list(judged(name, lab.check(server, message=(message or [None])[0]), expected))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for problems in pool.map(one, cases):
            yield from problems


def judged(name, r, expected):
    found = amiss(r.json)
    for rule in sorted(RULES):
        word, text = expected.get(rule, ("pass", ""))
        if found[rule][0] != word:
            yield f"{name}: {rule} is {found[rule]}, expected {word}"
        yield from match(text, found[rule][1], f"{name}: {rule}")
    fails = any(one["result"] == "fail" for one in r.json["results"])
    if r.status != int(fails):
        yield f"{name}: status {r.status}"
    if r.seconds > 25:
        yield f"{name}: {r.seconds:.1f} s"


def senders(lab, server):
    """Envelope, addresses and signatures as the message has them."""
    cases = {
        "another envelope": (dict(sender="b@else.example"), {
            "spf": ("fail", "no record"), "mx": ("warn", "else.example"), "dmarc-pass": ("pass", "DKIM")}),
        "null sender": (dict(sender="<>"), {"spf": ("na", "null sender")}),
        "no sender known": (dict(sender=None), {}),
        "no address": (dict(ip=()), {"reverse-dns": ("na", "--ip"), "spf": ("pass", "")}),
        "foreign address": (dict(ip=("203.0.113.9",)), {
            "spf": ("fail", "203.0.113.9: fail"), "reverse-dns": ("fail", "")}),
        "one of two foreign": (dict(ip=(IP, "192.0.2.77")), {
            "spf": ("fail", "192.0.2.77: fail"), "reverse-dns": ("fail", "192.0.2.77")}),
        "name leads elsewhere": (dict(ip=("192.0.2.8",)), {
            "reverse-dns": ("fail", "does not lead back")}),
        "name leads nowhere": (dict(ip=("192.0.2.9",)), {
            "reverse-dns": ("fail", "does not lead back")}),
        "unsigned": (dict(message=lab.plain), {
            "dkim-key": ("na", ""), "dkim-key-strength": ("na", ""), "dkim-valid": ("na", ""),
            "dmarc-pass": ("pass", "SPF")}),
        "unsigned and foreign": (dict(message=lab.plain, ip=("203.0.113.9",)), {
            "dkim-key": ("na", ""), "dkim-key-strength": ("na", ""), "dkim-valid": ("na", ""),
            "spf": ("fail", ""), "reverse-dns": ("fail", ""), "dmarc-pass": ("fail", "SPF does not")}),
        "body changed": (dict(message=lab.signed + b"x"), {
            "dkim-valid": ("fail", "the body was changed")}),
        "header changed": (dict(message=lab.signed.replace(b"Subject: ", b"Subject: Re: ")), {
            "dkim-valid": ("fail", "header was changed")}),
        "LF alone": (dict(message=lab.signed.replace(b"\r\n", b"\n")), {}),
        "simple": (dict(message=lab.sign("r", canonicalize=(b"simple", b"simple"))), {}),
        "with length": (dict(message=lab.sign("r", length=True) + b"more\r\n"), {}),
        "one of two holds": (dict(message=lab.sign("e", lab.signed)), {}),
        "key of one of two missing": (dict(message=lab.sign("gone", lab.signed)), {
            "dkim-key": ("warn", "gone._domainkey.example.com: the name does not exist"),
            "dkim-valid": ("warn", "does not exist")}),
        # What the large providers do not verify does not help them.
        "RSA key missing beside Ed25519": (dict(message=lab.sign("gone", lab.sign("e"))), {
            "dkim-key": ("fail", "does not exist"), "dkim-valid": ("fail", "does not exist")}),
        # To libopendkim VT is white space, to the RFC and to us it is not.
        "VT": (dict(message=lab.sign("r", lab.plain.replace(b"of Nov", b"of \x0bNov"))), {
            "dkim-valid": ("warn", "holds, but libopendkim, .* says: ")}),
        "one broken": (dict(message=b"DKIM-Signature: v=1; a=b\r\n" + lab.signed), {
            "dkim-valid": ("warn", "found no")}),
    }
    for name, (how, expected) in cases.items():
        yield from judged(name, lab.check(server, **how), expected)


def with_settings(lab, server):
    """Signatures to be made: are the keys published, and ours?"""
    for selectors, expected in (
            (("r", "e"), {"dkim-valid": ("na", "")}),
            (("r", "missing"), {"dkim-key": ("warn", "does not exist"), "dkim-valid": ("na", "")}),
            (("missing",), {"dkim-key": ("fail", "does not exist"), "dkim-valid": ("na", ""),
                            "dkim-key-strength": ("na", "")})):
        conf = settings(lab.scratch, "check.conf", server,
                        [("example.com", [(s, lab.files.get(s, lab.files["r"]))
                                          for s in selectors])])
        r = metermark("check", "-c", conf, "-F", "b@example.com", "-i", IP, "-f", "json",
                      lab.file(lab.plain))
        yield from judged(str(selectors), r, expected)
    conf = settings(lab.scratch, "check.conf", server, [("example.com", [("e", lab.files["e"])])])
    r = metermark("check", "-c", conf, "-F", "b@example.com", "-i", IP, "-f", "json",
                  lab.file(lab.plain))
    found = {o["provider"]: o["result"] for o in r.json["results"] if o["id"] == "dkim"}
    if r.status != 1 or set(found.values()) != {"fail", "na"} or found["rfc"] != "na":
        yield f"Ed25519 alone, to be made: status {r.status}: {found}"
    conf = settings(lab.scratch, "check.conf", server, [("example.com", [("e", lab.files["r"])])])
    r = metermark("check", "-c", conf, "-F", "b@example.com", "-i", IP, "-f", "json",
                  lab.file(lab.plain))
    yield from judged("foreign key", r, {"dkim-key": ("fail", "not the public half of ours"),
                                         "dkim-valid": ("na", ""),
                                         "dkim-key-strength": ("warn", "not the public half of ours")})


def bounce_domain(lab):
    """SPF is that of the sender that leaves, of its local part too."""
    key = os.path.join(lab.scratch.path, "token.key")
    if not os.path.exists(key):
        metermark("token", "key", key)
    zone = [("@", "TXT", txt("v=spf1 -all")), ("@", "MX", "10 mx"), ("mx", "A", IP),
            ("_dmarc", "TXT", txt(DMARC)), ("r._domainkey", "TXT", txt(lab.records["r"])),
            ("default._bimi", "TXT", txt(BIMI)), ("bounce", "MX", "10 mx"),
            ("bounce", "TXT", txt("v=spf1 exists:%{l}._u.example.com -all")),
            ("bounce._u", "A", "127.0.0.2")]
    with NameServer(lab.scratch.dir("bounce"), {"example.com": zone, **REVERSE}) as server:
        stream = """
            token { key { id = "a" file = "%s" } }
            stream "news" {
                match { campaign = "*" }
                return_path = "%s@bounce.example.com"
            }"""
        for local, expected in (("bounce", "pass"), ("b+%{token}", "fail")):
            conf = settings(lab.scratch, "bounce.conf", server,
                            [("example.com", [("r", lab.files["r"])])], stream % (key, local))
            r = metermark("check", "-c", conf, "-F", "app@example.com", "-R", "r@example.net",
                          "-i", IP, "-f", "json", lab.file(lab.plain))
            yield from judged(local, r, {
                "spf": (expected, "bounce.example.com"), "dkim-valid": ("na", "")})
    with NameServer(lab.scratch.dir("local"), {"example.com": zone, **REVERSE}) as server:
        for local, expected in (("bounce", "pass"), ("other", "fail")):
            r = lab.check(server, message=lab.plain, sender=local + "@bounce.example.com")
            found = amiss(r.json)["spf"]
            if found[0] != expected:
                yield f"-F {local}@bounce.example.com: {found}"


def left_out(lab):
    """Nobody there: the default leaves DNS out and says so; --dns insists."""
    class Nobody:
        address = f"127.0.0.1:{free_port()}"

    r = lab.check(Nobody)
    if amiss(r.json) or r.seconds > 15:
        yield f"{r.seconds:.1f} s: {amiss(r.json)}"
    for form in ("text", "json", "html"):
        text = metermark("check", "-f", form, "-r", Nobody.address, lab.file(lab.signed)).out
        yield from match("no name server answers", text, f"note as {form}")
    if amiss(lab.check(Nobody, "--no-dns").json):
        yield "--no-dns asks"
    found = amiss(lab.check(Nobody, "--dns").json)
    if set(found) != RULES or any(w == "fail" for w, _ in found.values()):
        yield f"--dns: {found}"
    for wrong in (["-i", "nonsense"], ["-i", "192.0.2.1/24"], ["-r", "ns.example.com"],
                  ["-i", IP] * 17):
        if metermark("check", *wrong, "/dev/null").status != 64:
            yield f"{wrong}: not 64"


def liars(lab):
    spf = [(SELF, 16, b"\x1fv=spf1 exists:%{i}.example.com ")]
    cases = {
        "silence": lambda q: [],
        "slow": lambda q: [(20, reply(q))],
        "half a second each": lambda q: [(0.5, reply(q, flags=0x8183))],
        "failure": lambda q: [(0, reply(q, flags=0x8182))],
        "damaged": lambda q: [(0, reply(q, spf, count=9))],
        "one answer for all": lambda q: [(0, reply(q, spf + [
            (SELF, 1, b"\1\2\3\4"), (SELF, 15, b"\0\0\0"), (SELF, 12, b"\0")]))],
        "endless includes": lambda q: [(0, reply(q, [(SELF, 16, bytes([33]) +
                                                      b"v=spf1 include:%{d}.a.b -all     ")]))],
        "wide includes": lambda q: [(0, reply(q, [(SELF, 16, bytes([
            11 + 21 * 10]) + b"v=spf1" + b" include:x%{d2r}.y.zz" * 10 + b" -all")]))],
        "too large": lambda q: [(0, reply(q, [(SELF, 16, b"\x01a")] * 4000))],
        "addresses of no length": lambda q: [(0, reply(q, [(SELF, 1, b""), (SELF, 28, b"\1")]))],
        **{f"noise {seed}": noise(seed) for seed in range(1000, 1040)},
    }

    def one(name):
        with Liar(cases[name]) as liar:
            r = lab.check(liar, "--dns")
            found = amiss(r.json)
            out = [f"{name}: no verdict: {found}"] if set(found) != RULES else []
            # Twenty seconds is what all questions together may take.
            return out + ([f"{name}: {r.seconds:.1f} s"] if r.seconds > 40 else [])

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for problems in pool.map(one, cases):
            yield from problems


def hostile(lab, server):
    """Messages that attack what reads signatures: a verdict each, and nothing else."""
    def signature(text):
        return b"DKIM-Signature: " + text + b"\r\n" + lab.plain

    long_name = b"a" * 70 + b".com"
    cases = [
        signature(b""), signature(b"v=1"), signature(b"=" * 5000), signature(b";" * 5000),
        signature(b"v=1; a=rsa-sha256; d=%s; s=x; h=from; bh=%s=; b=AAAA" % (long_name, b"A" * 43)),
        signature(b"v=1; a=rsa-sha256; d=%s; s=x; h=from; bh=%s=; b=AAAA" % (
            b"a." * 200 + b"com", b"A" * 43)),
        signature(b"v=1; a=rsa-sha256; d=example.com; s=%s; h=from; bh=%s=; b=AAAA" % (
            b"r\\000", b"A" * 43)),
        signature(b"v=1; a=rsa-sha256; d=example.com; s=r; h=from%s; bh=%s=; b=AAAA" % (
            b":from" * 20000, b"A" * 43)),
        signature(b"v=1; a=rsa-sha256; d=example.com; s=r; h=from; l=999999999999; z=%s; bh=%s=; "
                  b"b=%s" % (b"|" * 3000, b"A" * 43, b"A" * 30000)),
        b"DKIM-Signature: v=1\r\n" * 500 + lab.plain,
        b"From: a@example.com\r\n" * 1500 + lab.signed,
        b"X" * 30000 + b": y\r\n" + lab.signed,
        # Each name is looked for among all fields.
        lab.plain.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 1900 + signature(
            b"v=1; a=rsa-sha256; c=simple; d=example.com; s=r; h=from%s; bh=%s; b=AAAA" % (
                b":y" * 2000000, base64.b64encode(hashlib.sha256(
                    lab.plain.partition(b"\r\n\r\n")[2]).digest()))).partition(b"From:")[0] + b"\r\n", 1),
        lab.signed + b"\r\n" * 200000,
        lab.signed + b" \r\n" * 100000,
        b"From: a@example.com", b"From: a@example.com\r\n\r\n", b"\r\n", b"\0" * 1000,
        b"From: a@" + b"b." * 120 + b"com\r\n\r\nx\r\n",
        b"From: a@[192.0.2.1]\r\n\r\nx\r\n",
    ]
    for i, message in enumerate(cases):
        r = lab.check(server, message=message)
        if r.status not in (0, 1) or r.seconds > 25:
            yield f"message {i}: {r.seconds:.1f} s {str(r)[:300]}"
        for form in ("text", "html"):
            shown = metermark("check", "-r", server.address, "-f", form, lab.file(message))
            if shown.status not in (0, 1) or "\x1b" in shown.out:
                yield f"message {i}: {form}: {shown.status}"


def readme(lab):
    """README shows a report: line for line what is printed, its ... left out."""
    with open(os.path.join(SRC, "README.md"), encoding="utf-8") as f:
        command, _, shown = f.read().partition("\n$ metermark check letter.eml")[2].partition("\n")
    shown = shown.partition("\n```")[0].split("\n")
    spf = txt("v=spf1 mx include:inc.example.com -all")
    zone = [("@", "TXT", spf), ("@", "MX", "10 mx"), ("bounce", "TXT", spf), ("bounce", "MX", "10 mx"),
            ("inc", "TXT", txt("v=spf1 ip4:192.0.2.0/28 -all")), ("mx", "A", IP),
            ("r2026._domainkey", "TXT", txt(lab.records["r"])), ("_dmarc", "TXT", txt("v=DMARC1; p=none"))]
    with NameServer(lab.scratch.dir("nsd readme"), {"example.com": zone, **REVERSE}) as server:
        conf = settings(lab.scratch, "readme.conf", server, [("example.com", [("r2026", lab.files["r"])])])
        options = command.replace("/etc/metermark/metermark.conf", conf).split()
        printed = metermark("check", *options, os.path.join(DATA, "no-post.eml")).out.split("\n")
    at = 0
    for line in shown:
        if line != "..." and line not in printed[at:]:
            yield f"not printed there: {line!r}"
        elif line != "...":
            at = printed.index(line, at) + 1
    if len(shown) < 20:
        yield f"README shows no report: {shown}"


def verifier():
    """libopendkim's process, given what nobody gives it: a status, and no more."""
    cases = [b"", b"x", b"1\n", b"1\n5 5\nabc", b"99\n", b"1\n99999999999 1\nx", b"0\n",
             b"0\nFrom: a@b\r\n\r\nx", b"0\n" + b"DKIM-Signature: v=1\r\n" * 100 + b"\r\n",
             b"0\nX" + b"y" * 30000 + b": z\r\n\r\n", b"0\n" + b"\0" * 100]
    for i, text in enumerate(cases):
        r = metermark("_verify", text=text)
        if r.status not in (0, 1) or r.out:
            yield f"{i}: {r}"


def main():
    tap = Tap()

    def check(text, function, *arguments):
        try:
            problems = list(function(*arguments))
        except Exception as e:      # the next check may go on
            problems = [f"{type(e).__name__}: {e}"]
        tap.result(text, problems)

    with Scratch("metermark-dns-check.") as scratch:
        lab = Lab(scratch)
        lab.other = make_key(scratch.dir("other", mode=0o700), "o")[1]
        zone = [(n, k, d) for (n, k), values in good_zone(lab.records).items() for d in values]
        with NameServer(scratch.dir("good"), {"example.com": zone, **REVERSE}) as server:
            check("a compliant message scores full marks", compliant, lab, server)
            check("envelope, addresses and signatures are judged", senders, lab, server)
            check("signatures to be made are judged by their keys", with_settings, lab, server)
            check("hostile signatures end in a verdict", hostile, lab, server)
        check("SPF is judged for the sender that leaves", bounce_domain, lab)
        check("each defect in DNS lowers exactly its rules", defects, lab, REVERSE)
        check("README shows what is printed", readme, lab)
        check("libopendkim's process takes whatever comes", verifier)
        check("without a name server DNS is left out, unless asked for", left_out, lab)
        check("liars end in a verdict, within seconds", liars, lab)
        status = tap.done()
        scratch.keep = bool(status)
    sys.exit(status)


main()
