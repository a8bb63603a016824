/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv.c - comma-separated values.  See the header.
 */
#include "show/csv.h"

#include <string.h>

/* True if a spreadsheet takes the text for a formula; some skip white space first. */
static bool
formula(struct str s)
{
	return s.len > 0 && memchr("=+-@\t\r\n", s.p[0], 7) != NULL;
}

static bool
needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (memchr(",\"\r\n", s.p[i], 4) != NULL)
			return true;
	/* RFC 4180 2.4 keeps blanks, many readers trim them. */
	return s.len > 0 && (ascii_iswsp(s.p[0]) || ascii_iswsp(s.p[s.len - 1]));
}

void
csv_text(struct buf *out, struct str s, bool first)
{
	bool quotes = needs_quotes(s);

	if (!first)
		buf_addc(out, ',');
	if (quotes)
		buf_addc(out, '"');
	if (formula(s))
		buf_addc(out, '\'');
	while (s.len > 0) {
		size_t quote = str_find(s, '"');

		buf_add(out, s.p, quote);
		if (quote < s.len)
			buf_adds(out, "\"\"");
		s = str_skip(s, quote + 1);
	}
	if (quotes)
		buf_addc(out, '"');
}

void
csv_int(struct buf *out, int64_t n, bool first)
{
	if (!first)
		buf_addc(out, ',');
	buf_addi(out, n);
}

void
csv_end(struct buf *out)
{
	buf_adds(out, "\r\n");
}
