# SPDX-License-Identifier: BSD-2-Clause
"""The filters that are measured, each a private process on a unix socket.

All sign for the same domain with the same key files, relaxed/relaxed unless the case
says otherwise, the same fields and the same oversigned fields.
"""

import os
import re
import shutil
import time

from mmtest.daemon import Daemon
from mmtest.opendkim import Opendkim
from mmtest.proc import Server
from mmtest.programs import Missing, find
from mmtest.redis import RedisServer
from mmtest.scratch import wait_until

DOMAIN = "example.com"
SELECTORS = {"rsa": "r2026", "ed25519": "e2026"}

# As in mail/signset.c.  opendkim's regular expression for them has room for 1024 bytes.
SIGNED = ("From To Cc Subject Date Reply-To Sender Message-ID MIME-Version Content-Type "
          "Content-Transfer-Encoding In-Reply-To References List-Id List-Help "
          "List-Subscribe List-Unsubscribe List-Post List-Owner List-Archive "
          "List-Unsubscribe-Post Feedback-ID CFBL-Address CFBL-Feedback-ID BIMI-Selector "
          "Auto-Submitted Precedence").split()
OVERSIGNED = ("From To Cc Subject Date Reply-To Message-ID MIME-Version Content-Type "
              "Content-Transfer-Encoding List-Unsubscribe List-Unsubscribe-Post "
              "Feedback-ID").split()


NOT_INSTALLED = "not installed"


class Unfit(Exception):
    """This filter cannot do what the case asks; the text says what."""


class Measured:
    """What we read of a process, by its own CPU clock: user and system time of all its
    threads, those that have ended too, in nanoseconds."""

    def pids(self):
        return [self.process.pid]

    def cpu_s(self):
        # The kernel's clock id of a process: linux/include/linux/posix-timers.h.
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in self.pids()) / 1e9

    def peak_kb(self):
        return sum(int(re.search(r"VmHWM:\s*(\d+) kB", _read(f"/proc/{pid}/status"))[1])
                   for pid in self.pids())

    def settle(self, accepted):
        """Wait until work that goes on behind the mail is done."""

    def threads_cpu_s(self):
        """{name: seconds} of the threads that have a name of their own."""
        out = {}
        for pid in self.pids():
            program = _read(f"/proc/{pid}/comm").strip()
            for tid in os.listdir(f"/proc/{pid}/task"):
                try:
                    name = _read(f"/proc/{pid}/task/{tid}/comm").strip()
                    spent = int(_read(f"/proc/{pid}/task/{tid}/schedstat").split()[0])
                except OSError:     # libmilter's workers come and go
                    continue
                if name != program:
                    out[name] = out.get(name, 0) + spent / 1e9
        return out


def _read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read()


class Null(Measured, Server):
    name = "null milter"
    signs = False

    def __init__(self, bench, _load, run, socket=None):
        self.run = run
        self.log = os.path.join(run, "null.log")
        self.socket = socket or os.path.join(run, "null.sock")
        self.program = bench.program("null_milter")
        os.makedirs(os.path.dirname(self.socket), mode=0o755, exist_ok=True)

    def argv(self):
        return [self.program, f"unix:{self.socket}"]

    def ready(self):
        return os.path.exists(self.socket)


class BenchOpendkim(Measured, Opendkim):
    signs = True

    def __init__(self, bench, load, run, socket=None):
        if len(load.keys) > 1:
            raise Unfit("opendkim has one signature algorithm for all messages")
        if load.domains > 1:
            raise Unfit("not set up")
        kind = load.keys[0]
        socket = socket or os.path.join(run, "sock", "opendkim.sock")
        super().__init__(run, socket, bench.key(kind), DOMAIN, SELECTORS[kind])
        path = os.path.join(run, "opendkim.conf")
        text = _read(path)
        text = re.sub(r"(?m)^Canonicalization .*", f"Canonicalization {load.canon}", text)
        text = re.sub(r"(?m)^SignatureAlgorithm .*", f"SignatureAlgorithm {kind}-sha256",
                      text)
        text += f"SignHeaders {','.join(SIGNED)}\nOversignHeaders {','.join(OVERSIGNED)}\n"
        with open(path, "w", encoding="ascii") as f:
            f.write(text)


class Rspamd(Measured, Server):
    """rspamd as a milter that does nothing but sign."""

    name = "rspamd"
    signs = True

    def __init__(self, bench, load, run):
        try:
            self.program = find("rspamd")
        except Missing:
            raise Unfit(NOT_INSTALLED) from None
        if load.canon != "relaxed/relaxed":
            raise Unfit("always relaxed/relaxed")
        if load.keys != ("rsa",):
            raise Unfit("takes Ed25519 keys in a form of its own")
        if load.domains > 1:
            raise Unfit("not set up")
        self.run = run
        self.log = os.path.join(run, "rspamd.log")
        self.socket = os.path.join(run, "rspamd.sock")
        kind = load.keys[0]
        oversigned = set(OVERSIGNED)
        fields = ":".join(f"(o){n.lower()}" if n in oversigned else n.lower()
                          for n in SIGNED)
        # "(o)" is over-signed whether present or not.
        with open(os.path.join(run, "rspamd.conf"), "w", encoding="ascii") as f:
            f.write(RSPAMD.format(run=run, socket=self.socket, key=bench.key(kind),
                                  domain=DOMAIN, selector=SELECTORS[kind], fields=fields))

    def argv(self):
        return [self.program, "-f", "-i", "-c", os.path.join(self.run, "rspamd.conf")]

    def ready(self):
        return os.path.exists(self.socket)

    def pids(self):
        children = _read(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *(int(pid) for pid in children.split())]


