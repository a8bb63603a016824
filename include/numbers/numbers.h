/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers.h - the campaigns and their counters as values, for whatever shows them: a
 * command, a page, an answer of an API, a metric.
 *
 * A reader opens a query (numbers/query.h) with the URL and the prefix, puts a question
 * and gets rows.  Nothing here writes to a terminal, reads a clock or knows an exit
 * status: the caller hands in what time it is and says to its user what failed.
 *
 * Units: times are unix seconds, UTC; counters are what their names say (messages,
 * recipients, bytes); rates are messages a minute.
 *
 * Errors: functions that read return 0, or -1 with the cause in query.err; the query is
 * good only for query_close() then.  Names and values in Redis that metermark does not
 * write are skipped and counted in query.strange.
 *
 * Memory: a listing and a detail own what they hold; the caller calls ..._fini(), after
 * a failure as well.  What a question points to is borrowed for the call.
 *
 * Threads: all is kept in the arguments; a query belongs to one thread.
 */
#ifndef METERMARK_NUMBERS_NUMBERS_H
#define METERMARK_NUMBERS_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numbers/counts.h"
#include "numbers/query.h"
#include "numbers/rows.h"
#include "numbers/sort.h"
#include "numbers/timespan.h"

#define NUMBERS_DAYS 7 /* of a campaign in detail, today included */

/* --- what is asked --- */

/* What a row of a listing is about. */
enum numbers_by {
	NUMBERS_BY_CAMPAIGN,
	NUMBERS_BY_HOUR,    /* needs a cover of hours */
	NUMBERS_BY_DAY,     /* needs a cover of days */
	NUMBERS_BY_PROVIDER /* of recipients' mailboxes; only recipients are known */
};

struct numbers_question {
	/* Campaigns, by name as counted or as sent, or by pattern (* and ?); none: all
	 * campaigns, or all mail where a row is not about a campaign. */
	char *const *names;
	size_t n_names;
	enum numbers_by by;
	/* The hashes to sum or to list (timespan_cover()); NULL: since ever. */
	const struct timespan_cover *cover;
	struct numbers_key sort;
	size_t limit;  /* rows at most; 0: all */
	bool distinct; /* read the distinct recipients as well; without a cover only */
	/*
	 * Read the names as sent as well, of campaigns whose own name ends in a hash.
	 * Rows by hour, day or provider get them only if they are of several campaigns.
	 */
	bool sent_names;
	/* Read sparks if there are no more rows than this; each costs NUMBERS_HOURS
	 * hashes.  By campaign, without a cover; 0: none. */
	size_t sparks_max;
};

/* --- what is answered --- */

struct numbers_listing {
	struct numbers_rows rows;
	/* All mail, or the sum of the campaigns that were named, whatever the limit;
	 * total.counts.found: there is any. */
	struct numbers_row total;
	bool total_is_all; /* total is the campaign `_all`, found */
	bool many;         /* rows by hour, day or provider, of several campaigns */
	size_t selected; /* campaigns that were found, with mail in the cover or not */
	size_t *missing; /* indices of the question's names that mean no campaign */
	size_t n_missing;
};

/* An hour or a day of a campaign. */
struct numbers_bucket {
	int64_t start;
	struct counts counts;
};

struct numbers_detail {
	struct numbers_row row; /* since ever; row.counts.found: the campaign exists */
	/* Newest first, those without counters too. */
	struct numbers_bucket hours[NUMBERS_HOURS], days[NUMBERS_DAYS];
};

/*
 * Answer a question.  Campaigns without counters (they are about to begin, or to
 * expire) and hours, days and providers without mail have no row.  If no name means a
 * campaign (selected is 0 and n_missing is not), rows and total are empty.
 */
int numbers_list(struct query *, const struct numbers_question *, int64_t now,
    struct numbers_listing *out);
/*
 * The names only, the latest activity first: of the question names, limit and
 * sent_names count, the latter for all campaigns instead of the hashed ones.  A row has
 * its campaign, active, and the name as sent in counts; selected is without the limit
 * if names are given.
 */
int numbers_names(
    struct query *, const struct numbers_question *, struct numbers_listing *out);
void numbers_listing_fini(struct numbers_listing *);

/* One campaign, by its name as counted or as sent, in detail. */
int numbers_detail(
    struct query *, const char *name, int64_t now, struct numbers_detail *out);
void numbers_detail_fini(struct numbers_detail *);

/* Messages a minute, over the row's hour or day, else over whole, up to now.  Pure. */
double numbers_rate(
    const struct numbers_row *, const struct timespan *whole, int64_t now);

#endif
