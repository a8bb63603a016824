/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers.c - which campaigns a question means, and its rows in order.  See the header.
 *
 * A listing is made in steps: rows that have only a campaign's name (select), their
 * counters (read_rows), the total of them, and then, of the rows that the limit leaves,
 * what costs more (names as sent, sparks).
 */
#include "numbers/numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers/registry.h"
#include "numbers/rows.h"

/* Names read beyond the limit: some may have no counters yet, or no more. */
#define SPARE_NAMES 16
#define HOUR_S 3600
#define DAY_S 86400

/* --- which campaigns --- */

static int
add_missing(struct query *q, const struct numbers_question *ask, size_t i,
    struct numbers_listing *out)
{
	if (out->missing == NULL)
		out->missing = calloc(ask->n_names, sizeof(*out->missing));
	if (out->missing == NULL)
		return query_no_memory(q);
	out->missing[out->n_missing++] = i;
	return 0;
}

/* Note the names that mean none of the campaigns that were read for them. */
static int
find_missing(struct query *q, const struct numbers_question *ask,
    const struct registry *campaigns, struct numbers_listing *out)
{
	for (size_t i = 0; i < ask->n_names; i++) {
		size_t k = 0;

		while (k < campaigns->n &&
		    !registry_meant(ask->names[i], campaigns->v[k].campaign))
			k++;
		if (k == campaigns->n && add_missing(q, ask, i, out) != 0)
			return -1;
	}
	return 0;
}

/* Rows for the campaigns that names and patterns mean, by a look at the registry. */
static int
select_matches(
    struct query *q, const struct numbers_question *ask, struct numbers_listing *out)
{
	const struct registry_choice choice = { .patterns = ask->names,
		.n_patterns = ask->n_names };
	struct registry campaigns;
	int status = registry_read(q, &choice, &campaigns);

	if (status == 0)
		status = rows_of_registry(q, &campaigns, &out->rows);
	if (status == 0)
		status = find_missing(q, ask, &campaigns, out);
	registry_fini(&campaigns);
	return status;
}

static bool
has(const struct numbers_rows *rows, const char *campaign)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->v[i].campaign, campaign) == 0)
			return true;
	return false;
}

/* A row for each name that has counters, in the order given, whatever is registered. */
static int
select_named(
    struct query *q, const struct numbers_question *ask, struct numbers_listing *out)
{
	for (size_t i = 0; i < ask->n_names; i++) {
		struct numbers_row found, *row;
		struct camp_name name;
		int status;

		registry_resolve(ask->names[i], &name);
		status = rows_read_one(q, name.name, false, &found);
		counts_fini(&found.counts);
		if (status != 0)
			return -1;
		if (!found.counts.found) {
			if (add_missing(q, ask, i, out) != 0)
				return -1;
		} else if (!has(&out->rows, name.name)) {
			row = rows_add(&out->rows, name.name);
			if (row == NULL)
				return query_no_memory(q);
			row->active = found.active;
		}
	}
	return 0;
}

/* A row for each campaign, or one for all mail. */
static int
select_all(
    struct query *q, const struct numbers_question *ask, struct numbers_listing *out)
{
	struct registry_choice choice = { 0 };
	struct registry campaigns;
	int status;

	if (ask->by != NUMBERS_BY_CAMPAIGN)
		return rows_add(&out->rows, CAMP_ALL) != NULL ? 0 : query_no_memory(q);
	if (ask->cover != NULL)
		choice.since = ask->cover->span.from;
	/* The registry has them in the order of activity: the first ones are enough. */
	if (ask->limit > 0 &&
	    (ask->sort.kind == NUMBERS_KEY_NONE || ask->sort.kind == NUMBERS_KEY_LAST))
		choice.limit = ask->limit + SPARE_NAMES;
	status = registry_read(q, &choice, &campaigns);
	if (status == 0)
		status = rows_of_registry(q, &campaigns, &out->rows);
	registry_fini(&campaigns);
	return status;
}

