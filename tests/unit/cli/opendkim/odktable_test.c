/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odktable_test.c - KeyTable and SigningTable as rules over domains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opendkim/odkconf.h"
#include "cli/opendkim/odktable.h"
#include "text/buf.h"

static void
write_said(void *arg, enum odktable_source source, unsigned line,
    enum odktable_weight weight, const char *sentence)
{
	buf_addf(arg, "%s:%u %s %s\n", source == ODKTABLE_KEYS ? "keys" : "rules", line,
	    weight == ODKTABLE_LOST ? "lost" : "note", sentence);
}

struct tables {
	struct odktable *table;
	bool refile;
};

static int
on_key(void *arg, unsigned line, struct str key, struct str value)
{
	struct tables *t = arg;

	return odktable_add_key(t->table, line, key, value);
}

static int
on_rule(void *arg, unsigned line, struct str key, struct str value)
{
	struct tables *t = arg;

	return odktable_add_rule(t->table, line, key, value, t->refile);
}

static const char keys[] = "a example.com:a:/k/a\n"
			   "b example.com:b:/k/b\n"
			   "n example.net:n:/k/n\n"
			   "p %:p:/k/%\n"
			   "a example.org:twice:/k/x\n"
			   "old example.com:o:/k/o:rsa-sha256\n"
			   "example.com example.com:named:/k/named\n"
			   "sub.example.com %:named:/k/named\n"
			   "Example.NET %:named:/k/named\n";

/* "PATTERN=DOMAIN/SELECTOR+...;" of each rule. */
static void
write_rules(const struct odktable *table, struct buf *out)
{
	size_t n;
	const struct odktable_rule *v = odktable_rules(table, &n);

	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(odktable_find(table, v[i].kind, v[i].domain), &v[i]);
		buf_adds(out,
		    v[i].kind == ODKTABLE_EXACT       ? ""
			: v[i].kind == ODKTABLE_BELOW ? "."
						      : "*");
		buf_addstr(out, v[i].domain);
		for (size_t k = 0; k < v[i].n_keys; k++) {
			buf_addc(out, k == 0 ? '=' : '+');
			buf_addstr(out, odktable_domain(&v[i], v[i].keys[k]));
			buf_addc(out, '/');
			buf_addstr(out, v[i].keys[k]->selector);
		}
		buf_addc(out, ';');
	}
}

