#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""driver.py - the steps of tests/run, and what counts as passed.

A step is one entry of STEPS: a name, a title, the commands, and the build they run in.
Everything happens in a copy of the source tree below $TMPDIR, so nothing is written into
the clone, and a tree configured in place does no harm.

What is counted: each TAP point that a step's commands bring, and one point for the step
itself.  What fails besides TAP points is counted as well, each time: a build or a command
that fails or runs out of time, a TAP plan that is not kept, a report of a sanitizer from
whatever program, a process that is left behind.  A skipped point counts as failed, since
what it misses was installed before; only for the reasons in MAY_SKIP it does not count at
all, and is listed.
"""

import argparse
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKE = "make -j2"
# Tests wait more than they compute: four side by side keep two processors busy.
CHECK = "make -j4 check VERBOSE=1"
VALKEY = "MM_REDIS_SERVER=valkey-server"
FAULTS_OF_THREADS = "redis-killed cluster-dies killed-always disk-full shared-redis"


@dataclass
class Step:
    """Commands run one after the other in the build's folder, with $MM_SRC, $MM_BUILD."""

    name: str
    title: str
    commands: list
    build: str = "hardened"
    minutes: int = 30  # what only hangs is ended
    quick: bool = False  # part of --quick
    needs: str = ""      # a file of the tree without which the step makes no sense


# name -> arguments of configure
BUILDS = {
    "hardened": ["--enable-werror", "CC=gcc"],
    "clang": ["--enable-werror", "CC=clang"],
    "address": ["--enable-sanitizers", "--enable-werror", "CC=gcc", "CFLAGS=-g -O1"],
    "thread": ["--enable-sanitizers=thread", "--enable-werror", "CC=gcc", "CFLAGS=-g -O1"],
}

STEPS = [
    Step("hardened", "gcc, hardened: make check", [CHECK], quick=True),
    Step("style", "form of C, manuals, syntax of scripts", ["$MM_SRC/tests/lib/style"]),
    Step("install", "make install, twice, and uninstall", ["$MM_SRC/tests/lib/installed"]),
    Step("address", "address and undefined sanitizers: make check", [CHECK], "address"),
    Step("thread", "thread sanitizer: make check, less what has one thread",
         [f"{CHECK} TESTS='$(thread_tests)'"], "thread"),
    Step("faults", "counted exactly once, whatever breaks", ["$MM_SRC/tests/redis/faults"],
         needs="tests/redis/faults"),
    Step("faults-thread", "the same with the thread sanitizer, where threads matter most",
         [f"$MM_SRC/tests/redis/faults {FAULTS_OF_THREADS}"], "thread",
         needs="tests/redis/faults"),
    Step("clocks", "suites that read the clock, over the midnight before a leap day",
         ["$MM_SRC/tests/clocks/run"], needs="tests/clocks/run"),
    Step("clang", "clang compiles all without a warning",
         [f"{MAKE} check TESTS="], "clang"),
    Step("distcheck", "the tarball builds, checks, installs, uninstalls",
         [f"{MAKE} distcheck TESTS='$(distcheck_tests)'"]),
    Step("fuzz", "libFuzzer; what was signed verifies with dkimpy and Mail::DKIM",
         ["$MM_SRC/tests/fuzz/run"], needs="tests/fuzz/run"),
    Step("bench", "the benchmark still runs; what it measures here means nothing",
         [f"{MAKE} bench-programs",
          "$MM_SRC/tests/bench/run --quick --seconds 0.3 --repeat 1 --build $MM_BUILD"],
         needs="tests/bench/run"),
    Step("e2e", "real Postfix and real Sendmail", ["$MM_SRC/tests/e2e/run"],
         needs="tests/e2e/run"),
    Step("report", "the page of metermark check in a real browser",
         ["$MM_SRC/tests/report/run"], needs="tests/report/run"),
    Step("quickstart", "the README's first five minutes",
         ["$MM_SRC/contrib/quickstart/run"], needs="contrib/quickstart/run"),
]

# Only when asked for by name: the last of what `tests/run --debian13` does.
MORE_STEPS = [
    Step("valkey", "make check and the faults with Valkey for a server",
         [f"{MAKE} mostlyclean-generic", f"{VALKEY} {CHECK}",
          f"{VALKEY} $MM_SRC/tests/redis/faults"]),
]

