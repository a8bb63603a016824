/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * human_test.c - numbers and times as people read them, at the edges of each unit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "show/human.h"

struct number {
	int64_t n;
	const char *text;
};

static void
each(void (*show)(char *, int64_t), const struct number *v, size_t n)
{
	char out[HUMAN_MAX];

	for (size_t i = 0; i < n; i++) {
		show(out, v[i].n);
		assert_string_equal(out, v[i].text);
	}
}
#define EACH(show, v) each(show, v, sizeof(v) / sizeof((v)[0]))

static void
great_counts_are_cut_to_three_digits(void **state)
{
	static const struct number v[] = { { 0, "0" }, { 1234, "1,234" },
		{ 99999, "99,999" }, { 100000, "100k" }, { 999999, "999k" },
		{ 1000000, "1.0M" }, { 1099999, "1.0M" }, { 43210987, "43.2M" },
		{ 99999999, "99.9M" }, { 432109870, "432M" }, { 999999999, "999M" },
		{ 1000000000, "1.0G" }, { -99999, "-99,999" }, { -883235, "-883k" },
		{ INT64_MAX, "9.2E" }, { INT64_MIN, "-9.2E" } };

	(void)state;
	EACH(human_compact, v);
}

static void
counts_are_grouped_by_three(void **state)
{
	static const struct number v[] = { { 0, "0" }, { 7, "7" }, { 999, "999" },
		{ 1000, "1,000" }, { 123456, "123,456" }, { 1234567, "1,234,567" },
		{ -1, "-1" }, { -1000, "-1,000" },
		{ INT64_MAX, "9,223,372,036,854,775,807" },
		{ INT64_MIN, "-9,223,372,036,854,775,808" } };

	(void)state;
	EACH(human_count, v);
}

static void
bytes_keep_two_or_three_digits_and_never_grow(void **state)
{
	static const struct number v[] = { { 0, "0 B" }, { 999, "999 B" },
		{ 1000, "1.0 kB" }, { 1999, "1.9 kB" }, { 9999, "9.9 kB" },
		{ 10000, "10 kB" }, { 999999, "999 kB" }, { 1000000, "1.0 MB" },
		{ 34567890, "34 MB" }, { 999999999, "999 MB" },
		{ 1000000000, "1.0 GB" }, { INT64_MAX, "9.2 EB" },
		{ INT64_MIN, "-9.2 EB" }, { -5, "-5 B" } };

	(void)state;
	EACH(human_bytes, v);
}

static void
rates_have_three_digits_at_least(void **state)
{
	static const struct {
		double n;
		const char *text;
	} v[] = { { 0, "0.00" }, { 0.015, "0.01" }, { 9.996, "10.00" }, { 4.2, "4.20" },
		{ 42.14, "42.1" }, { 99.94, "99.9" }, { 100, "100" },
		{ 1234.5, "1,235" }, { 1e30, "1e+30" } };
	char out[HUMAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		human_rate(out, v[i].n);
		assert_string_equal(out, v[i].text);
	}
}

static void
ages_show_their_largest_unit(void **state)
{
	static const struct number v[] = { { 0, "now" }, { 1, "1s ago" },
		{ 59, "59s ago" }, { 60, "1m ago" }, { 3599, "59m ago" },
		{ 3600, "1h ago" }, { 86399, "23h ago" }, { 86400, "1d ago" },
		{ 400 * 86400, "400d ago" }, { -1, "in 1s" }, { -7200, "in 2h" },
		{ INT64_MIN, "in 106751991167300d" } };

	(void)state;
	EACH(human_age, v);
}

static void
times_are_rfc_3339_and_utc(void **state)
{
	static const struct number times[] = { { 0, "-" }, { -1, "-" },
		{ 1, "1970-01-01T00:00:01Z" }, { 1795512902, "2026-11-24T09:35:02Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" }, { 253402300800, "-" },
		{ INT64_MAX, "-" }, { INT64_MIN, "-" } };
	static const struct number days[] = { { 1795512902, "2026-11-24" },
		{ 951782400, "2000-02-29" }, { 0, "-" } };

	(void)state;
	EACH(human_time, times);
	EACH(human_day, days);
}

static void
shares_are_100_percent_only_when_all_of_it_is_meant(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *text;
	} v[] = { { 0, 0, "-" }, { 1, 0, "-" }, { -1, 10, "-" }, { 0, 10, "0.0%" },
		{ 10, 10, "100.0%" }, { 1, 2, "50.0%" }, { 2, 3, "66.7%" },
		{ 999999, 1000000, "99.9%" }, { 1, 1000000, "0.1%" },
		{ INT64_MAX - 1, INT64_MAX, "99.9%" },
		{ INT64_MAX, INT64_MAX, "100.0%" } };
	char out[HUMAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		human_share(out, v[i].part, v[i].whole);
		assert_string_equal(out, v[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_grouped_by_three),
		cmocka_unit_test(great_counts_are_cut_to_three_digits),
		cmocka_unit_test(bytes_keep_two_or_three_digits_and_never_grow),
		cmocka_unit_test(rates_have_three_digits_at_least),
		cmocka_unit_test(ages_show_their_largest_unit),
		cmocka_unit_test(times_are_rfc_3339_and_utc),
		cmocka_unit_test(shares_are_100_percent_only_when_all_of_it_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
