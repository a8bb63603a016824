/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timespan.h - a stretch of time as an operator says it, and the hashes that hold it.
 * Pure.
 *
 * Counters are kept by hour for 35 days and by day for 400 (redis/rkey.h), in UTC.  So
 * a stretch is widened to whole hours, or to whole days where its hours have gone, and
 * is read from as few hashes as can be: days in the middle, hours at both ends.  The
 * caller says what time it is.
 */
#ifndef METERMARK_NUMBERS_TIMESPAN_H
#define METERMARK_NUMBERS_TIMESPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* Unix seconds; until is no longer in it. */
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

/* Which hashes a stretch is to be read from. */
enum timespan_unit {
	TIMESPAN_FEWEST, /* to be summed: days, and hours at both ends */
	TIMESPAN_HOURS,
	TIMESPAN_DAYS
};

/* n hours (or days) from this one on: unix seconds / 3600 (or 86400). */
struct timespan_run {
	int64_t first;
	int64_t n;
};

struct timespan_cover {
	struct timespan span; /* what the hashes below hold, never beyond now */
	struct timespan_run head, days,
	    tail;    /* in the order of time; head, tail: hours */
	bool cut;    /* begins later than asked: what is before is no longer kept */
	bool coarse; /* whole days where hours were asked, as the hours have gone */
};

/*
 * from is less than until, and not after now.  For DAYS head and tail are empty, for
 * HOURS days and tail.  All may be empty: then nothing of it is kept.
 */
void timespan_cover(
    struct timespan asked, enum timespan_unit, int64_t now, struct timespan_cover *out);
/* Hashes to read. */
size_t timespan_hashes(const struct timespan_cover *);
/* Minutes of a stretch up to now, one second at least; to divide counts by. */
double timespan_minutes(struct timespan, int64_t now);

#endif
