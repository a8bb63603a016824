# SPDX-License-Identifier: BSD-2-Clause
"""matrix - everything that can break between an accepted message and its counters, done
to a real daemon and real servers, with the mail server's view for the truth.

    book     what was accepted, and what Redis must hold for that
    load     mail through the daemon
    lab      what every case has: servers, a daemon, a book, figures
    servers  cases: Redis is killed, hangs, loses data, refuses
    places   cases: Sentinel, Cluster
    daemons  cases: metermark is killed, its disk fills or lies, two of them, the clock
    outage   case: Redis is away for very many messages
    main     options, the table
"""
