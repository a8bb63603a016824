#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a wrong place costs: exit statuses for a Redis that is wrongly named, and for an
output that cannot be written."""

import os
import subprocess
import sys

from mmtest.command import ask, check, environment, run
from mmtest.programs import BUILD, METERMARK
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap

tap = Tap()
DAEMON = os.path.join(BUILD, "metermark-milter")


class Lab:
    def __init__(self, scratch, redis):
        self.scratch, self.redis = scratch, redis

    def conf(self, name, url):
        return self.scratch.write(name, f'redis = "{url}"\nuser = "root"\n')


def wrong_urls(lab):
    """A wrong argument is 64, the same in the settings 78, whoever finds it out."""
    outside = lab.redis.url + ("&" if "?" in lab.redis.url else "?") + "db=9999" \
        if lab.redis.url.startswith("unix:") else lab.redis.url.rpartition("/")[0] + "/9999"
    for name, url, sentence in (("db", outside, "out of range"),
                                ("form", "redis://h:x/0", "port")):
        yield from ask("campaigns", "-r", url).is_error(64, sentence)
        yield from ask("campaigns", METERMARK_REDIS=url).is_error(64, sentence)
        yield from ask("campaigns", "-c", lab.conf(name, url)).is_error(78, sentence)
    answer = ask("campaigns", "-r", "rediss://127.0.0.1:1/0")
    if "no TLS" in answer.err:
        yield from answer.is_error(64, "stunnel")
        yield from ask("campaigns", "-c", lab.conf("tls", "rediss://127.0.0.1:1/0")).is_error(78)


def into(path, *command):
    with open(path, "wb") as f:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=f, env=environment(),
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)


def no_room(lab):
    """A device that is full: the reason is said, however much there is to write."""
    conf = lab.conf("ok", lab.redis.url)
    for command in ((METERMARK, "campaigns", "-s"), (METERMARK, "--version"), (DAEMON, "-V"),
                    (DAEMON, "-h"), (DAEMON, "-t", "-c", conf)):
        done = into("/dev/full", *command)
        if done.returncode != 74 or "cannot write the output: No space left" not in done.stderr:
            yield f"{command}: {done}"


def body():
    with Scratch("metermark-target.") as scratch, RedisServer(scratch.dir("redis")) as redis:
        lab = Lab(scratch, redis)
        check(tap, wrong_urls, "a wrong place is a wrong argument, or wrong settings", lab)
        check(tap, no_room, "an output that fails is told, with the reason", lab)


sys.exit(run(tap, body))
