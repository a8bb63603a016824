/* SPDX-License-Identifier: BSD-2-Clause */
/* jpack_test.c - counters come back from their bytes, and damaged bytes give none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "counting/jpack.h"

#define WHEN INT64_C(1795510800)

static const uint8_t seed[NAMEMAP_SEED_BYTES];
static uint8_t people[6000][HLL_ELEMENT_BYTES];

static void
fill_people(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
		for (size_t k = 0; k < HLL_ELEMENT_BYTES; k++)
			people[i][k] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
}

static struct tally_delta
delta(int64_t when, size_t n_rcpt)
{
	struct tally_delta d = { .when = when,
		.campaign = { "autumn", 6, "Autumn \xe2\x82\xac", 10 },
		.n_rcpt = n_rcpt,
		.rcpt = (const void *)people };

	d.n[TALLY_MESSAGES] = 1;
	d.n[TALLY_BYTES] = INT64_C(1) << 40;
	d.n[TALLY_COUNTERS - 1] = -7;
	return d;
}

static void
assert_same_entry(const struct tally_entry *a, const struct tally_entry *b)
{
	struct buf x, y;

	buf_init(&x, 1 << 20);
	buf_init(&y, 1 << 20);
	jpack_entry(&x, a);
	jpack_entry(&y, b);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.p, y.p, x.len);
	buf_fini(&x);
	buf_fini(&y);
	assert_string_equal(a->campaign.name, b->campaign.name);
	assert_string_equal(a->campaign.sent, b->campaign.sent);
	for (const struct tally_hour *h = a->hours, *k = b->hours;
	     h != NULL || k != NULL; h = h->next, k = k->next) {
		assert_non_null(h);
		assert_non_null(k);
		assert_int_equal(h->hour, k->hour);
		assert_int_equal(h->first, k->first);
		assert_int_equal(h->last, k->last);
		assert_memory_equal(h->n, k->n, sizeof h->n);
	}
}

static void
a_delta_comes_back(void **state)
{
	const size_t sizes[] = { 0, 1, 5000 };
	struct jpack_schema schema;

	(void)state;
	jpack_schema_init(&schema);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct tally_delta d = delta(WHEN - 5, sizes[i]), out;
		uint8_t *p = malloc(jpack_delta_bound(&d));
		size_t n = jpack_delta(p, &d);
		struct jpack j = { .p = p, .n = n };

		assert_in_range(n, 1, jpack_delta_bound(&d));
		assert_int_equal(jpack_get_delta(&j, &schema, &out), 0);
		assert_string_equal(out.campaign.name, "autumn");
		assert_string_equal(out.campaign.sent, d.campaign.sent);
		assert_int_equal(out.when, d.when);
		assert_memory_equal(out.n, d.n, sizeof d.n);
		assert_int_equal(out.n_rcpt, sizes[i]);
		if (sizes[i] > 0)
			assert_memory_equal(
			    out.rcpt, people, sizes[i] * HLL_ELEMENT_BYTES);
		for (size_t cut = 0; cut < n && cut < 200; cut++) {
			j = (struct jpack) { .p = p, .n = cut };
			assert_int_equal(jpack_get_delta(&j, &schema, &out), -1);
		}
		free(p);
	}
}

/* The largest values take the room that was asked for, no more. */
static void
the_bound_holds_for_the_largest_values(void **state)
{
	struct tally_delta d = {
		.when = INT64_MIN, .n_rcpt = 3, .rcpt = (const void *)people
	};
	uint8_t *p;

	(void)state;
	memset(d.campaign.name, 'x', CAMP_NAME_MAX);
	memset(d.campaign.sent, 'y', CAMP_SENT_MAX);
	d.campaign.len = CAMP_NAME_MAX;
	d.campaign.sent_len = CAMP_SENT_MAX;
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		d.n[i] = INT64_MIN;
	p = malloc(jpack_delta_bound(&d)); /* the sanitizer watches */
	assert_in_range(jpack_delta(p, &d), 1, jpack_delta_bound(&d));
	free(p);
}

static struct tally_entry *
entry(size_t n_rcpt)
{
	struct tally *t = tally_new(10, 3, seed);
	struct tally_delta d = delta(WHEN, n_rcpt);
	struct tally_entry *e;

	for (int i = 0; i < 5; i++, d.when += 3600, d.n_rcpt = 0)
		assert_int_equal(tally_add(t, &d), 0);
	do
		e = tally_take(t);
	while (strcmp(e->campaign.name, "_all") == 0 && (tally_entry_free(e), true));
	tally_free(t);
	return e;
}

