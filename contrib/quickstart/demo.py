#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The second half of the quickstart: it starts the servers, sends three campaigns,
verifies every signature and shows the statistics.  `run` has built metermark.

The way of a message:

    this script --SMTP--> Postfix --milter--> metermark-milter --counters--> Redis
                             |
                             +--SMTP--> smtp-sink, which writes the message to a file
"""

import argparse
import contextlib
import json
import os
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from datetime import datetime, timezone

SRC = os.environ["MM_SRC"]
BUILD = os.environ["MM_BUILD"]
HERE = os.path.dirname(os.path.abspath(__file__))

from mmtest.daemon import Daemon
from mmtest.keys import Keys
from mmtest.postfix import Postfix
from mmtest.redis import RedisServer
from mmtest.scratch import Scratch, wait_until
from mmtest.sink import Sink
from mmtest.verify import Verifier

DOMAIN = "shop.example"
PROVIDERS = ("gmail.com", "yahoo.com", "outlook.com", "example.net")

# campaign -> (messages, recipients of each)
CAMPAIGNS = {"autumn-sale": (150, 1), "newsletter": (100, 2), "order-confirmation": (50, 1)}


def step(text):
    print(f"==> {text}", flush=True)


def start_servers(stack, scratch):
    """Start Redis, Postfix with its sink, and metermark; the stack stops them."""
    step("making keys: RSA and Ed25519 for " + DOMAIN)
    keys = Keys(scratch.dir("keys"), owner="daemon")
    keys.make(DOMAIN, "r2026", "rsa")
    keys.make(DOMAIN, "e2026", "ed25519")

    step("starting Redis, Postfix and metermark on loopback")
    redis = stack.enter_context(RedisServer(scratch.dir("redis")))
    sink = stack.enter_context(Sink(scratch.dir("sink")))
    # Postfix runs with contrib/postfix/main.cf.fragment, which you would use as well.
    postfix = Postfix(scratch.dir("postfix"), sink.port, os.path.join(SRC, "contrib", "postfix"))
    with open(os.path.join(HERE, "metermark.conf"), encoding="utf-8") as f:
        text = f.read().replace("@REDIS@", redis.url).replace("@KEYS@", keys.directory)
    milter = Daemon(scratch.dir("metermark"), text, socket=postfix.socket(), user="daemon",
                    group="postfix")
    stack.enter_context(milter)
    stack.enter_context(postfix)
    return keys, redis, sink, postfix, milter


def letter(campaign, rcpts, number):
    message = EmailMessage()
    message["From"] = f"The Shop <news@{DOMAIN}>"
    message["To"] = ", ".join(rcpts)
    message["Subject"] = f"{campaign}: letter {number}"
    message["Date"] = format_datetime(datetime.now(timezone.utc))
    message["Message-ID"] = make_msgid(domain=DOMAIN)
    message["X-Campaign"] = campaign
    message.set_content(f"Dear customer,\n\nthis is letter {number} of {campaign}.\n")
    return message


def send(port):
    total = sum(count for count, _ in CAMPAIGNS.values())
    step(f"sending {total} messages of {len(CAMPAIGNS)} campaigns by SMTP to port {port}")
    with smtplib.SMTP("127.0.0.1", port, local_hostname="app.shop.example") as smtp:
        for campaign, (count, rcpts) in CAMPAIGNS.items():
            for i in range(count):
                to = [f"customer{i}.{r}@{PROVIDERS[(i + r) % len(PROVIDERS)]}"
                      for r in range(rcpts)]
                smtp.send_message(letter(campaign, to, i), f"bounce@{DOMAIN}", to)
    return total


def verify(verifier, messages, expected):
    step(f"verifying both DKIM signatures of the {len(messages)} delivered messages with dkimpy")
    if len(messages) != expected:
        raise RuntimeError(f"{len(messages)} messages were delivered, expected {expected}")
    for message in messages:
        found = sorted((d, s) for d, s, bad in verifier.dkimpy(message.raw) if not bad)
        if found != [(DOMAIN, "e2026"), (DOMAIN, "r2026")]:
            raise RuntimeError(f"good signatures of {message.path}: {found}, expected two")
    print(f"    {len(messages) * 2} signatures, all good")


def stats(redis, *arguments, show=True):
    command = [os.path.join(BUILD, "metermark"), "stats", "--redis", redis.url, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    if show:
        step("metermark " + " ".join(command[1:]))
        print("".join(f"    {line}\n" for line in done.stdout.splitlines()))
    return done.stdout


def wrong_numbers(redis):
    """List where the statistics differ from what was sent."""
    shown = {row["campaign"]: row for row in json.loads(stats(redis, "--format", "json", show=False))}
    wrong = []
    for campaign, (count, rcpts) in CAMPAIGNS.items():
        wanted = {"messages": count, "signed": count, "recipients": count * rcpts, "unsigned": 0}
        for name, value in wanted.items():
            found = shown.get(campaign, {}).get(name, 0)
            if found != value:
                wrong.append(f"{campaign}: {name} is {found}, expected {value}")
    return wrong


def check_numbers(redis):
    """Compare the statistics, with some time for metermark to write to Redis."""
    with contextlib.suppress(RuntimeError):
        wait_until("the numbers", lambda: not wrong_numbers(redis), 5, 0.2)
    wrong = wrong_numbers(redis)
    if wrong:
        raise RuntimeError("the statistics are wrong:\n  " + "\n  ".join(wrong))
    print("    the numbers match the messages that were sent")


def next_commands(redis, postfix, milter, sink, running):
    mm = os.path.join(BUILD, "metermark")
    if not running:
        print(f"""
