/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retain.c - batches in the order of their acknowledgement.  See the header.
 */
#include "journal/retain.h"

#include "journal/lanes.h"

static size_t
size_of(const struct batch *b)
{
	return sizeof *b + b->n;
}

void
retain_add(struct retain *r, struct batch *b, int64_t now_ms)
{
	b->acked = true;
	b->acked_ms = now_ms;
	b->newer = NULL;
	b->older = r->newest;
	*(r->newest != NULL ? &r->newest->newer : &r->oldest) = b;
	r->newest = b;
	r->n++;
	r->bytes += size_of(b);
}

void
retain_remove(struct retain *r, struct batch *b)
{
	*(b->newer != NULL ? &b->newer->older : &r->newest) = b->older;
	*(b->older != NULL ? &b->older->newer : &r->oldest) = b->newer;
	b->acked = false;
	r->n--;
	r->bytes -= size_of(b);
}

struct batch *
retain_old(const struct retain *r, int64_t now_ms)
{
	struct batch *b = r->oldest;

	return b != NULL &&
		(b->acked_ms + r->max_ms < now_ms || r->bytes > r->max_bytes)
	    ? b
	    : NULL;
}