static int
select_campaigns(
    struct query *q, const struct numbers_question *ask, struct numbers_listing *out)
{
	bool patterns = false;
	int status;

	for (size_t i = 0; i < ask->n_names; i++)
		patterns |= registry_is_pattern(ask->names[i]);
	if (patterns)
		status = select_matches(q, ask, out);
	else if (ask->n_names > 0)
		status = select_named(q, ask, out);
	else
		status = select_all(q, ask, out);
	out->selected = out->rows.n;
	return status;
}

/* --- their counters --- */

/* Put a row for each provider with recipients in the place of each row. */
static int
split_providers(struct numbers_rows *rows)
{
	struct numbers_rows out = { 0 };
	int status = 0;

	for (size_t i = 0; i < rows->n && status == 0; i++)
		for (int p = 0; p < PROVIDERS && status == 0; p++) {
			int64_t n = rows->v[i].counts.n[TALLY_PROVIDER(p)];
			struct numbers_row *row;

			if (n == 0)
				continue;
			row = rows_add(&out, rows->v[i].campaign);
			if (row == NULL) {
				status = -1;
				continue;
			}
			row->provider = p;
			row->counts.n[TALLY_RECIPIENTS] = n;
		}
	rows_fini(rows);
	*rows = out;
	return status;
}

static int
read_rows(
    struct query *q, const struct numbers_question *ask, struct numbers_rows *rows)
{
	int status;

	if (ask->by == NUMBERS_BY_HOUR || ask->by == NUMBERS_BY_DAY)
		status = rows_read_buckets(q, rows, ask->cover);
	else if (ask->cover != NULL)
		status = rows_read_spans(q, rows, ask->cover);
	else
		status = rows_read_totals(q, rows, ask->distinct);
	if (status == 0 && ask->by == NUMBERS_BY_PROVIDER && split_providers(rows) != 0)
		status = query_no_memory(q);
	return status;
}

/* All mail, or the sum of what was selected. */
static int
read_total(struct query *q, const struct numbers_question *ask,
    const struct numbers_rows *rows, struct numbers_row *total)
{
	struct numbers_rows all = { 0 };
	int status;

	for (size_t i = 0; i < rows->n; i++) {
		counts_add(&total->counts, &rows->v[i].counts);
		if (rows->v[i].active > total->active)
			total->active = rows->v[i].active;
	}
	if (ask->n_names > 0 || ask->by != NUMBERS_BY_CAMPAIGN)
		return 0;
	if (ask->cover == NULL)
		return rows_read_one(q, CAMP_ALL, ask->distinct, total);
	if (rows_add(&all, CAMP_ALL) == NULL)
		return query_no_memory(q);
	status = rows_read_spans(q, &all, ask->cover);
	if (status == 0)
		total->counts =
		    all.n > 0 ? all.v[0].counts : (struct counts) { .rcpt = -1 };
	rows_fini(&all);
	return status;
}

static bool
more_than_one(const struct numbers_rows *rows)
{
	for (size_t i = 1; i < rows->n; i++)
		if (strcmp(rows->v[i].campaign, rows->v[0].campaign) != 0)
			return true;
	return false;
}

static void
listing_init(struct numbers_listing *out)
{
	*out =
	    (struct numbers_listing) { .total = { .provider = -1, .counts.rcpt = -1 } };
	snprintf(out->total.campaign, sizeof(out->total.campaign), "%s", CAMP_ALL);
}

int
numbers_list(struct query *q, const struct numbers_question *ask, int64_t now,
    struct numbers_listing *out)
{
	struct numbers_rows *rows = &out->rows;
	bool by_campaign = ask->by == NUMBERS_BY_CAMPAIGN;

