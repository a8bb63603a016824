/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes.c - which batch of which campaign is under way.  See the header.
 */
#include "core/lanes.h"

#include <stdlib.h>
#include <string.h>

/*
 * How far above a foreign number ours goes on: a batch of the other that is still on
 * its way must not meet one of the same number.
 */
#define LEAP ((uint64_t)1 << 20)

struct lanes {
	struct namemap map;
	struct lane *first;
	uint64_t next_seq;
};

struct lanes *
lanes_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint64_t first_seq)
{
	struct lanes *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->next_seq = first_seq > 0 ? first_seq : 1;
	if (namemap_init(&l->map, seed) == -1) {
		free(l);
		return NULL;
	}
	return l;
}

void
lanes_free(struct lanes *l)
{
	if (l == NULL)
		return;
	while (l->first != NULL) {
		struct lane *lane = l->first;

		l->first = lane->next;
		tally_entry_free(lane->sealed);
		free(lane);
	}
	namemap_fini(&l->map);
	free(l);
}

static struct lane *
lane_for(struct lanes *l, const struct camp_name *campaign)
{
	struct namemap_link *at =
	    namemap_find(&l->map, str_make(campaign->name, campaign->len));
	struct lane *lane;

	if (at != NULL)
		return NAMEMAP_OF(at, struct lane, link);
	lane = calloc(1, sizeof *lane);
	if (lane == NULL)
		return NULL;
	memcpy(lane->name, campaign->name, campaign->len);
	lane->link.name = str_make(lane->name, campaign->len);
	namemap_insert(&l->map, &lane->link);
	lane->next = l->first;
	l->first = lane;
	return lane;
}

static void
seal(struct lanes *l, struct lane *lane, struct tally_entry *e, int64_t now_ms)
{
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		if (h->last > lane->last)
			lane->last = h->last;
	lane->sealed = e;
	lane->seq = l->next_seq++;
	lane->doubt = false;
	lane->used_ms = now_ms;
	/* _all is no campaign: it is found by its name. */
	lane->unlisted = !str_eq(lane->link.name, STR(CAMP_ALL));
}

int
lanes_seal(struct lanes *l, struct tally *open, struct tally *rest, int64_t now_ms)
{
	struct tally_entry *e;

	while ((e = tally_take(open)) != NULL) {
		struct lane *lane;

		if (rbatch_is_empty(e)) {
			tally_entry_free(e);
			continue;
		}
		lane = lane_for(l, &e->campaign);
		if (lane != NULL && lane->sealed == NULL) {
			seal(l, lane, e, now_ms);
			continue;
		}
		/* Its name is not in rest yet: giving cannot fail. */
		tally_give(rest, e);
		if (lane == NULL)
			return -1;
	}
	return 0;
}

static bool
is_ready(const struct lane *lane, bool listing, int64_t now_ms)
{
	return (lane->sealed != NULL || (listing && lane->unlisted)) &&
	    lane->held_until_ms <= now_ms;
}

struct lane *
lanes_ready(struct lanes *l, struct lane *after, bool listing, int64_t now_ms)
{
	struct lane *lane = after == NULL ? l->first : after->next;

	while (lane != NULL && !is_ready(lane, listing, now_ms))
		lane = lane->next;
	return lane;
}

static void
settle(struct lane *lane)
{
	tally_entry_free(lane->sealed);
	lane->sealed = NULL;
	lane->doubt = false;
	lane->acked = lane->seq;
}

enum lane_news
lane_answer(struct lanes *l, struct lane *lane, int64_t status, int64_t applied)
{
	switch (status) {
	case RBATCH_APPLIED:
		settle(lane);
		return LANE_APPLIED;
	case RBATCH_LOST:
		lane->doubt = false;
		lane->acked = 0;
		lane->unlisted = !str_eq(lane->link.name, STR(CAMP_ALL));
		return LANE_LOST;
	case RBATCH_OLD:
		if ((uint64_t)applied == lane->seq) {
			settle(lane);
			return LANE_DUPLICATE;
		}
		lane->doubt = false;
		if ((uint64_t)applied >= l->next_seq)
			l->next_seq = (uint64_t)applied + LEAP;
		lane->seq = l->next_seq++;
		lane->acked = 0;
		return LANE_AHEAD;
	default:
		return LANE_NONSENSE;
	}
}

size_t
lanes_in_doubt(const struct lanes *l)
{
	size_t n = 0;

	for (const struct lane *lane = l->first; lane != NULL; lane = lane->next)
		n += lane->doubt;
	return n;
}

size_t
lanes_sealed(const struct lanes *l)
{
	size_t n = 0;

	for (const struct lane *lane = l->first; lane != NULL; lane = lane->next)
		n += lane->sealed != NULL;
	return n;
}

void
lanes_weigh(const struct lanes *l, struct tally_weight *w)
{
	for (const struct lane *lane = l->first; lane != NULL; lane = lane->next)
		if (lane->sealed != NULL)
			tally_weigh_entry(w, lane->sealed);
}

void
lanes_moved(struct lanes *l)
{
	for (struct lane *lane = l->first; lane != NULL; lane = lane->next) {
		lane->acked = 0;
		lane->doubt = false;
	}
	lanes_unhold(l);
}

void
lanes_unhold(struct lanes *l)
{
	for (struct lane *lane = l->first; lane != NULL; lane = lane->next)
		lane->held_until_ms = 0;
}

void
lanes_forget(struct lanes *l, int64_t before_ms)
{
	struct lane **at = &l->first;

	while (*at != NULL) {
		struct lane *lane = *at;

		if (lane->sealed != NULL || lane->unlisted ||
		    lane->used_ms >= before_ms) {
			at = &lane->next;
			continue;
		}
		*at = lane->next;
		namemap_remove(&l->map, &lane->link);
		free(lane);
	}
}
