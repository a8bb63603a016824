/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows.c - the rows of a listing, and the reading of their counters.  See the header.
 *
 * A pipeline holds at most CHUNK questions, and the next one is sent before the answers
 * to the one before are taken: Redis and this program work at the same time, and
 * neither has to keep more than two pipelines' worth.
 */
#include "numbers/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 500 /* hashes in one pipeline */
#define HOUR_S 3600
#define DAY_S 86400

/* --- rows --- */

struct numbers_row *
rows_add(struct numbers_rows *rows, const char *campaign)
{
	struct numbers_row *row;

	if (rows->n == rows->cap) {
		size_t cap = rows->cap == 0 ? 64 : rows->cap * 2;
		struct numbers_row *v = reallocarray(rows->v, cap, sizeof(*v));

		if (v == NULL)
			return NULL;
		rows->v = v;
		rows->cap = cap;
	}
	row = &rows->v[rows->n++];
	*row = (struct numbers_row) { .provider = -1, .counts.rcpt = -1 };
	snprintf(row->campaign, sizeof(row->campaign), "%s", campaign);
	return row;
}

int
rows_of_registry(
    struct query *q, const struct registry *names, struct numbers_rows *out)
{
	*out = (struct numbers_rows) { 0 };
	for (size_t i = 0; i < names->n; i++) {
		struct numbers_row *row = rows_add(out, names->v[i].campaign);

		if (row == NULL)
			return query_no_memory(q);
		row->active = names->v[i].active;
	}
	return 0;
}

static void
row_fini(struct numbers_row *row)
{
	counts_fini(&row->counts);
	free(row->spark);
	row->spark = NULL;
}

void
rows_cut(struct numbers_rows *rows, size_t n)
{
	while (rows->n > n)
		row_fini(&rows->v[--rows->n]);
}

void
rows_fini(struct numbers_rows *rows)
{
	rows_cut(rows, 0);
	free(rows->v);
	*rows = (struct numbers_rows) { 0 };
}

static void
drop_empty(struct numbers_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct numbers_row row = rows->v[i];

		if (row.counts.found)
			rows->v[kept++] = row;
		else
			row_fini(&row);
	}
	rows->n = kept;
}

/* --- since ever --- */

static int
ask_totals(struct query *q, const struct numbers_rows *rows, size_t from, size_t until,
    bool with_rcpt)
{
	for (size_t i = from; i < until && i < rows->n; i++)
		if (counts_ask_total(q, rows->v[i].campaign, with_rcpt) != 0)
			return -1;
	return 0;
}

int
rows_read_totals(struct query *q, struct numbers_rows *rows, bool with_rcpt)
{
	if (ask_totals(q, rows, 0, CHUNK, with_rcpt) != 0)
		return -1;
	for (size_t i = 0; i < rows->n; i++) {
		if (i % CHUNK == 0 &&
		    ask_totals(q, rows, i + CHUNK, i + 2 * CHUNK, with_rcpt) != 0)
			return -1;
		if (counts_take_total(q, &rows->v[i].counts, with_rcpt) != 0)
			return -1;
	}
	drop_empty(rows);
	return 0;
}

int
rows_read_one(
    struct query *q, const char *campaign, bool with_rcpt, struct numbers_row *row)
{
	*row = (struct numbers_row) { .provider = -1 };
	snprintf(row->campaign, sizeof(row->campaign), "%s", campaign);
	if (counts_ask_total(q, campaign, with_rcpt) != 0 ||
	    counts_take_total(q, &row->counts, with_rcpt) != 0)
		return -1;
	row->active = row->counts.last_seen;
	return 0;
}

static bool
lacks_name(const struct numbers_row *row, bool all)
{
	return row->counts.sent == NULL &&
	    (all || camp_is_hashed(str_of(row->campaign)));
}

static int
take_name(struct query *q, struct numbers_row *row)
{
	struct counts whole;
	int status = counts_take_total(q, &whole, false);

	row->counts.sent = whole.sent;
	row->counts.sent_len = whole.sent_len;
	whole.sent = NULL;
	counts_fini(&whole);
	return status;
}

int
rows_read_names(struct query *q, struct numbers_rows *rows, bool all)
{
	for (size_t from = 0; from < rows->n; from += CHUNK) {
		size_t until = from + CHUNK < rows->n ? from + CHUNK : rows->n;

		for (size_t i = from; i < until; i++)
			if (lacks_name(&rows->v[i], all) &&
			    counts_ask_total(q, rows->v[i].campaign, false) != 0)
				return -1;
		for (size_t i = from; i < until; i++)
			if (lacks_name(&rows->v[i], all) &&
			    take_name(q, &rows->v[i]) != 0)
				return -1;
	}
	return 0;
}

/* --- a stretch of time --- */

/* One hash of a cover. */
struct bucket {
	bool day;
	int64_t at;
};

