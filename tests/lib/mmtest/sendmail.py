# SPDX-License-Identifier: BSD-2-Clause
"""A private Sendmail on loopback, unpacked from Debian's packages.

Ports as in postfix.py: port, plain, submission.  Three things have to be known:

* Sendmail sleeps 60 s when the host name has no dot, before it reads its
  configuration, and asks DNS.  So it runs in a UTS and mount namespace with a
  host name, /etc/hosts and resolv.conf of its own; the host is not touched.
* It calls a unix socket unsafe when any directory above it is world-writable,
  as /tmp is: in the namespace the socket's directory is mounted at /mnt.
* On a busy machine it would refuse mail by load average: switched off.
"""

import glob
import os
import shutil
import subprocess

from .proc import Server
from .programs import Missing, find, sendmail_env, sendmail_root
from .scratch import answers, free_port

MC = """\
divert(0)dnl
OSTYPE(`linux')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confDOMAIN_NAME', `{hostname}')dnl
define(`QUEUE_DIR', `{run}/queue')dnl
define(`confPID_FILE', `{run}/sendmail.pid')dnl
define(`STATUS_FILE', `{run}/statistics')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confCW_FILE', `{run}/empty')dnl
define(`confSERVICE_SWITCH_FILE', `{run}/service.switch')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_ICONNECT', `5s')dnl
define(`confBIND_OPTS', `-DNSRCH -DEFNAMES')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confLOG_LEVEL', `{loglevel}')dnl
define(`confPRIVACY_FLAGS', `authwarnings')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={port}')dnl
DAEMON_OPTIONS(`Name=PLAIN, Family=inet, Addr=127.0.0.1, Port={plain}, InputMailFilters=')dnl
DAEMON_OPTIONS(`Name=SUBMISSION, Family=inet, Addr=127.0.0.1, Port={submission}')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {sink7}')dnl
{include}
MAILER(`smtp')dnl
{rules}
"""

# What /usr/sbin/sendmail is for a program that hands in mail: it queues and relays to
# the daemon by SMTP.
SUBMIT = """\
divert(0)dnl
OSTYPE(`linux')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confDOMAIN_NAME', `{hostname}')dnl
define(`__OSTYPE__', `')dnl
define(`confPID_FILE', `{run}/submit.pid')dnl
define(`STATUS_FILE', `{run}/submit.st')dnl
define(`confRUN_AS_USER', `daemon')dnl
define(`MSP_QUEUE_DIR', `{run}/clientmqueue')dnl
define(`confSERVICE_SWITCH_FILE', `{run}/service.switch')dnl
define(`confBIND_OPTS', `-DNSRCH -DEFNAMES')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {port}')dnl
FEATURE(`msp', `[127.0.0.1]')dnl
"""

RULES = """\
MAILER_DEFINITIONS
Muncured, P=[IPC], F=mDFMuXa, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\\r\\n, L=990,
	T=DNS/RFC822/SMTP, A=TCP $h {sink7}
Mdsn, P=[IPC], F=mDFMuXa8, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\\r\\n, L=990,
	T=DNS/RFC822/SMTP, A=TCP $h {dsn}

LOCAL_RULE_0
R$* < @ 7bit.test . > $*	$#esmtp $@ [127.0.0.1] $: $1 < @ 7bit.test . > $2
R$* < @ 7bit.test > $*	$#esmtp $@ [127.0.0.1] $: $1 < @ 7bit.test > $2
R$* < @ uncured.test . > $*	$#uncured $@ [127.0.0.1] $: $1 < @ uncured.test . > $2
R$* < @ uncured.test > $*	$#uncured $@ [127.0.0.1] $: $1 < @ uncured.test > $2
R$* < @ utf8.test . > $*	$#dsn $@ [127.0.0.1] $: $1 < @ utf8.test . > $2
R$* < @ utf8.test > $*	$#dsn $@ [127.0.0.1] $: $1 < @ utf8.test > $2
"""

ENTER = """\
hostname "$1" && mount --bind "$2/hosts" /etc/hosts &&
mount --bind "$2/resolv.conf" "$(readlink -f /etc/resolv.conf)" || exit 70
[ -z "$3" ] || mount --bind "$3" /mnt || exit 70
shift 3
exec "$@"
"""


