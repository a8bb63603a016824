#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/redis/metermark.acl gives each of its users all it needs, and no right too
many."""

import json
import os
import re
import subprocess
import sys

from mmtest.counting import WHEN, Driver
from mmtest.programs import SRC, Missing
from mmtest.redis import RedisError, RedisServer
from mmtest.scratch import Scratch, Tap

ACL = os.path.join(SRC, "contrib/redis/metermark.acl")
# Not having these only means that the log says less.
CONVENIENCES = {"role", "info", "client|setname", "select"}
tap = Tap()


class WithUsers(RedisServer):
    """As contrib/redis/README.md sets it up: the file at the end of redis.conf."""

    def __init__(self, run):
        super().__init__(run)
        self.file = os.path.join(run, "redis.conf")
        with open(ACL, encoding="ascii") as acl, open(self.file, "w", encoding="ascii") as f:
            f.write(f"port {self.port}\nbind 127.0.0.1\ndir {run}\nsave \"\"\n"
                    f"requirepass OTHERS\n{acl.read()}")

    def argv(self):
        return [self.program, self.file]

    def ready(self):
        try:
            return self.command("AUTH", "default", "OTHERS") == "OK"
        except (OSError, RedisError):
            return False


def rules(user):
    with open(ACL, encoding="ascii") as f:
        for line in f:
            if line.startswith(f"user {user} "):
                return line.split()[2:]
    raise RuntimeError(f"no user {user} in {ACL}")


def count_as(redis, words, ms=20000):
    """One campaign with few recipients, then one with many; what is wrong, and the log.
    ms: how long to wait for it, less where it is to fail."""
    redis.command("FLUSHALL")
    redis.command("SCRIPT", "FLUSH")
    redis.command("ACL", "SETUSER", "metermark", "reset", *words)
    url = redis.url.replace("redis://", "redis://metermark:CHANGE-ME@")
    with Driver(url) as driver:
        driver.say(f"add few 2 {WHEN} 1 2 3")
        for start in range(0, 400, 200):
            ids = " ".join(map(str, range(start, start + 200)))
            driver.say(f"add many 1 {WHEN + start} {ids}")
        said = driver.ask(f"wait {ms}")
        problems = driver.ledger().compare(redis)
        if said != "drained":
            problems.append(said)
        log = "\n".join(driver.log)
        driver.stop(200)
    return problems, log


def as_it_is(redis):
    problems, log = count_as(redis, rules("metermark"))
    if re.search("NOPERM|can't run|redis-(refuses|away)", log):
        problems.append(log)
    tap.result("the daemon counts as user metermark", problems)
    said = redis.command("ACL", "LOG")
    tap.result("and Redis has refused it nothing", [str(said)] if said else [])


def without_conveniences(redis):
    words = [w for w in rules("metermark") if w[1:] not in CONVENIENCES]
    problems, log = count_as(redis, words)
    if "server=unknown" not in log:
        problems.append(log)
    tap.result("it counts as well without " + ", ".join(sorted(CONVENIENCES)), problems)


def no_right_too_many(redis):
    problems = []
    for word in rules("metermark"):
        if word.startswith("+") and word[1:] not in CONVENIENCES:
            words = [w for w in rules("metermark") if w != word]
            if not count_as(redis, words, 700)[0] and word != "+zremrangebyscore":
                problems.append(f"all is well without {word}")
    tap.result("each right of user metermark is needed", problems)


def other_keys_are_out_of_reach(redis):
    redis.command("ACL", "SETUSER", "metermark", "reset", *rules("metermark"))
    problems = []
    for command in (("GET", "metermark:x"), ("HSET", "other", "a", "b"), ("FLUSHALL",),
                    ("CONFIG", "GET", "*"), ("KEYS", "*"), ("EVAL", "return 1", "0")):
        said = redis.command("ACL", "DRYRUN", "metermark", *command)
        if said == "OK":
            problems.append(f"{' '.join(command)} is allowed")
    tap.result("the daemon's user reaches no other keys and no administration", problems)


def token_names_its_campaign(program, url):
    """A token has the digits of its campaign, for which Redis has the name."""
    with Scratch("mm-acl-key.") as scratch:
        key = f"a={os.path.join(scratch.path, 'token.key')}"
        said = [subprocess.run([program, "token", *args], capture_output=True, text=True, check=False)
                for args in (["key", key[2:]], ["make", "-K", key, "-C", "many"])]
        token = re.search(r"\S+\s*$", said[1].stdout)
        if token is None:
            return [f"no token: {said}"]
        done = subprocess.run([program, "token", "decode", "-f", "json", "-K", key, "--redis", url,
                               token[0].strip()], capture_output=True, text=True, check=False)
    if done.returncode or "many" not in json.loads(done.stdout).values() or done.stderr:
        return [f"token decode: {done.returncode} {done.stdout} {done.stderr}"]
    return []


def stats_only_reads(redis):
    title = "user metermark-stats may read the statistics, and nothing else"
    program = os.path.join(os.environ.get("MM_BUILD", "."), "metermark")
    if not os.access(program, os.X_OK):
        tap.skip(title, "metermark is not built")
        return
    count_as(redis, rules("metermark"))
    redis.command("ACL", "SETUSER", "metermark-stats", "reset", *rules("metermark-stats"))
    url = redis.url.replace("redis://", "redis://metermark-stats:CHANGE-ME-TOO@")
    problems = []
    for names in ([], ["many"]):
        done = subprocess.run([program, "stats", "--redis", url, "--format", "json", *names],
                              capture_output=True, text=True, check=False)
        if done.returncode or "many" not in {row["campaign"] for row in json.loads(done.stdout)}:
            problems.append(f"{names}: {done.returncode} {done.stdout} {done.stderr}")
    problems += token_names_its_campaign(program, url)
    done = subprocess.run([program, "campaigns", "--redis", url, "-f", "json"],
                          capture_output=True, text=True, check=False)
    if done.returncode or "many" not in {row["campaign"] for row in json.loads(done.stdout)}:
        problems.append(f"campaigns: {done.returncode} {done.stdout} {done.stderr}")
    for command in (("HSET", "metermark:{a}:total", "a", "b"), ("DEL", "metermark:ids"),
                    ("ZADD", "metermark:campaigns", "1", "a"), ("HGETALL", "other")):
        if redis.command("ACL", "DRYRUN", "metermark-stats", *command) == "OK":
            problems.append(f"{' '.join(command)} is allowed")
    tap.result(title, problems)


def forget_as(redis, words):
    """What `metermark forget many` says as a user with these rights."""
    program = os.path.join(os.environ.get("MM_BUILD", "."), "metermark")
    count_as(redis, rules("metermark"))
    redis.command("ACL", "SETUSER", "metermark-admin", "reset", *words)
    url = redis.url.replace("redis://", "redis://metermark-admin:CHANGE-ME-AS-WELL@")
    return subprocess.run([program, "forget", "--redis", url, "--yes", "many"],
                          capture_output=True, text=True, check=False)


def admin_forgets(redis):
    words = rules("metermark-admin")
    problems = []
    done = forget_as(redis, words)
    if done.returncode or done.stderr or list(redis.hash("metermark:{many}:total")) != ["!forgotten"]:
        problems.append(f"{done.returncode} {done.stdout} {done.stderr}")
    # Found by --glob alone, or only to say less.
    for word in set(words) - {"+zscan", "+zrevrange"} - {"+" + c for c in CONVENIENCES}:
        if word.startswith("+") and forget_as(redis, [w for w in words if w != word]).returncode == 0:
            problems.append(f"all is well without {word}")
    redis.command("ACL", "SETUSER", "metermark-admin", "reset", *words)
    for command in (("DEL", "other"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*"),
                    ("EVAL", "return redis.call('get', KEYS[1])", "1", "other")):
        if redis.command("ACL", "DRYRUN", "metermark-admin", *command) == "OK":
            problems.append(f"{' '.join(command)} is allowed")
    tap.result("user metermark-admin may forget campaigns, with no right too many", problems)


def appended_to_redis_conf(scratch):
    """It starts with the file as it is, and lets in nobody whom it kept out before."""
    problems = []
    with WithUsers(scratch.dir("users")) as redis:
        for user, password in (("metermark", "CHANGE-ME"), ("metermark-stats", "CHANGE-ME-TOO"),
                               ("metermark-admin", "CHANGE-ME-AS-WELL")):
            if redis.command("AUTH", user, password) != "OK":
                problems.append(f"{user} is not let in")
        try:
            problems.append(f"without a password: {redis.command('PING')}")
        except RedisError as e:
            if "NOAUTH" not in str(e):
                problems.append(str(e))
    tap.result("the file at the end of redis.conf, beside requirepass", problems)


def main():
    try:
        with Scratch("mm-acl.") as scratch, RedisServer(scratch.path) as redis:
            for test in (as_it_is, without_conveniences, no_right_too_many,
                         other_keys_are_out_of_reach, stats_only_reads, admin_forgets):
                test(redis)
            appended_to_redis_conf(scratch)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
