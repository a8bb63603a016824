# SPDX-License-Identifier: BSD-2-Clause
"""The directory a run lives in, free ports, waiting, and TAP lines."""

import os
import shutil
import socket
import sys
import tempfile
import time


class Scratch:
    """A directory below $TMPDIR that the servers' users may enter.

    It goes away at the end of a clean run; it stays, and its path is printed,
    when the run failed or when the caller asked to keep it.
    """

    def __init__(self, prefix, keep=False):
        self.keep = keep
        self.path = tempfile.mkdtemp(prefix=prefix)
        os.chmod(self.path, 0o755)

    def dir(self, *parts, mode=0o755, owner=None, group=None):
        """Make (if needed) and return a directory below the scratch one."""
        path = os.path.join(self.path, *parts)
        os.makedirs(path, exist_ok=True)
        if owner is not None or group is not None:
            shutil.chown(path, owner, group)
        os.chmod(path, mode)
        return path

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None and not self.keep:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            print(f"# kept: {self.path}", file=sys.stderr)


# One for each port that was given away; they go with this process.
_locks = {}


def free_port(address="127.0.0.1"):
    """A port that nobody has now, by TCP or UDP, and that no test was given, in another
    process either: whoever is given it may take a while to listen there, or to come back."""
    while True:
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            with socket.socket() as tcp, \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                tcp.bind((address, 0))
                port = tcp.getsockname()[1]
                udp.bind((address, port))
                lock.bind(f"\0metermark-test-port-{port}")
        except OSError:
            lock.close()
            continue
        _locks[port] = lock
        return port


def wait_until(what, test, timeout=30.0, pause=0.02):
    """Poll test() until it is true; RuntimeError(what) after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        result = test()
        if result:
            return result
        if time.monotonic() > end:
            raise RuntimeError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(pause)


def answers(port, greeting=b"", address="127.0.0.1"):
    """True when somebody listens there, and begins by saying greeting."""
    try:
        with socket.create_connection((address, port), timeout=3) as s:
            return s.recv(len(greeting)) == greeting if greeting else True
    except OSError:
        return False


class Tap:
    """Prints `ok N - text`; diagnostics go below the line they belong to."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.count = 0
        self.failed = 0

    def result(self, text, problems):
        """problems: a list of sentences; an empty one is a pass."""
        self.count += 1
        if problems:
            self.failed += 1
        word = "not ok" if problems else "ok"
        print(f"{word} {self.count} - {text}", file=self.out)
        for problem in problems:
            for line in str(problem).splitlines():
                print(f"#   {line}", file=self.out)
        self.out.flush()

    def skip(self, text, reason):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {reason}", file=self.out, flush=True)

    def note(self, text):
        print(f"# {text}", file=self.out, flush=True)

    def done(self):
        """The plan; returns the exit status."""
        print(f"1..{self.count}", file=self.out, flush=True)
        return 1 if self.failed or not self.count else 0
