# SPDX-License-Identifier: BSD-2-Clause
"""The mail server's side of the counting: what it saw accepted, what it cannot know, and
what Redis must hold for that, worked out from redis/rkey.h's key names and nothing else.

All messages of one campaign are of one shape (so many recipients at these providers, so
many bytes), so every counter follows from the number of messages.  That makes the check
as strong for a crash, where a few messages are in doubt: whichever of them were counted,
all counters must belong to the same number of messages.
"""

import collections
import hashlib
import hmac
import threading
import time

# Domain of a recipient -> provider.
PROVIDERS = {"gmail.com": "gmail", "yahoo.com": "yahoo", "outlook.com": "outlook",
             "icloud.com": "apple", "example.net": "other"}
# What a message without a way to unsubscribe fails; and what one with such a way fails
# when it goes to several, of whom it would unsubscribe one.
NO_WAY = ("list-unsubscribe", "one-click", "unsubscribe-link")
SHARED_WAY = ("one-recipient",)
# Their key is an Ed25519 key, for speed, which counts for nothing with large providers.
ALL = ("dkim",)
# Numbers of recipients are in few sketches of Redis: this many elements a command.
CHUNK = 1000


class Shape:
    """How a campaign's messages look.  listed: they can be unsubscribed from.
    copies: recipients in each domain."""

    def __init__(self, number, size, listed, copies):
        self.name = f"m-{number}"
        self.domains = [list(PROVIDERS)[(number + i) % len(PROVIDERS)]
                        for i in range(1 + number % 3)] * copies
        self.bytes = size
        self.per_message = {"messages": 1, "recipients": len(self.domains), "bytes": size,
                            "signed": 1, "inspected": 1}
        failed = NO_WAY if not listed else SHARED_WAY if len(self.domains) > 1 else ()
        failed += ALL
        self.per_message |= {f"rule:{rule}:fail": 1 for rule in failed}
        for domain in self.domains:
            field = f"p:{PROVIDERS[domain]}:recipients"
            self.per_message[field] = self.per_message.get(field, 0) + 1

    def recipients(self, n):
        return [f"r{n}.{i}@{domain}" for i, domain in enumerate(self.domains)]


