/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idn_test.c - international names in ASCII, and those that have no such form.
 */
#include "mail/idn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
names_have_a_form_in_ascii(void **state)
{
	static const char *const names[][2] = {
		{ "b\xc3\xbc"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "news.B\xc3\x9c"
		  "CHER.example",
		    "news.xn--bcher-kva.example" },
		{ "stra\xc3\x9f"
		  "e.example",
		    "xn--strae-oqa.example" },
		/* u and a diaeresis of its own; a full stop of East Asia. */
		{ "bu\xcc\x88"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "b\xc3\xbc"
		  "cher\xe3\x80\x82"
		  "example",
		    "xn--bcher-kva.example" },
		{ "example.com", "example.com" },
	};
	char out[ADDR_DOMAIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(idn_ascii(names[i][0], out), 0);
		assert_string_equal(out, names[i][1]);
	}
}

static void
what_has_none_is_refused(void **state)
{
	/* A label of emptiness, a slash that only looks so, no UTF-8, a sign alone that
	 * joins. */
	static const char *const names[] = { "b\xc3\xbc"
					     "cher..example",
		"a\xef\xbc\x8f"
		"b.example",
		"\xff.example", "\xe2\x80\x8d.example", "" };
	char out[ADDR_DOMAIN_MAX + 1], big[4096], label[260];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(idn_ascii(names[i], out), -1);
	memset(big, 'a', sizeof(big));
	memcpy(big, "\xc3\xbc", 2);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(idn_ascii(big, out), -1);
	/* A label that is too long in ASCII. */
	for (size_t i = 0; i < 200; i += 2)
		memcpy(label + i, "\xc3\xbc", 2);
	memcpy(label + 200, ".example", 9);
	assert_int_equal(idn_ascii(label, out), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_a_form_in_ascii),
		cmocka_unit_test(what_has_none_is_refused),
	};

	return cmocka_run_group_tests_name("idn", tests, NULL, NULL);
}
