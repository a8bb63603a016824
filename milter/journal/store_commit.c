/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_commit.c - the ledger: a group of records written behind the others, or all of
 * it anew.  See journal/store.h.
 */
#include "journal/store_parts.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/line.h"

#define SAY_MS 60000
#define RETRY_MS 3000
#define DAY_MS 86400000

static void
add_tally(struct store *s, const struct tally *t)
{
	const struct tally_entry *e = t == NULL ? NULL : tally_first(t);

	for (; e != NULL; e = e->next)
		store_add_open(s, e);
}

static void
add_all(struct store *s)
{
	struct lane *lane = NULL;

	names_expire(s->names, clock_wall_ms() / DAY_MS);
	for (const struct name *n = names_oldest(s->names); n != NULL; n = n->newer)
		store_add_name(s, n->link.name, n->first_day, n->last_day);
	store_add_place(s);
	/* In a new file no batch takes the place of an earlier number. */
	while ((lane = lanes_each(s->lanes, lane)) != NULL)
		for (const struct batch *b = lane->first; b != NULL; b = b->next)
			store_add_batch(s, b, b->acked ? STORE_ACKED : STORE_PENDING);
	add_tally(s, s->open);
	add_tally(s, s->fresh);
	add_tally(s, s->parked.sums);
	store_add_commit(s);
}

/* Note that the ledger has everything that is in memory. */
static void
note_saved(struct store *s)
{
	struct lane *lane = NULL;

	while ((lane = lanes_each_awake(s->lanes, lane)) != NULL)
		for (struct batch *b = lane->at; b != NULL; b = b->next)
			b->unsaved = b->renumbered = false;
	s->renamed = false;
	s->left_out_saved = s->left_out_taken;
	journal_release(s->journal, s->covers);
	journal_reserve(s->journal, ledger_bytes(s->ledger));
}

int
store_rewrite(struct store *s, char *err, size_t errlen)
{
	if (ledger_renew(s->ledger, err, errlen) != 0)
		return -1;
	add_all(s);
	if (ledger_replace(s->ledger, err, errlen) != 0)
		return -1;
	note_saved(s);
	s->settled = s->stale = false;
	journal_clear(s->set.dir, &s->found);
	store_unpark(s);
	return 0;
}

static void
say_trouble(struct store *s, const char *why)
{
	int64_t now = clock_mono_ms();

	if (s->said_ms != 0 && now - s->said_ms < SAY_MS)
		return;
	s->said_ms = now;
	log_error(LINE_NOQUEUE
	    ": ledger-failed: %s; counters are kept in memory until it can be written, a crash would lose some",
	    why);
}

/* Write everything anew, unless the last failure was a moment ago. */
static int
try_rewrite(struct store *s)
{
	int64_t now = clock_mono_ms();
	char why[256];

	s->stale = true;
	ledger_abandon(s->ledger);
	if (now < s->retry_ms)
		return -1;
	if (store_rewrite(s, why, sizeof why) != 0) {
		s->retry_ms = clock_mono_ms() + RETRY_MS;
		say_trouble(s, why);
		return -1;
	}
	s->retry_ms = 0;
	journal_resume(s->journal);
	if (s->disk == DISK_GIVEN_UP || s->disk == DISK_STUCK || s->said_ms != 0)
		log_info(LINE_NOQUEUE ": ledger-back");
	s->disk = DISK_GOOD;
	s->said_ms = 0;
	return 0;
}

int
store_commit(struct store *s)
{
	char why[256];

	if (s->stale || !ledger_is_good(s->ledger) || ledger_is_long(s->ledger))
		return try_rewrite(s);
	if (ledger_commit(s->ledger, true, why, sizeof why) == 0) {
		note_saved(s);
		return 0;
	}
	log_error(LINE_NOQUEUE ": ledger-failed: %s; it is written anew", why);
	s->retry_ms = 0;
	return try_rewrite(s);
}
