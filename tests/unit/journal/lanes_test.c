/* SPDX-License-Identifier: BSD-2-Clause */
/* lanes_test.c - how a campaign's batches move, whatever Redis answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journal/lanes.h"

#define WHEN INT64_C(1795510800)
#define FIRST 1000

static const uint8_t seed[NAMEMAP_SEED_BYTES];
static const struct lanes_time now = { .mono_ms = 50000, .wall_ms = WHEN * 1000 };

struct set {
	struct lanes *lanes;
	struct tally *open, *rest;
};

static int
make(void **state)
{
	static struct set s;

	s.lanes = lanes_new(seed, FIRST);
	s.open = tally_new(100, 10, seed);
	s.rest = tally_new(100, 10, seed);
	*state = &s;
	if (s.lanes == NULL || s.open == NULL || s.rest == NULL)
		return -1;
	lanes_retain(s.lanes, 10000, 1 << 20);
	return 0;
}

static int
unmake(void **state)
{
	struct set *s = *state;

	lanes_free(s->lanes);
	tally_free(s->open);
	tally_free(s->rest);
	return 0;
}

static void
count(struct set *s, const char *name, int64_t when)
{
	struct tally_delta d = { .when = when };

	snprintf(d.campaign.name, sizeof d.campaign.name, "%s", name);
	d.campaign.len = strlen(name);
	d.n[TALLY_MESSAGES] = 1;
	assert_int_equal(tally_add(s->open, &d), 0);
}

static void
save(struct set *s)
{
	struct lane *lane = NULL;

	while ((lane = lanes_each(s->lanes, lane)) != NULL)
		for (struct batch *b = lane->at; b != NULL; b = b->next)
			b->unsaved = b->renumbered = false;
}

static void
seal(struct set *s)
{
	assert_int_equal(lanes_seal(s->lanes, s->open, s->rest, false, now), 0);
	save(s);
}

static struct lane *
find(struct set *s, const char *name)
{
	struct lane *lane = NULL;

	while ((lane = lanes_each(s->lanes, lane)) != NULL)
		if (str_eq(lane->link.name, str_of(name)))
			return lane;
	fail_msg("no lane %s", name);
	return NULL;
}

/* Count one message and seal; the lane of that name, whose batch is to be sent. */
static struct lane *
sealed(struct set *s, const char *name)
{
	struct lane *lane;

	count(s, name, WHEN);
	seal(s);
	lane = find(s, name);
	assert_non_null(lane->at);
	return lane;
}

static enum lane_news
answer(struct set *s, struct lane *lane, int64_t status, uint64_t applied)
{
	struct lane_gap gap;

	return lane_answer(s->lanes, lane, status, (int64_t)applied, now.mono_ms, &gap);
}

/* Three batches that Redis has acknowledged; their numbers. */
static struct lane *
with_history(struct set *s, uint64_t seq[3])
{
	struct lane *lane = NULL;

	for (int i = 0; i < 3; i++) {
		lane = sealed(s, "a");
		seq[i] = lane->at->seq;
		assert_int_equal(answer(s, lane, RBATCH_APPLIED, seq[i]), LANE_APPLIED);
		answer(s, find(s, "_all"), RBATCH_APPLIED, find(s, "_all")->at->seq);
	}
	return lane;
}

static size_t
retained(struct set *s)
{
	size_t bytes;

	return lanes_retained(s->lanes, &bytes);
}

static void
numbers_rise_over_all_lanes(void **state)
{
	struct set *s = *state;
	struct lane *lane = NULL;
	uint64_t sum = 0;
	size_t n = 0;

	count(s, "a", WHEN);
	count(s, "b", WHEN);
	seal(s);
	while ((lane = lanes_ready(s->lanes, lane, true, 1)) != NULL) {
		assert_in_range(lane->at->seq, FIRST, FIRST + 2);
		sum += lane->at->seq;
		n++;
	}
	assert_int_equal(n, 3);
	assert_int_equal(sum, 3 * FIRST + 3);
	assert_int_equal(lanes_pending(s->lanes), 3);
	assert_int_equal(lanes_next_seq(s->lanes), FIRST + 3);
}

static void
what_is_not_written_down_is_not_sent(void **state)
{
	struct set *s = *state;

	count(s, "a", WHEN);
	assert_int_equal(lanes_seal(s->lanes, s->open, s->rest, false, now), 0);
	assert_null(lanes_ready(s->lanes, NULL, false, 1));
	save(s);
	assert_non_null(lanes_ready(s->lanes, NULL, false, 1));
}

