#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`metermark key`: keys are made with the right modes, their records are what DNS takes,
and `key test` tells published, broken, foreign, weak, missing and lying ones apart."""

import base64
import concurrent.futures
import grp
import os
import pwd
import re
import stat
import subprocess
import sys

from mmtest.dns import SELF, Liar, NameServer, noise, question, reply, txt, wire_name
from mmtest.dnslab import make_key, match, metermark, openssl_key, settings
from mmtest.scratch import Scratch, Tap, free_port


def generate(scratch):
    folder = scratch.dir("made", mode=0o700)
    for options, kind in (([], "rsa"), (["-b", "3072"], "rsa"), (["-t", "ed25519"], "ed25519")):
        path, record = make_key(folder, f"k{len(os.listdir(folder))}", *options)
        st = os.stat(path)
        mode = stat.S_IMODE(st.st_mode)
        if mode not in (0o600, 0o640) or (mode == 0o640 and st.st_uid != 0):
            yield f"{path}: mode {mode:o}"
        shown = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                               check=True, capture_output=True).stdout
        public = base64.b64encode(shown if kind == "rsa" else shown[-32:]).decode()
        if record != f"v=DKIM1; k={kind}; p={public}":
            yield f"{options}: {record}"
        before = open(path, "rb").read()
        again = metermark("key", "generate", path)
        if again.status != 73 or open(path, "rb").read() != before:
            yield f"written over: {again}"
    link = os.path.join(folder, "link")
    os.symlink(os.path.join(folder, "target"), link)
    if metermark("key", "generate", link).status != 73 or os.path.exists(link):
        yield "went through a link"
    for wrong in (["-b", "1024"], ["-b", "2048x"], ["-b", "99999"], ["-t", "dsa"],
                  ["-t", "ed25519", "-b", "2048"], ["-f", "zone"], ["-d", "a b"],
                  ["-s", "a b"]):
        r = metermark("key", "generate", *wrong, os.path.join(folder, "no"))
        if r.status != 64 or os.path.exists(os.path.join(folder, "no")):
            yield f"{wrong}: {r}"


def owner(scratch):
    """As root the daemon's group may read the key, and nobody change it."""
    folder = scratch.dir("owned")
    path, _ = make_key(folder, "daemon", "-o", "daemon")
    st = os.stat(path)
    group = grp.getgrgid(st.st_gid).gr_name
    if (st.st_uid, group, stat.S_IMODE(st.st_mode)) != (0, "daemon", 0o640):
        yield f"uid {st.st_uid}, group {group}, mode {stat.S_IMODE(st.st_mode):o}"
    r = metermark("key", "generate", "-o", "no-such-user", os.path.join(folder, "x"))
    if r.status != 73 or os.path.exists(os.path.join(folder, "x")):
        yield f"{r}"


