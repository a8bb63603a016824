#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""rediss://: the server is who the URL says, or nothing is sent.  A build without TLS
says so."""

import os
import subprocess
import sys

from mmtest.counting import WHEN, Driver
from mmtest.netdriver import NetDriver
from mmtest.programs import Missing, find
from mmtest.redis import RedisServer
from mmtest.redisplaces import Cluster
from mmtest.scratch import Scratch, Tap, free_port

tap = Tap()


def certificate(run, name, names, authority=None):
    """A key and a certificate for names, signed by authority or by itself."""
    base, openssl = os.path.join(run, name), find("openssl")
    argv = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", base + ".key", "-out", base + ".pem", "-subj", f"/CN={name}",
            "-days", "2"]
    if authority:
        argv += ["-CA", authority + ".pem", "-CAkey", authority + ".key",
                 "-addext", "basicConstraints=critical,CA:FALSE"]
    if names:
        argv += ["-addext", f"subjectAltName={names}"]
    subprocess.run(argv, capture_output=True, check=True)
    return base


class TlsRedis(RedisServer):
    def __init__(self, run, base, authority):
        super().__init__(run)
        self.tls_port = free_port()
        self.options = ["--bind", "127.0.0.1", "127.0.0.2", "--tls-port",
                        str(self.tls_port), "--tls-cert-file", base + ".pem",
                        "--tls-key-file", base + ".key", "--tls-ca-cert-file",
                        authority + ".pem", "--tls-auth-clients", "no"]

    def argv(self):
        return super().argv() + self.options


def count(redis, host, authority, ms=300):
    """What happens to three messages in that time; (counted, log)"""
    redis.command("FLUSHALL")
    os.environ["SSL_CERT_FILE"] = authority + ".pem"
    with Driver(f"rediss://{host}:{redis.tls_port}/0") as driver:
        driver.say(f"add secret 3 {WHEN} 1 2")
        driver.wait_log("redis-")
        driver.ask(f"wait {ms}")
        driver.stop(200)
        log = "\n".join(driver.log)
    return redis.hash("metermark:{secret}:total").get("messages"), log


def cases(redis, ours, other):
    for title, host, authority, counted, said in (
            ("a server that its certificate names", "localhost", ours, "3", "redis-connected"),
            ("an address that its certificate names", "127.0.0.1", ours, "3", "redis-connected"),
            ("another name than in the certificate", "127.0.0.2", ours, None, "mismatch"),
            ("an authority nobody trusts", "localhost", other, None, "not accepted")):
        have, log = count(redis, host, authority, 20000 if counted else 300)
        tap.result(title, [] if have == counted and said in log else [f"counted: {have}", log])


def said_to(url):
    """What a PING gives, and all that was logged on the way."""
    os.environ.pop("SSL_CERT_FILE", None)
    with NetDriver(url) as driver:
        said = driver.ask("do k PING")
        driver.close()
    return "\n".join([said] + driver.log)


def options(redis, run, ours, other):
    mine = certificate(run, "mine", None, ours)
    url = f"rediss://127.0.0.2:{redis.tls_port}?cacert={ours}.pem"
    redis.command("CONFIG", "SET", "tls-auth-clients", "yes")
    problems = []
    for more, word in (
            (f"&tls_name=localhost&cert={mine}.pem&key={mine}.key", "PONG"),
            (f"&cert={mine}.pem&key={mine}.key", "mismatch"),
            ("&tls_name=localhost", "rediss://127.0.0.2"),
            (f"&tls_name=localhost&cert={mine}.pem&key={ours}.key", "key " + ours),
            (f"&tls_name=localhost&cert={run}/none&key={mine}.key", f"cert {run}/none")):
        said = said_to(url + more)
        if word not in said or ("PONG" in said) != (word == "PONG"):
            problems += [f"{more} lacks \"{word}\"", said]
    said = said_to(f"rediss://localhost:{redis.tls_port}?cacert={run}/none")
    if f"cacert {run}/none" not in said:
        problems.append(said)
    redis.command("CONFIG", "SET", "tls-auth-clients", "no")
    tap.result("cacert, cert, key and tls_name do what they say, or it is said why not",
               problems)


def cluster(run, base, ours):
    """Servers of a cluster, and what they say of each other, by TLS."""
    files = ["--tls-cert-file", base + ".pem", "--tls-key-file", base + ".key",
             "--tls-ca-cert-file", ours + ".pem", "--tls-auth-clients", "no"]
    with Cluster(run, tls=files) as places:
        url = f"rediss+cluster://127.0.0.1:{places.nodes[0].tls_port}?cacert={ours}.pem"
        with NetDriver(url) as driver:
            said = [driver.ask(f"do k{i} SET k{i} {i}") for i in range(40)]
            driver.close()
        links = {line.split()[1] for line in driver.logged("connected")}
        problems = [] if set(said) == {"OK"} else [str(said)] + driver.log
        if links != {f"rediss://127.0.0.1:{n.tls_port}/0" for n in places.nodes}:
            problems.append(str(links))
    tap.result("all of a cluster by TLS", problems)


def main():
    try:
        with Scratch("mm-tls.") as scratch:
            ours = certificate(scratch.path, "ours", None)
            other = certificate(scratch.path, "other", None)
            base = certificate(scratch.path, "server", "DNS:localhost,IP:127.0.0.1", ours)
            with TlsRedis(scratch.path, base, ours) as redis:
                have, log = count(redis, "localhost", ours)
                if "no TLS" in log:
                    tap.result("a build without TLS says what to do",
                               [] if have is None and "stunnel" in log else [log])
                else:
                    cases(redis, ours, other)
                    options(redis, scratch.path, ours, other)
                    cluster(scratch.path, base, ours)
    except Missing as e:
        print(f"1..0 # SKIP {e}")
        return 0
    return tap.done()


sys.exit(main())
