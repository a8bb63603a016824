/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnswatch.h - the daemon's own look at DNS, in a thread that mail never meets.
 *
 * Soon after the start, after a reload and once a day the domains of the settings in
 * force are looked at: keys, SPF, DMARC (dns/domlook.h).  What is found goes into
 * STATE_DIR/dns.json, what is new of it into the log.  With dns_check = false the
 * thread sleeps.
 */
#ifndef METERMARK_DAEMON_DNSWATCH_H
#define METERMARK_DAEMON_DNSWATCH_H

#include <stddef.h>

/* Main thread, after snapshot_publish().  0, or -1 with err. */
int dnswatch_start(const char *state_dir, char *err, size_t errlen);
/* Other settings are in force: look again soon.  Any thread. */
void dnswatch_wake(void);
/* No further question; does not wait for the one on its way.  Any thread. */
void dnswatch_stop(void);

#endif
