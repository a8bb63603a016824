/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retain.h - batches that Redis has acknowledged and that are kept for a while, in the
 * order of their acknowledgement.  For journal/lanes.c.  Pure.
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

/* Add a batch as the newest, with b->acked and its time set.  It must not be in yet. */
void retain_add(struct retain *, struct batch *, int64_t now_ms);
/* Remove a batch that is in. */
void retain_remove(struct retain *, struct batch *);
/*
 * The oldest batch if it has been in long enough or if there are too many bytes; else
 * NULL.
 */
struct batch *retain_old(const struct retain *, int64_t now_ms);

#endif
