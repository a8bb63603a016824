/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timespan_test.c - times as operators say them, and which hashes hold them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "numbers/timespan.h"
#include "redis/rkey.h"

#define HOUR 3600
#define DAY 86400
/* 2026-11-24T09:30:15Z, and the beginning of that day. */
#define NOW INT64_C(1795512615)
#define TODAY (NOW - 9 * HOUR - 30 * 60 - 15)

static int64_t
parsed(const char *text, enum timespan_edge edge)
{
	char err[256] = "";
	int64_t out = -1;

	if (timespan_parse(str_of(text), edge, NOW, &out, err, sizeof(err)) != 0)
		fail_msg("%s: %s", text, err);
	return out;
}

static void
each_word_is_its_moment(void **state)
{
	static const struct {
		const char *text;
		int64_t since, until;
	} v[] = { { "now", NOW, NOW }, { "NOW", NOW, NOW },
		{ "today", TODAY, TODAY + DAY }, { "Yesterday", TODAY - DAY, TODAY },
		{ "-24h", NOW - DAY, NOW - DAY }, { "24h", NOW - DAY, NOW - DAY },
		{ "-7d", NOW - 7 * DAY, NOW - 7 * DAY },
		{ "-90m", NOW - 5400, NOW - 5400 },
		{ "-2W", NOW - 14 * DAY, NOW - 14 * DAY },
		{ "30s", NOW - 30, NOW - 30 }, { "0h", NOW, NOW },
		{ "@1795000000", 1795000000, 1795000000 }, { "@0", 0, 0 },
		{ "2026-11-24", TODAY, TODAY + DAY },
		{ "2026-11-24T09", TODAY + 9 * HOUR, TODAY + 10 * HOUR },
		{ "2026-11-24T09Z", TODAY + 9 * HOUR, TODAY + 10 * HOUR },
		{ "2026-11-24 09:30", TODAY + 9 * HOUR + 1800,
		    TODAY + 9 * HOUR + 1860 },
		{ "2026-11-24T09:30:15Z", NOW, NOW + 1 },
		{ "2024-02-29", 1709164800, 1709164800 + DAY },
		{ "1970-01-01", 0, DAY },
		{ "9999-12-31", INT64_C(253402214400), INT64_C(253402300800) } };

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		assert_int_equal(parsed(v[i].text, TIMESPAN_SINCE), v[i].since);
		assert_int_equal(parsed(v[i].text, TIMESPAN_UNTIL), v[i].until);
	}
}

static void
anything_else_is_an_error_with_examples(void **state)
{
	static const char *const bad[] = { "", "-", "h", "-h", "24", "-24", "24x",
		"2 4h", "--24h", "99999999999h", "-9999999d", "@", "@x", "@-5",
		"@123456789012", "soon", "tomorrow", "2026", "2026-11", "2026-13-01",
		"2026-00-10", "2026-02-30", "2025-02-29", "2026-11-31", "2026-11-00",
		"1969-12-31", "10000-01-01", "2026-1-1", "2026-11-24T", "2026-11-24T24",
		"2026-11-24T9", "2026-11-24T09:60", "2026-11-24T09:30:60",
		"2026-11-24T09:30:15.5", "2026-11-24T09+01:00", "2026-11-24x",
		"2026-11-24T09ZZ", " today", "today " };
	char err[256];
	int64_t out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		if (timespan_parse(str_of(bad[i]), TIMESPAN_SINCE, NOW, &out, err,
			sizeof(err)) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_non_null(strstr(err, "-24h"));
		assert_non_null(strstr(err, "2026-11-24T09"));
	}
}

static void
bytes_that_end_early_are_no_time(void **state)
{
	char err[256];
	int64_t out;

	(void)state;
	/* Not NUL-terminated: what follows must not be read. */
	assert_int_equal(timespan_parse(str_make("2026-11-24", 9), TIMESPAN_SINCE, NOW,
			     &out, err, sizeof(err)),
	    -1);
	assert_int_equal(timespan_parse(str_make("7days", 2), TIMESPAN_SINCE, NOW, &out,
			     err, sizeof(err)),
	    0);
	assert_int_equal(out, NOW - 7 * DAY);
}

/* How many of the cover's hashes hold that second. */
static int
held(const struct timespan_cover *c, int64_t t)
{
	int64_t h = t / HOUR, d = t / DAY;

	return (h >= c->head.first && h < c->head.first + c->head.n) +
	    (h >= c->tail.first && h < c->tail.first + c->tail.n) +
	    (d >= c->days.first && d < c->days.first + c->days.n);
}

