#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Redis Sentinel: the master is found, and found again when it is another one."""

import json
import os
import subprocess
import sys
import time

from mmtest.counting import WHEN, Driver
from mmtest.netdriver import NetDriver
from mmtest.programs import SRC, Missing
from mmtest.redisplaces import Watched
from mmtest.scratch import Scratch, Tap, wait_until

tap = Tap()


def found(places):
    problems = []
    master = places.master()
    for hosts in (places.hosts, "127.0.0.1:1," + places.hosts,
                  f"127.0.0.1:{master.port}," + places.hosts):
        with NetDriver(f"redis+sentinel://{hosts}/metermark") as driver:
            said = driver.ask("do k ROLE")
            if not said.startswith("master"):
                problems += [f"{hosts}: {said}"] + driver.log
            driver.close()
            if f":{master.port}/0 master" not in "".join(driver.log):
                problems += ["another one was found"] + driver.log
    for s in places.sentinels[:2]:
        s.command("SENTINEL", "MONITOR", "gone", "127.0.0.1", "2", "2")
    for url, word in ((f"redis+sentinel://{places.hosts}/gone", "redis://127.0.0.1:2/0: "),
                      (f"redis+sentinel://{places.hosts}/nobody", 'knows no master "nobody"'),
                      ("redis+sentinel://127.0.0.1:1/metermark", "refused"),
                      (f"redis://127.0.0.1:{places.other(master).port}", "a replica")):
        with NetDriver(url) as driver:
            driver.ask("do k PING")
            driver.close()
            if word not in "".join(driver.log):
                problems += [f"{url} lacks \"{word}\""] + driver.log
    for s in places.sentinels[:2]:
        s.command("SENTINEL", "REMOVE", "gone")
    tap.result("the sentinels are asked in turn until one names a master that is one", problems)


def secrets(places, scratch):
    """The sentinels' password is not the servers'."""
    problems, master = [], places.master()
    with open(os.path.join(SRC, "contrib/redis/metermark-sentinel.acl"),
              encoding="ascii") as f:
        words = next(line for line in f if line.startswith("user metermark ")).split()[2:]
    for s in places.sentinels:
        s.command("ACL", "SETUSER", "watch", *words, ">see")
        s.command("ACL", "SETUSER", "default", "nopass", "-sentinel|get-master-addr-by-name")
    # Through the replica nobody counts; the master only is asked for it.
    master.command("ACL", "SETUSER", "count", "on", ">INC-S3CRET", "~*", "&*", "+@all")
    see = scratch.write("see", "see\n", 0o600)
    inc = scratch.write("inc", "INC-S3CRET\n", 0o600)
    url = (f"redis+sentinel://count@{places.hosts}/metermark?sentinel_user=watch"
           f"&sentinel_password_file={see}&password_file={inc}")
    with NetDriver(url) as driver:
        said = driver.ask("do k ACL WHOAMI")
        if said != "count":
            problems += [said] + driver.log
        refused = [s.command("ACL", "LOG") for s in places.sentinels]
        if any(refused):
            problems.append(f"a sentinel has refused something: {refused}")
        with open(f"/proc/{driver.process.pid}/cmdline", "rb") as f:
            if b"INC-S3CRET" in f.read():
                problems.append("the password shows in the process list")
    with NetDriver(places.url) as driver:
        said = driver.ask("do k PING")
        driver.close()
        if "NOPERM" not in said + "".join(driver.log):
            problems += ["a sentinel that refuses us is not said", said] + driver.log
    for s in places.sentinels:
        s.command("ACL", "SETUSER", "default", "on", "nopass", "+@all")
    tap.result("servers and sentinels have passwords of their own, from files", problems)


def counted(node):
    return int(node.hash("metermark:{_all}:total").get("messages", 0))


def failover(places):
    """
    The replica stops taking anything in, the master goes on and acknowledges, then dies.
    What was acknowledged in between is not on the new master.
    """
    master, problems = places.master(), []
    replica = places.other(master)
    master.command("FLUSHALL")
    with Driver(places.url) as driver:
        driver.say("storm 4000")
        wait_until("the replica to have counters", lambda: counted(replica), 20)
        # The link is cut rather than the process stopped: what the kernel holds for a
        # stopped one would reach it still.
        master.command("ACL", "SETUSER", "default", "-psync", "-replconf", "-sync")
        master.command("CLIENT", "KILL", "TYPE", "replica")
        wait_until("the replica to fall behind", lambda: counted(master) > counted(replica), 20)
        time.sleep(0.7)     # until it is acknowledged, too
        behind = "master_link_status:down" in replica.command("INFO", "replication")
        ahead = {n.name: n.hash("metermark:{_all}:total").get("messages") for n in places.nodes}
        master.kill()
        wait_until("another master", lambda: places.master() is replica, 40)
        driver.hear()
        drained = driver.ask("wait 20000")
        problems += [] if drained == "drained" else [drained]
        problems += driver.ledger().compare(replica)
        stats = driver.stats()
        tap.note(f"at the crash {ahead}; " + " ".join(f"{k}={v}" for k, v in stats.items()))
        if not behind or not stats["lost"]:
            problems.append("the replica was not behind: the test has tested nothing")
        if driver.stop()[0]:
            problems.append("messages missing at the stop")
        if problems:
            problems += driver.log[-20:]
    tap.result("failover to a replica that lags: what it lacks is counted again, and no more",
               problems)
    # The old master comes back as a replica, by the sentinels' order.
    master.start()
    master.command("ACL", "SETUSER", "default", "+@all")
    wait_until("the old master to follow", lambda: places.in_step(master), 40)


def stats(places):
    title = "metermark stats finds the master, and says when it may drop counters"
    program = os.path.join(os.environ.get("MM_BUILD", "."), "metermark")
    if not os.access(program, os.X_OK):
        tap.skip(title, "metermark is not built")
        return
    places.master().command("FLUSHALL")
    with Driver(places.url) as driver:
        driver.say(f"add autumn 3 {WHEN} 1 2")
        driver.ask("wait 20000")
        driver.stop()
    problems = []
    for policy, word in (("noeviction", ""), ("allkeys-lru", "drops counters")):
        places.master().command("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", policy)
        done = subprocess.run([program, "stats", "--redis", places.url, "-f", "json", "autumn"],
                              capture_output=True, text=True, check=False)
        if done.returncode or json.loads(done.stdout)[0]["messages"] != 3 or \
                word not in done.stderr or (done.stderr and not word):
            problems += [f"{policy}: {done.returncode} {done.stdout} {done.stderr}"]
    tap.result(title, problems)


def main():
    try:
        with Scratch("mm-sentinel.") as scratch, Watched(scratch.path) as places:
            found(places)
            secrets(places, scratch)
            failover(places)
            stats(places)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
