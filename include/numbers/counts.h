/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counts.h - what one hash of counters holds, as read from Redis.
 *
 * Fields that are not counters (the producers' markers above all) are left out.
 */
#ifndef METERMARK_NUMBERS_COUNTS_H
#define METERMARK_NUMBERS_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "counting/tally.h"
#include "numbers/query.h"

struct counts {
	int64_t n[TALLY_COUNTERS];     /* 0 where Redis has no such field */
	int64_t first_seen, last_seen; /* unix seconds; 0: not known */
	int64_t rcpt;                  /* distinct recipients, about; -1: not asked */
	char *sent;                    /* the name as sent, owned; NULL: not known */
	size_t sent_len;               /* at most CAMP_SENT_MAX; may hold anything */
	bool found;                    /* there was something of ours but markers */
};

/* Ask for a campaign's hash since ever; with_rcpt: for its distinct recipients too. */
int counts_ask_total(struct query *, const char *campaign, bool with_rcpt);
/* Its answer, in the order of asking.  0, or -1 as query_fail(). */
int counts_take_total(struct query *, struct counts *, bool with_rcpt);

/* hour: unix seconds / 3600; day: unix seconds / 86400. */
int counts_ask_hour(struct query *, const char *campaign, int64_t hour);
int counts_ask_day(struct query *, const char *campaign, int64_t day);
/* The answer to either; counts_fini() out in any case. */
int counts_take(struct query *, struct counts *);

/*
 * Append the name as sent, safe on a terminal, where the campaign's own ends in digits
 * of a hash and people would not know it; else nothing.  utf8: as text/visible.h's.
 */
void counts_show_name(
    struct buf *out, const struct counts *, const char *campaign, bool utf8);
/* Bytes that it appends at most. */
#define COUNTS_NAME_MAX (CAMP_SENT_MAX * 4)

/* Add the counters of `more`, and that it was found. */
void counts_add(struct counts *, const struct counts *more);
void counts_fini(struct counts *);

#endif
