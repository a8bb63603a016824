/* SPDX-License-Identifier: BSD-2-Clause */
/* namemap_test.c - found by name, after growing and removing; SipHash as published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "text/namemap.h"

#define THINGS 5000

struct thing {
	int number;
	struct namemap_link link;
	char name[24];
};

static struct thing things[THINGS];

static void
things_are_found_until_they_are_removed(void **state)
{
	static const uint8_t seed[NAMEMAP_SEED_BYTES] = { 1, 2, 3 };
	struct namemap m;

	(void)state;
	assert_int_equal(namemap_init(&m, seed), 0);
	for (int i = 0; i < THINGS; i++) {
		snprintf(things[i].name, sizeof things[i].name, "name-%d", i);
		things[i].number = i;
		things[i].link.name = str_of(things[i].name);
		assert_null(namemap_find(&m, things[i].link.name));
		namemap_insert(&m, &things[i].link);
	}
	assert_int_equal(m.n, THINGS);
	assert_true(m.n_buckets >= THINGS / 2);
	for (int i = 0; i < THINGS; i += 2)
		namemap_remove(&m, &things[i].link);
	for (int i = 0; i < THINGS; i++) {
		struct namemap_link *l = namemap_find(&m, str_of(things[i].name));

		if (i % 2 == 0) {
			assert_null(l);
			continue;
		}
		assert_non_null(l);
		assert_int_equal(NAMEMAP_OF(l, struct thing, link)->number, i);
	}
	assert_null(namemap_find(&m, STR("")));
	namemap_fini(&m);
}

/*
 * SipHash-1-3 under a key of zeros, from an implementation that is not ours: CPython
 * 3.11 with PYTHONHASHSEED=0, hash(b"...").  All lengths around a word of eight bytes.
 */
static void
names_hash_as_siphash_1_3(void **state)
{
	static const struct {
		const char *name;
		uint64_t want;
	} cases[] = {
		{ "a", 0x407448d2b89b1813U },
		{ "ab", 0x555508cbc6add439U },
		{ "abcdefg", 0x6db12aae9070f506U },
		{ "abcdefgh", 0x3f7b849c0b8e35eaU },
		{ "abcdefghi", 0xf89b34a3d11eb6e5U },
		{ "news-2026-autumn", 0x38ac965f886f6e71U },
		{ "abcdefghijklmnopqrstuvwxyz0123456789", 0xfe9ee02c60cec362U },
	};
	static const uint8_t zeros[NAMEMAP_SEED_BYTES];
	struct namemap m;

	(void)state;
	assert_int_equal(namemap_init(&m, zeros), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct namemap_link l = { .name = str_of(cases[i].name) };

		namemap_insert(&m, &l);
		assert_true(l.hash == cases[i].want);
		namemap_remove(&m, &l);
	}
	namemap_fini(&m);
}

static void
another_seed_gives_another_order(void **state)
{
	static const uint8_t a[NAMEMAP_SEED_BYTES] = { 1 },
			     b[NAMEMAP_SEED_BYTES] = { 2 };
	struct namemap_link x = { .name = STR("x") }, y = { .name = STR("x") };
	struct namemap m, n;

	(void)state;
	assert_int_equal(namemap_init(&m, a), 0);
	assert_int_equal(namemap_init(&n, b), 0);
	namemap_insert(&m, &x);
	namemap_insert(&n, &y);
	assert_true(x.hash != y.hash);
	namemap_fini(&m);
	namemap_fini(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_are_found_until_they_are_removed),
		cmocka_unit_test(names_hash_as_siphash_1_3),
		cmocka_unit_test(another_seed_gives_another_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
