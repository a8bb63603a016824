# SPDX-License-Identifier: BSD-2-Clause
"""What every case has: a Redis of its own, daemons, a book, and a word at the end."""

import contextlib
import os
import threading
import time
import traceback

from mmtest.daemon import Daemon, program
from mmtest.keys import Keys
from mmtest.redis import RedisError, RedisServer

from matrix.book import Book
from matrix.load import Load, shapes

PATIENCE_S = 60
PROGRESS_S = 15


class Skip(Exception):
    """This cannot be tried here, for that reason."""


class Case:
    """One row of the matrix.  size(quick, long) says how much of something is done."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.run = lab.scratch.dir(name, mode=0o755)
        self.shapes, self.messages = shapes()
        self.recipient_key = os.path.join(self.run, "recipient.key")
        key = f"the recipients' key of {name}".encode()
        with open(self.recipient_key, "wb") as f:
            f.write(key)
        os.chmod(self.recipient_key, 0o600)
        self.book = Book(self.shapes, key)
        self.daemons, self.loads, self.figures, self.producers = [], [], {}, 1
        self.problems, self.slowest = [], 0.0
        self.expected_lost = 0      # messages that the daemon tells to be lost

    def size(self, quick, long):
        if self.lab.long:
            return long
        return max(1, int(quick / self.lab.slowness)) if quick > 50 else quick

    def redis(self, name="redis"):
        folder = os.path.join(self.run, name)
        os.makedirs(folder)
        return RedisServer(folder)

    def daemon(self, url, config="", state=None, env=None):
        """A daemon that signs and counts; a context manager.  state: another directory
        than its own."""
        run = os.path.join(self.run, f"d{len(self.daemons)}")
        os.makedirs(run, mode=0o700)
        config = f'recipient_key_file = "{self.recipient_key}"\n{config}\n'
        if "flush_interval_ms" not in config:
            config += "flush_interval_ms = 100\n"
        key = self.lab.keys.domains["example.com"][0][1]
        config += f'domain "example.com" {{ key {{ selector = "e1" file = "{key}" }} }}\n'
        d = Daemon(run, config, url, state=state, env=env)
        self.daemons.append(d)
        return d

    @contextlib.contextmanager
    def load(self, *daemons, **how):
        # In the quick form most cases wait for something to happen to Redis; what is sent
        # meanwhile need not keep the machine busy.
        how.setdefault("pause", 0 if self.lab.long else 0.002)
        load = Load(self.book, self.messages, daemons, **how)
        self.loads.append(load)
        with load:
            yield load
        self.slowest = max(self.slowest, load.slowest)

    def send(self, daemon, n, **how):
        """n messages, and no more."""
        load = Load(self.book, self.messages, [daemon], **how)
        self.loads.append(load)
        load.limit = n
        with load:
            pass
        self.slowest = max(self.slowest, load.slowest)

    def note(self, **figures):
        self.figures.update(figures)

    def settle(self, redis, seconds=PATIENCE_S, slack=1):
        """Wait until Redis holds what the book says; then end the daemons, which must
        change nothing any more, and ask again."""
        end = time.monotonic() + seconds * self.lab.slowness * slack
        while self._differs(redis) and time.monotonic() < end:
            time.sleep(0.1)
        for d in self.daemons:
            if d.process is not None:
                d.ask_to_end()
        for d in self.daemons:
            if d.process is not None:
                self.problems += d.ended()
                self._last_words(d.status())
        self.problems += self._differs(redis)
        if self.problems:
            self.problems += [d.tail(12) for d in self.daemons]

    def _differs(self, redis):
        try:
            return self.book.compare(redis, self.producers, lost=self.expected_lost)
        except (OSError, RedisError) as e:
            return [f"Redis: {e}"]

    def _last_words(self, status):
        if not status.get("stopped") or status["backlog_messages"] or status["lost_deltas"]:
            self.problems.append(f"the last status: {status}")
        for name in ("duplicates", "restored", "refused"):
            if status.get(name):
                self.figures[name] = self.figures.get(name, 0) + status[name]

    def line(self):
        """The figures in words."""
        words = [f"{k.replace('_', ' ')} {v}" for k, v in self.figures.items()]
        if self.slowest:
            words.append(f"slowest answer to mail {self.slowest * 1000:.0f} ms")
        return ", ".join(words)


class Lab:
    def __init__(self, scratch, tap, long):
        self.scratch, self.tap, self.long = scratch, tap, long
        self.keys = Keys(scratch.dir("keys", mode=0o700))
        self.keys.make("example.com", "e1", "ed25519")
        with open(program(), "rb") as f:
            code = f.read()
        self.sanitizer = "thread" if b"__tsan_init" in code else \
            "address" if b"__asan_init" in code else ""
        # What takes a sanitizer's build longer gets more time and less work.
        self.slowness = {"thread": 4, "address": 2}.get(self.sanitizer, 1)
        self.rows = []

    @contextlib.contextmanager
    def _progress(self, case):
        """A line now and then, of a case that takes its time."""
        over, began = threading.Event(), time.monotonic()

        def tell():
            while not over.wait(PROGRESS_S):
                self.tap.note(f"{case.name}: {sum(load.sent for load in case.loads)} messages "
                              f"sent, {time.monotonic() - began:.0f} s")
        thread = threading.Thread(target=tell)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def try_case(self, name, title, function):
        """One TAP line, and a row for the table."""
        began = time.monotonic()
        case = Case(self, name)
        try:
            with self._progress(case):
                function(case)
        except Skip as e:
            self.tap.skip(title, str(e))
            return
        except Exception as e:      # pylint: disable=broad-except
            # A case that cannot go on has failed, the next one may not.
            case.problems += [f"{type(e).__name__}: {e}", traceback.format_exc(limit=-4)]
            case.problems += [d.tail() for d in case.daemons]
        took = time.monotonic() - began
        counted = getattr(case.book, "counted", 0)
        accepted, doubt = case.book.total(), case.book.doubt
        if not accepted:
            case.problems.append("nothing was accepted: nothing was tried")
        self.tap.note(f"{name}: accepted {accepted}, in doubt {doubt}, counted {counted}, "
                      f"{case.line()}; {took:.1f} s")
        self.tap.result(title, case.problems)
        self.rows.append((name, title, accepted, doubt, counted, case.line(),
                          "FAILED" if case.problems else "exact" if counted == accepted
                          else "lost as told" if case.expected_lost
                          else "within the bound", took))
