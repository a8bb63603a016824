#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Large, many, and malformed: the daemon survives each, and the next message passes."""
import random
import struct
import time

from mmtest.daemon import POSTFIX
from mmtest.protocol import Client, Closed, Message
from mmtest.scratch import wait_until
from mmtest.wire import BODY, plain, wire

FROM = b"From: sender@example.com\nDate: Tue, 24 Nov 2026 09:00:00 +0000\n" \
       b"Message-ID: <6@example.com>\n"


def signed(d, header, body=BODY, **how):
    message = Message.parse(FROM + header, body)
    return d.signed(message, d.send(message, **how))


def refused(d, header, body=BODY):
    """A reply code and no edits; then a good message."""
    message = Message.parse(FROM + header, body)
    answer = d.send(message)
    if answer.verdict != "reply" or answer.edits or answer.text[:1] not in (b"4", b"5"):
        yield f"not refused: {answer}"
    yield from d.good()


def big_body(d):
    line = b"The quick brown fox jumps over the lazy dog, twice a day.  \r\n"
    message = plain(line * (5 * 1024 * 1024 // len(line)))
    # One before, so that only what the body costs is measured.
    yield from d.good()
    rss = d.rss_kb()
    yield from d.signed(message, d.send(message))
    if d.rss_kb() - rss > 3000 * d.memory_factor():
        yield f"5 MB of body cost {d.rss_kb() - rss} kB of memory"


def recipients(d):
    message = plain()
    yield from d.signed(message, d.send(
        message, recipients=[f"<r{i}@example{i % 7}.net>" for i in range(20000)]))


def odd_envelopes(d):
    """MAIL and RCPT as Postfix's non_smtpd_milters and strangers make them."""
    message = plain()
    long_local = "<" + "x" * 5000 + "@example.com>"
    for sender in ("a@example.com", "", "<>", "<a@example.com>", "<@a,@b:c@example.com>", "<",
                   ">", "<<>>", "<a>", "@", "<@>", '<"a b@c"@example.com>', long_local,
                   b"<caf\xc3\xa9@example.com>", b"<\xff>", "<a@[192.0.2.1]>", "%s%n"):
        for problem in d.signed(message, d.send(message, sender=sender)):
            yield f"MAIL {sender!r}: {problem}"
    for rcpt in ("b@example.net", "", "<>", "<", "@", '<"a@b"@example.net>', long_local,
                 b"<\xff@example.net>", "<b@[IPv6:::1]>", "a@b@c@gmail.com"):
        for problem in d.signed(message, d.send(message, recipients=(rcpt,))):
            yield f"RCPT {rcpt!r}: {problem}"
    arguments = ["SIZE=1000", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=" + "x" * 3000] * 20
    yield from d.signed(message, d.send(message, arguments=arguments))


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command + data


def offend(d, data, stage):
    """Any bytes at any stage: answered, closed on, or waited for."""
    with Client(d.socket) as c:
        if stage != "nothing":
            c.negotiate()
        if stage in ("connect", "mail", "header", "end of header"):
            c.set_macros(client_addr="127.0.0.1", **POSTFIX)
            c.open()
        if stage in ("mail", "header", "end of header"):
            c.mail()
            c.rcpt()
        if stage in ("header", "end of header"):
            for f in plain().fields:
                c.header(*f)
        if stage == "end of header":
            c.end_of_header()
        send_and_see(c, data, 0.004)


def send_and_see(c, data, seconds):
    try:
        c.raw(data)
        c.closed_by_filter(seconds)
    except Closed:      # on us, in the middle: its right
        pass


HOSTILE = {
    "half a length": b"\0\0",
    "a length and nothing": b"\0\0\0\5",
    "half a packet": b"\0\0\0\x40M<sender@",
    "length 0": b"\0\0\0\0",
    "length 65,536": struct.pack(">I", 65536) + b"B" + b"x" * 65535,
    "length 65,537": struct.pack(">I", 65537) + b"B" + b"x" * 65536,
    "length 16 million": b"\1\0\0\0B" + b"x" * 1000,
    "length 4 thousand million": b"\xff\xff\xff\xffB" + b"x" * 1000,
    "a negative length": b"\x80\0\0\0B",
    "SMTP": b"EHLO example.com\r\nMAIL FROM:<a@example.com>\r\n",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    "unknown commands": b"".join(packet(bytes([c])) for c in (0, 1, 7, 0x21, 0x7f, 0x80, 0xff)),
    "the filter's own answers": b"".join(packet(bytes([c]), b"x\0") for c in b"acdrty+-b"),
    "a second negotiation": packet(b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff)),
    "negotiation with less": packet(b"O", struct.pack(">III", 2, 1, 0)),
    "CONNECT empty": packet(b"C"),
    "CONNECT without family": packet(b"C", b"host\0"),
    "CONNECT without NUL": packet(b"C", b"host"),
    "CONNECT with family ?": packet(b"C", b"host\0?\0\0x\0"),
    "CONNECT without port": packet(b"C", b"host\x004"),
    "CONNECT with half a port": packet(b"C", b"host\x004\x01"),
    "CONNECT with no address": packet(b"C", b"host\x004\x01\x02\0"),
    "CONNECT with a bad IPv4 address": packet(b"C", b"host\x004\x01\x02999.1.1.1\0"),
    "CONNECT with a bad IPv6 address": packet(b"C", b"host\x006\x01\x02::::\0"),
    "CONNECT with an address not ended": packet(b"C", b"host\x004\x01\x02127.0.0.1"),
    "CONNECT with a path too long": packet(b"C", b"host\0L\0\0/" + b"x" * 300 + b"\0"),
    "CONNECT with a name of 60,000": packet(b"C", b"h" * 60000 + b"\0U"),
    "CONNECT twice": packet(b"C", b"a\0U") * 2,
    "HELO empty": packet(b"H"),
    "HELO without NUL": packet(b"H", b"x" * 100),
    "MAIL empty": packet(b"M"),
    "MAIL without NUL": packet(b"M", b"<a@example.com>"),
    "MAIL with one NUL": packet(b"M", b"\0"),
    "MAIL with 60,000 arguments": packet(b"M", b"x\0" * 30000),
    "RCPT empty": packet(b"R"),
    "RCPT without NUL": packet(b"R", b"<a@example.com>"),
    "RCPT with one NUL": packet(b"R", b"\0"),
    "a field empty": packet(b"L"),
    "a field without NUL": packet(b"L", b"Subject x"),
    "a field without value": packet(b"L", b"Subject\0"),
    "a field with value not ended": packet(b"L", b"Subject\0x"),
    "a field of three strings": packet(b"L", b"Subject\0 x\0y\0"),
    "a field with an 8-bit name": packet(b"L", b"X-\xc3\xa9\0 x\0"),
    "a field with blanks in its name": packet(b"L", b"Subject \0 x\0"),
    "a field with control characters in its name": packet(b"L", b"X-\r\n\x1b\0 x\0"),
    "a field without name": packet(b"L", b"\0 x\0"),
    "a field of two NULs": packet(b"L", b"\0\0"),
    "macros empty": packet(b"D"),
    "macros of no stage": packet(b"D", b"Z{i}\0x\0"),
    # Not here: an odd number of strings.  libmilter 8.17 then reads past its array in
    # smfi_getsymval(), and no filter can look at the packet first.
    "macros without NUL": packet(b"D", b"Mi"),
    "an empty body chunk": packet(b"B"),
    "30,000 macros": packet(b"D", b"M" + b"i\0" * 30000),
    "a macro of 60,000": packet(b"D", b"Mi\0" + b"x" * 60000 + b"\0"),
    "EOM out of order": packet(b"E"),
    # libmilter never answers this one, where body chunks go unanswered; no MTA sends it.
    "EOM with body bytes": packet(b"E", b"x\r\n"),
    "EOM twice": packet(b"E") * 2,
    "end of header out of order": packet(b"N") * 2,
    "body out of order": packet(b"B", b"x\r\n"),
    "RCPT out of order": packet(b"R", b"<a@example.net>\0"),
    "MAIL twice": packet(b"M", b"<a@example.com>\0") * 2,
    "abort often": packet(b"A") * 100,
    "abort with data": packet(b"A", b"x" * 1000),
    "quit and then more": packet(b"Q") + packet(b"M", b"<a@example.com>\0"),
    "quit for another, and nothing": packet(b"K") * 5,
    "unknown with a long line": packet(b"U", b"x" * 60000 + b"\0"),
    "unknown without NUL": packet(b"U", b"XYZ"),
    "DATA though it was declined": packet(b"T"),
}

# What to send after an offence, to see the whole path of a message behind it.
REST = b"".join(packet(c, x) for c, x in [
    (b"M", b"<a@example.com>\0"), (b"R", b"<b@example.net>\0"),
    (b"L", b"From\0 a@example.com\0"), (b"N", b""), (b"B", b"x\r\n"), (b"E", b"")])


def at_every_stage(d, data):
    """Neither a message in flight elsewhere is disturbed, nor the next one."""
    message = plain()
    with d.client() as other:
        other.mail()
        other.rcpt()
        other.flush()
        for stage in ("nothing", "negotiated", "connect", "mail", "header", "end of header"):
            for tail in (b"", REST):
                offend(d, data + tail, stage)
        for f in message.fields:
            other.header(*f)
        other.end_of_header()
        other.body(message.body)
        yield from d.signed(message, other.end())
    yield from d.good()


def any_order(d):
    """Valid packets in random order, 300 sessions; then noise."""
    rnd = random.Random(6)
    parts = [packet(*p) for p in [
        (b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff)), (b"A",), (b"K",), (b"N",), (b"E",),
        (b"C", b"host\x004\0\x19127.0.0.1\0"), (b"C", b"host\0U"), (b"H", b"host\0"),
        (b"M", b"<a@example.com>\0"), (b"R", b"<b@example.net>\0"), (b"T",),
        (b"D", b"C{client_addr}\x00127.0.0.1\0j\0mx.example.com\0"), (b"D", b"Mi\x004X\0"),
        (b"L", b"From\0 a@example.com\0"), (b"L", b"X-Campaign\0 x\0"), (b"L", b"To\0 b\0"),
        (b"B", b"x\r\n"), (b"B", b"y" * 60000), (b"U", b"XYZ\0"), (b"D", b"Ei\x004X\0")]]
    for i in range(300):
        data = parts[0] if i % 4 else b""
        data += b"".join(rnd.choices(parts[1:], k=rnd.randrange(1, 40)))
        if i % 5 == 0:
            at = rnd.randrange(len(data))
            data = data[:at] + rnd.randbytes(3) + data[at + 3:]
        with Client(d.socket) as c:
            send_and_see(c, data, 0.002)
    yield from d.good()


def idle_sessions(d):
    """Sessions that say nothing more do not keep others from being served.

    Silent between packets, that is: within one, libmilter's pool lets a session keep a
    worker, and now and then another one waits behind it."""
    silent = [Client(d.socket) for _ in range(100)]
    stopped = [d.client() for _ in range(50)]
    for c in stopped:
        c.mail()
        c.rcpt()
        c.flush()
    began = time.monotonic()
    for _ in range(5):
        yield from d.good()
    if time.monotonic() - began > 10:
        yield f"5 messages took {time.monotonic() - began:.1f} s beside silent sessions"
    for c in silent + stopped:
        c.close()


def descriptors_come_back(d, before):
    wait_until(f"descriptors to be closed, {d.fds()} of {before}",
               lambda: d.fds() <= before, 30)


def main():
    with wire("limits") as t, t.daemon() as d:
        check = t.check
        check("a good message", d.good)
        before = d.fds()
        check("a body of 5 MB, in little memory", big_body, d)
        check("a body of 2,000 chunks of one byte", lambda: d.signed(
            m := plain(b"0123456789 abcdefgh\r\n" * 96), d.send(m, chunks=1)))
        check("20,000 recipients", recipients, d)
        check("a field of 60,000 bytes that is not signed", signed, d,
              b"Subject: s\nX-Big: " + b"word " * 12000)
        check("a field of 60,000 bytes that is signed", signed, d,
              b"Subject: s\nReferences: " + b"\n ".join(b"<%d@example.com>" % i
                                                       for i in range(2800)))
        check("60,000 bytes in one line with blanks", signed, d, b"Subject: " + b"word " * 12000)
        check("60,000 bytes in one line without: refused", refused, d,
              b"Subject: " + b"x" * 60000)
        check("a body line over 998 bytes: refused", refused, d, b"Subject: s",
              b"x" * 999 + b"\r\n")
        check("900 fields", signed, d, b"Subject: s\n" + b"\n".join(
            b"X-%d: %d" % (i, i) for i in range(900)))
        check("1,500 fields: refused", refused, d, b"Subject: s\n" + b"\n".join(
            b"X-%d: %d" % (i, i) for i in range(1500)))
        check("2 MB of header: refused", refused, d, b"Subject: s\n" + b"\n".join(
            b"X-%d: " % i + b"x" * 50000 for i in range(40)))
        check("800 X-Campaign fields", signed, d, b"Subject: s\n" + b"\n".join(
            b"X-Campaign: %d" % i for i in range(800)))
        check("300 Subject fields: signed or refused, never broken", lambda: (
            [] if (a := d.send(m := Message.parse(FROM + b"Subject: s\n" * 300, BODY))).verdict
            == "reply" and not a.edits else d.signed(m, a)))
        check("odd senders and recipients", odd_envelopes, d)
        for text, data in HOSTILE.items():
            check(f"hostile: {text}", at_every_stage, d, data)
        check("valid packets in any order, and noise", any_order, d)
        check("150 silent sessions beside a busy one", idle_sessions, d)
        check("no descriptor was lost", descriptors_come_back, d, before)


main()
