/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpl_test.c - templates read, expanded, refused; no value injects anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/tmpl.h"

static const struct tmpl_values values = { {
    [TMPL_CAMPAIGN] = { "autumn", 6 },
    [TMPL_STREAM] = { "marketing", 9 },
    [TMPL_DOMAIN] = { "example.com", 11 },
    [TMPL_USER] = { "", 0 },
    [TMPL_QUEUE_ID] = { "4X1", 3 },
    [TMPL_TOKEN] = { "abc", 3 },
    [TMPL_DATE] = { "20261124", 8 },
    [TMPL_RCPT_COUNT] = { "17", 2 },
} };

static void
templates_expand(void **state)
{
	static const struct {
		const char *text, *expanded;
	} cases[] = {
		{ "", "" },
		{ "bulk", "bulk" },
		{ "%{campaign}:%{stream}:%{domain}:exmplco",
		    "autumn:marketing:example.com:exmplco" },
		{ "%{campaign}%{campaign}", "autumnautumn" },
		{ "[%{user}]", "[]" },
		{ "%{queue_id} %{date} %{rcpt_count}", "4X1 20261124 17" },
		{ "b+%{token}@x", "b+abc@x" },
		{ "100%%", "100%" },
		{ "%%%%{campaign}", "%%{campaign}" },
		{ "%%%{campaign}", "%autumn" },
		{ "a\tb", "a\tb" },
	};
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tmpl *t = tmpl_parse(cases[i].text, err, sizeof(err));
		struct buf b;

		assert_non_null(t);
		buf_init(&b, 1000);
		tmpl_expand(t, &values, &b);
		assert_string_equal(b.p, cases[i].expanded);
		assert_string_equal(tmpl_text(t), cases[i].text);
		buf_fini(&b);
		tmpl_free(t);
	}
}

#define KNOWN                                                                          \
 "expected %%, %{campaign}, %{stream}, %{domain}, %{user}, %{customer}, %{queue_id}, " \
 "%{token}, %{date} or %{rcpt_count}"

static void
typos_are_refused(void **state)
{
	static const struct {
		const char *text, *err;
	} cases[] = {
		{ "%", "found \"%\", " KNOWN },
		{ "50% off", "found \"% \", " KNOWN },
		{ "a%{", "found \"%{\", " KNOWN },
		{ "%{campaign", "found \"%{campaign\", " KNOWN },
		{ "%{}", "found \"%{}\", " KNOWN },
		{ "%{Campaign}", "found \"%{Campaign}\", " KNOWN },
		{ "%{campaign }", "found \"%{campaign }\", " KNOWN },
		{ "%{tokens}", "found \"%{tokens}\", " KNOWN },
		{ "%{to\tken}", "found \"%{to ken}\", " KNOWN },
		{ "%{x%{campaign}", "found \"%{x%{campaign}\", " KNOWN },
		{ "a\nb",
		    "found the control character 0x0a, which no header field may "
		    "hold" },
		{ "a\rb",
		    "found the control character 0x0d, which no header field may "
		    "hold" },
		{ "\x7f",
		    "found the control character 0x7f, which no header field may "
		    "hold" },
		{ "caf\xc3\xa9",
		    "found the byte 0xc3, expected ASCII; write other "
		    "characters as RFC 2047 encoded words, "
		    "=?UTF-8?Q?caf=C3=A9?=" },
	};
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(tmpl_parse(cases[i].text, err, sizeof(err)));
		assert_string_equal(err, cases[i].err);
	}
	/* However small the place for it, the error stays inside. */
	for (size_t n = 1; n < 60; n++) {
		memset(err, 'x', sizeof(err));
		assert_null(tmpl_parse("%{tokens}", err, n));
		assert_true(strlen(err) < n);
		assert_int_equal(err[n], 'x');
	}
}

static void
values_cannot_inject(void **state)
{
	struct tmpl_values evil = values;
	struct tmpl *t;
	struct buf b;
	char err[256];

	(void)state;
	evil.v[TMPL_USER] = STR("a\r\nBcc: x@y\0\x7f\x01%{campaign}\t\xc3\xa9");
	t = tmpl_parse("<%{user}>", err, sizeof(err));
	assert_non_null(t);
	buf_init(&b, 1000);
	tmpl_expand(t, &evil, &b);
	assert_string_equal(b.p, "<a??Bcc: x@y???%{campaign}?\xc3\xa9>");
	buf_fini(&b);
	tmpl_free(t);
}

static void
uses_says_which_placeholders_are_there(void **state)
{
	char err[256];
	struct tmpl *t = tmpl_parse("%{campaign}%%{user}%{date}", err, sizeof(err));

	(void)state;
	assert_non_null(t);
	assert_true(tmpl_uses(t, TMPL_CAMPAIGN));
	assert_true(tmpl_uses(t, TMPL_DATE));
	assert_false(tmpl_uses(t, TMPL_USER));
	assert_false(tmpl_uses(t, TMPL_STREAM));
	tmpl_free(t);
	tmpl_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_expand),
		cmocka_unit_test(typos_are_refused),
		cmocka_unit_test(values_cannot_inject),
		cmocka_unit_test(uses_says_which_placeholders_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
