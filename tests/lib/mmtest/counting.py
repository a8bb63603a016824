# SPDX-License-Identifier: BSD-2-Clause
"""The flusher's driver as an object, and what Redis must hold, worked out from
the driver's ledger with nothing but redis/rkey.h's key names."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time

from .daemon import disk_bytes
from .programs import BUILD

PRODUCER = "00112233445566778899aabbccddeeff"
HOUR_TTL, DAY_TTL, TOTAL_TTL = 35 * 86400, 400 * 86400, 400 * 86400
# Two weeks ago, so that Redis keeps its hour, at 11:06:40, so that the hours after it are of
# the same day.
WHEN = int(time.time()) // 86400 * 86400 - 14 * 86400 + 40000


class Driver:
    """flusher_driver; its log lines are in .log.  state: a directory that is there for
    the next driver, too; without one it has its own, which goes with it.  Other
    options as of flusher_driver.c."""

    def __init__(self, url, prefix="metermark", producer=PRODUCER, state=None,
                 prefix_command=(), **options):
        program = os.path.join(BUILD, "tests/redis/flusher_driver")
        self.log = []
        self.own = None if state is not None else tempfile.mkdtemp(prefix="mm-driver.")
        self.state = state if state is not None else self.own
        options = [f"{k}={v}" for k, v in {"state": self.state, "when": WHEN, **options}.items()]
        self.process = subprocess.Popen(
            [*prefix_command, program, url, prefix, producer, *options], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.began = self.hear() == "ready"

    def kill(self):
        """kill -9; what its messages under way were says the next one's unsure()."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdin = None
        self._reader.join(5)

    def unsure(self):
        self.say("unsure")
        names = []
        while (line := self.hear()) != "end":
            names.append(line)
        return names

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("VmRSS")).split()[1])

    def disk_bytes(self):
        """Blocks in use, as du counts them."""
        return disk_bytes(os.path.join(self.state, "journal"))

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip())

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def hear(self):
        return self.process.stdout.readline().strip()

    def ask(self, line):
        self.say(line)
        return self.hear()

    def stats(self):
        return {k: int(v) for k, v in
                (pair.split("=") for pair in self.ask("stats").split())}

    def ledger(self):
        self.say("ledger")
        lines = []
        while (line := self.hear()) != "end":
            lines.append(line.split())
        return Ledger(lines)

    def logged(self, word):
        return [line for line in self.log if word in line]

    def wait_log(self, word, seconds=20):
        end = time.monotonic() + seconds
        while not self.logged(word) and time.monotonic() < end:
            time.sleep(0.02)
        return self.logged(word)

    def stop(self, ms=5000):
        """(messages missing, seconds it took)"""
        began = time.monotonic()
        missing = int(self.ask(f"stop {ms}").split()[1])
        took = time.monotonic() - began
        self.close()
        return missing, took

    def close(self):
        """The exit status; a sanitizer's report makes it one that is not 0."""
        if self.process.stdin:
            self.process.stdin.close()
            self.process.stdin = None
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._reader.join(5)
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def stamp(hour):
    return time.strftime("%Y%m%d%H", time.gmtime(hour * 3600))


