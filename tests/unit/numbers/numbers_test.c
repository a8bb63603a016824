/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers_test.c - the order of rows, and their rates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "numbers/numbers.h"

static void
add(struct numbers_rows *rows, const char *campaign, int64_t active, int64_t messages)
{
	struct numbers_row *row = rows_add(rows, campaign);

	assert_non_null(row);
	row->active = active;
	row->counts.n[TALLY_MESSAGES] = messages;
}

static void
sort(struct numbers_rows *rows, const char *key_name)
{
	struct numbers_key key;

	assert_int_equal(0, numbers_key_parse(key_name, &key));
	numbers_sort(rows, key);
}

static void
assert_order(
    const struct numbers_rows *rows, const char *a, const char *b, const char *c)
{
	assert_int_equal(3, rows->n);
	assert_string_equal(a, rows->v[0].campaign);
	assert_string_equal(b, rows->v[1].campaign);
	assert_string_equal(c, rows->v[2].campaign);
}

static void
a_key_is_a_counter_or_a_word(void **state)
{
	struct numbers_key key;

	(void)state;
	assert_int_equal(0, numbers_key_parse("bytes", &key));
	assert_int_equal(NUMBERS_KEY_COUNTER, key.kind);
	assert_int_equal(TALLY_BYTES, key.counter);
	assert_int_equal(0, numbers_key_parse("distinct", &key));
	assert_int_equal(NUMBERS_KEY_DISTINCT, key.kind);
	assert_int_equal(-1, numbers_key_parse("byte", &key));
	assert_int_equal(-1, numbers_key_parse("", &key));
}

static void
the_greatest_and_the_latest_come_first(void **state)
{
	struct numbers_rows rows = { 0 };

	(void)state;
	add(&rows, "spring", 100, 5);
	add(&rows, "autumn", 300, 5);
	add(&rows, "winter", 200, 9);
	sort(&rows, "messages");
	assert_order(&rows, "winter", "autumn", "spring");
	sort(&rows, "last");
	assert_order(&rows, "autumn", "winter", "spring");
	sort(&rows, "name");
	assert_order(&rows, "autumn", "spring", "winter");
	rows_fini(&rows);
}

static void
hours_of_one_campaign_stay_in_the_order_of_time(void **state)
{
	struct numbers_rows rows = { 0 };

	(void)state;
	for (int64_t hour = 3; hour > 0; hour--) {
		add(&rows, "autumn", 0, 7);
		rows.v[rows.n - 1].at =
		    (struct timespan) { hour * 3600, (hour + 1) * 3600 };
	}
	sort(&rows, "messages");
	for (size_t i = 0; i < rows.n; i++)
		assert_int_equal((i + 1) * 3600, rows.v[i].at.from);
	rows_fini(&rows);
}

static void
cut_rows_leave_the_first(void **state)
{
	struct numbers_rows rows = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++)
		add(&rows, i < 3 ? "first" : "more", 0, 0);
	rows_cut(&rows, 3);
	assert_order(&rows, "first", "first", "first");
	rows_cut(&rows, 10);
	assert_int_equal(3, rows.n);
	rows_fini(&rows);
	assert_int_equal(0, rows.n);
}

static void
a_rate_is_over_the_time_that_has_passed(void **state)
{
	const struct timespan whole = { 7200, 14400 };
	struct numbers_row row = { .counts.n[TALLY_MESSAGES] = 60 };

	(void)state;
	assert_true(numbers_rate(&row, &whole, 20000) == 0.5);
	/* Half of it is still to come. */
	assert_true(numbers_rate(&row, &whole, 10800) == 1.0);
	/* A row of an hour has its own time. */
	row.at = (struct timespan) { 7200, 10800 };
	assert_true(numbers_rate(&row, &whole, 20000) == 1.0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_a_counter_or_a_word),
		cmocka_unit_test(the_greatest_and_the_latest_come_first),
		cmocka_unit_test(hours_of_one_campaign_stay_in_the_order_of_time),
		cmocka_unit_test(cut_rows_leave_the_first),
		cmocka_unit_test(a_rate_is_over_the_time_that_has_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
