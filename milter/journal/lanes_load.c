/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes_load.c - batches put back as an earlier life left them, and figures over all
 * lanes.  See journal/lanes.h.
 */
#include <stdlib.h>

#include "journal/lanes_parts.h"

struct batch *
lanes_restore(struct lanes *l, const struct tally_entry *e, uint64_t seq, uint64_t prev,
    bool acked, struct lanes_time when)
{
	struct lane *lane =
	    lanes_lane_for(l, str_make(e->campaign.name, e->campaign.len));
	struct batch *b = lane != NULL ? lanes_batch_new(l, e) : NULL;

	if (b == NULL)
		return NULL;
	b->seq = seq;
	b->prev = prev;
	b->sealed_ms = when.wall_ms;
	b->recovered = true;
	lanes_append(lane, b);
	if (acked) {
		lanes_set_acked(l, b, when.mono_ms);
		lane->acked = seq;
	} else if (lane->at == NULL) {
		lane->at = b;
		lane->acked = prev;
	}
	lane->used_ms = when.mono_ms;
	lanes_note_activity(l, lane, e);
	lanes_raise(l, seq);
	return b;
}

void
lanes_drop(struct lanes *l, struct str campaign, uint64_t upto)
{
	struct lane *lane = lanes_find(l, campaign);

	if (lane == NULL)
		return;
	while (lane->first != NULL && lane->first->seq <= upto)
		lanes_drop_first(l, lane);
	lane->acked = 0;
	lane->doubt = false;
}

void
lanes_drop_last(struct lanes *l, struct str campaign)
{
	struct lane *lane = lanes_find(l, campaign);
	struct batch *b = lane != NULL ? lane->last : NULL, *before = NULL;

	if (b == NULL || b->acked)
		return;
	for (struct batch *k = lane->first; k != b; k = k->next)
		before = k;
	*(before != NULL ? &before->next : &lane->first) = NULL;
	lane->last = before;
	if (lane->at == b)
		lane->at = NULL;
	free(b);
}

void
lanes_acknowledge_one(struct lanes *l, struct str campaign, int64_t now_ms)
{
	struct lane *lane = lanes_find(l, campaign);

	for (; lane != NULL && lane->at != NULL; lane->at = lane->at->next) {
		lanes_set_acked(l, lane->at, now_ms);
		lane->acked = lane->at->seq;
	}
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void
lanes_acknowledge(
    struct lanes *l, uint64_t seq, const uint64_t *but, size_t n, int64_t now_ms)
{
	for (struct lane *lane = l->first; lane != NULL; lane = lane->next) {
		while (lane->at != NULL && lane->at->seq <= seq &&
		    (n == 0 ||
			bsearch(&lane->at->seq, but, n, sizeof *but, compare_numbers) ==
			    NULL)) {
			lanes_set_acked(l, lane->at, now_ms);
			lane->acked = lane->at->seq;
			lane->at = lane->at->next;
		}
	}
}

/* ==== figures ==== */

size_t
lanes_in_doubt(const struct lanes *l)
{
	size_t n = 0;

	for (const struct lane *lane = l->awake; lane != NULL; lane = lane->next_awake)
		n += lane->doubt;
	return n;
}

size_t
lanes_pending(const struct lanes *l)
{
	size_t n = 0;

	for (const struct lane *lane = l->awake; lane != NULL; lane = lane->next_awake)
		for (const struct batch *b = lane->at; b != NULL; b = b->next)
			n += !b->acked;
	return n;
}

void
lanes_weigh(const struct lanes *l, struct tally_weight *w)
{
	for (const struct lane *lane = l->awake; lane != NULL;
	     lane = lane->next_awake) {
		bool all = str_eq(lane->link.name, STR(CAMP_ALL));

		for (const struct batch *b = lane->at; b != NULL; b = b->next)
			if (!b->acked)
				*(all ? &w->all : &w->campaigns) += b->messages;
	}
}

int64_t
lanes_oldest_ms(const struct lanes *l)
{
	int64_t oldest = 0;

	for (const struct lane *lane = l->awake; lane != NULL; lane = lane->next_awake)
		if (lane->at != NULL && !lane->at->acked &&
		    (oldest == 0 || lane->at->sealed_ms < oldest))
			oldest = lane->at->sealed_ms;
	return oldest;
}

size_t
lanes_retained(const struct lanes *l, size_t *bytes)
{
	*bytes = l->retain.bytes;
	return l->retain.n;
}
