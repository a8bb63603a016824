#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does a real Sendmail write address fields as mail/sendform says it will?

Values, by hand and generated, go through sendform_rewrite(); what it calls the
same or has changed goes through a private Sendmail, as many fields of one name
in a message, and has to arrive as it was, white space runs aside.  TAP.  Needs
root, a C compiler, and Sendmail's packages (see mmtest/programs.py).

    tests/lib/py tests/e2e/sendform_check.py
"""

import argparse
import glob
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("MM_SRC", os.path.dirname(os.path.dirname(HERE)))

from mmtest.programs import Missing, find
from mmtest.scratch import Scratch, Tap
from mmtest.sendmail import Sendmail
from mmtest.sink import Sink
from mmtest.smtp import Client

# Below Sendmail's MaxHeadersLength, 32768.
BATCH_BYTES = 16000

BY_HAND = r"""
a@b.test
<a@b.test>
"Name" <a@b.test>
Name <User@EXAMPLE.Com>
J. Q. Public <a@b.test>
O'Brien <a@b.test>
"O'Brien" <a@b.test>
a@b.test,c@d.test
a@b.test , c@d.test
a@b.test; c@d.test
a@b.test (Comment, it's v. good)
(Comment) a@b.test
(a) (b) c@d.test (e)
Name (Comment) <a@b.test> (more)
Name<a@b.test>
Two  Spaces <a@b.test>
user
a@b.test.
<a@b.test.>
a@[192.0.2.1]
<@r.test,@s.test:a@b.test>
undisclosed-recipients:;
undisclosed recipients: ;
Group:a@b.test,c@d.test;
Group: A. <a@b.test>, "B" <c@d.test>;, e@f.test
"G r p": a@b.test;
Gr.p: a@b.test;
"a b"@b.test, <"a\"b"@b.test>
=?utf-8?Q?J=C3=B6rg?= <a@b.test>
=?utf-8?Q?J=C3=B6rg_M.?= <a@b.test>
=?utf-8?B?SsO2cmc=?= X. <a@b.test>
"=?utf-8?Q?J=C3=B6rg?=" <a@b.test>
Jörg <a@b.test>
"esc \"q\" and \\ back" <a@b.test>
Name with "inner" quotes <a@b.test>
"A" B. "C" <a@b.test>
at@sign <a@b.test>
[list] Name <a@b.test>
a@b.test ((nested) c)
a@b.test (unbal
"unbal <a@b.test>
<a@b.test> <c@d.test>
a..b@c.test, .a@c.test
a @ b . test
, a@b.test,, c@d.test,
Foo/Bar & Co. #1 $2 100% *x* ! ~ ` ^ | {y} = ? + - _ <a@b.test>
""".split("\n")[1:-1]

WORDS = ["Name", "News", "J.", "Q.", "O'Brien", "Inc.", "Ltd", "&", "[x]", "50%", "!", "#1",
         "Jörg", "日本", "=?utf-8?Q?J=C3=B6rg?=", "=?UTF-8?B?SsO2cmc=?=", "=?utf-8?Q?M._X?=",
         "=?iso-8859-1?q?d'or?=", "a@b.c", "x/y", "{q}", "^", "`", "$x", "=?bad", "?=",
         "=?utf-8?Q?" + "a" * 62 + "._x?="]
INSIDE = ["a", "B", " ", "  ", ",", ";", ":", "@", "<", ">", ".", "'", "[", "]", "é", "\t",
          "\\\\", '\\"', "\\x"]
LOCALS = ["a", "user", "a.b", "a+b", "x_y", "A.B", '"a b"', '"a@b"', '"a\\"b"', "a%b", "a!b",
          "a..b", "o'n", "{z}", '""', "é", "à"]
DOMAINS = ["b.test", "Example.COM", "b.test.", "xn--bcher-kva.test", "b_c.test", "host",
           "[192.0.2.1]", "localhost", "x.uucp", "bü.test"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, *choices):
        return self.random.choice(choices)

    def some(self, most, make):
        return [make() for _ in range(self.random.randint(0, most))]

    def gap(self):
        return self.one("", " ", " ", "  ", "\t", "\n ", "\n\t")

    def comment(self, depth=0):
        inner = self.some(4, lambda: self.one("(", ")") if depth else self.one(*INSIDE, '"'))
        text = "".join("" if c in "()" else c for c in inner)
        return "(" + text + (self.comment(depth + 1) if self.random.random() < 0.2 else "") + ")"

    def word(self):
        r = self.random.random()
        if r < 0.1:
            return self.comment()
        if r < 0.3:
            return '"' + "".join(self.some(7, lambda: self.one(*INSIDE, "(", ")"))) + '"'
        return self.one(*WORDS)

    def spec(self):
        at = self.one("@", "@", "@", "@", "@", "@", " @ ", "")
        return self.one(*LOCALS) + at + (self.one(*DOMAINS[:5], *DOMAINS) if at else "")

    def box(self):
        r = self.random.random()
        if r < 0.3:
            return self.gap() + self.spec() + self.gap()
        if r < 0.4:
            return self.one(self.comment(), "") + self.gap() + self.spec() + self.one(
                " " + self.comment(), self.comment())
        phrase = self.one(" ", "\n ", "").join(self.some(4, self.word))
        route = self.one("", "", "", "", "@r.test:")
        return (self.gap() + phrase + self.gap() + "<" + route + self.spec() + ">" +
                self.one("", "", self.gap(), " " + self.comment()))

    def members(self, most):
        return self.one(", ", ",", " , ", ",\n\t", ";", ",,").join(
            self.box() for _ in range(self.random.randint(1, most)))

    def long(self):
        n = self.random.randint(200, 300)
        return self.one('"' + "n" * n + '" <a@b.test>', "a@b.test (" + "c" * n + ")",
                        '"' + "\\'" * (n // 2) + '" <a@b.test>, x@y.test', "a" * n + "@b.test",
                        "G: " + "J. " * (n // 3) + "<a@b.test>;")

    def value(self):
        r = self.random.random()
        if r < 0.1:
            return self.one("Group", '"G, r"', "G.r", "My List", "it's") + ":" + self.one(
                self.members(3), "") + ";"
        if r < 0.2:
            return self.long()
        if r < 0.3:
            return "".join(self.some(12, lambda: self.one(*'ab.@@<>,;:"\\()[] é', "a@b.test")))
        return self.members(1 if r < 0.7 else 12)

    def values(self, count):
        """As header fields can have them: no line of blanks alone."""
        made = (" " + self.value() for _ in iter(int, 1))
        good = (v for v in made if not re.search(r"\n[ \t]*(\n|$)", v))
        return [next(good).encode() for _ in range(count)]


def relaxed(value):
    return re.sub(rb"[ \t\r\n]+", b" ", value).strip()


def build(scratch):
    program = os.path.join(scratch.path, "sendform_print")
    sources = [glob.glob(f"{SRC}/milter/*/{n}.c")[0]
               for n in ("sendform", "addr", "arena", "buf", "str")]
    subprocess.run([find(os.environ.get("CC", "cc"), "gcc", "clang"), "-std=c11", "-D_GNU_SOURCE",
                    "-g", "-iquote", f"{SRC}/include", f"{HERE}/sendform_print.c", *sources,
                    "-o", program], check=True)
    return program


def rewrite(program, name, values):
    """[(value, result, out)]"""
    lines = "".join(f"{name} {v.hex()}\n" for v in values)
    done = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [line.split(" ") for line in done.stdout.decode().split("\n")[:-1]]
    return [(v, r, bytes.fromhex(h)) for v, (r, h) in zip(values, answers, strict=True)]


def batches(items):
    batch, size = [], 0
    for item in items:
        if batch and size + len(item[2]) + 30 > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item[2]) + 30
    if batch:
        yield batch


def deliver(mta, sink, name, batch):
    """What comes out: {index in batch: value}"""
    before = set(m.path for m in sink.messages())
    head = "".join(f"{n}: {v}\r\n" for n, v in (
        ("From", "<f@example.test>"), ("To", "<t@example.test>"), ("Subject", "sendform"),
        ("Date", "Tue, 24 Nov 2026 00:00:00 +0000"), ("Message-ID", "<s@example.test>")))
    text = head.encode()
    for i, (_, _, out) in enumerate(batch):
        out = re.sub(rb"\r?\n", b"\r\n", out)
        text += b"X-Index: %d\r\n%s:%s\r\n" % (i, name.encode(), out)
    with Client(mta.port) as client:
        reply = client.send("f@example.test", ["to@example.net"], text + b"\r\nbody\r\n")
        if not reply.accepted:
            raise RuntimeError(f"refused: {reply}")
    mta.drain()
    message, = [m for m in sink.messages() if m.path not in before]
    got, index = {}, None
    for field, value in message.fields():
        if field == "X-Index":
            index = int(value)
        elif field == name and index is not None:
            got.setdefault(index, value.encode("utf-8", "surrogateescape"))
    return got


def check(tap, mta, sink, program, name, values, what):
    items = rewrite(program, name, values)
    problems, sent, counts = [], 0, {}
    for value, result, out in items:
        counts[result] = counts.get(result, 0) + 1
        if result == "SAME" and out != value:
            problems.append(f"SAME, but {value} became {out}")
    for batch in batches([i for i in items if i[1] != "NO_MEMORY" and i[2]]):
        got = deliver(mta, sink, name, batch)
        for i, (value, result, out) in enumerate(batch):
            sent += 1
            if i not in got or relaxed(got[i]) != relaxed(out):
                problems.append(f"{result}: {value}\nset to   {out}\narrived  {got.get(i)}")
    if counts.get("NO_MEMORY"):
        problems.append(f"{counts['NO_MEMORY']} values need too much memory")
    summary = ", ".join(f"{k} {v}" for k, v in sorted(counts.items()))
    tap.result(f"{name}: {sent} of {len(values)} {what} values go through as foretold ({summary})",
               problems[:20])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="generated values per field")
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root: Sendmail does")
        return 0
    tap = Tap()
    with Scratch("mm-sendform-") as scratch:
        try:
            program = build(scratch)
            sink = Sink(scratch.dir("sink"))
            mta = Sendmail(scratch.dir("mta"), sink.port, "", milter=False)
        except Missing as e:
            print(f"1..0 # SKIP {e}")
            return 0
        with sink, mta:
            for name in ("Cc", "Reply-To"):
                hand = [(" " + v).encode() for v in BY_HAND]
                check(tap, mta, sink, program, name, hand, "handwritten")
                check(tap, mta, sink, program, name, Generator(args.seed).values(args.count),
                      "generated")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
