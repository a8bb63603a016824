#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What was forgotten while the daemon runs stays forgotten, whatever becomes of Redis
after: the daemon retains what it has counted, and must not bring that back."""

import os
import shutil
import time

from mmtest.command import ask
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, wait_until
from mmtest.wire import plain, wire

CONFIG = "flush_interval_ms = 100\n"


def messages(redis, name):
    return int(redis.hash(f"metermark:{{{name}}}:total").get("messages", 0))


def counted(redis, **want):
    wait_until(f"{want}", lambda: all(messages(redis, k.replace("all", "_all")) == n
                                      for k, n in want.items()), 40)


def send(d, name, n):
    for _ in range(n):
        d.send(plain(X_Campaign=name))


def ours(redis, name):
    """The campaign's keys, but for the tombstone."""
    return [k for k in redis.command("KEYS", f"metermark:{{{name}}}:*")
            if set(redis.hash(k) if k.endswith(":total") else "x") != {"!forgotten"}]


def forget(redis, name):
    answer = ask("forget", "-r", redis.url, "--yes", name)
    if answer.status:
        raise RuntimeError(answer.err)


def told(d, times=1):
    """The daemon has found the tombstone; without any mail it looks every ten seconds."""
    wait_until("the daemon to learn of it",
               lambda: d.log_text().count("campaigns-forgotten") >= times, 20)


def start(t, redis):
    redis.command("FLUSHALL")
    return t.daemon(CONFIG, redis=redis.url)


def forgotten(redis, name="spring"):
    time.sleep(1.5)
    if ours(redis, name):
        yield f"{name} is back: {ours(redis, name)} {messages(redis, name)}"


def all_data_lost(t, redis):
    with start(t, redis) as d:
        send(d, "spring", 20)
        send(d, "other", 5)
        counted(redis, spring=20, other=5, all=25)
        forget(redis, "spring")
        send(d, "other", 1)
        told(d)
        redis.command("FLUSHALL")
        send(d, "other", 1)
        counted(redis, other=7, all=27)
        yield from forgotten(redis)
        send(d, "spring", 2)
        counted(redis, spring=2, all=29)


def no_mail_meanwhile(t, redis):
    with start(t, redis) as d:
        send(d, "spring", 3)
        counted(redis, spring=3)
        forget(redis, "spring")
        told(d)
        redis.command("FLUSHALL")
        wait_until("the daemon to see the loss", lambda: messages(redis, "_all") == 3, 30)
        yield from forgotten(redis)


def killed_at_once(t, redis):
    with start(t, redis) as d:
        send(d, "spring", 20)
        send(d, "other", 5)
        counted(redis, spring=20, other=5)
        forget(redis, "spring")
        redis.kill()
        send(d, "other", 1)
        time.sleep(0.5)
        redis.start()
        counted(redis, other=6, all=26)
        yield from forgotten(redis)
        # Mail that comes later counts, and only that.
        send(d, "spring", 4)
        counted(redis, spring=4, all=30)
        if messages(redis, "spring") != 4:
            yield f"used again: {messages(redis, 'spring')}"


def rolled_back(t, redis):
    """To a copy from before the campaign was there."""
    with start(t, redis) as d:
        send(d, "other", 5)
        counted(redis, other=5)
        data, copy = (os.path.join(redis.run, x) for x in ("appendonlydir", "copy"))
        redis.stop()
        shutil.copytree(data, copy)
        redis.start()
        send(d, "spring", 20)
        send(d, "other", 5)
        counted(redis, spring=20, other=10)
        forget(redis, "spring")
        send(d, "other", 1)
        told(d)
        redis.kill()
        shutil.rmtree(data)
        os.rename(copy, data)
        redis.start()
        send(d, "other", 1)
        counted(redis, other=12, all=32)
        yield from forgotten(redis)


def older_copy_has_it(t, redis):
    """A copy of Redis in which the campaign is: there it is, as it was then, once more to
    be forgotten; the daemon adds nothing of what it has dropped."""
    with start(t, redis) as d:
        send(d, "spring", 7)
        counted(redis, spring=7)
        data, copy = (os.path.join(redis.run, x) for x in ("appendonlydir", "copy"))
        redis.stop()
        shutil.copytree(data, copy)
        redis.start()
        send(d, "spring", 20)
        counted(redis, spring=27)
        forget(redis, "spring")
        send(d, "other", 1)
        told(d)
        redis.kill()
        shutil.rmtree(data)
        os.rename(copy, data)
        redis.start()
        send(d, "other", 1)
        counted(redis, other=2)
        time.sleep(1.5)
        if messages(redis, "spring") != 7:
            yield f"{messages(redis, 'spring')} messages, 7 were in the copy"
        forget(redis, "spring")
        yield from forgotten(redis)


def daemon_restarted(t, redis):
    with start(t, redis) as d:
        send(d, "spring", 20)
        counted(redis, spring=20, all=20)
        d.kill()
        forget(redis, "spring")
        if os.path.exists(d.socket):
            os.unlink(d.socket)
        d.start()
        send(d, "other", 1)
        counted(redis, other=1, all=21)
        told(d)
        redis.command("FLUSHALL")
        send(d, "other", 1)
        counted(redis, other=2, all=22)
        yield from forgotten(redis)


def main():
    with wire("forget") as t, Scratch("mm-forget-redis.") as scratch, \
            RedisServer(scratch.path) as redis:
        for function, title in (
                (all_data_lost, "Redis loses all its data"),
                (no_mail_meanwhile, "the same, and no mail comes"),
                (killed_at_once, "Redis is killed -9 right after the forgetting"),
                (rolled_back, "Redis goes back to a copy from before the campaign"),
                (older_copy_has_it, "Redis goes back to a copy that has it: no more than that"),
                (daemon_restarted, "the daemon was away when it was forgotten")):
            t.check(title, function, t, redis)


main()