# What some supported Debian lacks, whatever is installed.
MAY_SKIP = [
    r"hiredis .*TLS",          # Debian 12 has hiredis 0.14
    r"a_build_without_tls_refuses_rediss",  # and Debian 13 has 1.2
    r"clang-format \d+ is not",  # versions differ in form; see tests/lib/style
    r"no right to mount",      # in many a container
    r"systemd-analyze not found",
]


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP came."""


def become_subreaper():
    """Orphaned descendants become our children, so that none escapes unseen."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def descendants():
    """{pid: command line} of everything below this process that still runs."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in parentheses may hold blanks and parentheses itself.
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        except (OSError, ValueError):
            continue
        if state not in "ZX":
            parents[int(entry.name)] = int(parent)
            names[int(entry.name)] = line.decode(errors="replace").strip()
    found, grown = {os.getpid()}, True
    while grown:
        new = {pid for pid, parent in parents.items() if parent in found} - found
        grown = bool(new)
        found |= new
    return {pid: names[pid] for pid in found if pid != os.getpid()}


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_descendants(grace_s):
    """SIGTERM to all that is left of what was started here, SIGKILL to the deaf."""
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5)):
        for pid in descendants():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        until = time.monotonic() + patience_s
        while descendants() and time.monotonic() < until:
            time.sleep(0.1)
            reap()


def wait_for_stragglers(patience_s=10):
    """What still runs after a moment in which those who were told to stop may do so."""
    until = time.monotonic() + patience_s
    while descendants() and time.monotonic() < until:
        time.sleep(0.1)
        reap()
    return descendants()


def copy_tree(target):
    """The clone without what git ignores; of an unpacked tarball, everything."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z",
         "--cached", "--others", "--exclude-standard"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False) \
        if shutil.which("git") and (ROOT / ".git").exists() else None
    if listing is None or listing.returncode != 0:
        shutil.copytree(ROOT, target, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", "*.o", "*.a", "*.log", "*.trs", ".deps", "__pycache__", "Makefile",
            "config.h", "config.status", "autom4te.cache"))
        return
    for name in listing.stdout.decode(errors="surrogateescape").split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)


def tap_points(text):
    """([(state, what)], complaint) of TAP text; state is PASS, FAIL or SKIP."""
    points, plan, complaint = [], None, ""
    for line in text.splitlines():
        match = re.match(r"(not )?ok\b[ \t]*(\d*)[ \t]*-?[ \t]*(.*)", line)
        if match:
            skip = re.search(r"#\s*SKIP\S*\s*(.*)", match[3], re.I)
            state = "FAIL" if match[1] else "SKIP" if skip else "PASS"
            points.append((state, match[3] or f"point {match[2]}"))
            continue
        match = re.match(r"1\.\.(\d+)(?:\s*#\s*SKIP\S*\s*(.*))?", line, re.I)
        if match:
            plan = int(match[1])
            if plan == 0:
                points.append(("SKIP", f"# SKIP {match[2] or 'no reason given'}"))
        elif line.startswith("Bail out!"):
            complaint = line
    ran = len(points) if plan != 0 else 0
    if points and plan is None:
        complaint = complaint or "no TAP plan: it may have ended early"
    elif plan is not None and ran != plan:
        complaint = complaint or f"{plan} points planned, {ran} came"
    return points, complaint


def automake_points(build):
    """The points of all tests that make check ran, and the logs of those that failed."""
    points, failed = [], []
    for trs in sorted(build.rglob("*.trs")):
        name = trs.relative_to(build).with_suffix("").as_posix()
        log = trs.with_suffix(".log")
        found, complaint = tap_points(log.read_text(errors="replace"))
        points += [(state, f"{name}: {what}") for state, what in found]
        verdict = re.search(r"^:global-test-result: (\w+)", trs.read_text(), re.M)
        # A cmocka program that saw a failure exits with 1, which is an error to Automake.
        if (complaint or verdict is None or verdict[1] == "ERROR") and \
                not any(state == "FAIL" for state, _ in found):
            points.append(("FAIL", f"{name}: {complaint or 'crashed, or ended early'}"))
        if verdict is None or verdict[1] not in ("PASS", "SKIP"):
            failed.append(log)
    return points, failed


