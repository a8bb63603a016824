#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/quickstart/packages.sh removes nothing: it asks apt-get first, and then refuses."""
import os
import subprocess
import sys

from mmtest.programs import SRC
from mmtest.scratch import Tap

SCRIPT = os.path.join(SRC, "contrib/quickstart/packages.sh")
# Of these Debian allows one: a host that has one of them must keep it.
MTAS = ["postfix", "exim4-daemon-light", "sendmail-bin"]


def installed():
    return subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n"],
                          check=True, capture_output=True, text=True).stdout


def run(*packages):
    return subprocess.run([SCRIPT, *packages], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)


def main():
    tap = Tap()
    before = installed()
    done = run("dpkg", "apt")
    tap.result("packages that are installed are left alone", [
        f"{done.returncode}: {done.stdout}{done.stderr}"]
        if done.returncode != 0 or "everything is installed" not in done.stdout else [])

    present = [mta for mta in MTAS if f"{mta} " in before and
               any(line.startswith(f"{mta} ") and line.endswith(" install ok installed")
                   for line in before.splitlines())]
    if not present:
        tap.skip("another MTA is not replaced", "no MTA is installed")
        return tap.done()
    other = next(mta for mta in MTAS if mta not in present)
    done = run(other)
    expected = f"would remove: {present[0]}" if os.geteuid() == 0 else "not root"
    problems = []
    if done.returncode != 1 or expected not in done.stderr:
        problems.append(f"{other} beside {present[0]}: exit status {done.returncode}, "
                        f"{done.stderr!r}, expected {expected!r}")
    if installed() != before:
        problems.append("packages have changed")
    tap.result("another MTA is not replaced", problems)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
