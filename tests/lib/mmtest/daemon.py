# SPDX-License-Identifier: BSD-2-Clause
"""metermark-milter as a process: settings, socket, state, log, start and end.

    with Daemon(folder, 'domain "example.com" { ... }', redis=server.url) as d:
        answer = d.send(message)

wire.py adds keys, messages and verdicts to it.
"""

import json
import os
import re
import shutil
import signal
import time

from .proc import Server
from .programs import BUILD
from .protocol import Client
from .scratch import wait_until

POSTFIX = {"j": "mx.example.com", "v": "Postfix 3.7.11", "daemon_name": "smtpd",
           "daemon_addr": "127.0.0.1"}
SENDMAIL = {"j": "mx.example.com", "v": "8.17.1.9", "daemon_name": "MTA"}
# A report of a sanitizer, or a failed assertion, in a log.
FINDING = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:"
                     r"|Assertion .* failed")


def program():
    path = os.path.join(BUILD, "metermark-milter")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"Bail out! no {path}: set MM_BUILD to the build directory")
    return path


def open_to_mta(socket, user, group):
    """Make the folder of a socket, which an MTA of that group may enter."""
    folder = os.path.dirname(socket)
    os.makedirs(folder, exist_ok=True)
    shutil.chown(folder, user, group)
    os.chmod(folder, 0o2750)


class Daemon(Server):
    """A context manager; start() after the end goes on with the same settings and state.

    run      its directory, which is there: settings, log, and what is not told otherwise
    config   settings, in which @SOCKET@, @STATE@ and @USER@ are filled in.  Settings that
             do not say where to listen get a head: socket, Redis, state, no DNS, and the
             user who runs the test if that is root
    redis    a URL for that head; without one there is no Redis at the place it names
    socket, state
             paths outside run
    user, group
             whom state and the socket's folder are given to, for a daemon beside an MTA
    env      more environment
    binary   another program than the build's metermark-milter
    """

    name = "metermark-milter"

    def __init__(self, run, config, redis=None, *, socket=None, state=None, user=None,
                 group=None, env=None, binary=None):
        self.run = run
        self.log = os.path.join(run, "log")
        self.file = os.path.join(run, "metermark.conf")
        self.socket = socket or os.path.join(run, "m.sock")
        self.state = state or os.path.join(run, "state")
        self.redis_url = redis or f"unix:{run}/none.sock"
        self.user, self.more_env = user, env or {}
        self.binary = binary or program()
        if state is None:
            os.makedirs(self.state, 0o700, exist_ok=True)
        if user:
            shutil.chown(self.state, user)
            open_to_mta(self.socket, user, group)
        self.configure(config)

    def configure(self, config):
        """Write other settings; reload() makes them count."""
        if not re.search(r"^listen\b", config, re.M):
            config = self._head(config) + config
        for name, value in (("SOCKET", self.socket), ("STATE", self.state),
                            ("USER", self.user or "")):
            config = config.replace(f"@{name}@", value)
        with open(self.file + ".new", "w", encoding="utf-8") as f:
            f.write(config)
        os.rename(self.file + ".new", self.file)

    def _head(self, config):
        head = f'listen = "unix:@SOCKET@"\nredis = "{self.redis_url}"\nstate_dir = "@STATE@"\n'
        # No test asks the world's DNS unless it says so.
        if "dns_check" not in config:
            head += "dns_check = false\n"
        if os.geteuid() == 0:
            head += 'user = "root"\n'
        return head

    def argv(self):
        return [self.binary, "-f", "-c", self.file]

    def env(self):
        # Findings of a sanitizer show in the exit status.  ASan's quarantine would
        # look like a leak to the test that watches the memory.
        more = {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                "ASAN_OPTIONS": "quarantine_size_mb=1:fast_unwind_on_malloc=0",
                "TSAN_OPTIONS": "exitcode=66"}
        return {**os.environ, **{name: ":".join(filter(None, (os.environ.get(name), value)))
                                 for name, value in more.items()}, **self.more_env}

    def ready(self):
        if not os.path.exists(self.socket):
            return False
        try:
            Client(self.socket).close()
            return True
        except OSError:
            return False

    def start(self):
        if os.path.exists(self.socket):         # of one that was killed
            os.unlink(self.socket)
        return super().start()

    def reload(self, number=signal.SIGHUP, timeout=30):
        """Signal, and wait for the line that says what became of it."""
        before = len(self.log_text())
        self.signal(number)
        return wait_until("a log line about the reload",
                          lambda: re.search(r".*: (?:reloaded |reload failed).*",
                                            self.log_text()[before:]),
                          timeout).group(0)

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
        # "claimed not to reply": libmilter's word for a callback that answered all the same.
        return problems + self.complaints() + \
            [line for line in self.log_text().splitlines() if "claimed not to reply" in line]

    # What it says, writes and uses.

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_of(self, queue_id):
        """What the daemon said about one message."""
        return [line for line in self.log_text().splitlines() if queue_id in line]

    def complaints(self):
        """Lines of the log that no run may have."""
        return [line for line in self.log_text().splitlines() if FINDING.search(line)]

    def status(self):
        try:
            with open(os.path.join(self.state, "status.json"), encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            return {}

    def journal(self):
        return os.path.join(self.state, "journal")

    def disk_bytes(self):
        """Blocks in use by the journal, as du counts them."""
        return disk_bytes(self.journal())

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def memory_factor(self):
        """ThreadSanitizer keeps shadows of what is used, eight times and more.
        AddressSanitizer gives each thread a store of free blocks of its own, and libmilter's
        threads come and go: 1 to 2 MB between two looks, whatever was leaked."""
        with open(self.binary, "rb") as f:
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


def disk_bytes(folder):
    """Blocks in use by the files of a folder, as du counts them."""
    total = 0
    for name in os.listdir(folder):
        try:
            total += os.stat(os.path.join(folder, name)).st_blocks * 512
        except FileNotFoundError:
            pass
    return total
