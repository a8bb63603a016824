/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_sort.h - the order of campaigns.  Pure.
 */
#ifndef METERMARK_NUMBERS_STATS_SORT_H
#define METERMARK_NUMBERS_STATS_SORT_H

#include "numbers/stats_read.h"

enum stats_key_kind {
	STATS_KEY_NONE, /* leave the order */
	STATS_KEY_COUNTER,
	STATS_KEY_DISTINCT,
	STATS_KEY_LAST,
	STATS_KEY_FIRST,
	STATS_KEY_NAME
};

struct stats_key {
	enum stats_key_kind kind;
	size_t counter; /* of STATS_KEY_COUNTER */
};

/* "messages" (any counter's name), "distinct", "last", "first", "name".  0, or -1 if
 * the text is none of them. */
int stats_key_parse(const char *text, struct stats_key *);
/* The greatest, or the latest, first; names from a to z. */
void stats_sort(struct stats_rows *, struct stats_key);

#endif
