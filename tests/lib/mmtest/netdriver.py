# SPDX-License-Identifier: BSD-2-Clause
"""net_driver as an object: redis_net without the flusher around it."""

import contextlib
import os
import subprocess
import threading

from .programs import BUILD


class NetDriver:
    def __init__(self, url):
        program = os.path.join(BUILD, "tests/redis/net_driver")
        self.log = []
        self.process = subprocess.Popen([program, url], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip())

    def say(self, line):
        # One that refuses its URL has ended; its log says so.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line + "\n")

    def hear(self):
        return self.process.stdout.readline().strip()

    def ask(self, line):
        self.say(line)
        return self.hear()

    def figures(self):
        """The answer to a storm."""
        return {k: int(v) for k, v in (pair.split("=") for pair in self.hear().split())}

    def logged(self, word):
        return [line for line in self.log if word in line]

    def close(self):
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.stdin = None
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._reader.join(5)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
