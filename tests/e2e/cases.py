# SPDX-License-Identifier: BSD-2-Clause
"""The table of messages that go through both MTAs.

A new case is one Case(...) line.  Every case is sent by SMTP to each MTA that
it names; run.py then checks what came out at the other end:

* signed():    delivered, every signature good for dkimpy and for Mail::DKIM,
               one for each key of the domain
* unsigned():  delivered without a signature of ours, counted as unsigned
* untouched(): delivered byte for byte as without a milter, not counted
* refused(re): the MTA refused it with a reply that matches, counted as
               rejected (5xx) or tempfailed (4xx)

and that Redis holds the sums of the whole table.  `expect` may be a dict where
the MTAs differ.  headers={"Name": [values]} are the instances that the
recipient must see, unfolded, from the top; [] means none.
"""

import re
from dataclasses import dataclass, field

from mmtest.compose import canonical, mail, mime
from mmtest.vendors import CASES as VENDORS

BOTH = ("postfix", "sendmail")
POSTFIX = ("postfix",)
SENDMAIL = ("sendmail",)


@dataclass(frozen=True)
class Expect:
    kind: str                   # signed, unsigned, untouched, refused
    domain: str = ""            # signed: d=
    reply: str = ""             # refused: what the reply looks like
    counted: bool = True        # refused: by us, not by the MTA


def signed(domain="example.test"):
    return Expect("signed", domain=domain)


def unsigned():
    return Expect("unsigned")


def untouched():
    return Expect("untouched", counted=False)


def refused(reply, counted=True):
    return Expect("refused", reply=reply, counted=counted)


@dataclass
class Case:
    name: str
    message: bytes
    expect: object = signed()       # an Expect, or {"postfix": Expect, "sendmail": Expect}
    mta: tuple = BOTH
    campaign: str = "none"          # the one it is counted under
    rcpts: object = 1               # how many at @rcpt.test, or addresses
    sender: str = "bounce@example.test"
    options: tuple = ()             # of MAIL
    headers: dict = field(default_factory=dict)
    to: str = "rcpt.test"           # recipient domain: it chooses the next hop
    port: str = "port"              # port, plain or submission
    source: str = "127.0.0.1"       # address we connect from; 127.0.0.2 is no network of ours
    xclient: dict = field(default_factory=dict)
    bdat: bool = False
    counts: dict = field(default_factory=dict)      # further counters, {mta: {field: n}}
    bytes_known: bool = True        # False: the MTA shows the milter other bytes than were sent

    def expected(self, mta):
        return self.expect[mta] if isinstance(self.expect, dict) else self.expect


def campaign(name, **more):
    """A case's arguments for a message of that campaign."""
    return dict(message=mail(f"X-Campaign: {name}", **more), campaign=canonical(name))


def of_vendor(vendor):
    """A case of mmtest.vendors: the recipient sees what is left of its header."""
    lines = re.split(r"\n(?![ \t])", vendor.header.rstrip("\n"))
    shown = {}
    for line in lines:
        name, _, value = line.partition(":")
        shown.setdefault(name, [])
        if name in vendor.left:
            shown[name].append(value.strip())
    return Case(f"tags of {vendor.name}", mail(*[line.replace("\n", "\r\n") for line in lines]),
                campaign=vendor.campaign, headers=shown,
                counts={mta: {"bad_source": 1} for mta in BOTH} if vendor.fault else {})


LONG_LIST = ", ".join(f"Very Long Display Name {i} <recipient{i}@rcpt.test>" for i in range(8))
MANY = ", ".join(f"r{i}@rcpt.test" for i in range(200))
LINE = "The quick brown fox jumps over the lazy dog, again and again and again.\r\n"
REINJECTED = ("Received: from filter.example.test (localhost [127.0.0.1])\r\n"
              "\tby {host} (Postfix) with ESMTP id 4X1y2z\r\n"
              "\tfor <u1@rcpt.test>; Tue, 24 Nov 2026 08:00:00 +0000 (UTC)\r\n")


def with_received(host):
    return REINJECTED.format(host=host).encode() + mail()


