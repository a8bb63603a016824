/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtable_test.c - the lines of a domain_table, and which keys a domain finds in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/domtable.h"

struct errors {
	unsigned n, line;
	char first[512];
};

static void
keep_error(void *arg, unsigned line, const char *sentence)
{
	struct errors *e = arg;

	if (e->n++ > 0)
		return;
	e->line = line;
	snprintf(e->first, sizeof(e->first), "%s", sentence);
}

static struct domtable *
parse(const char *text)
{
	struct errors e = { 0 };
	struct domtable *t = domtable_parse(str_of(text), keep_error, &e);

	if (t == NULL)
		fail_msg("line %u: %s", e.line, e.first);
	assert_int_equal(e.n, 0);
	return t;
}

/* "SELECTOR FILE DOMAIN;" of each key that signs for the From domain. */
static void
expect(const struct domtable *t, const char *from, const char *expected)
{
	struct domtable_key keys[DOMTABLE_KEYS_MAX];
	size_t n = domtable_find(t, str_of(from), keys);
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, "%s ", keys[i].selector);
		domtable_file(&keys[i], str_of(from), &b);
		buf_addc(&b, ' ');
		buf_addstr(&b, domtable_domain(&keys[i], str_of(from)));
		buf_addc(&b, ';');
	}
	assert_false(buf_failed(&b));
	assert_string_equal(b.p, expected);
	buf_fini(&b);
}

static void
the_longest_pattern_wins(void **state)
{
	struct domtable *t = parse("* any /k/any.pem\n"
				   "example.com self /k/self.pem\n"
				   ".example.com below /k/below.pem\n"
				   "*.news.example.com news /k/news.pem\n"
				   ".org.example org /k/org.pem\n");

	(void)state;
	expect(t, "example.com", "self /k/self.pem example.com;");
	expect(t, "a.example.com", "below /k/below.pem example.com;");
	expect(t, "b.a.example.com", "below /k/below.pem example.com;");
	expect(t, "news.example.com", "below /k/below.pem example.com;");
	expect(t, "x.news.example.com", "news /k/news.pem news.example.com;");
	expect(t, "org.example", "any /k/any.pem org.example;");
	expect(t, "notexample.com", "any /k/any.pem notexample.com;");
	domtable_free(t);
}

static void
without_a_pattern_nothing_is_found(void **state)
{
	struct domtable *t = parse("example.com r /k/r.pem\n.example.net r /k/r.pem\n");
	char longest[400];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 1; i < 399; i += 2)
		longest[i] = '.';
	for (const char *const *p = (const char *const[]) { "", ".", "com", "example",
		 "a.example.com", "example.net", ".example.net", "*", "*.example.net",
		 "example.com.", "xn--a.example.co", "\xc3\xa9.example.net", longest,
		 NULL };
	     *p != NULL; p++)
		expect(t, *p, "");
	longest[253] = '\0';
	expect(t, longest, "");
	memcpy(longest + 253 - 12, ".example.net", 13);
	assert_int_equal(strlen(longest), 253);
	{
		struct domtable_key keys[DOMTABLE_KEYS_MAX];

		assert_int_equal(domtable_find(t, str_of(longest), keys), 1);
	}
	domtable_free(t);
	t = parse("");
	assert_int_equal(domtable_size(t), 0);
	expect(t, "example.com", "");
	domtable_free(t);
}

static void
lines_of_one_pattern_are_keys_of_one_domain(void **state)
{
	struct domtable *t = parse("# keys\n\n"
				   "Example.COM r1 /k/example.com.r1.pem # RSA\n"
				   "\texample.net  r1\t/k/n.pem\r\n"
				   "example.com e1 /k/example.com.e1.pem\n"
				   "example.com r1 /k/esp.pem d=ESP.example");
	struct domtable_key k;

	(void)state;
	expect(t, "example.com",
	    "r1 /k/example.com.r1.pem example.com;e1 /k/example.com.e1.pem "
	    "example.com;r1 /k/esp.pem esp.example;");
	expect(t, "example.net", "r1 /k/n.pem example.net;");
	assert_int_equal(domtable_size(t), 4);
	domtable_at(t, 1, &k);
	assert_int_equal(k.line, 4);
	assert_string_equal(k.pattern, "example.net");
	domtable_at(t, 3, &k);
	assert_int_equal(k.line, 6);
	assert_int_equal(k.id, 3);
	domtable_free(t);
}

