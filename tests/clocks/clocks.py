# SPDX-License-Identifier: BSD-2-Clause
"""The suites of make check at instants that are known to break tests: the first hour of a
day, the end of an hour, a month or a year, a leap day, a change of daylight saving time, a
zone far from UTC, years from now.

shift.c adds the same number of seconds to the wall clock of every process of a suite, the
real Redis included, so that all of them agree on the time.  Monotonic clocks stay true.

At an instant with a share, something ends, and the suite must be under way then: it begins
earlier by that share of its duration, which its first run has shown."""

import argparse
import calendar
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from driver import tap_points
from mmtest.programs import BUILD, SRC
from mmtest.scratch import Scratch, Tap

HERE = os.path.dirname(os.path.abspath(__file__))

PATIENCE_S = 600
AT_ONCE = 4  # suites wait more than they compute


@dataclass
class Instant:
    when: int         # seconds since 1970
    zone: str
    share: float = 0  # of the suite that comes before it

    def __str__(self):
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.when))
        return f"{text} UTC, TZ={self.zone}" + \
            (f", reached after {100 * self.share:.0f} % of the suite" if self.share else "")


def at(text, zone, *shares):
    """Instants of YYYY-MM-DD HH:MM:SS in UTC, one for each share."""
    when = calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))
    return [Instant(when, zone, share) for share in shares or (0,)]


def leap_year():
    """The next one that is more than a year away: what was right for a year only, fails."""
    soonest = time.gmtime().tm_year + 2
    return next(y for y in range(soonest, soonest + 8) if calendar.isleap(y))


# The last seconds before a leap day: the day ends under way, and its first hour follows.
SHORT = at(f"{leap_year()}-02-28 23:59:57", "America/New_York")
# The first has no share: it shows how long a suite takes.
LONG = [
    *at("2028-02-29 00:30:00", "America/New_York"),
    *at("2028-01-01 00:00:00", "Europe/Berlin", 0.1, 0.5, 0.9),
    *at("2027-05-01 00:00:00", "UTC", 0.3, 0.7),
    *at("2027-06-15 10:59:55", "UTC"),
    *at("2027-06-15 11:00:01", "UTC"),
    *at("2027-03-28 01:00:00", "Europe/Berlin", 0.5),
    *at("2027-10-31 01:00:00", "Europe/Berlin", 0.5),
    *at("2027-03-14 07:00:00", "America/New_York", 0.5),
    *at("2027-11-07 06:00:00", "America/New_York", 0.5),
    *at("2027-06-15 10:30:00", "Pacific/Kiritimati"),       # the 16th there
    *at("2027-06-15 10:30:00", "Pacific/Pago_Pago"),        # the 14th there
    *at("2038-01-19 03:14:08", "UTC", 0.5),                 # beyond 31 bits
]

# What reads the time of day and does not take long, as plain() has it.
READ_THE_CLOCK = """contrib/unsubscribe dns/check redis/acl redis/forget redis/rules redis/stats
    redis/stats_span redis/token redis/watch unit/daemon/snapshot unit/journal/journal
    unit/token/mark unit/token/token wire/domains wire/mark wire/plan wire/sources
    wire/tracking""".split()
# What reads no clock but compares texts.
READ_NO_CLOCK = re.compile(r"(fuzz|lib)/")


def plain(suite):
    """Folder and name of a suite without what says that it is a test."""
    folder, name = suite.removeprefix("tests/").rsplit("/", 1)
    return f"{folder}/{re.sub(r'^test_|_test$', '', name.split('.')[0])}"


def make_check():
    """What make check builds and runs: its environment, {plain name: path} of the suites."""
    done = subprocess.run(["make", "-s", "-j2", "check", "TESTS="], cwd=BUILD, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit(f"make check cannot build its tests:\n{done.stdout}")
    rule = "clocks: ; @$(AM_TESTS_ENVIRONMENT) MM_SUITES='$(TESTS)' env -0"
    done = subprocess.run(["make", "-s", f"--eval={rule}", "clocks"], cwd=BUILD, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    env = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        env.pop(name, None)
    suites = {}
    for suite in env.pop("MM_SUITES").split():
        built = os.path.join(BUILD, suite)
        suites[plain(suite)] = built if os.path.exists(built) else os.path.join(SRC, suite)
    return env, suites


def build_shift(folder):
    library = os.path.join(folder, "shift.so")
    subprocess.run([*os.environ.get("CC", "cc").split(), "-shared", "-fPIC", "-O1", "-Wall",
                    "-Werror", "-o", library, os.path.join(HERE, "shift.c")],
                   stdin=subprocess.DEVNULL, check=True)
    return library


def run_suite(program, env):
    """What is wrong with a run of it, and how long it took."""
    began = time.monotonic()
    process = subprocess.Popen([program], cwd=BUILD, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    late = ""
    try:
        out, _ = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        late = f"ended after {PATIENCE_S} s"
    text = out.decode(errors="replace")
    points, complaint = tap_points(text)
    problems = [what for state, what in points if state == "FAIL"]
    if complaint or late or process.returncode and not problems:
        problems.append(late or complaint or f"exit status {process.returncode}")
    if problems:
        problems += [line for line in text.splitlines() if not line.startswith("ok ")][-60:]
    return problems, time.monotonic() - began


def at_instants(program, instants, env, library):
    """(instant, problems) of one suite, one after the other."""
    duration = 0
    for instant in instants:
        # The clock of the machine is read once, just before: all processes get this shift.
        shift = instant.when - instant.share * duration - time.time()
        problems, took = run_suite(program, {**env, "TZ": instant.zone, "LD_PRELOAD": library,
                                             "MM_CLOCK_SHIFT": f"{shift:.3f}"})
        duration = duration or took
        yield instant, problems


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description="Run suites of make check with a false clock.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="only these: redis/stats")
    parser.add_argument("--at", metavar="'YYYY-MM-DD HH:MM:SS'", help="begin at that time (UTC)")
    parser.add_argument("--zone", default="UTC", help="TZ with --at")
    return parser.parse_args(argv)


def main(argv, long):
    options = parse_arguments(argv)
    instants = at(options.at, options.zone) if options.at else LONG if long else SHORT
    env, suites = make_check()
    names = options.suites or (sorted(n for n in suites if not READ_NO_CLOCK.match(n)) if long
                               else READ_THE_CLOCK)
    tap = Tap()
    for name in set(names) - set(suites):
        tap.result(name, ["make check knows no such suite"])
    names = [name for name in names if name in suites]
    with Scratch("mm-clocks.") as scratch, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        library = build_shift(scratch.path)
        runs = [(name, threads.submit(lambda name=name: list(
            at_instants(suites[name], instants, env, library)))) for name in names]
        for name, run in runs:
            for instant, problems in run.result():
                tap.result(f"{name} at {instant}", problems)
    return tap.done()
