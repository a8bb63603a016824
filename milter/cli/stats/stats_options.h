/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_options.h - the command line of `metermark stats`.
 */
#ifndef METERMARK_CLI_STATS_STATS_OPTIONS_H
#define METERMARK_CLI_STATS_STATS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/stats/stats_out.h"
#include "cli/target.h"
#include "numbers/numbers.h"

struct stats_options {
	struct target_options target;
	const struct stats_out *out;
	enum numbers_by by;
	struct numbers_key sort;
	bool sorted;  /* --sort or --top was said */
	size_t limit; /* rows; 0: all */
	bool distinct;
	bool spanned; /* the counters are of a stretch of time */
	struct timespan_cover cover;
	int64_t now;
	char **names;
	size_t n_names;
	bool patterns; /* one of the names is a pattern */
};

/* OPTIONS_NOT_DONE, or the exit status. */
int stats_options_read(struct stats_options *, int argc, char **argv);

#endif
