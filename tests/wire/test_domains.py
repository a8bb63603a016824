#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who signs: sections, domains that sign too, lines of a domain_table."""
import os
import re
import signal
import subprocess
import threading
import time

from mmtest.daemon import POSTFIX, program
from mmtest.scratch import wait_until
from mmtest.wire import plain, wire

STRANGER = {"address": "192.0.2.7"}
MANY = 20000


def signatures(d, message, answer):
    """[(d=, s=, verdict)] of a message that passed, from the top."""
    if not answer.passed:
        raise RuntimeError(f"not passed: {answer}")
    return d.verifier.dkimpy(message.edited(answer.edits).delivered())


def signed_by(d, sender, expected, macros=POSTFIX, connect=None):
    """Exactly these (d=, s=), all good, in this order from the top."""
    message = plain(From=sender)
    found = signatures(d, message, d.send(message, macros, connect))
    if [(domain, selector) for domain, selector, _ in found] != list(expected):
        yield f"signed by {found}, expected {list(expected)}"
    for domain, selector, verdict in found:
        if verdict:
            yield f"d={domain} s={selector}: {verdict}"


def last_line(d, word):
    lines = [line for line in d.log_text().splitlines() if f": {word} " in line]
    return lines[-1] if lines else ""


def logged(d, sender, word, *parts):
    """The message's line in the log holds all of it."""
    d.send(plain(From=sender))
    line = last_line(d, word)
    for part in parts:
        if part not in line:
            yield f"no {part!r} in {line!r}"


def refused_for_now(d, sender, *parts):
    answer = d.send(plain(From=sender))
    if answer.verdict != "reply" or not answer.text.startswith(b"451 4.7.5") or answer.edits:
        yield f"not refused for now: {answer}"
    yield from logged(d, sender, "tempfailed", "reason=sign-failed", *parts)


def unsigned(d, sender):
    answer = d.send(plain(From=sender))
    if not answer.passed or any(e.name == b"DKIM-Signature" for e in answer.edits):
        yield f"not passed unsigned: {answer}"


def untouched(d, sender, user):
    answer = d.send(plain(From=sender), as_user(user), STRANGER)
    if not answer.passed or answer.edits:
        yield f"not passed untouched: {answer}"


def as_user(user):
    return dict(POSTFIX, auth_authen=user)


def tags_of(d, sender):
    """The tags of each signature, from the top."""
    message = plain(From=sender)
    out = message.edited(d.send(message).edits)
    for value in out.all(b"DKIM-Signature"):
        pairs = b"".join(value.split()).decode("ascii").split(";")
        yield dict(p.split("=", 1) for p in pairs if p)


def expires(d, sender, *after):
    """x= that many seconds after t=, of each signature; 0: no x=."""
    found = [int(t["x"]) - int(t["t"]) if "x" in t else 0 for t in tags_of(d, sender)]
    if found != list(after):
        yield f"x= {found} s after t=, expected {after}"
    if any(abs(int(t["t"]) - time.time()) > 30 for t in tags_of(d, sender)):
        yield "t= is not now"


def canonicalized(d, sender, *expected):
    found = [t.get("c", "simple/simple") for t in tags_of(d, sender)]
    if found != list(expected):
        yield f"c= {found}, expected {expected}"


def reload(d, text=None, failed=False):
    word = "reload failed" if failed else "reloaded file="
    before = d.log_text().count(word)
    d.process.send_signal(signal.SIGHUP)
    wait_until(word, lambda: d.log_text().count(word) > before)
    if text and text not in d.log_text():
        yield f"no {text!r} in the log"


def write(path, text, mode=0o644):
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


def tried(d, status, *parts):
    """What -t says to the settings of that daemon."""
    done = subprocess.run([program(), "-t", "-c", d.file], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=d.env(), check=False)
    if done.returncode != status:
        yield f"status {done.returncode}, expected {status}: {done.stdout}"
    for part in parts:
        if part not in done.stdout:
            yield f"no {part!r} in {done.stdout!r}"


# ------------------------------------------------------------------ sections