class Sendmail(Server):
    name = "sendmail"
    hostname = "sm.example.test"

    def __init__(self, run, sink_port, fragments, milter=True, seven_bit_port=9, log_level=9,
                 dsn_port=9):
        """fragments: the directory contrib/sendmail."""
        self.run = run
        self.log = os.path.join(run, "sendmail.log")
        self.root = sendmail_root()
        self.program = f"{self.root}/usr/libexec/sendmail/sendmail"
        self.m4 = find("m4")
        self.unshare = find("unshare")
        self.port, self.plain, self.submission = (free_port() for _ in range(3))
        self.socket_dir = os.path.join(run, "socket") if milter else ""
        if subprocess.run([self.unshare, "--uts", "--mount", "true"],
                          stderr=subprocess.DEVNULL).returncode:
            raise Missing("unshare is not allowed here (needs CAP_SYS_ADMIN): no Sendmail")
        self._configure(sink_port, seven_bit_port, fragments, log_level, dsn_port)

    def socket(self):
        """Where the daemon must listen; Sendmail sees it as /mnt/milter.sock."""
        return os.path.join(self.socket_dir, "milter.sock")

    def _write(self, name, text):
        with open(os.path.join(self.run, name), "w", encoding="utf-8") as f:
            f.write(text)

    def _configure(self, sink_port, seven_bit_port, fragments, log_level, dsn_port):
        os.makedirs(f"{self.run}/queue", mode=0o700, exist_ok=True)
        self._write("hosts", f"127.0.0.1 {self.hostname} sm localhost\n")
        self._write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self._write("service.switch", "hosts\tfiles\naliases\tfiles\n")
        self._write("empty", "")
        include = ""
        if self.socket_dir:
            os.makedirs(self.socket_dir, exist_ok=True)
            include = ("define(`METERMARK_SOCKET', `unix:/mnt/milter.sock')dnl\n"
                       f"include(`{fragments}/metermark.m4')dnl")
        self._write("test.mc", MC.format(
            hostname=self.hostname, run=self.run, port=self.port, plain=self.plain,
            submission=self.submission, sink=sink_port, sink7=seven_bit_port,
            include=include, loglevel=log_level,
            rules=RULES.format(sink7=seven_bit_port, dsn=dsn_port)))
        os.makedirs(f"{self.run}/clientmqueue", exist_ok=True)
        shutil.chown(f"{self.run}/clientmqueue", "daemon", "daemon")
        os.chmod(f"{self.run}/clientmqueue", 0o770)
        self._write("submit.mc", SUBMIT.format(hostname=self.hostname, run=self.run,
                                               port=self.port))
        self._m4("test")
        self._m4("submit")

    def _m4(self, name):
        """name.mc to name.cf."""
        cf = f"{self.root}/usr/share/sendmail/cf"
        made = subprocess.run([self.m4, f"-D_CF_DIR_={cf}/", f"{cf}/m4/cf.m4",
                               f"{self.run}/{name}.mc"], capture_output=True)
        if made.returncode:
            raise RuntimeError(f"m4: {made.stderr.decode()}")
        self._write(f"{name}.cf", made.stdout.decode())

    def _inside(self, *command):
        """A command as it is run in the namespace."""
        return [self.unshare, "--uts", "--mount", "--propagation", "private", "sh", "-c", ENTER,
                "sh", self.hostname, self.run, self.socket_dir, *command]

    def argv(self):
        return self._inside(self.program, f"-C{self.run}/test.cf", "-bD")

    def env(self):
        return sendmail_env(self.root)

    def ready(self):
        return answers(self.port, b"220")

    def submit(self, sender, rcpts, message):
        """Hand in a message by sendmail(1); LF line ends as a program writes them."""
        self._run("-Ac", f"-C{self.run}/submit.cf", "-i", "-f", sender, *rcpts,
                  stdin=message.replace(b"\r\n", b"\n"))

    def smtp_on_stdin(self, commands):
        """sendmail -bs: SMTP by a pipe, so that the milter is told no client
        address.  One reply per command; DATA's text is a command too."""
        said = []
        with subprocess.Popen(self._inside(self.program, f"-C{self.run}/test.cf", "-bs"),
                              env=self.env(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as pipe:
            for command in [b"", *commands]:
                pipe.stdin.write(command)
                pipe.stdin.flush()
                line = b"xxx-"
                while line[3:4] == b"-":
                    line = pipe.stdout.readline()
                said.append(line.decode("utf-8", "replace").rstrip())
        return said

    def _run(self, *arguments, stdin=b""):
        done = subprocess.run(self._inside(self.program, *arguments), env=self.env(),
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode("utf-8", "replace")

    def run_queue(self):
        """Deliver what is queued, now."""
        self._run(f"-C{self.run}/test.cf", "-q")

    def queued(self):
        return (glob.glob(f"{self.run}/queue/[dq]f*") +
                glob.glob(f"{self.run}/clientmqueue/[dq]f*"))

    def drain(self, timeout=60):
        """Interactive delivery is over when the client has its reply; what is
        in the queue then has been put off."""
        if self.queued():
            self.run_queue()
        if self.queued():
            raise RuntimeError(f"sendmail could not deliver: {self.queued()}")
