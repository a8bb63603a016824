/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_test.c - log lines that strangers cannot forge.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text/line.h"

static void
check_value(struct str value, const char *expected)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR("4X1"), "accepted");
	line_add(&b, "k", value);
	assert_false(buf_failed(&b));
	assert_int_equal(strncmp(b.p, "4X1: accepted k=", 16), 0);
	assert_string_equal(b.p + 16, expected);
	buf_fini(&b);
}

static void
a_line_has_the_form_that_the_design_shows(void **state)
{
	const struct str signatures[] = { STR("example.com/r2026"),
		STR("example.com/e2026") };
	struct buf b;

	(void)state;
	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR("4X1"), "accepted");
	line_add(&b, "campaign", STR("autumn"));
	line_addn(&b, "bytes", 2048);
	line_list(&b, "signed", signatures, 2);
	assert_string_equal(b.p,
	    "4X1: accepted campaign=autumn bytes=2048 "
	    "signed=example.com/r2026,example.com/e2026");
	buf_fini(&b);
}

static void
no_queue_id_is_noqueue(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR(""), "refused");
	assert_string_equal(b.p, "NOQUEUE: refused");
	buf_fini(&b);
}

static void
what_could_forge_a_field_or_a_line_is_escaped(void **state)
{
	(void)state;
	check_value(STR("a b"), "a\\x20b");
	check_value(STR("a=b"), "a\\x3db");
	check_value(STR("a\"b"), "a\\x22b");
	check_value(STR("a\\x20"), "a\\x5cx20");
	check_value(STR("a\r\n4X2: accepted"), "a\\x0d\\x0a4X2:\\x20accepted");
	check_value(str_make("\0\t\x1b[2J\x7f", 7), "\\x00\\x09\\x1b[2J\\x7f");
	check_value(STR("f\xc3\xbcr"), "f\\xc3\\xbcr");
	check_value(STR("\xff"), "\\xff");
}

static void
every_byte_is_itself_or_hex(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		char expected[8];
		bool plain = c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\';

		snprintf(expected, sizeof(expected), plain ? "%c" : "\\x%02x", c);
		check_value(str_make(&byte, 1), expected);
	}
}

static void
an_empty_value_is_seen(void **state)
{
	(void)state;
	check_value(STR(""), "\"\"");
}

static void
a_long_value_is_cut_with_a_mark(void **state)
{
	char text[LINE_VALUE_MAX + 1];
	char expected[LINE_VALUE_MAX + 4];

	(void)state;
	memset(text, 'a', sizeof(text));
	memset(expected, 'a', LINE_VALUE_MAX);
	memcpy(expected + LINE_VALUE_MAX, "...", 4);
	check_value(str_make(text, sizeof(text)), expected);
	expected[LINE_VALUE_MAX] = '\0';
	check_value(str_make(text, LINE_VALUE_MAX), expected);
}

static void
a_hostile_queue_id_cannot_end_early(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR("4X2: accepted"), "rejected");
	assert_string_equal(b.p, "4X2\\x3a\\x20accepted: rejected");
	buf_fini(&b);
}

static void
a_comma_in_a_list_is_escaped(void **state)
{
	const struct str values[] = { STR("a,b"), STR("c") };
	struct buf b;

	(void)state;
	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR(""), "x");
	line_list(&b, "l", values, 2);
	line_list(&b, "none", NULL, 0);
	assert_string_equal(b.p, "NOQUEUE: x l=a\\x2cb,c none=\"\"");
	buf_fini(&b);
}

static void
numbers_go_to_both_ends(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR(""), "x");
	line_addn(&b, "lo", INT64_MIN);
	line_addn(&b, "hi", INT64_MAX);
	assert_string_equal(
	    b.p, "NOQUEUE: x lo=-9223372036854775808 hi=9223372036854775807");
	buf_fini(&b);
}

static void
what_does_not_fit_is_said_at_the_end(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 16);
	line_begin(&b, STR("4X1"), "accepted");
	assert_false(buf_failed(&b));
	line_add(&b, "campaign", STR("autumn"));
	assert_true(buf_failed(&b));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_the_form_that_the_design_shows),
		cmocka_unit_test(no_queue_id_is_noqueue),
		cmocka_unit_test(what_could_forge_a_field_or_a_line_is_escaped),
		cmocka_unit_test(every_byte_is_itself_or_hex),
		cmocka_unit_test(an_empty_value_is_seen),
		cmocka_unit_test(a_long_value_is_cut_with_a_mark),
		cmocka_unit_test(a_hostile_queue_id_cannot_end_early),
		cmocka_unit_test(a_comma_in_a_list_is_escaped),
		cmocka_unit_test(numbers_go_to_both_ends),
		cmocka_unit_test(what_does_not_fit_is_said_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
