# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the operator's commands share: many commands to Redis at once, a
terminal to run a program in, and a screen to read."""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import traceback

from .programs import METERMARK, Missing

HOUR, DAY = 3600, 86400
PRODUCER = "~0123456789abcdef0123456789abcdef"


class Feed:
    """Many commands over one connection, answers checked."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        self.out, self.waiting = [], 0

    def add(self, *args):
        parts = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        self.out.append(b"*%d\r\n" % len(parts))
        self.out += [b"$%d\r\n%s\r\n" % (len(p), p) for p in parts]
        self.waiting += 1
        if self.waiting == 500:
            self.flush()

    def flush(self):
        self.socket.sendall(b"".join(self.out))
        for _ in range(self.waiting):
            line = self.file.readline()
            if line[:1] not in b"+:":
                raise RuntimeError(f"redis answered {line!r}")
        self.out, self.waiting = [], 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if exc[0] is None:
            self.flush()
        self.file.close()
        self.socket.close()


def utc(form, t):
    return time.strftime(form, time.gmtime(t))


def now(seconds):
    """The time.  If the hour ends within that many seconds, it is waited for first: what a
    test fills in and what it expects then belong to the same hour, and so to the same day."""
    left = HOUR - time.time() % HOUR
    if left < seconds:
        time.sleep(left + 0.1)
    return int(time.time())


def environment(**more):
    env = {k: v for k, v in os.environ.items()
           if k not in ("METERMARK_REDIS", "COLUMNS", "LINES", "NO_COLOR")}
    return {**env, "LC_ALL": "C.UTF-8", "TERM": "xterm", **more}


class Answer:
    def __init__(self, done):
        self.status, self.text = done.returncode, done.stdout.decode()
        self.err = done.stderr.decode()

    def is_error(self, status, *parts):
        """Sentences about what is not as expected of this failure."""
        if self.status != status:
            yield f"exit status {self.status}, expected {status}: {self.err}{self.text}"
        for part in parts:
            if part not in self.err:
                yield f"{part!r} is not in {self.err!r}"


def ask(*args, **env):
    return Answer(subprocess.run([METERMARK, *args], stdin=subprocess.DEVNULL, timeout=60,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=environment(**env), check=False))


class Terminal:
    """metermark ARGS on a terminal of so many lines and columns."""

    def __init__(self, *args, lines=20, columns=100, **env):
        self.master, slave = pty.openpty()
        self.slave = os.dup(slave)
        self.size(lines, columns)
        self.before = termios.tcgetattr(slave)
        self.out = b""
        self.process = subprocess.Popen(
            [METERMARK, *args], stdin=slave, stdout=slave, stderr=slave,
            env=environment(**env), start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def size(self, lines, columns):
        self.lines, self.columns = lines, columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds=0.05):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                break
            try:
                self.out += os.read(self.master, 65536)
            except OSError:
                break
        return self.out

    def type(self, keys):
        os.write(self.master, keys.encode())

    def screen(self):
        """The lines as they stand on the terminal, after all that was written."""
        return Screen(self.lines, self.columns).write(self.out.decode("utf-8", "replace"))

    def until(self, pattern, seconds=20):
        """Read until the screen has that; the screen, or RuntimeError."""
        end = time.monotonic() + seconds
        while True:
            self.read(0.05)
            text = "\n".join(self.screen())
            if re.search(pattern, text, re.M):
                return text
            if time.monotonic() > end:
                raise RuntimeError(f"no {pattern!r} on the screen:\n{text}")

    def attributes(self):
        return termios.tcgetattr(self.slave)

    def end(self, seconds=20):
        """Wait for the end; the exit status."""
        status = None
        end = time.monotonic() + seconds
        while status is None and time.monotonic() < end:
            self.read(0.05)
            status = self.process.poll()
        self.read(0.05)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


class Screen:
    """As much of a terminal as metermark uses; anything else is an error."""

    SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")

    def __init__(self, lines, columns):
        self.n, self.columns = lines, columns
        self.cells = [[" "] * columns for _ in range(lines)]
        self.y = self.x = 0
        self.second = False

    def write(self, text):
        at = 0
        while at < len(text):
            match = self.SEQUENCE.match(text, at)
            if match:
                self.sequence(*match.groups())
                at = match.end()
            else:
                self.character(text[at])
                at += 1
        return ["".join(line).rstrip() for line in self.cells]

    def sequence(self, private, numbers, final):
        if final == "H":
            self.y = self.x = 0
        elif final == "K":
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif final == "J":
            self.cells[self.y:] = [[" "] * self.columns for _ in range(self.n - self.y)]
        elif private and numbers == "1049":
            self.second = final == "h"
            self.cells = [[" "] * self.columns for _ in range(self.n)]
        elif final not in "mhl":
            raise RuntimeError(f"unknown sequence {private}{numbers}{final}")

    def character(self, c):
        if c == "\r":
            self.x = 0
        elif c == "\n":
            self.y += 1
            if self.y == self.n:
                self.cells = self.cells[1:] + [[" "] * self.columns]
                self.y -= 1
        else:
            if self.x >= self.columns:
                raise RuntimeError(f"a line is wider than {self.columns}")
            self.cells[self.y][self.x] = c
            self.x += 1


def check(tap, function, title, *args):
    """function yields sentences about what is wrong; to raise is to fail."""
    try:
        problems = list(function(*args) or [])
    except Exception:  # pylint: disable=broad-except
        problems = [traceback.format_exc()]
    tap.result(title, problems)


def run(tap, body):
    """body() inside main: a missing program is a skip."""
    if not os.access(METERMARK, os.X_OK):
        print(f"1..0 # SKIP {METERMARK} is not built")
        return 0
    try:
        body()
    except Missing as e:
        print(f"1..0 # SKIP {e}", file=sys.stdout)
        return 0
    return tap.done()
