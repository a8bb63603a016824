/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsnews.h - keeps the findings of the daemon's DNS checks and tells which of them are
 * new.  Pure.
 *
 * Only bad and unknown findings are kept, by domain and check ("dkim r2026", "spf",
 * "dmarc").  A question that DNS could not answer leaves the earlier finding as it was.
 */
#ifndef METERMARK_DNS_DNSNEWS_H
#define METERMARK_DNS_DNSNEWS_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dnslook.h"

#define DNSNEWS_MAX 2000 /* findings kept at most */
#define DNSNEWS_CHECK_MAX 96

struct dnsnews_finding {
	char domain[DNS_NAME_MAX + 1];
	char check[DNSNEWS_CHECK_MAX];
	struct dnslook_finding f;
	int64_t seen_ms; /* when it was last found, unix time */
};

struct dnsnews {
	struct dnsnews_finding *v;
	size_t n, cap;
};

enum dnsnews_change {
	DNSNEWS_SAME,
	DNSNEWS_BAD, /* it is bad; before it was good, unknown, or bad in another way */
	DNSNEWS_WELL /* it is good; before it was bad */
};

void dnsnews_fini(struct dnsnews *);
/*
 * Records one finding and returns what has changed.  If there is no room or memory for
 * it, it is reported as new each time.
 */
enum dnsnews_change dnsnews_take(struct dnsnews *, struct str domain, const char *check,
    const struct dnslook_finding *, int64_t now_ms);
/*
 * Removes findings that were last seen before before_ms: the settings no longer name
 * their domain.
 */
void dnsnews_forget(struct dnsnews *, int64_t before_ms);

#endif