static void
a_file_of_each_domain_signs_as_that_domain(void **state)
{
	struct domtable *t =
	    parse("* r /k/%{domain}/r.pem\n"
		  ".a.example r /k/%{domain}.pem\n"
		  ".b.example r /k/%{domain}-%{domain}.pem d=b.example\n"
		  ".c.example r /k/one.pem d=%{domain}\n"
		  "d.example r /k/d.example/d.example.pem\n"
		  ".e.example r /k/e.example.pem\n"
		  "* s /k/fixed%.pem d=esp.example\n");
	struct domtable_key keys[DOMTABLE_KEYS_MAX];

	(void)state;
	expect(t, "x.test", "r /k/x.test/r.pem x.test;s /k/fixed%.pem esp.example;");
	expect(t, "x.a.example", "r /k/x.a.example.pem x.a.example;");
	expect(t, "x.b.example", "r /k/x.b.example-x.b.example.pem b.example;");
	expect(t, "x.c.example", "r /k/one.pem x.c.example;");
	expect(t, "d.example", "r /k/d.example/d.example.pem d.example;");
	expect(t, "x.e.example", "r /k/e.example.pem e.example;");
	assert_int_equal(domtable_find(t, STR("x.a.example"), keys), 1);
	assert_true(domtable_is_template(&keys[0]));
	assert_int_equal(domtable_find(t, STR("x.c.example"), keys), 1);
	assert_false(domtable_is_template(&keys[0]));
	assert_int_equal(domtable_find(t, STR("d.example"), keys), 1);
	assert_false(domtable_is_template(&keys[0]));
	domtable_free(t);
}

static void
options_are_the_lines_own(void **state)
{
	struct domtable *t = parse("example.com a /k/a c=simple/relaxed x=3600\n"
				   "example.com b /k/b c=relaxed/simple x=31536000\n"
				   "example.com c /k/c\n"
				   "example.com d /k/d x=0 c=simple/simple\n");
	static const struct {
		enum conf_canon header, body;
		uint32_t expire_s;
	} expected[] = {
		{ CONF_CANON_SIMPLE, CONF_CANON_RELAXED, 3600 },
		{ CONF_CANON_RELAXED, CONF_CANON_SIMPLE, 31536000 },
		{ CONF_CANON_RELAXED, CONF_CANON_RELAXED, 0 },
		{ CONF_CANON_SIMPLE, CONF_CANON_SIMPLE, 0 },
	};
	struct domtable_key keys[DOMTABLE_KEYS_MAX];

	(void)state;
	assert_int_equal(domtable_find(t, STR("example.com"), keys), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(keys[i].header_canon, expected[i].header);
		assert_int_equal(keys[i].body_canon, expected[i].body);
		assert_int_equal(keys[i].expire_s, expected[i].expire_s);
	}
	domtable_free(t);
}

