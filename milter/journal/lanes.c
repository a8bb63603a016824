/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes.c - the batches of each campaign.  See the header.
 */
#include "journal/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "journal/lanes_parts.h"

/*
 * How far above somebody else's number ours go on: a batch of theirs that is still on
 * its way must not meet one of ours with the same number.
 */
#define LEAP ((uint64_t)1 << 20)

/* ==== what is retained ==== */

void
lanes_set_acked(struct lanes *l, struct batch *b, int64_t now_ms)
{
	if (!b->acked)
		retain_add(&l->retain, b, now_ms);
}

static void
set_lost(struct lanes *l, struct batch *b)
{
	if (!b->acked)
		return;
	b->again = true;
	retain_remove(&l->retain, b);
}

/* Drop the lane's oldest batch. */
void
lanes_drop_first(struct lanes *l, struct lane *lane)
{
	struct batch *b = lane->first;

	lane->first = b->next;
	if (lane->first == NULL)
		lane->last = NULL;
	if (lane->at == b)
		lane->at = b->next;
	if (b->acked)
		retain_remove(&l->retain, b);
	free(b);
}

void
lanes_expire(struct lanes *l, int64_t now_ms)
{
	struct batch *b;

	/* Batches of a lane are retained in its order, so the oldest is its first. */
	while ((b = retain_old(&l->retain, now_ms)) != NULL && b != b->lane->at)
		lanes_drop_first(l, b->lane);
}

/* ==== lanes ==== */

struct lanes *
lanes_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint64_t first_seq)
{
	struct lanes *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->next_seq = first_seq > 0 ? first_seq : 1;
	jpack_schema_init(&l->schema);
	buf_init(&l->scratch, JPACK_ENTRY_MAX);
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
		while (lane->first != NULL)
			lanes_drop_first(l, lane);
		free(lane);
	}
	namemap_fini(&l->map);
	buf_fini(&l->scratch);
	free(l);
}

void
lanes_retain(struct lanes *l, int64_t ms, size_t bytes)
{
	l->retain.max_ms = ms;
	l->retain.max_bytes = bytes;
}

struct lane *
lanes_find(const struct lanes *l, struct str name)
{
	struct namemap_link *at = namemap_find(&l->map, name);

	return at == NULL ? NULL : NAMEMAP_OF(at, struct lane, link);
}

struct lane *
lanes_lane_for(struct lanes *l, struct str name)
{
	struct lane *lane = lanes_find(l, name);

	if (lane != NULL)
		return lane;
	lane = calloc(1, sizeof *lane);
	if (lane == NULL)
		return NULL;
	memcpy(lane->name, name.p, name.len);
	lane->link.name = str_make(lane->name, name.len);
	namemap_insert(&l->map, &lane->link);
	lane->next = l->first;
	l->first = lane;
	return lane;
}

static struct str
name_of(const struct tally_entry *e)
{
	return str_make(e->campaign.name, e->campaign.len);
}

/* ==== awake and at rest ==== */

/* Put the lane into the list of those with work. */
static void
wake(struct lanes *l, struct lane *lane)
{
	if (lane->awake)
		return;
	lane->awake = true;
	lane->next_awake = l->awake;
	l->awake = lane;
}

void
lanes_rest(struct lanes *l)
{
	struct lane **at = &l->awake;

	while (*at != NULL) {
		struct lane *lane = *at;

		if (lane->at != NULL || lane->unlisted) {
			at = &lane->next_awake;
			continue;
		}
		*at = lane->next_awake;
		lane->awake = false;
	}
}

bool
lanes_busy(const struct lanes *l, struct str campaign)
{
	const struct lane *lane = lanes_find(l, campaign);

	return lane != NULL && lane->at != NULL;
}

/* ==== batches ==== */

struct batch *
lanes_batch_new(struct lanes *l, const struct tally_entry *e)
{
	struct tally_weight w = { 0, 0 };
	struct batch *b;

	buf_reset(&l->scratch);
	jpack_entry(&l->scratch, e);
	if (buf_failed(&l->scratch))
		return NULL;
	b = calloc(1, sizeof *b + l->scratch.len);
	if (b == NULL)
		return NULL;
	b->n = l->scratch.len;
	memcpy(b->bytes, l->scratch.p, b->n);
	tally_weigh_entry(&w, e);
	b->messages = tally_weight_messages(&w);
	b->estimate = rbatch_estimate(e);
	return b;
}

