#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""unsubscribe.py - a small receiver for the one-click unsubscription of RFC 8058.

    list_unsubscribe = "https://u.example.com/%{token}"  in metermark.conf(5) puts a URL with a
token into each message.  A mail program that is asked to unsubscribe sends a POST there:

    POST /TOKEN HTTP/1.1
    Content-Type: application/x-www-form-urlencoded

    List-Unsubscribe=One-Click

What is kept to, since senders are judged by it:

  * POST unsubscribes at once: no question, no login, no cookie, no redirect.
  * GET never does: link scanners follow every link.  It shows a page with a button.
  * The body may be urlencoded or multipart/form-data.
  * Twice is as good as once.  The answer is 200 with a short page.
  * A token that is not ours is 404 and leaves no trace but in the log; nothing of it comes
    back in the page.

It speaks plain HTTP on loopback: put nginx or Apache with TLS in front.  Each unsubscription is
a line `TIME TAB CAMPAIGN TAB RECIPIENT` appended to a file and on disk before the answer leaves.

    unsubscribe.py --key a=/etc/metermark/token-a.key --out /var/lib/unsubscribe/list
"""
import argparse
import datetime
import email.message
import email.parser
import html
import os
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import metermark_token

BODY_MAX = 4096     # of a POST; what RFC 8058 wants takes 26 bytes
TARGET_MAX = 1024
TOKEN = re.compile(r"/([A-Za-z0-9_-]{20,448})")
WANTED = ("List-Unsubscribe", "One-Click")
SECONDS = 10        # that a client may take

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><h1>{title}</h1>{text}</body></html>
"""
QUESTION = """<p>{recipient} gets no more of these messages when you press the button.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button type="submit">Unsubscribe</button></form>"""


def form_fields(content_type, body):
    """The (name, value) pairs of a form of either kind; none when it is no form."""
    message = email.message.Message()
    message["Content-Type"] = content_type
    kind = message.get_content_type()
    if kind == "application/x-www-form-urlencoded":
        return urllib.parse.parse_qsl(body.decode("ascii", "replace"))
    if kind != "multipart/form-data" or "\n" in content_type:
        return []
    whole = b"Content-Type: " + content_type.encode("ascii", "replace") + b"\r\n\r\n" + body
    form = email.parser.BytesParser().parsebytes(whole)
    parts = form.get_payload() if form.is_multipart() else []
    return [(part.get_param("name", header="content-disposition"),
             (part.get_payload(decode=True) or b"").decode("ascii", "replace").strip())
            for part in parts]


def log(text):
    """A line for the log; where it cannot be written, the answer matters more."""
    try:
        if sys.stderr is not None:      # it is where the program was started without
            sys.stderr.write(text + "\n")
    except OSError:
        pass


class List:
    """The unsubscriptions: a file that only grows."""

    def __init__(self, path):
        self.path, self.lock = path, threading.Lock()

    def add(self, campaign, recipient):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = f"{now}\t{campaign}\t{recipient}\n".encode("utf-8", "surrogateescape")
        with self.lock:
            fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(fd).st_size
                if os.write(fd, line) != len(line):
                    os.ftruncate(fd, size)      # or the next line would go on behind it
                    raise OSError("the disk is full")
                os.fsync(fd)
            finally:
                os.close(fd)


class Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "unsubscribe", ""
    protocol_version = "HTTP/1.0"       # a connection is one request
    timeout = SECONDS

    def answer(self, status, title, text=""):
        page = PAGE.format(title=title, text=text).encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def token(self):
        """What the URL is about: a Url, or None when it is not ours."""
        path = self.path.partition("?")[0]
        match = TOKEN.fullmatch(path) if len(self.path) <= TARGET_MAX else None
        try:
            found = self.server.ring.decode(match[1]) if match else None
        except metermark_token.Refused:
            found = None
        return found if isinstance(found, metermark_token.Url) else None

    def do_GET(self):
        found = self.token()
        if found is None:
            self.answer(404, "This link is not known")
        else:
            name = found.recipient.encode("utf-8", "replace").decode()
            self.answer(200, "Unsubscribe?", QUESTION.format(recipient=html.escape(name)))

    do_HEAD = do_GET

    def body(self):
        """The body of a POST, or None when it is too long, or nobody says how long."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,4}", length) or int(length) > BODY_MAX:
            return None
        return self.rfile.read(int(length))

    def do_POST(self):
        found, body = self.token(), self.body()
        if found is None:
            self.answer(404, "This link is not known")
        elif body is None or len(body) != int(self.headers["Content-Length"]):
            self.answer(400, "This request is not complete")
        elif WANTED not in form_fields(self.headers.get("Content-Type", ""), body):
            self.answer(400, "This request does not ask to unsubscribe")
        else:
            self.unsubscribe(found)

    def unsubscribe(self, found):
        try:
            self.server.list.add(found.campaign, found.recipient)
        except OSError as e:
            log(f"{self.server.list.path}: {e}")
            self.answer(500, "Please try again later")      # and the mail program will
            return
        self.answer(200, "You are unsubscribed")

    def send_error(self, code, message=None, explain=None):
        """What the base class refuses; its own page would hand back what was sent."""
        self.answer(code, "This request is not understood")

    def log_request(self, code="-", size="-"):
        """No token, no address: a log is read by more people than a list of addresses."""
        log(f"{self.address_string()} {self.command!a} {int(code)}")

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128    # five would do for a quiet day

    def __init__(self, address, ring, path):
        super().__init__(address, Handler)
        self.ring, self.list = ring, List(path)

    def handle_error(self, request, client_address):
        """A client that went away, mostly; what it had sent is not for the log."""
        log(f"{client_address[0]} {sys.exc_info()[0].__name__}")


def main():
    options = argparse.ArgumentParser(description="Receive one-click unsubscriptions (RFC 8058).")
    options.add_argument("--listen", default="127.0.0.1:8025", metavar="HOST:PORT")
    options.add_argument("--key", action="append", required=True, metavar="ID=FILE",
                         help="a token key of metermark.conf; may be given several times")
    options.add_argument("--out", required=True, metavar="FILE", help="append to this file")
    given = options.parse_args()
    host, _, port = given.listen.rpartition(":")
    ring = metermark_token.Ring.of_files([tuple(k.split("=", 1)) for k in given.key])
    server = Server((host, int(port)), ring, given.out)
    print(f"listening on {host}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
