/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_sums.c - counters on their way from the outbox into the open sums.
 */
#include "journal/store_parts.h"

bool
store_is_kept(const struct store *s)
{
	return s->ledger != NULL;
}

/* Add one entry to the open sums.  False: no memory; the caller keeps the entry. */
static bool
open_entry(struct store *s, struct tally_entry *e, bool write)
{
	struct str name;

	tally_rename(s->open, e);
	name = str_make(e->campaign.name, e->campaign.len);
	/* An entry that is sealed in the same commit is written as a batch. */
	if (store_is_kept(s) && (write || lanes_busy(s->lanes, name)))
		store_add_open(s, e);
	return tally_give(s->open, e) == 0;
}

void
store_open_fresh(struct store *s, bool write)
{
	struct tally *t = s->fresh;
	struct tally_entry *e;

	s->fresh = NULL;
	while (t != NULL && (e = tally_take(t)) != NULL) {
		if (open_entry(s, e, write))
			continue;
		/* The entry may be in the group already: it must not be added twice. */
		s->stale = true;
		tally_give(t, e);
		s->fresh = t;
		return;
	}
	tally_free(t);
}

static void
note_name(void *arg, struct str name, int64_t first_day, int64_t last_day)
{
	struct store *s = arg;

	s->renamed = true;
	(void)names_learn(s->names, name, first_day, last_day);
	if (store_is_kept(s))
		store_add_name(s, name, first_day, last_day);
}

bool
store_take_new(struct store *s)
{
	struct journal_figures fig = { .left_out = 0 };
	uint64_t covers = s->covers;
	struct tally *t;

	if (s->fresh != NULL)
		return true;
	if (store_is_kept(s))
		journal_figures(s->journal, &fig);
	t = outbox_take(s->outbox, &covers);
	if (t == NULL)
		return false;
	s->fresh = t;
	s->covers = covers;
	s->left_out_taken = fig.left_out;
	tally_limit(s->open, outbox_max_entries(s->outbox));
	outbox_new_names(s->outbox, note_name, s);
	return true;
}

bool
store_take_all(struct store *s)
{
	for (int i = 0; i < 2 && (s->fresh != NULL || store_take_new(s)); i++)
		store_open_fresh(s, false);
	return s->fresh == NULL && outbox_is_empty(s->outbox);
}

int
store_merge(struct store *s, struct tally *from)
{
	int r;

	tally_limit(s->open, SIZE_MAX);
	r = tally_merge(s->open, from);
	tally_limit(s->open, outbox_max_entries(s->outbox));
	return r;
}
