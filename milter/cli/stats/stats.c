/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - `metermark stats`: asks numbers/ and has a form show the answer.
 *
 * stats_options.c reads the options, numbers/ reads Redis, the forms of stats_out.h
 * write.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/stats/no_such.h"
#include "cli/stats/stats_options.h"
#include "show/human.h"

/* So many lines are somebody's to look at; each costs NUMBERS_HOURS more hashes. */
#define SPARKS_MAX 200

/* --- a listing --- */

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

static struct numbers_question
question(const struct stats_options *o, const struct term *term)
{
	bool table = o->out == &stats_table;

	return (struct numbers_question) {
		.names = o->names,
		.n_names = o->n_names,
		.by = o->by,
		.cover = o->spanned ? &o->cover : NULL,
		.sort = o->sort,
		.limit = o->limit,
		.distinct = o->distinct,
		.sent_names = table,
		.sparks_max = table && term->tty ? SPARKS_MAX : 0,
	};
}

/* CMD_NOT_FOUND, and said, if a name means no campaign. */
static int
say_missing(struct query *q, const struct stats_options *o, const struct target *t,
    const struct numbers_listing *listing)
{
	int status = EX_OK;

	for (size_t i = 0; i < listing->n_missing; i++) {
		status = no_such_campaign(q, t, o->names[listing->missing[i]], "");
		if (status != CMD_NOT_FOUND)
			return status;
	}
	return status;
}

static int
list(struct query *q, const struct stats_options *o, const struct target *t,
    struct stats_view *view)
{
	const struct numbers_question ask = question(o, view->term);
	struct numbers_listing listing;
	int status;

	if (numbers_list(q, &ask, o->now, &listing) != 0)
		status = target_failed(t, &q->err);
	else
		status = say_missing(q, o, t, &listing);
	if (status == EX_OK || status == CMD_NOT_FOUND) {
		view->many = listing.many;
		view->total_is_all = listing.total_is_all;
		if (listing.rows.n > 0 || listing.total.counts.found)
			view->total = &listing.total;
		else if (listing.selected > 0 || listing.n_missing == 0)
			say_nothing(o, t);
		if (o->out->list(view, &listing.rows) != 0)
			status = target_no_memory();
	}
	numbers_listing_fini(&listing);
	return status;
}

/* --- campaigns in detail --- */

/* Read those that exist into v, their number into *n, and say which do not. */
static int
read_details(struct query *q, const struct stats_options *o, const struct target *t,
    struct numbers_detail *v, size_t *n)
{
	int status = EX_OK;

	for (size_t i = 0; i < o->n_names; i++) {
		struct numbers_detail *d = &v[*n];

		if (numbers_detail(q, o->names[i], o->now, d) != 0) {
			numbers_detail_fini(d);
			return target_failed(t, &q->err);
		}
		if (d->row.counts.found) {
			++*n;
			continue;
		}
		numbers_detail_fini(d);
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
	struct numbers_detail *v = calloc(o->n_names, sizeof(*v));
	size_t n = 0;
	int status;

	if (v == NULL)
		return target_no_memory();
	status = read_details(q, o, t, v, &n);
	if (status == EX_OK || status == CMD_NOT_FOUND)
		if (o->out->detail(view, v, n) != 0)
			status = target_no_memory();
	for (size_t i = 0; i < n; i++)
		numbers_detail_fini(&v[i]);
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
	    o->by == NUMBERS_BY_CAMPAIGN && o->out->detail != NULL;
	int status, written;

	term_probe(&term);
	if (o->spanned)
		view.cover = &o->cover;
	status = detail ? details(q, o, t, &view) : list(q, o, t, &view);
	if (q->strange > 0)
		term_say(
		    "left out, as metermark does not write such under prefix \"%s\": %" PRIu64
		    " names or values",
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

	if (status != OPTIONS_NOT_DONE)
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
