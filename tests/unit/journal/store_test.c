/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_test.c - what was counted survives any end of the store, and is counted once,
 * also if the ledger is cut at any byte, or a byte of it is flipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storelab.h"

/* Each look at a byte starts threads: ten times as much work for ThreadSanitizer. */
#ifdef __SANITIZE_THREAD__
# define EACH 13
#else
# define EACH 1
#endif

static void
what_is_counted_survives_an_end_at_every_stage(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	unsigned x = 1;

	(void)state;
	for (int life = 0; life < 60; life++) {
		struct life l = begin(dir);

		for (int step = 0; step < 6; step++) {
			unsigned c = (x = x * 1103515245 + 12345) >> 16 & (NAMES - 1);

			count(&l, c, 1 + c);
			want[c] += 1 + c;
			switch (x >> 20 & 3) {
			case 0:
				store_take(l.store); /* Redis away */
				break;
			case 1:
				flush(&l, &redis, (int)(x >> 24 & 7));
				break;
			case 2:
				flush(&l, &redis, 1000);
				break;
			default:
				store_tick(l.store);
				break;
			}
		}
		end(&l, life % 3 == 0);
	}
	{
		struct life l = begin(dir);

		flush_all(&l, &redis);
		end(&l, true);
	}
	assert_counts(&redis, want);
}

/*
 * Whatever had been sent was in the ledger before.  So it may be cut anywhere behind
 * that, as a crash does it, and all comes out once.
 */
static void
a_ledger_cut_at_any_byte_counts_all_once(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	off_t safe = prepare(&redis, want);

	(void)state;
	for (off_t cut = safe; cut <= ledger_size(); cut += EACH) {
		copy_dir(cut, -1);
		finish(redis, want);
	}
}

/* A flipped byte may cost what is in its record, and counts nothing twice. */
static void
a_flipped_byte_in_the_ledger_never_counts_twice(void **state)
{
	struct server before = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	off_t size;

	(void)state;
	prepare(&before, want);
	size = ledger_size();
	for (off_t at = 0; at < size; at += 3 * EACH) {
		struct server redis = before;
		struct life l;

		copy_dir(-1, at);
		l = begin(copy);
		flush_all(&l, &redis);
		end(&l, true);
		for (size_t i = 0; i < NAMES; i++) {
			assert_true(redis.messages[i] <= want[i]);
			assert_true(redis.messages[i] >= before.messages[i]);
		}
	}
}

/*
 * Sums that were written down before they went into a batch, which Redis has: where the
 * batch's record cannot be read, the sums must not come back.
 */
static void
a_flipped_byte_in_an_applied_batch_never_counts_twice(void **state)
{
	struct server before = { .messages = { 0 } };
	int64_t want[NAMES] = { 3, 2, 1 };
	struct life l = begin(dir);
	off_t size;

	(void)state;
	count(&l, 0, 3);
	count(&l, 1, 2);
	store_take(l.store); /* Redis is away */
	flush(&l, &before, 1000);
	count(&l, 2, 1);
	store_take(l.store);
	end(&l, false);
	size = ledger_size();
	for (off_t at = 0; at < size; at += EACH) {
		struct server redis = before;

		copy_dir(-1, at);
		l = begin(copy);
		flush_all(&l, &redis);
		end(&l, true);
		for (size_t i = 0; i < NAMES; i++)
			assert_true(redis.messages[i] <= want[i]);
	}
}

/* The batch of after the forgetting stays, whatever of before it went. */
static void
what_is_forgotten_stays_so_and_takes_no_more_with_it(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct lane *lane = NULL;
	struct life l = begin(dir);
	uint64_t first;

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	while ((lane = lanes_each(store_lanes(l.store), lane)) != NULL)
		if (place_of(lane) == 0)
			break;
	assert_non_null(lane);
	first = lane->first->seq;
	count(&l, 0, 5);
	flush(&l, &redis, 0); /* sealed, in doubt */
	assert_true(lane->last->seq > first);
	store_forgotten(l.store, lane->link.name, first);
	store_save(l.store);
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 6);
	assert_int_equal(redis.messages[NAMES], 6);
}

/* A number of ours is in Redis that we know nothing of; then the process ends. */
enum by { BY_SEAL, BY_TAKE, BY_SAVE };

static void
number_anew_and_end(enum by by)
{
	struct server redis = { .messages = { 0 } };
	struct lane *lane = NULL;
	struct life l = begin(dir);

	count(&l, 0, 1);
	count(&l, 1, 1);
	store_seal(l.store, false);
	while ((lane = lanes_each(store_lanes(l.store), lane)) != NULL)
		if (place_of(lane) == 0)
			redis.marker[0] = lane->at->seq + 1000;
	flush(&l, &redis, 1000); /* c0 is ahead: renumbered; the others are in */
	if (by == BY_SAVE)
		store_save(l.store);
	count(&l, 1, 1);
	if (by == BY_SEAL)
		store_seal(l.store, false);
	else if (by == BY_TAKE)
		store_take(l.store);
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[0], 1);
	count(&l, 0, 1);
	flush_all(&l, &redis);
	/* And Redis loses all: it comes back once. */
	redis = (struct server) { .messages = { 0 } };
	lanes_verify(store_lanes(l.store), false);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 2);
	assert_int_equal(redis.messages[1], 2);
	assert_int_equal(redis.messages[NAMES], 4);
	remove_tree(dir);
}

static void
a_batch_numbered_anew_is_counted_once_over_a_restart(void **state)
{
	(void)state;
	number_anew_and_end(BY_SEAL);
	number_anew_and_end(BY_TAKE);
	number_anew_and_end(BY_SAVE);
}

