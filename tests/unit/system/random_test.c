/* SPDX-License-Identifier: BSD-2-Clause */
#include "system/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void
random_bytes_fill_all_they_should_and_differ(void **state)
{
	static uint8_t a[3000], b[3000];

	(void)state;
	assert_int_equal(random_bytes(a, sizeof a), 0);
	assert_int_equal(random_bytes(b, sizeof b), 0);
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a + 2900, b + 2900, 100);
	assert_int_equal(random_bytes(a, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_fill_all_they_should_and_differ),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
