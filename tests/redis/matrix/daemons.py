# SPDX-License-Identifier: BSD-2-Clause
"""metermark itself is killed, its disk fills or lies, there are two of it, its clock is
wrong."""

import contextlib
import glob
import os
import random
import re
import subprocess
import threading
import time

from mmtest.command import ask
from mmtest.scratch import wait_until

from matrix.lab import Skip
from matrix.load import shapes

SESSIONS = 4
DAY = 86400


def killed(case, rounds, messages, config):
    """kill -9 at random.  One message a connection may be in doubt at each; all others
    are counted, once."""
    chance = random.Random(case.name)
    with case.redis() as redis, case.daemon(redis.url, config) as d:
        with case.load(d, sessions=SESSIONS, pause=0) as load:
            for n in range(rounds):
                load.at_least(messages * n // rounds)
                time.sleep(chance.uniform(0.05, 0.5))
                if n % 3 == 2:      # what is counted now must come out of the journal
                    redis.kill()
                    time.sleep(0.2)
                d.kill()
                d.start()
                if n % 3 == 2:
                    redis.start()
            load.at_least(messages)
        case.settle(redis)
    bound = SESSIONS * rounds
    case.note(kills=rounds, bound=bound,
              in_doubt_and_counted=case.book.counted - case.book.total())
    if case.book.doubt > bound:
        case.problems.append(f"{case.book.doubt} in doubt, the bound is {bound}")


def kills(case):
    killed(case, case.size(6, 20), case.size(2000, 60000), 'journal_sync = "interval"\n')


def kills_always(case):
    killed(case, case.size(3, 20), case.size(800, 30000), 'journal_sync = "always"\n')


class Tmpfs:
    """A small one, mounted; Skip where that may not be."""

    def __init__(self, path, mb):
        self.path, self.mb = path, mb
        self.filler = os.path.join(path, "filler")

    def __enter__(self):
        os.makedirs(self.path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.mb}m,mode=700",
                               "none", self.path], capture_output=True, check=False)
        if done.returncode:
            raise Skip("no right to mount a tmpfs")
        return self

    @contextlib.contextmanager
    def full(self):
        """Within, every block that somebody frees is taken at once."""
        ends = threading.Event()
        thread = threading.Thread(target=self._fill, args=(ends,))
        thread.start()
        try:
            wait_until("the disk to be full", lambda: os.statvfs(self.path).f_bavail == 0, 20)
            yield
        finally:
            ends.set()
            thread.join()
            os.unlink(self.filler)

    def _fill(self, ends):
        with open(self.filler, "wb", buffering=0) as f:
            while not ends.wait(0.01):
                with contextlib.suppress(OSError):
                    while not ends.is_set():
                        f.write(b"x" * 4096)

    @contextlib.contextmanager
    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self.path], check=True)

    def __exit__(self, *exc):
        subprocess.run(["umount", "-l", self.path], check=False)


def disk_full(case):
    """First Redis is there, then it is away as well, for a while."""
    few = case.size(100, 2000)
    # Many recipients, so that few messages fill a segment of the journal.
    campaigns, case.messages = shapes(10, copies=60)
    case.book.shapes = {s.name: s for s in campaigns}
    with case.redis() as redis, Tmpfs(os.path.join(case.run, "state"), 12) as disk:
        with case.daemon(redis.url, "journal_max_mb = 4\n", state=disk.path) as d:
            case.send(d, few)
            while_full(case, d, disk, few)
            redis.kill()
            while_full(case, d, disk, few)
            redis.start()
            case.send(d, few)
            case.settle(redis)
            status = d.status()
        case.note(kept_in_memory_only=status["journal_left_out"])
        if status["journal_down"] or not status["on_disk"] or \
                "journal-down" not in d.log_text():
            case.problems.append(f"down, or never said: {status}")


def while_full(case, d, disk, few):
    """Until messages were left out of the journal, which takes a while: there is room in
    the segment under way, and in the next one.  No status can be written meanwhile."""
    def left_out():
        return len(re.findall(r": (?:journal-down|ledger-given-up)", d.log_text()))
    before, said = d.status().get("journal_left_out", 0), left_out()
    with disk.full():
        def sent():
            case.send(d, few)
            return left_out() > said
        wait_until("messages to be left out of the journal", sent, 60 * case.lab.slowness)
        case.send(d, few)
    now_ms = time.time() * 1000
    wait_until("a status, and the journal to be back",
               lambda: d.status().get("written_ms", 0) > now_ms and
               not d.status()["journal_down"], 30)
    if d.status()["journal_left_out"] <= before:
        case.problems.append(f"nothing was left out of the journal: {d.status()}")


