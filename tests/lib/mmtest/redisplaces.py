# SPDX-License-Identifier: BSD-2-Clause
"""Where Redis may be: a Redis Cluster of masters, and a master with replicas that
sentinels watch over.  Private ones, on loopback."""

import contextlib
import os
import time

from .proc import Server
from .redis import RedisError, RedisServer, server_program
from .scratch import free_port, wait_until


def until_met(what, test, meet):
    """meet() until test() is true: a server that was too busy gives a handshake up, after
    the nodes' time limit."""
    again = time.monotonic()

    def tried():
        nonlocal again
        if test():
            return True
        if time.monotonic() >= again:
            meet()
            again = time.monotonic() + 2
        return False
    wait_until(what, tried, 40)


class Node(RedisServer):
    """A RedisServer in a directory of its own, with more options."""

    def __init__(self, run, name, *options):
        os.makedirs(os.path.join(run, name), exist_ok=True)
        super().__init__(os.path.join(run, name))
        self.name = name
        self.options = list(options)

    def argv(self):
        return super().argv() + self.options

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


class ClusterNode(Node):
    def __init__(self, run, name, options=(), tls=()):
        # The usual bus port, 10000 above, may be beyond 65535.
        self.bus = free_port()
        if tls:
            self.tls_port = free_port()
            options = [*options, *tls, "--tls-port", str(self.tls_port)]
        super().__init__(run, name, "--cluster-enabled", "yes", "--cluster-port", str(self.bus),
                         "--cluster-node-timeout", "1500",
                         "--cluster-require-full-coverage", "no", *options)

    def meet(self, other):
        self.command("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus)

    @property
    def id(self):
        return self.command("CLUSTER", "MYID")

    def slots(self):
        """Which it believes itself to serve."""
        for line in self.command("CLUSTER", "NODES").splitlines():
            words = line.split()
            if "myself" in words[2]:
                return [w for w in words[8:] if not w.startswith("[")]
        return []


class Cluster:
    """Masters that share the slots evenly.  tls: options that make them speak it on
    another port as well.  Use as a context manager."""

    def __init__(self, run, count=3, options=(), tls=()):
        self.nodes = [ClusterNode(run, f"node{i}", options, tls) for i in range(count)]
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node)
            self._form()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def _form(self):
        per = 16384 // len(self.nodes)
        for i, node in enumerate(self.nodes):
            last = 16383 if node is self.nodes[-1] else per * (i + 1) - 1
            node.command("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            node.command("CLUSTER", "ADDSLOTSRANGE", per * i, last)

        def meet():
            for node in self.nodes[1:]:
                self.nodes[0].meet(node)
        until_met("the cluster to form", self.whole, meet)

    def whole(self, among=None):
        words = ("cluster_state:ok", f"cluster_known_nodes:{len(self.nodes)}\r")
        return all(w in n.command("CLUSTER", "INFO") for n in among or self.nodes for w in words)

    def add_replica(self, master):
        """Not among .nodes, which are masters."""
        replica = ClusterNode(os.path.dirname(master.run), "replica",
                              ["--repl-diskless-sync-delay", "0"])
        self.stack.enter_context(replica)
        text = f"{master.id} 127.0.0.1:{master.port}"
        until_met("the replica to be known", lambda: text in replica.command("CLUSTER", "NODES"),
                  lambda: replica.meet(master))
        replica.command("CLUSTER", "REPLICATE", master.id)
        wait_until("the replica to be in step", lambda: "master_link_status:up" in
                   replica.command("INFO", "replication"), 40)
        return replica

    @property
    def url(self):
        return "redis+cluster://" + ",".join(n.address for n in self.nodes[:2])

    def owner(self, slot):
        for node in self.nodes:
            for span in node.slots():
                first, _, last = span.partition("-")
                if int(first) <= slot <= int(last or first):
                    return node
        raise RuntimeError(f"nobody has slot {slot}")

    def slot(self, key):
        return self.nodes[0].command("CLUSTER", "KEYSLOT", key)

    def begin_move(self, slot, there):
        here = self.owner(slot)
        there.command("CLUSTER", "SETSLOT", slot, "IMPORTING", here.id)
        here.command("CLUSTER", "SETSLOT", slot, "MIGRATING", there.id)
        return here

    @staticmethod
    def move_keys(slot, here, there, at_once=10, keys=None):
        """Some or all keys of the slot; how many went."""
        moved = 0
        while keys is None or moved < keys:
            names = here.command("CLUSTER", "GETKEYSINSLOT", slot, at_once)
            if not names:
                break
            here.command("MIGRATE", "127.0.0.1", there.port, "", 0, 5000, "KEYS", *names)
            moved += len(names)
        return moved

    def end_move(self, slot, there):
        owner = there.id
        for node in [there] + [n for n in self.nodes if n is not there]:
            node.command("CLUSTER", "SETSLOT", slot, "NODE", owner)

    def move(self, slot, there, pause=0.0):
        """As redis-cli --cluster reshard does it, with time for mischief in between."""
        here = self.begin_move(slot, there)
        time.sleep(pause)
        while self.move_keys(slot, here, there, at_once=1, keys=1):
            time.sleep(pause / 10)
        time.sleep(pause)
        # A client may have made another key since, where all of its keys were missing.
        self.move_keys(slot, here, there)
        self.end_move(slot, there)

    def command(self, key, *args):
        """Where the key is, as the servers say."""
        for node in self.nodes:
            with contextlib.suppress(RedisError):
                return node.command(*args)
        return self.owner(self.slot(key)).command(*args)

    def hash(self, key):
        flat = self.command(key, "HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))


class AsOne:
    """A cluster that answers as counting.Ledger.compare() asks one server."""

    def __init__(self, cluster):
        self.cluster = cluster

    def command(self, *args):
        if args[0] == "KEYS":
            return [k for n in self.cluster.nodes for k in n.command(*args)]
        return self.cluster.command(args[1], *args)

    def hash(self, key):
        return self.cluster.hash(key)


class Sentinel(Server):
    """Watches a master; a RedisServer only in how one talks to it."""

    command = RedisServer.command
    _reply = RedisServer._reply
    ready = RedisServer.ready

    def __init__(self, run, name, master, quorum, options=()):
        self.run = os.path.join(run, name)
        self.name = name
        self.port = free_port()
        self.log = os.path.join(run, name + ".log")
        self.program = server_program()
        os.makedirs(self.run, exist_ok=True)
        self.file = os.path.join(self.run, "sentinel.conf")
        with open(self.file, "w", encoding="ascii") as f:
            f.write(f"port {self.port}\nbind 127.0.0.1\ndir {self.run}\n"
                    f"sentinel monitor metermark 127.0.0.1 {master.port} {quorum}\n"
                    "sentinel down-after-milliseconds metermark 2000\n"
                    "sentinel failover-timeout metermark 2000\n" +
                    "".join(line + "\n" for line in options))

    def argv(self):
        return [self.program, self.file, "--sentinel"]

    def master_port(self):
        return int(self.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "metermark")[1])


class Watched:
    """A master, a replica, and three sentinels that agree about them."""

    def __init__(self, run):
        self.nodes = [Node(run, f"redis{i}", "--repl-diskless-sync-delay", "0",
                           "--repl-timeout", "60", "--shutdown-timeout", "0") for i in (0, 1)]
        self.run, self.sentinels, self.stack = run, [], contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.enter_context(node)
            master, replica = self.nodes
            replica.command("REPLICAOF", "127.0.0.1", master.port)
            wait_until("the replica to be in step", lambda: self.in_step(replica), 40)
            for i in range(3):
                self.sentinels.append(stack.enter_context(
                    Sentinel(self.run, f"sentinel{i}", master, 2)))
            wait_until("the sentinels to know each other", self.acquainted, 40)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        self.stack.close()

    @staticmethod
    def in_step(replica):
        # Redis closes connections when it becomes a replica.
        with contextlib.suppress(OSError, RedisError):
            return "master_link_status:up" in replica.command("INFO", "replication")
        return False

    def acquainted(self):
        for s in self.sentinels:
            flat = s.command("SENTINEL", "MASTER", "metermark")
            facts = dict(zip(flat[::2], flat[1::2]))
            if facts["num-other-sentinels"] != "2" or facts["num-slaves"] != "1":
                return False
        return True

    @property
    def hosts(self):
        return ",".join(f"127.0.0.1:{s.port}" for s in self.sentinels)

    @property
    def url(self):
        return f"redis+sentinel://{self.hosts}/metermark/0"

    def master(self):
        port = self.sentinels[0].master_port()
        return next(n for n in self.nodes if n.port == port)

    def other(self, node):
        return next(n for n in self.nodes if n is not node)
