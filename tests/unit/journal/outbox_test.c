/* SPDX-License-Identifier: BSD-2-Clause */
/* outbox_test.c - several threads put, one takes; the daily cap on new names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "flush/counters.h"
#include "journal/outbox.h"

#define DAY INT64_C(86400)
#define WHEN (INT64_C(20000) * DAY)
#define THREADS 4
#define PUTS 20000

static int
put(struct outbox *o, const char *name, int64_t when)
{
	struct tally_delta d = { .when = when };
	struct tally_sink s = outbox_sink(o);

	snprintf(d.campaign.name, sizeof d.campaign.name, "%s", name);
	d.campaign.len = strlen(d.campaign.name);
	d.n[TALLY_MESSAGES] = 1;
	return s.put(s.self, &d);
}

static int64_t
messages(const struct tally *t, const char *name)
{
	int64_t n = 0;

	for (const struct tally_entry *e = tally_first(t); e != NULL; e = e->next) {
		if (strcmp(e->campaign.name, name) != 0)
			continue;
		for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
			n += h->n[TALLY_MESSAGES];
	}
	return n;
}

/* What is in the outbox now under that name; empties it. */
static int64_t
taken(struct outbox *o, const char *name)
{
	struct tally *t = outbox_take(o, NULL);
	int64_t n;

	if (t == NULL)
		return 0;
	n = messages(t, name);
	tally_free(t);
	return n;
}

static void
an_empty_outbox_gives_nothing(void **state)
{
	struct outbox *o = outbox_new(10, 10, 10);

	(void)state;
	assert_true(outbox_is_empty(o));
	assert_null(outbox_take(o, NULL));
	assert_int_equal(put(o, "a", WHEN), 0);
	assert_false(outbox_is_empty(o));
	assert_int_equal(taken(o, "a"), 1);
	assert_null(outbox_take(o, NULL));
	outbox_free(o);
	outbox_free(NULL);
}

/* The names of two days, however many there may be on one. */
static void
room_follows_what_may_come_new_on_a_day(void **state)
{
	static struct conf conf;
	static struct counters c;
	char err[64];

	(void)state;
	conf.campaign.max = 10;
	assert_int_equal(counters_init(&c, &conf, "p", true, err, sizeof err), 0);
	assert_int_equal(outbox_max_entries(c.outbox), 20000);
	outbox_free(c.outbox);
	conf.campaign.max = 1000000;
	assert_int_equal(counters_init(&c, &conf, "p", true, err, sizeof err), 0);
	assert_int_equal(outbox_max_entries(c.outbox), 2000000);
	outbox_free(c.outbox);
}

static void
more_campaigns_than_there_is_room_for_are_counted(void **state)
{
	struct outbox *o = outbox_new(2, 100, 100);

	(void)state;
	for (char name[] = "a"; name[0] <= 'd'; name[0]++)
		assert_int_equal(put(o, name, WHEN), 0);
	assert_int_equal(outbox_crowded(o), 2);
	assert_int_equal(taken(o, "_other"), 2);
	outbox_set_max_entries(o, 3);
	for (char name[] = "a"; name[0] <= 'd'; name[0]++)
		assert_int_equal(put(o, name, WHEN), 0);
	assert_int_equal(outbox_crowded(o), 3);
	assert_int_equal(outbox_renamed(o), 0);
	outbox_free(o);
}

static void
new_names_beyond_the_cap_count_as_other_until_midnight(void **state)
{
	struct outbox *o = outbox_new(100, 100, 2);
	struct tally *t;

	(void)state;
	put(o, "a", WHEN);
	put(o, "b", WHEN + 1);
	put(o, "c", WHEN + 2);
	put(o, "a", WHEN + 3);
	put(o, "none", WHEN + 4);
	put(o, "c", WHEN + DAY);
	t = outbox_take(o, NULL);
	assert_int_equal(messages(t, "a"), 2);
	assert_int_equal(messages(t, "b"), 1);
	assert_int_equal(messages(t, "none"), 1);
	assert_int_equal(messages(t, "c"), 1);
	assert_int_equal(messages(t, "_other"), 1);
	assert_int_equal(messages(t, "_all"), 6);
	assert_int_equal(outbox_renamed(o), 1);
	tally_free(t);
	outbox_free(o);
}