def start_unwritable(case, trouble, words):
    """trouble(disk): a context in which the disk takes nothing.  The daemon is started in
    it over what an earlier life has left; what comes is counted meanwhile, what was there
    at the latest when the disk is back."""
    few = case.size(60, 1000)
    with case.redis() as redis, Tmpfs(os.path.join(case.run, "state"), 12) as disk, \
            case.daemon(redis.url, "journal_max_mb = 4\n", state=disk.path) as d:
        case.send(d, few)
        wait_until("all to be counted", lambda: messages_in(redis) == case.book.total(), 20)
        redis.kill()
        case.send(d, few)
        d.kill()
        redis.start()
        before = messages_in(redis)
        with trouble(disk):
            d.start()
            case.send(d, few)
            wait_until("what comes to be counted",
                       lambda: messages_in(redis) >= before + few, 30 * case.lab.slowness)
            case.note(counted_before_the_disk_was_back=messages_in(redis) - before)
            said = ask("doctor", "-c", d.file)
            for word in words:
                if word not in said.text:
                    case.problems.append(f"doctor does not say {word!r}: {said.text}{said.err}")
        now_ms = time.time() * 1000
        wait_until("a status, and the journal to be back",
                   lambda: d.status().get("written_ms", 0) > now_ms and d.status()["on_disk"],
                   30 * case.lab.slowness)
        case.send(d, few)
        case.settle(redis)
        if "ledger-failed" not in d.log_text():
            case.problems.append("never said")


def start_full(case):
    start_unwritable(case, Tmpfs.full, ["fail  disk"])


def start_read_only(case):
    start_unwritable(case, Tmpfs.read_only, ["read-only"])


def first_start(case, trouble):
    """Nothing is there, and nothing can be made: that life has a producer of its own."""
    few = case.size(60, 1000)
    case.producers = 2
    with case.redis() as redis, Tmpfs(os.path.join(case.run, "state"), 12) as disk, \
            contextlib.ExitStack() as stack:
        d = case.daemon(redis.url, "journal_max_mb = 4\n", state=disk.path)
        with trouble(disk):
            stack.enter_context(d)
            case.send(d, few)
            wait_until("all to be counted", lambda: messages_in(redis) == case.book.total(), 30)
            if "state-dir-unwritable" not in d.log_text():
                case.problems.append("not said")
        wait_until("a status", d.status, 10)
        if not d.status()["journal_down"] or d.status()["on_disk"]:
            case.problems.append(f"{d.status()}")
        d.ask_to_end()
        case.problems += d.ended()
        d.start()
        case.send(d, few)
        wait_until("a status", lambda: d.status().get("on_disk"), 20)
        case.settle(redis)


def first_full(case):
    first_start(case, Tmpfs.full)


def first_read_only(case):
    first_start(case, Tmpfs.read_only)


def messages_in(redis):
    return int(redis.hash("metermark:{_all}:total").get("messages", 0))


def flipped(case):
    """While nobody is there, bits flip in the journal.  Each costs the record it is in,
    and that is told; Redis holds all the others."""
    chance, flips = random.Random(7), case.size(5, 60)
    redis = case.redis()
    with case.daemon(redis.url) as d:
        case.send(d, case.size(400, 5000))
        d.kill()
        path = sorted(glob.glob(f"{d.journal()}/*.jnl"))[0]
        with open(path, "r+b") as f:
            data = bytearray(f.read())
            # Past the head and what describes the fields; before the last record, which a
            # crash may leave torn, so that nobody could tell the two apart.
            end = len(bytes(data).rstrip(b"\0"))
            for at in chance.sample(range(4096, end - 1024), flips):
                data[at] ^= 1 << chance.randrange(8)
            f.seek(0)
            f.write(data)
        with redis:
            d.start()
            wait_until("a status", lambda: d.status().get("pid") == d.process.pid, 20)
            lost = d.status()["damaged_records"]
            case.expected_lost = lost
            case.settle(redis)
    counted = case.book.counted
    case.note(bits_flipped=flips, told_to_be_lost=lost, not_counted=case.book.total() - counted)
    if case.book.total() - counted != lost or not 1 <= lost <= flips:
        case.problems.append(f"{case.book.total()} accepted, {counted} counted, {lost} told")
    if "journal-damaged" not in d.log_text() or not glob.glob(f"{d.journal()}/*.bad"):
        case.problems.append("not said, or not set aside")


