/* SPDX-License-Identifier: BSD-2-Clause */
/* rargs_test.c - arguments of any bytes, many of them, and too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "redis/rargs.h"

static void
arguments_keep_their_bytes_and_order(void **state)
{
	struct rargs a;

	(void)state;
	rargs_init(&a, 1000);
	rargs_adds(&a, "SET");
	rargs_add(&a, "k\0\r\n", 4);
	rargs_addstr(&a, STR(""));
	rargs_addn(&a, INT64_MIN);
	buf_addc(rargs_open(&a), '~');
	buf_adds(rargs_open(&a), "x");
	rargs_close(&a);
	assert_int_equal(rargs_finish(&a), 0);
	assert_int_equal(a.n, 5);
	assert_int_equal(a.lens[1], 4);
	assert_memory_equal(a.argv[1], "k\0\r\n", 4);
	assert_int_equal(a.lens[2], 0);
	assert_memory_equal(a.argv[3], "-9223372036854775808", a.lens[3]);
	assert_int_equal(a.lens[3], 20);
	assert_memory_equal(a.argv[4], "~x", 2);
	rargs_fini(&a);
}

static void
many_arguments_survive_growing(void **state)
{
	struct rargs a;

	(void)state;
	rargs_init(&a, 1 << 20);
	for (int64_t i = 0; i < 20000; i++)
		rargs_addn(&a, i);
	assert_int_equal(rargs_finish(&a), 0);
	assert_int_equal(a.n, 20000);
	assert_int_equal(a.lens[19999], 5);
	assert_memory_equal(a.argv[19999], "19999", 5);
	assert_memory_equal(a.argv[0], "0", 1);
	rargs_fini(&a);
}

static void
too_long_is_an_error_until_the_next_reset(void **state)
{
	struct rargs a;

	(void)state;
	rargs_init(&a, 10);
	rargs_adds(&a, "0123456789");
	assert_int_equal(rargs_finish(&a), 0);
	rargs_adds(&a, "x");
	assert_int_equal(rargs_finish(&a), -1);
	rargs_adds(&a, "");
	assert_int_equal(rargs_finish(&a), -1);
	rargs_reset(&a);
	assert_int_equal(rargs_finish(&a), 0);
	assert_int_equal(a.n, 0);
	rargs_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_keep_their_bytes_and_order),
		cmocka_unit_test(many_arguments_survive_growing),
		cmocka_unit_test(too_long_is_an_error_until_the_next_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
