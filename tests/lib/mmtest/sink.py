# SPDX-License-Identifier: BSD-2-Clause
"""Where mail ends: Postfix's smtp-sink, one file per message, and a small
sink of our own for what smtp-sink does not offer, SMTPUTF8 and DSN."""

import glob
import os
import re
import shutil
import socketserver
import threading

from .proc import Server
from .programs import find
from .scratch import answers, free_port

_PSEUDO = (b"x-client-addr", b"x-client-proto", b"x-helo-args", b"x-mail-args", b"x-rcpt-args")


class Message:
    """A delivered message: the bytes (CRLF) and its envelope."""

    def __init__(self, raw, rcpts, path, mail_args=""):
        self.raw, self.rcpts, self.path, self.mail_args = raw, rcpts, path, mail_args
        self.head, _, self.body = raw.partition(b"\r\n\r\n")

    def fields(self):
        """[(name, value)] with the value as it stands, folds included."""
        text = self.head.decode("utf-8", "surrogateescape")
        return [tuple(f.split(":", 1)) for f in re.split(r"\r\n(?![ \t])", text) if ":" in f]

    def values(self, name):
        """The values of a field, unfolded and stripped, from the top."""
        return [re.sub(r"\r\n(?=[ \t])", "", v).strip()
                for n, v in self.fields() if n.strip().lower() == name.lower()]

    def without_trace(self):
        """The bytes without the topmost Received, which the MTA wrote."""
        return re.sub(rb"\A((?:(?!Received:).*\r\n)*?)Received:.*\r\n(?:[ \t].*\r\n)*",
                      rb"\1", self.raw, count=1)


def parse_dump(path):
    """What smtp-sink -d wrote: its own fields on top, then the message."""
    with open(path, "rb") as f:
        raw = f.read().replace(b"\r\n", b"\n")
    rcpts, mail_args, end = [], "", 0
    for m in re.finditer(rb"(.*)\n((?:[ \t].*\n)*)", raw):
        name, _, value = m.group(1).partition(b":")
        if name.lower() == b"x-rcpt-args":
            rcpts.append(value.strip().decode("utf-8", "replace"))
        elif name.lower() == b"x-mail-args":
            mail_args = value.strip().decode("utf-8", "replace")
        elif name.lower() == b"received":
            end = m.end()
            break
        elif name.lower() not in _PSEUDO:
            break
        end = m.end()
    # One more line end than was sent closes each dump.
    raw = raw[:-1] if raw.endswith(b"\n\n") else raw
    rcpts = [re.sub(r"^<([^>]*)>.*", r"\1", r) for r in rcpts]
    return Message(raw[end:].replace(b"\n", b"\r\n"), rcpts, path, mail_args)


class Sink(Server):
    """smtp-sink.  eight_bit=False: a next hop without 8BITMIME."""

    name = "smtp-sink"

    def __init__(self, run, eight_bit=True, user="nobody"):
        self.run = run
        self.log = os.path.join(run, "sink.log")
        self.program = find("smtp-sink")
        self.port = free_port()
        self.user = user
        self.options = [] if eight_bit else ["-8"]
        self.dumps = os.path.join(run, "mail")
        os.makedirs(self.dumps, exist_ok=True)
        shutil.chown(self.dumps, user)
        self._seen = {}

    def argv(self):
        return [self.program, *self.options, "-u", self.user, "-m", "1000",
                "-d", f"{self.dumps}/m%s.", f"127.0.0.1:{self.port}", "1000"]

    def ready(self):
        return answers(self.port)

    def messages(self):
        """All messages so far.  Call when the MTA's queue is empty: a dump of
        a transaction in progress is a file already."""
        for path in glob.glob(f"{self.dumps}/m*"):
            if path not in self._seen and os.path.getsize(path):
                self._seen[path] = parse_dump(path)
        return list(self._seen.values())


class _Utf8Handler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 utf8-sink ESMTP")
        mail_args, rcpts = "", []
        for line in self.rfile:
            text = line.decode("utf-8", "replace").strip()
            verb = text[:4].upper()
            if verb == "EHLO":
                self.say("250-utf8-sink\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8")
            elif verb == "DATA":
                self.say("354 go on")
                self.server.take(mail_args, rcpts, self.data())
                mail_args, rcpts = "", []
                self.say("250 ok")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                if verb == "MAIL":
                    mail_args = text[10:]
                elif verb == "RCPT":
                    rcpts.append(re.sub(r"(?i)^RCPT TO:<([^>]*)>.*", r"\1", text))
                self.say("250 ok")

    def data(self):
        out = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            out.append(line[1:] if line.startswith(b".") else line)
        return b"".join(out)


class Utf8Sink(socketserver.ThreadingTCPServer):
    """Speaks SMTPUTF8 and DSN; keeps messages in memory and in a directory."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, run):
        super().__init__(("127.0.0.1", 0), _Utf8Handler)
        self.port = self.server_address[1]
        self.run = run
        self.received = []

    def take(self, mail_args, rcpts, raw):
        path = os.path.join(self.run, f"u{len(self.received)}")
        with open(path, "wb") as f:
            f.write(raw)
        self.received.append(Message(raw, rcpts, path, mail_args))

    def messages(self):
        return list(self.received)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.shutdown()
        self.server_close()
