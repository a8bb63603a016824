/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally_test.c - sums per campaign and hour, limits, merging, and memory running out.
 *
 * tally.c and hll.c are part of this file, so that their malloc() can fail when told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t allocations, fail_at; /* the fail_at-th from now on fails; 0: none */

static bool
must_fail(void)
{
	return fail_at != 0 && ++allocations >= fail_at;
}

static void *
test_alloc(size_t n, size_t size)
{
	return must_fail() ? NULL : calloc(n, size);
}

static void *
test_realloc2(void *p, size_t n)
{
	return must_fail() ? NULL : realloc(p, n);
}

#define calloc(n, size) test_alloc(n, size)
#define realloc(p, n) test_realloc2(p, n)
#include "counting/hll.c"
#include "counting/tally.c"
#undef calloc
#undef realloc

#define HOUR0 (WHEN / 3600)
#define WHEN INT64_C(1795510800) /* 2026-11-24 09:00 UTC */

static const uint8_t seed[NAMEMAP_SEED_BYTES] = "sixteen bytes..";

static struct tally_delta
delta(const char *name, int64_t when)
{
	struct tally_delta d = { .when = when };

	name_set(&d.campaign, str_of(name));
	d.n[TALLY_MESSAGES] = 1;
	d.n[TALLY_BYTES] = 100;
	return d;
}

static void
add(struct tally *t, const char *name, int64_t when)
{
	struct tally_delta d = delta(name, when);

	assert_int_equal(tally_add(t, &d), 0);
}

static const struct tally_entry *
entry(const struct tally *t, const char *name)
{
	const struct tally_entry *e = tally_first(t);

	while (e != NULL && strcmp(e->campaign.name, name) != 0)
		e = e->next;
	return e;
}

static int64_t
messages(const struct tally *t, const char *name)
{
	const struct tally_entry *e = entry(t, name);
	int64_t n = 0;

	for (const struct tally_hour *h = e == NULL ? NULL : e->hours; h != NULL;
	     h = h->next)
		n += h->n[TALLY_MESSAGES];
	return n;
}

static void
every_counter_has_its_own_name_and_is_found_by_it(void **state)
{
	char want[64];

	(void)state;
	for (size_t i = 0; i < TALLY_COUNTERS; i++) {
		assert_non_null(tally_counter_name(i));
		assert_int_equal(tally_counter_find(str_of(tally_counter_name(i))), i);
	}
	for (size_t i = 0; i < PROVIDERS; i++) {
		snprintf(want, sizeof want, "p:%s:recipients",
		    provider_name((enum provider)i));
		assert_string_equal(tally_counter_name(TALLY_PROVIDER(i)), want);
	}
	assert_int_equal(tally_counter_find(STR("name")), TALLY_COUNTERS);
	assert_int_equal(tally_counter_find(STR("")), TALLY_COUNTERS);
	assert_int_equal(tally_counter_find(STR("Messages")), TALLY_COUNTERS);
}

static void
a_delta_counts_under_its_campaign_and_under_all(void **state)
{
	struct tally *t = tally_new(10, 10, seed);

	(void)state;
	add(t, "news", WHEN);
	add(t, "news", WHEN + 10);
	add(t, "shop", WHEN - 3600);
	assert_int_equal(messages(t, "news"), 2);
	assert_int_equal(messages(t, "shop"), 1);
	assert_int_equal(messages(t, "_all"), 3);
	assert_int_equal(tally_entries(t), 3);
	assert_int_equal(entry(t, "news")->hours->first, WHEN);
	assert_int_equal(entry(t, "news")->hours->last, WHEN + 10);
	assert_null(entry(t, "news")->rcpt);
	tally_free(t);
}

static void
hours_stand_oldest_first_whatever_came_first(void **state)
{
	static const int order[] = { 3, 1, 4, 1, 5, 0, 2, 4 };
	struct tally *t = tally_new(10, 10, seed);
	const struct tally_hour *h;
	int64_t hour = HOUR0;

	(void)state;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		add(t, "news", WHEN + order[i] * 3600 + 59);
	for (h = entry(t, "news")->hours; h != NULL; h = h->next, hour++)
		assert_int_equal(h->hour, hour);
	assert_int_equal(hour, HOUR0 + 6);
	assert_int_equal(messages(t, "news"), 8);
	tally_free(t);
}

