/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate_test.c - counting in, counting out, and the wait for the last one.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <unistd.h>

#include "daemon/gate.h"
#include "system/clock.h"

#define THREADS 8
#define ROUNDS 20000

static void
an_open_gate_counts(void **state)
{
	struct gate g;

	(void)state;
	assert_int_equal(gate_init(&g), 0);
	assert_true(gate_wait_empty(&g, 0));
	assert_true(gate_enter(&g));
	assert_true(gate_enter(&g));
	assert_int_equal(gate_inside(&g), 2);
	gate_leave(&g);
	assert_int_equal(gate_inside(&g), 1);
	assert_false(gate_wait_empty(&g, 0));
	gate_leave(&g);
	assert_true(gate_wait_empty(&g, 0));
	gate_fini(&g);
}

static void
a_closed_gate_refuses_and_lets_out(void **state)
{
	struct gate g;

	(void)state;
	assert_int_equal(gate_init(&g), 0);
	assert_true(gate_enter(&g));
	gate_close(&g);
	assert_false(gate_enter(&g));
	assert_int_equal(gate_inside(&g), 1);
	gate_leave(&g);
	assert_int_equal(gate_inside(&g), 0);
	assert_false(gate_enter(&g));
	gate_fini(&g);
}

static void
waiting_ends_at_the_deadline(void **state)
{
	struct gate g;
	int64_t begin;

	(void)state;
	assert_int_equal(gate_init(&g), 0);
	assert_true(gate_enter(&g));
	begin = clock_mono_ms();
	assert_false(gate_wait_empty(&g, 80));
	assert_in_range(clock_mono_ms() - begin, 79, 10000);
	gate_leave(&g);
	gate_fini(&g);
}

static void *
leave_later(void *arg)
{
	usleep(50000);
	gate_leave(arg);
	return NULL;
}

static void
the_last_one_wakes_who_waits(void **state)
{
	struct gate g;
	pthread_t t;
	int64_t begin;

	(void)state;
	assert_int_equal(gate_init(&g), 0);
	assert_true(gate_enter(&g));
	gate_close(&g);
	begin = clock_mono_ms();
	assert_int_equal(pthread_create(&t, NULL, leave_later, &g), 0);
	assert_true(gate_wait_empty(&g, 20000));
	assert_true(clock_mono_ms() - begin < 10000);
	pthread_join(t, NULL);
	gate_fini(&g);
}

struct crowd {
	struct gate gate;
	atomic_size_t entered, refused;
};

static void *
go_in_and_out(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (!gate_enter(&c->gate)) {
			atomic_fetch_add(&c->refused, 1);
			continue;
		}
		atomic_fetch_add(&c->entered, 1);
		gate_leave(&c->gate);
	}
	return NULL;
}

static void
many_threads_and_a_stop_lose_nobody(void **state)
{
	struct crowd c = { 0 };
	pthread_t t[THREADS];
	size_t at_close;

	(void)state;
	assert_int_equal(gate_init(&c.gate), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, go_in_and_out, &c), 0);
	while (atomic_load(&c.entered) < ROUNDS)
		usleep(100);
	gate_close(&c.gate);
	assert_true(gate_wait_empty(&c.gate, 10000));
	/* Nobody is inside, and nobody gets in any more. */
	assert_int_equal(gate_inside(&c.gate), 0);
	at_close = atomic_load(&c.entered);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_true(atomic_load(&c.entered) - at_close <= THREADS);
	assert_int_equal(c.entered + c.refused, (size_t)THREADS * ROUNDS);
	assert_int_equal(gate_inside(&c.gate), 0);
	gate_fini(&c.gate);
}

static void
nothing_ends_well_once_it_is_shut(void **state)
{
	struct gate g;

	(void)state;
	assert_int_equal(gate_init(&g), 0);
	assert_true(gate_enter(&g));
	assert_true(gate_ending(&g));
	/* One is past its edits: its count is waited for, and no other begins. */
	assert_false(gate_shut(&g, 10));
	assert_false(gate_ending(&g));
	gate_ended(&g);
	assert_true(gate_shut(&g, 10));
	gate_leave(&g);
	gate_fini(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_gate_counts),
		cmocka_unit_test(a_closed_gate_refuses_and_lets_out),
		cmocka_unit_test(waiting_ends_at_the_deadline),
		cmocka_unit_test(the_last_one_wakes_who_waits),
		cmocka_unit_test(many_threads_and_a_stop_lose_nobody),
		cmocka_unit_test(nothing_ends_well_once_it_is_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
