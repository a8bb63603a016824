# SPDX-License-Identifier: BSD-2-Clause
"""A private name server (nsd) with zones of our own, and one that lies."""

import os
import random
import socket
import struct
import threading
import time

from .proc import Server
from .programs import find
from .scratch import free_port

SOA = "@ 60 IN SOA ns.invalid. root.invalid. 1 60 60 60 60\n@ 60 IN NS ns.invalid.\n"


def txt(text):
    """A TXT record's data: strings of 255 bytes at most, quotes escaped."""
    parts = [text[i:i + 255] for i in range(0, len(text), 255)] or [""]
    return " ".join('"' + p.replace("\\", "\\\\").replace('"', '\\"').replace(";", "\\;") + '"'
                    for p in parts)


class NameServer(Server):
    """zones: {"example.com": [("@", "MX", "10 mx"), ...]}"""
    name = "nsd"

    def __init__(self, run, zones):
        self.run = run
        self.log = os.path.join(run, "nsd.log")
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        lines = ["server:", "  ip-address: 127.0.0.1", f"  port: {self.port}", '  username: ""',
                 '  chroot: ""', f'  zonesdir: "{run}"', f'  pidfile: "{run}/nsd.pid"',
                 f'  xfrdfile: "{run}/xfrd.state"', f'  zonelistfile: "{run}/zone.list"',
                 f'  xfrdir: "{run}"', '  database: ""', "  server-count: 1",
                 "  ipv4-edns-size: 1232",
                 "remote-control:", "  control-enable: no"]
        for zone, records in zones.items():
            self.write(zone, records)
            lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{zone}.zone"']
        self.conf = os.path.join(run, "nsd.conf")
        with open(self.conf, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")

    def write(self, zone, records):
        with open(os.path.join(self.run, zone + ".zone"), "w", encoding="ascii") as f:
            f.write(f"$ORIGIN {zone}.\n{SOA}")
            for name, kind, data in records:
                f.write(f"{name} 60 IN {kind} {data}\n")

    def argv(self):
        return [find("nsd"), "-d", "-c", self.conf]

    def start(self):
        # A query of another program may come from the port, for as long as it waits.
        end = time.monotonic() + 30
        while True:
            try:
                return super().start()
            except RuntimeError as e:
                if "ddress already in use" not in str(e) or time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def ready(self):
        """It answers, whatever it says."""
        query = b"\x12\x34\x00\x00\x00\x01\0\0\0\0\0\0\x07invalid\0\0\x06\0\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.sendto(query, ("127.0.0.1", self.port))
                return s.recv(512)[:2] == b"\x12\x34"
            except OSError:
                return False


class Liar:
    """A name server that follows no rules: answers come from a function
    (query) -> list of (delay in seconds, bytes), over UDP and TCP."""

    def __init__(self, answer):
        self.answer = answer
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.queries = 0

    def __enter__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            try:
                self.udp.bind(("127.0.0.1", self.port))
                break
            except OSError:     # a port free for TCP: a query may come from that of UDP
                self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(16)
        for work in (self._udp, self._tcp):
            threading.Thread(target=work, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.udp.close()
        self.tcp.close()

    def _say(self, send, query):
        self.queries += 1
        try:
            for delay, data in self.answer(query):
                time.sleep(delay)
                send(data)
        except OSError:
            pass        # whoever asked has gone

    def _udp(self):
        while True:
            try:
                query, who = self.udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self._say, daemon=True, args=(
                lambda data, who=who: self.udp.sendto(data[:65507], who), query)).start()

    def _tcp(self):
        while True:
            try:
                s, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(s,), daemon=True).start()

    def _one(self, s):
        with s, s.makefile("rb") as f:
            head = f.read(2)
            if len(head) == 2:
                query = f.read(struct.unpack(">H", head)[0])
                self._say(lambda data: s.sendall(struct.pack(">H", len(data[:65535])) +
                                                 data[:65535]), query)


# Answers of liars.  A query is id, flags, counts, question, and what EDNS adds.

def question(query):
    """The question's bytes, its labels and its type."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]])
        at += 1 + query[at]
    return query[12:at + 5], labels, struct.unpack(">H", query[at + 1:at + 3])[0]


def reply(query, records=(), flags=0x8180, count=None, asked=None, ident=None):
    """records: (owner bytes, type, data); the owner b"\\xc0\\x0c" is the question's name."""
    asked = question(query)[0] if asked is None else asked
    body = b"".join(o + struct.pack(">HHIH", t, 1, 60, len(d)) + d for o, t, d in records)
    return (query[:2] if ident is None else ident) + struct.pack(
        ">HHHHH", flags, 1, len(records) if count is None else count, 0, 0) + asked + body


def wire_name(text):
    return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".") if p) + b"\0"


SELF = b"\xc0\x0c"


def noise(seed):
    """Answers that are damaged at random, each another way."""
    dice = random.Random(seed)

    def answer(query):
        data = bytearray(reply(query, [(SELF, 16, b"\x05hello"), (SELF, 5, SELF),
                                       (SELF, 16, b"\xffv=spf1")]))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(2, len(data))] = dice.randrange(256)
        return [(0, bytes(data[:dice.randrange(2, len(data) + 1)]))]
    return answer