def records(scratch):
    folder = scratch.dir("records", mode=0o700)
    path, plain = make_key(folder, "k", "-b", "4096")
    zone = metermark("key", "record", "-d", "example.com", "-s", "s1", path).out
    strings = re.findall(r'"([^"]*)"', zone)
    if "".join(strings) != plain or max(map(len, strings)) > 255:
        yield f"zone: {zone}"
    yield from match(r"^s1\._domainkey\.example\.com\. IN TXT \(\n", zone, "zone")
    told = metermark("key", "record", "-d", "example.com", "-s", "s1", "-f", "json", path).json
    if told["name"] != "s1._domainkey.example.com" or told["text"] != plain or \
            told["strings"] != strings:
        yield f"json: {told}"
    r = metermark("key", "record", os.path.join(folder, "none"))
    if r.status != 66:
        yield f"{r}"
    # A zone file as printed is what a name server reads.
    with open(os.path.join(folder, "example.com.zone"), "w", encoding="ascii") as f:
        f.write("$ORIGIN example.com.\n@ 60 IN SOA a. b. 1 60 60 60 60\n@ 60 IN NS a.\n" + zone)
    checked = subprocess.run(["/usr/sbin/nsd-checkzone", "example.com", f.name],
                             capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        yield f"nsd-checkzone: {checked.stdout}{checked.stderr}"


def daemons_own(scratch):
    """Root may have the record of a key that the daemon's user owns."""
    folder = scratch.dir("own")
    path, record = make_key(folder, "k")
    os.chown(path, pwd.getpwnam("daemon").pw_uid, -1)
    os.chmod(path, 0o600)
    conf = scratch.write("own.conf", 'user = "daemon"\n')
    r = metermark("key", "record", "-c", conf, path)
    if r.status != 0 or r.out != record + "\n" or r.err:
        yield f"{r}"


class Keys:
    """Keys of one domain, each published in another way."""

    def __init__(self, scratch):
        folder = scratch.dir("keys", mode=0o700)
        rsa, record = make_key(folder, "rsa")
        ed, ed_record = make_key(folder, "ed", "-t", "ed25519")
        weak, weak_p = openssl_key(folder, "weak", "-algorithm", "RSA", "-pkeyopt",
                                   "rsa_keygen_bits:1024")
        p = record.partition("p=")[2]
        good = "v=DKIM1; k=rsa; p=" + p
        # selector: (file, records, expected word, what is said)
        self.cases = {
            "good": (rsa, [good], "pass", "RSA, 2048 bits, the public half of our key"),
            "plain": (rsa, ["p=" + p], "pass", "RSA, 2048 bits"),
            "spaced": (rsa, [f"v=DKIM1;k=rsa;p={p[:50]} {p[50:]}"], "pass", "RSA, 2048"),
            "ed": (ed, [ed_record], "pass", "Ed25519, the public half of our key"),
            "weak": (weak, ["v=DKIM1; p=" + weak_p], "warn", "1024 bits, thought too short"),
            "testing": (rsa, [good + "; t=y"], "warn", "t=y"),
            "missing": (rsa, [], "fail", "the name does not exist"),
            "foreign": (ed, [good], "fail", "not the public half of ours"),
            "revoked": (rsa, ["v=DKIM1; p="], "fail", "revoked"),
            "broken": (rsa, [good.replace("MII", "M!I")], "fail", "not base64: found !"),
            "cut": (rsa, [good[:200]], "fail", "(not base64|does not hold a key of type RSA)"),
            "kind": (ed, [ed_record.replace("ed25519", "rsa")], "fail", "is k=ed25519 missing"),
            "version": (rsa, [good.replace("DKIM1", "DKIM2")], "fail", 'v= is "DKIM2"'),
            "sha1": (rsa, [good + "; h=sha1"], "fail", "does not allow sha256"),
            "service": (rsa, [good + "; s=tlsrpt"], "fail", "does not allow email"),
            "twice": (rsa, [good, good + ";"], "fail", "2 TXT records, expected one"),
            "spf": (rsa, ["v=spf1 -all"], "fail", 'v= is "spf1 -all"'),
            "bytes": (rsa, ["v=DKIM1; p=\\007\\200\\027[2J"], "fail", r"\\x80\\x1b"),
            "large": (rsa, ["v=DKIM1; n=" + "x" * 3000 + "; p=" + p], "pass", "RSA, 2048"),
            "huge": (rsa, ["v=DKIM1; n=" + "x" * 20000 + "; p=" + p], "unknown", "too large"),
            "alias": (rsa, [("CNAME", "good._domainkey")], "pass", "RSA, 2048"),
            "far": (rsa, [("CNAME", "a1")], "pass", "RSA, 2048"),
            "circle": (rsa, [("CNAME", "c1")], "unknown", "aliases"),
            "nowhere": (rsa, [("CNAME", "nothing.here")], "fail", "does not exist"),
        }

    def zone(self):
        out = [(f"a{i}", "CNAME", f"a{i + 1}") for i in range(1, 5)]
        out += [("a5", "CNAME", "good._domainkey"), ("c1", "CNAME", "c2"), ("c2", "CNAME", "c1")]
        for selector, (_, values, _, _) in self.cases.items():
            for v in values:
                kind, data = v if isinstance(v, tuple) else ("TXT", txt(v))
                if "\\007" in str(v):
                    data = '"v=DKIM1\\; p=\\007\\128\\027[2J"'
                out.append((f"{selector}._domainkey", kind, data))
        return out

    def domains(self, *only):
        return [("example.com", [(s, c[0]) for s, c in self.cases.items() if s in only])]


def by_server(scratch, keys, server):
    """Each verdict; eight keys a domain at most, so several settings."""
    names = list(keys.cases)
    for i in range(0, len(names), 8):
        conf = settings(scratch, f"m{i}.conf", server, keys.domains(*names[i:i + 8]))
        r = metermark("key", "test", "-c", conf, "-f", "json")
        told = {one["selector"]: one for one in r.json}
        for s in names[i:i + 8]:
            _, _, word, text = keys.cases[s]
            if told[s]["result"] != word:
                yield f"{s}: {told[s]['result']}, expected {word}: {told[s]['reason']}"
            yield from match(text, told[s]["reason"], s)
            if re.search(r"[\x00-\x1f\x7f-\xff]", told[s]["reason"]):
                yield f"{s}: control characters: {told[s]['reason']!r}"
        words = {keys.cases[s][2] for s in names[i:i + 8]}
        want = 1 if "fail" in words else 75 if "unknown" in words else 0
        if r.status != want:
            yield f"{names[i:i + 8]}: status {r.status}, expected {want}"


def statuses(scratch, keys, server):
    """For a cron job: 0, 1, 75, and a table that people read."""
    for name, only, want in (("good.conf", ("good", "weak"), 0), ("bad.conf", ("missing",), 1),
                             ("open.conf", ("circle", "good"), 75)):
        r = metermark("key", "test", "-c", settings(scratch, name, server, keys.domains(*only)))
        if r.status != want:
            yield f"{only}: {r}"
    yield from match(r"(?m)^pass +example\.com +good +rsa 2048 ", r.out, "table")
    conf = settings(scratch, "good.conf", server, keys.domains("good"))
    if metermark("key", "test", "-c", conf, "EXAMPLE.com").status != 0:
        yield "a domain by its name"
    if metermark("key", "test", "-c", conf, "example.org").status != 64:
        yield "a domain that is not there"
    if metermark("key", "test", "-c", conf, "-f", "csv").status != 64:
        yield "a format that is none"
    if metermark("key", "test", "-c", "/nonexistent/m.conf").status != 78:
        yield "no settings"
    if metermark("key", "test", "-c", conf, "-r", "localhost").status != 64:
        yield "a resolver that is no address"


def ed25519_alone(scratch, keys, server):
    """To the large providers unsigned mail: a warning, from a section and from the table."""
    lines = scratch.write("table3", f"example.com ed {keys.cases['ed'][0]}\n")
    for conf in (settings(scratch, "alone.conf", server, keys.domains("ed")),
                 settings(scratch, "alone-table.conf", server, [], f'domain_table = "{lines}"')):
        r = metermark("key", "test", "-c", conf, "-f", "json")
        if r.status != 0 or [one["result"] for one in r.json] != ["warn"]:
            yield f"{r}"
        yield from match("Ed25519 alone, .* add an RSA key", r.json[0]["reason"], conf)
    r = metermark("key", "test", "-c", settings(scratch, "both.conf", server,
                                                keys.domains("ed", "good")), "-f", "json")
    if {one["result"] for one in r.json} != {"pass"}:
        yield f"beside RSA: {r}"


def table(scratch, keys, server):
    """Keys of a domain_table are tested like others; patterns with * are left out."""
    path = keys.cases["good"][0]
    lines = scratch.write("table", f"example.com good {path}\n*.example.com good {path} d=example.com\n"
                          f"* good /nonexistent/%{{domain}}.pem\n")
    conf = settings(scratch, "table.conf", server, [], f'domain_table = "{lines}"')
    r = metermark("key", "test", "-c", conf, "-f", "json")
    if r.status != 0 or [one["result"] for one in r.json] != ["pass", "pass"]:
        yield f"{r}"
    missing = scratch.write("table2", "example.com good /nonexistent/k.pem\n")
    conf = settings(scratch, "table2.conf", server, [], f'domain_table = "{missing}"')
    r = metermark("key", "test", "-c", conf)
    if r.status != 1 or "cannot be compared" not in r.out:
        yield f"a key file that is not there: {r}"


def at_once(function, cases):
    """Most of the time is spent waiting for who says nothing."""
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for problems in pool.map(lambda case: list(function(case)), cases):
            yield from problems


def liars(scratch, keys):
    """Whatever answers, and if nobody does: a verdict, within seconds."""
    record = [(SELF, 16, bytes([255]) + b"v=DKIM1; p=" + b"A" * 244)]
    cname = [(SELF, 5, SELF)]

    def other_name(q):
        return [(0, reply(q, [(wire_name("evil.example"), 16, b"\x04p=AA")]))]

    def many(q):
        return [(0, reply(q, [(SELF, 16, b"\x03x=y")] * 3000))]

    cases = {
        "silence": (lambda q: [], "unknown", "no answer in time"),
        "slow": (lambda q: [(30, reply(q))], "unknown", "no answer in time"),
        "late": (lambda q: [(0.7, reply(q, flags=0x8183))], "fail", "does not exist"),
        "failure": (lambda q: [(0, reply(q, flags=0x8182))], "unknown", "failed"),
        "refused": (lambda q: [(0, reply(q, flags=0x8185))], "unknown", "failed"),
        "one byte": (lambda q: [(0, q[:1])], "unknown", ""),
        "header alone": (lambda q: [(0, q[:2] + b"\x81\x80" + b"\0" * 8)], "unknown", ""),
        "wrong id": (lambda q: [(0, reply(q, record, ident=b"\0\0"))], "unknown", "in time"),
        "wrong question": (lambda q: [(0, reply(q, record, asked=question(
            reply(q, asked=wire_name("a.b") + b"\0\x10\0\x01"))[0]))], "unknown", "in time"),
        "wrong name": (other_name, "fail", "no such record"),
        "too many counted": (lambda q: [(0, reply(q, record, count=9))], "unknown", "damaged"),
        "alias of itself": (lambda q: [(0, reply(q, cname))], "unknown", "aliases"),
        "pointer to itself": (lambda q: [(0, reply(q, [(b"\xc0\xff", 16, b"\1a")]))],
                              "unknown", ""),
        "string too long": (lambda q: [(0, reply(q, [(SELF, 16, b"\xffabc")]))],
                            "unknown", "damaged"),
        "empty string": (lambda q: [(0, reply(q, [(SELF, 16, b"\0")]))], "fail", "found no tag"),
        # c-ares 1.18 takes it for an empty one, 1.34 for damage.
        "no string": (lambda q: [(0, reply(q, [(SELF, 16, b"")]))], "(fail|unknown)", ""),
        "cut, by TCP too": (lambda q: [(0, reply(q, flags=0x8380))], "(fail|unknown)", ""),
        "three thousand records": (many, "unknown", "too large"),
        "junk first": (lambda q: [(0, b"\xff" * 700), (0.1, reply(q, flags=0x8183))],
                       "(fail|unknown)", ""),
        "NULs": (lambda q: [(0, reply(q, [(SELF, 16, b"\x0av=DKIM1\0;p")]))], "fail", "x00"),
    }
    def one(name):
        answer, word, text = cases[name]
        with Liar(answer) as liar:
            conf = settings(scratch, f"liar-{name}.conf", liar, keys.domains("good"))
            r = metermark("key", "test", "-c", conf, "-f", "json", timeout=60)
            told = r.json[0]
            if not re.fullmatch(word, told["result"]):
                yield f"{name}: {told['result']}, expected {word}: {told['reason']}"
            yield from match(text, told["reason"], name)
            if r.seconds > 15:
                yield f"{name}: {r.seconds:.1f} s"

    yield from at_once(one, cases)

    class Nobody:
        address = f"127.0.0.1:{free_port()}"

    r = metermark("key", "test", "-c", settings(scratch, "nobody.conf", Nobody,
                                                keys.domains("good")))
    if r.status != 75 or r.seconds > 15:
        yield f"nobody there: {r.seconds:.1f} s {r}"


def random_noise(scratch, keys):
    def one(seed):
        with Liar(noise(seed)) as liar:
            conf = settings(scratch, f"noise{seed}.conf", liar, keys.domains("good"))
            r = metermark("key", "test", "-c", conf, "-f", "json", timeout=60)
            if r.json[0]["result"] not in ("fail", "unknown") or r.seconds > 15:
                yield f"seed {seed}: {r.seconds:.1f} s {r}"

    yield from at_once(one, range(100))


def main():
    tap = Tap()

    def check(text, function, *arguments):
        try:
            problems = list(function(*arguments))
        except Exception as e:      # the next check may go on
            problems = [f"{type(e).__name__}: {e}"]
        tap.result(text, problems)

    with Scratch("metermark-dns-key.") as scratch:
        check("generate makes keys nobody else can read, and overwrites none", generate, scratch)
        if os.geteuid() == 0:
            check("a key made as root is the daemon's to read", owner, scratch)
            check("the daemon's own key has a record, too", daemons_own, scratch)
        check("record prints what DNS publishes", records, scratch)
        keys = Keys(scratch)
        with NameServer(scratch.dir("nsd"), {"example.com": keys.zone()}) as server:
            check("each record has its verdict", by_server, scratch, keys, server)
            check("status and table are for cron and people", statuses, scratch, keys, server)
            check("Ed25519 without RSA is warned of", ed25519_alone, scratch, keys, server)
            check("keys of a table are tested", table, scratch, keys, server)
        check("liars end in a verdict, within seconds", liars, scratch, keys)
        check("noise ends in a verdict", random_noise, scratch, keys)
        status = tap.done()
        scratch.keep = bool(status)
    sys.exit(status)


main()
