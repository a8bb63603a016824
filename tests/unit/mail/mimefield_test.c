/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mimefield_test.c - parameters of MIME fields among comments and quotes, and how long
 * it takes where those have no end.
 */
#include "mail/mimefield.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
parameters_are_found_among_comments_and_quotes(void **state)
{
	static const struct {
		const char *value, *boundary;
	} t[] = {
		{ "multipart/mixed; boundary=a", "a" },
		{ "multipart/mixed;BOUNDARY = \"a b\"", "a b" },
		{ "multipart/mixed (;boundary=x) ; boundary=a", "a" },
		{ "multipart/mixed; (c;(d)) boundary (e) = (f) a (g)", "a" },
		{ "multipart/mixed; charset=\"x;boundary=y\"; boundary=a", "a" },
		{ "multipart/mixed; charset=\"\\\";boundary=y\"; boundary=a", "a" },
		{ "multipart/mixed; boundary", "" },
		{ "multipart/mixed; boundary=", "" },
		/* What has no end is taken as it stands. */
		{ "multipart/mixed (; boundary=a", "a" },
		{ "multipart/mixed; charset=\"x; boundary=a", "a" },
		{ "multipart/mixed; name=a(1; boundary=b(x)", "b" },
		{ "multipart/mixed; name=(a; (; boundary=b", "" },
		{ "multipart/mixed; boundary=\"a", "a" },
		{ "", "" },
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		size_t n = mimefield_param(
		    str_of(t[i].value), STR("boundary"), out, sizeof out);

		assert_int_equal(n, strlen(t[i].boundary));
		assert_memory_equal(out, t[i].boundary, n);
	}
	assert_int_equal(
	    mimefield_param(STR("x; boundary=123456789"), STR("boundary"), out, 8), 0);
}

/* The square of a megabyte would be hours. */
static void
what_has_no_end_is_read_once(void **state)
{
	static const char *const units[] = { "(", "\"", "\"\\", "(\\", ";(", ";\"",
		";a=(", "\\", ";", ";a=1(", ";a=1\"b", ";a=1(\"", "a(;" };
	size_t size = (size_t)1024 * 1024;
	char *text = malloc(size), out[8];
	clock_t begin = clock();

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		for (size_t k = 0; k < size; k++)
			text[k] = units[i][k % strlen(units[i])];
		mimefield_param(str_make(text, size), STR("boundary"), out, sizeof out);
	}
	assert_true(clock() - begin < 30 * CLOCKS_PER_SEC);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_found_among_comments_and_quotes),
		cmocka_unit_test(what_has_no_end_is_read_once),
	};

	return cmocka_run_group_tests_name("mimefield", tests, NULL, NULL);
}