static void
an_entry_comes_back_with_few_many_and_very_many_recipients(void **state)
{
	const size_t sizes[] = { 0, 3, 300, 6000 };
	struct jpack_schema schema;

	(void)state;
	jpack_schema_init(&schema);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct tally_entry *e = entry(sizes[i]), *back;
		struct buf b;
		struct jpack j;

		buf_init(&b, 1 << 20);
		jpack_entry(&b, e);
		if (sizes[i] == 300)
			assert_in_range(b.len, 1, 1200); /* not 12 KB */
		j = (struct jpack) { .p = (const uint8_t *)b.p, .n = b.len };
		back = jpack_get_entry(&j, &schema);
		assert_non_null(back);
		assert_int_equal(j.n, 0);
		assert_same_entry(e, back);
		tally_entry_free(back);
		for (size_t cut = 0; cut < b.len; cut += 1 + cut / 64) {
			j = (struct jpack) { .p = (const uint8_t *)b.p, .n = cut };
			assert_null(jpack_get_entry(&j, &schema));
			assert_true(j.bad);
		}
		buf_fini(&b);
		tally_entry_free(e);
	}
}

static void
any_flipped_byte_is_read_without_harm(void **state)
{
	struct tally_entry *e = entry(100), *back;
	struct jpack_schema schema;
	struct buf b;

	(void)state;
	jpack_schema_init(&schema);
	buf_init(&b, 1 << 20);
	jpack_entry(&b, e);
	for (size_t i = 0; i < b.len; i++) {
		for (unsigned v = 1; v < 256; v = v * 2 + 1) {
			struct jpack j = { .p = (const uint8_t *)b.p, .n = b.len };

			b.p[i] = (char)(b.p[i] ^ (char)v);
			back = jpack_get_entry(&j, &schema);
			tally_entry_free(back);
			b.p[i] = (char)(b.p[i] ^ (char)v);
		}
	}
	buf_fini(&b);
	tally_entry_free(e);
}

/* A journal of a version with other counters in another order. */
static void
indices_mean_what_the_file_says(void **state)
{
	struct jpack_schema schema;
	struct tally_delta d;
	struct jpack j;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	jpack_u(&b, 3);
	jpack_text(&b, STR("signed"));
	jpack_text(&b, STR("counted_by_another_version"));
	jpack_text(&b, STR("messages"));
	j = (struct jpack) { .p = (const uint8_t *)b.p, .n = b.len };
	assert_int_equal(jpack_get_schema(&j, &schema), 0);
	assert_int_equal(schema.unknown, 1);
	buf_reset(&b);
	jpack_text(&b, STR("c"));
	jpack_text(&b, STR("c"));
	jpack_s(&b, WHEN);
	jpack_u(&b, 3);
	for (uint64_t i = 0; i < 3; i++) {
		jpack_u(&b, i);
		jpack_s(&b, (int64_t)(10 + i));
	}
	jpack_u(&b, 0);
	j = (struct jpack) { .p = (const uint8_t *)b.p, .n = b.len };
	assert_int_equal(jpack_get_delta(&j, &schema, &d), 0);
	assert_int_equal(d.n[TALLY_SIGNED], 10);
	assert_int_equal(d.n[TALLY_MESSAGES], 12);
	buf_fini(&b);
}

static void
our_own_schema_comes_back_as_itself(void **state)
{
	struct jpack_schema schema;
	struct jpack j;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	jpack_schema(&b);
	j = (struct jpack) { .p = (const uint8_t *)b.p, .n = b.len };
	assert_int_equal(jpack_get_schema(&j, &schema), 0);
	assert_int_equal(schema.n, TALLY_COUNTERS);
	assert_int_equal(schema.unknown, 0);
	for (uint16_t i = 0; i < TALLY_COUNTERS; i++)
		assert_int_equal(schema.ours[i], i);
	for (size_t cut = 0; cut < b.len; cut++) {
		j = (struct jpack) { .p = (const uint8_t *)b.p, .n = cut };
		assert_int_equal(jpack_get_schema(&j, &schema), -1);
	}
	buf_fini(&b);
}

static void
numbers_of_all_sizes_come_back(void **state)
{
	struct jpack j;
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t v = UINT64_C(1) << i;

		buf_reset(&b);
		jpack_u(&b, v);
		jpack_u(&b, v - 1);
		jpack_s(&b, (int64_t)v);
		jpack_s(&b, -(int64_t)(v - 1));
		j = (struct jpack) { .p = (const uint8_t *)b.p, .n = b.len };
		assert_int_equal(jpack_get_u(&j), v);
		assert_int_equal(jpack_get_u(&j), v - 1);
		assert_int_equal(jpack_get_s(&j), (int64_t)v);
		assert_int_equal(jpack_get_s(&j), -(int64_t)(v - 1));
		assert_false(j.bad);
		assert_int_equal(jpack_get_u(&j), 0);
		assert_true(j.bad);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delta_comes_back),
		cmocka_unit_test(the_bound_holds_for_the_largest_values),
		cmocka_unit_test(
		    an_entry_comes_back_with_few_many_and_very_many_recipients),
		cmocka_unit_test(any_flipped_byte_is_read_without_harm),
		cmocka_unit_test(indices_mean_what_the_file_says),
		cmocka_unit_test(our_own_schema_comes_back_as_itself),
		cmocka_unit_test(numbers_of_all_sizes_come_back),
	};

	fill_people();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
