/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spark.c - a row of numbers as a line of bars.  See the header.
 */
#include "show/spark.h"

#define LEVELS 8

/* The level of a bar: 1 to LEVELS for every number above 0. */
static size_t
level(int64_t n, int64_t most)
{
	size_t l = (size_t)((double)n / (double)most * LEVELS + 0.5);

	if (l < 1)
		return 1;
	return l < LEVELS ? l : LEVELS;
}

void
spark_add(struct buf *out, const int64_t *v, size_t n, bool utf8)
{
	static const char ascii[LEVELS + 1] = "_.,-=+*#";
	int64_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i] > most)
			most = v[i];
	for (size_t i = 0; i < n; i++) {
		if (v[i] <= 0)
			buf_addc(out, ' ');
		else if (utf8)
			buf_addf(
			    out, "\xe2\x96%c", (char)(0x80 + (int)level(v[i], most)));
		else
			buf_addc(out, ascii[level(v[i], most) - 1]);
	}
}