class Ledger:
    """What the driver has counted: hashes and recipients, by key below the prefix."""

    def __init__(self, lines):
        self.hashes, self.rcpt, self.first, self.last, self.buckets = {}, {}, {}, {}, {}
        for word in lines:
            for campaign in (word[1], "_all"):
                getattr(self, "_" + word[0])(campaign, word[2:])

    def _times(self, campaign, rest):
        hour, first, last = map(int, rest)
        self.first[campaign] = min(first, self.first.get(campaign, first))
        self.last[campaign] = max(last, self.last.get(campaign, last))
        self.buckets[f"{{{campaign}}}:h:{stamp(hour)}"] = (hour + 1) * 3600 + HOUR_TTL
        self.buckets[f"{{{campaign}}}:d:{stamp(hour)[:8]}"] = (hour // 24 + 1) * 86400 + DAY_TTL

    def _count(self, campaign, rest):
        hour, field, n = int(rest[0]), rest[1], int(rest[2])
        for key in ("total", "h:" + stamp(hour), "d:" + stamp(hour)[:8]):
            fields = self.hashes.setdefault(f"{{{campaign}}}:{key}", {})
            fields[field] = fields.get(field, 0) + n

    def _rcpt(self, campaign, ids):
        self.rcpt.setdefault(campaign, set()).update(ids)

    @property
    def messages(self):
        return self.hashes.get("{_all}:total", {}).get("messages", 0)

    def compare(self, redis, prefix="metermark"):
        """Sentences about what differs; every key and every field is looked at."""
        problems = []
        want_keys = {f"{prefix}:{k}" for k in self.hashes}
        want_keys |= {f"{prefix}:{{{c}}}:rcpt" for c, ids in self.rcpt.items() if ids}
        want_keys |= {f"{prefix}:campaigns", f"{prefix}:ids"}
        have_keys = set(redis.command("KEYS", f"{prefix}:*"))
        for key in sorted(want_keys ^ have_keys):
            problems.append(("missing" if key in want_keys else "not expected") + ": " + key)
        for key, fields in self.hashes.items():
            have = redis.hash(f"{prefix}:{key}")
            self._compare_hash(key, fields, have, problems)
        for key, expire in self.buckets.items():
            have = redis.command("EXPIRETIME", f"{prefix}:{key}")
            if have != expire:
                problems.append(f"{key} expires at {have}, not {expire}")
        self._compare_lists(redis, prefix, problems)
        self._compare_rcpt(redis, prefix, problems)
        return problems[:12]

    def _compare_hash(self, key, fields, have, problems):
        if key.endswith(":total"):
            campaign = key[1:key.index("}")]
            want = {"first_seen": str(self.first[campaign]), "last_seen": str(self.last[campaign]),
                    "name": "_all" if campaign == "_all" else f"Sent {campaign}"}
            markers = [f for f in have if f.startswith("~")]
            if markers != ["~" + PRODUCER]:
                problems.append(f"{key} has markers {markers}")
            for field in markers:
                del have[field]
            for field, value in want.items():
                if have.pop(field, None) != value:
                    problems.append(f"{key} {field} is not {value}")
        have = {f: int(v) for f, v in have.items()}
        for field in sorted(set(fields) | set(have)):
            if fields.get(field) != have.get(field):
                problems.append(f"{key} {field}: {have.get(field)} in Redis, "
                                f"{fields.get(field)} sent")

    def _compare_lists(self, redis, prefix, problems):
        flat = redis.command("ZRANGE", f"{prefix}:campaigns", "0", "-1", "WITHSCORES")
        have = {n: int(s) for n, s in zip(flat[::2], flat[1::2])}
        want = {c: t for c, t in self.last.items() if c != "_all"}
        if have != want:
            problems.append(f"campaigns: {have}, expected {want}")
        want = {hashlib.sha256(c.encode()).hexdigest()[:16]: c for c in want}
        if redis.hash(f"{prefix}:ids") != want:
            problems.append("ids differ")

    def _compare_rcpt(self, redis, prefix, problems):
        for campaign, ids in self.rcpt.items():
            if not ids:
                continue
            key = f"{prefix}:{{{campaign}}}:rcpt"
            have = redis.command("PFCOUNT", key)
            # Redis is exact but for rounding while there are few, 0.81 % then.
            if abs(have - len(ids)) > max(1, 0.03 * len(ids)):
                problems.append(f"{campaign}: {have} recipients, expected {len(ids)}")
            for k in (key, f"{prefix}:{{{campaign}}}:total"):
                have = redis.command("EXPIRETIME", k)
                if have != self.last[campaign] + TOTAL_TTL:
                    problems.append(f"{k} expires at {have}")
