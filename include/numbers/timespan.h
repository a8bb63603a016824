/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timespan.h - a span of time as an operator writes it, and the hashes that hold it.
 * Pure.
 *
 * Counters are kept by hour for 35 days and by day for 400 (redis/rkey.h), in UTC.  A
 * span is therefore widened to whole hours, or to whole days if its hours have expired,
 * and is read from as few hashes as possible: days in the middle, hours at both ends.
 * The caller says what time it is.
 */
#ifndef METERMARK_NUMBERS_TIMESPAN_H
#define METERMARK_NUMBERS_TIMESPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* From from up to, but not including, until; unix seconds. */
struct timespan {
	int64_t from, until;
};

enum timespan_edge { TIMESPAN_SINCE, TIMESPAN_UNTIL };

/*
 * A moment, in UTC:
 *
 *     -90m  -24h  -7d  -2w       so long ago; also without the "-"
 *     now
 *     today  yesterday           a day
 *     2026-11-24                 a day
 *     2026-11-24T09              an hour; also 2026-11-24T09:30 and with seconds, a
 *                                blank for the T, and a Z at the end
 *     @1795000000                unix seconds
 *
 * As TIMESPAN_SINCE a day, hour or minute is its beginning, as TIMESPAN_UNTIL its end:
 * since yesterday until yesterday is all of yesterday.  0, or -1 with a sentence that
 * has examples.
 */
int timespan_parse(struct str text, enum timespan_edge edge, int64_t now, int64_t *out,
    char *err, size_t errlen);

/* Which hashes to read a span from. */
enum timespan_unit {
	TIMESPAN_FEWEST, /* to be summed: days, and hours at both ends */
	TIMESPAN_HOURS,
	TIMESPAN_DAYS
};

/* n hours or days from first on: unix seconds / 3600 or / 86400. */
struct timespan_run {
	int64_t first;
	int64_t n;
};

struct timespan_cover {
	struct timespan
	    span; /* the time that the hashes below hold, never beyond now */
	struct timespan_run head, days,
	    tail;    /* in the order of time; head, tail: hours */
	bool cut;    /* begins later than asked, since earlier hashes have expired */
	bool coarse; /* whole days instead of hours, since the hours have expired */
};

/*
 * Find the hashes for a span whose from is less than its until and not after now.  For
 * TIMESPAN_DAYS head and tail are empty, for TIMESPAN_HOURS days and tail.  If all are
 * empty, no hash of the span is kept any longer.
 */
void timespan_cover(
    struct timespan asked, enum timespan_unit, int64_t now, struct timespan_cover *out);
/* The number of hashes to read. */
size_t timespan_hashes(const struct timespan_cover *);
/*
 * The minutes of a span up to now, at least one second, so that counts can be divided
 * by them.
 */
double timespan_minutes(struct timespan, int64_t now);

#endif
