/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf_test.c - growth, the hard limit, failure that sticks until reset.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/buf.h"

static void
empty_buf_is_a_string(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_string_equal(b.p, "");
	buf_reset(&b);
	assert_string_equal(b.p, "");
	assert_int_equal(buf_str(&b).len, 0);
	buf_fini(&b);
	assert_string_equal(b.p, "");
}

static void
adds_of_every_kind_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add(&b, "a\0b", 3);
	buf_addc(&b, '-');
	buf_adds(&b, "cd");
	buf_addstr(&b, STR("ef"));
	buf_addf(&b, "=%d%%", 42);
	buf_add(&b, NULL, 0);
	assert_false(buf_failed(&b));
	assert_true(str_eq(buf_str(&b), STR("a\0b-cdef=42%")));
	assert_int_equal(b.p[b.len], '\0');
	buf_fini(&b);
}

static void
numbers_and_bytes_are_written_as_printf_would(void **state)
{
	static const int64_t n[] = { 0, 1, -1, 9, 10, -10, 1234567890, INT64_MAX,
		INT64_MIN };
	static const uint8_t bytes[] = { 0x00, 0x0f, 0xf0, 0xff, 0x5a };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) {
		char want[32];

		snprintf(want, sizeof want, "%" PRId64, n[i]);
		buf_reset(&b);
		buf_addi(&b, n[i]);
		assert_string_equal(b.p, want);
	}
	buf_reset(&b);
	buf_addhex(&b, bytes, sizeof bytes);
	assert_string_equal(b.p, "000ff0ff5a");
	buf_fini(&b);
	buf_init(&b, 3);
	buf_addi(&b, 1234);
	assert_true(buf_failed(&b));
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void
grows_over_many_blocks_and_keeps_its_bytes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 10000; i++)
		buf_addf(&b, "%05d", i);
	assert_false(buf_failed(&b));
	assert_int_equal(b.len, 50000);
	for (size_t i = 0; i < 10000; i += 997) {
		char want[8];

		snprintf(want, sizeof want, "%05zu", i);
		assert_memory_equal(b.p + 5 * i, want, 5);
	}
	assert_int_equal(strlen(b.p), b.len);
	buf_fini(&b);
}

static void
limit_is_exact(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_adds(&b, "1234");
	assert_false(buf_failed(&b));
	buf_addc(&b, '5');
	assert_true(buf_failed(&b));
	assert_string_equal(b.p, "1234");
	buf_fini(&b);
}

static void
failure_sticks_until_reset(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_adds(&b, "12345");
	assert_true(buf_failed(&b));
	buf_addc(&b, '1'); /* would fit, but what came before is missing */
	assert_int_equal(b.len, 0);
	buf_reset(&b);
	assert_false(buf_failed(&b));
	buf_addc(&b, '1');
	assert_string_equal(b.p, "1");
	buf_fini(&b);
}

static void
formatted_text_over_the_limit_adds_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	buf_addf(&b, "%*d", 200, 1);
	assert_false(buf_failed(&b));
	assert_int_equal(b.len, 200);
	buf_reset(&b);
	buf_addf(&b, "%*d", 201, 1);
	assert_true(buf_failed(&b));
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

static void
a_length_that_would_wrap_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX / 2);
	buf_addc(&b, 'x');
	buf_add(&b, "y", SIZE_MAX);
	assert_true(buf_failed(&b));
	assert_string_equal(b.p, "x");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_buf_is_a_string),
		cmocka_unit_test(adds_of_every_kind_append),
		cmocka_unit_test(numbers_and_bytes_are_written_as_printf_would),
		cmocka_unit_test(grows_over_many_blocks_and_keeps_its_bytes),
		cmocka_unit_test(limit_is_exact),
		cmocka_unit_test(failure_sticks_until_reset),
		cmocka_unit_test(formatted_text_over_the_limit_adds_nothing),
		cmocka_unit_test(a_length_that_would_wrap_is_refused),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
