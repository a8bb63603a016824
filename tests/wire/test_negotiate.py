#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is asked of an MTA, and what becomes of one that cannot give it."""
import struct

from mmtest import protocol as m
from mmtest.daemon import POSTFIX, SENDMAIL
from mmtest.wire import plain, wire


def asks_for_what_it_uses(d, *silent):
    """silent: which of connection and MAIL goes unanswered."""
    with m.Client(d.socket) as c:
        c.negotiate()
        if c.version != 6:
            yield f"version {c.version}"
        if c.actions & (m.ADDHDRS | m.CHGHDRS | m.CHGFROM) != \
                m.ADDHDRS | m.CHGHDRS | m.CHGFROM:
            yield f"cannot edit with actions {c.actions:#x}"
        if c.actions & ~(m.ADDHDRS | m.CHGHDRS | m.CHGFROM | m.SETSYMLIST | m.QUARANTINE):
            yield f"asks for actions it does not use: {c.actions:#x}"
        for name in ("NOHELO", "NOUNKNOWN", "NODATA", "HDR_LEADSPC", *silent, "NR_RCPT",
                     "NR_HDR", "NR_EOH", "NR_BODY"):
            if not c.steps & getattr(m, name):
                yield f"does not ask for {name}"
        for name in ("NOCONNECT", "NOMAIL", "NORCPT", "NOBODY", "NOHDRS", "NOEOH",
                     "RCPT_REJ", *({"NR_MAIL", "NR_CONN"} - set(silent))):
            if c.steps & getattr(m, name):
                yield f"asks for {name}"


def asks_for_macros(d):
    expected = {b"C": {"j", "{client_addr}", "{daemon_name}", "v"},
                b"M": {"i", "{auth_authen}"}, b"E": {"i"}}
    with m.Client(d.socket) as c:
        c.negotiate()
        for stage, names in expected.items():
            if not names <= set(c.lists.get(stage, [])):
                yield f"{stage}: {c.lists.get(stage)}"


def signs_for(d, signature_only=False, macros=POSTFIX, **offer):
    message = plain()
    with d.client(macros, **offer) as c:
        # A second message shows that the first left the session in order.
        for _ in range(2):
            answer = c.message(message)
            yield from d.signed(message, answer)


def no_list_without_setsymlist(d):
    with m.Client(d.socket) as c:
        c.negotiate(actions=m.ALL_ACTIONS & ~m.SETSYMLIST)
        if c.lists:
            yield f"sent lists unasked: {c.lists}"
    yield from signs_for(d, actions=m.ALL_ACTIONS & ~m.SETSYMLIST)


def refused(d, packet):
    """Closed, and the next MTA is served."""
    with m.Client(d.socket) as c:
        c.raw(packet)
        if not c.closed_by_filter():
            yield "not closed"
    yield from d.good()


def offer(version=6, actions=m.ALL_ACTIONS, steps=m.ALL_STEPS):
    return struct.pack(">IcIII", 13, b"O", version, actions, steps)


def newer_mta(d):
    """A version and flags of the future: answered with what both know."""
    with m.Client(d.socket) as c:
        c.negotiate(version=7, actions=0xffff, steps=0x0fffffff)
        if c.version > 6:
            yield f"agreed to version {c.version}"
        if c.actions & ~m.ALL_ACTIONS or c.steps & ~m.ALL_STEPS:
            yield f"wants what it cannot know: {c.actions:#x} {c.steps:#x}"


def different_offers_side_by_side(d):
    """libmilter keeps which steps may be skipped in a global: see that it does no harm."""
    offers = [{}, {"steps": m.ALL_STEPS & ~m.ALL_NR},
              {"steps": m.HDR_LEADSPC}, {"steps": m.ALL_STEPS & ~(m.NOHELO | m.NODATA)}]
    message = plain()
    clients = [d.client(**o) for o in offers]
    for _ in range(2):
        for c in clients + clients[::-1]:
            yield from d.signed(message, c.message(message))
    for c in clients:
        c.close()


def main():
    with wire("negotiate") as t, t.daemon() as d:
        check = t.check
        check("asks for the actions and steps it uses, no others", asks_for_what_it_uses, d,
              "NR_MAIL")
        with t.daemon('outbound { authenticated = true }',
                      domain=t.domain(more='users = {"*"}')) as by_user:
            check("where a user may send, MAIL is answered and not the connection",
                  asks_for_what_it_uses, by_user, "NR_CONN")
        with t.daemon('outbound { authenticated = false }',
                      domain=t.domain(more='users = {"*"}')) as no_user:
            check("users that are never asked for make no difference",
                  asks_for_what_it_uses, no_user, "NR_MAIL")
        check("asks for the macros it reads", asks_for_macros, d)
        check("an MTA that offers all: signed, twice on a connection", signs_for, d)
        check("Sendmail's version macro: signed", signs_for, d, macros=SENDMAIL)
        check("without NR_*: every step is answered, and signed", signs_for, d,
              steps=m.ALL_STEPS & ~m.ALL_NR)
        for name in ("NR_MAIL", "NR_RCPT", "NR_HDR", "NR_EOH", "NR_BODY", "NOHELO", "NODATA",
                     "NOUNKNOWN", "SKIP"):
            check(f"without {name}: signed", signs_for, d,
                  steps=m.ALL_STEPS & ~getattr(m, name))
        check("HDR_LEADSPC is the one step it insists on", signs_for, d, steps=m.HDR_LEADSPC)
        check("only the two actions it needs: signed", signs_for, d,
              actions=m.ADDHDRS | m.CHGHDRS)
        check("without SETSYMLIST: no lists, and signed from default macros",
              no_list_without_setsymlist, d)
        check("sessions with different offers at a time are all served",
              different_offers_side_by_side, d)
        check("an MTA newer than we are", newer_mta, d)
        for text, packet in [
                ("no HDR_LEADSPC", offer(steps=m.ALL_STEPS & ~m.HDR_LEADSPC)),
                ("no ADDHDRS", offer(actions=m.ALL_ACTIONS & ~m.ADDHDRS)),
                ("no CHGHDRS", offer(actions=m.ALL_ACTIONS & ~m.CHGHDRS)),
                ("no actions at all", offer(actions=0)),
                ("version 2 with its flags", offer(2, 0x3f, 0x7f)),
                ("version 1", offer(1, 0xf, 0x3f)),
                ("version 0", offer(0)),
                ("a negotiation cut short", struct.pack(">IcII", 9, b"O", 6, 0x1ff)),
                ("an empty negotiation", struct.pack(">Ic", 1, b"O"))]:
            check(f"refused: {text}", refused, d, packet)


main()