class Book:
    """Thread-safe for those who write."""

    def __init__(self, shapes, key):
        self.shapes = {s.name: s for s in shapes}
        self.key = hashlib.sha256(key).digest()
        self.lock = threading.Lock()
        # (campaign, hour) -> messages; the hour is None for those that may be of two.
        self.sure = collections.Counter()
        self.unsure = collections.Counter()     # campaign -> messages
        self.who_sure = collections.defaultdict(set)        # campaign -> recipients' numbers
        self.who_unsure = collections.defaultdict(set)
        self.first, self.last = {}, {}          # campaign -> unix seconds
        self.problems = []

    def accepted(self, name, number, began, ended):
        hour = int(began) // 3600
        with self.lock:
            self.sure[name, hour if hour == int(ended) // 3600 else None] += 1
            self.who_sure[name].add(number)
            self._seen(name, began, ended)

    def many(self, counts, numbers, began, ended):
        """counts: campaign -> messages; numbers: campaign -> recipients' numbers."""
        hour = int(began) // 3600
        hour = hour if hour == int(ended) // 3600 else None
        with self.lock:
            for name, n in counts.items():
                self.sure[name, hour] += n
                self.who_sure[name] |= numbers[name]
                self._seen(name, began, ended)

    def in_doubt(self, name, number, began, ended):
        with self.lock:
            self.unsure[name] += 1
            self.who_unsure[name].add(number)
            self._seen(name, began, ended)

    def wrong(self, sentence):
        with self.lock:
            self.problems.append(sentence)

    def _seen(self, name, began, ended):
        self.first[name] = min(int(began), self.first.get(name, int(began)))
        self.last[name] = max(int(ended), self.last.get(name, int(ended)))

    def total(self, name=None):
        return sum(n for (c, _), n in self.sure.items() if name in (None, c))

    @property
    def doubt(self):
        return sum(self.unsure.values())

    # What Redis has.

    def compare(self, redis, producers=1, prefix="metermark", lost=0):
        """Sentences about what differs.  lost: so many messages are told to be lost, of
        whatever campaign."""
        have = Found(redis, prefix)
        problems = list(self.problems)
        counted = {}
        for name in set(self.shapes) & (set(have.totals) | set(self.first)):
            low, high = self.total(name) - lost, self.total(name) + self.unsure[name]
            counted[name] = n = have.totals.get(name, {}).get("messages", 0)
            if not max(low, 0) <= n <= high:
                problems.append(f"{name}: {n} messages in Redis, accepted {self.total(name)}"
                                f", in doubt {self.unsure[name]}, lost {lost}")
            want = {f: v * n for f, v in self.shapes[name].per_message.items() if n}
            if have.totals.get(name, {}) != want:
                problems.append(f"{name}: {have.totals.get(name)}, for {n} messages {want}")
            problems += self._hours(have, name, n, lost)
            problems += self._seen_in(have, name, lost)
        if sum(counted.values()) < self.total() - lost:
            problems.append(f"{sum(counted.values())} messages in Redis, {self.total()} "
                            f"accepted, {lost} told to be lost")
        problems += self._all(have)
        problems += have.strange(set(counted), producers)
        if not lost and not problems:       # it takes its time
            problems += self._distinct(redis, prefix)
        self.counted = sum(counted.values())
        return problems[:12]

    def _hours(self, have, name, counted, lost):
        """The campaign's hours and days: each as accepted, all together the total."""
        edge = self.sure[name, None] + self.unsure[name]
        hours = {h: n for (c, h), n in self.sure.items() if c == name and h is not None}
        days = collections.Counter()
        for h, n in hours.items():
            days[h // 24] += n
        for kind, sure, stamp in (("h", hours, stamp_hour), ("d", days, stamp_day)):
            found = have.parts[kind].get(name, {})
            unknown = set(found) - {stamp(t) for t in sure}
            if unknown and not edge:
                yield f"{name}: {kind} {sorted(unknown)} in Redis, none was accepted then"
            for t, n in sure.items():
                m = found.get(stamp(t), {}).get("messages", 0)
                if not n - lost <= m <= n + edge:
                    yield f"{name} {kind}:{stamp(t)}: {m} messages, accepted {n}"
            total = collections.Counter()
            for key, fields in found.items():
                total.update(fields)
                n = fields.get("messages", 0)
                if fields != {f: v * n for f, v in self.shapes[name].per_message.items()}:
                    yield f"{name} {kind}:{key}: {fields} is not of {n} messages"
            if total["messages"] != counted:
                yield f"{name}: {counted} messages, by {kind} {total['messages']}"

    def _seen_in(self, have, name, lost):
        facts = have.facts.get(name)
        if facts is None or lost or self.unsure[name]:
            return
        if facts.get("name") != name:
            yield f"{name}: its name is {facts.get('name')}"
        for field, ours in (("first_seen", self.first[name]), ("last_seen", self.last[name])):
            if abs(int(facts.get(field, 0)) - ours) > 5:
                yield f"{name}: {field} is {facts.get(field)}, not {ours}"

    def _all(self, have):
        """`_all` is the sum of the campaigns, in the total and each hour and day."""
        sums = collections.Counter()
        for name, fields in have.totals.items():
            if name != "_all":
                sums.update(fields)
        if have.totals.get("_all", {}) != dict(sums):
            yield f"_all: {have.totals.get('_all')}, campaigns {dict(sums)}"
        for kind, parts in have.parts.items():
            sums = collections.defaultdict(collections.Counter)
            for name, found in parts.items():
                for key, fields in found.items():
                    if name != "_all":
                        sums[key].update(fields)
            found = parts.get("_all", {})
            for key in sums.keys() | found.keys():
                if found.get(key, {}) != dict(sums[key]):
                    yield f"_all {kind}:{key}: {found.get(key)}, campaigns {dict(sums[key])}"

    def _elements(self, names, who):
        for name in names:
            for number in who[name]:
                for rcpt in self.shapes[name].recipients(number):
                    yield hmac.digest(self.key, rcpt.encode(), "sha256")[:16]

    def _distinct(self, redis, prefix):
        """Redis's estimate is the very one that it gives for the recipients accepted: the
        same HMACs, put into a sketch of our own beside it."""
        for name in [*self.first, "_all"]:
            names = list(self.first) if name == "_all" else [name]
            key, ours = f"{prefix}:{{{name}}}:rcpt", f"matrix:{{{name}}}:reference"
            bounds = []
            for who in (self.who_sure, self.who_unsure):
                elements = list(self._elements(names, who))
                for i in range(0, len(elements), CHUNK):
                    redis.command("PFADD", ours, *elements[i:i + CHUNK])
                bounds.append(redis.command("PFCOUNT", ours))
            redis.command("DEL", ours)
            have = redis.command("PFCOUNT", key)
            if not bounds[0] <= have <= bounds[1]:
                yield f"{name}: {have} distinct recipients, expected {bounds}"


def stamp_hour(hour):
    return time.strftime("%Y%m%d%H", time.gmtime(hour * 3600))


def stamp_day(day):
    return time.strftime("%Y%m%d", time.gmtime(day * 86400))


class Found:
    """All keys below the prefix, read and sorted: totals[campaign], parts[kind][campaign]
    [stamp]; counters as numbers, zeros left out."""

    def __init__(self, redis, prefix):
        self.totals, self.facts, self.markers = {}, {}, {}
        self.parts = {"h": {}, "d": {}}
        self.others = []
        for key in redis.command("KEYS", f"{prefix}:*"):
            name, _, rest = key[len(prefix) + 1:].partition("}:")
            kind, _, stamp = rest.partition(":")
            if name[:1] != "{" or kind not in ("total", "h", "d"):
                self.others.append(key)
                continue
            name, fields = name[1:], redis.hash(key)
            if kind == "total":
                self.facts[name] = {f: fields.pop(f, None)
                                    for f in ("name", "first_seen", "last_seen")}
                self.markers[name] = [f for f in list(fields) if f[0] == "~"]
                for marker in self.markers[name]:
                    del fields[marker]
                self.totals[name] = numbers(fields)
            else:
                self.parts[kind].setdefault(name, {})[stamp] = numbers(fields)
        self.listed = set(redis.command("ZRANGE", f"{prefix}:campaigns", 0, -1))
        self.ids = redis.hash(f"{prefix}:ids")
        self.prefix = prefix

    def strange(self, names, producers):
        """What is beside the counters."""
        if self.listed != names:
            yield f"campaigns lists {sorted(self.listed)}, not {sorted(names)}"
        if self.ids != {hashlib.sha256(n.encode()).hexdigest()[:16]: n for n in names}:
            yield f"ids: {self.ids}"
        want = {f"{self.prefix}:campaigns", f"{self.prefix}:ids"} if names else set()
        want |= {f"{self.prefix}:{{{n}}}:rcpt" for n in names | ({"_all"} if names else set())}
        if set(self.others) != want:
            yield f"keys besides hashes: {sorted(set(self.others) ^ want)}"
        for name, markers in self.markers.items():
            if not 1 <= len(markers) <= producers:
                yield f"{name}: markers {markers}, of {producers} producers"


def numbers(fields):
    return {f: int(v) for f, v in fields.items() if int(v)}