static struct bucket
bucket_at(const struct timespan_cover *c, int64_t i)
{
	if (i < c->head.n)
		return (struct bucket) { false, c->head.first + i };
	i -= c->head.n;
	if (i < c->days.n)
		return (struct bucket) { true, c->days.first + i };
	return (struct bucket) { false, c->tail.first + i - c->days.n };
}

static int
ask_bucket(struct query *q, const char *campaign, struct bucket b)
{
	return b.day ? counts_ask_day(q, campaign, b.at)
		     : counts_ask_hour(q, campaign, b.at);
}

/* Ask for the hashes number from to until - 1, numbered through all rows. */
static int
ask_buckets(struct query *q, const struct numbers_rows *rows,
    const struct timespan_cover *c, size_t from, size_t until)
{
	size_t each = timespan_hashes(c), all = rows->n * each;

	for (size_t i = from; i < until && i < all; i++)
		if (ask_bucket(q, rows->v[i / each].campaign,
			bucket_at(c, (int64_t)(i % each))) != 0)
			return -1;
	return 0;
}

/*
 * Called for each hash in turn; may take over what counts owns.  0, or -1 if memory ran
 * out.
 */
typedef int take_fn(void *arg, const struct numbers_row *row, size_t row_index,
    struct bucket, struct counts *);

static int
each_bucket(struct query *q, const struct numbers_rows *rows,
    const struct timespan_cover *c, take_fn *take, void *arg)
{
	size_t each = timespan_hashes(c), all = rows->n * each;

	if (ask_buckets(q, rows, c, 0, CHUNK) != 0)
		return -1;
	for (size_t i = 0; i < all; i++) {
		struct counts counts;
		int status;

		if (i % CHUNK == 0 &&
		    ask_buckets(q, rows, c, i + CHUNK, i + 2 * CHUNK) != 0)
			return -1;
		status = counts_take(q, &counts);
		if (status == 0 &&
		    take(arg, &rows->v[i / each], i / each,
			bucket_at(c, (int64_t)(i % each)), &counts) != 0)
			status = query_no_memory(q);
		counts_fini(&counts);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int
take_sum(void *arg, const struct numbers_row *row, size_t i, struct bucket b,
    struct counts *counts)
{
	struct numbers_rows *rows = arg;

	(void)row;
	(void)b;
	counts_add(&rows->v[i].counts, counts);
	return 0;
}

int
rows_read_spans(
    struct query *q, struct numbers_rows *rows, const struct timespan_cover *cover)
{
	if (each_bucket(q, rows, cover, take_sum, rows) != 0)
		return -1;
	drop_empty(rows);
	return 0;
}

static int
take_row(void *arg, const struct numbers_row *row, size_t i, struct bucket b,
    struct counts *counts)
{
	int64_t unit = b.day ? DAY_S : HOUR_S;
	struct numbers_row *fresh;

	(void)i;
	if (!counts->found)
		return 0;
	fresh = rows_add(arg, row->campaign);
	if (fresh == NULL)
		return -1;
	fresh->at = (struct timespan) { b.at * unit, (b.at + 1) * unit };
	fresh->counts = *counts;
	*counts = (struct counts) { 0 };
	return 0;
}

int
rows_read_buckets(
    struct query *q, struct numbers_rows *rows, const struct timespan_cover *cover)
{
	struct numbers_rows out = { 0 };
	int status = each_bucket(q, rows, cover, take_row, &out);

	rows_fini(rows);
	*rows = out;
	return status;
}

static int
take_spark(void *arg, const struct numbers_row *row, size_t i, struct bucket b,
    struct counts *counts)
{
	const struct timespan_cover *c = arg;

	(void)i;
	row->spark[b.at - c->head.first] = counts->n[TALLY_MESSAGES];
	return 0;
}

int
rows_read_sparks(struct query *q, struct numbers_rows *rows, int64_t now)
{
	struct timespan_cover c = { 0 };
	struct numbers_rows some = *rows;

	c.head.first = now / HOUR_S - NUMBERS_HOURS + 1;
	c.head.n = NUMBERS_HOURS;
	/*
	 * Take the run of rows from the first active one to the last.  If the rows are
	 * ordered by activity, all of them are active; otherwise few in between are
	 * not.
	 */
	while (some.n > 0 && some.v[0].active < c.head.first * HOUR_S) {
		some.v++;
		some.n--;
	}
	while (some.n > 0 && some.v[some.n - 1].active < c.head.first * HOUR_S)
		some.n--;
	for (size_t i = 0; i < some.n; i++) {
		some.v[i].spark = calloc(NUMBERS_HOURS, sizeof(*some.v[i].spark));
		if (some.v[i].spark == NULL)
			return query_no_memory(q);
	}
	return each_bucket(q, &some, &c, take_spark, &c);
}