static void
users_of_all_lines_of_a_pattern_may_send(void **state)
{
	struct domtable *t = parse("a.example a /k/a users=shop,crm@a.example\n"
				   "a.example b /k/b users=Desk\n"
				   "b.example b /k/b\n"
				   "c.example b /k/b users=*\n");
	struct domtable_key keys[DOMTABLE_KEYS_MAX];
	size_t n = domtable_find(t, STR("a.example"), keys);

	(void)state;
	assert_true(domtable_allows(keys, n, STR("shop")));
	assert_true(domtable_allows(keys, n, STR("CRM@a.example")));
	assert_true(domtable_allows(keys, n, STR("desk")));
	assert_false(domtable_allows(keys, n, STR("sho")));
	assert_false(domtable_allows(keys, n, STR("shop,crm@a.example")));
	assert_false(domtable_allows(keys, n, STR("")));
	n = domtable_find(t, STR("b.example"), keys);
	assert_false(domtable_allows(keys, n, STR("shop")));
	n = domtable_find(t, STR("c.example"), keys);
	assert_true(domtable_allows(keys, n, STR("anyone")));
	assert_false(domtable_allows(keys, n, STR("")));
	assert_true(domtable_names(t, STR("anyone")));
	assert_false(domtable_names(t, STR("")));
	domtable_free(t);
	t = parse("a.example a /k/a\nb.example b /k/b users=crm\n"
		  "c.example c /k/c\nd.example d /k/d users=shop,Desk\n");
	assert_true(domtable_names(t, STR("crm")));
	assert_true(domtable_names(t, STR("desk")));
	assert_false(domtable_names(t, STR("des")));
	domtable_free(t);
}

static void
errors_name_the_line_and_what_was_expected(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} cases[] = {
		{ "a.example", 1, "found 1 word" },
		{ "\n\na.example r", 3, "found 2 words" },
		{ "a.example r # /k/a", 1, "found 2 words" },
		{ "example r /k/a", 1, "pattern: found \"example\"" },
		{ "a..example r /k/a", 1, "pattern:" },
		{ "*a.example r /k/a", 1, "pattern:" },
		{ "user@a.example r /k/a", 1, "pattern:" },
		{ "a.example. r /k/a", 1, "without a dot at its end" },
		{ ". r /k/a", 1, "pattern:" },
		{ "*. r /k/a", 1, "pattern:" },
		{ "..a.example r /k/a", 1, "pattern:" },
		{ "\xc3\xa9.example r /k/a", 1, "xn--" },
		{ "a.example -r /k/a", 1, "selector:" },
		{ "a.example r k/a", 1,
		    "key file: found \"k/a\", expected an absolute" },
		{ "a.example r /k/%{campaign}", 1, "no placeholder but %{domain}" },
		{ "a.example r /k/a b", 1, "option: found \"b\"" },
		{ "a.example r /k/a d=b", 1, "d: found \"b\"" },
		{ "a.example r /k/a d=", 1, "d: found \"\"" },
		{ "a.example r /k/a d=b.example d=b.example", 1, "each option once" },
		{ "a.example r /k/a users=", 1, "users:" },
		{ "a.example r /k/a users=a,,b", 1, "users:" },
		{ "a.example r /k/a users=a,", 1, "users:" },
		{ "a.example r /k/a c=relaxed", 1, "c:" },
		{ "a.example r /k/a c=relaxed/strict", 1, "c:" },
		{ "a.example r /k/a x=60", 1, "x:" },
		{ "a.example r /k/a x=31536001", 1, "x:" },
		{ "a.example r /k/a x=99999999999", 1, "x:" },
		{ "a.example r /k/a x=-1", 1, "x:" },
		{ "b.example r /k/a\na.example r /k/a\nA.example R /k/b", 3,
		    "it stands in line 2" },
		{ ".a.example r /k/a\n*.a.example r /k/b d=a.example", 2,
		    "it stands in line 1" },
		{ "* r /k/a\n* r /k/b d=%{domain}", 2, "it stands in line 1" },
		{ "* a /k\n* b /k\n* c /k\n* d /k\n* e /k\n* f /k\n* g /k\n* h /k\n* i "
		  "/k",
		    9, "more than 8 keys" },
		{ "a.example r /k/\x01", 1, "control character" },
		{ "a.example r /k/a\x7f", 1, "control character" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct errors e = { 0 };

		assert_null(domtable_parse(str_of(cases[i].text), keep_error, &e));
		assert_int_equal(e.n, 1);
		assert_int_equal(e.line, cases[i].line);
		if (strstr(e.first, cases[i].says) == NULL)
			fail_msg("\"%s\": %s", cases[i].text, e.first);
	}
}

