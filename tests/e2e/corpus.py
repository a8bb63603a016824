# SPDX-License-Identifier: BSD-2-Clause
"""A directory of messages of any kind through an MTA: `run --corpus DIR`.

Each file is one message.  Its From is given an address of ours, so that it
gets signed.  A message may be refused; what is delivered must verify.
"""

import glob
import os
import re
from collections import Counter

from mmtest.smtp import Client


def load(directory):
    """[(name, message)], CRLF line ends, addressed as ours."""
    out = []
    for path in sorted(glob.glob(os.path.join(directory, "**"), recursive=True)):
        if os.path.isfile(path):
            with open(path, "rb") as f:
                out.append((os.path.relpath(path, directory), ours(f.read())))
    return out


def ours(raw):
    raw = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    raw = re.sub(rb"\AFrom .*\r\n", b"", raw)
    head, blank, body = raw.partition(b"\r\n\r\n")
    head = re.sub(rb"(?im)^(From:(?:.*\r\n[ \t])*.*?)[^\s<>\"]+@[^\s<>\"]+",
                  rb"\1news@example.test", head, count=1)
    return head + blank + body


def run(lab, directory, tap):
    sent, outcome = [], Counter()
    for name, message in load(directory):
        tag = lab.tag("corpus")
        with Client(lab.mta.port) as client:
            reply = client.send("bounce@example.test", [f"{tag}@rcpt.test"], message,
                                ["BODY=8BITMIME"])
        sent.append((name, tag, reply))
    arrived = lab.delivered()
    results = lab.verifier.mail_dkim([m for _, tag, _ in sent for m in arrived.get(tag, [])])
    for name, tag, reply in sent:
        copies = arrived.get(tag, [])
        problems = [f"{reply}, arrived {len(copies)} times"] * (len(copies) != reply.accepted)
        for message in copies:
            found = lab.ours(lab.verifier.dkimpy(message.raw))
            outcome["signed" if found else "unsigned"] += 1
            if found:
                problems += lab.signature_problems(message, "example.test", results[message.path])
            problems = problems and problems + [f"delivered: {message.path}"]
        outcome["refused" if not reply.accepted else "broken" if problems else "good"] += 1
        tap.result(f"{lab.name}: {name}" + ("" if reply.accepted else f" (refused: {reply.text})"),
                   problems)
    tap.note(f"{lab.name}: " + ", ".join(f"{n} {word}" for word, n in sorted(outcome.items())))
