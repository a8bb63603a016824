/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_records.c - what the store adds to the group of records that the ledger commits
 * next.
 */
#include <stdlib.h>

#include "journal/store_parts.h"
#include "system/clock.h"

#define ACK_MAX 65536 /* batches that one ACK can except */

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

/* The numbers of the batches that Redis has not acknowledged, in order.  NULL if there
 * are too many. */
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

/* Without an ACK, batches are sent again after a restart, and Redis refuses them as
 * repetitions. */
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