static void
a_batch_holds_what_was_counted(void **state)
{
	struct set *s = *state;
	struct tally_weight w = { 0, 0 };
	struct tally_entry *e;

	count(s, "a", WHEN + 7200);
	e = lanes_entry(s->lanes, sealed(s, "a")->at);
	assert_string_equal(e->campaign.name, "a");
	assert_int_equal(e->hours->n[TALLY_MESSAGES], 1);
	assert_int_equal(e->hours->next->n[TALLY_MESSAGES], 1);
	tally_entry_free(e);
	lanes_weigh(s->lanes, &w);
	assert_int_equal(tally_weight_messages(&w), 2);
	assert_int_equal(lanes_oldest_ms(s->lanes), WHEN * 1000);
}

static void
a_busy_lane_takes_no_second_batch(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	const struct batch *first = lane->at;
	struct tally_weight w = { 0, 0 };

	assert_true(lanes_busy(s->lanes, STR("a")));
	assert_false(lanes_busy(s->lanes, STR("b")));
	count(s, "a", WHEN);
	seal(s);
	assert_ptr_equal(lane->at, first);
	assert_null(first->next);
	assert_int_equal(tally_entries(s->rest), 2);
	lanes_weigh(s->lanes, &w);
	assert_int_equal(tally_weight_messages(&w), 1);
}

static void
applied_frees_the_lane_and_is_the_next_ones_prev(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	uint64_t seq = lane->at->seq;

	assert_int_equal(lane->acked, 0);
	lane->doubt = true;
	assert_int_equal(lanes_in_doubt(s->lanes), 1);
	assert_int_equal(answer(s, lane, RBATCH_APPLIED, seq), LANE_APPLIED);
	assert_null(lane->at);
	assert_int_equal(lanes_in_doubt(s->lanes), 0);
	assert_int_equal(lane->acked, seq);
	assert_ptr_equal(sealed(s, "a"), lane);
	assert_true(lane->at->seq > seq);
	assert_int_equal(lane->at->prev, seq);
}

static void
its_own_number_again_means_it_was_applied(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	uint64_t seq = lane->at->seq;

	lane->doubt = true;
	assert_int_equal(answer(s, lane, RBATCH_OLD, seq), LANE_DUPLICATE);
	assert_null(lane->at);
	assert_int_equal(lane->acked, seq);
	assert_int_equal(retained(s), 1);
}

static void
a_higher_number_makes_a_new_batch_number_anew_well_above(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	uint64_t next;

	lane->acked = 5;
	assert_int_equal(answer(s, lane, RBATCH_OLD, 90000), LANE_AHEAD);
	assert_non_null(lane->at);
	assert_true(lane->at->unsaved);
	assert_true(lane->at->renumbered);
	assert_int_equal(lane->acked, 0);
	assert_true(lane->at->seq > 90000 + 1000);
	next = lane->at->seq;
	assert_true(sealed(s, "b")->at->seq > next);
}

static void
a_higher_number_means_that_a_batch_from_disk_was_counted(void **state)
{
	struct set *s = *state;
	struct lane *lane;

	count(s, "a", WHEN);
	assert_int_equal(lanes_seal(s->lanes, s->open, s->rest, true, now), 0);
	save(s);
	lane = find(s, "a");
	assert_int_equal(answer(s, lane, RBATCH_OLD, 90000), LANE_OVERTAKEN);
	assert_null(lane->at);
	assert_null(lane->first);
	assert_true(lanes_next_seq(s->lanes) > 90000);
}

static void
lost_data_goes_back_to_the_first_batch_redis_has_not(void **state)
{
	struct set *s = *state;
	struct lane_gap gap;
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	sealed(s, "a");
	lane->unlisted = false;
	assert_int_equal(lane_answer(s->lanes, lane, RBATCH_LOST, (int64_t)seq[0],
			     now.mono_ms, &gap),
	    LANE_LOST);
	assert_int_equal(gap.again, 2);
	assert_false(gap.beyond);
	assert_int_equal(lane->at->seq, seq[1]);
	assert_int_equal(lane->acked, seq[0]);
	assert_true(lane->unlisted);
	/* In order, each after the one before it, then the one that was under way. */
	assert_int_equal(answer(s, lane, RBATCH_APPLIED, seq[1]), LANE_RESTORED);
	assert_int_equal(lane->at->seq, seq[2]);
	assert_int_equal(lane->acked, seq[1]);
	assert_int_equal(answer(s, lane, RBATCH_APPLIED, seq[2]), LANE_RESTORED);
	assert_int_equal(answer(s, lane, RBATCH_APPLIED, lane->at->seq), LANE_APPLIED);
	assert_null(lane->at);
}

