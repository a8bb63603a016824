/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - `metermark stats`: which campaigns to show, and the order of work.
 *
 * Options are stats_options.c's, reading is stats_read.c's, writing is that of the
 * forms in stats_out.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/stats/no_such.h"
#include "cli/stats/stats_options.h"
#include "show/human.h"

/* So many lines are somebody's to look at; each costs STATS_HOURS more hashes. */
#define SPARKS_MAX 200
/* Read beyond the limit: some names may have no counters yet, or no more. */
#define SPARE_NAMES 16

/* --- what the forms share --- */

double
stats_rate(const struct stats_view *view, const struct stats_row *row)
{
	struct timespan at = row->at.until != 0 ? row->at : view->cover->span;

	return (double)row->counts.n[TALLY_MESSAGES] / timespan_minutes(at, view->now);
}

void
stats_when_text(char out[STATS_WHEN_MAX], enum stats_when when, int64_t t, int64_t now)
{
	char time[HUMAN_MAX], age[HUMAN_MAX];

	human_time(time, t);
	human_age(age, now - t);
	if (t == 0)
		snprintf(out, STATS_WHEN_MAX, "-");
	else if (when == STATS_BOTH)
		snprintf(out, STATS_WHEN_MAX, "%s  %s", time, age);
	else
		snprintf(out, STATS_WHEN_MAX, "%s", when == STATS_TIME ? time : age);
}

bool
stats_put(struct buf *out)
{
	bool failed = buf_failed(out);

	term_put(buf_str(out));
	buf_reset(out);
	return failed;
}

/* --- names --- */

static bool
has(const struct stats_rows *rows, const char *campaign)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->v[i].campaign, campaign) == 0)
			return true;
	return false;
}

/* --- a listing --- */

/* Rows for what the patterns match.  CMD_NOT_FOUND, and said, where one does not. */
static int
add_matches(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_rows *rows)
{
	struct registry_choice choice = { .patterns = o->names,
		.n_patterns = o->n_names };
	struct registry names;
	int status = EX_OK;

	if (registry_read(q, &choice, &names) != 0 ||
	    stats_rows_name(q, &names, rows) != 0) {
		registry_fini(&names);
		return target_failed(t, &q->err);
	}
	for (size_t i = 0; i < o->n_names; i++) {
		size_t k = 0;

		while (k < names.n && !registry_meant(o->names[i], names.v[k].campaign))
			k++;
		if (k == names.n)
			status = no_such_campaign(q, t, o->names[i], "");
	}
	registry_fini(&names);
	return status;
}

/* Rows for the names.  CMD_NOT_FOUND, and said, where there is no such campaign. */
static int
add_named(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_rows *rows)
{
	int status = EX_OK;

	for (size_t i = 0; i < o->n_names; i++) {
		struct stats_row found, *row;
		struct camp_name name;

		registry_resolve(o->names[i], &name);
		if (stats_read_row(q, name.name, false, &found) != 0)
			return target_failed(t, &q->err);
		counts_fini(&found.counts);
		if (!found.counts.found) {
			status = no_such_campaign(q, t, o->names[i], "");
			if (status != CMD_NOT_FOUND)
				return status;
		} else if (!has(rows, name.name)) {
			row = stats_rows_add(rows, name.name);
			if (row == NULL)
				return target_no_memory();
			row->active = found.active;
		}
	}
	return status;
}

static int
add_all(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_rows *rows)
{
	struct registry_choice choice = { 0 };
	struct registry names;
	int status = EX_OK;

	if (o->by != STATS_BY_CAMPAIGN) {
		if (stats_rows_add(rows, CAMP_ALL) == NULL)
			status = target_no_memory();
		return status;
	}
	if (o->spanned)
		choice.since = o->cover.span.from;
	if (o->limit > 0 && (!o->sorted || o->sort.kind == STATS_KEY_LAST))
		choice.limit = o->limit + SPARE_NAMES;
	if (registry_read(q, &choice, &names) != 0 ||
	    stats_rows_name(q, &names, rows) != 0)
		status = target_failed(t, &q->err);
	registry_fini(&names);
	return status;
}

