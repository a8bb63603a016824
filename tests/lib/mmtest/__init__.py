# SPDX-License-Identifier: BSD-2-Clause
"""mmtest - real servers for Metermark's tests, one class per server, and what the tests
of several kinds share.  A test imports it as `from mmtest.x import y`.

Every server is a context manager that starts a private instance on loopback,
in one scratch directory, and stops exactly what it started.  Nothing is
installed, no system configuration is read or written, no port is fixed.

    scratch     the directory, free ports, waiting, TAP output
    proc        what all servers have in common
    programs    where the trees, the command, postfix, sendmail, redis-server ... are
    keys        DKIM keys and their DNS lines
    daemon      metermark-milter
    wire        keys, daemons, messages and verdicts for a test of the milter protocol
    protocol    the MTA's side of the milter protocol
    marks       the handled-mark, made from its description
    vendors     the tags of each service, and what comes of them
    compose     messages
    command     the command metermark, also on a terminal; many commands to Redis
    redis       redis-server or valkey-server, and a small client
    redisplaces Redis Cluster and Sentinel
    proxy       a TCP proxy that cuts a connection
    counting    the flusher alone, driven by commands, and what it must have counted
    netdriver   the client of Redis alone, driven by commands
    dns         a private name server, and one that lies
    dnslab      keys and settings for tests with a name server
    sink        smtp-sink and what it has received
    smtp        an SMTP client that can also misbehave
    postfix     a private Postfix
    sendmail    a private Sendmail
    opendkim    opendkim in the milter's place
    verify      dkimpy and Mail::DKIM over delivered messages

An MTA needs root; verify needs Debian's python3-dkim.
"""