static void
an_answer_lost_on_the_way_back_moves_to_where_redis_is(void **state)
{
	struct set *s = *state;
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	sealed(s, "a");
	assert_int_equal(answer(s, lane, RBATCH_LOST, 0), LANE_LOST);
	assert_int_equal(lane->at->seq, seq[0]);
	/* It and the next were applied, and their answers lost. */
	assert_int_equal(answer(s, lane, RBATCH_OLD, seq[1]), LANE_DUPLICATE);
	assert_int_equal(lane->at->seq, seq[2]);
	assert_int_equal(lane->acked, seq[1]);
	/* And lost again. */
	assert_int_equal(answer(s, lane, RBATCH_LOST, 0), LANE_LOST);
	assert_int_equal(lane->at->seq, seq[0]);
}

static void
what_is_lost_beyond_retention_is_told(void **state)
{
	struct set *s = *state;
	struct lane_gap gap;
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	lanes_expire(s->lanes, now.mono_ms + 10001);
	assert_int_equal(retained(s), 0);
	sealed(s, "a");
	lane_answer(s->lanes, lane, RBATCH_LOST, (int64_t)seq[1], now.mono_ms, &gap);
	assert_true(gap.beyond);
	assert_int_equal(gap.again, 0);
	assert_int_equal(lane->acked, seq[1]);
	assert_int_equal(answer(s, lane, RBATCH_APPLIED, lane->at->seq), LANE_APPLIED);
	/* From then on nothing older is missed again. */
	lanes_verify(s->lanes, false);
	lane_answer(s->lanes, lane, RBATCH_LOST, 0, now.mono_ms, &gap);
	assert_int_equal(gap.again, 1);
	assert_true(gap.beyond);
}

static void
verifying_sends_the_last_batch_again_and_settles(void **state)
{
	struct set *s = *state;
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	lanes_verify(s->lanes, true);
	assert_null(lane->at);
	lanes_verify(s->lanes, false);
	assert_int_equal(lane->at->seq, seq[2]);
	assert_int_equal(lane->acked, seq[1]);
	assert_int_equal(lanes_pending(s->lanes), 0);
	assert_int_equal(answer(s, lane, RBATCH_OLD, seq[2]), LANE_VERIFIED);
	assert_null(lane->at);
	assert_int_equal(lane->acked, seq[2]);
	/* Only the last one was lost. */
	lanes_verify(s->lanes, false);
	assert_int_equal(answer(s, lane, RBATCH_APPLIED, seq[2]), LANE_RESTORED);
	assert_int_equal(retained(s), 6);
}

static void
retention_ends_by_time_and_by_bytes_oldest_first(void **state)
{
	struct set *s = *state;
	struct lane *lane;
	uint64_t seq[3];
	size_t bytes;

	lane = with_history(s, seq);
	assert_int_equal(lanes_retained(s->lanes, &bytes), 6);
	lanes_expire(s->lanes, now.mono_ms + 10000);
	assert_int_equal(retained(s), 6);
	lanes_retain(s->lanes, 10000, bytes - 1);
	lanes_expire(s->lanes, now.mono_ms);
	assert_int_equal(retained(s), 5);
	assert_int_equal(lane->first->seq, seq[1]);
	lanes_retain(s->lanes, 0, 0);
	lanes_expire(s->lanes, now.mono_ms);
	assert_int_equal(retained(s), 0);
	assert_int_equal(lane->acked, seq[2]);
}

static void
forgotten_drops_what_is_older_and_rebased_starts_anew(void **state)
{
	struct set *s = *state;
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	sealed(s, "a");
	assert_int_equal(answer(s, lane, RBATCH_FORGOTTEN, WHEN), LANE_FORGOTTEN);
	assert_null(lane->first);
	assert_int_equal(lane->acked, 0);
	with_history(s, seq);
	sealed(s, "a");
	assert_int_equal(answer(s, lane, RBATCH_REBASED, lane->at->seq), LANE_APPLIED);
	assert_ptr_equal(lane->first, lane->last);
}

static void
nonsense_leaves_it_in_doubt(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");

	lane->doubt = true;
	assert_int_equal(answer(s, lane, 7, 7), LANE_NONSENSE);
	assert_non_null(lane->at);
	assert_true(lane->doubt);
}

static void
a_held_lane_waits_and_others_do_not(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a"), *at = NULL;
	size_t n = 0;

	lane->held_until_ms = 50;
	while ((at = lanes_ready(s->lanes, at, true, 49)) != NULL) {
		assert_ptr_not_equal(at, lane);
		n++;
	}
	assert_int_equal(n, 1);
	assert_non_null(lanes_ready(s->lanes, NULL, true, 50));
	lanes_unhold(s->lanes);
	assert_int_equal(lane->held_until_ms, 0);
}

