#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark token: keys, both forms of a token, the campaign's name from Redis, and what is
not a token."""

import json
import os
import pwd
import stat
import subprocess
import sys

from mmtest.command import check, environment, run
from mmtest.programs import METERMARK, SRC
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap

tap = Tap()
with open(os.path.join(SRC, "tests/data/token-vectors.json"), encoding="utf-8") as vectors_file:
    VECTORS = json.load(vectors_file)
MAILBOX, URL = VECTORS["mailbox"][0], VECTORS["url"][0]
MEMBERS = {"valid", "reason", "form", "key", "campaign", "campaign_id", "recipient", "day", "nonce"}


def ask(*arguments):
    return subprocess.run([METERMARK, *arguments], env=environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)


class Place:
    """A settings file with the keys of the vectors."""

    def __init__(self, scratch, redis):
        self.folder = scratch.dir("token", mode=0o700)
        keys = ""
        for k in VECTORS["keys"]:
            path = self.write(k["id"], k["secret"] + "\n")
            keys += f' key {{ id = "{k["id"]}" file = "{path}" }}\n'
        self.redis = redis
        self.conf = self.write("m.conf", f'user = "root"\nredis = "{redis.url}"\n'
                                         f"token {{\n{keys}}}\n")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as f:
            f.write(text)
        return path

    def decode(self, token, *more):
        return ask("token", "decode", "-c", self.conf, *more, "--", token)

    def json(self, token, *more):
        got = self.decode(token, "-f", "json", *more)
        out = json.loads(got.stdout)
        if set(out) != MEMBERS:
            raise AssertionError(f"members {sorted(out)}")
        return got.returncode, out


def key_is_made(p):
    path = os.path.join(p.folder, "new.key")
    got = ask("token", "key", path)
    with open(path, encoding="ascii") as f:
        text = f.read()
    if got.returncode != 0 or got.stdout or got.stderr:
        yield f"{got}"
    if len(text) != 65 or text[-1] != "\n" or set(text[:-1]) - set("0123456789abcdef"):
        yield f"in it: {text!r}"
    st = os.stat(path)
    mode = stat.S_IMODE(st.st_mode)
    # Where the host has the daemon's account, its group may read what root made.
    if mode not in (0o600, 0o640) or (mode == 0o640 and st.st_uid != 0):
        yield f"mode {mode:o}"
    got = ask("token", "key", path)
    with open(path, encoding="ascii") as f:
        if f.read() != text:
            yield "it was written over"
    if got.returncode != 73 or "is there already" not in got.stderr:
        yield f"a second time: {got}"
    got = ask("token", "key", os.path.join(p.folder, "none", "x"))
    if got.returncode != 73 or "No such file" not in got.stderr:
        yield f"no folder: {got}"


def key_is_the_daemons(p):
    """Made by root, for the user of the settings or the one that is named."""
    daemon = p.write("daemon.conf", 'user = "daemon"\n')
    for name, arguments, account in (("c.key", ("-c", daemon), "daemon"),
                                     ("o.key", ("-c", daemon, "-o", "mail"), "mail")):
        path = os.path.join(p.folder, name)
        got = ask("token", "key", *arguments, path)
        st = os.stat(path)
        group = pwd.getpwnam(account).pw_gid
        if got.returncode or got.stderr or \
                (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) != (0, group, 0o640):
            yield f"{arguments}: {got}, {st}"
    path = os.path.join(p.folder, "x.key")
    for owner, status, sentence in (("no-such-user", 73, "no account"), ("a b", 64, "--owner")):
        got = ask("token", "key", "-o", owner, path)
        if got.returncode != status or sentence not in got.stderr or os.path.exists(path):
            yield f"{owner}: {got}"
    os.mkdir(os.path.join(p.folder, "open"))
    os.chmod(os.path.join(p.folder, "open"), 0o777)
    got = ask("token", "key", os.path.join(p.folder, "open", "k"))
    if got.returncode != 73 or "was made, but cannot be used where it is" not in got.stderr:
        yield f"in a folder of everyone's: {got}"


def vectors(p):
    for v in VECTORS["mailbox"]:
        status, out = p.json(v["token"], "-n")
        want = (True, "mailbox", v["key"], v["campaign_id"], v["nonce"], None)
        got = tuple(out[m] for m in ("valid", "form", "key", "campaign_id", "nonce", "recipient"))
        if status != 0 or got != want:
            yield f"{v}: {status} {out}"
    for v in VECTORS["url"]:
        status, out = p.json(v["token"])
        want = (True, "url", v["key"], v["campaign"], v["recipient"], None, None)
        got = tuple(out[m] for m in
                    ("valid", "form", "key", "campaign", "recipient", "day", "nonce"))
        if status != 0 or got != want:
            yield f"{v}: {status} {out}"
    for v in VECTORS["invalid"]:
        status, out = p.json(v["token"])
        if status != 1 or out["valid"] or out["reason"] != v["fault"] or out["campaign"] or \
                out["recipient"]:
            yield f"{v}: {status} {out}"


def tables(p):
    p.redis.command("HSET", "metermark:ids", MAILBOX["campaign_id"], "autumn-sale")
    got = p.decode(MAILBOX["token"]).stdout
    want = f"valid        yes\nform         mailbox\nkey          {MAILBOX['key']}\n" \
           f"campaign     autumn-sale\ncampaign_id  {MAILBOX['campaign_id']}\n" \
           f"day          2026-11-24\nnonce        {MAILBOX['nonce']}\n"
    if got != want:
        yield f"mailbox: {got}"
    got = p.decode(URL["token"]).stdout
    want = f"valid        yes\nform         url\nkey          {URL['key']}\n" \
           f"campaign     autumn-sale\ncampaign_id  {MAILBOX['campaign_id']}\n" \
           f"recipient    jane@example.com\n"
    if got != want:
        yield f"url: {got}"
    got = p.decode("\x1b[2Jevil").stdout
    if got != "valid        no\nreason       not a token\n":
        yield f"a stranger's text: {got!r}"


def name_is_looked_up(p):
    token, ident = MAILBOX["token"], MAILBOX["campaign_id"]
    for value, want in [(None, None), ("autumn-sale", "autumn-sale"), ("other", None),
                        ("x" * 100, None), ("\x1b[2J", None)]:
        p.redis.command("DEL", "metermark:ids")
        if value is not None:
            p.redis.command("HSET", "metermark:ids", ident, value)
        status, out = p.json(token)
        if status != 0 or out["campaign"] != want:
            yield f"{value!r}: {status} {out}"
    p.redis.command("HSET", "metermark:ids", ident, "autumn-sale")
    p.redis.command("HSET", "mm2:ids", ident, "autumn-sale")
    for more, want in [(("-n",), None), (("-k", "nothing"), None), (("-k", "mm2"), "autumn-sale")]:
        if p.json(token, *more)[1]["campaign"] != want:
            yield f"{more}: {p.json(token, *more)}"
    # A Redis that is away, or is none of ours, leaves the token as valid as it is.
    for url in ("unix:/nowhere/redis.sock", "redis://127.0.0.1:1/0"):
        got = p.decode(token, "-r", url, "-f", "json")
        if got.returncode != 0 or not json.loads(got.stdout)["valid"] or \
                "name is not known" not in got.stderr:
            yield f"{url}: {got}"
    p.redis.command("SET", "metermark:ids", "no hash")
    got = p.decode(token, "-f", "json")
    p.redis.command("DEL", "metermark:ids")
    if got.returncode != 0 or "WRONGTYPE" not in got.stderr:
        yield f"wrong type: {got}"


def keys_by_hand(p):
    """Without settings, as on a host that handles bounces only."""
    path = os.path.join(p.folder, "a")
    got = ask("token", "decode", "-K", f"a={path}", MAILBOX["token"])
    if got.returncode != 0 or "campaign     not known\n" not in got.stdout or got.stderr:
        yield f"{got}"
    got = ask("token", "decode", "-K", f"b={path}", MAILBOX["token"])
    if got.returncode != 1 or "made with a key that is not in the settings" not in got.stdout:
        yield f"another id: {got}"
    for word, status, sentence in [("a", 64, "expected ID=FILE"), (f"A={path}", 64, "ID=FILE"),
                                   ("a=", 64, "ID=FILE"), ("a=/nowhere/x", 78, "cannot be opened"),
                                   (f"a={p.folder}", 78, "found a directory")]:
        got = ask("token", "decode", "-K", word, MAILBOX["token"])
        if got.returncode != status or sentence not in got.stderr or got.stdout:
            yield f"-K {word}: {got}"
    got = ask("token", "decode", "-K", f"a={path}", "-K", f"a={path}", MAILBOX["token"])
    if got.returncode != 78:
        yield f"one id twice: {got}"


def make(p):
    got = ask("token", "make", "-c", p.conf, "-C", "news", "-R", "jane@example.com")
    out = p.json(got.stdout.strip())[1]
    if (out["campaign"], out["recipient"], out["key"]) != ("news", "jane@example.com", "z"):
        yield f"url: {got} {out}"
    tokens = {ask("token", "make", "-c", p.conf, "-C", "news").stdout for _ in range(3)}
    if len(tokens) != 3 or any(len(t) != 48 for t in tokens):
        yield f"mailbox: {tokens}"
    for arguments in (("-C", "News"), ("-C", ""), ("-R", "a@b.c"), ("-C", "n", "-R", ""),
                      ("-C", "n", "-R", "a\nb"), ("-C", "n", "-R", "x" * 255), ("-C", "n", "extra")):
        got = ask("token", "make", "-c", p.conf, *arguments)
        if got.returncode != 64 or got.stdout or not got.stderr:
            yield f"{arguments}: {got}"


def usage(p):
    for arguments, status in [((), 64), (("x",), 64), (("decode",), 64), (("decode", "a", "b"), 64),
                              (("key",), 64), (("decode", "-f", "xml", "a"), 64),
                              (("decode", "--nonsense"), 64), (("--help",), 0),
                              (("decode", "-c", "/nowhere/m.conf", "a"), 78)]:
        got = ask("token", *arguments)
        if got.returncode != status:
            yield f"{arguments}: {got}"
    # Where no settings are installed, their absence has a cure.
    for arguments in (("token", "decode", "a"), ("key", "test")):
        got = ask(*arguments)
        if "No such file" in got.stderr and (got.returncode != 78 or not got.stderr.endswith(
                "; name the file with -c, or install one\n")):
            yield f"{arguments}: {got}"
    empty = p.write("empty.conf", 'user = "root"\n')
    got = ask("token", "decode", "-c", empty, "x")
    if got.returncode != 78 or "no token section" not in got.stderr:
        yield f"no keys: {got}"


def body():
    with Scratch("metermark-token.") as scratch, RedisServer(scratch.dir("redis")) as redis:
        p = Place(scratch, redis)
        for function, title in (
                (key_is_made, "key makes a file, once"),
                *([(key_is_the_daemons, "a key made as root is the daemon's to read")]
                  if os.geteuid() == 0 else []),
                (vectors, "decode agrees with the vectors"),
                (name_is_looked_up, "a mailbox token's campaign is looked up"),
                (tables, "tables for people"),
                (keys_by_hand, "keys by hand need no settings"),
                (make, "make makes what decode takes"),
                (usage, "wrong use is told")):
            check(tap, function, title, p)


sys.exit(run(tap, body))
