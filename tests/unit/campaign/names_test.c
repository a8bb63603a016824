/* SPDX-License-Identifier: BSD-2-Clause */
/* names_test.c - the daily cap on new names, over midnights, restarts and odd clocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "campaign/names.h"

#define DAY INT64_C(86400)
#define TODAY INT64_C(20000)

static const uint8_t seed[NAMEMAP_SEED_BYTES];

static bool
admit(struct names *n, const char *name, int64_t day)
{
	return names_admit(n, str_of(name), day * DAY + 5);
}

static void
so_many_new_names_a_day_and_no_more(void **state)
{
	struct names *n = names_new(seed, 2);

	(void)state;
	assert_true(admit(n, "a", TODAY));
	assert_true(admit(n, "b", TODAY));
	assert_false(admit(n, "c", TODAY));
	assert_true(admit(n, "a", TODAY));
	assert_true(admit(n, "none", TODAY));
	assert_true(admit(n, "_all", TODAY));
	assert_true(admit(n, "c", TODAY + 1));
	assert_true(admit(n, "d", TODAY + 1));
	assert_false(admit(n, "e", TODAY + 1));
	assert_int_equal(names_count(n), 4);
	names_free(n);
}

/* What is written down and read back, as store_write.c and store_load.c do it. */
static struct names *
restarted(struct names *n, uint32_t max)
{
	struct names *again = names_new(seed, max);

	for (const struct name *k = names_oldest(n); k != NULL; k = k->newer)
		assert_int_equal(
		    names_learn(again, k->link.name, k->first_day, k->last_day), 0);
	assert_int_equal(names_count(again), names_count(n));
	names_free(n);
	return again;
}

static void
a_restart_gives_no_second_allowance(void **state)
{
	struct names *n = names_new(seed, 3);

	(void)state;
	admit(n, "old", TODAY - 1);
	admit(n, "a", TODAY);
	admit(n, "b", TODAY);
	n = restarted(n, 3);
	assert_true(admit(n, "c", TODAY));
	assert_false(admit(n, "d", TODAY));
	assert_true(admit(n, "old", TODAY));
	n = restarted(n, 3);
	assert_false(admit(n, "d", TODAY));
	assert_true(admit(n, "d", TODAY + 1));
	names_free(n);
}

static void
the_clock_going_back_gives_no_second_allowance(void **state)
{
	struct names *n = names_new(seed, 1);

	(void)state;
	assert_true(admit(n, "a", TODAY));
	assert_true(admit(n, "b", TODAY + 1));
	assert_false(admit(n, "c", TODAY));
	assert_true(admit(n, "d", TODAY - 5));
	assert_false(admit(n, "e", TODAY - 5));
	assert_false(admit(n, "e", TODAY + 1));
	assert_false(admit(n, "f", TODAY + 1));
	names_free(n);
}

static void
each_name_is_told_once_as_unsaved(void **state)
{
	struct names *n = names_new(seed, 10);
	struct name *k;

	(void)state;
	assert_null(names_unsaved(n));
	admit(n, "a", TODAY);
	admit(n, "b", TODAY);
	admit(n, "a", TODAY);
	k = names_unsaved(n);
	assert_true(str_eq(k->link.name, STR("a")));
	admit(n, "c", TODAY);
	assert_true(str_eq(names_unsaved(n)->link.name, STR("b")));
	assert_true(str_eq(names_unsaved(n)->link.name, STR("c")));
	assert_null(names_unsaved(n));
	admit(n, "d", TODAY);
	assert_true(str_eq(names_unsaved(n)->link.name, STR("d")));
	names_free(n);
}

/* What is told as unsaved is all that a restart knows. */
static void
a_name_in_daily_use_is_known_after_a_restart(void **state)
{
	struct names *n = names_new(seed, 1), *disk = names_new(seed, 1);
	struct name *k;

	(void)state;
	for (int64_t day = TODAY; day <= TODAY + 20; day++) {
		assert_true(admit(n, "a", day));
		assert_true(admit(n, "a", day));
		k = names_unsaved(n);
		assert_non_null(k);
		assert_null(names_unsaved(n));
		assert_int_equal(
		    names_learn(disk, k->link.name, k->first_day, k->last_day), 0);
	}
	names_expire(disk, TODAY + 20);
	disk = restarted(disk, 1);
	assert_int_equal(names_count(disk), 1);
	assert_true(admit(disk, "b", TODAY + 20));
	assert_true(admit(disk, "a", TODAY + 20));
	names_free(disk);
	names_free(n);
}

static void
what_is_not_used_for_a_week_goes(void **state)
{
	struct names *n = names_new(seed, 100);

	(void)state;
	admit(n, "a", TODAY);
	admit(n, "b", TODAY);
	while (names_unsaved(n) != NULL)
		;
	admit(n, "a", TODAY + 5);
	assert_non_null(names_unsaved(n));
	names_expire(n, TODAY + 7);
	assert_int_equal(names_count(n), 2);
	names_expire(n, TODAY + 8);
	assert_int_equal(names_count(n), 1);
	admit(n, "x", TODAY + 13);
	assert_int_equal(names_count(n), 1); /* a is gone, x is there */
	names_free(n);
}

/* The list stays in order of last use whatever the clock does; the sanitizers watch. */
static void
thousands_of_names_in_any_order_stay_in_order(void **state)
{
	struct names *n = names_new(seed, 1000000);
	const struct name *k;
	uint32_t x = 7;
	char name[16];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		x = x * 1664525 + 1013904223;
		snprintf(name, sizeof name, "n%u", x >> 8 & 0xfff);
		admit(n, name, TODAY + (x >> 20 & 3) - (x >> 24 & 3));
	}
	k = names_oldest(n);
	for (; k->newer != NULL; k = k->newer)
		assert_true(k->last_day <= k->newer->last_day);
	names_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_new_names_a_day_and_no_more),
		cmocka_unit_test(a_restart_gives_no_second_allowance),
		cmocka_unit_test(the_clock_going_back_gives_no_second_allowance),
		cmocka_unit_test(each_name_is_told_once_as_unsaved),
		cmocka_unit_test(a_name_in_daily_use_is_known_after_a_restart),
		cmocka_unit_test(what_is_not_used_for_a_week_goes),
		cmocka_unit_test(thousands_of_names_in_any_order_stay_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
