# SPDX-License-Identifier: BSD-2-Clause
"""What happens when something happens: sessions that go wrong, servers that
die, settings that change.  Each function is one TAP line per MTA; it sends
through a Batch, which afterwards demands that every accepted message arrived
exactly once, well signed, and that the counters agree.
"""

import json
import os
import re
import signal
import subprocess
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from cases import BOTH, POSTFIX, SENDMAIL
from lab import Batch
from mmtest.compose import mail, mime
from mmtest.scratch import wait_until

ALL = []
SECONDS_FINE = 10.0             # no single transaction may take longer, whatever happens


def behaviour(name, mta=BOTH):
    def register(function):
        function.name, function.mta = name, mta
        ALL.append(function)
        return function
    return register


def run(lab, act, tap):
    batch = Batch(lab, act.name)
    try:
        problems = list(act(lab, batch) or [])
        problems += batch.check(all_accepted=False)
        for name, wrong in lab.ledger.check(lab.redis, lab.prefix):
            problems += [f"counters of {name}: {w}" for w in wrong]
    except Exception:           # a failed behaviour must not end the run
        problems = [traceback.format_exc(), lab.milter.tail(), lab.mta.tail()]
    if not lab.milter.running():
        if lab.milter.process:
            problems.append(f"the milter ended with {lab.milter.process.returncode}")
        lab.milter.start()
    if not lab.redis.running():
        lab.redis.start()
    tap.result(f"{lab.name}: {act.name}", problems)


def refusals(batch):
    return [f"refused: {r}" for r in batch.replies if not r.accepted]


def tempfailed(reply):
    return reply.code // 100 == 4 or reply.code == 0


def flush(lab):
    """Let the counters of all that was handled reach Redis."""
    def settled():
        total = lab.redis.hash(f"{lab.prefix}:{{_all}}:total")
        return sum(int(total.get(k, 0)) for k in ("messages", "rejected", "tempfailed")) \
            >= lab.ledger.handled()
    wait_until("the counters in Redis", settled, 40)


# --- sessions


@behaviour("several messages on one connection")
def several(lab, batch):
    with lab.client() as client:
        for i in range(5):
            batch.send(mail(f"X-Campaign: session-{i}"), f"session-{i}", client)
        batch.send(mail(From="n@example.org"), client=client, domain="example.org")
        batch.send(mail(From="n@example.net"), client=client, domain=None)
    return refusals(batch)


