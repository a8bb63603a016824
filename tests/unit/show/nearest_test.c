/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest_test.c - which names are offered for a mistyped one, and in what order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "show/nearest.h"

static void
distance_counts_single_mistakes(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance; /* with a limit of 3 */
	} v[] = { { "", "", 0 }, { "abc", "abc", 0 }, { "abc", "ABC", 0 },
		{ "abc", "abd", 1 }, { "abc", "ab", 1 }, { "abc", "xabc", 1 },
		{ "abc", "acb", 1 }, { "stats", "satts", 1 }, { "ca", "abc", 3 },
		{ "kitten", "sitting", 3 }, { "", "abc", 3 }, { "", "abcd", 4 },
		{ "abcd", "wxyz", 4 }, { "stats", "import-opendkim", 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		assert_int_equal(
		    nearest_distance(str_of(v[i].a), str_of(v[i].b), 3), v[i].distance);
		assert_int_equal(
		    nearest_distance(str_of(v[i].b), str_of(v[i].a), 3), v[i].distance);
	}
}

static void
names_beyond_the_length_are_never_near(void **state)
{
	char name[NEAREST_LENGTH + 1];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_int_equal(nearest_distance(str_make(name, NEAREST_LENGTH),
			     str_make(name, NEAREST_LENGTH), 3),
	    0);
	assert_int_equal(nearest_distance(str_make(name, NEAREST_LENGTH + 1),
			     str_make(name, NEAREST_LENGTH + 1), 3),
	    4);
}

static void
offered(const char *wanted, const char *const *names, const char *expected)
{
	struct nearest near;
	struct buf out;

	nearest_init(&near, str_of(wanted));
	for (; *names != NULL; names++)
		nearest_offer(&near, str_of(*names));
	buf_init(&out, 512);
	nearest_list(&near, &out);
	assert_string_equal(out.p, expected);
	buf_fini(&out);
}

static void
the_best_three_come_best_first(void **state)
{
	static const char *const names[] = { "winter", "autumn-sale-2", "automn-sale",
		"autumn-sales-11", "autumn-sale", "my-autumn-sale-0815", NULL };

	(void)state;
	offered("autumn-sael", names, "autumn-sale, automn-sale, autumn-sale-2");
	offered("zzz", names, "");
	offered("", names, "");
}

static void
a_beginning_or_a_part_is_likeness_too(void **state)
{
	static const char *const names[] = { "2026-11-newsletter", "newsletter-2026-11",
		"other", NULL };

	(void)state;
	offered("newsletter", names, "newsletter-2026-11, 2026-11-newsletter");
	offered("NEWS", names, "newsletter-2026-11, 2026-11-newsletter");
	offered("ne", names, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_single_mistakes),
		cmocka_unit_test(names_beyond_the_length_are_never_near),
		cmocka_unit_test(the_best_three_come_best_first),
		cmocka_unit_test(a_beginning_or_a_part_is_likeness_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
