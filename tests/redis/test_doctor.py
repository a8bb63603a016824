#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark doctor beside a real daemon and a real Redis, each ailment brought about."""

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time

from mmtest.command import Terminal, ask, check, run
from mmtest.daemon import Daemon
from mmtest.programs import SRC
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap, free_port

tap = Tap()
USER = pwd.getpwuid(os.getuid()).pw_name


class Told(Daemon):
    """It is ready when doctor finds its status."""

    def ready(self):
        return super().ready() and self.status()


class Lab:
    def __init__(self, scratch, redis):
        self.redis, self.scratch = redis, scratch
        self.dir = scratch.dir("daemon")
        self.state = os.path.join(self.dir, "state")
        self.socket = os.path.join(self.dir, "m.sock")
        self.key = os.path.join(self.dir, "key.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                        "rsa_keygen_bits:2048", "-out", self.key], check=True,
                       stderr=subprocess.DEVNULL)
        os.chmod(self.key, 0o600)
        self.daemon = Told(self.dir, self.text())
        self.file = self.daemon.file

    def text(self, **settings):
        values = {"listen": f"unix:{self.socket}", "redis": self.redis.url, "user": USER,
                  "state_dir": self.state, "dns_check": "false", **settings}
        text = "".join(f'{k} = "{v}"\n' if isinstance(v, str) else f"{k} = {v}\n"
                       for k, v in values.items())
        return text + f'domain "example.com" {{ key {{ selector = "s" file = "{self.key}" }} }}\n'

    def write(self, name, **settings):
        return self.scratch.write("daemon/" + name, self.text(**settings), 0o640)

    def doctor(self, file=None):
        """(exit status, {check: [findings]})"""
        answer = ask("doctor", "-c", file or self.file, "-f", "json")
        if answer.err:
            raise RuntimeError(answer.err)
        said = json.loads(answer.text)
        found = {}
        for one in said["checks"]:
            found.setdefault(one["check"], []).append(one)
            if one["status"] == "fail" and not one["cure"] and one["check"] != "keys":
                raise RuntimeError(f"no cure: {one}")
        worst = max(said["checks"], key=lambda c: ["ok", "warn", "fail"].index(c["status"]))
        if said["result"] != worst["status"] or (answer.status == 1) != (worst["status"] == "fail"):
            raise RuntimeError(f"{answer.status}, {said['result']}, {worst}")
        return answer.status, found

    def expect(self, what, status, words, file=None):
        """Sentences, unless a finding of that check has that status and those words."""
        exit_status, found = self.doctor(file)
        for one in found.get(what, []):
            if one["status"] == status and all(w in one["text"] + str(one["cure"]) for w in words):
                return
        yield f"no {what} {status} {words}: {json.dumps(found.get(what, list(found)), indent=1)}"
        yield f"exit status {exit_status}"


def keys(lab):
    return lab.redis.command("KEYS", "*")


def all_well(lab):
    before = sorted(keys(lab))
    status, found = lab.doctor()
    bad = [one for ones in found.values() for one in ones if one["status"] == "fail"]
    if status or bad:
        yield f"{status} {json.dumps(bad, indent=1)}"
    for what in ("settings", "keys", "state_dir", "disk", "daemon", "backlog", "socket", "redis",
                 "redis version", "redis role", "redis eviction", "redis memory", "redis disk", "redis rights",
                 "clock"):
        if what not in found:
            yield f"nothing is said about {what}"
    if sorted(keys(lab)) != before:
        yield f"leaves {set(keys(lab)) - set(before)}"
    if f"pid {lab.daemon.process.pid}" not in found["daemon"][0]["text"]:
        yield f"{found['daemon']}"
    if not lab.daemon.running():
        yield "the daemon is gone"


