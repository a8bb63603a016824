/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest.c - the names most like what was typed.  See the header.
 */
#include "show/nearest.h"

#include <string.h>

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, three rows of the matrix at a time. */
size_t
nearest_distance(struct str a, struct str b, size_t limit)
{
	size_t rows[3][NEAREST_LENGTH + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;

	if (a.len > NEAREST_LENGTH || b.len > NEAREST_LENGTH || apart > limit)
		return limit + 1;
	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	memset(rows[0], 0, sizeof(rows[0]));
	for (size_t i = 1; i <= a.len; i++) {
		char ca = ascii_lower(a.p[i - 1]);
		size_t *spare = before;
		size_t best = now[0] = i;

		for (size_t j = 1; j <= b.len; j++) {
			char cb = ascii_lower(b.p[j - 1]);

			now[j] = least(last[j], now[j - 1]) + 1;
			now[j] = least(now[j], last[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == ascii_lower(b.p[j - 2]) &&
			    cb == ascii_lower(a.p[i - 2]))
				now[j] = least(now[j], before[j - 2] + 1);
			best = least(best, now[j]);
		}
		if (best > limit)
			return limit + 1;
		before = last;
		last = now;
		now = spare;
	}
	return least(last[b.len], limit + 1);
}

void
nearest_init(struct nearest *n, struct str wanted)
{
	*n = (struct nearest) { .wanted = wanted };
}

/* The distance of a candidate: 0 is best, SIZE_MAX is not similar. */
static size_t
score(struct str wanted, struct str candidate)
{
	size_t limit = wanted.len < 4 ? 1 : wanted.len < 8 ? 2 : 3;
	size_t d = nearest_distance(wanted, candidate, limit);

	if (d <= limit)
		return d;
	/* The wanted text may be a part of a name that also has a date or a number. */
	if (wanted.len < 3 || candidate.len > NEAREST_LENGTH)
		return (size_t)-1;
	if (str_casestarts(candidate, wanted))
		return limit + 1;
	for (size_t i = 1; i + wanted.len <= candidate.len; i++)
		if (str_casestarts(str_skip(candidate, i), wanted))
			return limit + 2;
	return (size_t)-1;
}

void
nearest_offer(struct nearest *n, struct str candidate)
{
	size_t s = score(n->wanted, candidate);
	size_t at = n->n;

	while (at > 0 && n->score[at - 1] > s)
		at--;
	if (s == (size_t)-1 || at == NEAREST_MAX)
		return;
	if (n->n < NEAREST_MAX)
		n->n++;
	for (size_t i = n->n - 1; i > at; i--) {
		n->score[i] = n->score[i - 1];
		memcpy(n->name[i], n->name[i - 1], sizeof(n->name[i]));
	}
	n->score[at] = s;
	memcpy(n->name[at], candidate.p, candidate.len);
	n->name[at][candidate.len] = '\0';
}

void
nearest_list(const struct nearest *n, struct buf *out)
{
	for (size_t i = 0; i < n->n; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", n->name[i]);
}
