/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_test.c - text in columns: alignment, cutting, and characters of several bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "show/table.h"

#define ELLIPSIS STR("\xe2\x80\xa6")

static const struct table_column columns[] = {
	{ { "NAME", 4 }, TABLE_LEFT, 3 },
	{ { "N", 1 }, TABLE_RIGHT, 0 },
	{ { "WHEN", 4 }, TABLE_LEFT, 0 },
};
static const struct str rows[][3] = {
	{ { "abcdefgh", 8 }, { "1", 1 }, { "now", 3 } },
	{ { "b\xc3\xbc", 3 }, { "1,234", 5 }, { "", 0 } },
};

static void
measured(struct table *t)
{
	table_init(t, columns, 3);
	for (size_t i = 0; i < 2; i++)
		table_measure(t, rows[i]);
}

/* The whole table. */
static void
drawn(const struct table *t, struct buf *out)
{
	buf_init(out, 4096);
	table_head(t, out);
	for (size_t i = 0; i < 2; i++)
		table_line(t, rows[i], ELLIPSIS, out);
	assert_false(buf_failed(out));
}

static void
wide_characters_take_two_places(void **state)
{
	static const struct str wide[][3] = {
		{ { "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", 9 }, { "1", 1 },
		    { "now", 3 } },
		{ { "abcd", 4 }, { "2", 1 }, { "", 0 } },
	};
	struct table t;
	struct buf out;

	(void)state;
	table_init(&t, columns, 3);
	table_measure(&t, wide[0]);
	assert_int_equal(table_width(&t), 6 + 2 + 1 + 2 + 4);
	/* Five places, one of them for the ellipsis, hold two such characters; four
	 * hold one, and a blank is owed. */
	for (size_t width = 5; width >= 4; width--) {
		t.width[0] = width;
		buf_init(&out, 4096);
		table_line(&t, wide[0], ELLIPSIS, &out);
		table_line(&t, wide[1], ELLIPSIS, &out);
		assert_string_equal(out.p,
		    width == 5 ? "\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6  1  now\n"
				 "abcd   2\n"
			       : "\xe6\x97\xa5\xe2\x80\xa6   1  now\n"
				 "abcd  2\n");
		buf_fini(&out);
	}
}

static void
columns_line_up_and_lines_end_without_blanks(void **state)
{
	struct table t;
	struct buf out;

	(void)state;
	measured(&t);
	assert_int_equal(table_width(&t), 8 + 2 + 5 + 2 + 4);
	drawn(&t, &out);
	assert_string_equal(out.p,
	    "NAME          N  WHEN\n"
	    "abcdefgh      1  now\n"
	    "b\xc3\xbc        1,234\n");
	buf_fini(&out);
}

static void
a_cell_that_is_too_wide_is_cut_between_characters(void **state)
{
	struct table t;
	struct buf out;

	(void)state;
	measured(&t);
	assert_true(table_fit(&t, 17));
	assert_int_equal(table_width(&t), 17);
	drawn(&t, &out);
	assert_string_equal(out.p,
	    "NAME      N  WHEN\n"
	    "abc\xe2\x80\xa6      1  now\n"
	    "b\xc3\xbc    1,234\n");
	buf_fini(&out);
}

static void
no_column_gets_narrower_than_its_min(void **state)
{
	struct table t;

	(void)state;
	measured(&t);
	assert_false(table_fit(&t, 10));
	assert_int_equal(t.width[0], 3);
	assert_int_equal(t.width[1], 5);
	assert_int_equal(t.width[2], 4);
}

static void
cutting_never_splits_a_character(void **state)
{
	static const struct table_column one[] = { { { "", 0 }, TABLE_LEFT, 2 } };
	static const struct str cell[] = { { "\xc3\xa4\xc3\xb6\xc3\xbc", 6 } };
	struct table t;
	struct buf out;

	(void)state;
	table_init(&t, one, 1);
	table_measure(&t, cell);
	assert_int_equal(table_width(&t), 3);
	assert_true(table_fit(&t, 2));
	buf_init(&out, 64);
	table_line(&t, cell, ELLIPSIS, &out);
	assert_string_equal(out.p, "\xc3\xa4\xe2\x80\xa6\n");
	buf_fini(&out);
}

static void
the_gap_can_be_narrowed(void **state)
{
	struct table t;

	(void)state;
	measured(&t);
	t.gap = 1;
	assert_int_equal(table_width(&t), 8 + 1 + 5 + 1 + 4);
}

static void
a_table_without_columns_is_empty_lines(void **state)
{
	struct table t;
	struct buf out;

	(void)state;
	table_init(&t, columns, 0);
	assert_int_equal(table_width(&t), 0);
	buf_init(&out, 64);
	table_head(&t, &out);
	assert_string_equal(out.p, "\n");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_characters_take_two_places),
		cmocka_unit_test(columns_line_up_and_lines_end_without_blanks),
		cmocka_unit_test(a_cell_that_is_too_wide_is_cut_between_characters),
		cmocka_unit_test(no_column_gets_narrower_than_its_min),
		cmocka_unit_test(cutting_never_splits_a_character),
		cmocka_unit_test(the_gap_can_be_narrowed),
		cmocka_unit_test(a_table_without_columns_is_empty_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
