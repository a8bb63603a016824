/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter_test.c - rates from readings now and then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "numbers/meter.h"

static double
rate(const struct meter *m, int64_t window_ms)
{
	double per_second = -1;

	assert_true(meter_rate(m, window_ms, &per_second));
	return per_second;
}

static void
one_reading_is_no_rate(void **state)
{
	struct meter m = { 0 };
	double unused;

	(void)state;
	assert_false(meter_rate(&m, 1000, &unused));
	meter_add(&m, 5000, 10);
	assert_false(meter_rate(&m, 1000, &unused));
	meter_add(&m, 7000, 30);
	assert_true(rate(&m, 5000) == 10.0);
}

static void
a_window_looks_so_far_back(void **state)
{
	struct meter m = { 0 };

	(void)state;
	/* A hundred a second for a minute, then nothing for five seconds. */
	for (int64_t s = 0; s <= 60; s++)
		meter_add(&m, s * 1000, s * 100);
	for (int64_t s = 61; s <= 65; s++)
		meter_add(&m, s * 1000, 6000);
	assert_true(rate(&m, 5000) == 0.0);
	assert_true(rate(&m, 10000) == 50.0);
	/* 64 readings reach back 63 seconds: all that is known of the last 100. */
	assert_true(rate(&m, 100000) == (6000.0 - 200.0) / 63.0);
}

static void
readings_far_apart_make_a_rate_still(void **state)
{
	struct meter m = { 0 };

	(void)state;
	meter_add(&m, 0, 0);
	meter_add(&m, 60000, 60);
	meter_add(&m, 120000, 180);
	assert_true(rate(&m, 5000) == 2.0);
}

static void
what_goes_back_starts_over(void **state)
{
	struct meter m = { 0 };
	double unused;

	(void)state;
	meter_add(&m, 1000, 100);
	meter_add(&m, 2000, 200);
	meter_add(&m, 3000, 5); /* the counter: FLUSHALL */
	assert_false(meter_rate(&m, 5000, &unused));
	meter_add(&m, 4000, 6);
	assert_true(rate(&m, 5000) == 1.0);
	meter_add(&m, 4000, 7); /* the clock */
	assert_false(meter_rate(&m, 5000, &unused));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_reading_is_no_rate),
		cmocka_unit_test(a_window_looks_so_far_back),
		cmocka_unit_test(readings_far_apart_make_a_rate_still),
		cmocka_unit_test(what_goes_back_starts_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
