/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_park.c - counting on while the disk cannot be changed.  The states are in
 * journal/store_parts.h.
 *
 * Sums that are on disk must not be sent while they stay there: a later life would read
 * them and send them again, under a number of its own.  So the ledger is removed first.
 * If it cannot be removed, its sums are parked: they wait in memory, and new counts,
 * which are on no disk, go to Redis without it.
 */
#include <stdint.h>

#include "journal/store_parts.h"
#include "system/logger.h"
#include "text/line.h"

void
store_release_all(struct store *s)
{
	struct lane *lane = NULL;

	while ((lane = lanes_each_awake(s->lanes, lane)) != NULL)
		for (struct batch *b = lane->at; b != NULL; b = b->next)
			b->unsaved = b->renumbered = false;
}

/* Park all open sums.  0, or -1 without memory: the rest stays open. */
static int
park_open(struct store *s)
{
	if (s->parked.sums == NULL)
		s->parked.sums = tally_new(SIZE_MAX, SIZE_MAX, s->seed);
	if (s->parked.sums == NULL || tally_merge(s->parked.sums, s->open) != 0)
		return -1;
	s->parked.recovered |= s->recovered;
	s->recovered = false;
	return 0;
}

/*
 * Turn batches that are in no ledger into parked sums again.  A batch that got a new
 * number after it was written stays a batch: Redis has refused its old number for good.
 * A batch of a failed commit that could not be undone may be in the ledger; it counts
 * as doubtful, since later batches overtake it, and the next life would send it in
 * vain.
 */
static int
park_batches(struct store *s)
{
	struct lane *lane = NULL;

	while ((lane = lanes_each_awake(s->lanes, lane)) != NULL) {
		struct batch *b = lane->last;
		struct tally_weight before = s->parked.doubtful;
		struct tally_entry *e;

		if (b == NULL || !b->unsaved || b->renumbered)
			continue;
		e = lanes_entry(s->lanes, b);
		if (e != NULL && ledger_is_doubtful(s->ledger))
			tally_weigh_entry(&s->parked.doubtful, e);
		if (e == NULL || tally_give(s->parked.sums, e) != 0) {
			s->parked.doubtful = before;
			tally_entry_free(e);
			return -1;
		}
		lanes_drop_last(s->lanes, lane->link.name);
	}
	return 0;
}

/* Messages that the journal had no room for are parked, but are on no disk. */
static void
weigh_left_out(struct store *s)
{
	struct journal_figures fig;

	journal_figures(s->journal, &fig);
	s->parked.doubtful.campaigns += fig.left_out - s->left_out_saved;
	s->parked.doubtful.all += fig.left_out - s->left_out_saved;
}

/* The ledger is gone, perhaps not for good: the next life may find none. */
static void
weigh_all(struct store *s)
{
	s->parked.doubtful = (struct tally_weight) { 0, 0 };
	if (s->parked.sums != NULL)
		tally_weigh(&s->parked.doubtful, s->parked.sums);
}

/*
 * Leave the ledger where it is.  The journal takes no more records, so that new counts
 * are on no disk; what the journal has taken in this life is parked.
 */
static int
park(struct store *s)
{
	struct journal_figures fig;

	journal_leave(s->journal);
	journal_figures(s->journal, &fig);
	if (s->disk != DISK_APART || fig.records > 0) {
		if (!store_take_all(s) || park_open(s) != 0 || park_batches(s) != 0)
			return -1;
		weigh_left_out(s);
	}
	if (ledger_is_gone(s->ledger))
		weigh_all(s);
	return 0;
}

void
store_park_found(struct store *s)
{
	/* Only if everything is in the open sums can they be told from new ones. */
	if (s->fresh == NULL && outbox_is_empty(s->outbox) && park_open(s) == 0)
		s->disk = DISK_APART;
}

void
store_unpark(struct store *s)
{
	if (s->disk == DISK_APART)
		s->disk = DISK_GOOD;
	if (s->parked.sums == NULL)
		return;
	s->recovered |= s->parked.recovered;
	if (store_merge(s, s->parked.sums) != 0) {
		s->stale = true; /* the ledger now has only a part of them */
		return;
	}
	tally_free(s->parked.sums);
	s->parked = (struct parked) { .sums = NULL };
}

uint64_t
store_parked(const struct store *s)
{
	struct tally_weight w = { 0, 0 };

	if (s->parked.sums != NULL)
		tally_weigh(&w, s->parked.sums);
	return tally_weight_messages(&w);
}

uint64_t
store_doubtful(const struct store *s)
{
	uint64_t n = tally_weight_messages(&s->parked.doubtful), all = store_parked(s);

	return n < all ? n : all;
}

void
store_go_blind(struct store *s)
{
	bool blind = s->disk == DISK_GIVEN_UP || s->disk == DISK_STUCK;

	if (blind && !ledger_is_open(s->ledger)) {
		store_release_all(s);
		return;
	}
	/* A new ledger got its place and failed after that: it has what is in memory.
	 */
	if (blind)
		s->disk = DISK_GOOD;
	if (ledger_discard(s->ledger) == 0) {
		/* Its segments may be what the disk is full of. */
		(void)journal_discard(s->journal);
		journal_clear(s->set.dir, &s->found);
		store_unpark(s);
		s->disk = DISK_GIVEN_UP;
		log_error(LINE_NOQUEUE
		    ": ledger-given-up: counters go to Redis from memory, without a copy on disk");
	} else if (park(s) == 0) {
		s->disk = DISK_STUCK;
		log_error(LINE_NOQUEUE
		    ": ledger-stuck messages=%llu doubtful=%llu: they are on a disk that cannot be changed, and wait until it can; doubtful ones may be lost if it cannot before the end; what comes goes to Redis from memory, without a copy on disk",
		    (unsigned long long)store_parked(s),
		    (unsigned long long)store_doubtful(s));
	} else {
		return;
	}
	store_release_all(s);
}
