/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odkconf_test.c - the lines, values and data sets of opendkim.conf, and the table of
 * its settings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opendkim/odkconf.h"
#include "text/buf.h"

static void
a_line_is_a_name_and_a_value(void **state)
{
	static const struct {
		const char *line;
		int rc;
		const char *name, *value;
	} cases[] = {
		{ "", 0, "", "" },
		{ "  \t", 0, "", "" },
		{ "# Mode s", 0, "", "" },
		{ "Mode s", 1, "Mode", "s" },
		{ "\t Mode\t\ts  # both", 1, "Mode", "s" },
		{ "Domain a.example, b.example ", 1, "Domain", "a.example, b.example" },
		{ "KeyFile /k/a#b", 1, "KeyFile", "/k/a" },
		{ "Mode s\r", 1, "Mode", "s" },
		{ "Mode", -1, "Mode", "" },
		{ "Mode # s", -1, "Mode", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str name, value;
		char err[256] = "";

		assert_int_equal(odkconf_line(str_of(cases[i].line), &name, &value, err,
				     sizeof(err)),
		    cases[i].rc);
		assert_true(str_eq(name, str_of(cases[i].name)));
		assert_true(str_eq(value, str_of(cases[i].value)));
		assert_int_equal(err[0] != '\0', cases[i].rc < 0);
	}
}

static void
values_are_what_opendkim_makes_of_them(void **state)
{
	static const struct {
		const char *text;
		int rc;
		bool truth;
	} truths[] = {
		{ "yes", 0, true },
		{ "True", 0, true },
		{ "1", 0, true },
		{ "YXZ", 0, true },
		{ "no", 0, false },
		{ "False", 0, false },
		{ "0", 0, false },
		{ "on", -1, false },
		{ "maybe", -1, false },
		{ "", -1, false },
	};
	static const struct {
		const char *text;
		int rc;
		long number;
	} numbers[] = {
		{ "0", 0, 0 },
		{ "86400", 0, 86400 },
		{ "-1", 0, -1 },
		{ "007", 0, 7 },
		{ "022", 0, 18 },
		{ "0x10", 0, 16 },
		{ "10s", -1, 0 },
		{ "", -1, 0 },
		{ "x", -1, 0 },
		{ "99999999999999999999", -1, 0 },
		{ "1111111111111111111111111111111111111111", -1, 0 },
	};
	bool truth;
	long number;

	(void)state;
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		assert_int_equal(
		    odkconf_bool(str_of(truths[i].text), &truth), truths[i].rc);
		if (truths[i].rc == 0)
			assert_int_equal(truth, truths[i].truth);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(
		    odkconf_int(str_of(numbers[i].text), &number), numbers[i].rc);
		if (numbers[i].rc == 0)
			assert_int_equal(number, numbers[i].number);
	}
}

