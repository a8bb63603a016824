#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a wrong place costs: the exit status for an output that cannot be written."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "../lib")]

from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, Tap
from ops import BUILD, METERMARK, check, environment, run

tap = Tap()
DAEMON = os.path.join(BUILD, "metermark-milter")


class Lab:
    def __init__(self, scratch, redis):
        self.scratch, self.redis = scratch, redis

    def conf(self, name, url):
        return self.scratch.write(name, f'redis = "{url}"\nuser = "root"\n')


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
        check(tap, no_room, "an output that fails is told, with the reason", lab)


sys.exit(run(tap, body))
