# SPDX-License-Identifier: BSD-2-Clause
"""A private Redis (or Valkey) and the few lines of client that tests need."""

import os
import socket

from .proc import Server
from .programs import find
from .scratch import free_port


class RedisError(Exception):
    pass


def server_program():
    """The one that MM_REDIS_SERVER names, else whichever is installed."""
    return find(os.environ.get("MM_REDIS_SERVER") or "redis-server", "valkey-server")


class RedisServer(Server):
    name = "redis"

    def __init__(self, run):
        self.run = run
        self.log = os.path.join(run, "redis.log")
        self.program = server_program()
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def argv(self):
        # Each write is on disk before it is answered, so that kill() loses none.
        return [self.program, "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", self.run, "--save", "", "--appendonly", "yes",
                "--appendfsync", "always", "--maxmemory-policy", "noeviction"]

    def ready(self):
        # Another test's may have got the port in between.
        try:
            return f"process_id:{self.process.pid}\r" in self.command("INFO", "server") and \
                self.command("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def command(self, *args):
        """One command on a connection of its own; str, int, list or None."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as s:
            parts = [a if isinstance(a, bytes) else str(a).encode() for a in args]
            out = b"*%d\r\n" % len(parts)
            for p in parts:
                out += b"$%d\r\n%s\r\n" % (len(p), p)
            s.sendall(out)
            with s.makefile("rb") as f:
                return self._reply(f)

    def _reply(self, f):
        line = f.readline()
        if not line.endswith(b"\r\n"):
            raise RedisError("connection closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if kind == b"$":
            n = int(rest)
            return None if n < 0 else f.read(n + 2)[:-2].decode("utf-8", "replace")
        if kind == b"*":
            return [self._reply(f) for _ in range(int(rest))]
        raise RedisError(f"unknown reply {line!r}")

    def hash(self, key):
        flat = self.command("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))
