# SPDX-License-Identifier: BSD-2-Clause
"""Sends the cases of cases.py through one MTA and judges what came of them."""

import difflib
import re

from mmtest.smtp import Client


class Sent:
    """A case on its way: the bytes, the reply, what has arrived."""

    def __init__(self, case, tag, message, rcpts, reply):
        self.case, self.tag, self.message = case, tag, message
        self.rcpts, self.reply = rcpts, reply
        self.died = ""              # what became of the milter at this message
        self.arrived = []
        self.plain = []             # the same through the port without milter


def send(lab, case, tag, port):
    """One transaction as the case describes it."""
    if isinstance(case.rcpts, int):
        rcpts = [f"{tag}+{i}@{case.to}" for i in range(case.rcpts)]
    else:
        rcpts = [r.replace("{tag}", tag) for r in case.rcpts]
    message = lab.unique(case.message, re.sub(r"\.plain$", "", tag))
    with Client(port, source=case.source) as client:
        if case.xclient:
            reply = client.xclient(**case.xclient)
            if reply.code != 220:
                return Sent(case, tag, message, rcpts, reply)
        reply = client.send(case.sender, rcpts, message, case.options, case.bdat)
    return Sent(case, tag, message, rcpts, reply)


def run(lab, cases, tap):
    """All cases of this MTA; a TAP line each."""
    sent = []
    for case in cases:
        item = send(lab, case, lab.tag(case.name), getattr(lab.mta, case.port))
        if case.expected(lab.name).kind == "untouched":
            item.plain_tag = item.tag + ".plain"
            send(lab, case, item.plain_tag, lab.mta.plain)
        sent.append(item)
        if not lab.milter.running():
            item.died = f"the milter died: status {lab.milter.process.returncode}"
            lab.milter.start()
    arrived = lab.delivered()
    for item in sent:
        item.arrived = arrived.get(item.tag, [])
        item.plain = arrived.get(getattr(item, "plain_tag", None), [])
    results = lab.verifier.mail_dkim([m for item in sent for m in item.arrived])
    for item in sent:
        problems = judge(lab, item, results) + [item.died] * bool(item.died)
        if problems:
            problems += trail(lab, item)
        tap.result(f"{lab.name}: {item.case.name}", problems)
        expect_counted(lab, item)


def judge(lab, item, results):
    expect = item.case.expected(lab.name)
    if expect.kind == "refused":
        if item.reply.accepted or not re.search(expect.reply, str(item.reply)):
            return [f"reply {item.reply}, expected a refusal like {expect.reply}"]
        return ["refused, and delivered all the same"] * bool(item.arrived)
    if not item.reply.accepted:
        return [f"refused: {item.reply}"]
    if len(item.arrived) != 1:
        return [f"arrived {len(item.arrived)} times"]
    message = item.arrived[0]
    if expect.kind == "untouched":
        return compare(item, message)
    problems = lab.signature_problems(message, expect.domain or None, results[message.path])
    problems += headers(lab, item.case, message)
    if sorted(message.rcpts) != sorted(item.rcpts):
        problems.append(f"recipients {message.rcpts}")
    return problems


def compare(item, message):
    """Byte for byte what the MTA delivers without a milter."""
    if len(item.plain) != 1:
        return [f"the copy to compare with arrived {len(item.plain)} times"]
    with_it, without = message.without_trace(), item.plain[0].without_trace()
    if with_it == without:
        return []
    lines = difflib.unified_diff(without.decode("latin-1").splitlines(),
                                 with_it.decode("latin-1").splitlines(),
                                 "without milter", "with metermark", lineterm="", n=1)
    return ["not as without a milter:"] + [line[:200] for line in lines][:30]


def headers(lab, case, message):
    problems = []
    for name, wanted in ({} if lab.stand_in else case.headers).items():
        if isinstance(wanted, dict):
            wanted = wanted[lab.name]
        found = message.values(name)
        if found != wanted:
            problems.append(f"{name}: {found}, expected {wanted}")
    return problems


def trail(lab, item):
    """For a failed case: what the daemon said and what went out."""
    out = []
    queue_id = re.search(r"queued as (\w+)|2\.0\.0 (\w+) Message accepted", item.reply.text)
    if queue_id:
        out += lab.milter.log_of(queue_id.group(1) or queue_id.group(2))
    out += [f"delivered: {m.path}" for m in item.arrived]
    return out


def expect_counted(lab, item):
    """Into the ledger: what was accepted or refused by us."""
    case, expect = item.case, item.case.expected(lab.name)
    if not expect.counted or item.reply.step != ".":
        return
    if item.reply.accepted:
        lab.ledger.accepted(case.campaign, item.rcpts,
                            len(item.message) if case.bytes_known else None,
                            expect.kind == "signed", **case.counts.get(lab.name, {}))
    else:
        lab.ledger.refused(case.campaign, item.reply.code)
