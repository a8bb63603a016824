/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_read.c - what `metermark watch` knows, and how it learns it.  See watch.h.
 */
#include "cli/stats/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers/registry.h"
#include "system/clock.h"
#include "text/visible.h"

/* A Redis that is slower than this is shown as away: keys must not wait long. */
#define TIMEOUT_MS 2000

int
watch_init(struct watch *w)
{
	w->rows = calloc(WATCH_MAX, sizeof(*w->rows));
	snprintf(w->all.campaign, sizeof(w->all.campaign), "%s", CAMP_ALL);
	w->all.now = w->all.minute = -1;
	return w->rows != NULL ? 0 : -1;
}

void
watch_fini(struct watch *w)
{
	for (size_t i = 0; i < w->n_rows; i++)
		counts_fini(&w->rows[i].counts);
	counts_fini(&w->all.counts);
	free(w->rows);
	w->rows = NULL;
	query_close(&w->query);
}

/* --- rows --- */

static struct watch_row *
row_of(struct watch *w, const char *campaign)
{
	for (size_t i = 0; i < w->n_rows; i++)
		if (strcmp(w->rows[i].campaign, campaign) == 0)
			return &w->rows[i];
	if (w->n_rows == WATCH_MAX)
		return NULL;
	w->rows[w->n_rows] = (struct watch_row) { .now = -1, .minute = -1 };
	snprintf(
	    w->rows[w->n_rows].campaign, sizeof(w->rows[0].campaign), "%s", campaign);
	return &w->rows[w->n_rows++];
}

/* Those that are listed no more make room. */
static void
drop_unseen(struct watch *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n_rows; i++) {
		if (w->rows[i].seen) {
			if (kept != i)
				w->rows[kept] = w->rows[i];
			kept++;
		} else {
			counts_fini(&w->rows[i].counts);
		}
	}
	w->n_rows = kept;
}

static void
take_row(struct watch_row *row, struct counts *counts, int64_t now_ms)
{
	counts_fini(&row->counts);
	row->counts = *counts;
	row->seen = counts->found;
	*counts = (struct counts) { 0 };
	meter_add(&row->messages, now_ms, row->counts.n[TALLY_MESSAGES]);
	if (!meter_rate(&row->messages, WATCH_NOW_MS, &row->now))
		row->now = -1;
	if (!meter_rate(&row->messages, WATCH_MINUTE_MS, &row->minute))
		row->minute = -1;
}

/* --- a look --- */

static int
look(struct watch *w, const struct registry *names, int64_t now_ms)
{
	struct counts counts;

	for (size_t i = 0; i < names->n; i++)
		if (counts_ask_total(&w->query, names->v[i].campaign, false) != 0)
			return -1;
	if (counts_ask_total(&w->query, CAMP_ALL, false) != 0)
		return -1;
	for (size_t i = 0; i < w->n_rows; i++)
		w->rows[i].seen = false;
	/* Where there is no room a new one waits for the next look. */
	for (size_t i = 0; i < names->n; i++) {
		struct watch_row *row = row_of(w, names->v[i].campaign);

		if (counts_take_total(&w->query, &counts, false) != 0) {
			counts_fini(&counts);
			return -1;
		}
		if (row != NULL) {
			row->active = names->v[i].active;
			take_row(row, &counts, now_ms);
		}
		counts_fini(&counts);
	}
	if (counts_take_total(&w->query, &counts, false) != 0) {
		counts_fini(&counts);
		return -1;
	}
	take_row(&w->all, &counts, now_ms);
	drop_unseen(w);
	return 0;
}

static int
connect_once(struct watch *w)
{
	static const struct redis_net_options options = { .timeout_ms = TIMEOUT_MS };

	if (w->query.net != NULL)
		return 0;
	return query_open(&w->query, &w->target.url, w->target.prefix, &options);
}

static void
away(struct watch *w, int64_t now_ms)
{
	struct buf why;

	buf_init(&why, sizeof(w->why) - 1);
	visible_add(&why, str_of(w->query.err.text), w->utf8);
	snprintf(w->why, sizeof(w->why), "%s", why.p);
	buf_fini(&why);
	if (w->since_ms == 0)
		w->since_ms = now_ms;
	/* Answers may still be on their way: begin anew. */
	query_close(&w->query);
}

void
watch_look(struct watch *w)
{
	struct registry_choice choice = { .limit = WATCH_MAX };
	struct registry names = { 0 };
	int64_t now_ms = clock_mono_ms();

	if (connect_once(w) != 0 || registry_read(&w->query, &choice, &names) != 0 ||
	    look(w, &names, now_ms) != 0) {
		away(w, now_ms);
	} else {
		w->since_ms = 0;
		w->looked_s = clock_wall_s();
	}
	registry_fini(&names);
}

/* --- order --- */

static const char *const sort_names[WATCH_SORTS] = {
	[WATCH_BY_RATE] = "rate",
	[WATCH_BY_MESSAGES] = "messages",
	[WATCH_BY_RECIPIENTS] = "recipients",
	[WATCH_BY_BYTES] = "bytes",
	[WATCH_BY_REJECTED] = "rejected",
	[WATCH_BY_TEMPFAILED] = "tempfailed",
	[WATCH_BY_LAST] = "last",
	[WATCH_BY_NAME] = "name",
};

const char *
watch_sort_name(enum watch_sort sort)
{
	return sort_names[sort];
}

static double
value(const struct watch_row *row, enum watch_sort sort)
{
	const int64_t *n = row->counts.n;

	switch (sort) {
	case WATCH_BY_RATE:
		return row->minute;
	case WATCH_BY_MESSAGES:
		return (double)n[TALLY_MESSAGES];
	case WATCH_BY_RECIPIENTS:
		return (double)n[TALLY_RECIPIENTS];
	case WATCH_BY_BYTES:
		return (double)n[TALLY_BYTES];
	case WATCH_BY_REJECTED:
		return (double)n[TALLY_REJECTED];
	case WATCH_BY_TEMPFAILED:
		return (double)n[TALLY_TEMPFAILED];
	case WATCH_BY_LAST:
	case WATCH_BY_NAME:
	case WATCH_SORTS:
		break;
	}
	return sort == WATCH_BY_LAST ? (double)row->active : 0;
}

/* The greatest first; then the latest, then by name. */
static int
compare(const void *a, const void *b, void *arg)
{
	const struct watch_row *x = a, *y = b;
	const struct watch *w = arg;
	double u = value(x, w->sort), v = value(y, w->sort);
	int order = strcmp(x->campaign, y->campaign);

	if (w->sort != WATCH_BY_NAME && x->active != y->active)
		order = x->active < y->active ? 1 : -1;
	if (u < v || u > v)
		order = u < v ? 1 : -1;
	return w->reverse ? -order : order;
}

void
watch_arrange(struct watch *w)
{
	if (w->n_rows > 0)
		qsort_r(w->rows, w->n_rows, sizeof(*w->rows), compare, w);
}
