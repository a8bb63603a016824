/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbatch_test.c - the bytes of a batch.  What the script does with them is shown by
 * tests/redis/test_flusher.py against a real Redis.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "counting/rbatch.h"

#define WHEN INT64_C(1795510800) /* 2026-11-24 09:00 UTC */

static const uint8_t seed[NAMEMAP_SEED_BYTES];

static void
add(struct tally *t, int64_t when, enum tally_counter c, int64_t n, size_t n_rcpt,
    const uint8_t (*rcpt)[HLL_ELEMENT_BYTES])
{
	struct tally_delta d = { .when = when,
		.campaign = { "news", 4, "News!", 5 },
		.n_rcpt = n_rcpt,
		.rcpt = rcpt };

	d.n[c] = n;
	assert_int_equal(tally_add(t, &d), 0);
}

/* The entry of news, freed by the caller. */
static struct tally_entry *
take_news(struct tally *t)
{
	struct tally_entry *e;

	while ((e = tally_take(t)) != NULL && strcmp(e->campaign.name, "news") != 0)
		tally_entry_free(e);
	assert_non_null(e);
	return e;
}

static void
assert_args(struct rargs *a, const char *const *want, size_t n)
{
	assert_int_equal(rargs_finish(a), 0);
	for (size_t i = 0; i < n && i < a->n; i++) {
		assert_int_equal(a->lens[i], strlen(want[i]));
		assert_memory_equal(a->argv[i], want[i], a->lens[i]);
	}
	assert_int_equal(a->n, n);
}

static void
a_batch_has_total_hour_and_day_and_only_counters_that_moved(void **state)
{
	static const uint8_t rcpt[1][HLL_ELEMENT_BYTES] = { "sixteen bytes .." };
	static const char *const want[] = { "EVALSHA", "5ha", "5", "mm:{news}:total",
		"mm:{news}:rcpt", "mm:{news}:sketch", "mm:{news}:h:2026112409",
		"mm:{news}:d:20261124", "~me", "7", "9", "News!", "1795510800",
		"1795510860", "34560000", "1", "sixteen bytes ..", "0", "2", "messages",
		"1", "rejected", "4", "1798538400", "2", "messages", "1", "rejected",
		"4", "1830124800", "2", "messages", "1", "rejected", "4" };
	struct tally *t = tally_new(10, 10, seed);
	struct tally_entry *e;
	struct rargs a;

	(void)state;
	rargs_init(&a, 1 << 20);
	add(t, WHEN, TALLY_MESSAGES, 1, 1, rcpt);
	add(t, WHEN + 60, TALLY_REJECTED, 4, 0, NULL);
	e = take_news(t);
	assert_false(rbatch_is_empty(e));
	rbatch_build(&a, "5ha", "mm", "me", e, 7, 9);
	assert_args(&a, want, sizeof want / sizeof want[0]);
	tally_entry_free(e);
	tally_free(t);
	rargs_fini(&a);
}

static void
hours_of_one_day_make_one_day(void **state)
{
	static const char *const keys[] = { "8", "mm:{news}:total", "mm:{news}:rcpt",
		"mm:{news}:sketch", "mm:{news}:h:2026112409", "mm:{news}:h:2026112423",
		"mm:{news}:h:2026112500", "mm:{news}:d:20261124",
		"mm:{news}:d:20261125" };
	struct tally *t = tally_new(10, 10, seed);
	struct tally_entry *e;
	struct rargs a;

	(void)state;
	rargs_init(&a, 1 << 20);
	add(t, WHEN, TALLY_MESSAGES, 1, 0, NULL);
	add(t, WHEN + 14 * 3600, TALLY_MESSAGES, 2, 0, NULL);
	add(t, WHEN + 15 * 3600, TALLY_MESSAGES, 4, 0, NULL);
	e = take_news(t);
	rbatch_build(&a, "sha", "mm", "me", e, 0, 1);
	assert_int_equal(rargs_finish(&a), 0);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		assert_int_equal(a.lens[2 + i], strlen(keys[i]));
		assert_memory_equal(a.argv[2 + i], keys[i], a.lens[2 + i]);
	}
	/* The last two values are those of the days. */
	assert_memory_equal(a.argv[a.n - 5], "3", 1);
	assert_memory_equal(a.argv[a.n - 1], "4", 1);
	tally_entry_free(e);
	tally_free(t);
	rargs_fini(&a);
}

