/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - what the parts of `metermark watch` share.
 *
 * watch.c has options and keys, watch_read.c asks Redis, watch_draw.c draws.
 */
#ifndef METERMARK_CLI_STATS_WATCH_H
#define METERMARK_CLI_STATS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/target.h"
#include "numbers/counts.h"
#include "numbers/meter.h"
#include "text/buf.h"

/* Looked at: so many campaigns, those with the latest activity. */
#define WATCH_MAX 1000
#define WATCH_NOW_MS 5000
#define WATCH_MINUTE_MS 60000

/* A campaign that is watched. */
struct watch_row {
	char campaign[CAMP_NAME_MAX + 1];
	int64_t active; /* unix seconds */
	struct counts counts;
	struct meter messages;
	bool seen; /* by the last look */
	/* Messages a second; -1: not known yet. */
	double now, minute;
};

enum watch_sort {
	WATCH_BY_RATE,
	WATCH_BY_MESSAGES,
	WATCH_BY_RECIPIENTS,
	WATCH_BY_BYTES,
	WATCH_BY_REJECTED,
	WATCH_BY_TEMPFAILED,
	WATCH_BY_LAST,
	WATCH_BY_NAME,
	WATCH_SORTS
};
const char *watch_sort_name(enum watch_sort);

struct watch {
	struct target target;
	struct query query; /* .net is NULL: not connected */
	int64_t interval_ms;
	enum watch_sort sort;
	bool reverse;
	bool utf8, style;
	int64_t since_ms;       /* Redis has been away since; 0: it is there */
	char why[600];          /* what Redis said last, while it is away */
	int64_t looked_s;       /* unix time of the last look that worked; 0: none */
	struct watch_row *rows; /* WATCH_MAX of them */
	size_t n_rows;
	struct watch_row all;
};

/* 0, or -1 when out of memory. */
int watch_init(struct watch *);
void watch_fini(struct watch *);
/* Look once, connecting first where we are not.  What fails is in since_ms and why. */
void watch_look(struct watch *);
/* Order the rows. */
void watch_arrange(struct watch *);
/* A picture of it, as screen_show() takes it. */
void watch_draw(const struct watch *, size_t lines, size_t columns, struct buf *out);

#endif
