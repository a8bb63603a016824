# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, version 2 to 6, as Postfix and Sendmail speak it.

Client is one connection.  It knows from the negotiation which steps the filter
does not want and which it does not answer, so a caller goes through a message
without asking.  Everything it takes for granted is checked: an answer where
none may come, or none where one is due, raises Wrong.  raw() sends anything.

Message is what passes through: fields with the value after the colon as it is
(SMFIP_HDR_LEADSPC) and the body.  Message.edited() does with the filter's edits
what an MTA does.
"""

import socket
import struct

# Actions that an MTA offers and a filter asks for.
ADDHDRS, CHGBODY, ADDRCPT, DELRCPT = 0x1, 0x2, 0x4, 0x8
CHGHDRS, QUARANTINE, CHGFROM, ADDRCPT_PAR, SETSYMLIST = 0x10, 0x20, 0x40, 0x80, 0x100
ALL_ACTIONS = 0x1ff

# Steps to leave out, and answers not to wait for.
NOCONNECT, NOHELO, NOMAIL, NORCPT, NOBODY, NOHDRS, NOEOH = 1, 2, 4, 8, 0x10, 0x20, 0x40
NR_HDR, NOUNKNOWN, NODATA, SKIP, RCPT_REJ = 0x80, 0x100, 0x200, 0x400, 0x800
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT, NR_DATA = 0x1000, 0x2000, 0x4000, 0x8000, 0x10000
NR_UNKN, NR_EOH, NR_BODY, HDR_LEADSPC = 0x20000, 0x40000, 0x80000, 0x100000
ALL_STEPS = 0x1fffff
ALL_NR = (NR_HDR | NR_CONN | NR_HELO | NR_MAIL | NR_RCPT | NR_DATA | NR_UNKN | NR_EOH
          | NR_BODY)

# command -> (bit that leaves the step out, bit that leaves the answer out)
STEPS = {b"C": (NOCONNECT, NR_CONN), b"H": (NOHELO, NR_HELO), b"M": (NOMAIL, NR_MAIL),
         b"R": (NORCPT, NR_RCPT), b"T": (NODATA, NR_DATA), b"L": (NOHDRS, NR_HDR),
         b"N": (NOEOH, NR_EOH), b"B": (NOBODY, NR_BODY), b"U": (NOUNKNOWN, NR_UNKN)}

# The order of the macro lists in a negotiation, and what Postfix sends unasked.
STAGES = [b"C", b"H", b"M", b"R", b"T", b"E", b"N"]
DEFAULT_MACROS = {b"C": ["j", "{daemon_name}", "{daemon_addr}", "v", "_"], b"H": [],
                  b"M": ["i", "{auth_type}", "{auth_authen}", "{auth_author}",
                         "{mail_addr}", "{mail_host}", "{mail_mailer}"],
                  b"R": ["i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"],
                  b"T": ["i"], b"N": ["i"], b"E": ["i"]}

FINAL = {b"a": "accept", b"c": "continue", b"d": "discard", b"r": "reject",
         b"t": "tempfail", b"y": "reply"}


class Closed(Exception):
    """The filter closed the connection."""


class Wrong(Exception):
    """The filter broke the protocol."""


class Edit:
    """One modification: kind is add, insert, change or delete; index as sent."""

    def __init__(self, kind, index, name, value):
        self.kind, self.index, self.name, self.value = kind, index, name, value

    def __repr__(self):
        value = self.value if len(self.value) < 60 else self.value[:57] + b"..."
        return f"{self.kind} {self.name.decode('latin1')}[{self.index}] {value!r}"


class Answer:
    """A final answer and the edits before it.  text: that of a reply code."""

    def __init__(self, verdict, text=b"", edits=(), senders=()):
        self.verdict, self.text, self.edits = verdict, text, list(edits)
        self.senders = list(senders)    # (address, arguments) of each change of the sender

    @property
    def passed(self):
        return self.verdict in ("accept", "continue")

    def of(self, *kinds):
        return [e for e in self.edits if e.kind in kinds]

    def __repr__(self):
        return f"{self.verdict} {self.text.decode('latin1')}".strip() + f" {self.edits}"


class Client:
    def __init__(self, address, timeout=20):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.pending = bytearray()
        self.received = b""
        self.version = self.actions = self.steps = 0
        self.lists = {}
        self.macros = {}
        self.let_go = None      # the Answer that told us to send nothing more

    # The bytes.  Packets are kept until an answer is due, as Postfix does it.

    def raw(self, data):
        self.pending += data
        self.flush()

    def send(self, command, data=b""):
        self.pending += struct.pack(">I", len(data) + 1) + command + data
        if len(self.pending) > 1 << 18:
            self.flush()

    def flush(self):
        data, self.pending = bytes(self.pending), bytearray()
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed("while sending") from None

    def _take(self, n):
        while len(self.received) < n:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed("while receiving")
            self.received += more
        taken, self.received = self.received[:n], self.received[n:]
        return taken

    def receive(self):
        self.flush()
        length = struct.unpack(">I", self._take(4))[0]
        if not 1 <= length <= 1 << 24:
            raise Wrong(f"a packet of length {length}")
        packet = self._take(length)
        return packet[:1], packet[1:]

    def silent(self, seconds=0.05):
        """True when nothing comes for that long and the connection stays open."""
        self.flush()
        self.socket.settimeout(seconds)
        try:
            self.received += self.socket.recv(1, socket.MSG_PEEK) and self.socket.recv(65536)
            return False
        except TimeoutError:
            return not self.received
        finally:
            self.socket.settimeout(20)

    def closed_by_filter(self, seconds=10):
        """Wait for the end of the connection; False when it stays open."""
        self.socket.settimeout(seconds)
        try:
            self.flush()
            while self.socket.recv(65536):
                pass
            return True
        except (Closed, ConnectionResetError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # The stages.

    def negotiate(self, version=6, actions=ALL_ACTIONS, steps=ALL_STEPS):
        self.send(b"O", struct.pack(">III", version, actions, steps))
        command, data = self.receive()
        if command != b"O" or len(data) < 12:
            raise Wrong(f"answer to the negotiation: {command!r} {data!r}")
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])
        if self.actions & ~actions or self.steps & ~steps:
            raise Wrong(f"asks for what was not offered: {self.actions:#x} {self.steps:#x}")
        data = data[12:]
        while data:
            names, _, data_after = data[4:].partition(b"\0")
            self.lists[STAGES[struct.unpack(">I", data[:4])[0]]] = names.decode().split()
            data = data_after
        return self

    def set_macros(self, **macros):
        """What this MTA knows; each stage sends of it what the filter asked for.
        Names over one letter get their braces."""
        for name, value in macros.items():
            name = name if len(name) == 1 else f"{{{name}}}"
            if value is None:
                self.macros.pop(name, None)
            else:
                self.macros[name] = value

    def _send_macros(self, command):
        wanted = self.lists.get(command, DEFAULT_MACROS[command])
        pairs = "".join(f"{n}\0{self.macros[n]}\0" for n in wanted if n in self.macros)
        if pairs:
            self.send(b"D", command + pairs.encode("utf-8", "surrogateescape"))

    def step(self, command, data=b""):
        """One command as negotiated; None where it goes unsent or unanswered."""
        skip, unanswered = STEPS[command]
        if self.steps & skip:
            return None
        if command in DEFAULT_MACROS:
            self._send_macros(command)
        self.send(command, data)
        return None if self.steps & unanswered else self.answer()

    def answer(self, edits_allowed=False):
        edits, senders = [], []
        while True:
            command, data = self.receive()
            if command == b"p":
                continue
            if command in FINAL:
                text = data.rstrip(b"\0") if command == b"y" else b""
                return Answer(FINAL[command], text, edits, senders)
            if command == b"s":
                return Answer("skip")
            if command == b"e" and edits_allowed:
                senders.append(sender_of(data))
                continue
            edit = parse_edit(command, data)
            if edit is None or not edits_allowed:
                raise Wrong(f"unexpected answer {command!r} {data[:80]!r}")
            edits.append(edit)

    def connect(self, host="client.example.com", address="127.0.0.1", port=12345, family=None):
        """family: 4, 6, L (address is a path), U (there is none); None: by address."""
        if family is None:
            family = "6" if ":" in address else "4"
        data = host.encode() + b"\0" + family.encode()
        if family != "U":
            data += struct.pack(">H", port) + address.encode() + b"\0"
        return self.step(b"C", data)

    def helo(self, name="client.example.com"):
        return self.step(b"H", name.encode() + b"\0")

    def mail(self, sender="<sender@example.com>", *arguments):
        return self.step(b"M", b"".join(bytes_of(a) + b"\0" for a in (sender, *arguments)))

    def rcpt(self, recipient="<rcpt@example.net>", *arguments):
        return self.step(b"R", b"".join(bytes_of(a) + b"\0" for a in (recipient, *arguments)))

    def data(self):
        return self.step(b"T")

    def unknown(self, text):
        return self.step(b"U", bytes_of(text) + b"\0")

    def header(self, name, value):
        return self.step(b"L", name + b"\0" + value + b"\0")

    def end_of_header(self):
        return self.step(b"N")

    def body(self, data):
        """A chunk; no MTA sends an empty one, and libmilter closes on it."""
        return self.step(b"B", data) if data else None

    def end(self):
        """End of message; the Answer with all edits."""
        self._send_macros(b"E")
        self.send(b"E")
        return self.answer(edits_allowed=True)

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")
        self.flush()

    # Whole messages.

    def open(self, **connect):
        """Connect and greet.  Keyword arguments as of connect()."""
        for step in (lambda: self.connect(**connect), self.helo):
            reply = step()
            if reply is not None and reply.verdict != "continue":
                if reply.verdict == "accept":
                    self.let_go = reply     # an MTA sends no mail of this client any more
                return reply
        return None

    def message(self, message, sender="<sender@example.com>", recipients=("<rcpt@example.net>",),
                arguments=(), chunks=65535):
        """MAIL to end of message; the first Answer that is not "go on".  Of a client
        that was let go, the Answer that did it.
        chunks: bytes in a body chunk, or a list of chunks."""
        if self.let_go is not None:
            return self.let_go
        pieces = chunks if isinstance(chunks, list) else [
            message.body[i:i + chunks] for i in range(0, len(message.body), chunks)]
        for step, arguments in [(self.mail, (sender, *arguments))] + [
                (self.rcpt, (r,)) for r in recipients] + [(self.data, ())] + [
                (self.header, f) for f in message.fields] + [(self.end_of_header, ())] + [
                (self.body, (p,)) for p in pieces]:
            reply = step(*arguments)
            if reply is not None and reply.verdict == "skip":
                break
            if reply is not None and reply.verdict != "continue":
                return reply
        return self.end()


def bytes_of(text):
    return text if isinstance(text, bytes) else text.encode()


def sender_of(data):
    """A new envelope sender and its arguments, b"" where there are none."""
    parts = data.split(b"\0")
    if parts[-1] != b"" or len(parts) not in (2, 3):
        raise Wrong(f"a sender that is not one or two strings: {data!r}")
    return parts[0], parts[1] if len(parts) == 3 else b""


def parse_edit(command, data):
    """None for what Metermark has no business to send."""
    index = 0
    if command in (b"i", b"m"):
        index, data = struct.unpack(">I", data[:4])[0], data[4:]
    elif command == b"q":
        return Edit("quarantine", 0, b"", data.rstrip(b"\0"))
    elif command != b"h":
        return None
    parts = data.split(b"\0")
    if len(parts) != 3 or parts[2] != b"":
        raise Wrong(f"an edit that is not two strings: {data!r}")
    kind = {b"h": "add", b"i": "insert", b"m": "change" if parts[1] else "delete"}[command]
    return Edit(kind, index, parts[0], parts[1])


class Message:
    def __init__(self, fields=(), body=b""):
        """fields: (name, value after the colon with LF before folds) in bytes."""
        self.fields = list(fields)
        self.body = body

    @classmethod
    def parse(cls, header, body=b""):
        """header: text, one field a line, folds as usual; LF line ends."""
        fields = []
        for line in bytes_of(header).strip(b"\n").split(b"\n"):
            if line[:1] in (b" ", b"\t"):
                fields[-1] = (fields[-1][0], fields[-1][1] + b"\n" + line)
            else:
                name, _, value = line.partition(b":")
                fields.append((name, value))
        return cls(fields, body)

    def raw(self):
        header = b"".join(n + b":" + v.replace(b"\n", b"\r\n") + b"\r\n" for n, v in self.fields)
        return header + b"\r\n" + self.body

    def delivered(self):
        """With the CRLF that an MTA puts behind a last line without one."""
        raw = self.raw()
        return raw if raw.endswith(b"\r\n") else raw + b"\r\n"

    def all(self, name):
        """The values of a field, top to bottom, trimmed."""
        return [v.strip() for n, v in self.fields if n.lower() == name.lower()]

    def edited(self, edits):
        """The message as it leaves.  Postfix renumbers fields with each edit,
        Sendmail keeps the numbers of arrival: both are done, and must agree."""
        postfix, sendmail = self._renumbering(edits), self._as_arrived(edits)
        if postfix != sendmail:
            raise Wrong(f"Postfix and Sendmail would differ after {edits}")
        return Message(postfix, self.body)

    def _renumbering(self, edits):
        fields = list(self.fields)
        for e in edits:
            if e.kind == "add":
                fields.append((e.name, e.value))
            elif e.kind == "insert":
                fields.insert(e.index, (e.name, e.value))
            else:
                at = instance(fields, e)
                fields[at:at + 1] = [] if e.kind == "delete" else [(e.name, e.value)]
        return fields

    def _as_arrived(self, edits):
        slots = [[f] for f in self.fields]
        top, bottom = [], []
        for e in edits:
            if e.kind == "add":
                bottom.append((e.name, e.value))
            elif e.kind == "insert":
                if e.index > len(top):
                    raise Wrong(f"an insert below fields that were there: {e}")
                top.insert(e.index, (e.name, e.value))
            else:
                at = instance(self.fields, e)
                slots[at] = [] if e.kind == "delete" else [(e.name, e.value)]
        return top + [f for slot in slots for f in slot] + bottom


def instance(fields, edit):
    """Where the edit's field stands."""
    places = [i for i, f in enumerate(fields) if f[0].lower() == edit.name.lower()]
    if not 1 <= edit.index <= len(places):
        raise Wrong(f"no such field: {edit}")
    return places[edit.index - 1]