static void
one_campaign_too_many_counts_as_other(void **state)
{
	struct tally *t = tally_new(2, 10, seed);

	(void)state;
	add(t, "a", WHEN);
	add(t, "b", WHEN);
	add(t, "c", WHEN);
	add(t, "d", WHEN);
	add(t, "a", WHEN);
	assert_int_equal(messages(t, "a"), 2);
	assert_null(entry(t, "c"));
	assert_int_equal(messages(t, "_other"), 2);
	assert_int_equal(tally_crowded(t), 2);
	assert_string_equal(entry(t, "_other")->campaign.sent, "_other");
	assert_int_equal(messages(t, "_all"), 5);
	tally_free(t);
}

static void
one_hour_too_many_counts_in_the_newest(void **state)
{
	struct tally *t = tally_new(10, 2, seed);

	(void)state;
	add(t, "a", WHEN);
	add(t, "a", WHEN + 3600);
	add(t, "a", WHEN + 7200);
	add(t, "a", WHEN - 7200);
	assert_int_equal(entry(t, "a")->hours->n[TALLY_MESSAGES], 1);
	assert_int_equal(entry(t, "a")->hours->next->n[TALLY_MESSAGES], 3);
	assert_null(entry(t, "a")->hours->next->next);
	assert_int_equal(messages(t, "_all"), 4);
	tally_free(t);
}

static void
recipients_are_a_set_per_campaign(void **state)
{
	static const uint8_t rcpt[3][HLL_ELEMENT_BYTES] = { { 1 }, { 2 }, { 1 } };
	struct tally *t = tally_new(10, 10, seed);
	struct tally_delta d = delta("a", WHEN);

	(void)state;
	d.rcpt = rcpt;
	d.n_rcpt = 3;
	assert_int_equal(tally_add(t, &d), 0);
	d = delta("b", WHEN);
	d.rcpt = rcpt + 1;
	d.n_rcpt = 1;
	assert_int_equal(tally_add(t, &d), 0);
	assert_int_equal(hll_few(entry(t, "a")->rcpt), 2);
	assert_int_equal(hll_few(entry(t, "b")->rcpt), 1);
	assert_int_equal(hll_few(entry(t, "_all")->rcpt), 2);
	tally_free(t);
}

static void
taking_all_leaves_nothing(void **state)
{
	struct tally *t = tally_new(1000, 10, seed);
	struct tally_entry *e;
	char name[16];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "c%d", i);
		add(t, name, WHEN);
	}
	while ((e = tally_take(t)) != NULL) {
		assert_null(e->next);
		assert_null(entry(t, e->campaign.name));
		tally_entry_free(e);
		n++;
	}
	assert_int_equal(n, 301);
	assert_null(tally_first(t));
	add(t, "again", WHEN);
	assert_int_equal(messages(t, "again"), 1);
	tally_free(t);
	tally_free(NULL);
	tally_entry_free(NULL);
}

static void
merging_sums_and_empties_the_source(void **state)
{
	struct tally *a = tally_new(10, 10, seed), *b = tally_new(10, 10, seed);

	(void)state;
	add(a, "x", WHEN);
	add(a, "y", WHEN);
	add(b, "y", WHEN + 5);
	add(b, "y", WHEN + 3600);
	add(b, "z", WHEN);
	assert_int_equal(tally_merge(a, b), 0);
	assert_null(tally_first(b));
	assert_int_equal(messages(a, "x"), 1);
	assert_int_equal(messages(a, "y"), 3);
	assert_int_equal(messages(a, "z"), 1);
	assert_int_equal(messages(a, "_all"), 5);
	assert_int_equal(entry(a, "y")->hours->n[TALLY_MESSAGES], 2);
	assert_int_equal(entry(a, "y")->hours->last, WHEN + 5);
	add(a, "y", WHEN + 3601);
	assert_int_equal(entry(a, "y")->hours->next->n[TALLY_MESSAGES], 2);
	tally_free(a);
	tally_free(b);
}

static void
merging_keeps_the_limits(void **state)
{
	struct tally *a = tally_new(1, 1, seed), *b = tally_new(10, 10, seed);

	(void)state;
	add(a, "x", WHEN);
	add(b, "x", WHEN + 3600);
	add(b, "y", WHEN);
	add(b, "z", WHEN);
	assert_int_equal(tally_merge(a, b), 0);
	assert_int_equal(tally_entries(a), 3);
	assert_int_equal(messages(a, "x"), 2);
	assert_int_equal(messages(a, "_other"), 2);
	assert_int_equal(messages(a, "_all"), 4);
	assert_null(entry(a, "x")->hours->next);
	tally_free(a);
	tally_free(b);
}

