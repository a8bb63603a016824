# SPDX-License-Identifier: BSD-2-Clause
"""mmtest - real servers for Metermark's tests, one class per server.

Every server is a context manager that starts a private instance on loopback,
in one scratch directory, and stops exactly what it started.  Nothing is
installed, no system configuration is read or written, no port is fixed.

    scratch    the directory, free ports, waiting, TAP output
    proc       what all servers have in common
    programs   where postfix, sendmail, redis-server ... are
    keys       DKIM keys and their DNS lines
    redis      redis-server or valkey-server, and a small client
    sink       smtp-sink and what it has received
    smtp       an SMTP client that can also misbehave
    postfix    a private Postfix
    sendmail   a private Sendmail
    milter     metermark-milter, or opendkim in its place
    verify     dkimpy and Mail::DKIM over delivered messages

Needs root (an MTA does) and Debian's python3 with python3-dkim.
"""
