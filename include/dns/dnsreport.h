/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsreport.h - what the daemon's look at DNS found, for others: STATE_DIR/dns.json.
 *
 * The daemon writes it after each round; `metermark doctor` reads it, and so does the
 * daemon at its start, so that a restart is no news.  One JSON object: checked_ms,
 * domains, looked, well, and findings, an array of what is not well.  Thread-safe.
 */
#ifndef METERMARK_DNS_DNSREPORT_H
#define METERMARK_DNS_DNSREPORT_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dnsnews.h"

#define DNSREPORT_FILE "dns.json"

struct dnsreport {
	int64_t checked_ms;      /* end of the last round, unix */
	int64_t domains, looked; /* there are; of them, in the last round */
	int64_t well;            /* findings of it without fault */
	struct dnsnews news;
};

/* 0, or -1 with err. */
int dnsreport_write(
    const char *dir, const struct dnsreport *, char *err, size_t errlen);
/* Into an empty one, for dnsnews_fini().  0, or -1 with err: there is none, or it is
 * damaged. */
int dnsreport_read(const char *dir, struct dnsreport *, char *err, size_t errlen);

#endif