@behaviour("a refused message between good ones")
def refused_between(lab, batch):
    with lab.client() as client:
        batch.send(mail(), client=client)
        bad = batch.send(mail("From: b@example.test", "X-Campaign: bad"), client=client)
        lab.ledger.refused("bad", bad.code)
        batch.send(mail(), client=client)
    return [f"{bad}, expected 5xx"] * (bad.code // 100 != 5) + \
           [f"refused: {r}" for r in batch.replies if r is not bad and not r.accepted]


@behaviour("RSET, second EHLO, MAIL again")
def rset(lab, batch):
    with lab.client() as client:
        client.envelope("bounce@example.test", ["x@rcpt.test"])
        client.command("RSET")
        batch.send(mail(), client=client)
        client.envelope("bounce@example.test", ["x@rcpt.test"])
        client.command("EHLO again.example.test")
        batch.send(mail("X-Campaign: after-ehlo"), "after-ehlo", client=client)
    return refusals(batch)


@behaviour("clients that vanish at every step")
def vanish(lab, batch):
    part = mail("X-Campaign: vanished")[:-3]
    for leave in ("close", "reset"):
        for step in range(4):
            client = lab.client()
            if step == 1:
                client.command("MAIL FROM:<bounce@example.test>")
            elif step == 2:
                client.envelope("bounce@example.test", ["x@rcpt.test"])
            elif step == 3:
                client.begin("bounce@example.test", ["x@rcpt.test"], part)
            getattr(client, leave)()
    time.sleep(0.2)
    batch.send(mail())
    return refusals(batch) + ["counted"] * bool(
        lab.redis.hash(f"{lab.prefix}:{{vanished}}:total"))


def in_parallel(lab, batch, sessions, each, campaign, patience=0):
    """Messages over parallel sessions; campaign(i) names them.  A message that is put
    off is sent again on a new connection, at most patience times."""
    lock = threading.Lock()

    def transaction(n, i, client):
        with lock:
            tag = lab.tag(batch.name)
        name = campaign(n + i)
        message = lab.unique(mail(f"X-Campaign: {name}", body=f"message {n}/{i}\r\n"), tag)
        for attempt in range(patience + 1):
            reply = client.send("bounce@example.test", [f"{tag}@rcpt.test"], message)
            if reply.accepted:
                with lock:
                    batch.expect(tag, name, len(message))
                break
            if attempt < patience:
                client.close()
                time.sleep(0.2)
                client = lab.client()
        with lock:
            batch.replies.append(reply)
        return client

    def session(n):
        client = lab.client()
        for i in range(each):
            client = transaction(n, i, client)
        client.quit()

    pool = ThreadPoolExecutor(sessions)
    return pool, [pool.submit(session, n) for n in range(sessions)]


def settle(pool, futures):
    """Wait for in_parallel() to end; raises what its threads raised."""
    with pool:
        for future in futures:
            future.result()


@behaviour("300 messages over 20 parallel sessions")
def parallel(lab, batch):
    settle(*in_parallel(lab, batch, 20, 15, lambda i: f"par-{i % 3}"))
    return refusals(batch)


# --- Redis away


def send_timed(lab, batch, count, campaign):
    """Problems with sending: refusals, or transactions that took long."""
    took = []
    with lab.client() as client:
        for _ in range(count):
            began = time.monotonic()
            batch.send(mail(f"X-Campaign: {campaign}"), campaign, client)
            took.append(time.monotonic() - began)
    return refusals(batch) + \
        [f"a message took {max(took):.1f} s"] * (max(took) > SECONDS_FINE) + \
        [f"half of them took {median(took):.1f} s and more"] * (median(took) > 1.5)


@behaviour("Redis killed and back")
def redis_killed(lab, batch):
    problems = send_timed(lab, batch, 5, "outage")
    lab.redis.kill()
    problems += send_timed(lab, batch, 20, "outage")
    time.sleep(0.5)
    problems += send_timed(lab, batch, 5, "outage")
    lab.redis.start()
    return problems + send_timed(lab, batch, 5, "outage")


@behaviour("Redis hangs")
def redis_hangs(lab, batch):
    lab.redis.signal(signal.SIGSTOP)
    try:
        problems = send_timed(lab, batch, 20, "hang")
    finally:
        lab.redis.signal(signal.SIGCONT)
    return problems + send_timed(lab, batch, 5, "hang")


# --- settings that change


def revisions(lab, batch):
    """X-Revision of each message of the batch, in order of sending."""
    arrived = lab.delivered()
    return [arrived[tag][0].values("X-Revision") for tag in batch.expected if tag in arrived]


def reload_with(number):
    def act(lab, batch):
        stop = threading.Event()

        def sender():
            while not stop.is_set():
                batch.send(mail("X-Campaign: reload-1"), "reload-1")

        began = len(batch.replies)
        thread = threading.Thread(target=sender)
        thread.start()
        try:
            wait_until("first messages", lambda: len(batch.replies) >= began + 3, 30)
            lab.milter.configure(lab.config(revision="2"))
            lab.milter.reload(number)
            at = len(batch.replies)
            wait_until("messages after the reload", lambda: len(batch.replies) >= at + 4, 30)
        finally:
            stop.set()
            thread.join()
        seen = revisions(lab, batch)
        lab.milter.configure(lab.config())
        lab.milter.reload(number)
        return refusals(batch) + [f"revisions {seen}"] * (
            seen != sorted(seen) or seen[0] != ["1"] or seen[-1] != ["2"])
    return act


behaviour("SIGHUP reloads while mail flows")(reload_with(signal.SIGHUP))
behaviour("SIGUSR1 reloads while mail flows")(reload_with(signal.SIGUSR1))


@behaviour("reload with a broken configuration keeps the old one")
def reload_broken(lab, batch):
    lab.milter.configure(lab.config(revision="3") + "\nno_such_word = 1\n")
    line = lab.milter.reload()
    batch.send(mail("X-Campaign: reload-1"), "reload-1")
    seen = revisions(lab, batch)
    lab.milter.configure(lab.config())
    lab.milter.reload()
    where = f"{lab.milter.file}:"
    return refusals(batch) + [f"X-Revision {seen}"] * (seen != [["1"]]) + \
        [f"the log does not name file and word: {line}"] * (
            where not in lab.milter.log_text() or "no_such_word" not in lab.milter.log_text())


# --- the milter goes


def in_flight(lab, batch, campaign):
    """A client in the middle of DATA: (client, rest, tag, size)."""
    tag = lab.tag(batch.name)
    message = lab.unique(mail(f"X-Campaign: {campaign}"), tag)
    client = lab.client()
    client.begin("bounce@example.test", [f"{tag}@rcpt.test"], message[:-5])
    return client, message[-5:], tag, len(message)


@behaviour("SIGTERM lets a message in flight finish")
def drain(lab, batch):
    client, rest, tag, size = in_flight(lab, batch, "drained")
    lab.milter.signal(signal.SIGTERM)
    time.sleep(0.5)
    alive = lab.milter.running()
    newcomer = batch.send(mail())
    reply = client.finish(rest)
    client.close()
    if reply.accepted:
        batch.expect(tag, "drained", size)
    began = time.monotonic()
    status = lab.milter.wait(30)
    took = time.monotonic() - began
    lab.milter.start()
    if "again" in newcomer.text and "Service unavailable" not in newcomer.text:
        lab.ledger.refused("none", newcomer.code)   # by us; else the MTA found nobody
    batch.send(mail())
    return [f"in flight: {reply}"] * (not reply.accepted) + \
        ["it did not wait for the message"] * (not alive) + \
        [f"a new message got {newcomer}"] * (not tempfailed(newcomer)) + \
        [f"exit status {status}"] * (status != 0) + \
        [f"stopped {took:.1f} s after the last message"] * (took > 15)


@behaviour("kill -9 with a message in flight: put off, then sent once")
def killed(lab, batch):
    flush(lab)
    client, rest, _, _ = in_flight(lab, batch, "crash")
    lab.milter.kill()
    reply = client.finish(rest)
    client.close()
    away = batch.send(mail("X-Campaign: crash"), "crash")
    lab.milter.start()
    again = batch.send(mail("X-Campaign: crash"), "crash")
    return [f"in flight: {reply}"] * (not tempfailed(reply)) + \
        [f"while it was away: {away}"] * (not tempfailed(away)) + \
        [f"again: {again}"] * (not again.accepted)


def under_load(lab, batch, stop):
    """stop() the milter in the middle of 120 messages, start it again; nothing is
    lost, nothing goes out unsigned, nothing twice."""
    flush(lab)
    work = in_parallel(lab, batch, 8, 15, lambda i: "interrupted", patience=100)
    wait_until("mail to flow", lambda: len(batch.replies) > 20, 20)
    stop()
    lab.milter.start()
    settle(*work)
    problems = refusals(batch)
    lab.delivered()
    try:
        flush(lab)
    except RuntimeError:
        pass
    return problems


@behaviour("SIGTERM and start under load")
def stopped_under_load(lab, batch):
    def stop():
        lab.milter.signal(signal.SIGTERM)
        lab.milter.wait(30)

    problems = under_load(lab, batch, stop)
    # What it put off while it stopped it has counted; how many is a matter of timing.
    for name in ("none", "_all"):
        found = lab.redis.hash(f"{lab.prefix}:{{{name}}}:total").get("tempfailed", 0)
        lab.ledger.campaigns[name]["tempfailed"] = int(found)
    return problems


@behaviour("kill -9 and start under load")
def killed_under_load(lab, batch):
    problems = under_load(lab, batch, lab.milter.kill)
    # Without a journal the counters of the last interval are gone with the process;
    # mail is not.
    lab.ledger.adopt(lab.redis, lab.prefix)
    return problems


# --- by other ways than SMTP, and twice


@behaviour("sendmail(1)")
def sendmail_command(lab, batch):
    """Postfix: non_smtpd_milters, MAIL without angle brackets.  Sendmail: the
    submission program adds a Received of this host, then relays to the daemon."""
    for campaign in ("none", "command-line"):
        tag = lab.tag(batch.name)
        extra = () if campaign == "none" else (f"X-Campaign: {campaign}",)
        lab.mta.submit("bounce@example.test", [f"{tag}@rcpt.test"],
                       lab.unique(mail(*extra), tag))
        batch.expect(tag, campaign, None)


@behaviour("sendmail -bs: a client without an address", mta=SENDMAIL)
def no_address(lab, batch):
    """Nobody that the settings name: it passes, and nothing crashes."""
    tag = lab.tag(batch.name)
    message = lab.unique(mail("X-Campaign: forged"), tag)
    said = lab.mta.smtp_on_stdin([
        b"EHLO localhost\r\n", b"MAIL FROM:<b@example.test>\r\n",
        b"RCPT TO:<" + tag.encode() + b"@rcpt.test>\r\n", b"DATA\r\n", message + b".\r\n",
        b"QUIT\r\n"])
    arrived = lab.delivered().get(tag, [])
    return [f"arrived {len(arrived)} times: {said}"] * (len(arrived) != 1) + \
        ["changed"] * any(message != m.without_trace() for m in arrived)


@behaviour("postsuper -r does not sign or count again", mta=POSTFIX)
def requeue(lab, batch):
    tag = lab.tag(batch.name)
    message = lab.unique(mail("X-Campaign: requeued"), tag)
    with lab.client() as client:
        batch.replies.append(client.send("b@example.test", [f"{tag}@hold.test"], message))
    held = wait_until("the message on hold", lambda: os.listdir(f"{lab.mta.spool}/hold"), 30)
    lab.mta.command("postsuper", "-r", held[0])
    lab.mta.command("sendmail", "-q")
    batch.expect(tag, "requeued", len(message), rcpts=[f"{tag}@hold.test"])
    return refusals(batch)


@behaviour("delivered mail that comes back from a local filter is left alone")
def comes_back(lab, batch):
    batch.send(mail("X-Campaign: loop"), "loop")
    first = lab.delivered()[list(batch.expected)[-1]][0]
    problems = []
    ports = [lab.mta.port] + ([lab.mta.reinject] if lab.name == "postfix" else [])
    for port in ports:
        tag = lab.tag(batch.name)
        with lab.client_at(port) as client:
            reply = client.send("b@example.test", [f"{tag}@rcpt.test"], first.raw)
        second = lab.delivered().get(tag, [])
        if len(second) != 1:
            problems.append(f"port {port}: {reply}, arrived {len(second)} times")
        elif second[0].without_trace() != first.raw:
            problems.append(f"port {port}: changed on the second way, see {second[0].path}")
    return refusals(batch) + problems


@behaviour("by its mark alone, too, where Received fields are taken out")
def comes_back_marked(lab, batch):
    """header_checks often do that.  The envelope sender has to be what it was."""
    batch.send(mail("X-Campaign: loop"), "loop")
    first = lab.delivered()[list(batch.expected)[-1]][0]
    raw = re.sub(rb"(?mi)^Received:.*\r?\n(?:[ \t].*\r?\n)*", b"", first.raw)
    if len(re.findall(rb"(?m)^X-Metermark: v=1; k=a; t=\d+; m=[\w-]{22}\r?$", raw)) != 1:
        return [f"no mark arrived, see {first.path}"]
    tag = lab.tag(batch.name)
    with lab.client() as client:
        reply = client.send("bounce@example.test", [f"{tag}@rcpt.test"], raw)
    second = lab.delivered().get(tag, [])
    if len(second) != 1 or second[0].without_trace() != raw:
        return [f"{reply}, arrived {len(second)} times, changed: {[m.path for m in second]}"]
    return refusals(batch)


# --- 8-bit mail to a next hop that does not say 8BITMIME


@behaviour("8-bit body to a 7-bit hop: the fragment's setting is what keeps it good")
def eight_bit(lab, batch):
    """The case of the table proves the cure; this is the control without it."""
    tag = lab.tag(batch.name)
    message = lab.unique(mime("Grüße aus Köln\r\n"), tag)
    with lab.client() as client:
        reply = client.send("b@example.test", [f"{tag}@uncured.test"], message,
                            ["BODY=8BITMIME"])
    if not reply.accepted:
        return [f"refused: {reply}"]
    lab.ledger.accepted("none", [f"{tag}@uncured.test"], len(message), True)
    arrived = lab.delivered().get(tag, [])
    if len(arrived) != 1:
        return [f"arrived {len(arrived)} times"]
    verdicts = [v for _, _, v in lab.verifier.dkimpy(arrived[0].raw)]
    return ["verifies without the setting: is it still needed?"] * ("" in verdicts) + \
        ["not signed"] * (not verdicts)


# --- what the operator sees


@behaviour("metermark stats agrees with the ledger")
def stats(lab, batch):
    batch.send(mail("X-Campaign: shown"), "shown")
    flush(lab)
    done = subprocess.run([lab.command, "stats", "--redis", lab.redis.url, "--key-prefix",
                           lab.prefix, "--format", "json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        return [f"status {done.returncode}: {done.stderr}"]
    shown = {row["campaign"]: row for row in json.loads(done.stdout)}
    problems = [f"not shown: {sorted(set(lab.ledger.campaigns) - set(shown) - {'_all'})}"] * bool(
        set(lab.ledger.campaigns) - set(shown) - {"_all"})
    for name, counts in lab.ledger.campaigns.items():
        for field in ("messages", "recipients", "signed", "unsigned", "rejected"):
            found = shown.get(name, {}).get(field, 0)
            if name in shown and found != counts[field]:
                problems.append(f"{name}: {field} {found}, expected {counts[field]}")
    return problems


@behaviour("the log: one line per message, no recipients")
def log_lines(lab, batch):
    before = len(lab.milter.log_text())
    reply = batch.send(mail("X-Campaign: logged", From="N <news@example.org>"), "logged",
                       domain="example.org")
    queue_id = re.search(r"queued as (\w+)|2\.0\.0 (\w+) Message", reply.text)
    queue_id = queue_id.group(1) or queue_id.group(2)
    lines = lab.milter.log_text()[before:].splitlines()
    mine = [line for line in lines if f"{queue_id}:" in line]
    wanted = ("accepted", "campaign=logged", "stream=org", "from_domain=example.org",
              "rcpts=1", "bytes=", "signed=example.org/r1")
    return [f"{len(mine)} lines: {lines}"] * (len(mine) != 1) + \
        [f"{word} is missing in {mine}" for word in wanted if mine and word not in mine[0]] + \
        ["a recipient in the log"] * ("@rcpt.test" in lab.milter.log_text())