def sections(t):
    check = t.check
    t.make_key("esp.example", "p1")
    t.make_key("esp.example", "p2", "ed25519")
    t.make_key("low.example", "l1")
    text = t.domain(("r1", "e1"), more='subdomains = true\nalso_sign = {"low.example", "esp.example"}\n'
                                       'users = {"shop"}\nexpire = 604800') + \
        t.domain(("p1", "p2"), "esp.example", 'also_sign = "low.example"') + \
        t.domain(("l1",), "low.example", 'canonicalization = "simple/simple"\nexpire = 86400')
    own = [("example.com", "r1"), ("example.com", "e1")]
    more = [("low.example", "l1"), ("esp.example", "p1"), ("esp.example", "p2")]
    with t.daemon(domain=text) as d:
        check("also_sign: the author's domain on top, then the others in their order",
              signed_by, d, "a@example.com", own + more)
        check("also for a subdomain", signed_by, d, "a@news.example.com", own + more)
        check("the others sign for themselves, with their own also_sign",
              signed_by, d, "a@esp.example", more[1:] + more[:1])
        check("a domain without also_sign signs alone", signed_by, d, "a@low.example", more[:1])
        check("below a domain without subdomains: unsigned", unsigned, d, "a@x.low.example")
        check("each domain its own expiry", expires, d, "a@example.com",
              604800, 604800, 86400, 0, 0)
        check("and canonicalization", canonicalized, d, "a@example.com", "relaxed/relaxed",
              "relaxed/relaxed", "simple/simple", "relaxed/relaxed", "relaxed/relaxed")
        check("the log names each signature's domain", logged, d, "a@example.com", "accepted",
              " signed=example.com/r1,example.com/e1,low.example/l1,esp.example/p1,esp.example/p2")
        check("users of the author's domain count", signed_by, d, "a@example.com", own + more,
              as_user("shop"), STRANGER)
        check("users of one domain may not send as another", untouched, d, "a@esp.example", "shop")


# --------------------------------------------------------------------- table

TABLE = """\
# pattern          selector  key file            options
one.example        o1  {keys}/one.example.o1.pem
one.example        o2  {keys}/one.example.o2.pem  x=604800
*.two.example      w1  {keys}/two.example.w1.pem  users=shop,crm
.own.example       w1  {keys}/%{{domain}}.w1.pem
shared.example     p1  {keys}/%{{domain}}.pem
shared.example     p1  {keys}/esp.example.p1.pem  d=esp.example c=relaxed/simple
gone.example       g1  {keys}/gone.pem
open.example       g1  {keys}/open.pem
edsimple.example   o2  {keys}/one.example.o2.pem  c=simple/relaxed
sub.example.com    o1  {keys}/one.example.o1.pem
"""


def make_table(t, name, text):
    path = os.path.join(t.keys.directory, name)
    write(path, text.format(keys=t.keys.directory))
    return path


def table_keys(t):
    for domain, selector, kind in [
            ("one.example", "o1", "rsa"), ("one.example", "o2", "ed25519"),
            ("two.example", "w1", "rsa"), ("a.own.example", "w1", "rsa"),
            ("b.own.example", "w1", "rsa"), ("shared.example", "p1", "rsa"),
            ("esp.example", "p1", "rsa")]:
        if (selector, f"{t.keys.directory}/{domain}.{selector}.pem") not in \
                t.keys.domains.get(domain, []):
            t.make_key(domain, selector, kind)
    os.rename(f"{t.keys.directory}/shared.example.p1.pem", f"{t.keys.directory}/shared.example.pem")
    path = f"{t.keys.directory}/open.pem"
    with open(f"{t.keys.directory}/one.example.o1.pem", encoding="ascii") as f:
        write(path, f.read(), 0o644)


