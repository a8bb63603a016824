/* SPDX-License-Identifier: BSD-2-Clause */
/* rkey_test.c - names of keys, and the calendar behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "redis/rkey.h"

static void
keys_are_named_as_the_design_says(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	rkey_campaigns(&b, "mm");
	assert_string_equal(b.p, "mm:campaigns");
	buf_reset(&b);
	rkey_ids(&b, "mm");
	assert_string_equal(b.p, "mm:ids");
	buf_reset(&b);
	rkey_total(&b, "mm", STR("news"));
	assert_string_equal(b.p, "mm:{news}:total");
	buf_reset(&b);
	rkey_rcpt(&b, "mm", STR("_all"));
	assert_string_equal(b.p, "mm:{_all}:rcpt");
	buf_reset(&b);
	/* 2026-11-24 09:00 UTC */
	rkey_hour(&b, "metermark", STR("a.b-c"), 1795510800 / 3600);
	assert_string_equal(b.p, "metermark:{a.b-c}:h:2026112409");
	buf_reset(&b);
	rkey_day(&b, "metermark", STR("a"), 1795510800 / 86400);
	assert_string_equal(b.p, "metermark:{a}:d:20261124");
	buf_fini(&b);
}

static void
hours_roll_over_days_and_years(void **state)
{
	static const struct {
		int64_t hour;
		const char *want;
	} cases[] = {
		{ 0, "p:{c}:h:1970010100" },
		{ 23, "p:{c}:h:1970010123" },
		{ 24, "p:{c}:h:1970010200" },
		{ -1, "p:{c}:h:1969123123" },
		{ 1798761599 / 3600, "p:{c}:h:2026123123" },
		{ 1798761600 / 3600, "p:{c}:h:2027010100" },
		{ 1709164800 / 3600, "p:{c}:h:2024022900" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&b);
		rkey_hour(&b, "p", STR("c"), cases[i].hour);
		assert_string_equal(b.p, cases[i].want);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_named_as_the_design_says),
		cmocka_unit_test(hours_roll_over_days_and_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