RSPAMD = """\
options {{
    pidfile = "{run}/rspamd.pid"; control_socket = "{run}/control.sock"; tempdir = "{run}";
    cache_file = "{run}/cache"; stats_file = "{run}/stats"; hs_cache_dir = "{run}";
    filters = "dkim"; dns {{ nameserver = ["127.0.0.1:1"]; }}
    local_addrs = ["127.0.0.0/8"]; url_tld = "$SHAREDIR/effective_tld_names.dat";
}}
logging {{ type = "file"; filename = "{run}/rspamd-own.log"; level = "error"; }}
actions {{ reject = 1000; }}
group "policies" {{ max_score = 10; }}
worker "rspamd_proxy" {{
    bind_socket = "{socket} mode=0666"; milter = yes; timeout = 120s; count = 1;
    upstream "local" {{ default = yes; self_scan = yes; }}
}}
modules {{ path = "$PLUGINSDIR/dkim_signing.lua"; }}
dkim_signing {{
    enabled = true; sign_local = true; sign_authenticated = true; use_redis = false;
    allow_hdrfrom_mismatch = true; allow_username_mismatch = true;
    use_domain = "header"; use_esld = false; check_pubkey = false; try_fallback = false;
    sign_headers = "{fields}";
    domain {{ {domain} {{ selectors [ {{ path = "{key}"; selector = "{selector}"; }} ] }} }}
}}
dkim {{ enabled = true; dkim_cache_size = 2k; sign_headers = "{fields}"; }}
"""


class BenchRedis(RedisServer):
    """Keeps nothing on disk: its own speed is not what is measured here."""

    def argv(self):
        return [self.program, "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", self.run, "--save", "", "--appendonly", "no"]


class BenchMetermark(Measured, Daemon):
    signs = True
    counts = True

    def __init__(self, bench, load, run, socket=None):
        program = bench.metermark("metermark-milter" if self.counts
                                  else "tests/bench/uncounted")
        self.redis = bench.redis()
        self.prefix = bench.unique("b")
        self.accepted = 0
        super().__init__(run, self._config(bench, load, run),
                         socket=socket or os.path.join(run, "sock", "metermark.sock"),
                         user="daemon", group="postfix", binary=program)

    def _config(self, bench, load, run):
        text = ('listen = "unix:@SOCKET@"\nuser = "@USER@"\nstate_dir = "@STATE@"\n'
                f'group = "postfix"\ndns_check = false\nredis = "{self.redis.url}"\n'
                f'key_prefix = "{self.prefix}"\n'
                'outbound { networks = {"127.0.0.0/8"} }\n'
                f"campaign {{ max = {max(10000, load.campaigns * 2)} }}\n")
        keys = [(SELECTORS[kind], bench.key(kind)) for kind in load.keys]
        if load.domains == 1:
            sections = "".join(f'\tkey {{ selector = "{s}" file = "{path}" }}\n'
                               for s, path in keys)
            return (text + f'domain "{DOMAIN}" {{\n{sections}'
                    f'\tcanonicalization = "{load.canon}"\n}}\n')
        table = os.path.join(run, "domains")
        with open(table, "w", encoding="ascii") as f:
            for n in range(load.domains):
                for selector, path in keys:
                    if load.key_files:
                        path = key_of_its_own(run, path, n)
                    f.write(f"d{n}.{DOMAIN} {selector} {path}\n")
        return text + f'domain_table = "{table}"\n'

    def start(self):
        try:
            return super().start()
        except RuntimeError as e:
            if 'found "domain_table"' in str(e):
                raise Unfit("this metermark has no domain_table yet") from None
            raise

    def settle(self, accepted):
        """Until all that was accepted is in Redis."""
        self.accepted += accepted
        if not self.counts:
            time.sleep(1.1)     # as long as the flusher may take to do the same
            return
        wait_until(f"{self.accepted} messages to be counted",
                   lambda: self._counted() >= self.accepted, 60)
        if self._counted() != self.accepted:
            raise RuntimeError(f"{self._counted()} messages counted, "
                               f"{self.accepted} accepted")

    def _counted(self):
        key = f"{self.prefix}:{{_all}}:total"
        return int(self.redis.command("HGET", key, "messages") or 0)


def key_of_its_own(run, path, n):
    """A file with that key that only domain n names: a link, as far as links go."""
    name = os.path.join(run, "keys", str(n // 10000))
    first = os.path.join(name, "0-" + os.path.basename(path))
    mine = os.path.join(name, f"{n % 10000}-{os.path.basename(path)}")
    if mine == first:
        os.makedirs(name, mode=0o755, exist_ok=True)
        shutil.copy(path, first)
        shutil.chown(first, "daemon")
    else:
        os.link(first, mine)
    return mine


class Uncounted(BenchMetermark):
    """The same program with a sink that takes no counts."""

    name = "metermark, not counting"
    counts = False


class Uninspected(BenchMetermark):
    """With all rules off."""

    name = "metermark, not inspecting"

    def _config(self, bench, load, run):
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "../../include/rules/rule.h"), encoding="ascii") as f:
            rules = re.findall(r'^ X\(\w+, "([^"]+)"\)', f.read(), re.M)
        return super()._config(bench, load, run) + "inspect {\n" + "".join(
            f'\trule "{rule}" {{ action = "off" }}\n' for rule in rules) + "}\n"


KINDS = {"null": Null, "opendkim": BenchOpendkim, "rspamd": Rspamd,
         "metermark": BenchMetermark, "uncounted": Uncounted, "uninspected": Uninspected}