static void
many_recipients_go_as_a_sketch(void **state)
{
	static uint8_t rcpt[100][HLL_ELEMENT_BYTES];
	struct tally *t = tally_new(10, 10, seed);
	struct tally_entry *e;
	struct rargs a;

	(void)state;
	for (uint8_t i = 0; i < 100; i++)
		rcpt[i][3] = i;
	rargs_init(&a, 1 << 20);
	add(t, WHEN, TALLY_MESSAGES, 1, 100, (const uint8_t(*)[HLL_ELEMENT_BYTES])rcpt);
	e = take_news(t);
	rbatch_build(&a, "sha", "mm", "me", e, 0, 1);
	assert_int_equal(rargs_finish(&a), 0);
	assert_memory_equal(a.argv[15], "-1", 2);
	assert_int_equal(a.lens[16], HLL_DENSE_BYTES);
	assert_memory_equal(a.argv[16], "HYLL", 4);
	assert_true(rbatch_estimate(e) > HLL_DENSE_BYTES);
	tally_entry_free(e);
	tally_free(t);
	rargs_fini(&a);
}

static void
a_batch_too_large_for_its_buffer_is_no_batch(void **state)
{
	struct tally *t = tally_new(10, 10, seed);
	struct tally_entry *e;
	struct rargs a;

	(void)state;
	rargs_init(&a, 100);
	add(t, WHEN, TALLY_MESSAGES, 1, 0, NULL);
	e = take_news(t);
	rbatch_build(&a, "sha", "mm", "me", e, 0, 1);
	assert_int_equal(rargs_finish(&a), -1);
	rargs_reset(&a);
	rargs_adds(&a, "PING");
	assert_int_equal(rargs_finish(&a), 0);
	tally_entry_free(e);
	tally_free(t);
	rargs_fini(&a);
}

static void
nothing_counted_is_an_empty_batch(void **state)
{
	struct tally *t = tally_new(10, 10, seed);
	struct tally_entry *e;

	(void)state;
	add(t, WHEN, TALLY_MESSAGES, 0, 0, NULL);
	e = take_news(t);
	assert_true(rbatch_is_empty(e));
	tally_entry_free(e);
	tally_free(t);
}

static void
the_list_takes_any_number_of_campaigns(void **state)
{
	static const char *const want_zadd[] = { "ZADD", "mm:campaigns", "GT", "12",
		"a", "34", "bc" };
	static const char *const want_hset[] = { "HSET", "mm:ids", "ca978112ca1bbdca",
		"a", "1e0bbd6c686ba050", "bc" };
	struct rargs zadd, hset;

	(void)state;
	rargs_init(&zadd, 1000);
	rargs_init(&hset, 1000);
	for (int round = 0; round < 2; round++) {
		rbatch_list_begin(&zadd, &hset, "mm");
		rbatch_list_add(&zadd, &hset, STR("a"), 12);
		rbatch_list_add(&zadd, &hset, STR("bc"), 34);
		assert_args(&zadd, want_zadd, 7);
		assert_args(&hset, want_hset, 6);
	}
	rargs_fini(&zadd);
	rargs_fini(&hset);
}

/* The script names the two fields itself. */
static void
the_script_and_the_header_agree_on_fields_that_are_no_counters(void **state)
{
	const char *script = rbatch_script();

	(void)state;
	assert_non_null(strstr(script, "'" RBATCH_TOMBSTONE "'"));
	assert_non_null(strstr(script, "'" RBATCH_FORGETS "'"));
	/* Comments and blank lines are for readers of the source. */
	assert_null(strstr(script, "--"));
	assert_null(strstr(script, "\n\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_batch_has_total_hour_and_day_and_only_counters_that_moved),
		cmocka_unit_test(hours_of_one_day_make_one_day),
		cmocka_unit_test(many_recipients_go_as_a_sketch),
		cmocka_unit_test(a_batch_too_large_for_its_buffer_is_no_batch),
		cmocka_unit_test(nothing_counted_is_an_empty_batch),
		cmocka_unit_test(the_list_takes_any_number_of_campaigns),
		cmocka_unit_test(
		    the_script_and_the_header_agree_on_fields_that_are_no_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