static void
every_second_that_was_asked_for_is_held_once(void **state)
{
	(void)state;
	for (int64_t from = NOW - 45 * DAY; from < NOW; from += 7 * HOUR + 13) {
		for (int64_t until = from + 1; until <= NOW; until += 31 * HOUR + 7) {
			struct timespan asked = { from, until };
			struct timespan_cover c;

			timespan_cover(asked, TIMESPAN_FEWEST, NOW, &c);
			assert_true(c.span.from <= from && c.span.until >= until);
			assert_int_equal(held(&c, from), 1);
			assert_int_equal(held(&c, until - 1), 1);
			assert_int_equal(held(&c, (from + until) / 2), 1);
			assert_int_equal(held(&c, c.span.from - 1), 0);
			if (c.span.until < NOW)
				assert_int_equal(held(&c, c.span.until), 0);
			assert_true(timespan_hashes(&c) <= 23 + 46 + 24);
			assert_false(c.cut);
		}
	}
}

static void
an_hour_is_widened_by_less_than_an_hour(void **state)
{
	struct timespan asked = { NOW - 5 * HOUR, NOW - 2 * HOUR };
	struct timespan_cover c;

	(void)state;
	timespan_cover(asked, TIMESPAN_FEWEST, NOW, &c);
	assert_int_equal(c.span.from, TODAY + 4 * HOUR);
	assert_int_equal(c.span.until, TODAY + 8 * HOUR);
	assert_int_equal(timespan_hashes(&c), 4);
	assert_false(c.coarse);
}

static void
today_is_one_hash(void **state)
{
	struct timespan asked = { TODAY, NOW };
	struct timespan_cover c;

	(void)state;
	timespan_cover(asked, TIMESPAN_FEWEST, NOW, &c);
	assert_int_equal(timespan_hashes(&c), 1);
	assert_int_equal(c.days.first, TODAY / DAY);
	assert_int_equal(c.span.until, NOW);
}

static void
days_stand_in_for_hours_that_have_gone(void **state)
{
	struct timespan asked = { NOW - 40 * DAY, NOW - 38 * DAY };
	struct timespan_cover c;

	(void)state;
	timespan_cover(asked, TIMESPAN_FEWEST, NOW, &c);
	assert_true(c.coarse);
	assert_false(c.cut);
	assert_int_equal(c.head.n + c.tail.n, 0);
	assert_int_equal(c.span.from, TODAY - 40 * DAY);
	assert_int_equal(c.span.until, TODAY - 37 * DAY);
}

static void
what_has_expired_is_cut_off(void **state)
{
	struct timespan asked = { 0, NOW };
	struct timespan_cover c;

	(void)state;
	timespan_cover(asked, TIMESPAN_FEWEST, NOW, &c);
	assert_true(c.cut);
	/* A day goes 400 days after its end. */
	assert_int_equal(c.days.first, (NOW - RKEY_DAY_TTL_S) / DAY);
	assert_int_equal(c.days.n, 401);
	timespan_cover(asked, TIMESPAN_DAYS, NOW, &c);
	assert_true(c.cut);
	assert_int_equal(c.days.n, 401);
	timespan_cover(asked, TIMESPAN_HOURS, NOW, &c);
	assert_true(c.cut);
	assert_int_equal(c.head.first, (NOW - RKEY_HOUR_TTL_S) / HOUR);
	assert_int_equal(c.head.n, 35 * 24 + 1);
	asked.until = NOW - 500 * DAY;
	timespan_cover(asked, TIMESPAN_FEWEST, NOW, &c);
	assert_int_equal(timespan_hashes(&c), 0);
	timespan_cover(asked, TIMESPAN_HOURS, NOW, &c);
	assert_int_equal(timespan_hashes(&c), 0);
}

static void
minutes_end_now(void **state)
{
	(void)state;
	assert_true(
	    timespan_minutes((struct timespan) { NOW - 600, NOW }, NOW) == 10.0);
	assert_true(
	    timespan_minutes((struct timespan) { NOW - 600, NOW + 600 }, NOW) == 10.0);
	assert_true(timespan_minutes((struct timespan) { NOW, NOW }, NOW) > 0.0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_is_its_moment),
		cmocka_unit_test(anything_else_is_an_error_with_examples),
		cmocka_unit_test(bytes_that_end_early_are_no_time),
		cmocka_unit_test(every_second_that_was_asked_for_is_held_once),
		cmocka_unit_test(an_hour_is_widened_by_less_than_an_hour),
		cmocka_unit_test(today_is_one_hash),
		cmocka_unit_test(days_stand_in_for_hours_that_have_gone),
		cmocka_unit_test(what_has_expired_is_cut_off),
		cmocka_unit_test(minutes_end_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
