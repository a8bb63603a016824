/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.c - the order of the rows of a listing.  See the header.
 */
#include "numbers/sort.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum numbers_key_kind kind;
} words[] = { { "last", NUMBERS_KEY_LAST }, { "first", NUMBERS_KEY_FIRST },
	{ "name", NUMBERS_KEY_NAME }, { "distinct", NUMBERS_KEY_DISTINCT } };

int
numbers_key_parse(const char *text, struct numbers_key *key)
{
	*key = (struct numbers_key) { NUMBERS_KEY_COUNTER,
		tally_counter_find(str_of(text)) };
	if (key->counter < TALLY_COUNTERS)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, text) != 0)
			continue;
		key->kind = words[i].kind;
		return 0;
	}
	return -1;
}

static int64_t
value(const struct numbers_row *row, const struct numbers_key *key)
{
	switch (key->kind) {
	case NUMBERS_KEY_COUNTER:
		return row->counts.n[key->counter];
	case NUMBERS_KEY_DISTINCT:
		return row->counts.rcpt;
	case NUMBERS_KEY_LAST:
		return row->at.from != 0 ? row->at.from : row->active;
	case NUMBERS_KEY_FIRST:
		return row->at.from != 0 ? row->at.from : row->counts.first_seen;
	case NUMBERS_KEY_NAME:
	case NUMBERS_KEY_NONE:
		break;
	}
	return 0;
}

/*
 * Order by the key, then by activity, hour or day, and name, so that the order never
 * depends on chance.
 */
static int
compare(const void *a, const void *b, void *arg)
{
	const struct numbers_row *x = a, *y = b;
	const struct numbers_key *key = arg;
	int64_t u = value(x, key), v = value(y, key);

	if (u != v)
		return u < v ? 1 : -1;
	if (x->active != y->active && key->kind != NUMBERS_KEY_NAME)
		return x->active < y->active ? 1 : -1;
	if (strcmp(x->campaign, y->campaign) != 0)
		return strcmp(x->campaign, y->campaign);
	if (x->at.from != y->at.from)
		return x->at.from < y->at.from ? -1 : 1;
	return x->provider - y->provider;
}

void
numbers_sort(struct numbers_rows *rows, struct numbers_key key)
{
	if (key.kind != NUMBERS_KEY_NONE && rows->n > 0)
		qsort_r(rows->v, rows->n, sizeof(*rows->v), compare, &key);
}
