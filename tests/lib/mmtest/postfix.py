# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix on loopback: own configuration, queue and log.

It listens on several ports, so that one instance serves every case:

    port         the usual one, with metermark as contrib/postfix says
    plain        the same without any milter, to compare with
    submission   {daemon_name} is SUBMISSION
    reinject     the listener for a content filter's re-injection

smtpd, cleanup and smtp are chrooted to the queue directory, as Debian has it.
"""

import glob
import os
import re
import shutil
import signal
import subprocess

from .programs import find, postfix_master
from .scratch import answers, free_port, wait_until

MAIN = """\
compatibility_level = 3.6
config_directory = {run}/etc
queue_directory = {spool}
data_directory = {run}/data
command_directory = {sbin}
daemon_directory = {daemons}
meta_directory = {run}/etc
sendmail_path = {sbin}/sendmail
mailq_path = {sbin}/mailq
newaliases_path = {sbin}/newaliases
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = /var, /dev/stdout, {run}
myhostname = {hostname}
mydomain = example.test
myorigin = example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = all
mynetworks = 0.0.0.0/0 [::]/0
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_recipient_restrictions = check_recipient_access inline:{{ hold.test=HOLD }}
smtpd_client_connection_count_limit = 0
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtputf8_enable = yes
message_size_limit = 20480000
relayhost = [127.0.0.1]:{sink}
transport_maps = {transports}
alias_maps =
alias_database =
local_recipient_maps =
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s
biff = no
"""

MASTER = """\
127.0.0.1:{port} inet n - {chroot} - - smtpd
127.0.0.1:{plain} inet n - {chroot} - - smtpd
    -o smtpd_milters=
127.0.0.1:{submission} inet n - {chroot} - - smtpd
{submission_options}
pickup    unix  n       -       n       1       1       pickup
cleanup   unix  n       -       {chroot}       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       {chroot}       -       -       smtp
uncured   unix  -       -       {chroot}       -       -       smtp
    -o disable_mime_output_conversion=no
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


class Postfix:
    name = "postfix"
    hostname = "pf.example.test"

    def __init__(self, run, sink_port, fragments, milter=True, routes=(), extra=""):
        """fragments: the directory contrib/postfix.  routes: {domain: (transport, port)}."""
        self.run = run
        self.fragments = fragments
        self.milter = milter
        self.extra = extra
        self.spool = os.path.join(run, "spool")
        self.log = os.path.join(run, "postfix.log")
        self.master = postfix_master()
        self.sbin = os.path.dirname(find("postconf"))
        self.port, self.plain, self.submission, self.reinject = (free_port() for _ in range(4))
        self._configure(sink_port, dict(routes))

    def socket(self):
        """The milter socket that the fragment names, as the daemon must listen on it."""
        text = self._fragment("main.cf.fragment")
        return os.path.join(self.spool, re.search(r"\bunix:([^\s,]+)", text).group(1))

    def _fragment(self, name):
        with open(os.path.join(self.fragments, name), encoding="utf-8") as f:
            return f.read()

    def _configure(self, sink_port, routes):
        etc = os.path.join(self.run, "etc")
        os.makedirs(etc, exist_ok=True)
        for name in ("postfix-files", "dynamicmaps.cf"):
            open(os.path.join(etc, name), "w").close()
        inline = " ".join("{ %s = %s:[127.0.0.1]:%d }" % (domain, transport, port)
                          for domain, (transport, port) in routes.items())
        main = MAIN.format(run=self.run, spool=self.spool, sbin=self.sbin, log=self.log,
                           daemons=os.path.dirname(self.master), hostname=self.hostname,
                           sink=sink_port,
                           transports="inline:{ %s }" % inline if inline else "")
        if self.milter:
            main += self._fragment("main.cf.fragment")
        options = self._fragment("master.cf.fragment") if self.milter else ""
        master = MASTER.format(port=self.port, plain=self.plain, submission=self.submission,
                               submission_options=options, chroot="y")
        if self.milter:
            master += self._fragment("content-filter.cf.fragment").replace(
                "127.0.0.1:10025", f"127.0.0.1:{self.reinject}")
        with open(os.path.join(etc, "main.cf"), "w", encoding="utf-8") as f:
            f.write(main + self.extra)
        with open(os.path.join(etc, "master.cf"), "w", encoding="utf-8") as f:
            f.write(master)
        self._queue()

    def _queue(self):
        """The queue directory as Debian's package makes it."""
        def make(path, mode, owner="root", group="root"):
            os.makedirs(path, exist_ok=True)
            shutil.chown(path, owner, group)
            os.chmod(path, mode)
        make(os.path.join(self.run, "data"), 0o700, "postfix")
        make(self.spool, 0o755)
        make(f"{self.spool}/pid", 0o755)
        for d in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                  "incoming", "private", "saved", "trace"):
            make(f"{self.spool}/{d}", 0o700, "postfix")
        make(f"{self.spool}/maildrop", 0o1730, "postfix", "postdrop")
        make(f"{self.spool}/public", 0o2710, "postfix", "postdrop")

    def _env(self):
        return dict(os.environ, MAIL_CONFIG=os.path.join(self.run, "etc"), LC_ALL="C")

    def start(self):
        # What `postfix start` runs after checks that would want a whole installation.
        done = subprocess.run([self.master, "-c", os.path.join(self.run, "etc"), "-w"],
                              env=self._env(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"postfix did not start: {done.stdout}\n{self.tail()}")
        with open(f"{self.spool}/pid/master.pid", encoding="ascii") as f:
            self.pid = int(f.read())
        try:
            wait_until("postfix to listen", lambda: answers(self.port, b"220"), 30)
        except RuntimeError as e:
            self.stop()
            raise RuntimeError(f"{e}\n{self.tail()}") from None
        return self

    def stop(self):
        if not getattr(self, "pid", None):
            return
        pid, self.pid = self.pid, None
        try:
            os.kill(pid, signal.SIGTERM)
            wait_until("postfix to stop", lambda: not _alive(pid), 20)
        except ProcessLookupError:
            pass
        except RuntimeError:
            os.killpg(pid, signal.SIGKILL)

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)

    def command(self, program, *args, stdin=b""):
        """postqueue, postsuper, sendmail, ... of this instance; its output."""
        return subprocess.run([find(program), *args], env=self._env(), input=stdin, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()

    def submit(self, sender, rcpts, message):
        """Hand in a message by sendmail(1); LF line ends as a program writes them."""
        self.command("sendmail", "-i", "-f", sender, "--", *rcpts,
                     stdin=message.replace(b"\r\n", b"\n"))

    def queued(self):
        """Names of the queue files that are not delivered."""
        return [path for d in ("maildrop", "incoming", "active", "deferred")
                for path in glob.glob(f"{self.spool}/{d}/**", recursive=True)
                if os.path.isfile(path)]

    def drain(self, timeout=60):
        """Wait until the queue is empty."""
        try:
            wait_until("postfix's queue to empty", lambda: not self.queued(), timeout)
        except RuntimeError as e:
            raise RuntimeError(f"{e}\n{self.tail()}") from None

    def tail(self, lines=15):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return "\n".join([f"--- end of {self.log}"] + f.read().splitlines()[-lines:])
        except OSError:
            return "(no postfix log)"

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()


def _alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
