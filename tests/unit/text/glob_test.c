/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glob_test.c - what * and ? match, and that many stars cost little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/glob.h"

static void
patterns_match_as_written(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "*", "", true },
		{ "*", "anything.at-all", true },
		{ "?", "", false },
		{ "?", "a", true },
		{ "?", "ab", false },
		{ "news-*", "news-", true },
		{ "news-*", "news-2026", true },
		{ "news-*", "new", false },
		{ "news-*", "xnews-1", false },
		{ "*.example.com", "a.example.com", true },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", "a.example.com.evil.net", false },
		{ "a*b*c", "abc", true },
		{ "a*b*c", "aXbYbZc", true },
		{ "a*b*c", "aXcYb", false },
		{ "**a**", "bab", true },
		{ "EXAMPLE.com", "example.COM", true },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "[ab]", "a", false },
		{ "[ab]", "[ab]", true },
		{ "a.c", "abc", false },
		{ "\\*", "\\x", true },
		{ "*?", "", false },
		{ "*?", "x", true },
		{ "*a", "aaaa", true },
		{ "*ab", "aabab", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (glob_match(str_of(cases[i].pattern), str_of(cases[i].text)) !=
		    cases[i].match)
			fail_msg(
			    "\"%s\" against \"%s\"", cases[i].pattern, cases[i].text);
}

static void
a_text_need_not_end_in_nul(void **state)
{
	(void)state;
	assert_true(glob_match(str_make("ab*", 2), str_make("abc", 2)));
	assert_false(glob_match(str_make("ab*", 2), str_make("abc", 3)));
}

/* An exponential matcher would not come back from this within the age of the universe.
 */
static void
many_stars_take_little_time(void **state)
{
	char pattern[401], text[5000];

	(void)state;
	for (size_t i = 0; i < 400; i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[400] = 'b';
	memset(text, 'a', sizeof(text));
	assert_false(glob_match(
	    str_make(pattern, sizeof(pattern)), str_make(text, sizeof(text))));
	text[sizeof(text) - 1] = 'b';
	assert_true(glob_match(
	    str_make(pattern, sizeof(pattern)), str_make(text, sizeof(text))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_as_written),
		cmocka_unit_test(a_text_need_not_end_in_nul),
		cmocka_unit_test(many_stars_take_little_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