static void
a_data_set_is_a_list_or_a_file(void **state)
{
	static const struct {
		const char *value;
		enum odkconf_kind kind;
		const char *rest;
	} cases[] = {
		{ "a, b", ODKCONF_LIST, "a, b" },
		{ "csl:a,b", ODKCONF_LIST, "a,b" },
		{ "CSL: a", ODKCONF_LIST, "a" },
		{ "/etc/a", ODKCONF_FILE, "/etc/a" },
		{ "file:/etc/a", ODKCONF_FILE, "/etc/a" },
		{ "File:a", ODKCONF_FILE, "a" },
		{ "refile:/etc/a", ODKCONF_REFILE, "/etc/a" },
		{ "a,b:c", ODKCONF_LIST, "a,b:c" },
		{ "2001:db8::1, 10.0.0.1", ODKCONF_LIST, "2001:db8::1, 10.0.0.1" },
		{ "::1", ODKCONF_LIST, "::1" },
		{ "[::1]", ODKCONF_LIST, "[::1]" },
		{ "!2001:db8::1", ODKCONF_LIST, "!2001:db8::1" },
		{ "db:/etc/a.db", ODKCONF_ELSEWHERE, "db:/etc/a.db" },
		{ "/etc/a.db", ODKCONF_ELSEWHERE, "/etc/a.db" },
		{ "dsn:mysql://x", ODKCONF_ELSEWHERE, "dsn:mysql://x" },
		{ "ldap://x", ODKCONF_ELSEWHERE, "ldap://x" },
		{ "lua:/x", ODKCONF_ELSEWHERE, "lua:/x" },
		{ "nonsense:x", ODKCONF_ELSEWHERE, "nonsense:x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct odkconf_set set;

		odkconf_set(str_of(cases[i].value), &set);
		if (set.kind != cases[i].kind ||
		    !str_eq(set.rest, str_of(cases[i].rest)))
			fail_msg("\"%s\": kind %d, rest \"%.*s\"", cases[i].value,
			    (int)set.kind, (int)set.rest.len, set.rest.p);
		if (set.kind == ODKCONF_ELSEWHERE)
			assert_true(set.type.len > 0);
	}
}

static int
write_entry(void *arg, unsigned line, struct str key, struct str value)
{
	buf_addf(
	    arg, "%u %.*s=%.*s;", line, (int)key.len, key.p, (int)value.len, value.p);
	return str_eq(key, STR("stop")) ? 7 : 0;
}

static void
entries_come_one_by_one(void **state)
{
	static const struct {
		bool file;
		const char *text, *entries;
		int rc;
	} cases[] = {
		{ false, "", "", 0 },
		{ false, " a , b=c = d,,e", "0 a=;0 b=c = d;0 e=;", 0 },
		{ false, "a,stop,b", "0 a=;0 stop=;", 7 },
		{ true, "", "", 0 },
		{ true, "a\n\n # x\n b\tc  d # e\r\nf # g\nh",
		    "1 a=;4 b=c  d;5 f=;6 h=;", 0 },
		{ true, "a b\nstop\nc\n", "1 a=b;2 stop=;", 7 },
		{ true, "k d:s:/k/a.pem\r\n", "1 k=d:s:/k/a.pem;", 0 },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = str_of(cases[i].text);

		buf_reset(&b);
		assert_int_equal(cases[i].file
			? odkconf_entries_file(text, write_entry, &b)
			: odkconf_entries_list(text, write_entry, &b),
		    cases[i].rc);
		assert_string_equal(b.p, cases[i].entries);
	}
	buf_fini(&b);
}

static void
every_setting_has_its_fate_and_a_reason(void **state)
{
	size_t n;
	const struct odkconf_setting *v = odkconf_settings(&n);

	(void)state;
	assert_true(n > 150);
	for (size_t i = 0; i < n; i++) {
		bool carried = v[i].fate == ODKCONF_CARRIED;

		assert_ptr_equal(odkconf_find(str_of(v[i].name)), &v[i]);
		if (carried != (v[i].reason == NULL))
			fail_msg("%s: a reason, or code", v[i].name);
		if ((v[i].fate == ODKCONF_LOST_TRUE ||
			v[i].fate == ODKCONF_LOST_FALSE) &&
		    v[i].type != ODKCONF_BOOL)
			fail_msg("%s is no boolean", v[i].name);
		if (v[i].fate == ODKCONF_LOST_NONZERO && v[i].type != ODKCONF_INT)
			fail_msg("%s is no number", v[i].name);
	}
	assert_ptr_equal(
	    odkconf_find(STR("oversignheaders")), odkconf_find(STR("OverSignHeaders")));
	assert_null(odkconf_find(STR("NoSuchSetting")));
	assert_null(odkconf_find(STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_name_and_a_value),
		cmocka_unit_test(values_are_what_opendkim_makes_of_them),
		cmocka_unit_test(a_data_set_is_a_list_or_a_file),
		cmocka_unit_test(entries_come_one_by_one),
		cmocka_unit_test(every_setting_has_its_fate_and_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
