/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str.c - runs of bytes compared and cut.  ASCII only; see the header.
 */
#include "text/str.h"

#include <string.h>

struct str
str_of(const char *s)
{
	return s == NULL ? STR("") : (struct str) { s, strlen(s) };
}

struct str
str_make(const char *p, size_t len)
{
	return len == 0 ? STR("") : (struct str) { p, len };
}

bool
ascii_isalpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
ascii_isdigit(char c)
{
	return c >= '0' && c <= '9';
}

bool
ascii_isalnum(char c)
{
	return ascii_isalpha(c) || ascii_isdigit(c);
}

bool
ascii_iswsp(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int
ascii_hex(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

int
str_casecmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)ascii_lower(a.p[i]);
		unsigned char y = (unsigned char)ascii_lower(b.p[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	if (a.len == b.len)
		return 0;
	return a.len < b.len ? -1 : 1;
}

bool
str_caseeq(struct str a, struct str b)
{
	return a.len == b.len && str_casecmp(a, b) == 0;
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_make(s.p, prefix.len), prefix);
}

bool
str_casestarts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_caseeq(str_make(s.p, prefix.len), prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

bool
str_caseends(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	    str_caseeq(str_skip(s, s.len - suffix.len), suffix);
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && ascii_iswsp(s.p[0]))
		s = str_skip(s, 1);
	while (s.len > 0 && ascii_iswsp(s.p[s.len - 1]))
		s.len--;
	return str_make(s.p, s.len);
}

struct str
str_skip(struct str s, size_t n)
{
	return n >= s.len ? STR("") : (struct str) { s.p + n, s.len - n };
}

size_t
str_find(struct str s, char c)
{
	const char *at = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

	return at == NULL ? s.len : (size_t)(at - s.p);
}

size_t
str_rfind(struct str s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.len;
}
