#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""unsubscribe.py - a small receiver for the one-click unsubscription of RFC 8058.

The setting list_unsubscribe = "https://u.example.com/%{token}" of metermark.conf(5) puts a URL
with a token into each message.  When a user unsubscribes, the mail program sends a POST there:

    POST /TOKEN HTTP/1.1
    Content-Type: application/x-www-form-urlencoded

    List-Unsubscribe=One-Click

The receiver follows these rules, because providers judge senders by them:

  * POST unsubscribes at once: no question, no login, no cookie, no redirect.
  * GET never unsubscribes, because link scanners follow every link.  It shows a page with a
    button.
  * The body may be urlencoded or multipart/form-data.
  * A second POST gets the same answer as the first: 200 with a short page.
  * A token that is not ours is answered with 404.  Only the log has a line of it, and the page
    repeats nothing of the token.

It speaks plain HTTP on loopback: put nginx or Apache with TLS in front.  For each unsubscription,
it appends a line `TIME TAB CAMPAIGN TAB RECIPIENT` to a file.  The line is on disk before the
answer is sent.

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

BODY_MAX = 4096     # of a POST; the body of RFC 8058 has 26 bytes
TARGET_MAX = 1024
TOKEN = re.compile(r"/([A-Za-z0-9_-]{20,448})")
WANTED = ("List-Unsubscribe", "One-Click")
SECONDS = 10        # a client may take this long

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><h1>{title}</h1>{text}</body></html>
"""
QUESTION = """<p>If you press the button, {recipient} gets no more of these messages.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button type="submit">Unsubscribe</button></form>"""


def form_fields(content_type, body):
    """The (name, value) pairs of a form of either kind; an empty list if it is not a form."""
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
    """Write a line to the log.  If that fails, go on: the answer matters more."""
    try:
        if sys.stderr is not None:      # it is None if stderr was closed at the start
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
                    os.ftruncate(fd, size)      # else the next line would follow half a line
                    raise OSError("the disk is full")
                os.fsync(fd)
            finally:
                os.close(fd)


class Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "unsubscribe", ""
    protocol_version = "HTTP/1.0"       # each connection has one request
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
        """The Url in the token of the request, or None if the token is not ours."""
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
        """The body of a POST, or None if it is too long or its length is not given."""
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
            self.answer(500, "Please try again later")      # the mail program will do so
            return
        self.answer(200, "You are unsubscribed")

    def send_error(self, code, message=None, explain=None):
        """Answer what the base class refuses.  Its own page would repeat the request."""
        self.answer(code, "This request is not understood")

    def log_request(self, code="-", size="-"):
        """Log no token and no address: more people read a log than a list of addresses."""
        log(f"{self.address_string()} {self.command!a} {int(code)}")

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128    # the default of 5 is too small for a busy day

    def __init__(self, address, ring, path):
        super().__init__(address, Handler)
        self.ring, self.list = ring, List(path)

    def handle_error(self, request, client_address):
        """Log the kind of error (mostly a client that disconnected), without the request."""
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
