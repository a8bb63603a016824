# SPDX-License-Identifier: BSD-2-Clause
"""What Redis must hold: the sums of everything that a run sent."""

import time
from collections import Counter, defaultdict

PROVIDERS = {"gmail.com": "gmail", "googlemail.com": "gmail", "yahoo.com": "yahoo",
             "hotmail.com": "outlook", "icloud.com": "apple"}
# What rules a message fails is the matter of rules.py.
NOT_COUNTERS = ("name", "first_seen", "last_seen", "inspected")


class Ledger:
    def __init__(self):
        self.campaigns = defaultdict(Counter)
        self.bytes_unknown = set()

    def _add(self, campaign, **counts):
        for name in (campaign, "_all"):
            self.campaigns[name].update(counts)

    def accepted(self, campaign, rcpts, size, signed, **more):
        """size None: the milter has seen other bytes than we have sent."""
        self._add(campaign, **more)
        self._add(campaign, messages=1, recipients=len(rcpts), bytes=size or 0,
                  **{"signed" if signed else "unsigned": 1})
        for rcpt in rcpts:
            provider = PROVIDERS.get(rcpt.rpartition("@")[2].lower(), "other")
            self._add(campaign, **{f"p:{provider}:recipients": 1})
        if size is None:
            self.bytes_unknown.update((campaign, "_all"))

    def refused(self, campaign, code):
        self._add(campaign, **{"rejected" if code // 100 == 5 else "tempfailed": 1})

    def handled(self):
        """Messages that the daemon must have dealt with so far."""
        total = self.campaigns["_all"]
        return total["messages"] + total["rejected"] + total["tempfailed"]

    def check(self, redis, prefix, timeout=40):
        """Waits for the flusher, which tries a Redis that was away again after 30 seconds at
        most; then [(campaign, problems)]."""
        end = time.monotonic() + timeout
        while True:
            out = [(name, self._compare(redis, prefix, name)) for name in sorted(self.campaigns)]
            out.append(("the list of names", self._names(redis, prefix)))
            wrong = any(problems for _, problems in out)
            if time.monotonic() > end or not wrong:
                if wrong:
                    self.adopt(redis, prefix)
                return out
            time.sleep(0.05)

    def adopt(self, redis, prefix):
        """Take Redis at its word, so that one wrong number is reported once."""
        for key in redis.command("KEYS", f"{prefix}:{{*}}:total"):
            name = key[len(prefix) + 2:-len("}:total")]
            self.campaigns[name] = Counter(self._found(redis, prefix, name))
        for name in set(self.campaigns) - self._listed(redis, prefix):
            del self.campaigns[name]

    def _found(self, redis, prefix, name):
        return {k: int(v) for k, v in redis.hash(f"{prefix}:{{{name}}}:total").items()
                if k not in NOT_COUNTERS and not k.startswith(("~", "rule:")) and v != "0"}

    def _listed(self, redis, prefix):
        return set(redis.command("ZRANGE", f"{prefix}:campaigns", 0, -1)) | {"_all"}

    def _compare(self, redis, prefix, name):
        found = self._found(redis, prefix, name)
        wanted = {k: v for k, v in self.campaigns[name].items() if v}
        if name in self.bytes_unknown:
            found.pop("bytes", None)
            wanted.pop("bytes", None)
        return [f"{field}: {found.get(field, 0)} in Redis, expected {wanted.get(field, 0)}"
                for field in sorted(found.keys() | wanted.keys())
                if found.get(field, 0) != wanted.get(field, 0)]

    def _names(self, redis, prefix):
        found = self._listed(redis, prefix)
        wanted = set(self.campaigns) | {"_all"}
        return [f"in Redis only: {sorted(found - wanted)}"] * bool(found - wanted) + \
               [f"missing: {sorted(wanted - found)}"] * bool(wanted - found)
