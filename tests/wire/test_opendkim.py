#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark import-opendkim: opendkim with its settings, and metermark with what was
made of them, get the same messages and must sign the same ones, by the same d= and s=.

Needs opendkim; without it only what the command says is tested.
"""
import os
import re
import shutil
import subprocess

from mmtest.daemon import POSTFIX
from mmtest.proc import Server
from mmtest.protocol import Client
from mmtest.wire import plain, wire

OPENDKIM = shutil.which("opendkim", path=os.environ.get("PATH", "") + ":/usr/sbin")
NOT_ALL, NO_INPUT, CANNOT_CREATE, BROKEN = 3, 66, 73, 78


class OpenDKIM(Server):
    name = "opendkim"

    def __init__(self, run, config):
        self.run, self.log = run, os.path.join(run, "log")
        self.socket = os.path.join(run, "s")
        self.file = os.path.join(run, "main.conf")
        # What only this test needs; /tmp is no safe place for keys.
        with open(self.file, "w", encoding="ascii") as f:
            f.write(f"Include {config}\nSocket local:{self.socket}\nPidFile {run}/pid\n"
                    "RequireSafeKeys no\nSyslog no\nBackground no\nAutoRestart no\n")

    def argv(self):
        return [OPENDKIM, "-f", "-x", self.file]

    def ready(self):
        return os.path.exists(self.socket)

    def stop(self, timeout=15):
        """Asked politely it takes five seconds."""
        if self.running():
            self.kill()


class Mail:
    """A message as one client sends it."""

    def __init__(self, sender, address="127.0.0.1", host=None, **macros):
        self.sender, self.address, self.macros = sender, address, macros
        self.host = host or f"[{address}]"

    def __str__(self):
        return " ".join([self.sender, "from", self.address] +
                        [f"{k}={v}" for k, v in self.macros.items()])

    def signatures(self, socket):
        """The d=/s= of those added, sorted, or the answer if it does not pass."""
        with Client(socket) as c:
            c.negotiate()
            c.set_macros(**{**POSTFIX, "i": "4Import", "client_addr": self.address,
                            **self.macros})
            answer = c.open(address=self.address, host=self.host)
            if answer is None:
                answer = c.message(plain(From=f"Sender <{self.sender}>"))
            c.quit()
        if not answer.passed:
            return repr(answer)
        values = [re.sub(rb"\s", b"", e.value).decode() for e in answer.edits
                  if e.name == b"DKIM-Signature"]
        tags = [dict(t.split("=", 1) for t in v.split(";") if "=" in t) for v in values]
        return " ".join(sorted({f"{t['d']}/{t['s']}" for t in tags}))


SOMEONE = {"auth_type": "PLAIN", "auth_authen": "bob"}
E, N = "u@example.com", "u@example.net"

# Each: title, opendkim.conf, files, {message: its signatures}.  @K is where the keys are,
# @R where the files are.
ONE = "Mode s\nDomain example.com\nSelector a\nKeyFile @K/a.pem\n"
TABLES = "Mode s\nKeyTable file:@R/keys\nSigningTable file:@R/rules\n"
WILD = "Mode s\nKeyTable file:@R/keys\nSigningTable refile:@R/rules\n"
KEYS = """\
# name   domain:selector:key
ka example.com:a:@K/a.pem
kb example.com:b:@K/b.pem   # a second one
kn example.net:b:@K/b.pem
k% %:c:@K/c.pem
kf %:d:@K/%.pem
"""
SUBS = [E, "u@sub.example.com", "u@x.sub.example.com", "u@notexample.com", "u@com"]


def same(senders, *signed):
    return {Mail(s): d for s, d in zip(senders, signed + ("",) * len(senders))}


CASES = [
    ("one domain", ONE, {}, {
        Mail(E): "example.com/a", Mail("U@EXAMPLE.com"): "example.com/a",
        Mail("u@sub.example.com"): "", Mail(N): "", Mail("u@example.com.example.net"): ""}),
    ("a list of domains", ONE + "Domain example.com, example.net,example.org\n", {}, {
        Mail(E): "example.com/a", Mail(N): "example.net/a",
        Mail("u@example.org"): "example.org/a", Mail("u@example.edu"): ""}),
    ("domains in a file, the last of two settings", ONE + "Domain file:@R/domains\n",
     {"domains": "# ours\nexample.net  what=ever\n\n  example.org # and this\n.example.com\n"},
     {Mail(E): "", Mail(N): "example.net/a", Mail("u@example.org"): "example.org/a",
      Mail("u@sub.example.com"): ""}),
    ("SubDomains", ONE + "SubDomains yes\n", {},
     same(SUBS, *["example.com/a"] * 3)),
    ("SubDomains, and one of them by name",
     ONE + "SubDomains yes\nDomain sub.example.com,example.com\n", {},
     same(SUBS, "example.com/a", *["sub.example.com/a"] * 2)),
    ("MultipleSignatures, which means nothing without tables",
     ONE + "MultipleSignatures yes\nSubDomains yes\nDomain sub.example.com,example.com\n", {},
     same(SUBS, "example.com/a", *["sub.example.com/a"] * 2)),
    ("Domain *", ONE + "Domain *\n", {}, {
        Mail(E): "example.com/a", Mail("u@sub.example.com"): "sub.example.com/a",
        Mail(N): "example.net/a"}),
    ("a domain pattern in a refile", ONE + "Domain refile:@R/domains\n",
     {"domains": "*.example.com\nexample.net\n"}, {
         Mail(E): "", Mail("u@sub.example.com"): "sub.example.com/a",
         Mail(N): "example.net/a"}),
    ("ExemptDomains", ONE + "Domain example.com,example.net\nExemptDomains example.net\n", {},
     {Mail(E): "example.com/a", Mail(N): ""}),
    ("tables", TABLES, {"keys": KEYS, "rules": "example.com ka\nexample.net kn\n"},
     {Mail(E): "example.com/a", Mail(N): "example.net/b", Mail("u@sub.example.com"): "",
      Mail("u@example.org"): ""}),
    ("tables, a domain and all below it", TABLES,
     {"keys": KEYS, "rules": "example.com ka\n.example.com ka\n"},
     same(SUBS, *["example.com/a"] * 3)),
    ("tables, only what is below", TABLES, {"keys": KEYS, "rules": ".example.com k%\n"},
     same(SUBS, "", "sub.example.com/c", "x.sub.example.com/c")),
    ("tables, the nearest parent", TABLES,
     {"keys": KEYS, "rules": "* k%\n.example.com ka\n.sub.example.com kb\n"},
     {Mail(E): "example.com/c", Mail("u@sub.example.com"): "example.com/a",
      Mail("u@x.sub.example.com"): "example.com/b", Mail(N): "example.net/c"}),
    ("tables, another domain signs", TABLES, {"keys": KEYS, "rules": "example.org kn\n"},
     {Mail("u@example.org"): "example.net/b", Mail(N): ""}),
    ("tables, the key file of each domain", TABLES,
     {"keys": KEYS, "rules": "example.com kf\nexample.net kf\n"},
     {Mail(E): "example.com/d", Mail(N): "example.net/d"}),
    ("tables, the key named like the domain", TABLES,
     {"keys": "example.com example.com:a:@K/a.pem\nsub.example.com %:b:@K/b.pem\n"
              "EXAMPLE.net example.net:c:@K/c.pem\n", "rules": "* %\n"},
     {Mail(E): "example.com/a", Mail("u@sub.example.com"): "sub.example.com/b"}),
    ("tables in place", "Mode s\nSigningTable csl:example.com=ka,example.net=kn\n"
     "KeyTable csl:ka=example.com:a:@K/a.pem,kn=example.net:b:@K/b.pem\n", {},
     {Mail(E): "example.com/a", Mail(N): "example.net/b", Mail("u@sub.example.com"): ""}),
    ("a refile", WILD, {"keys": KEYS, "rules": "*@example.com ka\n*@*.example.com kb\n"},
     same(SUBS, "example.com/a", "example.com/b", "example.com/b")),
    ("a refile, the first match", WILD,
     {"keys": KEYS, "rules": "*@*.example.com ka\n*@sub.example.com kb\n"
                             "*@example.net kn\n* k%\n*@example.com ka\n"},
     {Mail("u@sub.example.com"): "example.com/a", Mail(N): "example.net/b",
      Mail(E): "example.com/c", Mail("u@example.org"): "example.org/c"}),
    ("a refile, patterns that never match", WILD,
     {"keys": KEYS, "rules": "example.com ka\n@example.com ka\n*@example.net kn\n"},
     {Mail(E): "", Mail(N): "example.net/b"}),
    ("a file, patterns that never match", TABLES,
     {"keys": KEYS, "rules": "*@example.com ka\n*.example.com ka\nexample.net kn\n"},
     {Mail(E): "", Mail("u@sub.example.com"): "", Mail(N): "example.net/b"}),
    ("two keys", WILD + "MultipleSignatures yes\n",
     {"keys": KEYS, "rules": "*@example.com ka\n*@example.com kb\n*@example.net kn\n"},
     {Mail(E): "example.com/a example.com/b", Mail(N): "example.net/b"}),
    ("two keys, without MultipleSignatures", WILD,
     {"keys": KEYS, "rules": "*@example.com kb\n*@example.com ka\n"},
     {Mail(E): "example.com/b"}),
    ("all that match", WILD + "MultipleSignatures yes\n",
     {"keys": KEYS, "rules": "*@example.com ka\n* k%\n*@*.example.com kb\n"},
     {Mail(E): "example.com/a example.com/c",
      Mail("u@sub.example.com"): "example.com/b sub.example.com/c",
      Mail(N): "example.net/c"}),
    ("all that match in a file", TABLES + "MultipleSignatures yes\n",
     {"keys": KEYS, "rules": "example.com ka\nexample.com kb\n.example.com kb\n* k%\n"},
     {Mail(E): "example.com/a example.com/c",
      Mail("u@sub.example.com"): "example.com/b sub.example.com/c"}),
    ("strangers, and who has authenticated", ONE, {}, {
        Mail(E): "example.com/a", Mail(E, "::1"): "example.com/a",
        Mail(E, "192.0.2.1"): "", Mail(E, "2001:db8::1"): "",
        Mail(E, "192.0.2.1", **SOMEONE): "example.com/a",
        Mail(N, "192.0.2.1", **SOMEONE): "", Mail(E, "127.0.0.2"): ""}),
    ("InternalHosts", ONE +
     "InternalHosts 10.0.0.0/8,!10.1.0.0/16,10.1.2.3,2001:db8::/32,192.168.1.7/24\n", {}, {
         Mail(E, a): d for a, d in {
             "127.0.0.1": "", "10.0.0.1": "example.com/a", "10.1.1.1": "",
             "10.1.2.3": "example.com/a", "10.2.0.0": "example.com/a", "11.0.0.1": "",
             "2001:db8::1": "example.com/a", "2001:db9::1": "", "::1": "",
             "192.168.1.7": "", "192.168.1.1": ""}.items()}),
    ("InternalHosts in a file, PeerList", ONE +
     "InternalHosts refile:@R/hosts\nPeerList csl:10.1.0.0/16,!10.1.2.0/24\n"
     "ExternalIgnoreList file:@R/hosts\n",
     {"hosts": "# ours\n127.0.0.1\nlocalhost\n10.0.0.0/8   # all\n[2001:db8::]/32\n"},
     {Mail(E, "::1", "localhost"): "example.com/a", **{Mail(E, a): d for a, d in {
         "127.0.0.1": "example.com/a", "10.0.0.1": "example.com/a", "10.1.1.1": "",
         "10.1.2.1": "example.com/a", "192.0.2.1": ""}.items()}}),
    ("MTA", ONE + "MTA msa, TLS\n", {}, {
        Mail(E, "192.0.2.1", daemon_name="msa"): "example.com/a",
        Mail(E, "192.0.2.1", daemon_name="TLS"): "example.com/a",
        Mail(E, "192.0.2.1", daemon_name="smtpd"): "",
        Mail(N, "192.0.2.1", daemon_name="msa"): ""}),
    ("MacroList, and MTA, which then means nothing",
     ONE + "MTA msa\nMacroList daemon_name=tls|sub\n", {}, {
        Mail(E, "192.0.2.1", daemon_name="msa"): "",
        Mail(E, "192.0.2.1", daemon_name="sub"): "example.com/a",
        Mail(E, "192.0.2.1", daemon_name="smtpd"): "",
        Mail(E, "127.0.0.1", daemon_name="smtpd"): "example.com/a"}),
    ("verifying only", "Mode v\n" + ONE[7:], {}, {Mail(E): ""}),
    ("an included file, BaseDirectory, a key beside it",
     "BaseDirectory @K\nInclude @R/more\nKeyFile ./b.pem\n", {"more": ONE + "Selector b\n"},
     {Mail(E): "example.com/b", Mail(N): ""}),
]


class Import:
    """One run of the command on files of its own."""

    def __init__(self, t, config, files=()):
        self.run = t.scratch.dir(f"i{len(os.listdir(t.scratch.path))}", mode=0o755)
        self.keys = os.path.join(t.scratch.path, "keys")
        self.file = self.write("opendkim.conf", config)
        for name, text in dict(files).items():
            self.write(name, text)
        self.folder = os.path.join(self.run, "out")

    def write(self, name, text):
        path = os.path.join(self.run, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("@K", self.keys).replace("@R", self.run))
        return path

    def start(self, *arguments):
        """Status, stdout, stderr."""
        command = os.path.join(os.environ.get("MM_BUILD") or os.getcwd(), "metermark")
        done = subprocess.run([command, "import-opendkim", *(arguments or (self.file,))],
                              cwd=self.run, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def convert(self):
        """The new settings, with a domain_table where they want one."""
        status, out, said = self.start("--output", self.folder, self.file)
        if status not in (0, NOT_ALL):
            raise RuntimeError(f"status {status}: {said}{out}")
        with open(os.path.join(self.folder, "metermark.conf"), encoding="utf-8") as f:
            return f.read(), said


def compare(t, config, files, mails):
    it = Import(t, config, files)
    settings, said = it.convert()
    run = t.scratch.dir(f"o{len(os.listdir(t.scratch.path))}", mode=0o755)
    with OpenDKIM(run, it.file) as theirs, t.daemon(settings, domain="") as ours:
        for mail, expected in mails.items():
            by_them, by_us = mail.signatures(theirs.socket), mail.signatures(ours.socket)
            if by_them != expected:
                yield f"{mail}: opendkim: {by_them or 'unsigned'}, expected {expected}"
            if by_us != by_them:
                yield f"{mail}: metermark: {by_us or 'unsigned'}, opendkim: {by_them}"
                yield said


def says(t, config, status, *sentences, files=(), never=()):
    """Status and stderr of a run that prints."""
    got, out, said = Import(t, config, files).start()
    if got != status:
        yield f"status {got}, expected {status}"
    for sentence in sentences:
        if not re.search(sentence, said):
            yield f"not said: {sentence}"
    for sentence in never:
        if re.search(sentence, said + out):
            yield f"said: {sentence}"
    if status in (0, NOT_ALL) and "outbound {" not in out:
        yield f"no settings: {out}"
    if status not in (0, NOT_ALL) and out:
        yield "printed settings nevertheless"
    if status == 0 and re.search("not carried over", said):
        yield "something is not carried over, and the status is 0"


def check_of(t, config, *lines, files=()):
    """The printed settings pass metermark-milter -t, and have these lines."""
    it = Import(t, config, files)
    settings, said = it.convert()
    path = it.write("new.conf", settings + 'user = "root"\n')
    done = subprocess.run(
        [os.path.join(os.environ.get("MM_BUILD") or os.getcwd(), "metermark-milter"), "-t",
         "-c", path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield f"-t: status {done.returncode}: {done.stdout}{done.stderr}"
    for line in lines:
        if not re.search(line, settings, re.M):
            yield f"not in the settings: {line}"
            yield settings


LOST = [
    ("an i=", WILD, [r"rules:1: SigningTable: not carried over: .*signer \"@%\""],
     {"keys": KEYS, "rules": "*@example.com ka:@%\n"}),
    ("patterns that look at the user", WILD,
     [r"rules:1: .*news@example.com: metermark chooses keys by domain", r"rules:2: .*regular",
      r"rules:3: .*\* within a domain"],
     {"keys": KEYS, "rules": "news@example.com ka\n*@exampl(e|f).com ka\n*@a.*.com ka\n"}),
    ("a pattern that opendkim takes further", WILD, [r"rules:1: .*notexample.com for"],
     {"keys": KEYS, "rules": "*example.com ka\n"}),
    ("a key that is not there", TABLES, [r"rules:2: .*no key named kz"],
     {"keys": KEYS, "rules": "example.com ka\nexample.net kz\n"}),
    ("a row without its parts", TABLES, [r"keys:1: KeyTable: .*expected DOMAIN:SELECTOR:FILE"],
     {"keys": "ka example.com:a\n", "rules": "example.com ka\n"}),
    ("names of hosts", ONE + "InternalHosts 127.0.0.1,mail.example.com,.example.net\n",
     [r"opendkim.conf:5: InternalHosts: .*mail.example.com", r"5: .*\.example.net: .*by name"],
     {}),
    ("other data sets", ONE + "Domain ldap://x/dc=$d\nPeerList db:/x\n",
     [r":5: Domain: .*type ldap", r":6: PeerList: .*type db"], {}),
    ("header lists",
     ONE + "SignHeaders From,X-Mine,Subject\nOversignHeaders From,Sender\n"
     "OmitHeaders Subject,X-Mine\nSenderHeaders Sender,From\n",
     [r"does not sign X-Mine\n", r"does not oversign Sender\n", r"all the same Subject\n",
      r"not looked for in Sender\n"], {}),
    ("a short list", ONE + "SignHeaders From,Date,List-*\n",
     [r":5: SignHeaders: not carried over: metermark also signs To, Cc, Subject, Reply-To, .*"
      r"References, Feedback-ID, .*Precedence\n"], {}),
    ("what it does not do", ONE + "Diagnostics yes\nRemoveOldSignatures true\nBodyLengthDB x\n"
     "RequestReports 1\nMaximumSignedBytes 10\nDontSignMailTo a@b\nMode sv\nFooBar 1\n"
     "SignatureTTL 60\nOn-InternalError reject\nRequireSafeKeys no\nSignatureAlgorithm rsa-sha1\n",
     ["Diagnostics: .*z=", "RemoveOldSignatures", "BodyLengthDB: .*l=", "RequestReports",
      "MaximumSignedBytes", "DontSignMailTo", "Mode: .*verifying", "FooBar", "SignatureTTL: .*60",
      "On-InternalError: .*reject", "RequireSafeKeys", "SHA-256"], {}),
    ("a key file that is not there", ONE + "KeyFile @K/none.pem\n",
     [r":5: KeyFile: carried over, but cannot be used yet: .*none.pem: cannot be opened"], {}),
    ("an Ed25519 key with simple headers", ONE + "KeyFile @K/e.pem\nCanonicalization simple\n",
     [r":6: Canonicalization: .*Ed25519.*relaxed now"], {}),
    ("PeerList", ONE + "PeerList 10.0.0.1\n", [r":5: PeerList: .*authenticates"], {}),
    ("reactions", ONE + "On-Default tempfail\nOn-SignatureError accept\n",
     [r":5: On-Default: .*on_bad_message", r":6: On-SignatureError: .*deferred"], {}),
    ("rules that want a table", ONE + "Domain *\n", [r":5: Domain: .*--output"], {}),
]

WRONG = [
    ("no value", ONE + "Selector\n", r"opendkim.conf:5: found Selector without a value"),
    ("no boolean", ONE + "SubDomains maybe\n", r"opendkim.conf:5: SubDomains: expected yes"),
    ("no number", ONE + "SignatureTTL long\n", r"opendkim.conf:5: SignatureTTL: .*number"),
    ("Domain without a key", "Domain example.com\n", r"opendkim.conf:1: Domain: .*KeyFile"),
    ("KeyTable alone", "KeyTable csl:a=b:c:/d\n", r"opendkim.conf:1: KeyTable: .*SigningTable"),
    ("SigningTable alone", "SigningTable csl:a=b\n", r"opendkim.conf:1: .*KeyTable"),
    ("no canonicalization", ONE + "Canonicalization strict\n", r":5: Canonicalization"),
    ("no mode", ONE + "Mode x\n", r"opendkim.conf:5: Mode"),
    ("no reaction", ONE + "On-InternalError panic\n", r":5: On-InternalError"),
    ("a file that includes itself", "Include @R/opendkim.conf\n", r"files within files"),
]


def inline_key(t):
    with open(os.path.join(t.scratch.path, "keys", "a.pem"), encoding="ascii") as f:
        key = "".join(f.read().split("-----")[2].split())
    yield from says(t, TABLES, NOT_ALL, r"keys:2: KeyTable: .*key ki: .*openssl pkey",
                    files={"keys": f"ka example.com:a:@K/a.pem\nki example.net:b:{key}\n",
                           "rules": "example.com ka\nexample.net ki\n"},
                    never=[re.escape(key[100:140])])


def unreadable(t):
    it = Import(t, ONE)
    for file in (it.file + ".none", it.run):
        status, out, said = it.start(file)
        if status != NO_INPUT or out or file not in said:
            yield f"{file}: status {status}: {said}"
    yield from says(t, ONE + "Domain file:@R/none\n", NO_INPUT, r"none: No such file",
                    r"opendkim.conf:5: Domain names it")
    yield from says(t, ONE + "Include @R/none\n", NO_INPUT, r"none: No such file")


def keeps_files(t):
    """--output writes nothing over."""
    it = Import(t, ONE)
    it.convert()
    status, _, said = it.start("--output", it.folder, it.file)
    if status != CANNOT_CREATE or "exists; remove it or name another folder" not in said:
        yield f"status {status}: {said}"
    if os.path.exists(os.path.join(it.folder, "domain_table")):
        yield "a domain_table for one domain"


def large(t):
    """Many domains go into a table, and sign as they did."""
    n = 3000
    it = Import(t, WILD, {"keys": "".join(
        f"k{i} d{i}.example.org:s{i % 7}:@K/{'ab'[i % 2]}.pem\n" for i in range(n)),
        "rules": "".join(f"*@d{i}.example.org k{i}\n" for i in range(n))})
    settings, said = it.convert()
    with open(os.path.join(it.folder, "domain_table"), encoding="utf-8") as f:
        rows = [line for line in f if not line.startswith("#")]
    if len(rows) != n:
        yield f"{len(rows)} rows"
    if "domain_table = " not in settings or "domain \"" in settings:
        yield settings[:2000]
    with t.daemon(settings, domain="") as d:
        for i in (0, 1, 1234, n - 1):
            got = Mail(f"u@d{i}.example.org").signatures(d.socket)
            if got != f"d{i}.example.org/s{i % 7}":
                yield f"d{i}: {got}: {said[-1000:]}"
        if Mail("u@example.org").signatures(d.socket):
            yield "signs for a domain that is not there"


def main():
    with wire("opendkim") as t:
        keys = os.path.join(t.scratch.path, "keys")
        for name in "abc":
            os.rename(t.keys.make(f"{name}.test", "s", "rsa"), f"{keys}/{name}.pem")
        os.rename(t.keys.make("e.test", "s", "ed25519"), f"{keys}/e.pem")
        for domain in ("example.com", "example.net"):
            shutil.copy(f"{keys}/a.pem", f"{keys}/{domain}.pem")
        for title, config, files, mails in CASES:
            if OPENDKIM is None:
                t.tap.skip(f"the same signatures: {title}", "no opendkim")
                continue
            t.check(f"the same signatures: {title}", compare, t, config, files, mails)
        t.check("many domains", large, t)
        for title, config, sentences, files in LOST:
            t.check(f"named, status {NOT_ALL}: {title}", says, t, config, NOT_ALL, *sentences,
                    files=files)
        t.check("a key in the table is named, and not shown", inline_key, t)
        for title, config, sentence in WRONG:
            t.check(f"refused with file and line: {title}", says, t, config, BROKEN, sentence)
        t.check("files that cannot be read", unreadable, t)
        t.check("files that are there stay", keeps_files, t)
        t.check("all is carried over: status 0", says, t, ONE + "Canonicalization relaxed\n"
                "OversignHeaders From\nBackground yes\nTrustAnchorFile /x\nPidFile /x\n"
                "Diagnostics no\nSyslog yes\n", 0)
        for fields in ("*,+X-Mine", "*,-Subject", "+Subject"):
            t.check(f"opendkim's own list with changes is no short one: {fields}", says, t,
                    ONE + f"SignHeaders {fields}\n", 0 if fields == "+Subject" else NOT_ALL,
                    never=["metermark also signs"])
        t.check("a short list of oversigned fields is worth a note", says, t,
                ONE + "OversignHeaders From,Date\n", 0,
                r":5: OversignHeaders: note: metermark also oversigns To, Cc, Subject, Reply-To")
        t.check("signature settings", check_of, t,
                ONE + "Canonicalization relaxed/simple\nSignatureTTL 86400\nOn-Default accept\n"
                "RequiredHeaders yes\nSocket inet:8899@127.0.0.1\n",
                r'^\tcanonicalization = "relaxed/simple"$', r"^\texpire = 86400$",
                r'^on_sign_failure = "accept"$', r'^on_bad_message = "reject"$',
                r'^listen = "inet:8899@127.0.0.1"\nallow_tcp = true$')
        t.check("the same in a table", check_of, t, ONE + "Domain *\nCanonicalization simple\n"
                "SignatureTTL 86400\nSocket local:@R/s.sock\nUserID root:daemon\nUMask 002\n",
                r"^domain_table = ", r'^listen = "unix:/.*/s.sock"$', r'^group = "daemon"$',
                r"Socket: metermark has to make files in /.*: .* ReadWritePaths=",
                r"UserID: the group daemon may connect; .* chown metermark:daemon and chmod 2750")


main()
