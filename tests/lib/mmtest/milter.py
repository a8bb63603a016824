# SPDX-License-Identifier: BSD-2-Clause
"""The milter under test: metermark-milter; opendkim stands in for it to prove
that the harness itself is right (MM_MILTER=opendkim)."""

import os
import re
import shutil
import signal

from .proc import Server
from .programs import find
from .scratch import wait_until


class _OnSocket(Server):
    """A milter on a unix socket in a directory that the MTA's group may enter."""

    def __init__(self, run, socket, user, group):
        self.run = run
        self.socket = socket
        self.user = user
        os.makedirs(os.path.dirname(socket), exist_ok=True)
        shutil.chown(os.path.dirname(socket), user, group)
        os.chmod(os.path.dirname(socket), 0o2750)

    def ready(self):
        return os.path.exists(self.socket)

    def start(self):
        if os.path.exists(self.socket):      # of a killed predecessor
            os.unlink(self.socket)
        return super().start()


class Metermark(_OnSocket):
    name = "metermark-milter"

    def __init__(self, run, socket, program, config, user="daemon", group="postfix"):
        """config: the text of metermark.conf with @SOCKET@, @STATE@ and @USER@ to fill in."""
        super().__init__(run, socket, user, group)
        self.log = os.path.join(run, "metermark.log")
        self.program = program
        self.config_file = os.path.join(run, "metermark.conf")
        self.state = os.path.join(run, "state")
        os.makedirs(self.state, exist_ok=True)
        shutil.chown(self.state, user)
        os.chmod(self.state, 0o700)
        self.configure(config)

    def configure(self, config):
        """Write another configuration; reload() makes it count."""
        text = config.replace("@SOCKET@", self.socket).replace("@STATE@", self.state)
        text = text.replace("@USER@", self.user)
        with open(self.config_file + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.config_file + ".new", self.config_file)

    def argv(self):
        return [self.program, "-f", "-c", self.config_file]

    def env(self):
        # A sanitizer's findings end the process, so that no test can miss them.
        return dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
                    TSAN_OPTIONS="halt_on_error=0:exitcode=66")

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_of(self, queue_id):
        """What the daemon said about one message."""
        return [line for line in self.log_text().splitlines() if queue_id in line]

    def reload(self, number=signal.SIGHUP, timeout=30):
        """Signal, and wait for the line that says what became of it."""
        before = len(self.log_text())
        self.signal(number)
        return wait_until("a log line about the reload",
                          lambda: re.search(r".*: (?:reloaded |reload failed).*",
                                            self.log_text()[before:]),
                          timeout).group(0)

    def complaints(self):
        """Sanitizer reports and other things that no run may have."""
        return re.findall(r".*(?:ERROR: \w+Sanitizer|WARNING: ThreadSanitizer"
                          r"|runtime error:|Assertion .* failed).*", self.log_text())


class Opendkim(_OnSocket):
    name = "opendkim"

    def __init__(self, run, socket, key, domain, selector, user="daemon", group="postfix"):
        super().__init__(run, socket, user, group)
        self.log = os.path.join(run, "opendkim.log")
        self.program = find("opendkim")
        self.state = run
        with open(os.path.join(run, "opendkim.conf"), "w", encoding="ascii") as f:
            f.write(f"Socket local:{socket}\nMode s\nDomain {domain}\nSelector {selector}\n"
                    f"KeyFile {key}\nCanonicalization relaxed/relaxed\nSubDomains yes\n"
                    f"InternalHosts 127.0.0.1\nSyslog no\nBackground no\nUserID {user}:{group}\n"
                    "UMask 0007\nRequireSafeKeys no\nSignatureAlgorithm rsa-sha256\n"
                    f"PidFile {run}/opendkim.pid\n")
        shutil.chown(run, user)

    def argv(self):
        return [self.program, "-f", "-x", os.path.join(self.run, "opendkim.conf")]

    def log_of(self, queue_id):
        return []

    def complaints(self):
        return []
