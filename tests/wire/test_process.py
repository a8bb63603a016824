#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon as a process: options, start, signals, reload, stop, and what stands in its way."""
import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time

from mmtest import protocol as m
from mmtest.daemon import program
from mmtest.scratch import wait_until
from mmtest.wire import plain, wire

HUPS = int(os.environ.get("MM_HUPS", "2000"))


def run(*arguments, **named):
    """The program to its end: status, stdout, stderr."""
    # libopendkim leaks the key of an Ed25519 signature (keys are tried when they are read).
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    p = subprocess.run([program(), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=30, check=False, env=env, **named)
    return p.returncode, p.stdout, p.stderr


def expect(what, found, pattern):
    if not re.search(pattern, found):
        yield f"{what}: expected /{pattern}/, found {found!r}"


@contextlib.contextmanager
def stopped(d):
    """The daemon is not there meanwhile, and is again after."""
    if d.process is not None:
        d.kill()
    try:
        yield
    finally:
        d.start()


# ---- options

def options(t):
    status, out, err = run("-V")
    yield from expect("-V", out, r"^metermark-milter \d+\.\d+\.\d+\n(?s:.*)libmilter (?s:.*)"
                                 r"libopendkim 2\.(?s:.*)hiredis \d(?s:.*)OpenSSL 3(?s:.*)"
                                 r"libConfuse \d")
    if status or err:
        yield f"-V: status {status}, {err}"
    for option in ("-h", "--help"):
        status, out, err = run(option)
        yield from expect(option, f"{status} {out}", r"^0 usage: metermark-milter \[-fv\]")
    for wrong in (["-x"], ["--nonsense"], ["-c"], ["surplus"]):
        status, out, err = run(*wrong)
        if status != 64 or not err or out:
            yield f"{wrong}: status {status}, {out} {err}"


def settings_test(t, d):
    good = d.file
    status, out, err = run("-t", "-c", good)
    if (status, out) != (0, f"{good}: ok\n"):
        yield f"status {status}, {out} {err}"
    bad = t.scratch.write("bad.conf", "listen = \"unix:/x\"\nnonsense = 1\n")
    for arguments in (["-t"], ["-f"], []):
        status, out, err = run(*arguments, "-c", bad)
        if status != 78:
            yield f"{arguments}: status {status} for wrong settings"
        yield from expect(f"{arguments}", err, r"bad\.conf:2: .*nonsense")
    with open(good, encoding="utf-8") as f:
        text = f.read()
    own = t.scratch.dir("check", mode=0o700)    # the daemon has the other one
    text = re.sub("state_dir = .*", f'state_dir = "{own}"', text).replace("m.sock", "check.sock")
    last = text.count("\n") + 1
    for line, sentence in (
            ('group = "no-such-group"', r': group: found "no-such-group", expected a group'),
            ('recipient_key_file = "/nonexistent/k"', r": recipient key /nonexistent/k: No such"),
            ('redis_password_file = "/nonexistent/p"',
             r": redis_password_file: /nonexistent/p: cannot be opened: No such"),
            ('domain_table = "/nonexistent/t"',
             r": domain_table: /nonexistent/t: cannot be opened: No such"),
            *([('user = "no-such-user"',
                r': user: found "no-such-user", expected an account .*systemd-sysusers')]
              if os.geteuid() == 0 else [])):
        name = line.partition(" ")[0]
        left = "".join(x if not x.startswith(f"{name} ") else "\n"
                       for x in text.splitlines(keepends=True))
        # Options of that name in a section are others.
        bad = t.scratch.write("bad.conf", left + line + "\n" +
                              'stream "s" {\n\tmatch { user = "shop" }\n}\n')
        for arguments, want in ((["-t"], "78"), (["-f"], "(78|69)")):
            status, out, err = run(*arguments, "-c", bad)
            yield from expect(f"{arguments} {line}", f"{status} {out}{err}",
                              rf"^{want} (?s:.*)bad\.conf:{last}{sentence}")
    status, _, err = run("-t", "-c", "/nonexistent/metermark.conf")
    yield from expect("no file", f"{status} {err}", "^78 /nonexistent/metermark.conf: ")


# ---- start

def what_is_made(t, d):
    st = os.stat(d.socket)
    if not stat.S_ISSOCK(st.st_mode) or stat.S_IMODE(st.st_mode) != 0o660:
        yield f"the socket has mode {st.st_mode:o}"
    for name in ("lock", "producer", "recipient.key"):
        st = os.stat(os.path.join(d.run, "state", name))
        if stat.S_IMODE(st.st_mode) != 0o600:
            yield f"{name} has mode {st.st_mode:o}"
    with open(f"/proc/{d.process.pid}/limits", encoding="ascii") as f:
        soft, hard = re.search(r"Max open files\s+(\w+)\s+(\w+)", f.read()).groups()
    if soft != hard and int(soft) < 1 << 20:
        yield f"open files: soft limit {soft}, hard {hard}"
    yield from expect("log", d.log_text(), r"(?m)^\S+Z NOQUEUE: started version=\S+ listen=unix:\S+ "
                                           r"user=\S+ producer=[0-9a-f]{32} keys=decoded-once$")


def producer(d):
    with open(os.path.join(d.run, "state", "producer"), encoding="ascii") as f:
        return f.read()


def restart_keeps_producer(t, d):
    before = producer(d)
    status = d.stop()
    if status:
        yield f"status {status}"
    with stopped(d):
        if os.path.exists(d.socket):
            yield "the socket is still there after the stop"
    if producer(d) != before:
        yield "another producer id"
    yield from d.good()


def second_daemon(t, d):
    status, _, err = run("-f", "-c", d.file)
    yield from expect("same state_dir", f"{status} {err}",
                      rf"^69 .*another metermark-milter \(pid {d.process.pid}\) uses state_dir")
    other = t.scratch.dir("other-state", mode=0o700)
    with open(d.file, encoding="utf-8") as f:
        text = re.sub('state_dir = .*', f'state_dir = "{other}"', f.read())
    status, _, err = run("-f", "-c", t.scratch.write("second.conf", text))
    yield from expect("same socket", f"{status} {err}",
                      "^69 .*another process is listening on .*m.sock")
    yield from d.good()


def after_a_crash(t, d):
    # Daemon.ready() wants an answer, so the stale socket does not pass for a start.
    with stopped(d):
        if not os.path.exists(d.socket):
            yield "no stale socket: this test proves nothing"
    yield from d.good()


def precious_file(t, d):
    with stopped(d):
        os.unlink(d.socket)
        with open(d.socket, "w", encoding="ascii") as f:
            f.write("precious")
        status, _, err = run("-f", "-c", d.file)
        yield from expect("a file in the way", f"{status} {err}", "^69 .*exists and is no socket")
        with open(d.socket, encoding="ascii") as f:
            if f.read() != "precious":
                yield "the file was touched"
        os.unlink(d.socket)


# ---- background

def background(t, d):
    with stopped(d):
        status, out, err = run("-c", os.path.basename(d.file), cwd=d.run)
        if status or out:
            yield f"status {status}: {out} {err}"
            return
        with open(os.path.join(d.run, "state", "lock"), encoding="ascii") as f:
            pid = int(f.read())
        try:
            yield from in_background(d, pid)
        finally:
            os.kill(pid, signal.SIGTERM)
            wait_until("the daemon's end", lambda: ended(pid), 30)
        if os.path.exists(d.socket):
            yield "the socket is still there after the stop"


def in_background(d, pid):
    # It is ready when its starter returns, with a relative name for the settings or not.
    yield from d.good()
    if os.readlink(f"/proc/{pid}/cwd") != "/" or os.getsid(pid) == os.getsid(0):
        yield "still in its starter's directory or session"
    for fd in range(3):
        if os.readlink(f"/proc/{pid}/fd/{fd}") != "/dev/null":
            yield f"file descriptor {fd} is not /dev/null"
    status, _, err = run("-c", d.file)
    yield from expect("a failed start", f"{status} {err}",
                      r"^69 (?s:.*)metermark-milter: another metermark-milter \(pid")
    os.kill(pid, signal.SIGHUP)
    time.sleep(0.3)         # whatever it does about that
    yield from d.good()


def ended(pid):
    # A zombie has ended, too: not every process 1 waits for what it inherits.
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# ---- signals

def reloads(d):
    return len(re.findall("NOQUEUE: reloaded ", d.log_text()))


def burst(t, d):
    before = reloads(d)
    with d.client() as c:
        c.mail()
        c.rcpt()
        for _ in range(HUPS):
            d.signal(signal.SIGHUP)
        wait_until("a reload", lambda: reloads(d) > before, 30)
        message = plain()
        for field in message.fields:
            c.header(*field)
        c.end_of_header()
        c.body(message.body)
        yield from d.signed(message, c.end())
    now = reloads(d)
    d.signal(signal.SIGUSR1)
    wait_until("a reload by SIGUSR1", lambda: reloads(d) > now, 30)
    yield from d.good()


def bad_reload(t, d):
    with open(d.file, encoding="utf-8") as f:
        text = f.read()
    with open(d.file, "a", encoding="utf-8") as f:
        f.write("nonsense = 1\n")
    line = text.count("\n") + 1
    d.signal(signal.SIGHUP)
    wait_until("a log line", lambda: "reload failed" in d.log_text(), 30)
    yield from expect("log", d.log_text(), r"NOQUEUE: reload failed, the old settings stay in "
                                           rf"force: .*metermark\.conf:{line}: .*nonsense")
    yield from d.good()
    with open(d.file, "w", encoding="utf-8") as f:
        f.write(text.replace("m.sock", "elsewhere.sock"))
    before = reloads(d)
    d.signal(signal.SIGHUP)
    wait_until("the reload", lambda: reloads(d) > before, 10)
    yield from expect("log", d.log_text(), "warning: a restart is needed for changes of: listen\n")
    with open(d.file, "w", encoding="utf-8") as f:
        f.write('log_level = "error"\n' + text)
    d.signal(signal.SIGHUP)
    end, before = time.monotonic() + 10, ""
    while d.log_text() != before and time.monotonic() < end:
        before = d.log_text()
        yield from d.good()
        time.sleep(0.1)
    if d.log_text() != before:
        yield "log_level does not change with a reload"
    with open(d.file, "w", encoding="utf-8") as f:
        f.write(text)
    before = reloads(d)
    d.signal(signal.SIGHUP)
    wait_until("the reload", lambda: reloads(d) > before, 10)
    yield from d.good()


# ---- stop

@contextlib.contextmanager
def in_flight(d):
    """A connection with a message that has come as far as its first field."""
    # An MTA that waits for an answer to MAIL, so that it has been seen to.
    with d.client(steps=m.ALL_STEPS & ~m.NR_MAIL) as c:
        c.mail()
        c.rcpt()
        c.header(*plain().fields[0])
        c.flush()
        yield c


def drains(t, d):
    with in_flight(d) as c, d.client() as other:
        d.signal(signal.SIGTERM)
        wait_until("the drain", lambda: "stopping in_flight=1" in d.log_text())
        # At MAIL where that is answered, else at end of message.
        reply = other.message(plain())
        if not reply.text.startswith(b"451 4.3.2"):
            yield f"a new message during the drain got {reply}"
        time.sleep(0.3)
        message = plain()
        for field in message.fields[1:]:
            c.header(*field)
        c.end_of_header()
        c.body(message.body)
        yield from d.signed(message, c.end())
        began = time.monotonic()
        # Redis is away, and what was counted is on disk: nothing to wait for.
        yield from left(d, began, 0, 8)
    yield from expect("log", d.log_text(), "counters-end .*messages_on_disk=[1-9]")
    yield from expect("log", d.log_text(), "stopped in_flight=0 uncounted=0")


def left(d, began, least, most):
    """The daemon goes by itself, with status 0, that many seconds after it began."""
    status = d.wait()
    took = time.monotonic() - began
    if status or not least <= took <= most:
        yield f"status {status} after {took:.1f} s"
    if os.path.exists(d.socket):
        yield "the socket is still there"
    with stopped(d):
        pass


def stops_at_once_when_told_twice(t, d):
    def said():
        return d.log_text().count("stopping in_flight=1\n")
    with in_flight(d):
        before = said()         # of checks before this one
        d.signal(signal.SIGTERM)
        wait_until("the drain", lambda: said() > before)
        began = time.monotonic()
        d.signal(signal.SIGINT)
        yield from left(d, began, 0, 8)


def dies_when_told_while_it_flushes(t):
    """What listens for Redis here never says a word: that is worth a second at a stop."""
    path = os.path.join(t.scratch.path, "mute.sock")
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(path)
        mute.listen(8)
        with t.daemon(redis=f"unix:{path}") as d:
            # That second may be over before it is told again.
            for _ in range(3):
                yield from d.good()
                d.signal(signal.SIGTERM)
                wait_until("the flush", lambda: not os.path.exists(d.socket))
                d.signal(signal.SIGTERM)
                status = d.wait()
                with stopped(d):
                    pass
                if status == -signal.SIGTERM:
                    break
            else:
                yield f"status {status}"


def gives_up_at_the_deadline(t, d):
    with in_flight(d):
        began = time.monotonic()
        d.signal(signal.SIGINT)
        yield from left(d, began, 3, 14)


# ---- service manager

def told(s, seconds, last=None):
    """What systemd would get in that time, or up to the last that is waited for."""
    end = time.monotonic() + seconds
    got = []
    while time.monotonic() < end and (last is None or last not in got):
        s.settimeout(max(0.01, end - time.monotonic()))
        try:
            got.append(s.recv(4096).decode())
        except TimeoutError:
            break
    return got


def service_manager(t):
    path = os.path.join(t.scratch.path, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        os.environ.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
        try:
            with t.daemon("flush_interval_ms = 100") as d:
                wait_until("READY", lambda: "READY=1" in told(s, 0.2))
                fed = told(s, 1.05).count("WATCHDOG=1")
                if not 3 <= fed <= 40:
                    yield f"the watchdog was fed {fed} times in a second, not about 10 times"
                d.signal(signal.SIGHUP)
                got = [m for m in told(s, 20, "READY=1") if m != "WATCHDOG=1"]
                yield from expect("reload", repr(got),
                                  r"^\['RELOADING=1\\nMONOTONIC_USEC=\d+', 'READY=1'\]$")
                d.signal(signal.SIGTERM)
                wait_until("STOPPING", lambda: any("STOPPING=1\nEXTEND_" in m for m in told(s, 0.2)))
                d.process.wait(20)
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
    t.ending.remove(d)
    yield from d.ended()


# ---- root and not

def becomes_the_user(t):
    run_dir = t.scratch.dir("as-user", mode=0o755)
    where = t.scratch.dir("as-user", "sock", mode=0o2755, owner="daemon", group="mail")
    key = os.path.join(run_dir, "k.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    os.chmod(key, 0o600)
    text = f"""
listen = "unix:{where}/m.sock"
redis = "unix:{where}/none.sock"
state_dir = "{run_dir}/state"
dns_check = false
user = "daemon"
group = "mail"
domain "example.com" {{ key {{ selector = "e" file = "{key}" }} }}
"""
    conf = t.scratch.write("as-user/metermark.conf", text)
    log = os.path.join(run_dir, "log")
    with open(log, "wb") as f:
        p = subprocess.Popen([program(), "-f", "-c", conf], stderr=f)
    try:
        wait_until("the start", lambda: p.poll() is not None or b"started" in open(log, "rb").read())
        with open(f"/proc/{p.pid}/status", encoding="ascii") as f:
            status = f.read()
        yield from expect("uids", status, r"Uid:\t1\t1\t1\t1\n")
        if re.search(r"Groups:.*\b0\b", status):
            yield "still in group 0"
        st = os.stat(f"{where}/m.sock")
        if (st.st_uid, stat.S_IMODE(st.st_mode)) != (1, 0o660):
            yield f"socket: uid {st.st_uid}, mode {st.st_mode:o}"
        if st.st_gid != 8:
            yield f"socket: gid {st.st_gid}, not that of group mail"
        for name in ("", "lock", "producer", "recipient.key"):
            if os.stat(f"{run_dir}/state/{name}").st_uid != 1:
                yield f"state/{name} is not the user's"
        with open(log, encoding="utf-8") as f:
            yield from expect("log", f.read(), r"k\.pem: Permission denied for user daemon, so "
                                               r".* a reload will fail; run: chgrp daemon")
    finally:
        p.terminate()
        p.wait(15)
    if os.path.exists(f"{where}/m.sock"):
        yield "the socket is still there after the stop"
    bad = t.scratch.write("nouser.conf", text.replace('user = "daemon"', 'user = "no-such-user"'))
    status, _, err = run("-f", "-c", bad)
    yield from expect("unknown user", f"{status} {err}", "(?s)^78 .*useradd --system")


def root_knows_what_the_user_may_read(t):
    """-t as root says what the systemd unit, which is not root, would fail on."""
    where = t.scratch.dir("unit", mode=0o755)
    files = {name: t.scratch.write(f"unit/{name}", text) for name, text in {
        "table": "# none\n", "password": "secret\n", "recipients": "0" * 64 + "\n"}.items()}
    conf = t.scratch.write("unit/metermark.conf", f"""
user = "daemon"
state_dir = "{where}/state"
domain_table = "{files['table']}"
redis = "redis://127.0.0.1/0?password_file={files['password']}"
recipient_key_file = "{files['recipients']}"
""")
    files["metermark.conf"] = conf
    for mode in (0o600, 0o640):
        for path in files.values():
            os.chmod(path, mode)
            shutil.chown(path, group="daemon")
        status, out, err = run("-t", "-c", conf)
        if status != 0 or not out.endswith(f"{conf}: ok\n"):
            yield f"mode {mode:o}: status {status}, {out}"
        for name, path in files.items():
            told_of = re.search(f"{re.escape(path)}: Permission denied for user daemon, so the "
                                f"systemd unit will not start.*run: chgrp daemon {re.escape(path)} "
                                f"&& chmod 640 ", err) is not None
            if told_of != (mode == 0o600):
                yield f"mode {mode:o}: {name}: {err}"


def closed_descriptors(t):
    """Started without stdin, stdout and stderr: no file or socket takes their numbers, so
    the log does not go into the journal."""
    with t.daemon() as d:
        argv, socket = d.argv(), d.socket
    wait_until("the end", lambda: not d.running(), 30)
    p = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *argv])
    try:
        wait_until("the socket", lambda: p.poll() is not None or os.path.exists(socket))
        time.sleep(0.3)
        for fd in range(3):
            to = os.readlink(f"/proc/{p.pid}/fd/{fd}")
            if to != "/dev/null":
                yield f"{fd} is {to}"
    finally:
        p.terminate()
        if p.wait(30) != 0:
            yield f"status {p.returncode}"


with wire("process") as t:
    t.check("a start without stdin, stdout and stderr", closed_descriptors, t)
    t.check("told once more while it waits for Redis it dies",
            dies_when_told_while_it_flushes, t)
    t.check("options are as the manual says", options, t)
    t.check("systemd is told of start, reload, stop, and that we live", service_manager, t)
    if os.geteuid() == 0:
        t.check("started as root it becomes the user", becomes_the_user, t)
        t.check("root's -t says what the user may not read", root_knows_what_the_user_may_read, t)
    else:
        t.tap.skip("started as root it becomes the user", "not root")
        t.tap.skip("root's -t says what the user may not read", "not root")
    with t.daemon("drain_s = 3") as d:
        t.check("a message that never ends is left at the deadline", gives_up_at_the_deadline, t, d)
    with t.daemon("drain_s = 20") as d:
        t.check("-t says ok, or where the settings are wrong", settings_test, t, d)
        t.check("socket, state files, file limit and log line of a start", what_is_made, t, d)
        t.check("a restart keeps the producer id", restart_keeps_producer, t, d)
        t.check("a second daemon on the same directory or socket is refused", second_daemon, t, d)
        t.check("a crashed daemon's socket and lock are taken over", after_a_crash, t, d)
        t.check("a file in the socket's place is left alone", precious_file, t, d)
        t.check("in the background the starter learns how it went", background, t, d)
        t.check(f"{HUPS} SIGHUPs in a burst reload, and lose no message", burst, t, d)
        t.check("a wrong reload keeps the old settings and says so", bad_reload, t, d)
        t.check("a stop waits for the message in flight, and begins no other", drains, t, d)
        with t.daemon("outbound { authenticated = true }",
                      domain=t.domain(more='users = {"*"}')) as by_user:
            t.check("the same where MAIL is answered", drains, t, by_user)
        t.check("told twice it stops at once", stops_at_once_when_told_twice, t, d)