def as_text(lab):
    answer = ask("doctor", "-c", lab.file)
    lines = answer.text.splitlines()
    if answer.status or not lines[-1].endswith(" 0 fail") or not lines[0].startswith("ok    settings"):
        yield answer.text
    if "\x1b" in answer.text:
        yield "escape sequences in a pipe"
    with Terminal("doctor", "-c", lab.file) as t:
        if t.end() != 0 or b"\x1b[32mok" not in t.out:
            yield f"{t.out}"
    with Terminal("doctor", "-c", lab.file, columns=60) as t:
        t.end()
        lines = re.sub(r"\x1b\[[0-9;]*m", "", t.out.decode()).replace("\r", "").splitlines()
    # What has no blank in it cannot be wrapped.
    if any(len(line) > 60 and " " in line[22:].strip() for line in lines):
        yield f"not wrapped: {lines}"
    if [line for line in lines[:-1] if line[:4].strip() not in ("", "ok", "warn")]:
        yield f"{lines}"


def settings(lab):
    yield from lab.expect("settings", "fail", ["cannot read", "-c"], "/nonexistent/x.conf")
    wrong = lab.scratch.write("wrong.conf", "\nno_such = 1\n")
    yield from lab.expect("settings", "fail", [f"{wrong}:2"], wrong)
    yield from ask("doctor", "-f", "xml").is_error(64, "text, json")
    yield from ask("doctor", "name").is_error(64, "name")
    os.chmod(lab.key, 0o644)
    yield from lab.expect("keys", "fail", ["example.com/s", "chmod"])
    os.chmod(lab.key, 0o600)


def token_keys(lab):
    made = os.path.join(lab.dir, "token.key")
    conf = lab.write("token.conf")
    ask("token", "key", "-c", conf, made)
    with open(conf, "a", encoding="ascii") as f:
        f.write(f'token {{ key {{ id = "a" file = "{made}" }} '
                f'key {{ id = "b" file = "{lab.dir}/none" }} }}\n')
    yield from lab.expect("keys", "ok", ["1 token key can be read"], conf)
    yield from lab.expect("keys", "fail", ["token key b", "none: cannot be opened"], conf)
    if os.getuid() == 0:
        with open(conf, encoding="ascii") as f:
            text = f.read().replace(f'user = "{USER}"', 'user = "nobody"')
        other = lab.scratch.write("daemon/token-other.conf", text, 0o640)
        os.chmod(made, 0o600)
        yield from lab.expect("keys", "warn", ["token key a", "will not start", "chmod 640"], other)


def directory(lab):
    os.chmod(lab.state, 0o755)
    yield from lab.expect("state_dir", "warn", ["0755", f"chmod 700 {lab.state}"])
    os.chmod(lab.state, 0o700)
    missing = lab.write("missing.conf", state_dir="/nonexistent/state")
    yield from lab.expect("state_dir", "fail", ["No such file", "install -d"], missing)
    if os.getuid() == 0:
        other = lab.write("other.conf", user="nobody")
        yield from lab.expect("state_dir", "fail", ["belongs to uid 0", "chown"], other)


def socket(lab):
    os.chmod(lab.socket, 0o666)
    yield from lab.expect("socket", "fail", ["0666", "chmod o="])
    os.chmod(lab.socket, 0o660)
    away = lab.write("away.conf", listen=f"unix:{lab.dir}/none.sock")
    yield from lab.expect("socket", "fail", ["nobody answers", "systemctl start"], away)
    # Redis answers at its port, but not as a milter does.
    mute = lab.write("mute.conf", listen=f"inet:{lab.redis.port}@127.0.0.1", allow_tcp="true")
    mute_text = open(mute, encoding="ascii").read().replace('"true"', "true")
    mute = lab.scratch.write("daemon/mute.conf", mute_text, 0o640)
    yield from lab.expect("socket", "fail", ["does not answer as a milter"], mute)


