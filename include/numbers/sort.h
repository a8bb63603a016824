/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.h - the order of the rows of a listing.  Pure.
 */
#ifndef METERMARK_NUMBERS_SORT_H
#define METERMARK_NUMBERS_SORT_H

#include "numbers/rows.h"

enum numbers_key_kind {
	NUMBERS_KEY_NONE, /* keep the order */
	NUMBERS_KEY_COUNTER,
	NUMBERS_KEY_DISTINCT,
	NUMBERS_KEY_LAST,
	NUMBERS_KEY_FIRST,
	NUMBERS_KEY_NAME
};

struct numbers_key {
	enum numbers_key_kind kind;
	size_t counter; /* of NUMBERS_KEY_COUNTER */
};

/*
 * Parse the name of a counter ("messages"), or "distinct", "last", "first" or "name".
 * 0, or -1 if the text is none of them.
 */
int numbers_key_parse(const char *text, struct numbers_key *);
/* Order rows: the greatest or the latest first, names from a to z. */
void numbers_sort(struct numbers_rows *, struct numbers_key);

#endif
