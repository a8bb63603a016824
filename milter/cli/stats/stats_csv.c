/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_csv.c - counters as comma-separated values: one record a campaign (or hour, day
 * or provider of it), a header record first.
 *
 * Times are unix seconds, empty where they are not known.  Text of strangers (the name
 * as sent) has its controls escaped as \xHH, so a record is always one line.
 */
#include "cli/stats/stats_out.h"

#include <stdio.h>

#include "rules/provider.h"
#include "show/csv.h"
#include "text/visible.h"

#define RECORD_MAX 8192
#define SENT_MAX (CAMP_SENT_MAX * 4)

static void
head(struct buf *out, const struct stats_view *view)
{
	csv_text(out, STR("campaign"), true);
	if (view->by == NUMBERS_BY_PROVIDER) {
		csv_text(out, STR("provider"), false);
		csv_text(out, STR("recipients"), false);
		csv_end(out);
		return;
	}
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		csv_text(out, str_of(tally_counter_name(i)), false);
	if (view->by == NUMBERS_BY_CAMPAIGN) {
		csv_text(out, STR("rcpt"), false);
		csv_text(out, STR("name"), false);
		csv_text(out, STR("first_seen"), false);
		csv_text(out, STR("last_seen"), false);
	}
	if (view->cover != NULL) {
		csv_text(out, STR("from"), false);
		csv_text(out, STR("until"), false);
		csv_text(out, STR("messages_per_minute"), false);
	}
	csv_end(out);
}

/* Empty where there is nothing to say. */
static void
known(struct buf *out, int64_t n, int64_t unknown)
{
	if (n == unknown)
		csv_text(out, STR(""), false);
	else
		csv_int(out, n, false);
}

static void
sent_name(struct buf *out, const struct counts *c)
{
	struct buf sent;

	buf_init(&sent, SENT_MAX);
	if (c->sent != NULL)
		visible_add(&sent, str_make(c->sent, c->sent_len), true);
	csv_text(out, buf_str(&sent), false);
	if (buf_failed(&sent))
		out->failed = true;
	buf_fini(&sent);
}

static void
record(struct buf *out, const struct stats_view *view, const struct numbers_row *row)
{
	const struct counts *c = &row->counts;
	struct timespan at = row->at;
	char rate[64];

	csv_text(out, str_of(row->campaign), true);
	if (view->by == NUMBERS_BY_PROVIDER) {
		csv_text(
		    out, str_of(provider_name((enum provider)row->provider)), false);
		csv_int(out, c->n[TALLY_RECIPIENTS], false);
		csv_end(out);
		return;
	}
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		csv_int(out, c->n[i], false);
	if (view->by == NUMBERS_BY_CAMPAIGN) {
		known(out, c->rcpt, -1);
		sent_name(out, c);
		known(out, c->first_seen, 0);
		known(out, c->last_seen, 0);
	}
	if (view->cover != NULL) {
		if (at.until == 0)
			at = view->cover->span;
		csv_int(out, at.from, false);
		csv_int(out, at.until, false);
		snprintf(rate, sizeof(rate), "%.3f", stats_rate(view, row));
		csv_text(out, str_of(rate), false);
	}
	csv_end(out);
}

static int
list(const struct stats_view *view, const struct numbers_rows *rows)
{
	struct buf out;
	bool failed = false;

	buf_init(&out, RECORD_MAX);
	head(&out, view);
	failed |= stats_put(&out);
	for (size_t i = 0; i < rows->n && !failed; i++) {
		record(&out, view, &rows->v[i]);
		failed |= stats_put(&out);
	}
	if (view->total_is_all) {
		record(&out, view, view->total);
		failed |= stats_put(&out);
	}
	buf_fini(&out);
	return failed ? -1 : 0;
}

static int
detail(const struct stats_view *view, const struct numbers_detail *v, size_t n)
{
	struct buf out;
	bool failed = false;

	buf_init(&out, RECORD_MAX);
	head(&out, view);
	failed |= stats_put(&out);
	for (size_t i = 0; i < n && !failed; i++) {
		record(&out, view, &v[i].row);
		failed |= stats_put(&out);
	}
	buf_fini(&out);
	return failed ? -1 : 0;
}

const struct stats_out stats_csv = { "csv", list, detail };
