# SPDX-License-Identifier: BSD-2-Clause
"""Redis is away for very many messages: what that costs in memory and on disk."""

import contextlib
import threading
import time

from mmtest.scratch import wait_until

from matrix.load import Burst, shapes

JOURNAL_MB = 16
MEMORY_KB = 24000


def outage(case):
    """In the end metermark is killed, too, with all of it on its disk only."""
    messages = case.size(12000, 1000000)
    campaigns, case.messages = shapes(case.size(40, 200))
    case.book.shapes = {s.name: s for s in campaigns}
    redis = case.redis()
    with case.daemon(redis.url, f"journal_max_mb = {JOURNAL_MB}\n") as d:
        burst = Burst(case.book, case.messages, d, people=20)
        case.loads.append(burst)
        burst.send(2000)
        before, disk, rss, began = d.rss_kb(), 0, 0, time.monotonic()
        thread = threading.Thread(target=burst.send, args=(messages - 2000,))
        thread.start()
        while thread.is_alive():
            disk, rss = max(disk, d.disk_bytes()), max(rss, d.rss_kb())
            time.sleep(0.1)
        took = time.monotonic() - began
        grown = rss - before
        # What is told of it comes every two seconds; what is told then is judged below.
        with contextlib.suppress(RuntimeError):
            wait_until("a status with all of it",
                       lambda: d.status().get("backlog_messages") == case.book.total(), 20)
        status = d.status()
        d.kill()
        with redis:
            d.start()
            case.settle(redis, slack=2)
    case.note(campaigns=len(campaigns), messages_a_second=int((messages - 2000) / took),
              most_on_disk=f"{disk / 2**20:.1f} MB", memory_grew_by=f"{grown / 1024:.1f} MB")
    if status["backlog_messages"] != case.book.total() or status["journal_left_out"]:
        case.problems.append(f"before the kill: {status}")
    if disk > JOURNAL_MB << 20:
        case.problems.append(f"{disk} bytes on disk")
    if grown > MEMORY_KB * d.memory_factor():
        case.problems.append(f"memory grew by {grown} KB")


CASES = [
    ("outage", "Redis is down for a million messages (quick: 12,000), then metermark is killed -9",
     outage),
]