static void
odd_bytes_and_endless_lines_are_errors(void **state)
{
	static char text[DOMTABLE_LINE_MAX + 2];
	struct errors e = { 0 };

	(void)state;
	assert_null(domtable_parse(STR("a.example r /k\0/a\n"), keep_error, &e));
	assert_non_null(strstr(e.first, "control"));
	memset(text, 'a', sizeof(text) - 1);
	e = (struct errors) { 0 };
	assert_null(domtable_parse(str_of(text), keep_error, &e));
	assert_non_null(strstr(e.first, "expected at most 2048"));
	text[DOMTABLE_LINE_MAX] = '\0';
	e = (struct errors) { 0 };
	assert_null(domtable_parse(str_of(text), keep_error, &e));
	assert_non_null(strstr(e.first, "found 1 word"));
	memcpy(text, "a.b r /a.b", 10);
	for (size_t i = 10; i + 3 < DOMTABLE_LINE_MAX; i += 3)
		memcpy(text + i, "a.b", 4);
	domtable_free(parse(text));
}

static void
many_errors_are_told_but_not_all(void **state)
{
	struct errors e = { 0 };
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	for (int i = 0; i < 100; i++)
		buf_adds(&text, "nonsense\n");
	assert_null(domtable_parse(buf_str(&text), keep_error, &e));
	assert_int_equal(e.n, DOMTABLE_ERRORS_MAX);
	assert_int_equal(e.line, 1);
	buf_fini(&text);
}

/* The size that libconfuse needs more than a minute for. */
static void
a_hundred_thousand_domains_stay_small(void **state)
{
	enum { N = 100000 };
	struct buf text, path;
	struct domtable *t;
	char name[64];

	(void)state;
	buf_init(&text, (size_t)64 * 1024 * 1024);
	buf_init(&path, 4096);
	for (int i = 0; i < N; i++)
		buf_addf(&text,
		    "d%d.example.com r2026 "
		    "/etc/metermark/keys/of-customers/d%d.example.com/"
		    "r2026.private.pem "
		    "users=*\n",
		    i, i);
	t = parse(text.p);
	assert_int_equal(domtable_size(t), N);
	if (domtable_bytes(t) > (size_t)N * 80)
		fail_msg("%zu bytes for %d domains", domtable_bytes(t), N);
	for (int i = 0; i < N; i++) {
		struct domtable_key keys[DOMTABLE_KEYS_MAX];

		snprintf(name, sizeof(name), "d%d.example.com", i);
		assert_int_equal(domtable_find(t, str_of(name), keys), 1);
		assert_int_equal(keys[0].line, i + 1);
		assert_string_equal(keys[0].domain, name);
		buf_reset(&path);
		domtable_file(&keys[0], str_of(name), &path);
		assert_non_null(strstr(path.p, name));
	}
	expect(t, "d100000.example.com", "");
	domtable_free(t);
	buf_fini(&path);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_pattern_wins),
		cmocka_unit_test(without_a_pattern_nothing_is_found),
		cmocka_unit_test(lines_of_one_pattern_are_keys_of_one_domain),
		cmocka_unit_test(a_file_of_each_domain_signs_as_that_domain),
		cmocka_unit_test(options_are_the_lines_own),
		cmocka_unit_test(users_of_all_lines_of_a_pattern_may_send),
		cmocka_unit_test(errors_name_the_line_and_what_was_expected),
		cmocka_unit_test(odd_bytes_and_endless_lines_are_errors),
		cmocka_unit_test(many_errors_are_told_but_not_all),
		cmocka_unit_test(a_hundred_thousand_domains_stay_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