static void
a_clock_that_wavers_at_midnight_opens_no_second_budget(void **state)
{
	struct outbox *o = outbox_new(100, 100, 1);

	(void)state;
	put(o, "a", WHEN);
	put(o, "b", WHEN - 1);
	put(o, "c", WHEN);
	put(o, "d", WHEN - 1);
	assert_int_equal(taken(o, "_other"), 3);
	outbox_free(o);
}

static void
the_cap_can_change_and_be_nothing(void **state)
{
	struct outbox *o = outbox_new(100, 100, 0);

	(void)state;
	put(o, "a", WHEN);
	put(o, "none", WHEN);
	assert_int_equal(taken(o, "_other"), 1);
	outbox_set_max_new_names(o, 1);
	put(o, "a", WHEN);
	assert_int_equal(taken(o, "a"), 1);
	put(o, "b", WHEN);
	assert_int_equal(taken(o, "_other"), 1);
	outbox_free(o);
}

static void
count_name(void *arg, struct str name, int64_t first_day, int64_t last_day)
{
	assert_in_range(name.len, 1, 64);
	assert_int_equal(first_day, WHEN / DAY);
	assert_int_equal(last_day, WHEN / DAY);
	++*(int *)arg;
}

static void
a_name_is_new_again_after_a_week_without_use(void **state)
{
	struct outbox *o = outbox_new(100, 100, 2);
	int n = 0;

	(void)state;
	put(o, "weekly", WHEN);
	put(o, "once", WHEN);
	outbox_new_names(o, count_name, &n);
	assert_int_equal(n, 2);
	outbox_new_names(o, count_name, &n);
	assert_int_equal(n, 2);
	put(o, "weekly", WHEN + 7 * DAY);
	/* once is forgotten on the eighth day: it takes a place of that day's two. */
	put(o, "x", WHEN + 8 * DAY);
	put(o, "once", WHEN + 8 * DAY);
	put(o, "weekly", WHEN + 8 * DAY);
	assert_int_equal(taken(o, "_other"), 0);
	put(o, "y", WHEN + 8 * DAY);
	assert_int_equal(taken(o, "_other"), 1);
	outbox_free(o);
}

static void *
putter(void *arg)
{
	static const char *const names[] = { "a", "b", "c" };

	for (int i = 0; i < PUTS; i++)
		if (put(arg, names[i % 3], WHEN + i) != 0)
			return arg;
	return NULL;
}

static void
nothing_is_lost_between_threads_that_put_and_one_that_takes(void **state)
{
	struct outbox *o = outbox_new(10, 100, 10);
	struct tally *sum = outbox_empty_tally(o), *t;
	pthread_t threads[THREADS];
	void *failed;

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, putter, o), 0);
	for (int i = 0; i < 1000; i++)
		if ((t = outbox_take(o, NULL)) != NULL) {
			assert_int_equal(tally_merge(sum, t), 0);
			tally_free(t);
		}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	if ((t = outbox_take(o, NULL)) != NULL) {
		assert_int_equal(tally_merge(sum, t), 0);
		tally_free(t);
	}
	assert_int_equal(messages(sum, "_all"), THREADS * PUTS);
	assert_int_equal(messages(sum, "a") + messages(sum, "b") + messages(sum, "c"),
	    THREADS * PUTS);
	assert_int_equal(outbox_lost(o), 0);
	tally_free(sum);
	outbox_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_follows_what_may_come_new_on_a_day),
		cmocka_unit_test(more_campaigns_than_there_is_room_for_are_counted),
		cmocka_unit_test(an_empty_outbox_gives_nothing),
		cmocka_unit_test(
		    new_names_beyond_the_cap_count_as_other_until_midnight),
		cmocka_unit_test(
		    a_clock_that_wavers_at_midnight_opens_no_second_budget),
		cmocka_unit_test(the_cap_can_change_and_be_nothing),
		cmocka_unit_test(a_name_is_new_again_after_a_week_without_use),
		cmocka_unit_test(
		    nothing_is_lost_between_threads_that_put_and_one_that_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
