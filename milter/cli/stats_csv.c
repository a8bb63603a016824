/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_csv.c - counters as comma-separated values: one record a campaign, a header
 * record first.
 *
 * Times are unix seconds, empty where they are not known.  Text of strangers (the name
 * as sent) has its controls escaped as \xHH, so a record is always one line.
 */
#include "cli/stats_out.h"

#include "core/csv.h"
#include "core/visible.h"

#define RECORD_MAX 8192
#define SENT_MAX (CAMP_SENT_MAX * 4)

static void
head(struct buf *out)
{
	csv_text(out, STR("campaign"), true);
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		csv_text(out, str_of(tally_counter_name(i)), false);
	csv_text(out, STR("rcpt"), false);
	csv_text(out, STR("name"), false);
	csv_text(out, STR("first_seen"), false);
	csv_text(out, STR("last_seen"), false);
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
record(struct buf *out, const struct stats_row *row)
{
	const struct stats_counts *c = &row->counts;
	struct buf sent;

	csv_text(out, str_of(row->campaign), true);
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		csv_int(out, c->n[i], false);
	known(out, c->rcpt, -1);
	buf_init(&sent, SENT_MAX);
	if (c->sent != NULL)
		visible_add(&sent, str_make(c->sent, c->sent_len), true);
	csv_text(out, buf_str(&sent), false);
	if (buf_failed(&sent))
		out->failed = true;
	buf_fini(&sent);
	known(out, c->first_seen, 0);
	known(out, c->last_seen, 0);
	csv_end(out);
}

/* Write out what was gathered; true when memory ran out meanwhile. */
static bool
put(struct buf *out)
{
	bool failed = buf_failed(out);

	term_put(buf_str(out));
	buf_reset(out);
	return failed;
}

static int
list(const struct stats_view *view, const struct stats_rows *rows)
{
	struct buf out;
	bool failed = false;

	buf_init(&out, RECORD_MAX);
	head(&out);
	failed |= put(&out);
	for (size_t i = 0; i < rows->n && !failed; i++) {
		record(&out, &rows->v[i]);
		failed |= put(&out);
	}
	if (view->total_is_all) {
		record(&out, view->total);
		failed |= put(&out);
	}
	buf_fini(&out);
	return failed ? -1 : 0;
}

static int
detail(const struct stats_view *view, const struct stats_detail *v, size_t n)
{
	struct buf out;
	bool failed = false;

	(void)view;
	buf_init(&out, RECORD_MAX);
	head(&out);
	failed |= put(&out);
	for (size_t i = 0; i < n && !failed; i++) {
		record(&out, &v[i].row);
		failed |= put(&out);
	}
	buf_fini(&out);
	return failed ? -1 : 0;
}

const struct stats_out stats_csv = { "csv", true, list, detail };
