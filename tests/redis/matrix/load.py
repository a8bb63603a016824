# SPDX-License-Identifier: BSD-2-Clause
"""Mail through daemons: sessions side by side that note what became of each message."""

import random
import struct
import threading
import time

from mmtest.protocol import Closed
from mmtest.wire import plain

from matrix.book import Shape

FINAL = b"acdrty"
LINE = b"A line of the body of some length, and then its end.\r\n"
LINK = b"Unsubscribe: https://u.example.com/1\r\n"
UNSUBSCRIBE = {"List_Unsubscribe": "<https://u.example.com/1>",
               "List_Unsubscribe_Post": "List-Unsubscribe=One-Click"}


def shapes(n=10, copies=1):
    """Campaigns, and the messages that are theirs: every other one can be unsubscribed
    from, the rest fail the rules about that.  copies: recipients in each domain."""
    messages, out = {}, []
    for i in range(n):
        body, fields, listed = LINE * (1 + i % 10), {}, i % 2 == 1
        if listed:
            body, fields = body + LINK, UNSUBSCRIBE
        message = plain(body, X_Campaign=f"m-{i}", **fields)
        shape = Shape(i, len(message.raw()), listed, copies)
        messages[shape.name] = message
        out.append(shape)
    return out, messages


class Load:
    """daemons: sessions take turns.  now(): the time that they have.  people: from so
    many each message takes its recipients.  pause: seconds after each message."""

    def __init__(self, book, messages, daemons, sessions=4, people=5000, now=time.time,
                 pause=0.0):
        self.book, self.messages, self.daemons = book, messages, daemons
        self.names = sorted(messages)
        self.people, self.now, self.pause = people, now, pause
        self.slowest = 0.0
        self.sent = 0
        self.limit = None           # messages; None: until the end is said
        self.threads = [threading.Thread(target=self._session, args=(i,), daemon=True)
                        for i in range(sessions)]

    def __enter__(self):
        """Sends until the end of the block, or as many as self.limit says."""
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *rest):
        if kind is not None and self.limit is None:
            self.limit = 0
        self.end()

    def at_least(self, n, seconds=300):
        """Wait until so many were sent."""
        end = time.monotonic() + seconds
        while self.sent < n and time.monotonic() < end:
            time.sleep(0.005)
        if self.sent < n:
            self.book.wrong(f"only {self.sent} of {n} messages were sent in {seconds} s")

    def end(self):
        if self.limit is None:
            self.limit = 0
        for thread in self.threads:
            thread.join(300)
            if thread.is_alive():
                self.book.wrong("a session hangs")

    def _take(self):
        """The number of the next message, or None."""
        with self.book.lock:
            if self.limit is not None and self.sent >= self.limit:
                return None
            self.sent += 1
            return self.sent

    def _session(self, which):
        daemon = self.daemons[which % len(self.daemons)]
        chance = random.Random(which)
        while self.limit is None or self.sent < self.limit:
            try:
                with daemon.client() as c:
                    while self._one(c, chance):
                        time.sleep(self.pause)
                    c.quit()
                return
            except (OSError, Closed, RuntimeError):
                time.sleep(0.01)        # not up yet, or down already

    def _one(self, client, chance):
        n = self._take()
        if n is None:
            return False
        name = self.names[n % len(self.names)]
        number = chance.randrange(self.people)
        rcpts = [f"<{r}>" for r in self.book.shapes[name].recipients(number)]
        began, watch = self.now(), time.monotonic()
        try:
            answer = client.message(self.messages[name], recipients=rcpts)
        except (OSError, Closed):
            self.book.in_doubt(name, number, began, self.now())
            raise
        took = time.monotonic() - watch
        self.slowest = max(self.slowest, took)
        if answer.passed:
            self.book.accepted(name, number, began, self.now())
        else:
            self.book.wrong(f"{name}: {answer}")
        return True


class Burst:
    """Very many messages: packets made once, so many of them in a write."""

    WINDOW = 32

    def __init__(self, book, messages, daemon, people=50):
        self.book, self.daemon = book, daemon
        self.sent = 0               # nearly; for who wants to see how far it is
        client = daemon.client()
        self.blobs = []
        for name in sorted(messages):
            for number in range(people):
                self.blobs.append((name, number, self._packets(client, messages[name],
                                                               book.shapes[name], number)))
        random.Random(1).shuffle(self.blobs)
        client.close()

    @staticmethod
    def _packets(client, message, shape, number):
        """MAIL to end of message as they go over the wire; nothing is sent."""
        for step in ([lambda: client.mail("<sender@example.com>")] +
                     [lambda r=r: client.rcpt(f"<{r}>") for r in shape.recipients(number)] +
                     [client.data] +
                     [lambda f=f: client.header(*f) for f in message.fields] +
                     [client.end_of_header, lambda: client.body(message.body)]):
            if step() is not None:
                raise RuntimeError("a step is answered: no bursts")
        client._send_macros(b"E")
        client.send(b"E")
        packets, client.pending = bytes(client.pending), bytearray()
        return packets

    def send(self, n, sessions=2):
        """n messages; they are in the book only when all were accepted."""
        threads = [threading.Thread(target=self._session, args=(n // sessions, i))
                   for i in range(sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _session(self, n, which):
        counts, numbers = {}, {}
        began, at = time.time(), which * 7919
        try:
            with self.daemon.client() as c:
                answers = Answers(c)
                for start in range(0, n, self.WINDOW):
                    window = [self.blobs[(at + i) % len(self.blobs)]
                              for i in range(start, min(start + self.WINDOW, n))]
                    c.socket.sendall(b"".join(b for _, _, b in window))
                    self.sent += len(window)
                    for name, number, _ in window:
                        answers.accepted()
                        counts[name] = counts.get(name, 0) + 1
                        numbers.setdefault(name, set()).add(number)
                c.quit()
        except (OSError, Closed, RuntimeError) as e:
            self.book.wrong(f"a burst ended early: {e}")
        self.book.many(counts, numbers, began, time.time())


class Answers:
    """Packets of a milter, without looking at more of them than the kind."""

    def __init__(self, client):
        self.client, self.data, self.at = client, b"", 0

    def accepted(self):
        """Past the edits to the verdict, which must be a good one."""
        while True:
            while len(self.data) - self.at < 5 or \
                    len(self.data) - self.at < 4 + self._length():
                more = self.client.socket.recv(262144)
                if not more:
                    raise Closed("while receiving")
                self.data, self.at = self.data[self.at:] + more, 0
            kind = self.data[self.at + 4]
            self.at += 4 + self._length()
            if kind in FINAL:
                if kind not in b"ac":
                    raise RuntimeError(f"not accepted: {chr(kind)}")
                return

    def _length(self):
        return struct.unpack_from(">I", self.data, self.at)[0]