def redis_away(lab):
    nobody = lab.write("nobody.conf", redis=f"redis://u:s3cret@127.0.0.1:{free_port()}/0")
    yield from lab.expect("redis", "fail", ["refused", "start it"], nobody)
    if "s3cret" in ask("doctor", "-c", nobody).text:
        yield "shows the password"
    lab.redis.stop()
    yield from lab.expect("redis", "fail", ["refused", "start it"])
    lab.redis.start()
    yield from lab.expect("redis", "ok", ["answers"])


def redis_settings(lab):
    command = lab.redis.command
    command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    command("CONFIG", "SET", "maxmemory", "100mb")
    yield from lab.expect("redis eviction", "fail", ["allkeys-lru", "noeviction"])
    command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    command("CONFIG", "SET", "maxmemory", "1")
    yield from lab.expect("redis rights", "fail", ["OOM", "maxmemory"])
    yield from lab.expect("redis memory", "warn", ["raise maxmemory"])
    command("CONFIG", "SET", "maxmemory", "0")
    command("CONFIG", "SET", "appendonly", "no")
    yield from lab.expect("redis disk", "warn", ["appendonly yes"])
    command("CONFIG", "SET", "appendonly", "yes")
    command("REPLICAOF", "127.0.0.1", "1")
    yield from lab.expect("redis role", "fail", ["replica", "sentinel"])
    yield from lab.expect("redis rights", "fail", ["READONLY"])
    command("REPLICAOF", "NO", "ONE")


def acl(name):
    with open(os.path.join(SRC, "contrib/redis/metermark.acl"), encoding="ascii") as f:
        return next(x.split()[2:] for x in f if x.startswith(f"user {name} "))


def rights(lab):
    words = acl("metermark")
    lab.redis.command("ACL", "SETUSER", "metermark", "reset", *words)
    url = lab.redis.url.replace("redis://", "redis://metermark:CHANGE-ME@")
    few = lab.write("few.conf", redis=url)
    before = sorted(keys(lab))
    yield from lab.expect("redis rights", "ok", ["counts once"], few)
    if sorted(keys(lab)) != before:
        yield f"leaves {set(keys(lab)) - set(before)}"
    for word in ("+evalsha", "+script|load", "+hmget", "+hset", "+hsetnx", "+expireat",
                 "+pfadd", "+pfmerge", "+set", "+del", "+zadd", "+zremrangebyscore",
                 "~metermark:*"):
        lab.redis.command("ACL", "SETUSER", "metermark", "reset", *[w for w in words if w != word])
        for problem in lab.expect("redis rights", "fail", ["metermark.acl"], few):
            yield f"without {word}: {problem}"
        lab.redis.command("DEL", *keys_of_doctor(lab), "x")
    stats = lab.redis.url.replace("redis://", "redis://metermark:wr0ng@")
    yield from lab.expect("redis", "fail", ["WRONGPASS", "password"],
                          lab.write("wrong-password.conf", redis=stats))


def keys_of_doctor(lab):
    return [k for k in keys(lab) if "{_doctor}" in k]


def what_is_left_goes_by_itself(lab):
    words = [w for w in acl("metermark") if w != "+zadd"]
    lab.redis.command("ACL", "SETUSER", "metermark", "reset", *words)
    lab.doctor(os.path.join(lab.dir, "few.conf"))
    left = keys_of_doctor(lab)
    for key in left:
        ttl = lab.redis.command("TTL", key)
        if not 0 < ttl <= 86400 + 200:
            yield f"{key} stays for {ttl} s"
    if not left:
        yield "nothing was left: is this tested?"
    lab.redis.command("DEL", *left, "x")