static void
a_journal_without_its_ledger_is_set_aside(void **state)
{
	struct server redis = { .messages = { 0 } }, before;
	int64_t want[NAMES] = { 0 };
	struct store_figures fig;
	char path[128];
	struct life l;

	(void)state;
	prepare(&redis, want);
	before = redis;
	copy_dir(-1, -1);
	snprintf(path, sizeof path, "%s/ledger", copy);
	assert_int_equal(unlink(path), 0);
	l = begin(copy);
	store_figures(l.store, &fig);
	assert_true(fig.damaged > 0);
	flush_all(&l, &redis);
	end(&l, true);
	assert_memory_equal(redis.messages, before.messages, sizeof redis.messages);
	snprintf(path, sizeof path, "%s/00000000.jnl.bad", copy);
	assert_int_equal(access(path, F_OK), 0);
}

static void
what_redis_loses_comes_back_over_a_restart(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct life l = begin(dir);

	(void)state;
	for (int i = 0; i < 5; i++) {
		count(&l, 0, 1);
		flush(&l, &redis, 1000);
	}
	end(&l, true);
	assert_int_equal(redis.messages[0], 5);
	redis = (struct server) { .messages = { 0 } };
	l = begin(dir);
	lanes_verify(store_lanes(l.store), false);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[0], 5);
	assert_int_equal(redis.messages[NAMES], 5);
	/* Another Redis is not filled up with what this one had. */
	redis = (struct server) { .messages = { 0 } };
	end(&l, true);
	l = begin(dir);
	store_place(l.store, "elsewhere");
	lanes_verify(store_lanes(l.store), false);
	count(&l, 0, 1);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 1);
}

static void
an_outage_costs_by_campaigns_and_not_by_messages(void **state)
{
	struct life l = begin(dir);
	struct store_figures fig;
	uint64_t most = 0;

	(void)state;
	for (int i = 0; i < 400; i++) {
		count(&l, (unsigned)i % NAMES, 500);
		store_tick(l.store);
		store_figures(l.store, &fig);
		if (fig.journal.bytes + fig.ledger_bytes > most)
			most = fig.journal.bytes + fig.ledger_bytes;
	}
	store_take(l.store);
	store_figures(l.store, &fig);
	print_message("# 200000 messages: at most %llu bytes on disk, ledger %llu\n",
	    (unsigned long long)most, (unsigned long long)fig.ledger_bytes);
	assert_int_equal(fig.pending, 200000);
	assert_true(fig.ledger_bytes < 200000);
	assert_true(most < 8 << 20);
	end(&l, false);
}

static void
names_of_the_day_are_known_after_a_restart(void **state)
{
	struct life l = begin(dir);

	(void)state;
	outbox_set_max_new_names(l.outbox, 3);
	for (unsigned i = 0; i < 3; i++)
		count(&l, i, 1);
	store_take(l.store);
	end(&l, false);
	for (int again = 0; again < 2; again++) {
		l = begin(dir);
		outbox_set_max_new_names(l.outbox, 3);
		count(&l, 0, 1);
		count(&l, 7, 1);
		assert_int_equal(outbox_renamed(l.outbox), 1);
		end(&l, again == 0);
	}
}

/* ==== more campaigns than may wait ==== */

/* What was open under its own name is not open as "_other" in a life with less room. */
static void
less_room_after_a_restart_counts_nothing_twice(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct life l = begin_with(dir, 8);
	struct lanes *lanes;
	struct lane *lane = NULL;

	(void)state;
	for (unsigned i = 0; i < NAMES; i++)
		count(&l, i, 1);
	store_take(l.store);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[NAMES], NAMES);
	end(&l, true);
	l = begin_with(dir, 2);
	lanes = store_lanes(l.store);
	store_seal(l.store, false);
	while ((lane = lanes_ready(lanes, lane, false, 1)) != NULL)
		fail_msg("%s would be sent again", lane->name);
	assert_true(store_is_empty(l.store));
	end(&l, true);
}

/* ==== no memory for what a seal leaves over ==== */

static atomic_bool no_memory;

struct tally *__real_tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES]);
struct tally *__wrap_tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES]);

struct tally *
__wrap_tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES])
{
	return no_memory && max_entries == SIZE_MAX
	    ? NULL
	    : __real_tally_new(max_entries, max_hours, seed);
}

static void
what_no_memory_keeps_from_being_sealed_survives_a_crash(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 2, 1 };
	struct life l = begin(dir);

	(void)state;
	count(&l, 1, 1);
	flush(&l, &redis, 1000);
	count(&l, 0, 2);
	no_memory = true;
	flush(&l, &redis, 1000);
	no_memory = false;
	assert_int_equal(redis.messages[0], 0);
	copy_dir(-1, -1);
	end(&l, false);
	finish(redis, want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(what_is_counted_survives_an_end_at_every_stage),
		IN_DIR(a_ledger_cut_at_any_byte_counts_all_once),
		IN_DIR(a_flipped_byte_in_the_ledger_never_counts_twice),
		IN_DIR(a_flipped_byte_in_an_applied_batch_never_counts_twice),
		IN_DIR(what_is_forgotten_stays_so_and_takes_no_more_with_it),
		IN_DIR(a_batch_numbered_anew_is_counted_once_over_a_restart),
		IN_DIR(a_journal_without_its_ledger_is_set_aside),
		IN_DIR(what_redis_loses_comes_back_over_a_restart),
		IN_DIR(an_outage_costs_by_campaigns_and_not_by_messages),
		IN_DIR(what_no_memory_keeps_from_being_sealed_survives_a_crash),
		IN_DIR(less_room_after_a_restart_counts_nothing_twice),
		IN_DIR(names_of_the_day_are_known_after_a_restart),
	};

	set_date_and_logger("store_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
