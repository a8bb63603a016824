#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The events and reasons that metermark-milter(8) lists are those in the code: whoever
alerts on a word of the log finds it there, and finds it said."""
import re
import sys
from pathlib import Path


from mmtest import programs
from mmtest.scratch import Tap

SRC = Path(programs.SRC)

WORD = r"[a-z]+(?:-[a-z]+)+"
EVENTS = (
    rf'LINE_NOQUEUE\s*": ({WORD})\b',
    rf'log_(?:info|warn|error)\(\s*"(?:%s|NOQUEUE): ({WORD})\b',
    rf'\bbegin\(&b, redis, "({WORD})"',
    rf'line_begin\(&b, STR\(""\), "({WORD})"',
)
REASONS = (
    r'\[REPLY_[A-Z_]+\] = \{ "([a-z-]+)"',
    r'\bpass\(\s*d,\s*"([a-z-]+)"',
    r'why = "([a-z-]+)"',
)


def code(patterns, *files):
    text = "\n".join(f.read_text() for f in files)
    return {word for p in patterns for word in re.findall(p, text)}


def listed(manual, after):
    """The words of the first list after a text."""
    part = manual.partition(after)[2].partition(".Bl ")[2].partition("\n.El")[0]
    return re.findall(r"^\.It Li (\S+)$", part, re.M)


def differ(manual, said, least):
    if len(said) < least:
        yield f"only {sorted(said)} in the code: the patterns of this test are out of date"
    for word in sorted(said - set(manual)):
        yield f"{word} is in the code, and not in the manual"
    for word in sorted(set(manual) - said):
        yield f"{word} is in the manual, and not in the code"
    if len(set(manual)) != len(manual):
        yield "a word stands there twice"


def main():
    tap = Tap()
    manual = (SRC / "conf/metermark-milter.8.in").read_text()
    decisions = {path for path in (SRC / "milter").rglob("*.c")
                 if path.name in ("decide.c", "decide_edit.c", "reply.c", "txn.c")}
    daemon = {path for path in (SRC / "milter").rglob("*.c")
              if "cli" not in path.parts} - decisions
    tap.result("the manual has the events of the log",
               list(differ(listed(manual, "fit for alerts"), code(EVENTS, *sorted(daemon)), 20)))
    tap.result("the manual has the reasons of messages",
               list(differ(listed(manual, "says why:"), code(REASONS, *sorted(decisions)), 15)))
    return tap.done()


sys.exit(main())