Try next:
    {SRC}/contrib/quickstart/run --keep     # the same, but it keeps running
    less {SRC}/contrib/quickstart/metermark.conf     # the settings of the quickstart
    less {SRC}/contrib/postfix/README.md    # attach metermark to your own Postfix
""")
        return
    print(f"""
Everything is running.  In another terminal:
    {mm} stats --redis {redis.url}
    {mm} stats --redis {redis.url} newsletter
    {mm} stats --redis {redis.url} --format json
    redis-cli -p {redis.port} hgetall 'metermark:{{newsletter}}:total'
    tail -f {milter.log}
    less {sink.dumps}/*      # the messages as delivered
Send one more message, with a campaign of your own, and look at the statistics again:
    printf 'From: news@{DOMAIN}\\nTo: you@example.net\\nSubject: hi\\nX-Campaign: mine\\n\\nhello\\n' |
        MAIL_CONFIG={postfix.run}/etc sendmail -f bounce@{DOMAIN} you@example.net
Change the settings, then let metermark read them again:
    editor {milter.file} && kill -HUP {milter.process.pid}
""")


def demonstrate(keep):
    with Scratch("metermark-quickstart-") as scratch, contextlib.ExitStack() as stack:
        keys, redis, sink, postfix, milter = start_servers(stack, scratch)
        try:
            total = send(postfix.port)
            postfix.drain()
            verify(Verifier(keys.dns_file), sink.messages(), total)
            check_numbers(redis)
            stats(redis)
            stats(redis, "newsletter")
            next_commands(redis, postfix, milter, sink, running=keep)
            if keep:
                with contextlib.suppress(KeyboardInterrupt, EOFError):
                    input("Press Enter to stop everything. ")
        except Exception:
            print(milter.tail(), postfix.tail(), sep="\n", file=sys.stderr)
            raise
        step("stopping the servers")


def main():
    parser = argparse.ArgumentParser(description="see contrib/quickstart/run --help")
    parser.add_argument("--keep", action="store_true")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        demonstrate(parser.parse_args().keep)
    except KeyboardInterrupt:
        return 130
    except Exception as e:      # the ends of the logs have been printed
        print(f"quickstart failed: {e}", file=sys.stderr)
        return 1
    step("done: three campaigns, signed, delivered and counted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
