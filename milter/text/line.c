/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - one log line out of what strangers sent.  The form is in the header.
 */
#include "text/line.h"

#include <stdbool.h>

/*
 * True if a value may hold this byte unescaped.  also: one more byte to escape, or 0.
 */
static bool
is_plain(char c, char also)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\' && c != also;
}

static void
add_escaped(struct buf *b, struct str value, char also)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = value.len < LINE_VALUE_MAX ? value.len : LINE_VALUE_MAX;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (is_plain(value.p[i], also)) {
			buf_addc(b, value.p[i]);
			continue;
		}
		buf_adds(b, "\\x");
		buf_addc(b, hex[c >> 4]);
		buf_addc(b, hex[c & 15]);
	}
	if (n < value.len)
		buf_adds(b, "...");
}

static void
add_key(struct buf *b, const char *key)
{
	buf_addc(b, ' ');
	buf_adds(b, key);
	buf_addc(b, '=');
}

void
line_begin(struct buf *b, struct str id, const char *event)
{
	if (id.len == 0)
		buf_adds(b, LINE_NOQUEUE);
	else
		add_escaped(b, id, ':');
	buf_adds(b, ": ");
	buf_adds(b, event);
}

void
line_add(struct buf *b, const char *key, struct str value)
{
	add_key(b, key);
	if (value.len == 0)
		buf_adds(b, "\"\"");
	else
		add_escaped(b, value, '\0');
}

void
line_addn(struct buf *b, const char *key, int64_t value)
{
	add_key(b, key);
	buf_addi(b, value);
}

void
line_list(struct buf *b, const char *key, const struct str *values, size_t n)
{
	add_key(b, key);
	if (n == 0)
		buf_adds(b, "\"\"");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(b, ',');
		add_escaped(b, values[i], ',');
	}
}
