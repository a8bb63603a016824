#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Rules that messages failed, from the daemon through Redis to `metermark stats`: counted
exactly, refused messages included, and shown with their share."""

import json
import re

from mmtest.command import ask
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, wait_until
from mmtest.wire import plain, wire

CONFIG = """flush_interval_ms = 100
inspect {
	rule "date" { action = "reject" }
	rule "to" { action = "off" }
}
"""
LIST = {"List_Unsubscribe": "<https://u.example.com/1>",
        "List_Unsubscribe_Post": "List-Unsubscribe=One-Click"}
TEXT = b"Unsubscribe: https://u.example.com/1\r\n"


def total(redis):
    return {k: int(v) for k, v in redis.hash("metermark:{autumn}:total").items()
            if k == "inspected" or k.startswith("rule:") or k in ("messages", "rejected")}


def counts(d, redis):
    for _ in range(3):
        d.send(plain(body=TEXT, **LIST))
    d.send(plain(body=TEXT, To=None, **LIST))
    for _ in range(2):
        d.send(plain(body=TEXT))
    refused = d.send(plain(body=TEXT, Date="yesterday", **LIST))
    if not refused.text.startswith(b"550 5.7.1 Rule date: "):
        yield f"not refused: {refused}"
    wait_until("seven messages", lambda: total(redis).get("inspected") == 7, 40)
    want = {"messages": 6, "rejected": 1, "inspected": 7, "rule:date:fail": 1,
            "rule:one-click:fail": 2, "rule:list-unsubscribe:fail": 2}
    got = {k: n for k, n in total(redis).items() if n != 0}
    if got != want:
        yield f"{got}, expected {want}"


def shown(redis):
    page = ask("stats", "-r", redis.url, "autumn").text
    block = page.partition("\ncompliance\n")[2].split("\n\n")[0].splitlines()
    rows = [re.split(r"\s{2,}", line.strip()) for line in block]
    want = [["inspected", "7"], ["list-unsubscribe", "2"], ["one-click", "2"], ["date", "1"]]
    if [r[:2] for r in rows] != want:
        yield f"compliance: {rows}, expected {want}"
    shares = [r[2] for r in rows[1:] if len(r) > 2]
    if [s[:2] for s in shares] != ["28", "28", "14"] and [s[:2] for s in shares] != ["29", "29", "14"]:
        yield f"shares: {shares}"
    told = json.loads(ask("stats", "-r", redis.url, "-f", "json", "autumn").text)
    if '"rule:one-click:fail": 2' not in json.dumps(told):
        yield f"json: {told}"


with wire("rules") as t, Scratch("mm-rules-redis.") as scratch, \
        RedisServer(scratch.path) as redis:
    with t.daemon(CONFIG, redis=redis.url) as d:
        t.check("each failure is counted for its campaign, and off is not", lambda: counts(d, redis))
    t.check("stats shows them with their share", lambda: shown(redis))
