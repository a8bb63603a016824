/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_date.c - is that a date of RFC 5322 3.3?  Comments may stand behind it.
 */
#include "rules/rule_check.h"

static bool
space(struct str *s)
{
	size_t n = 0;

	while (n < s->len && ascii_iswsp(s->p[n]))
		n++;
	*s = str_skip(*s, n);
	return n > 0;
}

/* A number of min to max digits; -1: there is none. */
static int
number(struct str *s, size_t min, size_t max)
{
	size_t n = 0;
	int value = 0;

	for (; n < s->len && n < max && ascii_isdigit(s->p[n]); n++)
		value = value * 10 + (s->p[n] - '0');
	*s = str_skip(*s, n);
	return n < min ? -1 : value;
}

/* One of the words of three letters; its index, or -1. */
static int
word(struct str *s, const char *words)
{
	struct str all = str_of(words);

	for (int i = 0; all.len >= 3; i++, all = str_skip(all, 3))
		if (str_casestarts(*s, str_make(all.p, 3))) {
			*s = str_skip(*s, 3);
			return i;
		}
	return -1;
}

static bool
take(struct str *s, char c)
{
	if (s->len == 0 || s->p[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool
zone(struct str *s)
{
	static const struct str names[] = { { "GMT", 3 }, { "UT", 2 }, { "EST", 3 },
		{ "EDT", 3 }, { "CST", 3 }, { "CDT", 3 }, { "MST", 3 }, { "MDT", 3 },
		{ "PST", 3 }, { "PDT", 3 }, { "Z", 1 } };
	int n;

	if (take(s, '+') || take(s, '-')) {
		n = number(s, 4, 4);
		return n >= 0 && n % 100 < 60;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_casestarts(*s, names[i])) {
			*s = str_skip(*s, names[i].len);
			return true;
		}
	return false;
}

static bool
time_of_day(struct str *s)
{
	int hour = number(s, 2, 2), minute, second = 0;

	if (hour < 0 || hour > 23 || !take(s, ':'))
		return false;
	minute = number(s, 2, 2);
	if (take(s, ':'))
		second = number(s, 2, 2);
	return minute >= 0 && minute < 60 && second >= 0 && second <= 60;
}

static bool
leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool
day_of_year(struct str *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int day = number(s, 1, 2), month, year;

	if (!space(s))
		return false;
	month = word(s, "JanFebMarAprMayJunJulAugSepOctNovDec");
	if (month < 0 || !space(s))
		return false;
	year = number(s, 4, 4);
	if (year < 1900 || day < 1)
		return false;
	return day <= days[month] + (month == 1 && leap(year));
}

bool
rule_date_ok(struct str value)
{
	struct str s = str_trim(value);

	if (word(&s, "MonTueWedThuFriSatSun") >= 0) {
		if (!take(&s, ','))
			return false;
		space(&s);
	}
	if (!day_of_year(&s) || !space(&s) || !time_of_day(&s) || !space(&s) ||
	    !zone(&s))
		return false;
	space(&s);
	return s.len == 0 || (s.p[0] == '(' && str_ends(s, STR(")")));
}
