/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hll_test.c - few elements exactly, many as a sketch, merging in every combination.
 *
 * That Redis takes the sketch and gets the same registers from PFADD is shown by
 * tests/redis/test_hll.py against a real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting/hll.h"

static const uint8_t *
element(unsigned i)
{
	static uint8_t e[HLL_ELEMENT_BYTES];
	uint64_t x = i * 0x9e3779b97f4a7c15u + 1;

	for (size_t b = 0; b < sizeof e; b++) {
		x ^= x >> 31;
		x *= 0xbf58476d1ce4e5b9u;
		e[b] = (uint8_t)(x >> 56);
	}
	return e;
}

static struct hll *
with(unsigned from, unsigned to)
{
	struct hll *h = hll_new();

	assert_non_null(h);
	for (unsigned i = from; i < to; i++)
		assert_int_equal(hll_add(h, element(i)), 0);
	return h;
}

static void
assert_same_sketch(const struct hll *a, const struct hll *b)
{
	assert_non_null(hll_dense(a));
	assert_non_null(hll_dense(b));
	assert_memory_equal(hll_dense(a), hll_dense(b), HLL_DENSE_BYTES);
}

static void
few_elements_are_kept_once_each(void **state)
{
	struct hll *h = with(0, HLL_FEW);

	(void)state;
	for (unsigned i = 0; i < HLL_FEW; i++)
		assert_int_equal(hll_add(h, element(i)), 0);
	assert_int_equal(hll_few(h), HLL_FEW);
	assert_null(hll_dense(h));
	assert_memory_equal(hll_few_at(h, 5), element(5), HLL_ELEMENT_BYTES);
	hll_free(h);
}

static void
one_more_makes_it_a_sketch_with_the_header_of_redis(void **state)
{
	static const uint8_t head[16] = { 'H', 'Y', 'L', 'L', 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0x80 };
	struct hll *h = with(0, HLL_FEW + 1);

	(void)state;
	assert_int_equal(hll_few(h), 0);
	assert_non_null(hll_dense(h));
	assert_memory_equal(hll_dense(h), head, sizeof head);
	hll_free(h);
}

static void
order_and_repetition_do_not_matter(void **state)
{
	struct hll *a = with(0, 500), *b = hll_new();

	(void)state;
	for (unsigned i = 500; i > 0; i--) {
		assert_int_equal(hll_add(b, element(i - 1)), 0);
		assert_int_equal(hll_add(b, element(i - 1)), 0);
	}
	assert_same_sketch(a, b);
	hll_free(a);
	hll_free(b);
}

static void
merging_is_adding_whatever_the_forms(void **state)
{
	static const unsigned cuts[][2] = { { 10, 300 }, { 290, 10 }, { 200, 200 },
		{ 0, 100 }, { 100, 0 }, { 60, 60 } };

	(void)state;
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		unsigned n = cuts[i][0] + cuts[i][1];
		struct hll *all = with(0, n), *a = with(0, cuts[i][0]);
		struct hll *b = with(cuts[i][0], n);

		assert_int_equal(hll_merge(a, b), 0);
		assert_int_equal(hll_merge(a, b), 0);
		assert_same_sketch(a, all);
		hll_free(all);
		hll_free(a);
		hll_free(b);
	}
}

static void
merging_few_that_overlap_stays_exact(void **state)
{
	struct hll *a = with(0, 50), *b = with(10, 60);

	(void)state;
	assert_int_equal(hll_merge(a, b), 0);
	assert_int_equal(hll_few(a), 60);
	assert_null(hll_dense(a));
	hll_free(a);
	hll_free(b);
}

static void
every_register_is_reached_and_none_behind_the_last(void **state)
{
	struct hll *h = with(0, 400000);
	const uint8_t *d = hll_dense(h);

	/* A register holds 0 only when no element chose it: here that is out of the
	 * question, so each run of six bits has something. */
	(void)state;
	for (size_t i = 0; i < 16384; i++) {
		size_t bit = i * 6;
		unsigned v = d[16 + bit / 8];

		if (bit % 8 > 2)
			v |= (unsigned)d[17 + bit / 8] << 8;
		v = v >> bit % 8 & 63;
		assert_in_range(v, 1, 51);
	}
	hll_free(h);
}

static void
reserving_does_not_change_the_set(void **state)
{
	struct hll *h = with(0, 60);

	(void)state;
	assert_int_equal(hll_reserve(h, 1000), 0);
	assert_int_equal(hll_few(h), 60);
	assert_null(hll_dense(h));
	hll_free(h);
	hll_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_elements_are_kept_once_each),
		cmocka_unit_test(one_more_makes_it_a_sketch_with_the_header_of_redis),
		cmocka_unit_test(order_and_repetition_do_not_matter),
		cmocka_unit_test(merging_is_adding_whatever_the_forms),
		cmocka_unit_test(merging_few_that_overlap_stays_exact),
		cmocka_unit_test(every_register_is_reached_and_none_behind_the_last),
		cmocka_unit_test(reserving_does_not_change_the_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