def environment(src, build, reports):
    env = {key: value for key, value in os.environ.items()
           if key not in ("CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "DESTDIR", "MAKEFLAGS",
                          "MFLAGS", "CONFIG_SITE", "NOTIFY_SOCKET")}
    # A report goes to a file, whoever holds the program's stderr; any file is a failure.
    common = f"log_path={reports}/report:"
    suppressions = {kind: f":suppressions={src}/tests/lib/{kind}.supp"
                    if (src / f"tests/lib/{kind}.supp").exists() else ""
                    for kind in ("lsan", "tsan")}
    env.update(
        LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1",
        PYTHONPATH=str(src / "tests/lib"), MM_SRC=str(src), MM_BUILD=str(build),
        MM_TREE=str(ROOT),  # for results that are to stay
        MM_ARTEFACTS=str(reports.parent / "artefacts"),
        ASAN_OPTIONS=common + "detect_stack_use_after_return=1",
        UBSAN_OPTIONS=common + "print_stacktrace=1",
        LSAN_OPTIONS="print_suppressions=0" + suppressions["lsan"],
        TSAN_OPTIONS=common + "second_deadlock_stack=1" + suppressions["tsan"])
    return env


class Run:
    """One run: its folder, what was built in it, what has passed and failed."""

    def __init__(self):
        self.began = time.monotonic()
        self.scratch = Path(tempfile.mkdtemp(prefix="metermark-tests."))
        self.scratch.chmod(0o755)  # an MTA's users must get at what is built here
        self.src = self.scratch / "src"
        self.reports = self.scratch / "reports"
        self.reports.mkdir()
        self.reports.chmod(0o1777)
        self.built = {}  # name of a build -> did it succeed?
        self.passed, self.failed, self.skipped = 0, [], []

    def say(self, text):
        print(f"[{time.monotonic() - self.began:4.0f} s] {text}", flush=True)

    def show_tail(self, path, lines=40):
        """The end of a log, without what went well."""
        text = path.read_text(errors="replace") if path.exists() else ""
        print(f"--- {path}")
        for line in re.sub(r"^(ok\b|PASS:).*\n", "", text, flags=re.M).splitlines()[-lines:]:
            print(f"    {line}")
        print("---", flush=True)

    @staticmethod
    def show_tables(text):
        """Tables among the comments of TAP; figures are worth nothing unseen."""
        for line in re.findall(r"^# (\|.*)$", text, re.M):
            print(f"    {line}", flush=True)

    def command(self, command, folder, log, minutes, build=None):
        """Run one command in the shell, its output appended to log; its exit status."""
        with open(log, "ab") as out:
            out.write(f"\n$ {command}\n".encode())
            out.flush()
            process = subprocess.Popen(
                command, shell=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
                env=environment(self.src, build or folder, self.reports))
            try:
                status = process.wait(timeout=60 * minutes)
            except subprocess.TimeoutExpired:
                end_descendants(grace_s=20)
                process.wait()
                out.write(f"\nended: it ran for more than {minutes} minutes\n".encode())
                status = 124
        return status

    def prepare(self):
        """The copy of the tree, with configure in it."""
        copy_tree(self.src)
        log = self.scratch / "autoreconf.log"
        if self.command("autoreconf -i -Wall", self.src, log, 10) != 0:
            self.show_tail(log)
            return False
        return True

    def make(self, name):
        if name not in self.built:
            folder = self.scratch / name
            folder.mkdir()
            arguments = " ".join(f"'{argument}'" for argument in BUILDS[name])
            log = self.scratch / f"{name}.build.log"
            self.built[name] = all(
                self.command(command, folder, log, 20) == 0
                for command in (f"{self.src}/configure {arguments}", MAKE))
            if not self.built[name]:
                self.show_tail(log)
        return self.built[name]

    def count(self, step, points):
        for state, what in points:
            if state == "PASS":
                self.passed += 1
            elif state == "SKIP" and any(re.search(r, what) for r in MAY_SKIP):
                self.skipped.append(f"{step.name}: {what}")
            else:
                self.failed.append(f"{step.name}: {what}")

    def complaints(self, step):
        """Run a step and count its points; sentences about what else went wrong."""
        if not self.make(step.build):
            yield f"the {step.build} build failed"
            return
        build = self.scratch / step.build
        prefix = ""
        if step.build == "thread" and \
                int(Path("/proc/sys/vm/mmap_rnd_bits").read_text()) > 28:
            prefix = "setarch -R "  # older run-time libraries want fixed addresses
        for number, command in enumerate(step.commands):
            log = self.scratch / f"{step.name}.{number}.log"
            status = self.command(prefix + command, build, log, step.minutes)
            points, complaint, logs = [], "", [log]
            if CHECK in command:
                points, failed = automake_points(build)
                logs = failed or logs
            elif not command.startswith(MAKE):
                text = log.read_text(errors="replace")
                points, complaint = tap_points(text)
                self.show_tables(text)
            self.count(step, points)
            told = any(state == "FAIL" for state, _ in points)
            if complaint:
                yield f"{command}: {complaint}"
            elif status == 124 or status != 0 and not told:
                yield f"{command}: exit status {status}"
            if status != 0 or complaint or told:
                for path in logs:
                    self.show_tail(path)

    def step(self, step):
        self.say(f"{step.name}: {step.title}")
        passed, failed, began = self.passed, len(self.failed), time.monotonic()
        wrong = list(self.complaints(step))
        for pid, line in wait_for_stragglers().items():
            wrong.append(f"left running: {pid} {line}")
        end_descendants(grace_s=5)
        for report in sorted(self.reports.iterdir()):
            kept = report.rename(self.scratch / f"{step.name}.{report.name}")
            wrong.append(f"sanitizer: {kept}")
            print("\n".join(kept.read_text(errors="replace").splitlines()[:40]), flush=True)
        self.failed += [f"{step.name}: {sentence}" for sentence in wrong]
        if len(self.failed) == failed:
            self.passed += 1
        self.say(f"{step.name}: {self.passed - passed} passed, "
                 f"{len(self.failed) - failed} failed, "
                 f"{time.monotonic() - began:.0f} s")

    def close(self, keep):
        """The lists and the last line; the exit status of all."""
        for title, entries in (("skipped", self.skipped), ("failed", self.failed)):
            if entries:
                print(f"{title}:")
            for entry in entries:
                print(f"    {entry}")
        artefacts = self.scratch / "artefacts"
        if self.failed or keep:
            print(f"logs and builds: {self.scratch}")
        elif artefacts.exists():
            # To be looked at: pictures.
            for path in self.scratch.iterdir():
                if path != artefacts:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            print(f"artefacts: {artefacts}")
        else:
            shutil.rmtree(self.scratch, ignore_errors=True)
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 0 if self.passed > 0 and not self.failed else 1


