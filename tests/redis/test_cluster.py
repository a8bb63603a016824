#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Redis Cluster: keys go where their slots are, also while slots move."""

import json
import os
import signal
import subprocess
import sys
import time

from mmtest.counting import WHEN, Driver
from mmtest.netdriver import NetDriver
from mmtest.programs import SRC, Missing
from mmtest.redis import RedisServer
from mmtest.redisplaces import AsOne, Cluster
from mmtest.scratch import Scratch, Tap, wait_until

tap = Tap()


def fresh(cluster):
    for node in cluster.nodes:
        node.command("FLUSHALL")
        node.command("SCRIPT", "FLUSH")


def exact(cluster, driver, figures, sure=()):
    """The sums in Redis equal those that were counted; nothing was found lost."""
    problems = driver.logged("LOST")
    for key, want in figures.items():
        if key.startswith("s:"):
            have = cluster.hash(key).get("n", "0")
            if have != str(want):
                problems.append(f"{key}: {have} in Redis, {want} counted")
    if not figures["calm"]:
        problems.append("it never came to rest")
    problems += [f"the mischief was not felt: {k}=0" for k in sure if not figures[k]]
    if driver.close():
        problems.append(f"net_driver ended with {driver.process.returncode}")
    total = sum(v for k, v in figures.items() if k.startswith("s:"))
    tap.note(f"{total} counted; " + " ".join(f"{k}={figures[k]}"
                                             for k in ("held", "reopened", "repeated")))
    return problems + (driver.log[-20:] if problems else [])


def slots_are_those_of_the_server(cluster):
    names = ["a", "", "{", "{}", "{}a", "a{b}c", "{{a}}", "}{", "a}b{c}", "{a}{b}", "}}", "{a",
             "metermark:campaigns", "metermark:ids", "metermark:{_all}:total"]
    names += [f"metermark:{{c-{i}}}:h:20261124{i % 24:02}" for i in range(50)]
    problems = []
    with NetDriver(cluster.url) as driver:
        for name in filter(None, names):
            ours, theirs = int(driver.ask(f"slot {name}")), cluster.slot(name)
            if ours != theirs:
                problems.append(f"{name}: {ours}, the server says {theirs}")
    tap.result("slots are those that CLUSTER KEYSLOT tells", problems)


def a_slot_moves_under_load(cluster):
    fresh(cluster)
    with NetDriver(cluster.url) as driver:
        driver.say("storm 1800 24")
        for key in ("s:{1}", "s:{2}", "s:{3}"):
            slot = cluster.slot(key)
            time.sleep(0.2)
            there = next(n for n in cluster.nodes if n is not cluster.owner(slot))
            cluster.move(slot, there, pause=0.05)
        problems = exact(cluster, driver, driver.figures())
        tap.result("slots of busy keys move to other servers: sums are exact", problems)


def asked_in_mid_move(cluster):
    """Keys that went already are at the one place, those to come at the other."""
    fresh(cluster)
    slot = cluster.slot("{hot}")
    problems = []
    with NetDriver(cluster.url) as driver:
        for i in range(6):
            driver.ask(f"do {{hot}}{i} HSET {{hot}}{i} a {i}")
        here = cluster.owner(slot)
        there = next(n for n in cluster.nodes if n is not here)
        cluster.begin_move(slot, there)
        gone = cluster.move_keys(slot, here, there, at_once=3, keys=3)
        said = [driver.ask(f"do {{hot}}{i} HGET {{hot}}{i} a") for i in range(6)]
        new = driver.ask("do {hot}new HSET {hot}new a 7")
        if there.command("CLUSTER", "COUNTKEYSINSLOT", slot) != gone + 1:
            problems.append("a new key did not go to where the slot goes")
        cluster.move_keys(slot, here, there)
        cluster.end_move(slot, there)
        said.append(driver.ask("do {hot}new HGET {hot}new a"))
        if gone != 3 or said != ["0", "1", "2", "3", "4", "5", "7"] or new != "1":
            problems.append(f"{gone} moved; read {said}, written {new}")
        driver.close()
        if problems:
            problems += driver.log
    tap.result("in the middle of a move each key is found where it is", problems)


def scripts_are_loaded_where_they_are_asked(cluster):
    """ASK leads to a server that never had the script."""
    fresh(cluster)
    slot = cluster.slot("s:{0}")
    with NetDriver(cluster.url) as driver:
        driver.say("storm 200 1")
        first = driver.figures()
        here = cluster.owner(slot)
        there = next(n for n in cluster.nodes if n is not here)
        there.command("SCRIPT", "FLUSH")
        cluster.begin_move(slot, there)
        cluster.move_keys(slot, here, there)
        driver.say("storm 200 1")
        second = driver.figures()
        cluster.end_move(slot, there)
        problems = exact(cluster, driver, second)
        if second["s:{0}"] <= first["s:{0}"]:
            problems.append("nothing was counted in mid-move")
    tap.result("a script goes with ASK to a server that has not got it", problems)