def found_in_table(t, d):
    check = t.check
    check("a line of the table signs; two lines are two keys", signed_by, d, "a@one.example",
          [("one.example", "o1"), ("one.example", "o2")])
    check("a pattern without * is that domain alone", unsigned, d, "a@x.one.example")
    check("*.two.example: the domain of the pattern signs", signed_by, d, "a@x.y.two.example",
          [("two.example", "w1")])
    check("but not for itself", unsigned, d, "a@two.example")
    check("%{domain} in a file: each domain has its own key", signed_by, d, "a@a.own.example",
          [("a.own.example", "w1")])
    check("another domain, another key", signed_by, d, "a@B.own.EXAMPLE", [("b.own.example", "w1")])
    check("d=: another domain signs, too", signed_by, d, "a@shared.example",
          [("shared.example", "p1"), ("esp.example", "p1")])
    check("x= of a line", expires, d, "a@one.example", 0, 604800)
    check("c= of a line", canonicalized, d, "a@shared.example", "relaxed/relaxed", "relaxed/simple")
    check("a section goes before the table", signed_by, d, "a@example.com", [("example.com", "r1")])
    check("a section of a parent with subdomains, too", signed_by, d, "a@sub.example.com",
          [("example.com", "r1")])
    check("a domain that neither has goes unsigned", unsigned, d, "a@example.org")
    check("users= of a line", signed_by, d, "a@x.two.example", [("two.example", "w1")],
          as_user("crm"), STRANGER)
    check("another's user is a stranger", untouched, d, "a@one.example", "crm")
    check("no user of any line", untouched, d, "a@x.two.example", "mallory")


def wrong_keys(t, d, keys, table):
    check = t.check
    check("a key file that is missing: try again later, and the log says which", refused_for_now,
          d, "a@gone.example", f"sign_error={table}:8:\\x20{keys}/gone.pem:\\x20cannot\\x20be")
    check("one that everyone may read", refused_for_now, d, "a@open.example",
          f"sign_error={table}:9:\\x20{keys}/open.pem:", "chmod\\x20600")
    check("an own domain without a key", refused_for_now, d, "a@c.own.example",
          f"sign_error={table}:5:\\x20{keys}/c.own.example.w1.pem:")
    check("a key that does not suit its line", refused_for_now, d, "a@edsimple.example",
          f"sign_error={table}:10:", "c\\x3drelaxed/relaxed")
    for name in ("../../etc", "..", "a/../b.own.example", "%{domain}.own.example"):
        check(f"a From domain {name} leads no path astray", no_path, d, name)


def no_path(d, name):
    answer = d.send(plain(From=f"a@{name}"))
    if answer.verdict not in ("reply", "accept") and not answer.passed:
        yield f"{answer}"
    if any(e.name == b"DKIM-Signature" for e in answer.edits):
        yield f"signed: {answer}"
    if re.search(r"sign_error=\S*(\.\./|//|%)", last_line(d, "tempfailed")):
        yield last_line(d, "tempfailed")


def reloaded(t, d, table, keys):
    check = t.check
    with open(table, encoding="utf-8") as f:
        text = f.read()
    check("a domain that is not in the table yet goes unsigned", unsigned, d, "a@late.example")
    t.make_key("late.example", "z1")
    t.make_key("gone.example", "g1")
    d.verifier = t.verifier
    os.rename(f"{keys}/gone.example.g1.pem", f"{keys}/gone.pem")
    write(table, text + f"late.example z1 {keys}/%{{domain}}.z1.pem\n")
    check("a reload adds it", lambda: [*reload(d, "lines=11 "),
                                       *signed_by(d, "a@late.example", [("late.example", "z1")])])
    check("and forgets that a key was missing", signed_by, d, "a@gone.example",
          [("gone.example", "g1")])
    t.make_key("late.example", "z1")    # the verifier takes the new one
    d.verifier = t.verifier
    check("and takes up a key that was replaced", lambda: [
        *reload(d), *signed_by(d, "a@late.example", [("late.example", "z1")])])
    write(table, text + "late.example\none.example o1 relative.pem\n")
    check("a wrong table is not taken up, and every wrong line told", lambda: [
        *reload(d, f"warning: {table}:13: ", True), *reload(d, f"in force: {table}:12: ", True),
        *signed_by(d, "a@late.example", [("late.example", "z1")])])
    check("nor one that everyone may write", lambda: [
        *(write(table, text, 0o646) or []), *reload(d, f"chmod o-w {table}", True)])
    os.unlink(table)
    check("nor one that is gone", lambda: [
        *reload(d, f"{table}: cannot be opened", True),
        *signed_by(d, "a@one.example", [("one.example", "o1"), ("one.example", "o2")])])
    write(table, text)