def long_steps():
    return [Step(f"long-{path.parent.name}", f"the long part of tests/{path.parent.name}",
                 [f"$MM_SRC/{path.relative_to(ROOT)}"], minutes=180)
            for path in sorted(ROOT.glob("tests/*/long")) if os.access(path, os.X_OK)]


def choose(arguments):
    steps = STEPS + long_steps()
    if arguments.steps:
        steps += MORE_STEPS
        unknown = set(arguments.steps) - {step.name for step in steps}
        if unknown:
            sys.exit(f"tests/run: no step named {', '.join(sorted(unknown))}; see --list")
        return [step for step in steps if step.name in arguments.steps]
    if arguments.quick:
        return [step for step in STEPS if step.quick]
    return steps if arguments.long else STEPS


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tests/run", description="Build and test everything; the last line counts.",
        epilog="Exit status 0: something passed and nothing failed.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these steps")
    parser.add_argument("-l", "--list", action="store_true", help="show the steps")
    parser.add_argument("--quick", action="store_true", help="one build, make check")
    parser.add_argument("--long", action="store_true", help="tests/*/long as well, for hours")
    # tests/run takes this one out, and brings the rest here again on the other system.
    parser.add_argument("--debian13", action="store_true",
                        help="build and test with Debian 13's compiler, hiredis, Redis and "
                             "Valkey, in a chroot; goes with --keep and STEP")
    parser.add_argument("--keep", action="store_true", help="keep logs and builds")
    parser.add_argument("--no-install", action="store_true", help="install no packages")
    return parser.parse_args()


def stop(number, _frame):
    raise Stopped(signal.Signals(number).name)


def main():
    arguments = parse_arguments()
    steps = choose(arguments)
    if arguments.list:
        for step in STEPS + long_steps() + MORE_STEPS:
            print(f"{step.name:13} {step.title}")
        return 0
    become_subreaper()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    run = Run()
    try:
        if not run.prepare():
            run.failed.append("autoreconf")
            return run.close(keep=True)
        for step in steps:
            if step.needs and not (ROOT / step.needs).exists():
                run.failed.append(f"{step.name}: {step.needs} is missing")
            else:
                run.step(step)
        return run.close(arguments.keep)
    except Stopped as signal_name:
        run.say(f"{signal_name}: stopping what was started")
        end_descendants(grace_s=20)
        run.failed.append(f"{signal_name} came before the end")
        return run.close(keep=True)


if __name__ == "__main__":
    sys.exit(main())