static const struct {
	const char *rules;
	bool refile, multiple;
	const char *expected;
	const char *said; /* in what was said; NULL: nothing was */
} cases[] = {
	{ "", false, false, "", NULL },
	{ "Example.COM a\n", false, false, "example.com=example.com/a;", NULL },
	{ "example.com a\n.example.com b\n* p\n", false, false,
	    "*=%/p;example.com=example.com/a;.example.com=example.com/b;", NULL },
	{ "example.com a\nexample.com b\n", false, false, "example.com=example.com/a;",
	    NULL },
	{ "example.com a\nexample.com b\n.example.com n\n* p\n", false, true,
	    "*=%/p;example.com=example.com/a+example.com/p;.example.com=example.net/n+"
	    "%/p;",
	    NULL },
	{ "example.com old\n", false, false, "example.com=example.com/o;", NULL },
	{ "example.com p\n", false, false, "example.com=example.com/p;", NULL },
	/* Order and precision. */
	{ "*@*.example.com a\n*@x.example.com b\n", true, false,
	    ".example.com=example.com/a;",
	    "rules:2 note x.example.com: never reached, "
	    "since line 1" },
	{ "*@x.example.com b\n*@*.example.com a\n", true, false,
	    ".example.com=example.com/a;x.example.com=example.com/b;", NULL },
	{ "* a\n*@example.com b\n*@*.example.com b\n", true, false, "*=example.com/a;",
	    "rules:3 note" },
	{ "*@*.b.example a\n*@*.example.com b\n*@*.x.b.example b\n*@y.b.example b\n",
	    true, false, ".b.example=example.com/a;.example.com=example.com/b;",
	    "rules:4 note" },
	{ "*.sub.example.com b\n*@*.example.com a\n", false, false, "",
	    "means something in a refile" },
	{ ".example.com a\nx.example.com b\n", false, false,
	    ".example.com=example.com/a;x.example.com=example.com/b;", NULL },
	{ "*@example.com a\n*@example.com b\n", true, true,
	    "example.com=example.com/a+example.com/b;", NULL },
	{ "*@example.com a\n*@example.com a\n*@*.x.example p\n* p\n", true, true,
	    "*=%/p;example.com=example.com/a+example.com/p;.x.example=%/p;", NULL },
	{ "*@*.example.com a\n*@*.b.example.com b\n*@c.b.example.com n\n", true, true,
	    ".b.example.com=example.com/b+example.com/a;"
	    "c.b.example.com=example.net/n+example.com/b+example.com/a;"
	    ".example.com=example.com/a;",
	    NULL },
	/* Keys named like domains. */
	{ "* %\n", false, false,
	    "example.com=example.com/named;sub.example.com=sub.example.com/named;",
	    "stands for 2 keys" },
	{ ".example.com %\n", false, false, "sub.example.com=sub.example.com/named;",
	    "stands for 1 keys" },
	{ "example.com %\n", false, false, "example.com=example.com/named;", NULL },
	{ "example.net %\n", false, false, "", "no key named example.net" },
	/* What cannot be said. */
	{ "user@example.com a\nexample.com b\n", false, false,
	    "example.com=example.com/b;",
	    "rules:1 lost user@example.com: metermark "
	    "chooses" },
	{ "user@* a\n", false, false, "", "rules:1 lost" },
	{ "*@example.com a\n", false, false, "", "rules:1 note" },
	{ "example.com a\n", true, false, "", "rules:1 note" },
	{ "@example.com a\n", true, false, "", "rules:1 note" },
	{ "user@example.com a\n", true, false, "", "rules:1 lost" },
	{ "*+x@example.com a\n", true, false, "", "rules:1 lost" },
	{ "user@* a\n", true, false, "", "rules:1 lost" },
	{ "u*.example.com a\n", true, false, "", "rules:1 lost" },
	{ "*@*.a*.example a\n", true, false, "", "rules:1 lost" },
	{ "*@(a|b).example a\n", true, false, "", "regular expressions" },
	{ "*example.com a\n", true, false,
	    "example.com=example.com/a;.example.com=example.com/a;", "rules:1 lost" },
	{ "*@*example.com a\n", true, false,
	    "example.com=example.com/a;.example.com=example.com/a;", "rules:1 lost" },
	{ "*.example.com a\n", true, false, ".example.com=example.com/a;", NULL },
	{ "* a\n", true, false, "*=example.com/a;", NULL },
	{ "*@* a\n", true, false, "*=example.com/a;", NULL },
	{ "*@ a\n", true, false, "", "rules:1 lost" },
	{ "example.com\n", false, false, "",
	    "rules:1 lost example.com: expected the "
	    "name" },
	{ "example.com a:news@%\n", false, false, "example.com=example.com/a;",
	    "the signer \"news@%\"" },
	{ "example.com z\n", false, false, "", "no key named z" },
	{ "example.com A\n", false, false, "", "no key named A" },
	{ "com a\n", false, false, "", "no domain name" },
	{ ". a\n", false, false, "", "no domain name" },
	{ "ex..com a\n", false, false, "", "no domain name" },
	{ "\xc3\xa9.example a\n", false, false, "", "no domain name" },
};

static void
rules_say_what_the_tables_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tables t = { .refile = cases[i].refile };
		struct buf said, rules;

		buf_init(&said, 65536);
		buf_init(&rules, 65536);
		t.table = odktable_new(write_said, &said);
		assert_non_null(t.table);
		assert_int_equal(odkconf_entries_file(STR(keys), on_key, &t), 0);
		assert_int_equal(
		    odkconf_entries_file(str_of(cases[i].rules), on_rule, &t), 0);
		assert_int_equal(odktable_finish(t.table, cases[i].multiple), 0);
		write_rules(t.table, &rules);
		if (strcmp(rules.p, cases[i].expected) != 0)
			fail_msg("%s gives %s", cases[i].rules, rules.p);
		if (cases[i].said == NULL ? said.len > 0
					  : strstr(said.p, cases[i].said) == NULL)
			fail_msg("%s says %s", cases[i].rules, said.p);
		odktable_free(t.table);
		buf_fini(&said);
		buf_fini(&rules);
	}
}

