/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_blind.c - counting on without a disk.  See journal/store.h.
 *
 * Sums that are on disk must not be sent as long as they stay there: a later life would
 * read them and send them once more, with a number of its own.  So they are removed
 * first; where that cannot be, they are put back, and what comes later, which is on no
 * disk, goes out of memory.
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

/* All that is open, put back.  0, or -1: no memory, the rest stays open. */
static int
put_back_open(struct store *s)
{
	if (s->back == NULL)
		s->back = tally_new(SIZE_MAX, SIZE_MAX, s->seed);
	if (s->back == NULL || tally_merge(s->back, s->open) != 0)
		return -1;
	s->back_recovered |= s->recovered;
	s->recovered = false;
	return 0;
}

/*
 * A batch that is in no ledger is a sum again.  One that got another number after it
 * was written down stays a batch: Redis has refused the old number for good.  A batch
 * of a failed commit, which could not be taken back, may be in the ledger: later ones
 * overtake it, and the next life would send it in vain.
 */
static int
put_back_batches(struct store *s)
{
	struct lane *lane = NULL;

	while ((lane = lanes_each_awake(s->lanes, lane)) != NULL) {
		struct batch *b = lane->last;
		struct tally_weight before = s->doubtful;
		struct tally_entry *e;

		if (b == NULL || !b->unsaved || b->renumbered)
			continue;
		e = lanes_entry(s->lanes, b);
		if (e != NULL && ledger_is_doubtful(s->ledger))
			tally_weigh_entry(&s->doubtful, e);
		if (e == NULL || tally_give(s->back, e) != 0) {
			s->doubtful = before;
			tally_entry_free(e);
			return -1;
		}
		lanes_drop_last(s->lanes, lane->link.name);
	}
	return 0;
}

/* What the journal had no room for is on no disk, though it waits with the rest. */
static void
weigh_left_out(struct store *s)
{
	struct journal_figures fig;

	journal_figures(s->journal, &fig);
	s->doubtful.campaigns += fig.left_out - s->left_out_saved;
	s->doubtful.all += fig.left_out - s->left_out_saved;
}

/* The ledger is gone, if not for good: a later life may find none. */
static void
weigh_all(struct store *s)
{
	s->doubtful = (struct tally_weight) { 0, 0 };
	if (s->back != NULL)
		tally_weigh(&s->doubtful, s->back);
}

/*
 * The ledger stays where it is.  The journal takes nothing more, so that what comes
 * from here on is on no disk; what it has taken in this life is put back.
 */
static int
put_back(struct store *s)
{
	struct journal_figures fig;

	journal_leave(s->journal);
	journal_figures(s->journal, &fig);
	if (!s->apart || fig.records > 0) {
		if (!store_take_all(s) || put_back_open(s) != 0 ||
		    put_back_batches(s) != 0)
			return -1;
		weigh_left_out(s);
	}
	if (ledger_is_gone(s->ledger))
		weigh_all(s);
	return 0;
}

void
store_set_apart(struct store *s)
{
	/* What is not all in open would be told from nothing. */
	s->apart =
	    s->fresh == NULL && outbox_is_empty(s->outbox) && put_back_open(s) == 0;
}

void
store_give_back(struct store *s)
{
	s->apart = false;
	if (s->back == NULL)
		return;
	s->recovered |= s->back_recovered;
	if (store_merge(s, s->back) != 0) {
		s->incomplete = true; /* by halves they are in no ledger */
		return;
	}
	s->back_recovered = false;
	tally_free(s->back);
	s->back = NULL;
	s->doubtful = (struct tally_weight) { 0, 0 };
}

uint64_t
store_kept_back(const struct store *s)
{
	struct tally_weight w = { 0, 0 };

	if (s->back != NULL)
		tally_weigh(&w, s->back);
	return tally_weight_messages(&w);
}

uint64_t
store_doubtful(const struct store *s)
{
	uint64_t n = tally_weight_messages(&s->doubtful), all = store_kept_back(s);

	return n < all ? n : all;
}

void
store_go_blind(struct store *s)
{
	if (s->blind && !ledger_is_open(s->ledger)) {
		store_release_all(s);
		return;
	}
	/* A new ledger got its place and failed after that: it has what is in memory.
	 */
	if (s->blind)
		s->apart = s->blind = false;
	if (ledger_discard(s->ledger) == 0) {
		/* It may be what the disk is full of. */
		(void)journal_discard(s->journal);
		journal_clear(s->set.dir, &s->found);
		store_give_back(s);
		log_error(LINE_NOQUEUE ": ledger-given-up: counters go to Redis from "
				       "memory, without a copy on disk");
	} else if (put_back(s) == 0) {
		log_error(LINE_NOQUEUE ": ledger-stuck messages=%llu doubtful=%llu: "
				       "they are on a disk that "
				       "cannot be changed, and wait until it can; "
				       "doubtful ones may be lost "
				       "if it cannot before the end; what comes goes "
				       "to Redis from memory, "
				       "without a copy on disk",
		    (unsigned long long)store_kept_back(s),
		    (unsigned long long)store_doubtful(s));
	} else {
		return;
	}
	s->blind = true;
	store_release_all(s);
}