def one_directory(case):
    """The second daemon on a state directory does not start; the first does not mind."""
    with case.redis() as redis, case.daemon(redis.url) as d:
        with case.load(d) as load:
            load.at_least(100)
            second = case.daemon(redis.url, state=d.state)
            try:
                second.start()
                case.problems.append("the second one has started")
            except RuntimeError as e:
                if str(d.process.pid) not in str(e) or "status 0" in str(e):
                    case.problems.append(f"it should name process {d.process.pid}: {e}")
            load.at_least(case.size(300, 5000))
        case.settle(redis)


def shared_redis(case):
    """Two directories, one Redis, the same campaigns and recipients."""
    case.producers = 2
    with case.redis() as redis, case.daemon(redis.url) as a, case.daemon(redis.url) as b:
        with case.load(a, b, people=500) as load:
            messages = case.size(1500, 30000)
            load.at_least(messages // 2)
            redis.kill()
            time.sleep(0.1)
            redis.start()
            load.at_least(messages)
        case.settle(redis)
        case.note(distinct_recipients=redis.command("PFCOUNT", "metermark:{_all}:rcpt"))


class Faketime:
    """libfaketime before the daemon: what is in a file is added to the wall clock."""

    def __init__(self, case):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            raise Skip("no libfaketime")
        if case.lab.sanitizer:
            raise Skip("no library may be loaded before the run-time of a sanitizer")
        self.file = os.path.join(case.run, "clock")
        self.shift = 0
        self.set(0)
        self.env = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.file,
                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "DONT_FAKE_MONOTONIC": "1"}

    def set(self, seconds):
        with open(self.file + ".new", "w", encoding="ascii") as f:
            f.write(f"{seconds:+d}\n")
        os.rename(self.file + ".new", self.file)
        self.shift = seconds

    def now(self):
        return time.time() + self.shift


def clock(case):
    """A day forward, back, a day back, with Redis there and away, over a kill -9: each
    message is in the hour and the day that its own clock has shown."""
    fake, messages = Faketime(case), case.size(800, 20000)
    shifts = (0, DAY, 0, -DAY)
    with case.redis() as redis, case.daemon(redis.url, env=fake.env) as d:
        for away in (False, True):
            if away:
                time.sleep(0.5)
                redis.kill()
            for shift in shifts:
                fake.set(shift)
                case.send(d, messages // 8, now=fake.now)
            if away:
                d.kill()
                d.start()
                redis.start()
        fake.set(0)
        case.send(d, messages // 8, now=fake.now)
        case.note(days=len({h // 24 for _, h in case.book.sure if h is not None}))
        case.settle(redis)
    if case.figures["days"] < 3:        # more over midnight
        case.problems.append("the clock was never another: the test has tested nothing")


CASES = [
    ("killed", "metermark is killed -9 at random under load", kills),
    ("killed-always", "metermark is killed -9 at random, with journal_sync = always", kills_always),
    ("disk-full", "the journal is on a full tmpfs", disk_full),
    ("start-full", "metermark starts on a full tmpfs, after a kill -9 of the daemon",
     start_full),
    ("start-read-only", "metermark starts on a read-only tmpfs, after a kill -9 of the daemon",
     start_read_only),
    ("first-full", "metermark starts for the first time, on a full tmpfs", first_full),
    ("first-read-only", "metermark starts for the first time, on a read-only tmpfs",
     first_read_only),
    ("bits-flipped", "bits flip in the journal", flipped),
    ("one-directory", "two daemons use one state directory: the second is refused",
     one_directory),
    ("shared-redis", "two daemons with separate state directories share a Redis", shared_redis),
    ("clock", "the clock goes a day forward and back", clock),
]
