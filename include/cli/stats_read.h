/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_read.h - counters read from Redis, in pipelines and pages.
 *
 * The registry of campaigns gives the names, so no command here ever looks at keys that
 * are not ours, and none holds Redis up for long.  Fields that are not counters (the
 * producers' markers above all) are left out.
 */
#ifndef METERMARK_CLI_STATS_READ_H
#define METERMARK_CLI_STATS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/camp.h"
#include "core/nearest.h"
#include "core/tally.h"
#include "edge/redis_link.h"

#define STATS_HOURS 24 /* shown of a campaign in detail, this hour included */
#define STATS_DAYS 7

/* What one hash holds. */
struct stats_counts {
	int64_t n[TALLY_COUNTERS];     /* 0 where Redis has no such field */
	int64_t first_seen, last_seen; /* unix seconds; 0: not known */
	int64_t rcpt;                  /* distinct recipients, about; -1: not asked */
	char *sent;                    /* the name as sent, owned; NULL: not known */
	size_t sent_len;               /* at most CAMP_SENT_MAX; may hold anything */
	bool found;                    /* there was such a hash */
};

struct stats_row {
	char campaign[CAMP_NAME_MAX + 1];
	int64_t active; /* last activity, unix seconds; 0: not known */
	struct stats_counts counts;
};

struct stats_rows {
	struct stats_row *v;
	size_t n;
	size_t cap;
};

/* An hour or a day of a campaign. */
struct stats_span {
	int64_t start; /* unix seconds */
	struct stats_counts counts;
};

struct stats_detail {
	struct stats_row row;
	struct stats_span
	    hours[STATS_HOURS]; /* newest first, those without counters too */
	struct stats_span days[STATS_DAYS];
};

struct stats_reader {
	struct redis_link *link; /* borrowed */
	const char *prefix;      /* borrowed */
	uint64_t strange;     /* values and names met that metermark does not write */
	enum redis_cure cure; /* after a -1 */
	char err[512];
};

/* All stats_read_ functions return 0, or -1 with cure and err set. */

/*
 * The registry, latest activity first, at most limit names (0: all), `_all` left out;
 * with patterns, only the names that one of them matches.  Rows have names and times
 * only.  A name is listed once even while the registry changes.  stats_rows_fini() out
 * in either case.
 */
int stats_read_names(struct stats_reader *, char *const *patterns, size_t n_patterns,
    size_t limit, struct stats_rows *out);
/*
 * Fill the counters of all rows, and drop rows of campaigns that have none (they are
 * about to begin, or to expire); with_rcpt: the distinct recipients as well.
 */
int stats_read_totals(struct stats_reader *, struct stats_rows *, bool with_rcpt);
/* One campaign's counters, registered or not; row.counts.found tells whether it has
 * any. row.counts.sent is to be freed in either case. */
int stats_read_row(
    struct stats_reader *, const char *campaign, bool with_rcpt, struct stats_row *out);
/* One campaign in detail; row.counts.found tells whether it exists. stats_detail_fini()
 * out in either case. */
int stats_read_detail(
    struct stats_reader *, const char *campaign, int64_t now, struct stats_detail *out);
/* Offer all names of the registry. */
int stats_read_similar(struct stats_reader *, struct nearest *);

/* Keep the first n at most. */
void stats_rows_cut(struct stats_rows *, size_t n);
void stats_rows_fini(struct stats_rows *);
void stats_detail_fini(struct stats_detail *);

#endif
