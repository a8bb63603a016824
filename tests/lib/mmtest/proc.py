# SPDX-License-Identifier: BSD-2-Clause
"""What all our servers have in common: start, ready, stop, a log."""

import os
import signal
import subprocess

from .scratch import wait_until


class Server:
    """One process.  Subclasses set name, run (a directory) and log, and
    define argv() and ready().  Use as a context manager."""

    name = "server"
    process = None

    def argv(self):
        raise NotImplementedError

    def ready(self):
        """True once the server does its work."""
        raise NotImplementedError

    def env(self):
        return None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.argv(), cwd=self.run, env=self.env(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(f"{self.name} to be ready", self._ready_or_dead, 60)
        except RuntimeError as e:
            self.stop()
            raise RuntimeError(f"{e}\n{self.tail()}") from None
        return self

    def _ready_or_dead(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with status {self.process.returncode}")
        return self.ready()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, timeout=15):
        """SIGTERM, and SIGKILL to those who do not listen.  Returns the exit status."""
        if self.process is None:
            return None
        status = None
        if self.running():
            self.process.terminate()
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._kill_group()
            status = self.process.wait()
        self._kill_group()
        self.process = None
        return status

    def wait(self, timeout=30):
        """Wait for the process to end by itself; its exit status."""
        status = self.process.wait(timeout)
        self.process = None
        return status

    def kill(self):
        """SIGKILL: the crash."""
        self._kill_group()
        self.process.wait()
        self.process = None

    def _kill_group(self):
        # Children that outlived their parent; the group is ours alone.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def tail(self, lines=15):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                text = f.read().splitlines()[-lines:]
        except OSError:
            text = ["(no log)"]
        return "\n".join([f"--- end of {self.log}"] + text)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()
