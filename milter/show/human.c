/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * human.c - numbers and times as people read them.  See the header.
 */
#include "show/human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/civil.h"

#define DAY_S 86400
#define YEAR_9999_END_S INT64_C(253402300799)

/* |n|, for INT64_MIN as well. */
static uint64_t
magnitude(int64_t n)
{
	return n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
}

void
human_count(char *out, int64_t n)
{
	char text[HUMAN_MAX];
	size_t at = sizeof(text) - 1, digits = 0;
	uint64_t rest = magnitude(n);

	/*
	 * Built from the last digit, without printf: a table of 100,000 lines has a
	 * million of these.
	 */
	text[at] = '\0';
	do {
		if (digits > 0 && digits % 3 == 0)
			text[--at] = ',';
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
		digits++;
	} while (rest > 0);
	if (n < 0)
		text[--at] = '-';
	memcpy(out, text + at, sizeof(text) - at);
}

void
human_compact(char *out, int64_t n)
{
	static const char units[] = "kMGTPE";
	uint64_t left = magnitude(n);
	const char *sign = n < 0 ? "-" : "";
	size_t unit = 0;

	if (left < 100000) {
		human_count(out, n);
		return;
	}
	for (; left >= 1000 * 1000; unit++)
		left /= 1000;
	if (left < 100 * 1000)
		snprintf(out, HUMAN_MAX, "%s%" PRIu64 ".%" PRIu64 "%c", sign,
		    left / 1000, left / 100 % 10, units[unit]);
	else
		snprintf(
		    out, HUMAN_MAX, "%s%" PRIu64 "%c", sign, left / 1000, units[unit]);
}

void
human_bytes(char *out, int64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t tenths = magnitude(bytes);
	const char *sign = bytes < 0 ? "-" : "";
	size_t unit = 0;

	if (tenths < 1000) {
		snprintf(out, HUMAN_MAX, "%s%" PRIu64 " B", sign, tenths);
		return;
	}
	for (unit = 1; tenths >= 1000 * 1000; unit++)
		tenths /= 1000;
	tenths /= 100;
	if (tenths < 100)
		snprintf(out, HUMAN_MAX, "%s%" PRIu64 ".%" PRIu64 " %s", sign,
		    tenths / 10, tenths % 10, units[unit]);
	else
		snprintf(
		    out, HUMAN_MAX, "%s%" PRIu64 " %s", sign, tenths / 10, units[unit]);
}

void
human_share(char *out, int64_t part, int64_t whole)
{
	double permille;

	if (whole <= 0 || part < 0) {
		snprintf(out, HUMAN_MAX, "-");
		return;
	}
	permille = (double)part / (double)whole * 1000.0;
	/* One unsigned message in a million must not vanish in "100.0%". */
	if (part < whole && permille > 999.0)
		permille = 999.0;
	if (part > 0 && permille < 1.0)
		permille = 1.0;
	snprintf(out, HUMAN_MAX, "%.1f%%", permille / 10.0);
}

void
human_rate(char *out, double n)
{
	if (n >= 100.0 && n < 9e18)
		human_count(out, (int64_t)(n + 0.5));
	else if (n >= 100.0)
		snprintf(out, HUMAN_MAX, "%.3g", n);
	else
		snprintf(out, HUMAN_MAX, n >= 10.0 ? "%.1f" : "%.2f", n);
}

void
human_age(char *out, int64_t seconds)
{
	static const struct {
		uint64_t s;
		char unit;
	} steps[] = { { DAY_S, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t s = magnitude(seconds);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (s < steps[i].s)
			continue;
		snprintf(out, HUMAN_MAX,
		    seconds < 0 ? "in %" PRIu64 "%c" : "%" PRIu64 "%c ago",
		    s / steps[i].s, steps[i].unit);
		return;
	}
	snprintf(out, HUMAN_MAX, "now");
}

void
human_time(char *out, int64_t unix_s)
{
	char day[HUMAN_MAX];
	int s = (int)(unix_s % DAY_S);

	human_day(day, unix_s);
	if (day[0] == '-')
		snprintf(out, HUMAN_MAX, "-");
	else
		snprintf(out, HUMAN_MAX, "%.10sT%02d:%02d:%02dZ", day, s / 3600,
		    s / 60 % 60, s % 60);
}

void
human_day(char *out, int64_t unix_s)
{
	int year;
	unsigned month, mday;

	if (unix_s <= 0 || unix_s > YEAR_9999_END_S) {
		snprintf(out, HUMAN_MAX, "-");
		return;
	}
	civil_date(unix_s / DAY_S, &year, &month, &mday);
	snprintf(out, HUMAN_MAX, "%04d-%02u-%02u", year, month, mday);
}