def status_of_all_kinds(lab):
    """What no healthy daemon writes, put in its place."""
    # The daemon writes nothing over it, and nobody waits for its socket's answer.
    lab.daemon.process.send_signal(signal.SIGSTOP)
    quiet = lab.write("quiet.conf", listen=f"unix:{lab.dir}/none.sock")
    path = os.path.join(lab.state, "status.json")
    with open(path, encoding="utf-8") as f:
        good = f.read()

    def say(**members):
        now = int(time.time() * 1000)
        with open(path, "w", encoding="utf-8") as f:
            json.dump({**json.loads(good), "written_ms": now, **members}, f)
    now = int(time.time() * 1000)
    for members, what, level, words in (
            ({"written_ms": now - 60000}, "status", "fail", ["hangs"]),
            ({"backlog_messages": 1234, "backlog_oldest_ms": now - 60000}, "backlog", "warn",
             ["not in Redis yet: 1,234"]),
            ({"backlog_messages": 1, "backlog_oldest_ms": now - 3600000}, "backlog", "fail", ["not in Redis yet: 1,", " 36"]),
            ({"journal_down": True}, "journal", "fail", ["memory only", "make room"]),
            ({"held": True}, "journal", "fail", ["ledger"]),
            ({"journal_left_out": 5}, "journal", "warn", ["5 messages"]),
            ({"journal_sync_failures": 1}, "journal", "warn", ["disk"]),
            ({"damaged_records": 2}, "journal", "warn", ["2 damaged"]),
            ({"lost_deltas": 7}, "lost counts", "warn", ["7 messages"]),
            ({"not_whole": 3}, "lost counts", "warn", ["retain_s"]),
            ({"restored": 3}, "redis data", "warn", ["sent again"]),
            ({"other_names": 3}, "campaigns", "warn", ["_other"]),
            ({"crowded": 4}, "campaigns", "warn", ["4 messages", "waited for Redis"]),
            ({"redis_there": False, "redis_error": "\x1b[31mboo", "redis_away_ms": now - 90000},
             "daemon's redis", "fail", ["m ago", "boo"])):
        say(**members)
        yield from lab.expect(what, level, words, quiet)
    answer = ask("doctor", "-c", quiet)
    if "\x1b" in answer.text:
        yield "a hostile error reaches the terminal"
    for damaged in ("", "{", "[]", '{"written_ms": "x"}'):
        with open(path, "w", encoding="utf-8") as f:
            f.write(damaged)
        lab.doctor(quiet)
    with open(path, "w", encoding="utf-8") as f:
        f.write(good)
    lab.daemon.process.send_signal(signal.SIGCONT)


def daemon_gone(lab):
    lab.daemon.stop()
    yield from lab.expect("daemon", "fail", ["not running", "systemctl start"])
    yield from lab.expect("socket", "fail", ["nobody answers"])
    path = os.path.join(lab.state, "status.json")
    with open(path, encoding="utf-8") as f:
        said = json.load(f)
    for on_disk, words in ((True, "5 messages wait on disk"), (False, "5 messages were not in Redis")):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({**said, "backlog_messages": 5, "on_disk": on_disk}, f)
        yield from lab.expect("backlog", "warn", [words])
    lab.daemon.start()
    yield from lab.expect("daemon", "ok", [f"pid {lab.daemon.process.pid}"])


def body():
    with Scratch("mm-doctor.") as scratch, RedisServer(scratch.dir("redis")) as redis:
        lab = Lab(scratch, redis)
        with lab.daemon:
            for function, title in (
                    (all_well, "all well: every check speaks, nothing is left in Redis"),
                    (as_text, "as text, coloured on a terminal only"),
                    (settings, "settings and keys"),
                    (token_keys, "token keys"),
                    (directory, "the state directory: rights, owner, missing"),
                    (socket, "the socket: mode, nobody there, no milter"),
                    (redis_settings, "Redis: eviction, memory, disk, role"),
                    (rights, "Redis: each right of the ACL is missed when it is missing"),
                    (what_is_left_goes_by_itself, "keys that cannot be removed expire"),
                    (redis_away, "Redis away, for us and for the daemon"),
                    (status_of_all_kinds, "what the daemon tells of its counting"),
                    (daemon_gone, "the daemon is not running")):
                check(tap, function, title, lab)


sys.exit(run(tap, body))
