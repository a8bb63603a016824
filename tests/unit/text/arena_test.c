/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena_test.c - pieces do not overlap, the limit holds, a reset gives all back.
 */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/arena.h"

static void
pieces_are_aligned_and_apart(void **state)
{
	struct arena *a = arena_new(1000000);
	unsigned char *piece[200];

	(void)state;
	assert_non_null(a);
	/* Some 150 kB: more than one block, and pieces larger than a block. */
	for (size_t i = 0; i < 200; i++) {
		size_t n = i == 100 ? 100000 : i + 1;

		piece[i] = arena_alloc(a, n);
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
		memset(piece[i], (int)i, n);
	}
	for (size_t i = 0; i < 200; i++) {
		size_t n = i == 100 ? 100000 : i + 1;

		assert_int_equal(piece[i][0], i);
		assert_int_equal(piece[i][n - 1], i);
	}
	arena_free(a);
}

static void
limit_holds_and_a_smaller_piece_still_fits(void **state)
{
	struct arena *a = arena_new(1024);

	(void)state;
	assert_non_null(arena_alloc(a, 1000));
	assert_null(arena_alloc(a, 100));
	assert_non_null(arena_alloc(a, 16));
	assert_null(arena_alloc(a, 1));
	arena_free(a);
}

static void
a_size_that_would_wrap_is_refused(void **state)
{
	struct arena *a = arena_new(SIZE_MAX);

	(void)state;
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_alloc(a, SIZE_MAX - 3));
	assert_non_null(arena_alloc(a, 16));
	arena_free(a);
}

static void
reset_gives_everything_back(void **state)
{
	struct arena *a = arena_new(100000);

	(void)state;
	for (int round = 0; round < 50; round++) {
		assert_non_null(arena_alloc(a, 50000));
		assert_non_null(arena_alloc(a, 50000));
		assert_null(arena_alloc(a, 1));
		arena_reset(a);
	}
	arena_free(a);
}

static void
copies_end_in_nul_and_keep_inner_nul(void **state)
{
	struct arena *a = arena_new(64);
	char from[] = "a\0b";
	struct str s = arena_copy(a, str_make(from, 3));

	(void)state;
	from[0] = 'x';
	assert_true(str_eq(s, STR("a\0b")));
	assert_int_equal(s.p[3], '\0');
	assert_string_equal(arena_copy(a, STR("")).p, "");
	arena_free(a);
}

static void
copy_over_the_limit_is_null(void **state)
{
	struct arena *a = arena_new(16);

	(void)state;
	/* 15 bytes and the NUL fit, 16 do not. */
	assert_null(arena_copy(a, STR("0123456789abcdef")).p);
	assert_non_null(arena_copy(a, STR("0123456789abcde")).p);
	arena_free(a);
	arena_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(limit_holds_and_a_smaller_piece_still_fits),
		cmocka_unit_test(a_size_that_would_wrap_is_refused),
		cmocka_unit_test(reset_gives_everything_back),
		cmocka_unit_test(copies_end_in_nul_and_keep_inner_nul),
		cmocka_unit_test(copy_over_the_limit_is_null),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