static void
messages_are_weighed_once_and_refused_ones_too(void **state)
{
	struct tally *t = tally_new(10, 10, seed);
	struct tally_weight w = { 0, 0 };
	struct tally_delta d = delta("a", WHEN);

	(void)state;
	add(t, "a", WHEN);
	add(t, "b", WHEN);
	d.n[TALLY_MESSAGES] = 0;
	d.n[TALLY_REJECTED] = 1;
	assert_int_equal(tally_add(t, &d), 0);
	tally_weigh(&w, t);
	assert_int_equal(tally_weight_messages(&w), 3);
	tally_free(t);
}

/* The sums of all counters of all hours, to see whether anything has changed. */
static int64_t
fingerprint(const struct tally *t)
{
	int64_t sum = 0;

	for (const struct tally_entry *e = tally_first(t); e != NULL; e = e->next) {
		for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
			for (size_t i = 0; i < TALLY_COUNTERS; i++)
				sum += h->n[i];
		if (e->rcpt != NULL)
			sum += 1000000 * (int64_t)hll_few(e->rcpt);
	}
	return sum;
}

/* A delta of 70 recipients, the at-th allocation and all after it failing. */
static int
add_with_failure(size_t at)
{
	static uint8_t rcpt[70][HLL_ELEMENT_BYTES];
	struct tally *t = tally_new(10, 10, seed);
	struct tally_delta d = delta("fresh", WHEN);
	int64_t before;
	int result;

	for (uint8_t i = 0; i < 70; i++)
		rcpt[i][0] = i;
	d.rcpt = (const uint8_t(*)[HLL_ELEMENT_BYTES])rcpt;
	d.n_rcpt = 70;
	add(t, "old", WHEN - 7200);
	before = fingerprint(t);
	allocations = 0;
	fail_at = at;
	result = tally_add(t, &d);
	fail_at = 0;
	if (result == -1)
		assert_int_equal(fingerprint(t), before);
	/* What is left over is no obstacle later. */
	if (result == -1)
		assert_int_equal(tally_add(t, &d), 0);
	assert_int_equal(messages(t, "fresh"), 1);
	assert_int_equal(messages(t, "_all"), 2);
	assert_non_null(hll_dense(entry(t, "fresh")->rcpt));
	tally_free(t);
	return result;
}

static void
when_memory_runs_out_nothing_is_added(void **state)
{
	size_t at = 1;

	(void)state;
	while (add_with_failure(at) == -1)
		at++;
	assert_true(at > 8);
}

static void
when_memory_runs_out_a_merge_keeps_the_rest_in_its_source(void **state)
{
	static uint8_t rcpt[128][HLL_ELEMENT_BYTES];
	struct tally *a = tally_new(10, 10, seed), *b = tally_new(10, 10, seed);
	struct tally_delta d = delta("x", WHEN);

	(void)state;
	for (uint8_t i = 0; i < 128; i++)
		rcpt[i][0] = i;
	d.n_rcpt = 64;
	d.rcpt = (const uint8_t(*)[HLL_ELEMENT_BYTES])rcpt;
	assert_int_equal(tally_add(a, &d), 0);
	d.rcpt = (const uint8_t(*)[HLL_ELEMENT_BYTES])rcpt + 64;
	assert_int_equal(tally_add(b, &d), 0);
	allocations = 0;
	fail_at = 1;
	assert_int_equal(tally_merge(a, b), -1);
	fail_at = 0;
	assert_int_equal(messages(a, "_all") + messages(b, "_all"), 2);
	assert_int_equal(messages(a, "x") + messages(b, "x"), 2);
	assert_int_equal(tally_merge(a, b), 0);
	assert_int_equal(messages(a, "x"), 2);
	assert_non_null(hll_dense(entry(a, "x")->rcpt));
	tally_free(a);
	tally_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_has_its_own_name_and_is_found_by_it),
		cmocka_unit_test(a_delta_counts_under_its_campaign_and_under_all),
		cmocka_unit_test(hours_stand_oldest_first_whatever_came_first),
		cmocka_unit_test(one_campaign_too_many_counts_as_other),
		cmocka_unit_test(one_hour_too_many_counts_in_the_newest),
		cmocka_unit_test(recipients_are_a_set_per_campaign),
		cmocka_unit_test(taking_all_leaves_nothing),
		cmocka_unit_test(merging_sums_and_empties_the_source),
		cmocka_unit_test(merging_keeps_the_limits),
		cmocka_unit_test(messages_are_weighed_once_and_refused_ones_too),
		cmocka_unit_test(when_memory_runs_out_nothing_is_added),
		cmocka_unit_test(
		    when_memory_runs_out_a_merge_keeps_the_rest_in_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