/* Put a row for each provider in the place of each row. */
static int
split_providers(struct stats_rows *rows)
{
	struct stats_rows out = { 0 };
	int status = 0;

	for (size_t i = 0; i < rows->n && status == 0; i++)
		for (int p = 0; p < PROVIDERS && status == 0; p++) {
			int64_t n = rows->v[i].counts.n[TALLY_PROVIDER(p)];
			struct stats_row *row;

			if (n == 0)
				continue;
			row = stats_rows_add(&out, rows->v[i].campaign);
			if (row == NULL) {
				status = -1;
				continue;
			}
			row->provider = p;
			row->counts.n[TALLY_RECIPIENTS] = n;
		}
	stats_rows_fini(rows);
	*rows = out;
	return status;
}

static int
read_rows(struct query *q, const struct stats_options *o, struct stats_rows *rows)
{
	int status;

	if (o->by == STATS_BY_HOUR || o->by == STATS_BY_DAY)
		status = stats_read_buckets(q, rows, &o->cover);
	else if (o->spanned)
		status = stats_read_spans(q, rows, &o->cover);
	else
		status = stats_read_totals(q, rows, o->distinct);
	if (status == 0 && o->by == STATS_BY_PROVIDER && split_providers(rows) != 0)
		status = query_no_memory(q);
	return status;
}

/* The last line: all mail, or the sum of what was selected. */
static int
read_total(struct query *q, const struct stats_options *o,
    const struct stats_rows *rows, struct stats_row *total)
{
	struct stats_rows all = { 0 };
	int status;

	*total = (struct stats_row) { .provider = -1, .counts.rcpt = -1 };
	snprintf(total->campaign, sizeof(total->campaign), "%s", CAMP_ALL);
	for (size_t i = 0; i < rows->n; i++) {
		counts_add(&total->counts, &rows->v[i].counts);
		if (rows->v[i].active > total->active)
			total->active = rows->v[i].active;
	}
	if (o->n_names > 0 || o->by != STATS_BY_CAMPAIGN)
		return 0;
	if (!o->spanned)
		return stats_read_row(q, CAMP_ALL, o->distinct, total);
	if (stats_rows_add(&all, CAMP_ALL) == NULL)
		return query_no_memory(q);
	status = stats_read_spans(q, &all, &o->cover);
	if (status == 0)
		total->counts =
		    all.n > 0 ? all.v[0].counts : (struct counts) { .rcpt = -1 };
	stats_rows_fini(&all);
	return status;
}

static void
say_nothing(const struct stats_options *o, const struct target *t)
{
	char from[HUMAN_MAX], until[HUMAN_MAX];

	human_time(from, o->cover.span.from);
	human_time(until, o->cover.span.until);
	if (o->spanned && o->cover.span.from == o->cover.span.until)
		term_say("nothing is kept from before %s", from);
	else if (o->spanned)
		term_say("nothing was counted from %s to %s under prefix \"%s\" in %s",
		    from, until, t->prefix, t->shown);
	else
		no_campaigns_yet(t);
}

static bool
more_than_one(const struct stats_rows *rows)
{
	for (size_t i = 1; i < rows->n; i++)
		if (strcmp(rows->v[i].campaign, rows->v[0].campaign) != 0)
			return true;
	return false;
}

static int
show_rows(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_view *view, struct stats_rows *rows)
{
	struct stats_row total;
	int status = EX_OK;

	if (read_rows(q, o, rows) != 0 || read_total(q, o, rows, &total) != 0)
		return target_failed(t, &q->err);
	view->many = o->by != STATS_BY_CAMPAIGN && more_than_one(rows);
	stats_sort(rows, o->sort);
	if (o->limit > 0)
		stats_rows_cut(rows, o->limit);
	if (o->out == &stats_table && (o->by == STATS_BY_CAMPAIGN || view->many) &&
	    stats_read_names(q, rows, false) != 0)
		status = target_failed(t, &q->err);
	if (status == EX_OK && o->out == &stats_table && view->term->tty &&
	    !o->spanned && o->by == STATS_BY_CAMPAIGN && rows->n <= SPARKS_MAX &&
	    stats_read_sparks(q, rows, view->now) != 0)
		status = target_failed(t, &q->err);
	if (rows->n == 0 && !total.counts.found)
		say_nothing(o, t);
	else
		view->total = &total;
	view->total_is_all = view->total != NULL && o->n_names == 0 &&
	    o->by == STATS_BY_CAMPAIGN && total.counts.found;
	if (status == EX_OK && o->out->list(view, rows) != 0)
		status = target_no_memory();
	counts_fini(&total.counts);
	return status;
}

