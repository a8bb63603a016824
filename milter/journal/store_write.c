/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_write.c - the store into the ledger.  See journal/store.h.
 */
#include <stdlib.h>
#include <string.h>

#include "journal/store_parts.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/line.h"

#define SAY_MS 60000
#define RETRY_MS 3000
#define ACK_MAX 65536 /* batches that one ACK can except */
#define DAY_MS 86400000

/* ==== records ==== */

void
store_add_batch(struct store *s, const struct batch *b, unsigned flags)
{
	struct buf *p = ledger_payload(s->ledger);

	jpack_u(p, s->covers);
	jpack_u(p, b->seq);
	jpack_u(p, b->prev);
	jpack_s(p, b->sealed_ms);
	jpack_u(p, flags);
	buf_add(p, b->bytes, b->n);
	ledger_add(s->ledger, JREC_BATCH);
}

void
store_add_open(struct store *s, const struct tally_entry *e)
{
	struct buf *p = ledger_payload(s->ledger);

	jpack_u(p, s->covers);
	jpack_entry(p, e);
	ledger_add(s->ledger, JREC_OPEN);
}

void
store_add_name(struct store *s, struct str name, int64_t first_day, int64_t last_day)
{
	struct buf *p = ledger_payload(s->ledger);

	jpack_s(p, first_day);
	jpack_s(p, last_day);
	jpack_text(p, name);
	ledger_add(s->ledger, JREC_NAME);
}

void
store_add_place(struct store *s)
{
	jpack_text(ledger_payload(s->ledger), str_of(s->place));
	ledger_add(s->ledger, JREC_PLACE);
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The numbers of the batches that Redis has not acknowledged, rising.  NULL: too many.
 */
static uint64_t *
pending(struct store *s, size_t *n)
{
	size_t max = lanes_pending(s->lanes);
	uint64_t *seqs = max > ACK_MAX ? NULL : calloc(max + 1, sizeof *seqs);
	struct lane *lane = NULL;

	*n = 0;
	while (seqs != NULL && (lane = lanes_each_awake(s->lanes, lane)) != NULL)
		for (const struct batch *b = lane->at; b != NULL; b = b->next)
			if (!b->acked)
				seqs[(*n)++] = b->seq;
	if (seqs != NULL)
		qsort(seqs, *n, sizeof *seqs, compare_numbers);
	return seqs;
}

/* Without it batches are sent once more after a restart, and refused as repetitions. */
void
store_add_ack(struct store *s)
{
	struct buf *p = ledger_payload(s->ledger);
	size_t n;
	uint64_t *seqs = pending(s, &n);

	if (seqs == NULL)
		return;
	jpack_s(p, clock_wall_ms());
	jpack_u(p, lanes_next_seq(s->lanes) - 1);
	jpack_u(p, n);
	for (size_t i = 0; i < n; i++)
		jpack_u(p, seqs[i]);
	ledger_add(s->ledger, JREC_ACK);
	free(seqs);
	s->settled = false;
}

void
store_add_commit(struct store *s)
{
	struct buf *p = ledger_payload(s->ledger);

	jpack_u(p, s->covers);
	jpack_u(p, lanes_next_seq(s->lanes));
	jpack_s(p, clock_wall_ms());
	ledger_add(s->ledger, JREC_COMMIT);
}

/* ==== all of it ==== */

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
	/* A new file knows no earlier number of theirs. */
	while ((lane = lanes_each(s->lanes, lane)) != NULL)
		for (const struct batch *b = lane->first; b != NULL; b = b->next)
			store_add_batch(s, b, b->acked ? STORE_ACKED : STORE_PENDING);
	add_tally(s, s->open);
	add_tally(s, s->fresh);
	add_tally(s, s->back);
	store_add_commit(s);
}

/* What is in memory is in the ledger. */
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
	s->settled = s->incomplete = false;
	journal_clear(s->set.dir, &s->found);
	store_give_back(s);
	return 0;
}

static void
say_trouble(struct store *s, const char *why)
{
	int64_t now = clock_mono_ms();

	if (s->said_ms != 0 && now - s->said_ms < SAY_MS)
		return;
	s->said_ms = now;
	log_error(LINE_NOQUEUE ": ledger-failed: %s; counters are kept in memory until "
			       "it can be written, a crash would lose some",
	    why);
}

/* Everything anew, when it is time to try that again. */
static int
try_rewrite(struct store *s)
{
	int64_t now = clock_mono_ms();
	char why[256];

	s->incomplete = true;
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
	if (s->blind || s->said_ms != 0)
		log_info(LINE_NOQUEUE ": ledger-back");
	s->blind = false;
	s->said_ms = 0;
	return 0;
}

int
store_commit(struct store *s)
{
	char why[256];

	if (s->incomplete || !ledger_is_good(s->ledger) || ledger_is_long(s->ledger))
		return try_rewrite(s);
	if (ledger_commit(s->ledger, true, why, sizeof why) == 0) {
		note_saved(s);
		return 0;
	}
	log_error(LINE_NOQUEUE ": ledger-failed: %s; it is written anew", why);
	s->retry_ms = 0;
	return try_rewrite(s);
}
