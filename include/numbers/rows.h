/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows.h - the rows of a listing, and the reading of their counters in pipelines.
 *
 * numbers.h answers whole questions; its parts are here.
 */
#ifndef METERMARK_NUMBERS_ROWS_H
#define METERMARK_NUMBERS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numbers/counts.h"
#include "numbers/query.h"
#include "numbers/registry.h"
#include "numbers/timespan.h"

#define NUMBERS_HOURS 24 /* hours of a spark, this hour included */

/* A campaign, or one hour, day or provider of it. */
struct numbers_row {
	char campaign[CAMP_NAME_MAX + 1];
	int64_t active;     /* last activity, unix seconds; 0: not known */
	struct timespan at; /* the hour or day; {0, 0}: neither */
	int provider;       /* enum provider; -1: none */
	struct counts counts;
	/* Messages of each of NUMBERS_HOURS hours, oldest first, owned; NULL: not read.
	 */
	int64_t *spark;
};

/* All zeros: empty. */
struct numbers_rows {
	struct numbers_row *v;
	size_t n, cap;
};

/* All below return 0, or -1 with the query's error, unless told otherwise. */

/* Append a row of which only the campaign is known; NULL if memory ran out. */
struct numbers_row *rows_add(struct numbers_rows *, const char *campaign);
/* One row for each campaign, with its last activity. */
int rows_of_registry(struct query *, const struct registry *, struct numbers_rows *out);
/* Drop all rows but the first n. */
void rows_cut(struct numbers_rows *, size_t n);
void rows_fini(struct numbers_rows *);

/*
 * Fill in the counters since ever of all rows, with the distinct recipients if
 * with_rcpt is set, and drop the rows of campaigns that have no counters (they are
 * about to begin, or to expire).
 */
int rows_read_totals(struct query *, struct numbers_rows *, bool with_rcpt);
/* Fill in the sums over the cover, and drop the rows that have none. */
int rows_read_spans(
    struct query *, struct numbers_rows *, const struct timespan_cover *);
/*
 * Replace each row by one row for each hour and day of the cover that has counters,
 * oldest first.
 */
int rows_read_buckets(
    struct query *, struct numbers_rows *, const struct timespan_cover *);
/*
 * Fill in the names as sent that are not known yet: of all rows, or only of those whose
 * campaign's own name ends in a hash.
 */
int rows_read_names(struct query *, struct numbers_rows *, bool all);
/* Fill in the sparks of the rows that were active in the last NUMBERS_HOURS hours. */
int rows_read_sparks(struct query *, struct numbers_rows *, int64_t now);

/*
 * Read one campaign's counters since ever, registered or not; row.counts.found tells
 * whether it has any.  The caller calls counts_fini() on row.counts in either case.
 */
int rows_read_one(
    struct query *, const char *campaign, bool with_rcpt, struct numbers_row *out);

#endif