static void
all_is_never_listed_and_a_listed_lane_is_idle(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a"), *all = find(s, "_all");

	assert_true(lane->unlisted);
	assert_false(all->unlisted);
	assert_int_equal(lane->last_seen, WHEN);
	answer(s, lane, RBATCH_APPLIED, lane->at->seq);
	answer(s, all, RBATCH_APPLIED, all->at->seq);
	assert_ptr_equal(lanes_ready(s->lanes, NULL, true, 1), lane);
	assert_null(lanes_ready(s->lanes, NULL, false, 1));
	lane->unlisted = false;
	assert_null(lanes_ready(s->lanes, NULL, true, 1));
}

static void
only_idle_lanes_are_forgotten(void **state)
{
	struct set *s = *state;
	uint64_t seq[3];

	with_history(s, seq)->unlisted = false;
	lanes_forget(s->lanes, INT64_MAX);
	assert_non_null(find(s, "a"));
	lanes_retain(s->lanes, 0, 0);
	lanes_expire(s->lanes, now.mono_ms);
	lanes_forget(s->lanes, now.mono_ms);
	assert_non_null(find(s, "a"));
	lanes_forget(s->lanes, now.mono_ms + 1);
	assert_int_equal(sealed(s, "a")->acked, 0);
}

static void
another_redis_knows_nothing_of_us(void **state)
{
	struct set *s = *state;
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	sealed(s, "a");
	lane->doubt = true;
	lane->held_until_ms = 1000;
	lanes_moved(s->lanes);
	assert_int_equal(lane->acked, 0);
	assert_int_equal(lane->at->prev, 0);
	assert_false(lane->doubt);
	assert_ptr_equal(lane->first, lane->at);
	assert_int_equal(retained(s), 0);
	assert_non_null(lanes_ready(s->lanes, NULL, true, 1));
}

/* As a ledger is read back. */
static void
batches_come_back_as_they_were(void **state)
{
	struct set *s = *state;
	struct lanes *again = lanes_new(seed, 1);
	struct lane *lane;
	uint64_t seq[3];

	lane = with_history(s, seq);
	sealed(s, "a");
	for (const struct batch *b = lane->first; b != NULL; b = b->next) {
		struct tally_entry *e = lanes_entry(s->lanes, b);

		assert_non_null(
		    lanes_restore(again, e, b->seq, b->prev, b->acked, now));
		tally_entry_free(e);
	}
	assert_int_equal(lanes_next_seq(again), lane->last->seq + 1);
	assert_int_equal(lanes_pending(again), 1);
	lane = lanes_ready(again, NULL, false, 1);
	assert_non_null(lane);
	assert_int_equal(lane->acked, seq[2]);
	assert_int_equal(lane->first->seq, seq[0]);
	lanes_acknowledge(again, lane->at->seq, &lane->at->seq, 1, 1);
	assert_non_null(lane->at);
	lanes_acknowledge(again, lane->at->seq, NULL, 0, 1);
	assert_null(lane->at);
	assert_int_equal(lanes_pending(again), 0);
	lanes_drop(again, STR("a"), lane->last->seq - 1);
	assert_ptr_equal(lane->first, lane->last);
	lanes_drop(again, STR("a"), UINT64_MAX);
	assert_null(lane->first);
	lanes_free(again);
}

#define LANE_TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LANE_TEST(numbers_rise_over_all_lanes),
		LANE_TEST(what_is_not_written_down_is_not_sent),
		LANE_TEST(a_batch_holds_what_was_counted),
		LANE_TEST(a_busy_lane_takes_no_second_batch),
		LANE_TEST(applied_frees_the_lane_and_is_the_next_ones_prev),
		LANE_TEST(its_own_number_again_means_it_was_applied),
		LANE_TEST(a_higher_number_makes_a_new_batch_number_anew_well_above),
		LANE_TEST(a_higher_number_means_that_a_batch_from_disk_was_counted),
		LANE_TEST(lost_data_goes_back_to_the_first_batch_redis_has_not),
		LANE_TEST(an_answer_lost_on_the_way_back_moves_to_where_redis_is),
		LANE_TEST(what_is_lost_beyond_retention_is_told),
		LANE_TEST(verifying_sends_the_last_batch_again_and_settles),
		LANE_TEST(retention_ends_by_time_and_by_bytes_oldest_first),
		LANE_TEST(forgotten_drops_what_is_older_and_rebased_starts_anew),
		LANE_TEST(nonsense_leaves_it_in_doubt),
		LANE_TEST(a_held_lane_waits_and_others_do_not),
		LANE_TEST(all_is_never_listed_and_a_listed_lane_is_idle),
		LANE_TEST(only_idle_lanes_are_forgotten),
		LANE_TEST(another_redis_knows_nothing_of_us),
		LANE_TEST(batches_come_back_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
