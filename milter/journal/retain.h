/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retain.h - the batches that Redis has acknowledged and that are kept for a while all
 * the same, in the order of their acknowledgement.  For journal/lanes.c.  Pure.
 */
#ifndef METERMARK_JOURNAL_RETAIN_H
#define METERMARK_JOURNAL_RETAIN_H

#include <stddef.h>
#include <stdint.h>

struct batch;

/* All zeros holds nothing. */
struct retain {
	struct batch *newest, *oldest;
	size_t n, bytes;
	int64_t max_ms;
	size_t max_bytes;
};

/* Acknowledged: in as the newest, with b->acked and its time.  It is not in yet. */
void retain_add(struct retain *, struct batch *, int64_t now_ms);
/* It is in. */
void retain_remove(struct retain *, struct batch *);
/* The oldest, when it has been in long enough or there is too much; else NULL. */
struct batch *retain_old(const struct retain *, int64_t now_ms);

#endif
