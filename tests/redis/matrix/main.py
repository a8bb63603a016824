# SPDX-License-Identifier: BSD-2-Clause
"""Runs the matrix: TAP with figures, and a table at the end."""

import argparse
import os
import platform
import re
import subprocess
import sys
import time

from mmtest.daemon import program
from mmtest.programs import SRC, Missing
from mmtest.redis import server_program
from mmtest.scratch import Scratch, Tap

from matrix import daemons, outage, places, servers
from matrix.lab import Lab

CASES = servers.CASES + places.CASES + daemons.CASES + outage.CASES


def options(arguments, long):
    parser = argparse.ArgumentParser(
        prog="tests/redis/long" if long else "tests/redis/faults",
        description="Counted exactly once, whatever breaks: " +
        ("60,000 messages, 20 kills, an outage of a million." if long else "the quick form."))
    parser.add_argument(
        "--results", metavar="FILE",
        help="write the table there, too, when nothing has failed" +
        (" (default, with all cases: tests/redis/RESULTS.md, in the tree that tests/run was "
         "started in rather than in its copy)" if long else ""))
    parser.add_argument("--list", action="store_true", help="show the cases")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="only these")
    parsed = parser.parse_args(arguments)
    if long and not parsed.cases and not parsed.results:
        tree = os.environ.get("MM_TREE") or SRC
        parsed.results = os.path.join(tree, "tests/redis/RESULTS.md")
    return parsed


def chosen(names):
    unknown = set(names) - {name for name, _, _ in CASES}
    if unknown:
        sys.exit(f"no case named {', '.join(sorted(unknown))}; see --list")
    return [case for case in CASES if not names or case[0] in names]


def table(rows):
    """As Markdown that can be read as it is."""
    head = ("case", "accepted", "in doubt", "counted", "result", "s")
    lines = [head] + [(name, f"{accepted:,}", f"{doubt:,}", f"{counted:,}", result,
                       f"{took:.0f}")
                      for name, _, accepted, doubt, counted, _, result, took in rows]
    wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines[1:1] = [["-" * w for w in wide]]
    return ["| " + " | ".join(cell.ljust(w) if i in (0, 4) else cell.rjust(w)
                              for i, (cell, w) in enumerate(zip(line, wide))) + " |"
            for line in lines]


def versions():
    """What this ran with, in a sentence."""
    def first(pattern, *command):
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found = re.search(pattern, said)
        return found[1] if found else "?"
    server = server_program()
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return (f"{system}; {os.path.basename(server)} {first(r'v=([0-9.]+)', server, '-v')}; "
            f"hiredis {first(r'hiredis ([0-9.]+)', program(), '-V')}; "
            f"{os.cpu_count()} processors")


def write_results(path, lab):
    kind = "full" if lab.long else "quick"
    lines = ["# Counted exactly once, whatever fails: results", "",
             f"`tests/redis/{'long' if lab.long else 'faults'}` wrote this file, in its {kind} "
             "form. `tests/redis/matrix/` has the cases.", "",
             f"{versions()}; {time.strftime('%Y-%m-%d', time.gmtime())}.", "",
             "* accepted: the messages that metermark accepted, as the mail server saw it.",
             "* in doubt: the messages whose connection broke before the verdict, because "
             "metermark was killed; at most one", "  for each connection. Each of them may "
             "have been counted or not.",
             "* counted: the messages in Redis.",
             "* exact: the messages, recipients, bytes, providers, hours, days, `_all` and the "
             "estimate of distinct", "  recipients in Redis are exactly those of the accepted "
             "messages.", "", *table(lab.rows),
             "", "## Figures", ""]
    for name, title, _, _, _, figures, _, _ in lab.rows:
        lines.append(f"* **{name}**: {title}. {figures[:1].upper() + figures[1:]}.")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main(arguments, long=False):
    chosen_options = options(arguments, long)
    if chosen_options.list:
        for name, title, _ in CASES:
            print(f"{name:16} {title}")
        return 0
    cases = chosen(chosen_options.cases)
    tap = Tap()
    try:
        server_program()
        with Scratch("mm-matrix.") as scratch:
            lab = Lab(scratch, tap, long)
            for case in cases:
                lab.try_case(*case)
            scratch.keep = bool(tap.failed)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    for line in [versions(), *table(lab.rows)]:
        tap.note(line)
    if chosen_options.results and not tap.failed:
        write_results(chosen_options.results, lab)
        tap.note(f"written: {chosen_options.results}")
    return tap.done()
