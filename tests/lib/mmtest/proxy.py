# SPDX-License-Identifier: BSD-2-Clause
"""A TCP proxy before Redis that cuts a connection at a byte of an answer."""

import select
import socket
import threading

from .scratch import free_port


class CuttingProxy:
    """Connections pass until one has sent `after`; of what Redis answers from then on,
    `bytes` bytes pass, and the connection is reset.  cut(n) arms it, for one time."""

    def __init__(self, port, after=b"EVALSHA"):
        self.target, self.after = port, after
        self.port = free_port()
        self.left = None                # bytes to pass; None: all
        self.cuts = 0
        self._ends = False
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def cut(self, n):
        self.left = n

    def close(self):
        self._ends = True
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _serve(self):
        while not self._ends:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        armed = False
        try:
            with client, socket.create_connection(("127.0.0.1", self.target)) as server:
                while True:
                    ready, _, _ = select.select([client, server], [], [])
                    if client in ready:
                        data = client.recv(65536)
                        if not data:
                            return
                        armed = armed or self.after in data
                        server.sendall(data)
                    if server in ready:
                        data = server.recv(65536)
                        if not data:
                            return
                        if armed and self.left is not None:
                            data, more = data[:self.left], self.left - len(data)
                            client.sendall(data)
                            if more <= 0:
                                self.left = None
                                self.cuts += 1
                                # With a reset, not an end.
                                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                  b"\1\0\0\0\0\0\0\0")
                                return
                            self.left = more
                        else:
                            client.sendall(data)
        except OSError:
            pass
