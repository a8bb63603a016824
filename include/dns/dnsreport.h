/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsreport.h - the file STATE_DIR/dns.json, which holds the findings of the daemon's
 * DNS checks.
 *
 * The daemon writes it after each round.  `metermark doctor` reads it, and the daemon
 * reads it at its start, so that known findings are not reported again after a restart.
 * It is one JSON object with checked_ms, domains, looked, well, and findings: an array
 * of the bad findings.  Thread-safe.
 */
#ifndef METERMARK_DNS_DNSREPORT_H
#define METERMARK_DNS_DNSREPORT_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dnsnews.h"

#define DNSREPORT_FILE "dns.json"

struct dnsreport {
	int64_t checked_ms;      /* end of the last round, unix time */
	int64_t domains, looked; /* domains there are, and how many of them the last
	                            round looked up */
	int64_t well;            /* good findings of the last round */
	struct dnsnews news;
};

/* 0, or -1 with err. */
int dnsreport_write(
    const char *dir, const struct dnsreport *, char *err, size_t errlen);
/*
 * Reads into an empty report, whose news need dnsnews_fini() afterwards.  Returns 0, or
 * -1 with err if the file is missing or damaged.
 */
int dnsreport_read(const char *dir, struct dnsreport *, char *err, size_t errlen);

#endif
