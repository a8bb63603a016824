/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_out.h - the forms in which `metermark stats` shows counters.
 *
 * A form is one file, milter/cli/stats_FORM.c, and one row in stats.c's table.  All
 * write to stdout through term_put() and leave errors of stdout to term_finish().
 */
#ifndef METERMARK_CLI_STATS_OUT_H
#define METERMARK_CLI_STATS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/stats_read.h"
#include "cli/term.h"

struct stats_view {
	const struct term *term;
	int64_t now; /* unix seconds */
	/* The last line of a listing: what `_all` says, or the sum of a selection;
	 * NULL: none. */
	const struct stats_row *total;
	bool
	    total_is_all; /* total is the campaign `_all`, a row like others to programs
	                   */
};

struct stats_out {
	const char *name;
	bool with_rcpt; /* a listing shows the distinct recipients as well */
	/* Return 0, or -1 when out of memory. */
	int (*list)(const struct stats_view *, const struct stats_rows *);
	int (*detail)(const struct stats_view *, const struct stats_detail *, size_t n);
};

extern const struct stats_out stats_table;
extern const struct stats_out stats_json;
extern const struct stats_out stats_csv;

#endif