static void
rows_of_keys_without_their_parts_are_lost_and_not_shown(void **state)
{
	static const char *const rows[] = { "k\n", "k a.example\n", "k a.example:s\n",
		"k a.example:s:\n", "k :s:/k\n", "k a.example::SECRET\n",
		"k a.example:no!:SECRET\n", "k :b:SECRET\n",
		"k a..example:b:SECRET\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tables t = { 0 };
		struct buf said;
		size_t n;

		buf_init(&said, 65536);
		t.table = odktable_new(write_said, &said);
		assert_int_equal(odkconf_entries_file(str_of(rows[i]), on_key, &t), 0);
		assert_int_equal(
		    odkconf_entries_file(STR("a.example k\n"), on_rule, &t), 0);
		assert_int_equal(odktable_finish(t.table, false), 0);
		odktable_rules(t.table, &n);
		assert_int_equal(n, 0);
		assert_non_null(strstr(said.p, "keys:1 lost key k: "));
		assert_null(strstr(said.p, "SECRET"));
		odktable_free(t.table);
		buf_fini(&said);
	}
}

static void
domains_of_one_key_and_those_exempt(void **state)
{
	struct tables t = { 0 };
	struct buf said, rules;

	(void)state;
	buf_init(&said, 65536);
	buf_init(&rules, 65536);
	t.table = odktable_new(write_said, &said);
	for (const char *const *p = (const char *const[]) { "A.example", "b.example",
		 "c.example", ".d.example", NULL };
	     *p != NULL; p++)
		assert_int_equal(odktable_add_domain(t.table, 3, str_of(*p), false,
				     true, STR("s"), STR("/k")),
		    0);
	assert_int_equal(odktable_add_domain(t.table, 3, STR("e.example"), false, false,
			     STR("s"), STR("/k")),
	    0);
	assert_int_equal(odktable_exempt(t.table, 4, STR("E.example")), 0);
	assert_int_equal(odktable_exempt(t.table, 5, STR("x.b.example")), 0);
	assert_int_equal(odktable_exempt(t.table, 6, STR("x.example")), 0);
	assert_int_equal(odktable_finish(t.table, false), 0);
	write_rules(t.table, &rules);
	assert_string_equal(rules.p,
	    "a.example=a.example/s;.a.example=a.example/s;b.example=b.example/s;"
	    ".b.example=b.example/s;c.example=c.example/s;.c.example=c.example/s;");
	assert_non_null(strstr(said.p, "rules:3 note .d.example"));
	assert_non_null(strstr(said.p, "rules:5 lost x.b.example"));
	assert_null(strstr(said.p, "rules:4"));
	assert_null(strstr(said.p, "rules:6"));
	odktable_free(t.table);
	buf_fini(&said);
	buf_fini(&rules);
}

static void
more_keys_than_metermark_signs_with_are_told_once(void **state)
{
	struct tables t = { .refile = true };
	struct buf said, rules, text;
	size_t n;

	(void)state;
	buf_init(&said, 65536);
	buf_init(&rules, 65536);
	buf_init(&text, 65536);
	t.table = odktable_new(write_said, &said);
	for (int i = 0; i < 12; i++)
		buf_addf(&text, "k%d a.example:s%d:/k\n", i, i);
	assert_int_equal(odkconf_entries_file(buf_str(&text), on_key, &t), 0);
	for (int i = 0; i < 12; i++)
		buf_addf(&rules, "*@a.example k%d\n", i);
	assert_int_equal(odkconf_entries_file(buf_str(&rules), on_rule, &t), 0);
	assert_int_equal(odktable_finish(t.table, true), 0);
	assert_int_equal(odktable_rules(t.table, &n)->n_keys, ODKTABLE_KEYS_MAX);
	assert_int_equal(n, 1);
	assert_non_null(strstr(said.p, "at most 8 signatures"));
	assert_ptr_equal(strchr(said.p, '\n'), strrchr(said.p, '\n'));
	odktable_free(t.table);
	buf_fini(&said);
	buf_fini(&rules);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_say_what_the_tables_say),
		cmocka_unit_test(
		    rows_of_keys_without_their_parts_are_lost_and_not_shown),
		cmocka_unit_test(domains_of_one_key_and_those_exempt),
		cmocka_unit_test(more_keys_than_metermark_signs_with_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
