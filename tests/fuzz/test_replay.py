#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The fuzz targets over their corpora and a few changed copies, whatever the
compiler.  What tests/fuzz/run found once stays found."""
import subprocess
import sys
from pathlib import Path

from mmtest.programs import BUILD
from mmtest.scratch import Tap

HERE = Path(__file__).resolve().parent
COPIES = 20


def replay(source):
    target = source.stem.removeprefix("fuzz_")
    program = Path(BUILD, "tests/fuzz", source.stem)
    if not program.exists():
        return f"{target}: not built", [f"no {program}"]
    # Few inputs are large, and a sanitizer is slow.
    done = subprocess.run([program, "-n", str(COPIES), HERE / "corpus" / target],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace",
                          timeout=300, check=False)
    if done.returncode == 0:
        return f"{target}: {done.stdout.strip()}", []
    return f"{target}: broken", [f"exit status {done.returncode}", done.stderr[-3000:]]


def main():
    tap = Tap()
    for source in sorted(HERE.glob("fuzz_*.c")):
        tap.result(*replay(source))
    return tap.done()


sys.exit(main())
