/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv_test.c - records that every reader takes apart the same way, and no spreadsheet
 * runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "show/csv.h"

static void
text_is_quoted_and_guarded_where_it_must_be(void **state)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{ "", "" },
		{ "autumn-sale", "autumn-sale" },
		{ "a,b", "\"a,b\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "two\r\nlines", "\"two\r\nlines\"" },
		{ " blank", "\" blank\"" },
		{ "blank ", "\"blank \"" },
		{ "=1+2", "'=1+2" },
		{ "+1", "'+1" },
		{ "-1", "'-1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "=HYPERLINK(\"http://x\",\"y\")",
		    "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"" },
		{ "\t=1", "\"'\t=1\"" },
		{ "a=b", "a=b" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		csv_text(&out, str_of(cases[i].text), true);
		assert_string_equal(out.p, cases[i].field);
	}
	buf_fini(&out);
}

static void
fields_are_parted_by_commas_and_records_by_crlf(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	csv_text(&out, STR("a"), true);
	csv_int(&out, INT64_MAX, false);
	csv_text(&out, STR(""), false);
	csv_end(&out);
	csv_int(&out, INT64_MIN, true);
	csv_end(&out);
	assert_string_equal(
	    out.p, "a,9223372036854775807,\r\n-9223372036854775808\r\n");
	buf_fini(&out);
}

static void
a_nul_inside_text_stays(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	csv_text(&out, STR("a\0,b"), true);
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.p, "\"a\0,b\"", 6);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_quoted_and_guarded_where_it_must_be),
		cmocka_unit_test(fields_are_parted_by_commas_and_records_by_crlf),
		cmocka_unit_test(a_nul_inside_text_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
