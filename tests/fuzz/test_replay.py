#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The fuzz targets over their corpora and a few changed copies, whatever the
compiler.  What tests/fuzz/run found once stays found."""
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from mmtest.scratch import Tap  # noqa: E402

BUILD = Path(os.environ.get("MM_BUILD") or os.getcwd())
COPIES = 20


def replay(source):
    target = source.stem.removeprefix("fuzz_")
    program = BUILD / "tests" / "fuzz" / source.stem
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
