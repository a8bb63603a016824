# SPDX-License-Identifier: BSD-2-Clause
"""Tags of sending services through real mail servers, beyond what mmtest.vendors has one
message for.  Each function is one TAP line per MTA; see behaviours.py."""

import contextlib
import time

from behaviours import behaviour, refusals
from mmtest.compose import mail
from mmtest.scratch import wait_until

DAY = 86400


@contextlib.contextmanager
def new_names(lab, most):
    """Settings that give so many new names a day counters of their own."""
    lab.milter.configure(lab.config().replace("campaign {", f"campaign {{ max = {most}"))
    lab.milter.reload()
    try:
        yield
    finally:
        lab.milter.configure(lab.config())
        lab.milter.reload()


def one_day(seconds):
    """Wait where the day (UTC) would end within that time: a new one has new names."""
    wait_until("a day that lasts", lambda: time.time() % DAY < DAY - seconds, seconds + 10)


@behaviour("vendors: a tag of its own for each message, beyond the cap")
def beyond_the_cap(lab, batch):
    one_day(60)
    batch.send(mail("X-Mailgun-Tag: cap-known"), "cap-known")
    with new_names(lab, 1):
        for header in ("X-Mailgun-Tag: cap-1", 'X-SMTPAPI: {"category": "cap-2"}',
                       "X-SES-Message-Tags: campaign=cap-3", "X-PM-Tag: cap-4",
                       "X-MC-Tags: cap-5, letters", "X-Campaign: =?iso-8859-1?Q?cap=E9?="):
            batch.send(mail(header), "_other")
        batch.send(mail("X-Mailgun-Tag: cap-known"), "cap-known")
    batch.send(mail("X-Mailgun-Tag: cap-6"), "cap-6")
    return refusals(batch)


def sent(lab, batch, header, campaign):
    """What arrives of a message with such fields."""
    batch.send(mail(*header), campaign)
    tag = list(batch.expected)[-1]
    return lab.delivered()[tag][0]


@behaviour("vendors: names of fields, of any length")
def long_names(lab, batch):
    """For Sendmail a name of more than 100 bytes ends the header: that line, the next behind
    it on the same line, and what follows are text, which the signature covers.  Postfix sends
    a field of any name."""
    for length in (99, 100, 101, 255, 256, 600):
        name, tag = "X-" + "n" * (length - 2), "X-Metadata-" + "n" * (length - 11)
        arrived = sent(lab, batch, ["X-Campaign: long-name", f"{name}: v", "X-Tag: behind"],
                       "long-name")
        known = lab.name == "postfix" or length <= 100
        if arrived.values(name) != ["v"] * known:
            yield f"{length}: the field arrives as {arrived.values(name)}"
        if arrived.body != (b"" if known else f"{name}: vX-Tag: behind\r\n\r\n".encode()) + \
                b"hello\r\n":
            yield f"{length}: the body is {arrived.body[-60:]}"
        if arrived.values("X-Tag"):
            yield f"{length}: X-Tag arrives"
        arrived = sent(lab, batch, ["X-Campaign: long-name", f"{tag}: v"], "long-name")
        if arrived.values(tag):
            yield f"{length}: the tag arrives"
    yield from refusals(batch)