	listing_init(out);
	if (select_campaigns(q, ask, out) != 0)
		return -1;
	if (out->selected == 0 && out->n_missing > 0)
		return 0;
	if (read_rows(q, ask, rows) != 0 || read_total(q, ask, rows, &out->total) != 0)
		return -1;
	out->many = !by_campaign && more_than_one(rows);
	out->total_is_all = by_campaign && ask->n_names == 0 && out->total.counts.found;
	numbers_sort(rows, ask->sort);
	if (ask->limit > 0)
		rows_cut(rows, ask->limit);
	if (ask->sent_names && (by_campaign || out->many) &&
	    rows_read_names(q, rows, false) != 0)
		return -1;
	if (rows->n <= ask->sparks_max && by_campaign && ask->cover == NULL)
		return rows_read_sparks(q, rows, now);
	return 0;
}

int
numbers_names(
    struct query *q, const struct numbers_question *ask, struct numbers_listing *out)
{
	struct registry_choice choice = { .patterns = ask->names,
		.n_patterns = ask->n_names };
	struct registry campaigns;
	int status;

	listing_init(out);
	/* A name that means a campaign beyond the limit is not missing. */
	if (ask->n_names == 0)
		choice.limit = ask->limit;
	status = registry_read(q, &choice, &campaigns);
	out->selected = campaigns.n;
	if (status == 0)
		status = find_missing(q, ask, &campaigns, out);
	if (ask->limit > 0 && campaigns.n > ask->limit)
		campaigns.n = ask->limit;
	if (status == 0)
		status = rows_of_registry(q, &campaigns, &out->rows);
	if (status == 0)
		status = rows_read_names(q, &out->rows, ask->sent_names);
	registry_fini(&campaigns);
	return status;
}

void
numbers_listing_fini(struct numbers_listing *list)
{
	rows_fini(&list->rows);
	counts_fini(&list->total.counts);
	free(list->missing);
	list->missing = NULL;
}

/* --- one campaign in detail --- */

static int
ask_detail(struct query *q, const struct numbers_detail *d)
{
	const char *campaign = d->row.campaign;

	if (counts_ask_total(q, campaign, true) != 0)
		return -1;
	for (size_t i = 0; i < NUMBERS_HOURS; i++)
		if (counts_ask_hour(q, campaign, d->hours[i].start / HOUR_S) != 0)
			return -1;
	for (size_t i = 0; i < NUMBERS_DAYS; i++)
		if (counts_ask_day(q, campaign, d->days[i].start / DAY_S) != 0)
			return -1;
	return 0;
}

int
numbers_detail(
    struct query *q, const char *given, int64_t now, struct numbers_detail *d)
{
	struct camp_name name;

	registry_resolve(given, &name);
	*d = (struct numbers_detail) { .row.provider = -1 };
	snprintf(d->row.campaign, sizeof(d->row.campaign), "%s", name.name);
	for (size_t i = 0; i < NUMBERS_HOURS; i++)
		d->hours[i].start = (now / HOUR_S - (int64_t)i) * HOUR_S;
	for (size_t i = 0; i < NUMBERS_DAYS; i++)
		d->days[i].start = (now / DAY_S - (int64_t)i) * DAY_S;
	if (ask_detail(q, d) != 0 || counts_take_total(q, &d->row.counts, true) != 0)
		return -1;
	for (size_t i = 0; i < NUMBERS_HOURS; i++)
		if (counts_take(q, &d->hours[i].counts) != 0)
			return -1;
	for (size_t i = 0; i < NUMBERS_DAYS; i++)
		if (counts_take(q, &d->days[i].counts) != 0)
			return -1;
	d->row.active = d->row.counts.last_seen;
	return 0;
}

void
numbers_detail_fini(struct numbers_detail *d)
{
	counts_fini(&d->row.counts);
	for (size_t i = 0; i < NUMBERS_HOURS; i++)
		counts_fini(&d->hours[i].counts);
	for (size_t i = 0; i < NUMBERS_DAYS; i++)
		counts_fini(&d->days[i].counts);
}

/* --- rates --- */

double
numbers_rate(const struct numbers_row *row, const struct timespan *whole, int64_t now)
{
	struct timespan at = row->at.until != 0 ? row->at : *whole;

	return (double)row->counts.n[TALLY_MESSAGES] / timespan_minutes(at, now);
}
