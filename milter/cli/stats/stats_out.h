/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_out.h - the forms in which `metermark stats` shows counters.
 *
 * A form is one file, milter/cli/stats/stats_FORM.c, and one row in stats_options.c's
 * table. All write to stdout through term_put() and leave errors of stdout to
 * term_finish().
 */
#ifndef METERMARK_CLI_STATS_STATS_OUT_H
#define METERMARK_CLI_STATS_STATS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/term.h"
#include "numbers/numbers.h"

struct stats_view {
	const struct term *term;
	int64_t now; /* unix seconds */
	enum numbers_by by;
	bool distinct; /* they were read: -1 is of a row without */
	struct numbers_key sort;
	/* The time that the counters are of; NULL: since ever. */
	const struct timespan_cover *cover;
	/* The rows of an hour, day or provider are of more than one campaign. */
	bool many;
	/* The last line of a listing: what `_all` says, or the sum of a selection;
	 * NULL: none. */
	const struct numbers_row *total;
	/* total is the campaign `_all`, a row like others to programs. */
	bool total_is_all;
};

struct stats_out {
	const char *name;
	/* Return 0, or -1 when out of memory. */
	int (*list)(const struct stats_view *, const struct numbers_rows *);
	/* NULL: the form has no details; campaigns by name are listed. */
	int (*detail)(
	    const struct stats_view *, const struct numbers_detail *, size_t n);
};

extern const struct stats_out stats_table;
extern const struct stats_out stats_json;
extern const struct stats_out stats_csv;
extern const struct stats_out stats_prom;

/* The name as sent in valid UTF-8; JSON's null where it is not known, NULL when out of
 * memory.  The caller's. */
struct json_t *stats_json_name(const struct counts *);

/* The detail of stats_table. */
int stats_page(const struct stats_view *, const struct numbers_detail *, size_t n);

/* ---- stats_view.c ---- */

/* Messages a minute, over the row's hour or day or the view's time, up to now. */
double stats_rate(const struct stats_view *, const struct numbers_row *);
/* Date and time of a unix second, "-" for 0; WHEN_MAX bytes. */
enum stats_when { STATS_TIME, STATS_BOTH, STATS_AGE };
#define STATS_WHEN_MAX 82
void stats_when_text(char out[STATS_WHEN_MAX], enum stats_when, int64_t t, int64_t now);
/* Write out what is in the buffer, and empty it; true when memory had run out. */
bool stats_put(struct buf *);

#endif
