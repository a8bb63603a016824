/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text_test.c - comments go, lines stay, what libconfuse would misread is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/conf_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
text_is_passed_on_without_comments(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "a = b", "a = b" },
		{ "a = b # c\n", "a = b    \n" },
		{ "a = b // c\nd", "a = b     \nd" },
		{ "a /* x\ny */ = b", "a     \n     = b" },
		{ "# no end", "        " },
		{ "a = \"# no /* comment\"", "a = \"# no /* comment\"" },
		{ "a = redis://h/0", "a = redis://h/0" },
		{ "a = '\"x'", "a = \"\\\"x\"" },
		{ "a = '\\'x'", "a = \"\\'x\"" },
		{ "a = \"\\\\\\\"\"", "a = \"\\\\\\\"\"" },
		{ "a = \"$5 {x} %{date}\"", "a = \"$5 {x} %{date}\"" },
		{ "a = {\"b\", c}", "a = {\"b\", c}" },
		{ "s {\n}", "s { _line = 1 \n}" },
		{ "\n\ns \"t\" { u { } }",
		    "\n\ns \"t\" { _line = 3  u { _line = 3  } }" },
		{ "a = b\r\nc = d\r\n", "a = b\r\nc = d\r\n" },
		{ "\xef\xbb\xbf"
		  "a = b",
		    "a = b" },
		{ "a = \"\xc3\xa9\"", "a = \"\xc3\xa9\"" },
		{ "a = b s { a = c } t { a = d }",
		    "a = b s { _line = 1  a = c } t { _line = 1  a = d }" },
	};
	char err[256];
	unsigned line;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		if (conf_text_prepare(
			str_of(cases[i].in), &out, &line, err, sizeof(err)) != 0)
			fail_msg("%s: %s", cases[i].in, err);
		assert_string_equal(out.p, cases[i].out);
		buf_fini(&out);
	}
}

static void
what_would_be_misread_is_refused(void **state)
{
	static const struct {
		struct str in;
		unsigned line;
		const char *err;
	} cases[] = {
		{ STR("\na = \"x\0y\""), 2,
		    "found the control character 0x00, expected text" },
		{ STR("# \x1b[2J"), 1,
		    "found the control character 0x1b, expected text" },
		{ STR("a = b\rc = d"), 1,
		    "found the control character 0x0d, expected text" },
		{ STR("\n\na = \"x\n\""), 3,
		    "found a string without its end, expected \" on the same line" },
		{ STR("a = 'x"), 1,
		    "found a string without its end, expected ' on the same line" },
		{ STR("a = \"x\\"), 1, "found \\? in a string, expected \\\\ or \\\"" },
		{ STR("a = \"x\\\""), 1,
		    "found a string without its end, expected \" on the same line" },
		{ STR("a = \"\\x41\""), 1,
		    "found \\x in a string, expected \\\\ or \\\"" },
		{ STR("a = '\\n'"), 1, "found \\n in a string, expected \\\\ or \\'" },
		{ STR("a = \xc3\xa9"), 1,
		    "found the byte 0xc3 outside quotes, expected a value with such "
		    "characters in double quotes" },
		{ STR("a\n/*\n\n"), 2, "found /* without its end, expected */" },
		{ STR("/*/"), 1, "found /* without its end, expected */" },
		{ STR("\ns {\n t {\n}\n"), 2,
		    "found { without its }, expected it before the end of the file" },
		{ STR("s { }\n}"), 2, "found } without its {" },
		{ STR("a = { b = c }"), 1, "found = inside a list, expected , or }" },
		{ STR("a = { { b } }"), 1, "found { inside a list, expected , or }" },
		{ STR("a = \n\n b = c"), 1, "found a = without a value, expected one" },
		{ STR("a = \n"), 1, "found a = without a value, expected one" },
		{ STR("s { a = }"), 1, "found a = without a value, expected one" },
		{ STR("s { a = 1\n b = 2\n a = 3 }"), 3,
		    "found a a second time, expected it once: it is set in line 1" },
		{ STR("A = 1"), 1, "found \"A\", expected the name of a setting" },
		{ STR("a-b = 1"), 1, "found \"a-b\", expected the name of a setting" },
	};
	char err[256];
	unsigned line;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		assert_int_equal(
		    conf_text_prepare(cases[i].in, &out, &line, err, sizeof(err)), -1);
		assert_string_equal(err, cases[i].err);
		assert_int_equal(line, cases[i].line);
		buf_fini(&out);
	}
}

static void
limits_hold(void **state)
{
	static char text[CONF_TEXT_STRING_MAX + 16];
	struct buf out;
	char err[256];
	unsigned line;

	(void)state;
	buf_init(&out, 100000);
	memset(text, 'x', sizeof(text));
	text[0] = '"';
	text[CONF_TEXT_STRING_MAX + 1] = '"';
	assert_int_equal(conf_text_prepare(str_make(text, CONF_TEXT_STRING_MAX + 2),
			     &out, &line, err, sizeof(err)),
	    0);
	text[CONF_TEXT_STRING_MAX + 1] = 'x';
	text[CONF_TEXT_STRING_MAX + 2] = '"';
	assert_int_equal(conf_text_prepare(str_make(text, CONF_TEXT_STRING_MAX + 3),
			     &out, &line, err, sizeof(err)),
	    -1);
	assert_string_equal(err, "found a string of 4097 bytes, expected at most 4096");
	text[0] = 'x';
	assert_int_equal(conf_text_prepare(str_make(text, CONF_TEXT_STRING_MAX + 1),
			     &out, &line, err, sizeof(err)),
	    -1);
	assert_string_equal(err, "found a word of 4097 bytes, expected at most 4096");
	buf_fini(&out);

	/* More settings than there are. */
	buf_init(&out, 100000);
	for (size_t i = 0; i < 65; i++)
		snprintf(text + 7 * i, 8, "a%03zu=1\n", i);
	assert_int_equal(
	    conf_text_prepare(str_make(text, 64 * 7), &out, &line, err, sizeof(err)),
	    0);
	assert_int_equal(
	    conf_text_prepare(str_make(text, 65 * 7), &out, &line, err, sizeof(err)),
	    -1);
	assert_int_equal(line, 65);
	buf_fini(&out);

	/* No place for the result. */
	buf_init(&out, 3);
	assert_int_equal(
	    conf_text_prepare(STR("a = b"), &out, &line, err, sizeof(err)), -1);
	assert_string_equal(err, "out of memory");
	buf_fini(&out);
}

/* Whatever comes in: an answer, within bounds. */
static void
random_text_gets_an_answer(void **state)
{
	static const char letters[] = "ab=={}{}\"\"'\\\n\n#/*/* ,$%1|";
	uint32_t seed = 20261124;
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		char text[24], err[256] = "";
		struct buf out;
		unsigned line;
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = (seed >> 24) % sizeof(text);
		for (size_t k = 0; k < len; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		buf_init(&out, 10000);
		if (conf_text_prepare(
			str_make(text, len), &out, &line, err, sizeof(err)) == 0)
			accepted++;
		else
			assert_true(err[0] != '\0' && line >= 1 && line <= len + 1);
		buf_fini(&out);
	}
	assert_true(accepted > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_passed_on_without_comments),
		cmocka_unit_test(what_would_be_misread_is_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(random_text_gets_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
