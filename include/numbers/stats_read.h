/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_read.h - the counters that `metermark stats` shows, read in pipelines.
 */
#ifndef METERMARK_NUMBERS_STATS_READ_H
#define METERMARK_NUMBERS_STATS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numbers/counts.h"
#include "numbers/query.h"
#include "numbers/registry.h"
#include "numbers/timespan.h"

#define STATS_HOURS 24 /* shown of a campaign in detail, this hour included */
#define STATS_DAYS 7

/* A line of a listing: a campaign, or one hour, day or provider of it. */
struct stats_row {
	char campaign[CAMP_NAME_MAX + 1];
	int64_t active;     /* last activity, unix seconds; 0: not known */
	struct timespan at; /* the hour or day; {0, 0}: neither */
	int provider;       /* enum provider; -1: none */
	struct counts counts;
	int64_t *spark; /* messages of STATS_HOURS hours, oldest first, owned; or NULL
	                 */
};

struct stats_rows {
	struct stats_row *v;
	size_t n, cap;
};

/* An hour or a day of a campaign. */
struct stats_span {
	int64_t start; /* unix seconds */
	struct counts counts;
};

struct stats_detail {
	struct stats_row row;
	struct stats_span
	    hours[STATS_HOURS]; /* newest first, those without counters too */
	struct stats_span days[STATS_DAYS];
};

/* All below return 0, or -1 with the query's error, unless told otherwise. */

/* A new row at the end, nothing but its name known; NULL when out of memory. */
struct stats_row *stats_rows_add(struct stats_rows *, const char *campaign);
/* One row for each name. */
int stats_rows_name(struct query *, const struct registry *, struct stats_rows *out);
/* Keep the first n at most. */
void stats_rows_cut(struct stats_rows *, size_t n);
void stats_rows_fini(struct stats_rows *);

/*
 * Fill the counters since ever of all rows, and drop rows of campaigns that have none
 * (they are about to begin, or to expire); with_rcpt: the distinct recipients as well.
 */
int stats_read_totals(struct query *, struct stats_rows *, bool with_rcpt);
/* Fill the counters of that time, and drop rows that have none. */
int stats_read_spans(
    struct query *, struct stats_rows *, const struct timespan_cover *);
/*
 * Put a row for each hour and day of the cover, oldest first, in the place of each row;
 * those without mail are left out.
 */
int stats_read_buckets(
    struct query *, struct stats_rows *, const struct timespan_cover *);
/* Fill the names as sent, of all rows or of those whose campaign's own ends in a hash.
 */
int stats_read_names(struct query *, struct stats_rows *, bool all);
/* Fill the sparks of the rows that were active in the last STATS_HOURS hours. */
int stats_read_sparks(struct query *, struct stats_rows *, int64_t now);

/* One campaign's counters since ever, registered or not; row.counts.found tells whether
 * it has any.  counts_fini() row.counts in either case. */
int stats_read_row(
    struct query *, const char *campaign, bool with_rcpt, struct stats_row *out);
/* One campaign in detail; row.counts.found tells whether it exists. stats_detail_fini()
 * out in either case. */
int stats_read_detail(
    struct query *, const char *campaign, int64_t now, struct stats_detail *out);
void stats_detail_fini(struct stats_detail *);

#endif