void
lanes_append(struct lane *lane, struct batch *b)
{
	b->lane = lane;
	*(lane->last != NULL ? &lane->last->next : &lane->first) = b;
	lane->last = b;
}

void
lanes_note_activity(struct lanes *l, struct lane *lane, const struct tally_entry *e)
{
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		if (h->last > lane->last_seen)
			lane->last_seen = h->last;
	/* _all is no campaign: it is found by its name. */
	lane->unlisted = !str_eq(lane->link.name, STR(CAMP_ALL));
	wake(l, lane);
}

/* Seal an entry into a free lane.  0 or -1. */
static int
seal(struct lanes *l, struct lane *lane, const struct tally_entry *e, bool recovered,
    struct lanes_time now)
{
	struct batch *b = lanes_batch_new(l, e);

	if (b == NULL)
		return -1;
	b->seq = l->next_seq++;
	b->prev = lane->acked;
	b->sealed_ms = now.wall_ms;
	b->recovered = recovered;
	b->unsaved = true;
	lanes_append(lane, b);
	lane->at = b;
	lane->doubt = false;
	lane->used_ms = now.mono_ms;
	lanes_note_activity(l, lane, e);
	return 0;
}

int
lanes_seal(struct lanes *l, struct tally *open, struct tally *rest, bool recovered,
    struct lanes_time now)
{
	struct tally_entry *e;

	lanes_rest(l);
	while ((e = tally_take(open)) != NULL) {
		struct lane *lane;

		if (rbatch_is_empty(e)) {
			tally_entry_free(e);
			continue;
		}
		lane = lanes_lane_for(l, name_of(e));
		if (lane != NULL && lane->at == NULL &&
		    seal(l, lane, e, recovered, now) == 0) {
			tally_entry_free(e);
			continue;
		}
		/* Its name is not in rest yet: giving cannot fail. */
		tally_give(rest, e);
		if (lane == NULL || lane->at == NULL)
			return -1;
	}
	return 0;
}

void
lanes_raise(struct lanes *l, uint64_t seq)
{
	if (l->next_seq <= seq)
		l->next_seq = seq + 1;
}

uint64_t
lanes_next_seq(const struct lanes *l)
{
	return l->next_seq;
}

/* ==== sending ==== */

static bool
is_ready(const struct lane *lane, bool listing, int64_t now_ms)
{
	return ((lane->at != NULL && !lane->at->unsaved) ||
		   (listing && lane->unlisted)) &&
	    lane->held_until_ms <= now_ms;
}

struct lane *
lanes_ready(struct lanes *l, struct lane *after, bool listing, int64_t now_ms)
{
	struct lane *lane = lanes_each_awake(l, after);

	while (lane != NULL && !is_ready(lane, listing, now_ms))
		lane = lane->next_awake;
	return lane;
}

struct lane *
lanes_each(struct lanes *l, struct lane *after)
{
	return after == NULL ? l->first : after->next;
}

struct lane *
lanes_each_awake(struct lanes *l, struct lane *after)
{
	return after == NULL ? l->awake : after->next_awake;
}

struct tally_entry *
lanes_entry(const struct lanes *l, const struct batch *b)
{
	struct jpack j = { .p = b->bytes, .n = b->n };

	return jpack_get_entry(&j, &l->schema);
}

void
lanes_verify(struct lanes *l, bool all)
{
	for (struct lane *lane = l->first; lane != NULL; lane = lane->next) {
		if (lane->at != NULL || lane->last == NULL ||
		    (all && !str_eq(lane->link.name, STR(CAMP_ALL))))
			continue;
		lane->at = lane->last;
		lane->acked = lane->at->prev;
		wake(l, lane);
	}
}

/* ==== answers ==== */

/* Note that Redis has all batches up to b. */
static void
settle(struct lanes *l, struct lane *lane, struct batch *b, int64_t now_ms)
{
	for (struct batch *k = lane->at; k != NULL; k = k->next) {
		lanes_set_acked(l, k, now_ms);
		if (k == b)
			break;
	}
	lane->acked = b->seq;
	lane->at = b->next;
	lane->doubt = false;
}

