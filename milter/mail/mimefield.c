/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mimefield.c - values of MIME fields.  See the header.
 */
#include "mail/mimefield.h"

/* How long the comment is that s begins with; 0: it has no end. */
static size_t
comment(struct str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* How long the quoted string is that s begins with; 0: it has no end. */
static size_t
quoted(struct str s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

struct str
mimefield_cfws(struct str s)
{
	while (s.len > 0) {
		size_t n = 1;

		if (s.p[0] == '(')
			n = comment(s);
		else if (!ascii_iswsp(s.p[0]))
			break;
		s = str_skip(s, n > 0 ? n : s.len);
	}
	return s;
}

/* Up to white space or one of those bytes. */
static struct str
upto(struct str s, struct str stops)
{
	size_t n = 0;

	while (
	    n < s.len && !ascii_iswsp(s.p[n]) && str_find(stops, s.p[n]) == stops.len)
		n++;
	return str_make(s.p, n);
}

struct str
mimefield_token(struct str *s)
{
	struct str token;

	*s = mimefield_cfws(*s);
	token = upto(*s, STR("(;=/\""));
	*s = str_skip(*s, token.len);
	return token;
}

/* What began and had no end: to look for that at each further one would take the square
 * of the bytes, so those are taken as they stand. */
struct open {
	bool comment, quoted;
};

/* From the next ';' on that stands in no comment and no quotes. */
static struct str
next_param(struct str s, struct open *open)
{
	while (s.len > 0 && s.p[0] != ';') {
		size_t n = 1;

		if (s.p[0] == '(' && !open->comment) {
			n = comment(s);
			open->comment = n == 0;
		} else if (s.p[0] == '"' && !open->quoted) {
			n = quoted(s);
			open->quoted = n == 0;
		}
		s = str_skip(s, n > 0 ? n : 1);
	}
	return s;
}

static size_t
unquote(struct str s, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 1; i < s.len && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len)
			i++;
		if (n == size)
			return 0;
		out[n++] = s.p[i];
	}
	return n;
}

static size_t
take_value(struct str s, char *out, size_t size)
{
	if (str_starts(s, STR("\"")))
		return unquote(s, out, size);
	s = upto(s, STR("(;"));
	if (s.len > size)
		return 0;
	for (size_t i = 0; i < s.len; i++)
		out[i] = s.p[i];
	return s.len;
}

size_t
mimefield_param(struct str value, struct str name, char *out, size_t size)
{
	struct open open = { false, false };

	while ((value = next_param(value, &open)).len > 0) {
		struct str found;

		value = str_skip(value, 1);
		found = mimefield_token(&value);
		value = mimefield_cfws(value);
		if (str_caseeq(found, name) && str_starts(value, STR("=")))
			return take_value(
			    mimefield_cfws(str_skip(value, 1)), out, size);
	}
	return 0;
}
