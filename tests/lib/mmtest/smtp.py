# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP client that says exactly what it is told, and can misbehave."""

import re
import socket
import struct


class Reply:
    """code, text, and the step of the transaction that it answers."""

    def __init__(self, code, text, step):
        self.code, self.text, self.step = code, text, step

    @property
    def accepted(self):
        return self.step == "." and self.code == 250

    def __str__(self):
        return f"{self.code} {self.text} (to {self.step})"


def dot_stuff(message):
    """A message (CRLF lines) as DATA sends it."""
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", message) + b".\r\n"


class Client:
    def __init__(self, port, source="127.0.0.1", helo="client.example.test", timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.greeting = self._read("connect")
        self.helo = helo
        self.ehlo = self.command(f"EHLO {helo}")

    def _read(self, step):
        text = []
        while True:
            line = self.file.readline()
            if not line:
                return Reply(0, " ".join(text) or "connection closed", step)
            text.append(line[4:].decode("utf-8", "replace").rstrip())
            if line[3:4] != b"-":
                return Reply(int(line[:3]), " / ".join(text), step)

    def command(self, line):
        self.socket.sendall(line.encode("utf-8") + b"\r\n")
        return self._read(line.split(":")[0].split(" ")[0])

    def envelope(self, sender, rcpts, options=()):
        """MAIL and RCPTs; the first refusal, or None."""
        reply = self.command(" ".join([f"MAIL FROM:<{sender}>", *options]))
        if reply.code != 250:
            return reply
        for rcpt in rcpts:
            reply = self.command(f"RCPT TO:<{rcpt}>")
            if reply.code not in (250, 251):
                return reply
        return None

    def send(self, sender, rcpts, message, options=(), bdat=False):
        """One transaction; the last reply.  bdat: by CHUNKING, in two pieces,
        which can carry a message that does not end in CRLF."""
        refused = self.envelope(sender, rcpts, options)
        if refused:
            self.command("RSET")
            return refused
        if bdat:
            half = len(message) // 2
            self.socket.sendall(b"BDAT %d\r\n" % half + message[:half])
            self._read("BDAT")
            self.socket.sendall(b"BDAT %d LAST\r\n" % (len(message) - half) + message[half:])
            return self._read(".")
        reply = self.command("DATA")
        if reply.code != 354:
            return reply
        self.socket.sendall(dot_stuff(message))
        return self._read(".")

    def begin(self, sender, rcpts, part, options=()):
        """A transaction up to somewhere inside DATA; part is sent as it is."""
        refused = self.envelope(sender, rcpts, options) or self.command("DATA")
        if refused.code == 354:
            self.socket.sendall(part)
        return refused

    def finish(self, rest=b""):
        """The rest of what begin() began."""
        self.socket.sendall(rest + b".\r\n")
        return self._read(".")

    def xclient(self, **attributes):
        """Postfix only: be somebody else."""
        words = " ".join(f"{k}={v}" for k, v in attributes.items())
        reply = self.command("XCLIENT " + words)
        if reply.code == 220:
            self.ehlo = self.command(f"EHLO {self.helo}")
        return reply

    def quit(self):
        try:
            self.command("QUIT")
        except OSError:
            pass
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def reset(self):
        """Go with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if kind is None:
            self.quit()
        else:
            self.close()
