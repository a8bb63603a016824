/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnswatch.h - the daemon's own checks of DNS, in a thread that mail never waits for.
 *
 * Soon after the start, after a reload and once a day the domains of the settings in
 * force are checked: keys, SPF, DMARC (dns/domlook.h).  The findings go into
 * STATE_DIR/dns.json, and new ones into the log.  With dns_check = false the thread
 * sleeps.
 */
#ifndef METERMARK_DAEMON_DNSWATCH_H
#define METERMARK_DAEMON_DNSWATCH_H

#include <stddef.h>

/* Main thread, after snapshot_publish().  0, or -1 with err. */
int dnswatch_start(const char *state_dir, char *err, size_t errlen);
/* Other settings are in force: check again soon.  Any thread. */
void dnswatch_wake(void);
/* Ask no further question; does not wait for the one under way.  Any thread. */
void dnswatch_stop(void);

#endif
