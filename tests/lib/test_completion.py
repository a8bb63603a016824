#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""metermark completion bash: the script names every command and option that --help lists,
and bash completes with it."""
import re
import subprocess
import sys

from mmtest import programs
from mmtest.scratch import Tap


def run(*args):
    return subprocess.run([programs.METERMARK, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)


def completed(script, *words):
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in words)
    program = f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n_metermark\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n'
    done = subprocess.run(["bash", "--norc", "-c", program], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)
    return done.stdout.split() if not done.stderr else [done.stderr]


def differ(found, expected, what):
    if sorted(found) != sorted(expected):
        yield f"{what}: found {sorted(found)}, expected {sorted(expected)}"


def check_options(script, commands):
    for command in commands:
        text = run(command, "--help").stdout
        longs = re.findall(r"^  -\w, (--[\w-]+)", text, re.M)
        if len(longs) < 1:
            yield f"{command} --help lists no option"
        yield from differ(completed(script, "metermark", command, "--"), longs + ["--help"], command)
        letters = re.findall(r"^  (-\w), ", text, re.M)
        offered = completed(script, "metermark", command, "-")
        yield from differ([word for word in offered if len(word) == 2], letters + ["-h"], command)


def check_verbs(script):
    yield from differ(completed(script, "metermark", "key", ""), ["generate", "record", "test"], "key")
    yield from differ(completed(script, "metermark", "token", "m"), ["make"], "token m")
    yield from differ(completed(script, "metermark", "check", ""), [], "check: bash completes files")


def check_usage():
    for args in ((), ("zsh",), ("bash", "more")):
        done = run("completion", *args)
        if done.returncode != 64 or done.stdout or "completion bash" not in done.stderr:
            yield f"{args}: {done.returncode} {done.stderr}"


def main():
    tap = Tap()
    script = run("completion", "bash").stdout
    commands = re.findall(r"^  ([a-z-]+) ", run("--help").stdout, re.M)
    tap.result("all commands are completed",
               list(differ(completed(script, "metermark", ""),
                           commands + ["help", "-h", "--help", "-V", "--version"], "commands")))
    tap.result("all options are completed", list(check_options(script, commands)))
    tap.result("verbs are completed", list(check_verbs(script)))
    tap.result("another shell is wrong usage", list(check_usage()))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