static enum lane_news
answer_applied(struct lanes *l, struct lane *lane, bool rebased, int64_t now_ms)
{
	struct batch *b = lane->at;
	bool again = b->again || b->acked;

	b->again = false;
	b->prev = lane->acked;
	settle(l, lane, b, now_ms);
	while (rebased && lane->first != b)
		lanes_drop_first(l, lane);
	if (!again)
		return LANE_APPLIED;
	/* The list of campaigns may be gone as well. */
	lane->unlisted = !str_eq(lane->link.name, STR(CAMP_ALL));
	return LANE_RESTORED;
}

static enum lane_news
answer_lost(struct lanes *l, struct lane *lane, uint64_t applied, struct lane_gap *gap)
{
	struct batch *b = lane->first;

	while (b->seq <= applied && b->next != NULL)
		b = b->next;
	gap->beyond = b->prev > applied;
	lane->at = b;
	lane->acked = applied;
	lane->doubt = false;
	for (; b != NULL; b = b->next) {
		gap->again += b->acked;
		set_lost(l, b);
	}
	lane->unlisted = !str_eq(lane->link.name, STR(CAMP_ALL));
	return LANE_LOST;
}

/* Drop the next batch and all before it: they are no longer wanted. */
static void
give_up(struct lanes *l, struct lane *lane)
{
	struct batch *upto = lane->at;
	bool more;

	do {
		more = lane->first != upto;
		lanes_drop_first(l, lane);
	} while (more);
	lane->acked = 0;
	lane->doubt = false;
}

/* Redis has a number of this producer that is above the batch's. */
static enum lane_news
answer_ahead(struct lanes *l, struct lane *lane, uint64_t applied, int64_t now_ms)
{
	struct batch *b = lane->at;

	while (b != NULL && b->seq != applied)
		b = b->next;
	if (b != NULL) {
		settle(l, lane, b, now_ms);
		return LANE_DUPLICATE;
	}
	lanes_raise(l, applied);
	b = lane->at;
	if (b->recovered || b->acked || b->again) {
		give_up(l, lane);
		return LANE_OVERTAKEN;
	}
	l->next_seq += LEAP;
	b->seq = l->next_seq++;
	b->unsaved = b->renumbered = true;
	lane->doubt = false;
	lane->acked = b->prev = 0;
	return LANE_AHEAD;
}

enum lane_news
lane_answer(struct lanes *l, struct lane *lane, int64_t status, int64_t applied,
    int64_t now_ms, struct lane_gap *gap)
{
	bool retained = lane->at->acked;

	*gap = (struct lane_gap) { .again = 0 };
	switch (status) {
	case RBATCH_APPLIED:
	case RBATCH_REBASED:
		return answer_applied(l, lane, status == RBATCH_REBASED, now_ms);
	case RBATCH_LOST:
		return answer_lost(l, lane, (uint64_t)applied, gap);
	case RBATCH_OLD:
		if ((uint64_t)applied != lane->at->seq)
			return answer_ahead(l, lane, (uint64_t)applied, now_ms);
		settle(l, lane, lane->at, now_ms);
		return retained ? LANE_VERIFIED : LANE_DUPLICATE;
	case RBATCH_FORGOTTEN:
		give_up(l, lane);
		return LANE_FORGOTTEN;
	default:
		return LANE_NONSENSE;
	}
}

/* ==== figures, and the end of things ==== */

void
lanes_moved(struct lanes *l)
{
	for (struct lane *lane = l->first; lane != NULL; lane = lane->next) {
		while (lane->first != NULL && lane->first->acked)
			lanes_drop_first(l, lane);
		for (struct batch *b = lane->first; b != NULL; b = b->next)
			b->prev = 0;
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

	lanes_rest(l);
	while (*at != NULL) {
		struct lane *lane = *at;

		if (lane->first != NULL || lane->unlisted ||
		    lane->used_ms >= before_ms) {
			at = &lane->next;
			continue;
		}
		*at = lane->next;
		namemap_remove(&l->map, &lane->link);
		free(lane);
	}
}
