/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counts.h - the counters of one hash, as read from Redis.
 *
 * Fields that are not counters (above all the producers' markers) are ignored.  The
 * functions that ask and take follow numbers/query.h: the replies are taken in the
 * order in which they were asked for, and a failure is -1 with the query's error.
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
	int64_t n[TALLY_COUNTERS];     /* 0 if Redis has no such field */
	int64_t first_seen, last_seen; /* unix seconds; 0: not known */
	int64_t rcpt;    /* estimate of the distinct recipients; -1: not read */
	char *sent;      /* the name as sent, owned; NULL: not known */
	size_t sent_len; /* at most CAMP_SENT_MAX; the bytes may be any */
	bool found;      /* the hash has a field that is no marker */
};

/*
 * Ask for a campaign's counters since ever, and if with_rcpt is set for its distinct
 * recipients.
 */
int counts_ask_total(struct query *, const char *campaign, bool with_rcpt);
/*
 * Take the reply, with the same with_rcpt.  The caller calls counts_fini() in any case.
 */
int counts_take_total(struct query *, struct counts *, bool with_rcpt);

/*
 * Ask for the counters of one hour or day.  hour: unix seconds / 3600; day: unix
 * seconds / 86400.
 */
int counts_ask_hour(struct query *, const char *campaign, int64_t hour);
int counts_ask_day(struct query *, const char *campaign, int64_t day);
/* Take the reply to either.  The caller calls counts_fini() in any case. */
int counts_take(struct query *, struct counts *);

/*
 * Append the name as sent, made safe for a terminal, if the campaign's own name ends in
 * the digits of a hash, so that people would not recognise it; otherwise append
 * nothing.  utf8: as in text/visible.h.
 */
void counts_show_name(
    struct buf *out, const struct counts *, const char *campaign, bool utf8);
/* The most bytes that counts_show_name() appends. */
#define COUNTS_NAME_MAX (CAMP_SENT_MAX * 4)

/* Add the counters of more; found is set if either was found. */
void counts_add(struct counts *, const struct counts *more);
void counts_fini(struct counts *);

#endif
