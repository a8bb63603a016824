# SPDX-License-Identifier: BSD-2-Clause
"""Redis that is more than one server."""

import time

from mmtest.redisplaces import AsOne, Cluster, Watched
from mmtest.scratch import wait_until


def counted(node):
    return int(node.hash("metermark:{_all}:total").get("messages", 0))


def failover(case):
    """The replica takes nothing in any more, the master goes on and acknowledges, then
    dies.  What was acknowledged in between is not on the new master."""
    messages, seconds = case.size(1500, 40000), case.size(0.7, 3)
    with Watched(case.run) as places, case.daemon(places.url) as d:
        master = places.master()
        replica = places.other(master)
        with case.load(d) as load:
            load.at_least(messages // 3)
            wait_until("the replica to have counters",
                       lambda: counted(replica), 20)
            # The link is cut rather than the process stopped: what the kernel holds for a
            # stopped one would reach it still.
            master.command("ACL", "SETUSER", "default", "-psync", "-replconf", "-sync")
            master.command("CLIENT", "KILL", "TYPE", "replica")
            wait_until("the replica to fall behind",
                       lambda: counted(master) > counted(replica), 20)
            time.sleep(seconds)
            has = [counted(n) for n in (master, replica)]
            master.kill()
            load.at_least(messages * 2 // 3)
            wait_until("another master", lambda: places.master() is replica, 60)
            load.at_least(messages)
        case.note(replica_behind_by=has[0] - has[1])
        case.settle(replica)
    if has[0] <= has[1] or not case.figures.get("restored"):
        case.problems.append("the replica was not behind: the test has tested nothing")


def slots_move(case):
    """The slots of `_all`, of a campaign and of the list go to other servers and back."""
    messages, rounds = case.size(1500, 40000), case.size(1, 4)
    moves = [name for _ in range(rounds)
             for name in ("{_all}", "{m-1}", "metermark:campaigns", "{m-2}")]
    with Cluster(case.run) as cluster, case.daemon(cluster.url) as d:
        with case.load(d) as load:
            for n, name in enumerate(moves):
                load.at_least(messages * (n + 1) // (len(moves) + 1))
                slot = cluster.slot(name)
                here = cluster.owner(slot)
                cluster.move(slot, next(n for n in cluster.nodes if n is not here), pause=0.1)
            load.at_least(messages)
        case.note(masters=len(cluster.nodes), slots_moved=len(moves))
        case.settle(AsOne(cluster))


def master_dies(case):
    """One of three masters is killed and comes back, `_all` on it; others count on."""
    messages = case.size(1000, 20000)
    with Cluster(case.run) as cluster, case.daemon(cluster.url) as d:
        with case.load(d) as load:
            for n in range(case.size(1, 4)):
                load.at_least(messages * (n + 1) // (case.size(1, 4) + 1))
                victim = cluster.owner(cluster.slot("{_all}"))
                victim.kill()
                time.sleep(0.5)
                victim.start()
            load.at_least(messages)
        wait_until("the cluster to be whole", cluster.whole, 60)
        case.note(kills=case.size(1, 4))
        case.settle(AsOne(cluster))


CASES = [
    ("sentinel", "Sentinel fails over to a replica that lags", failover),
    ("cluster-moves", "slots of a cluster of three masters are moved under load", slots_move),
    ("cluster-dies", "one of three masters of a cluster is killed -9 under load", master_dies),
]
