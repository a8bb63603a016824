/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/dnsnews.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dnsnews news;

static int
fini(void **state)
{
	(void)state;
	dnsnews_fini(&news);
	return 0;
}

static enum dnsnews_change
take(const char *check, enum dnslook_word word, const char *text, int64_t now)
{
	struct dnslook_finding f = { .word = word };

	snprintf(f.text, sizeof(f.text), "%s", text);
	return dnsnews_take(&news, STR("example.com"), check, &f, now);
}

static void
what_was_well_from_the_start_is_no_news(void **state)
{
	(void)state;
	assert_int_equal(take("spf", DNSLOOK_PASS, "", 1), DNSNEWS_SAME);
	assert_int_equal(take("bimi", DNSLOOK_NOTHING, "", 1), DNSNEWS_SAME);
	assert_int_equal(news.n, 0);
}

static void
a_fault_is_told_once_and_so_is_its_end(void **state)
{
	(void)state;
	assert_int_equal(take("spf", DNSLOOK_FAIL, "none", 1), DNSNEWS_BAD);
	assert_int_equal(take("spf", DNSLOOK_FAIL, "none", 2), DNSNEWS_SAME);
	assert_int_equal(take("dmarc", DNSLOOK_FAIL, "none", 2), DNSNEWS_BAD);
	assert_int_equal(news.n, 2);
	assert_int_equal(take("spf", DNSLOOK_FAIL, "two", 3), DNSNEWS_BAD);
	assert_int_equal(take("spf", DNSLOOK_WARN, "two", 3), DNSNEWS_BAD);
	assert_int_equal(take("spf", DNSLOOK_PASS, "", 4), DNSNEWS_WELL);
	assert_int_equal(take("spf", DNSLOOK_PASS, "", 5), DNSNEWS_SAME);
	assert_int_equal(news.n, 1);
	assert_string_equal(news.v[0].check, "dmarc");
}

static void
silence_changes_nothing_that_is_known(void **state)
{
	(void)state;
	assert_int_equal(take("spf", DNSLOOK_FAIL, "none", 1), DNSNEWS_BAD);
	assert_int_equal(take("spf", DNSLOOK_UNKNOWN, "silence", 2), DNSNEWS_SAME);
	assert_string_equal(news.v[0].f.text, "none");
	assert_int_equal(news.v[0].seen_ms, 2);
	assert_int_equal(take("dmarc", DNSLOOK_UNKNOWN, "silence", 2), DNSNEWS_BAD);
	assert_int_equal(take("dmarc", DNSLOOK_UNKNOWN, "silence", 3), DNSNEWS_SAME);
	assert_int_equal(take("dmarc", DNSLOOK_PASS, "", 4), DNSNEWS_SAME);
	assert_int_equal(news.n, 1);
}

static void
what_is_not_seen_any_more_is_forgotten(void **state)
{
	(void)state;
	take("a", DNSLOOK_FAIL, "", 1);
	take("b", DNSLOOK_FAIL, "", 5);
	take("c", DNSLOOK_FAIL, "", 9);
	dnsnews_forget(&news, 5);
	assert_int_equal(news.n, 2);
	assert_string_equal(news.v[0].check, "b");
	assert_string_equal(news.v[1].check, "c");
}

static void
there_is_an_end_to_what_is_kept(void **state)
{
	char check[20];

	(void)state;
	for (int i = 0; i < DNSNEWS_MAX + 5; i++) {
		snprintf(check, sizeof(check), "dkim s%d", i);
		assert_int_equal(take(check, DNSLOOK_FAIL, "x", 1), DNSNEWS_BAD);
	}
	assert_int_equal(news.n, DNSNEWS_MAX);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, fini)
	const struct CMUnitTest tests[] = {
		TEST(what_was_well_from_the_start_is_no_news),
		TEST(a_fault_is_told_once_and_so_is_its_end),
		TEST(silence_changes_nothing_that_is_known),
		TEST(what_is_not_seen_any_more_is_forgotten),
		TEST(there_is_an_end_to_what_is_kept),
	};

	return cmocka_run_group_tests_name("dnsnews", tests, NULL, NULL);
}
