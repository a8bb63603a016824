/* SPDX-License-Identifier: BSD-2-Clause */
#include "rules/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
known_domains_have_their_provider(void **state)
{
	static const struct {
		const char *domain;
		enum provider provider;
	} t[] = {
		{ "gmail.com", PROVIDER_GMAIL },
		{ "googlemail.com", PROVIDER_GMAIL },
		{ "yahoo.com", PROVIDER_YAHOO },
		{ "yahoo.co.uk", PROVIDER_YAHOO },
		{ "ymail.com", PROVIDER_YAHOO },
		{ "aol.com", PROVIDER_YAHOO },
		{ "sky.com", PROVIDER_YAHOO },
		{ "outlook.com", PROVIDER_OUTLOOK },
		{ "hotmail.fr", PROVIDER_OUTLOOK },
		{ "live.nl", PROVIDER_OUTLOOK },
		{ "msn.com", PROVIDER_OUTLOOK },
		{ "icloud.com", PROVIDER_APPLE },
		{ "me.com", PROVIDER_APPLE },
		{ "mac.com", PROVIDER_APPLE },
		{ "gmx.de", PROVIDER_GMX },
		{ "web.de", PROVIDER_GMX },
		{ "mail.com", PROVIDER_GMX },
		{ "comcast.net", PROVIDER_COMCAST },
		{ "orange.fr", PROVIDER_ORANGE },
		{ "wanadoo.fr", PROVIDER_ORANGE },
		{ "proton.me", PROVIDER_PROTON },
		{ "protonmail.com", PROVIDER_PROTON },
		{ "mail.ru", PROVIDER_MAILRU },
		{ "bk.ru", PROVIDER_MAILRU },
		{ "qq.com", PROVIDER_QQ },
		{ "foxmail.com", PROVIDER_QQ },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(provider_of(str_of(t[i].domain)), t[i].provider);
}

static void
case_and_one_trailing_dot_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(provider_of(STR("GMail.COM")), PROVIDER_GMAIL);
	assert_int_equal(provider_of(STR("gmail.com.")), PROVIDER_GMAIL);
	assert_int_equal(provider_of(STR("gmail.com..")), PROVIDER_OTHER);
}

static void
names_that_only_look_alike_are_other(void **state)
{
	static const char *const t[] = { "", ".", "example.com", "gmail",
		"mail.gmail.com", "gmail.com.example.com", "xgmail.com", "gmail.co",
		"yahoo.example", "yahoo.tk", "yahoo.co.jp", "t-online.de" };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(provider_of(str_of(t[i])), PROVIDER_OTHER);
	assert_int_equal(provider_of(STR("gmail.com\0x")), PROVIDER_OTHER);
}

static void
each_provider_has_a_name_fit_for_a_counter(void **state)
{
	static const char *const expected[PROVIDERS] = { "gmail", "yahoo", "outlook",
		"apple", "gmx", "comcast", "orange", "proton", "mailru", "qq",
		"other" };

	(void)state;
	for (int i = 0; i < PROVIDERS; i++)
		assert_string_equal(provider_name((enum provider)i), expected[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_domains_have_their_provider),
		cmocka_unit_test(case_and_one_trailing_dot_do_not_matter),
		cmocka_unit_test(names_that_only_look_alike_are_other),
		cmocka_unit_test(each_provider_has_a_name_fit_for_a_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