def a_server_dies(cluster, how):
    fresh(cluster)
    victim = cluster.nodes[2]
    with NetDriver(cluster.url) as driver:
        driver.say("storm 2200 24")
        time.sleep(0.5)
        if how == "killed":
            victim.kill()
            time.sleep(0.3)
            victim.start()
        else:
            victim.signal(signal.SIGSTOP)
            time.sleep(1.2)
            victim.signal(signal.SIGCONT)
        problems = exact(cluster, driver, driver.figures(), sure=("held",))
    tap.result(f"a server is {how} under load: sums are exact", problems)


def seeds(cluster):
    with RedisServer(os.path.dirname(cluster.nodes[0].run)) as single:
        problems = []
        with NetDriver(f"redis+cluster://127.0.0.1:1,{cluster.nodes[2].address}") as driver:
            if driver.ask("do k PING") != "PONG":
                problems += driver.log
        for url, word in ((f"redis+cluster://{cluster.nodes[0].address}/1", "database 0"),
                          (single.url.replace("redis:", "redis+cluster:"), "no Redis Cluster"),
                          ("redis+cluster://127.0.0.1:1", "refused")):
            with NetDriver(url) as driver:
                said = driver.ask("do k PING")
                driver.close()
                if word not in said + "".join(driver.log):
                    problems += [f"{url} lacks \"{word}\"", said] + driver.log
        key = next(f"k{i}" for i in range(99) if cluster.owner(cluster.slot(f"k{i}")) is
                   cluster.nodes[1])
        with NetDriver(f"redis://{cluster.nodes[0].address}") as driver:
            said = driver.ask(f"do {key} GET {key}")
            if "redis+cluster://" not in said:
                problems.append(said)
        with NetDriver(cluster.url) as driver:
            each = driver.ask("each").split()
            if len(each) != 3 or any(not e.endswith("=noeviction") for e in each):
                problems.append(str(each))
    tap.result("any server of a cluster is enough to find all, and others say what is wrong",
               problems)


# ------------------------------------------------------------------ with the flusher

def settled(cluster, driver, problems):
    """Drained, and every key and field of the cluster is as the ledger says."""
    drained = driver.ask("wait 20000")
    problems += [] if drained == "drained" else [drained]
    ledger = driver.ledger()
    problems += ledger.compare(AsOne(cluster))
    stats = driver.stats()
    missing, _ = driver.stop()
    if missing:
        problems.append(f"{missing} messages missing at the stop")
    if driver.process.returncode:
        problems.append(f"driver ended with {driver.process.returncode}")
    tap.note(f"{ledger.messages} messages; " +
             " ".join(f"{k}={v}" for k, v in stats.items() if k != "pending"))
    return problems + (driver.log[-20:] if problems else [])


def counters_while_slots_move(cluster):
    fresh(cluster)
    with Driver(cluster.url) as driver:
        driver.say("storm 1800")
        for name in ("{_all}", "{many-1}", "metermark:campaigns"):
            slot = cluster.slot(name)
            time.sleep(0.15)
            there = next(n for n in cluster.nodes if n is not cluster.owner(slot))
            cluster.move(slot, there, pause=0.1)
        driver.hear()
        tap.result("all counters are exact when the busiest campaign moves under load",
                   settled(cluster, driver, []))


def counters_while_a_server_is_away(cluster, how):
    """Campaigns of the other servers are counted meanwhile."""
    fresh(cluster)
    victim, problems = cluster.owner(cluster.slot("{_all}")), []
    owners = {c: cluster.owner(cluster.slot("{%s}" % c)) for c in (f"c{i}" for i in range(20))}
    others = [c for c in owners if owners[c] is not victim]
    with Driver(cluster.url) as driver:
        driver.say(f"add {others[0]} 1 {WHEN} 1")
        driver.ask("wait 20000")
        driver.say("storm 800")
        time.sleep(0.3)
        victim.kill() if how == "killed" else victim.signal(signal.SIGSTOP)
        driver.hear()
        driver.say(f"add {others[1]} 1 {WHEN} 1")
        until = time.monotonic() + 40
        key, there = f"metermark:{{{others[1]}}}:total", owners[others[1]]
        while not there.hash(key) and time.monotonic() < until:
            time.sleep(0.05)
        if not there.hash(key):
            problems.append("nothing was counted elsewhere meanwhile")
        if how == "killed":
            victim.start()
        else:
            victim.signal(signal.SIGCONT)
        tap.result(f"a server {how}: campaigns on others go on, and all is exact after",
                   settled(cluster, driver, problems))


