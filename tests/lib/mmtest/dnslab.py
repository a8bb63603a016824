# SPDX-License-Identifier: BSD-2-Clause
"""What the tests with a name server share: the command, keys, zones."""

import json
import os
import re
import subprocess
import time

from .programs import METERMARK, SRC

DATA = os.path.join(SRC, "tests/data/rules")


class Result:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def __str__(self):
        return f"status {self.status}: {self.out}{self.err}"

    @property
    def json(self):
        return json.loads(self.out)


def metermark(*arguments, timeout=90, text=None):
    begin = time.monotonic()
    done = subprocess.run([METERMARK, *map(str, arguments)], capture_output=True,
                          input=text, timeout=timeout, check=False)
    if done.returncode < 0 or b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
        raise RuntimeError(f"{arguments}: {done.returncode} {done.stderr.decode()[-2000:]}")
    return Result(done.returncode, done.stdout.decode(errors="replace"),
                  done.stderr.decode(errors="replace"), time.monotonic() - begin)


def make_key(folder, name, *options):
    path = os.path.join(folder, name + ".pem")
    made = metermark("key", "generate", *options, "-f", "plain", path)
    if made.status != 0:
        raise RuntimeError(str(made))
    return path, made.out.strip()


def openssl_key(folder, name, *options):
    """A key that metermark would not make; its file and base64 of its public half."""
    path = os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "genpkey", *options, "-out", path], check=True,
                   stderr=subprocess.DEVNULL)
    os.chmod(path, 0o600)
    pem = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True,
                         capture_output=True, text=True).stdout
    return path, "".join(pem.splitlines()[1:-1])


def settings(scratch, name, server, domains, more=""):
    """domains: [(domain, [(selector, file), ...]), ...]"""
    text = f'user = "root"\nresolver = "{server.address}"\n{more}\n' \
        if os.geteuid() == 0 else f'resolver = "{server.address}"\n{more}\n'
    for domain, keys in domains:
        text += f'domain "{domain}" {{\n' + "".join(
            f'\tkey {{ selector = "{s}" file = "{f}" }}\n' for s, f in keys) + "}\n"
    return scratch.write(name, text)


def match(pattern, text, what):
    if not re.search(pattern, text):
        yield f"{what}: {pattern!r} not in: {text}"