CASES = [
    # --- messages as they come
    Case("plain", mail()),
    Case("20 recipients", mail(), rcpts=20),
    Case("providers", mail(), rcpts=tuple("{tag}@" + d for d in (
         "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "icloud.com", "rcpt.test"))),
    Case("null sender", mail(), sender=""),
    Case("body of 5 MB", mail(body=LINE * (5 * 1024 * 1024 // len(LINE)))),
    Case("empty body", mail(body="")),
    Case("body of blank lines", mail(body="\r\n\r\n\r\n\r\n")),
    Case("body of white space", mail(body=" \t \r\n \r\n")),
    Case("one blank line", mail(body="\r\n")),
    Case("trailing blanks and blank lines", mail(body="line  \r\n\t\r\nx \t\r\n\r\n\r\n")),
    Case("dot lines", mail(body=".one\r\n..two\r\n.\r\n...\r\n. \r\nend\r\n")),
    Case("no final newline", mail(body="no newline at the end")),
    Case("no final newline, by BDAT", mail(body="no newline at the end"), mta=POSTFIX, bdat=True,
         options=("BODY=8BITMIME",), bytes_known=False),
    Case("by BDAT", mail(body=LINE * 100), mta=POSTFIX, bdat=True),
    Case("no body and no blank line", b"From: News <news@example.test>\r\nTo: u1@rcpt.test\r\n"
         b"Subject: A letter\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n"
         b"Message-ID: <%ID%@example.test>\r\n", bytes_known=False),
    Case("From line of mbox on top", b"From news Tue Nov 24 08:00:00 2026\r\n" + mail(),
         mta=POSTFIX, bytes_known=False),
    Case("multipart", mail("MIME-Version: 1.0", 'Content-Type: multipart/alternative; boundary="b"',
         body="preamble\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
              "--b\r\nContent-Type: text/html\r\n\r\n<p>hello\r\n--b--\r\n")),
    Case("multipart without its closing boundary",
         mail("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"',
              body="--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n")),
    Case("multipart, nested and broken",
         mail("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"',
              body='--b\r\nContent-Type: multipart/alternative; boundary="c"\r\n\r\n--c\r\n\r\n'
                   "text\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--c--\r\n--b--")),
    Case("body with control characters", mail(body="bell \a escape \x1b[1m form \f feed\v\r\n")),
    Case("NUL in the body", mail(body="a\0b\r\n"), bytes_known=False),
    Case("bare LF for line ends", mail(body="one\ntwo\n\nthree\r\n"), bytes_known=False,
         expect={"postfix": signed(), "sendmail": refused("^421|^5", counted=False)}),
    Case("bare CR in the body", mail(body="one\rtwo\r\n"), bytes_known=False,
         expect={"postfix": signed(), "sendmail": refused("^421|^5", counted=False)}),
    Case("body of lines of 78 and 998", mail(body="x" * 78 + "\r\n" + "y" * 985 + "\r\n")),

    # --- address fields: what Sendmail would write in its own way
    Case("To: no space after the comma", mail(To="u1@rcpt.test,u2@rcpt.test,u3@rcpt.test")),
    Case("To: long, on one line", mail(To=LONG_LIST)),
    Case("To: long, folded by tabs", mail(To=LONG_LIST.replace(", ", ",\r\n\t"))),
    Case("To: long, folded before commas", mail(To=LONG_LIST.replace(", ", "\r\n , "))),
    Case("To: 200 addresses", mail(To=MANY.replace(", ", ",\r\n "))),
    Case("To: names with commas", mail(To='"Doe, Jane" <u1@rcpt.test>,"Roe, R." <u2@rcpt.test>')),
    Case("To: group", mail(To="undisclosed-recipients:;")),
    Case("To: group with members", mail(To="Friends: u1@rcpt.test,u2@rcpt.test;")),
    Case("To: unqualified", mail(To="user"), bytes_known=False,
         counts={"sendmail": {"partly_signed": 1}}),
    Case("To: angle brackets only", mail(To="<u1@rcpt.test>")),
    Case("To: empty", mail(To="")),
    Case("To and Cc, twice each", mail("To: u2@rcpt.test", "Cc: u3@rcpt.test,u4@rcpt.test",
         "Cc: u5@rcpt.test")),
    Case("To: encoded word", mail(To="=?UTF-8?Q?J=C3=BCrgen?= <u1@rcpt.test>,u2@rcpt.test")),
    Case("To: quoted local part", mail(To='"u 1"@rcpt.test,u2@rcpt.test')),
    Case("To: comment", mail(To="u1@rcpt.test (Jane),u2@rcpt.test")),
    Case("To: trailing comma", mail(To="u1@rcpt.test, u2@rcpt.test,")),
    Case("From: dot, unquoted", mail(From="Acme Inc. <news@example.test>")),
    Case("From: dot, quoted", mail(From='"Acme Inc." <news@example.test>')),
    Case("From: comma, quoted", mail(From='"Acme, Inc" <news@example.test>')),
    Case("From: apostrophe", mail(From="Bob's News <news@example.test>")),
    Case("From: parentheses, quoted", mail(From='"News (weekly)" <news@example.test>')),
    Case("From: parentheses", mail(From="News (weekly) <news@example.test>")),
    Case("From: quoted quote", mail(From='"The \\"best\\" news" <news@example.test>')),
    Case("From: quoted at", mail(From='"a@b.example" <news@example.test>')),
    Case("From: encoded word", mail(From="=?UTF-8?Q?Caf=C3=A9?= <news@example.test>")),
    Case("From: two encoded words, folded",
         mail(From="=?UTF-8?Q?Caf=C3=A9?=\r\n =?UTF-8?Q?_und_Kuchen?= <news@example.test>")),
    Case("From: no space before the angle", mail(From='"News"<news@example.test>')),
    Case("From: no name", mail(From="news@example.test")),
    Case("From: angle brackets only", mail(From="<news@example.test>")),
    Case("From: comment for a name", mail(From="news@example.test (News, the)")),
    Case("From: folded", mail(From="News\r\n <news@example.test>")),
    Case("From: tab", mail(From="\tNews\t<news@example.test>")),
    Case("From: upper-case domain", mail(From="News <news@EXAMPLE.TEST>")),
    Case("From: name of 150", mail(From='"' + "N" * 150 + '" <news@example.test>')),
    Case("From: name of 300", mail(From='"' + "N" * 300 + '" <news@example.test>'),
         expect={"postfix": signed(), "sendmail": refused("^5")}),
    Case("From: 8-bit name", mail(From="Café <news@example.test>")),
    Case("Reply-To and Sender", mail("Reply-To: A. B. <a@example.test>,b@example.test",
         "Sender: Bob's <s@example.test>")),
    Case("To: name of 300", mail(To='"' + "N" * 300 + '" <u1@rcpt.test>'),
         counts={"sendmail": {"partly_signed": 1}}),
    Case("two addresses in From", mail("Sender: news@example.test",
         From="News <news@example.test>, More <more@example.test>")),

    # --- other fields
    Case("no Date, no Message-ID", mail(drop=("Date", "Message-ID")), bytes_known=False),
    Case("no Date", mail(drop=("Date",)), bytes_known=False),
    Case("no Message-ID", mail(drop=("Message-ID",)), bytes_known=False),
    Case("no Subject, no To", mail(drop=("Subject", "To")), bytes_known=False),
    Case("only From", b"From: news@example.test\r\n\r\nhello\r\n", bytes_known=False),
    Case("empty Subject", mail(Subject="")),
    Case("Subject twice", mail("Subject: another")),
    Case("Subject folded", mail(Subject="one two\r\n three four\r\n\tfive")),
    Case("Subject folded before the first word", mail(Subject="\r\n one")),
    Case("Subject of blanks", mail(Subject="   ")),
    Case("Subject without a space", mail("X-After: x").replace(b"Subject: ", b"Subject:")),
    Case("Subject with spaces before the colon",
         mail().replace(b"Subject: ", b"Subject : "), mta=POSTFIX, bytes_known=False),
    Case("Subject encoded", mail(Subject="=?UTF-8?B?R3LDvMOfZQ==?=")),
    Case("Subject 8-bit", mail(Subject="Grüße aus Köln")),
    Case("Subject in Latin-1", mail(Subject="Gr\udcfc\udcdfe")),
    Case("Subject of 1200, with spaces", mail(Subject="word " * 240)),
    Case("Subject of 1200, no space", mail(Subject="s" * 1200), expect=refused("^5")),
    Case("X- field of 1200, no space", mail("X-Long: " + "s" * 1200)),
    Case("References of 3000, folded", mail("References: " + "\r\n ".join(
         f"<{i:0>60}@example.test>" for i in range(40)))),
    Case("control characters in Subject", mail(Subject="a\vb\fc\x07d"), expect=refused("^5")),
    Case("control characters in an unsigned field", mail("X-Odd: a\vb\fc\x07d")),
    Case("field name of 300", mail("X-" + "n" * 298 + ": value")),
    Case("field of 50 kB", mail("X-Big: start\r\n" + "\r\n".join([" " + "z" * 70] * 700)),
         mta=POSTFIX),
    Case("900 fields", mail(*[f"X-Field-{i}: v" for i in range(900)])),
    Case("1100 fields", mail(*[f"X-Field-{i}: v" for i in range(1100)]), expect=refused("^5")),
    Case("names in odd case", mail().replace(b"Subject", b"SUBJECT").replace(b"From:", b"from:")),
    Case("Bcc, Return-Path", mail("Bcc: secret@rcpt.test", "Return-Path: <x@example.test>"),
         bytes_known=False),
    Case("Content-Length", mail("Content-Length: 5"), bytes_known=False),
    Case("list fields", mail("List-Id: News <news.example.test>",
         "List-Unsubscribe: <https://u.example.test/1>, <mailto:u@example.test>",
         "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Precedence: bulk",
         "Auto-Submitted: auto-generated"), campaign="news"),
    Case("Resent fields", mail("Resent-From: other@example.test", "Resent-To: u2@rcpt.test",
         "Resent-Date: Tue, 24 Nov 2026 08:00:00 +0000",
         "Resent-Message-ID: <r%ID%@example.test>"), bytes_known=False),
    Case("150 fields", mail(*[f"X-Field-{i}: value {i}" for i in range(150)])),
    Case("a foreign signature", mail("DKIM-Signature: v=1; a=rsa-sha256; d=other.test; s=x; "
         "h=from; bh=AAAA; b=AAAA")),
    # Postfix gives mail of local clients a From, and an address in it, before we see it.
    Case("no From", mail(drop=("From",)), bytes_known=False,
         expect={"postfix": signed(), "sendmail": refused("^5")}),
    Case("two From", mail("From: other@example.test"), expect=refused("^5")),
    Case("empty From", mail(From=""), expect=refused("^5")),
    Case("From without an address", mail(From="News"), bytes_known=False,
         expect={"postfix": signed(), "sendmail": refused("^5")}),
    Case("From: group", mail(From="News: news@example.test;"), bytes_known=False),

    # --- 8-bit, long lines, SMTPUTF8
    Case("8-bit body", mime("Café\r\n"), options=("BODY=8BITMIME",)),
    Case("8-bit body, undeclared", mail(body="Café\r\n")),
    Case("8-bit body to a 7-bit hop", mime("Café\r\n"), options=("BODY=8BITMIME",), to="7bit.test"),
    Case("body line of 1500", mail(body="y" * 1500 + "\r\n"), expect=refused("^5")),
    Case("SMTPUTF8", mail(Subject="Grüße", To="jürgen@utf8.test"), options=("SMTPUTF8",),
         mta=POSTFIX, rcpts=("{tag}+jürgen@utf8.test",)),
    Case("SMTPUTF8 in From's local part", mail(From="Grüße <grüße@example.test>"),
         options=("SMTPUTF8",), mta=POSTFIX, to="utf8.test"),

    # --- whose domain
    Case("subdomain", mail(From="news@eu.example.test")),
    Case("domain with one key", mail(From="news@example.org"), expect=signed("example.org")),
    Case("subdomain of a domain without subdomains", mail(From="news@eu.example.org"),
         expect=unsigned()),
    Case("foreign domain", mail(From="news@example.net"), expect=unsigned()),
    Case("domain that only ends alike", mail(From="news@badexample.test"), expect=unsigned()),
    Case("envelope sender elsewhere", mail(), sender="b@bounce.example.net"),

    # --- campaigns
    Case("campaign", **campaign("autumn")),
    Case("campaign, case and spaces", **campaign("  Autumn   Sale 2026 ")),
    Case("campaign, same by another spelling", **campaign("AUTUMN/sale/2026")),
    Case("campaign, 8-bit", **campaign("Café")),
    Case("campaign, encoded", message=mail("X-Campaign: =?UTF-8?Q?Caf=C3=A9?="),
         campaign=canonical("Café")),
    Case("campaign, over-long", **campaign("a" * 100)),
    Case("campaign, punctuation", **campaign("{x}*$(id)`~'\"")),
    Case("campaign, _all", **campaign("_all")),
    Case("campaign, dots in front", **campaign("..hidden")),
    Case("campaign, empty", **campaign("")),
    Case("campaign, twice", mail("X-Campaign: first", "X-Campaign: second"), campaign="first"),
    Case("campaign, ours wins", mail("X-Campaign: theirs", "X-Metermark-Campaign: ours"),
         campaign="ours", headers={"X-Metermark-Campaign": []}),
    Case("campaign, folded", mail("X-Campaign: spring\r\n sale"), campaign="spring-sale"),
    Case("campaign, refused", mail("X-Campaign: broken", "From: b@example.test"),
         expect=refused("^5"), campaign="broken"),
    Case("campaign, foreign domain", mail("X-Campaign: away", From="a@example.net"),
         expect=unsigned(), campaign="away"),

    # --- header rules (streams of run.py's CONFIG)
    Case("rules: feedback_id, add, set, remove",
         mail("X-Campaign: news-1", "X-Mailer: Foo 1.0", "Precedence: list"), campaign="news-1",
         headers={"Feedback-ID": ["news-1:news:example.test:exmplco"], "Precedence": ["bulk"],
                  "X-Report-Abuse": ["https://example.test/abuse?c=news-1"], "X-Mailer": []}),
    Case("rules: set of none", mail("X-Campaign: news-2"), campaign="news-2",
         headers={"Precedence": ["bulk"]}),
    Case("rules: set of three", mail("Precedence: a", "X-Campaign: news-3", "Precedence: b",
         "X-Other: x", "precedence: c"), campaign="news-3",
         headers={"Precedence": ["bulk"], "X-Other": ["x"]}),
    Case("rules: remove of five, others between",
         mail("X-Campaign: news-4", "X-Mailer: 1", "X-Keep: a", "X-Mailer: 2", "X-Keep: b",
              "x-mailer: 3", "X-MAILER: 4", "X-Keep: c", "X-Mailer: 5",
              "X-Originating-IP: [192.0.2.1]"), campaign="news-4",
         headers={"X-Mailer": [], "X-Keep": ["a", "b", "c"], "X-Originating-IP": []}),
    Case("rules: feedback_id is replaced",
         mail("X-Campaign: news-5", "Feedback-ID: a:b:c:d", "Feedback-ID: e:f:g:h"),
         campaign="news-5", headers={"Feedback-ID": ["news-5:news:example.test:exmplco"]}),
    Case("rules: add beside an existing one", mail("X-Campaign: news-6", "X-Report-Abuse: theirs"),
         campaign="news-6",
         headers={"X-Report-Abuse": {"postfix": ["theirs", "https://example.test/abuse?c=news-6"],
                                     "sendmail": ["https://example.test/abuse?c=news-6",
                                                  "theirs"]}}),
    Case("rules: add of a signed field that is there",
         mail("X-Campaign: list-1", "List-Id: theirs.example.test"), campaign="list-1",
         headers={"List-Id": ["theirs.example.test"]}),
    Case("rules: add of a signed field that is not there", mail("X-Campaign: list-2"),
         campaign="list-2", headers={"List-Id": ["News <list-2.list.example.test>"]}),
    Case("rules: set of Subject", mail("X-Campaign: list-3", "Subject: second"),
         campaign="list-3", headers={"Subject": ["[list-3]"]}),
    Case("rules: first stream that matches", mail("X-Campaign: news-list", From="n@example.org"),
         expect=signed("example.org"), campaign="news-list",
         headers={"Precedence": ["bulk"], "X-Org": []}),
    Case("rules: by From domain", mail(From="n@example.org"), expect=signed("example.org"),
         headers={"X-Org": ["example.org 1"], "Precedence": []}),
    Case("rules: no stream, nothing but signature",
         mail("X-Campaign: other", "X-Mailer: stays", "Feedback-ID: a:b:c:d"), campaign="other",
         headers={"X-Mailer": ["stays"], "Feedback-ID": ["a:b:c:d"], "Precedence": []}),
    Case("rules: 20 recipients", mail("X-Campaign: count-20", From="n@example.org"), rcpts=20,
         expect=signed("example.org"), campaign="count-20", headers={"X-Org": ["example.org 20"]}),

    # --- tracking fields: what the sender has stays, or is replaced (tracking.py has the rest)
    Case("tracking: the sender's own fields stay",
         mail("X-Campaign: track-1", "List-Unsubscribe: <mailto:u@example.test>",
              "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "List-Id: <t.example.test>",
              "CFBL-Address: c@example.test", "CFBL-Feedback-ID: theirs",
              "X-Report-Abuse: theirs", "Feedback-ID: a:b:c:theirs"), campaign="track-1",
         headers={"List-Unsubscribe": ["<mailto:u@example.test>"],
                  "List-Unsubscribe-Post": ["List-Unsubscribe=One-Click"],
                  "List-Id": ["<t.example.test>"], "CFBL-Address": ["c@example.test"],
                  "CFBL-Feedback-ID": ["theirs"],
                  "Feedback-ID": ["track-1:example.test:track:exmplco"]}),
    Case("tracking: the sender's own List-Unsubscribe, twice",
         mail("X-Campaign: track-2", "List-Unsubscribe: <mailto:u@example.test>",
              "X-Between: 1", "list-unsubscribe: <https://example.test/u>"), campaign="track-2",
         headers={"List-Unsubscribe": ["<mailto:u@example.test>,\t<https://example.test/u>"],
                  "List-Unsubscribe-Post": []}),
    Case("tracking: leaks, Bcc and BIMI",
         mail("X-Campaign: track-3", "X-Originating-IP: [192.0.2.1]", "X-PHP-Script: /home/u/s",
              "X-AntiAbuse: 1", "X-AntiAbuse: 2", "X-Source-Args: a", "X-Spam-Score: 1",
              "BIMI-Selector: v=BIMI1; s=brand", "BIMI-Location: v=BIMI1; l=x",
              "BIMI-Indicator: x", "Resent-Bcc: b@rcpt.test", "Bcc: c@rcpt.test",
              "X-Mailer: stays"), campaign="track-3", bytes_known=False,
         headers={"X-Originating-IP": [], "X-PHP-Script": [], "X-AntiAbuse": [],
                  "X-Source-Args": [], "X-Spam-Score": [], "BIMI-Location": [],
                  "BIMI-Indicator": [], "Resent-Bcc": [], "Bcc": [], "X-Mailer": ["stays"],
                  "BIMI-Selector": ["v=BIMI1; s=brand"]}),
    Case("tracking: Bcc and BIMI-Location go from all mail of ours",
         mail("BIMI-Location: x", "Resent-Bcc: b@rcpt.test", "X-Originating-IP: stays"),
         bytes_known=False, headers={"BIMI-Location": [], "Resent-Bcc": [],
                                     "X-Originating-IP": ["stays"]}),
    Case("tracking: several recipients, list",
         mail("X-Campaign: track-4", "Feedback-ID: a"), rcpts=3, campaign="track-4",
         headers={"List-Unsubscribe-Post": []}),
    Case("tracking: several recipients, reject", mail("X-Campaign: replace-1"), rcpts=2,
         expect=refused("^550 5.5.3"), campaign="replace-1"),

    # --- whose mail
    Case("not ours: other client", mail("X-Campaign: forged", "X-Metermark-Campaign: forged",
         To="u1@rcpt.test,u2@rcpt.test"), expect=untouched(), source="127.0.0.2"),
    Case("not ours: other client, two From", mail("From: b@example.test"), expect=untouched(),
         source="127.0.0.2"),
    Case("not ours: other client, long line", mail(body="y" * 1500 + "\r\n"), expect=untouched(),
         source="127.0.0.2"),
    Case("not ours: by XCLIENT", mail("X-Campaign: forged"), expect=untouched(), mta=POSTFIX,
         xclient={"ADDR": "192.0.2.7", "NAME": "mx.example.net"}),
    Case("not ours: IPv6 by XCLIENT", mail(), expect=untouched(), mta=POSTFIX,
         xclient={"ADDR": "IPV6:2001:db8::7"}),
    Case("ours: by daemon name", mail("X-Campaign: submitted"), source="127.0.0.2",
         port="submission", campaign="submitted"),
    Case("ours: authenticated", mail("X-Campaign: shop-1"), mta=POSTFIX, campaign="shop-1",
         xclient={"ADDR": "192.0.2.7", "LOGIN": "shop"}, headers={"X-Shop": ["shop"]}),
    Case("authenticated, but not for this domain", mail(From="n@example.org"), mta=POSTFIX,
         xclient={"ADDR": "192.0.2.7", "LOGIN": "shop"}, expect=untouched()),
    Case("re-injected", with_received("pf.example.test"), expect=untouched(), mta=POSTFIX),
    Case("re-injected", with_received("sm.example.test"), expect=untouched(), mta=SENDMAIL),
    Case("re-injected, by daemon name", with_received("pf.example.test"), mta=POSTFIX,
         source="127.0.0.2", port="submission"),
    Case("Received of another host", with_received("mx.example.net")),

    # --- what applications send to sending services
    *map(of_vendor, VENDORS),
]
