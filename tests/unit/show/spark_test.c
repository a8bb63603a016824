/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spark_test.c - bars of the right height, one place each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "show/spark.h"

static void
shows(const int64_t *v, size_t n, bool utf8, const char *expected)
{
	struct buf out;

	buf_init(&out, 1024);
	spark_add(&out, v, n, utf8);
	assert_string_equal(out.p, expected);
	buf_fini(&out);
}

static void
heights_follow_the_greatest(void **state)
{
	static const int64_t v[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	shows(v, 9, true, " ▁▂▃▄▅▆▇█");
	shows(v, 9, false, " _.,-=+*#");
}

static void
little_shows_and_nothing_does_not(void **state)
{
	static const int64_t little[] = { 1, 0, 1000000, -5 }, none[] = { 0, 0 },
			     huge[] = { INT64_MAX, 1, INT64_MIN };

	(void)state;
	shows(little, 4, true, "▁ █ ");
	shows(none, 2, true, "  ");
	shows(huge, 3, false, "#_ ");
	shows(none, 0, true, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heights_follow_the_greatest),
		cmocka_unit_test(little_shows_and_nothing_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
