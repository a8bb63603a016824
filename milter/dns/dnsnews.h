/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsnews.h - what rounds of looking at DNS found, and what of it is new.  Pure.
 *
 * Kept is what is not well, by domain and check ("dkim r2026", "spf", "dmarc").  A
 * question that DNS could not answer changes nothing about what is known.
 */
#ifndef METERMARK_DNS_DNSNEWS_H
#define METERMARK_DNS_DNSNEWS_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dnslook.h"

#define DNSNEWS_MAX 2000 /* findings kept; further ones are counted only */
#define DNSNEWS_CHECK_MAX 96

struct dnsnews_finding {
	char domain[DNS_NAME_MAX + 1];
	char check[DNSNEWS_CHECK_MAX];
	struct dnslook_finding f;
	int64_t seen_ms; /* unix, when it was found last */
};

struct dnsnews {
	struct dnsnews_finding *v;
	size_t n, cap;
};

enum dnsnews_change {
	DNSNEWS_SAME,
	DNSNEWS_BAD, /* it was well, or not known, or bad in another way */
	DNSNEWS_WELL /* it was not */
};

void dnsnews_fini(struct dnsnews *);
/* Take up one finding.  Where memory or room is short it is told as new and not kept.
 */
enum dnsnews_change dnsnews_take(struct dnsnews *, struct str domain, const char *check,
    const struct dnslook_finding *, int64_t now_ms);
/* Forget what was not found since then: its domain is not ours any more. */
void dnsnews_forget(struct dnsnews *, int64_t before_ms);

#endif
