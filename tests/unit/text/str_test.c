/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str_test.c - borrowed runs of bytes: empty ones, bytes of 0x80 and more, NUL inside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/str.h"

static void
no_pointer_is_the_empty_str(void **state)
{
	(void)state;
	assert_non_null(str_of(NULL).p);
	assert_int_equal(str_of(NULL).len, 0);
	assert_non_null(str_make(NULL, 0).p);
	assert_true(str_eq(str_make(NULL, 0), STR("")));
}

static void
equality_looks_at_all_bytes(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("a\0")));
	assert_false(str_eq(STR("a"), STR("A")));
	assert_true(str_caseeq(STR("DKIM-Signature"), STR("dkim-signature")));
	assert_false(str_caseeq(STR("From"), STR("From:")));
}

static void
only_ascii_letters_fold(void **state)
{
	(void)state;
	/* '[' and '{' differ by the bit that makes letters lower case, as do 0xC4 and
	 * 0xE4, which are letters in Latin-1. */
	assert_false(str_caseeq(STR("["), STR("{")));
	assert_false(str_caseeq(STR("@"), STR("`")));
	assert_false(str_caseeq(STR("\xC4"), STR("\xE4")));
	assert_false(ascii_isalpha('\xE4'));
	assert_int_equal(ascii_lower('Z'), 'z');
	assert_int_equal(ascii_lower('\xC4'), '\xC4');
}

static void
digits_of_sixteen_have_values(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(ascii_hex("0123456789abcdef"[i]), i);
		assert_int_equal(ascii_hex("0123456789ABCDEF"[i]), i);
	}
	assert_int_equal(ascii_hex('g'), -1);
	assert_int_equal(ascii_hex('\0'), -1);
	assert_int_equal(ascii_hex('/'), -1);
	assert_int_equal(ascii_hex('\xE1'), -1);
}

static void
order_is_by_unsigned_bytes(void **state)
{
	(void)state;
	assert_true(str_casecmp(STR("a"), STR("\xFF")) < 0);
	assert_true(str_casecmp(STR("\xFF"), STR("a")) > 0);
	assert_true(str_casecmp(STR("abc"), STR("ABCD")) < 0);
	assert_true(str_casecmp(STR("ABCD"), STR("abc")) > 0);
	assert_int_equal(str_casecmp(STR("Abc"), STR("aBC")), 0);
}

static void
prefix_and_suffix_longer_than_the_whole(void **state)
{
	(void)state;
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_false(str_ends(STR("ab"), STR("cab")));
	assert_true(str_starts(STR("ab"), STR("")));
	assert_true(str_ends(STR(""), STR("")));
	assert_true(str_casestarts(STR("List-Unsubscribe"), STR("list-")));
	assert_false(str_starts(STR("List-Unsubscribe"), STR("list-")));
	assert_true(str_caseends(STR("news.Example.COM"), STR(".example.com")));
	assert_false(str_ends(STR("news.Example.COM"), STR(".example.com")));
}

static void
trim_takes_folds_and_leaves_inner_space(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(STR(" \r\n\ta b\t \n")), STR("a b")));
	assert_true(str_eq(str_trim(STR(" \t\r\n")), STR("")));
	assert_true(str_eq(str_trim(STR("\v")), STR("\v")));
}

static void
skip_past_the_end_is_empty(void **state)
{
	(void)state;
	assert_true(str_eq(str_skip(STR("abc"), 1), STR("bc")));
	assert_int_equal(str_skip(STR("abc"), 3).len, 0);
	assert_int_equal(str_skip(STR("abc"), SIZE_MAX).len, 0);
}

static void
find_gives_the_length_when_absent(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a@b@c"), '@'), 1);
	assert_int_equal(str_rfind(STR("a@b@c"), '@'), 3);
	assert_int_equal(str_find(STR("abc"), '@'), 3);
	assert_int_equal(str_rfind(STR("abc"), '@'), 3);
	assert_int_equal(str_find(STR(""), '\0'), 0);
	assert_int_equal(str_find(STR("a\0@"), '@'), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pointer_is_the_empty_str),
		cmocka_unit_test(equality_looks_at_all_bytes),
		cmocka_unit_test(only_ascii_letters_fold),
		cmocka_unit_test(digits_of_sixteen_have_values),
		cmocka_unit_test(order_is_by_unsigned_bytes),
		cmocka_unit_test(prefix_and_suffix_longer_than_the_whole),
		cmocka_unit_test(trim_takes_folds_and_leaves_inner_space),
		cmocka_unit_test(skip_past_the_end_is_empty),
		cmocka_unit_test(find_gives_the_length_when_absent),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
