#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/unsubscribe: the receiver, rule by rule of RFC 8058, and the token check in Python
against the vectors and against the metermark command."""
import http.client
import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading

from mmtest.programs import METERMARK, SRC
from mmtest.scratch import Scratch, Tap

FOLDER = os.path.join(SRC, "contrib/unsubscribe")
sys.path.insert(0, FOLDER)      # what is tested here is not of the tests
try:
    import metermark_token
except ImportError as e:
    print(f"1..0 # SKIP {e}: tests/lib/install.sh installs it")
    sys.exit(0)

tap = Tap()
ONE_CLICK = b"List-Unsubscribe=One-Click"
URLENCODED = "application/x-www-form-urlencoded"
with open(os.path.join(SRC, "tests/data/token-vectors.json"), encoding="utf-8") as vectors_file:
    VECTORS = json.load(vectors_file)
RING = metermark_token.Ring([(k["id"], k["secret"].encode()) for k in VECTORS["keys"]])


def multipart(value="One-Click", name="List-Unsubscribe", boundary="b0undary"):
    return (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            f"--{boundary}--\r\n").encode(), f"multipart/form-data; boundary={boundary}"


class Receiver:
    """The program as a user would start it."""

    def __init__(self, scratch, name="receiver", log=None):
        folder = scratch.dir(name)
        self.list = os.path.join(folder, "list")
        keys = []
        for k in VECTORS["keys"]:
            path = os.path.join(folder, k["id"])
            with open(path, "w", encoding="utf-8") as f:
                f.write(k["secret"] + "\r\n")
            keys += ["--key", f"{k['id']}={path}"]
        self.log = log or os.path.join(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, os.path.join(FOLDER, "unsubscribe.py"), "--listen",
                 "127.0.0.1:0", "--out", self.list, *keys],
                stdout=subprocess.PIPE, stderr=log)
        self.port = int(self.process.stdout.readline().split(b":")[1])

    def lines(self):
        try:
            with open(self.list, encoding="utf-8", errors="surrogateescape") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        page = answer.read()
        connection.close()
        return answer, page

    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while more := s.recv(65536):
                got += more
            return got

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def token(recipient="jane@example.com", campaign="autumn-sale"):
    return RING.url(campaign, recipient)


def post(r, path, body=ONE_CLICK, content_type=URLENCODED, **headers):
    return r.ask("POST", path, body, Content_Type=content_type, **headers)


def unsubscribed(r, recipient, body=ONE_CLICK, content_type=URLENCODED, **headers):
    """A POST that must work: 200, no redirect, no cookie, one line more."""
    before = r.lines()
    answer, page = post(r, "/" + token(recipient), body, content_type, **headers)
    if answer.status != 200:
        yield f"status {answer.status}"
    for name in ("Location", "Set-Cookie", "WWW-Authenticate", "Refresh"):
        if answer.getheader(name):
            yield f"{name}: {answer.getheader(name)}"
    if b"<form" in page or b"http-equiv" in page:
        yield f"it asks once more: {page!r}"
    new = r.lines()[len(before):]
    if len(new) != 1 or not re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\tautumn-sale\t" + re.escape(recipient), new[0]):
        yield f"written: {new}"


def nothing_happens(r, status, method, path, body=None, **headers):
    before = r.lines()
    answer, page = r.ask(method, path, body, **headers)
    if answer.status != status:
        yield f"{method} {path[:60]}: status {answer.status}, expected {status}"
    if r.lines() != before:
        yield f"{method} {path[:60]}: written {r.lines()[len(before):]}"
    if len(path) > 8 and path.encode()[:40] in page:
        yield f"it comes back in the page: {page!r}"


def gmail(r):
    """As Gmail sends it: 26 bytes."""
    if len(ONE_CLICK) != 26:
        yield "not 26 bytes"
    yield from unsubscribed(r, "gmail@example.com")


def both_kinds_of_form(r):
    body, kind = multipart()
    yield from unsubscribed(r, "multi@example.com", body, kind)
    yield from unsubscribed(r, "quoted@example.com", body,
                            'multipart/form-data; boundary="b0undary"; charset=utf-8')
    yield from unsubscribed(r, "charset@example.com", ONE_CLICK, URLENCODED + "; charset=UTF-8")
    yield from unsubscribed(r, "more@example.com", b"a=b&" + ONE_CLICK + b"&c=d")


def twice(r):
    yield from unsubscribed(r, "twice@example.com")
    yield from unsubscribed(r, "twice@example.com")


def no_context(r):
    """No cookie, login or referrer is needed, and none changes anything."""
    yield from unsubscribed(r, "cookie@example.com", Cookie="a=b", Referer="https://x.example/",
                            Authorization="Basic eDp5")


def odd_recipients(r):
    for recipient in ("O'Neil+tag@Example.COM", "\u7528\u6237@\u4f8b\u5b50.test", "<x>&\"@y.test"):
        yield from unsubscribed(r, recipient)


def get_does_nothing(r):
    path = "/" + token("<b>get</b>@example.com")
    for method in ("GET", "HEAD"):
        yield from nothing_happens(r, 200, method, path)
    yield from nothing_happens(r, 200, "GET", path + "?List-Unsubscribe=One-Click")
    answer, page = r.ask("GET", path)
    if b"&lt;b&gt;get&lt;/b&gt;@example.com" not in page or b"<b>get" in page:
        yield f"the recipient is not shown as text: {page!r}"
    if b'method="post"' not in page or b'value="One-Click"' not in page:
        yield f"no button: {page!r}"
    if answer.getheader("Cache-Control") != "no-store" or \
            answer.getheader("Referrer-Policy") != "no-referrer":
        yield "the page may be cached, or its address leaks"


def the_button_works(r):
    """What a browser sends for the page's form."""
    _, page = r.ask("GET", "/" + token("button@example.com"))
    fields = re.findall(rb'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    yield from unsubscribed(r, "button@example.com", b"&".join(n + b"=" + v for n, v in fields))


def other_posts(r):
    path = "/" + token("other@example.com")
    body, kind = multipart("No")
    other, _ = multipart(name="x")
    for text, kind in [(b"", URLENCODED), (b"List-Unsubscribe=", URLENCODED),
                       (b"list-unsubscribe=One-Click", URLENCODED), (ONE_CLICK, "text/plain"),
                       (ONE_CLICK, ""), (body, kind), (other, kind), (body, "multipart/form-data"),
                       (b"--b0undary", kind), (b"=&" * 1000, URLENCODED), (b"\xff\0%zz%", URLENCODED),
                       (ONE_CLICK, "multipart/form-data; boundary=" + "x" * 1000),
                       (b'{"List-Unsubscribe":"One-Click"}', "application/json")]:
        yield from nothing_happens(r, 400, "POST", path, text, Content_Type=kind)
    yield from nothing_happens(r, 400, "POST", path, ONE_CLICK + b"&x=" + b"y" * 5000,
                               Content_Type=URLENCODED)
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        yield from nothing_happens(r, 501, method, path, ONE_CLICK, Content_Type=URLENCODED)


def strangers_tokens(r):
    others = [v["token"] for v in VECTORS["invalid"] if "/" not in v["token"]]
    mailbox = VECTORS["mailbox"][0]["token"]
    good = token()
    for text in others + [mailbox, good[:-1], good + "A", good + "/", good + "%00", "x" * 5000,
                          "../../etc/passwd", "%2e%2e/", "<script>alert(1)</script>"]:
        path = "/" + text.replace("<", "%3C").replace(">", "%3E").replace("+", "%2B")
        yield from nothing_happens(r, 404, "POST", path, ONE_CLICK, Content_Type=URLENCODED)
        yield from nothing_happens(r, 404, "GET", path)


def broken_requests(r):
    path = "/" + token("broken@example.com")
    before = r.lines()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {URLENCODED}\r\n".encode()
    for data in (b"", b"\r\n\r\n", b"\x16\x03\x01\x02\0" * 20, b"GET\r\n\r\n", head,
                 head + b"\r\n" + ONE_CLICK, head + b"Content-Length: 99\r\n\r\n" + ONE_CLICK,
                 head + b"Content-Length: -1\r\n\r\n", head + b"Content-Length: 1e9\r\n\r\n",
                 head + b"Content-Length: 26, 26\r\n\r\n" + ONE_CLICK,
                 head + b"Transfer-Encoding: chunked\r\n\r\n1a\r\n" + ONE_CLICK + b"\r\n0\r\n\r\n",
                 b"GET /<script>alert(1)</script> HTTP/9.9\r\n\r\n", b"A" * 70000 + b"\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n"):
        try:
            got = r.raw(data)
        except ConnectionError:
            continue
        if b" 200 " in got[:20] or b"<script>" in got or b"Traceback" in got:
            yield f"{data[:80]!r}: {got[:200]!r}"
    if r.lines() != before:
        yield f"written: {r.lines()[len(before):]}"
    yield from unsubscribed(r, "after@example.com")


def many_at_once(r):
    before, errors = len(r.lines()), []

    def one(i):
        answer, _ = post(r, "/" + token(f"r{i}@example.com"))
        if answer.status != 200:
            errors.append(f"r{i}: status {answer.status}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(40)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    yield from errors
    got = {line.split("\t")[2] for line in r.lines()[before:]}
    if got != {f"r{i}@example.com" for i in range(40)} or len(r.lines()) != before + 40:
        yield f"{len(r.lines()) - before} lines, {len(got)} recipients"


def disk_full(r):
    """What could not be kept is not confirmed."""
    os.rename(r.list, r.list + ".kept")
    os.mkdir(r.list)
    answer, _ = post(r, "/" + token("full@example.com"))
    os.rmdir(r.list)
    os.rename(r.list + ".kept", r.list)
    if answer.status != 500:
        yield f"status {answer.status}"


def half_a_line(r):
    """A disk that takes a part of the line leaves the next one whole."""
    with open(r.list, "a", encoding="ascii") as f:      # the limit is for the log as well
        f.write("x" * 100000 + "\n")
    whole = r.lines()
    limit = os.path.getsize(r.list) + 30
    _, hard = resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE, (limit, hard))
    answer, _ = post(r, "/" + token("half@example.com"))
    resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    if answer.status != 500 or r.lines() != whole:
        yield f"{answer.status}: {r.lines()[len(whole):]}"
    yield from unsubscribed(r, "whole@example.com")


def nothing_in_the_log(r):
    with open(r.log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    if "Traceback" in text or "example.com" in text or re.search(r"[A-Za-z0-9_-]{40,}", text):
        yield f"the log: {text[-3000:]}"
    if " 'POST' 200" not in text:
        yield "no request is in the log"


def log_full(scratch):
    """A log that cannot be written loses no answer."""
    r = Receiver(scratch, "log full", "/dev/full")
    try:
        yield from unsubscribed(r, "one@example.com")
        yield from unsubscribed(r, "two@example.com")
        yield from nothing_happens(r, 404, "GET", "/" + "x" * 40)
        yield from disk_full(r)
    finally:
        r.stop()


def vectors():
    for v in VECTORS["mailbox"]:
        if RING.mailbox(v["campaign"], v["day"], bytes.fromhex(v["nonce"]), v["key"]) != v["token"]:
            yield f"made otherwise: {v}"
        want = (v["key"], v["campaign_id"], v["day"], v["nonce"])
        if RING.decode(v["token"]) != want or RING.decode(v["token"].upper()) != want:
            yield f"decoded otherwise: {v}"
    for v in VECTORS["url"]:
        if RING.url(v["campaign"], v["recipient"], v["key"]) != v["token"]:
            yield f"made otherwise: {v}"
        if RING.decode(v["token"]) != (v["key"], v["campaign"], v["recipient"]):
            yield f"decoded otherwise: {v}"
    for v in VECTORS["invalid"]:
        try:
            yield f"accepted: {v}: {RING.decode(v['token'])}"
        except metermark_token.Refused as e:
            if e.reason != v["fault"]:
                yield f"{e.reason}: {v}"


def command(*arguments):
    return subprocess.run([METERMARK, "token", *arguments], text=True,
                          capture_output=True, check=False)


def both_ways(scratch):
    """Tokens of the command are read here, and the other way round."""
    path = os.path.join(scratch.path, "k.key")
    made = command("key", path)
    if made.returncode != 0:
        yield f"key: {made}"
        return
    ring = metermark_token.Ring.of_files([("q", path)])
    key = f"q={path}"
    url = command("make", "-K", key, "-C", "news", "-R", "jane@example.com").stdout.strip()
    if ring.decode(url) != ("q", "news", "jane@example.com"):
        yield f"{url}: {ring.decode(url)}"
    mailbox = command("make", "-K", key, "-C", "news").stdout.strip()
    if ring.decode(mailbox)[:2] != ("q", metermark_token.campaign_id("news")):
        yield f"{mailbox}: {ring.decode(mailbox)}"
    got = json.loads(command("decode", "-K", key, "-f", "json", ring.url("a", "b@c.d")).stdout)
    if (got["valid"], got["campaign"], got["recipient"]) != (True, "a", "b@c.d"):
        yield f"{got}"
    got = json.loads(command("decode", "-nK", key, "-f", "json",
                             ring.mailbox("a", 20781, b"12345678")).stdout)
    if (got["campaign_id"], got["day"], got["nonce"]) != (
            metermark_token.campaign_id("a"), "2026-11-24", b"12345678".hex()):
        yield f"{got}"


def check(text, function, *arguments):
    try:
        problems = list(function(*arguments) or [])
    except Exception as e:
        problems = [f"{type(e).__name__}: {e}"]
    tap.result(text, problems)


with Scratch("metermark-unsubscribe.") as place:
    check("the token check agrees with the vectors", vectors)
    check("and with the command", both_ways, place)
    receiver = Receiver(place)
    try:
        for sentence, test in [
                ("the POST of RFC 8058 unsubscribes: no redirect, no cookie", gmail),
                ("urlencoded and multipart, with what else may be there", both_kinds_of_form),
                ("a second time is as good", twice),
                ("without any context, and with any", no_context),
                ("recipients of all characters", odd_recipients),
                ("GET and HEAD unsubscribe nobody and show a page", get_does_nothing),
                ("the button of that page works", the_button_works),
                ("a POST that asks for something else does nothing", other_posts),
                ("tokens that are not ours are not known", strangers_tokens),
                ("broken requests break nothing", broken_requests),
                ("forty at once are forty lines", many_at_once),
                ("what cannot be kept is not confirmed", disk_full),
                ("half a line does not stay", half_a_line),
                ("no token and no address is in the log", nothing_in_the_log)]:
            check(sentence, test, receiver)
        check("a log that cannot be written loses no answer", log_full, place)
    finally:
        receiver.stop()
    status = tap.done()
    place.keep = bool(status)
sys.exit(status)