static int
list(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_view *view)
{
	struct stats_rows rows = { 0 };
	int status, shown = EX_OK;

	if (o->patterns)
		status = add_matches(q, o, t, &rows);
	else if (o->n_names > 0)
		status = add_named(q, o, t, &rows);
	else
		status = add_all(q, o, t, &rows);
	/* What is not there has been said; what is, is shown. */
	if (status == EX_OK || (status == CMD_NOT_FOUND && rows.n > 0))
		shown = show_rows(q, o, t, view, &rows);
	else if (status == CMD_NOT_FOUND && o->out->list(view, &rows) != 0)
		shown = target_no_memory();
	stats_rows_fini(&rows);
	return shown != EX_OK ? shown : status;
}

/* --- campaigns in detail --- */

/* Read those that exist into v, their number into *n, and say which do not. */
static int
read_details(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_detail *v, size_t *n)
{
	int status = EX_OK;

	for (size_t i = 0; i < o->n_names; i++) {
		struct stats_detail *d = &v[*n];
		struct camp_name name;

		registry_resolve(o->names[i], &name);
		if (stats_read_detail(q, name.name, o->now, d) != 0) {
			stats_detail_fini(d);
			return target_failed(t, &q->err);
		}
		if (d->row.counts.found) {
			++*n;
			continue;
		}
		stats_detail_fini(d);
		status = no_such_campaign(q, t, o->names[i], "");
		if (status != CMD_NOT_FOUND)
			return status;
	}
	return status;
}

static int
details(struct query *q, const struct stats_options *o, const struct target *t,
    const struct stats_view *view)
{
	struct stats_detail *v = calloc(o->n_names, sizeof(*v));
	size_t n = 0;
	int status;

	if (v == NULL)
		return target_no_memory();
	status = read_details(q, o, t, v, &n);
	if (status == EX_OK || status == CMD_NOT_FOUND)
		if (o->out->detail(view, v, n) != 0)
			status = target_no_memory();
	for (size_t i = 0; i < n; i++)
		stats_detail_fini(&v[i]);
	free(v);
	return status;
}

static int
show(struct query *q, const struct stats_options *o, const struct target *t)
{
	struct term term;
	struct stats_view view = { .term = &term,
		.now = o->now,
		.by = o->by,
		.distinct = o->distinct,
		.sort = o->sort };
	bool detail = o->n_names > 0 && !o->patterns && !o->spanned && !o->sorted &&
	    o->by == STATS_BY_CAMPAIGN && o->out->detail != NULL;
	int status, written;

	term_probe(&term);
	if (o->spanned)
		view.cover = &o->cover;
	status = detail ? details(q, o, t, &view) : list(q, o, t, &view);
	if (q->strange > 0)
		term_say("left out, as metermark does not write such under prefix "
			 "\"%s\": %" PRIu64 " names or values",
		    t->prefix, q->strange);
	written = term_finish();
	return status == EX_OK ? written : status;
}

int
stats_main(int argc, char **argv)
{
	struct stats_options o;
	struct target t;
	struct query q;
	int status = stats_options_read(&o, argc, argv);

	if (status != -1)
		return status;
	status = target_find(&o.target, &t);
	if (status != EX_OK)
		return status;
	status = target_open(&t, &q);
	if (status != EX_OK)
		return status;
	status = show(&q, &o, &t);
	query_close(&q);
	return status;
}
