/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "text/civil.h"

/* Four hundred years have every kind of year there is; libc is the second opinion. */
static void
every_day_of_an_era_agrees_with_libc(void **state)
{
	(void)state;
	for (int64_t day = -10000; day < 150000; day++) {
		time_t t = (time_t)(day * 86400);
		unsigned month, mday;
		struct tm tm;
		int year;

		assert_non_null(gmtime_r(&t, &tm));
		civil_date(day, &year, &month, &mday);
		assert_int_equal(year, tm.tm_year + 1900);
		assert_int_equal(month, tm.tm_mon + 1);
		assert_int_equal(mday, tm.tm_mday);
		assert_int_equal(civil_day(year, month, mday), day);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_an_era_agrees_with_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
