/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_view.c - numbers and texts that all forms of `metermark stats` show.
 */
#include <stdio.h>

#include "cli/stats/stats_out.h"
#include "show/human.h"

double
stats_rate(const struct stats_view *view, const struct numbers_row *row)
{
	return numbers_rate(row, &view->cover->span, view->now);
}

void
stats_when_text(char out[STATS_WHEN_MAX], enum stats_when when, int64_t t, int64_t now)
{
	char time[HUMAN_MAX], age[HUMAN_MAX];

	human_time(time, t);
	human_age(age, now - t);
	if (t == 0)
		snprintf(out, STATS_WHEN_MAX, "-");
	else if (when == STATS_BOTH)
		snprintf(out, STATS_WHEN_MAX, "%s  %s", time, age);
	else
		snprintf(out, STATS_WHEN_MAX, "%s", when == STATS_TIME ? time : age);
}

bool
stats_put(struct buf *out)
{
	bool failed = buf_failed(out);

	term_put(buf_str(out));
	buf_reset(out);
	return failed;
}
