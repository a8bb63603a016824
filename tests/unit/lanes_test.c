/* SPDX-License-Identifier: BSD-2-Clause */
/* lanes_test.c - how a batch's number moves, whatever Redis answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/lanes.h"

#define WHEN INT64_C(1795510800)

static const uint8_t seed[NAMEMAP_SEED_BYTES];

struct set {
	struct lanes *lanes;
	struct tally *open, *rest;
};

static int
make(void **state)
{
	static struct set s;

	s.lanes = lanes_new(seed, 1000);
	s.open = tally_new(100, 10, seed);
	s.rest = tally_new(100, 10, seed);
	*state = &s;
	return s.lanes == NULL || s.open == NULL || s.rest == NULL ? -1 : 0;
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

/* Count one message and seal; the lane of that name. */
static struct lane *
sealed(struct set *s, const char *name)
{
	struct lane *lane = NULL;

	count(s, name, WHEN);
	assert_int_equal(lanes_seal(s->lanes, s->open, s->rest, 1), 0);
	while ((lane = lanes_ready(s->lanes, lane, true, 1)) != NULL)
		if (str_eq(lane->link.name, str_of(name)))
			return lane;
	fail_msg("no lane %s", name);
	return NULL;
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
	assert_int_equal(lanes_seal(s->lanes, s->open, s->rest, 1), 0);
	while ((lane = lanes_ready(s->lanes, lane, true, 1)) != NULL) {
		assert_in_range(lane->seq, 1000, 1002);
		sum += lane->seq;
		n++;
	}
	assert_int_equal(n, 3);
	assert_int_equal(sum, 3003);
	assert_int_equal(lanes_sealed(s->lanes), 3);
}

static void
a_busy_lane_takes_no_second_batch(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	const struct tally_entry *first = lane->sealed;
	struct tally_weight w = { 0, 0 };

	count(s, "a", WHEN);
	assert_int_equal(lanes_seal(s->lanes, s->open, s->rest, 1), 0);
	assert_ptr_equal(lane->sealed, first);
	assert_int_equal(tally_entries(s->rest), 2);
	lanes_weigh(s->lanes, &w);
	assert_int_equal(tally_weight_messages(&w), 1);
	tally_weigh(&w, s->rest);
	assert_int_equal(tally_weight_messages(&w), 2);
}

static void
applied_frees_the_lane_and_is_the_next_ones_prev(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	uint64_t seq = lane->seq;

	assert_int_equal(lane->acked, 0);
	lane->doubt = true;
	assert_int_equal(lanes_in_doubt(s->lanes), 1);
	assert_int_equal(lane_answer(s->lanes, lane, 1, (int64_t)seq), LANE_APPLIED);
	assert_null(lane->sealed);
	assert_int_equal(lanes_in_doubt(s->lanes), 0);
	assert_int_equal(lane->acked, seq);
	assert_ptr_equal(sealed(s, "a"), lane);
	assert_true(lane->seq > seq);
}

static void
its_own_number_again_means_it_was_applied(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");

	lane->doubt = true;
	assert_int_equal(
	    lane_answer(s->lanes, lane, 0, (int64_t)lane->seq), LANE_DUPLICATE);
	assert_null(lane->sealed);
	assert_int_equal(lane->acked, lane->seq);
}

static void
a_higher_number_makes_it_number_anew_well_above(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	uint64_t next;

	lane->acked = 5;
	assert_int_equal(lane_answer(s->lanes, lane, 0, 90000), LANE_AHEAD);
	assert_non_null(lane->sealed);
	assert_int_equal(lane->acked, 0);
	assert_true(lane->seq > 90000 + 1000);
	next = lane->seq;
	assert_true(sealed(s, "b")->seq > next);
}

static void
lost_data_makes_it_go_out_again_with_no_past(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");
	uint64_t seq = lane->seq;

	lane->acked = 900;
	lane->unlisted = false;
	lane->doubt = true;
	assert_int_equal(lane_answer(s->lanes, lane, -1, 3), LANE_LOST);
	assert_non_null(lane->sealed);
	assert_int_equal(lane->seq, seq);
	assert_int_equal(lane->acked, 0);
	assert_true(lane->unlisted);
	assert_false(lane->doubt);
}

static void
nonsense_leaves_it_in_doubt(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");

	lane->doubt = true;
	assert_int_equal(lane_answer(s->lanes, lane, 7, 7), LANE_NONSENSE);
	assert_non_null(lane->sealed);
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
	struct lane *lane = sealed(s, "a"), *all = sealed(s, "_all");

	assert_true(lane->unlisted);
	assert_false(all->unlisted);
	assert_int_equal(lane->last, WHEN);
	lane_answer(s->lanes, lane, 1, (int64_t)lane->seq);
	lane_answer(s->lanes, all, 1, (int64_t)all->seq);
	assert_ptr_equal(lanes_ready(s->lanes, NULL, true, 1), lane);
	assert_null(lanes_ready(s->lanes, NULL, false, 1));
	lane->unlisted = false;
	assert_null(lanes_ready(s->lanes, NULL, true, 1));
}

static void
only_idle_lanes_are_forgotten(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a"), *all = sealed(s, "_all");

	lanes_forget(s->lanes, 100);
	assert_int_equal(lanes_sealed(s->lanes), 2);
	lane_answer(s->lanes, lane, 1, (int64_t)lane->seq);
	lane_answer(s->lanes, all, 1, (int64_t)all->seq);
	lanes_forget(s->lanes, 100);
	assert_ptr_equal(lanes_ready(s->lanes, NULL, true, 1), lane);
	lane->unlisted = false;
	lanes_forget(s->lanes, 1);
	lanes_forget(s->lanes, 100);
	assert_int_equal(sealed(s, "a")->acked, 0);
}

static void
another_redis_knows_nothing_of_us(void **state)
{
	struct set *s = *state;
	struct lane *lane = sealed(s, "a");

	lane->acked = 7;
	lane->doubt = true;
	lane->held_until_ms = 1000;
	lanes_moved(s->lanes);
	assert_int_equal(lane->acked, 0);
	assert_false(lane->doubt);
	assert_non_null(lanes_ready(s->lanes, NULL, true, 1));
}

#define LANE_TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LANE_TEST(numbers_rise_over_all_lanes),
		LANE_TEST(a_busy_lane_takes_no_second_batch),
		LANE_TEST(applied_frees_the_lane_and_is_the_next_ones_prev),
		LANE_TEST(its_own_number_again_means_it_was_applied),
		LANE_TEST(a_higher_number_makes_it_number_anew_well_above),
		LANE_TEST(lost_data_makes_it_go_out_again_with_no_past),
		LANE_TEST(nonsense_leaves_it_in_doubt),
		LANE_TEST(a_held_lane_waits_and_others_do_not),
		LANE_TEST(all_is_never_listed_and_a_listed_lane_is_idle),
		LANE_TEST(only_idle_lanes_are_forgotten),
		LANE_TEST(another_redis_knows_nothing_of_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