def failover(cluster):
    """The last test: its cluster is not the same after."""
    fresh(cluster)
    victim = cluster.owner(cluster.slot("{_all}"))
    replica = cluster.add_replica(victim)
    with Driver(cluster.url) as driver:
        driver.say("storm 1500")
        time.sleep(0.7)
        victim.kill()
        wait_until("the replica to take over",
                   lambda: replica.command("ROLE")[0] == "master", 40)
        cluster.nodes[cluster.nodes.index(victim)] = replica
        driver.hear()
        problems = settled(cluster, driver, [])
    tap.result("a replica takes over from a server that died: all counters are exact", problems)


def stats_of_a_cluster(cluster):
    """After the tests above: three servers hold the campaigns."""
    title = "metermark stats reads from all servers"
    program = os.path.join(os.environ.get("MM_BUILD", "."), "metermark")
    if not os.access(program, os.X_OK):
        tap.skip(title, "metermark is not built")
        return
    fresh(cluster)
    with Driver(cluster.url) as driver:
        for i in range(40):
            driver.say(f"add c{i} {i + 1} {WHEN} {i}")
        problems = settled(cluster, driver, [])
    slot = cluster.slot("{c7}")
    here = cluster.owner(slot)
    there = next(n for n in cluster.nodes if n is not here)
    cluster.begin_move(slot, there)
    cluster.move_keys(slot, here, there, at_once=1, keys=2)
    for names in ([], ["c7"], ["c1*"]):
        done = subprocess.run([program, "stats", "--redis", cluster.url, "--format", "json",
                               *names], capture_output=True, text=True, check=False)
        if done.returncode:
            problems.append(f"{names}: {done.returncode} {done.stdout} {done.stderr}")
            continue
        rows = {r["campaign"]: r["messages"] for r in json.loads(done.stdout)
                if r.get("campaign", "").startswith("c")}
        want = {f"c{i}": i + 1 for i in range(40)
                if not names or f"c{i}" == names[0] or
                names[0] == "c1*" and str(i).startswith("1")}
        if rows != want:
            problems.append(f"{names}: {rows}")
    cluster.move_keys(slot, here, there)
    cluster.end_move(slot, there)
    tap.result(title, problems)


def rules(user):
    name = os.path.join(SRC, "contrib/redis/metermark-cluster.acl")
    with open(name, encoding="ascii") as f:
        return next(line for line in f if line.startswith(f"user {user} ")).split()[2:]


def rights(cluster):
    """Counting and reading as the users of contrib/redis, while a slot moves."""
    fresh(cluster)
    program = os.path.join(os.environ.get("MM_BUILD", "."), "metermark")
    for node in cluster.nodes:
        for user in ("metermark", "metermark-stats", "metermark-admin"):
            node.command("ACL", "SETUSER", user, "reset", *rules(user))
        node.command("ACL", "LOG", "RESET")
    slot = cluster.slot("{few}")
    there = next(n for n in cluster.nodes if n is not cluster.owner(slot))
    with Driver(cluster.url.replace("//", "//metermark:CHANGE-ME@")) as driver:
        driver.say(f"add few 2 {WHEN} 1 2 3")
        driver.ask("wait 20000")
        here = cluster.begin_move(slot, there)
        driver.say(f"add few 1 {WHEN} 4")
        driver.ask("wait 300")
        cluster.move_keys(slot, here, there)
        if os.access(program, os.X_OK):
            url = cluster.url.replace("//", "//metermark-stats:CHANGE-ME-TOO@")
            subprocess.run([program, "stats", "--redis", url, "few"], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cluster.end_move(slot, there)
        problems = settled(cluster, driver, [])
    if os.access(program, os.X_OK):
        url = cluster.url.replace("//", "//metermark-admin:CHANGE-ME-AS-WELL@")
        done = subprocess.run([program, "forget", "--redis", url, "--yes", "few"], check=False,
                              capture_output=True, text=True)
        left = list(there.hash("metermark:{few}:total"))
        if done.returncode or done.stderr or left != ["!forgotten"]:
            problems.append(f"forget: {done.returncode} {done.stdout} {done.stderr} {left}")
    problems += [str(log) for n in cluster.nodes if (log := n.command("ACL", "LOG"))]
    for right in ("+cluster|slots", "+asking"):
        if any(right not in rules(u) for u in ("metermark", "metermark-stats", "metermark-admin")):
            problems.append(f"no {right}")
    tap.result("the users of contrib/redis are refused nothing", problems)


def main():
    try:
        with Scratch("mm-cluster.") as scratch, Cluster(scratch.path) as cluster:
            slots_are_those_of_the_server(cluster)
            asked_in_mid_move(cluster)
            scripts_are_loaded_where_they_are_asked(cluster)
            a_slot_moves_under_load(cluster)
            for how in ("killed", "frozen"):
                a_server_dies(cluster, how)
            seeds(cluster)
            counters_while_slots_move(cluster)
            for how in ("killed", "frozen"):
                counters_while_a_server_is_away(cluster, how)
            stats_of_a_cluster(cluster)
            rights(cluster)
            failover(cluster)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