def mail_and_reloads(d):
    """Messages on four connections, and a reload in the midst of some of them."""
    problems, message, over = [], plain(From="a@one.example"), threading.Event()

    def mail():
        try:
            with d.client() as c:
                while not over.is_set():
                    out = message.edited(c.message(message).edits)
                    if len(out.all(b"DKIM-Signature")) != 2:
                        problems.append(f"not signed: {out.fields[:3]}")
        except Exception as e:      # a thread's own would be lost
            problems.append(f"{type(e).__name__}: {e}")
            raise

    threads = [threading.Thread(target=mail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        problems += reload(d)
    over.set()
    for thread in threads:
        thread.join()
    return problems


def trials(t, d, table, keys):
    check = t.check
    os.unlink(f"{keys}/gone.pem")
    check("-t tries all keys of the table", tried, d, 78,
          f"{table}:8: {keys}/gone.pem: cannot be opened",
          f"{table}:9: {keys}/open.pem: mode 0644 lets others",
          f"{table}:10: found an Ed25519 key with simple header",
          f"{table}: lines=10 key_files=7 wrong=3",
          f"{table}: 1 lines name another file for each domain")
    write(table, "".join(f"d{i}.example s {keys}/none-{i}.pem\n" for i in range(100)))
    check("-t shows the first 20 and counts the others", tried, d, 78,
          f"{table}:1: {keys}/none-0.pem: ", f"{table}:20: {keys}/none-19.pem: ",
          f"{table}: and 80 more key files like these", "wrong=100")
    check("so does a reload", reload, d, f"{table}: and 80 more key files like these")
    write(table, f"one.example o1 {keys}/one.example.o1.pem\n")
    check("-t is content", tried, d, 0, f"{table}: lines=1 key_files=1 wrong=0", ": ok")


def table(t):
    table_keys(t)
    keys = t.keys.directory
    path = make_table(t, "table", TABLE)
    setting = f'domain_table = "{path}"\nkey_cache = 16\n'
    with t.daemon(setting, t.domain(more="subdomains = true")) as d:
        found_in_table(t, d)
        wrong_keys(t, d, keys, path)
        t.check("the start has told of files that cannot be opened", lambda: [] if
                f"{path}:8: {keys}/gone.pem: cannot be opened" in d.log_text() else ["it has not"])
        reloaded(t, d, path, keys)
        t.check("mail goes on while settings are reloaded", mail_and_reloads, d)
        trials(t, d, path, keys)
    make_table(t, "table", TABLE)
    with t.daemon(setting + "on_sign_failure = accept\n") as d:
        t.check("on_sign_failure = accept: unsigned", unsigned, d, "a@open.example")


# ---------------------------------------------------------------------- many

def many(t):
    """One key file for each hundred domains, and more keys than the cache holds."""
    keys = t.keys.directory
    n_keys = 40
    for i in range(n_keys):
        t.make_key(f"d{i}.many.example", "m1", "ed25519")
    lines = [f"d{i}.many.example m1 {keys}/d{i % n_keys}.many.example.m1.pem" for i in range(MANY)]
    path = make_table(t, "many", "\n".join(lines) + "\n")
    started = time.monotonic()
    with t.daemon(f'domain_table = "{path}"\nkey_cache = 16\n', "") as d:
        t.tap.note(f"{MANY} lines: ready after {time.monotonic() - started:.2f} s, "
                   f"{d.rss_kb()} kB resident")
        t.check("the last line signs", signed_with, d, MANY - 1, n_keys)
        t.check("more keys than the cache holds, again and again", all_of_them, d, n_keys)
        started = time.monotonic()
        t.check(f"a reload of {MANY} lines", reload, d, f"lines={MANY} key_files={n_keys} ")
        t.tap.note(f"reloaded after {time.monotonic() - started:.2f} s")
        t.check("the first line signs after it", signed_with, d, 0, n_keys)


def signed_with(d, i, n_keys):
    """Domain i is signed with the key of another one, as the DNS of this one would say."""
    d.verifier.records[f"m1._domainkey.d{i}.many.example".encode()] = \
        d.verifier.records[f"m1._domainkey.d{i % n_keys}.many.example".encode()]
    yield from signed_by(d, f"a@d{i}.many.example", [(f"d{i}.many.example", "m1")])


def all_of_them(d, n_keys):
    for i in list(range(n_keys)) * 3:
        yield from signed_with(d, i + n_keys * (i % 3), n_keys)


def main():
    with wire("domains") as t:
        sections(t)
        table(t)
        many(t)


main()
