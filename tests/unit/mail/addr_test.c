/* SPDX-License-Identifier: BSD-2-Clause */
/* addr_test.c - addresses as people, programs and attackers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/addr.h"
#include "text/arena.h"
#include "text/str.h"

#define ARENA_MAX ((size_t)1 << 20)

static void
assert_str(struct str got, const char *want, const char *what)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("%s: got '%.*s', want '%s'", what, (int)got.len, got.p, want);
}

/* ---- Lists ---- */

/* Each mailbox as "name|local|domain|group;", then the word for the end. */
static void
render(struct str value, char *out, size_t outlen)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct addr_list list;
	struct addr_box b;
	enum addr_result r;
	size_t n = 0;

	assert_non_null(a);
	addr_list_init(&list, value, a);
	while ((r = addr_list_next(&list, &b)) == ADDR_OK)
		n += (size_t)snprintf(out + n, outlen - n, "%.*s|%.*s|%.*s|%.*s;",
		    (int)b.name.len, b.name.p, (int)b.local.len, b.local.p,
		    (int)b.domain.len, b.domain.p, (int)b.group.len, b.group.p);
	snprintf(out + n, outlen - n, "%s", r == ADDR_EMPTY ? "" : "BAD");
	assert_int_equal(addr_list_next(&list, &b), r);
	arena_free(a);
}

static const struct {
	const char *value;
	const char *want;
} lists[] = {
	{ "a@b", "|a|b|;" },
	{ " a@b", "|a|b|;" },
	{ "", "" },
	{ " \r\n\t", "" },
	{ "(only a comment)", "" },
	{ ",, ,", "" },
	{ "<a@b>", "|a|b|;" },
	{ "<>", "|||;" },
	{ "J. Q. Public <jq@example.com>", "J. Q. Public|jq|example.com|;" },
	{ "\"Joe Q. Public\" <john.q@example.com>,\n\tMary <m@x.test>",
	    "Joe Q. Public|john.q|example.com|;Mary|m|x.test|;" },
	{ "\"Giant; \\\"Big\\\" Box\" <s@x>", "Giant; \"Big\" Box|s|x|;" },
	{ "A Group(Some people):Chris Jones <c@(Chris's host.)public.example>,\n"
	  " joe@example.org, John <jdoe@one.test> (my dear friend); (the end)",
	    "Chris Jones|c|public.example|A Group(Some people);"
	    "|joe|example.org|A Group(Some people);"
	    "John|jdoe|one.test|A Group(Some people);" },
	{ "Undisclosed recipients:;", "" },
	{ "x:a@b;,c@d", "|a|b|x;|c|d|;" },
	{ "x:a@b", "|a|b|x;" },
	{ "a@b;c@d", "|a|b|;|c|d|;" },
	{ "Joe <@route.a,@b.c:joe@d.e>", "Joe|joe|d.e|;" },
	{ "\"a b\"@x", "|a b|x|;" },
	{ "\"\"@x", "||x|;" },
	{ "\"a\".b.\"c d\"@x", "|a.b.c d|x|;" },
	{ "joe . bloggs @ x . y", "|joe.bloggs|x.y|;" },
	{ "jo..e.@docomo.example", "|jo..e.|docomo.example|;" },
	{ "a@[192.0.2.1]", "|a|[192.0.2.1]|;" },
	{ "a@b.", "|a|b.|;" },
	{ "user", "|user||;" },
	{ "Foo, Bar <a@b>", "|Foo||;Bar|a|b|;" },
	{ "a@x.com <b@y.com>", "a@x.com|b|y.com|;" },
	{ "[list] Joe <a@b>", "[list] Joe|a|b|;" },
	{ "=?utf-8?q?J=C3=B6?= =?utf-8?q?_X?= <a@b>",
	    "=?utf-8?q?J=C3=B6?= =?utf-8?q?_X?=|a|b|;" },
	{ "J\xc3\xb6rg <j\xc3\xb6rg@b\xc3\xbc.test>",
	    "J\xc3\xb6rg|j\xc3\xb6rg|b\xc3\xbc.test|;" },
	{ "\"fold\r\n ed\" <a@b>", "fold ed|a|b|;" },
	{ "a@b (nested (comment) \\) here)", "|a|b|;" },
	{ "(c)a(d)@(e)b(f),(g)", "|a|b|;" },
	{ "\"a\"\"b\" <c@d>", "ab|c|d|;" },
	/* Never guessed. */
	{ "a@b c@d", "BAD" },
	{ "a@b <c@d> e", "BAD" },
	{ "<a@b> <c@d>", "BAD" },
	{ "John Doe", "BAD" },
	{ "a@b@c", "BAD" },
	{ "@b", "BAD" },
	{ "a@", "BAD" },
	{ "a@,b@c", "BAD" },
	{ "\"open <a@b>", "BAD" },
	{ "(open <a@b>", "BAD" },
	{ "a@[1.2", "BAD" },
	{ "<a@b", "BAD" },
	{ "a@b>", "BAD" },
	{ "x> y <a@b>", "BAD" },
	{ "a) <a@b>", "BAD" },
	{ "a\\b@c", "BAD" },
	{ "x:y:a@b;;", "BAD" },
	{ ":a@b;", "BAD" },
	{ "a@\"b\"", "BAD" },
	{ "a@[1]b", "BAD" },
	{ "<@a b:c@d>", "BAD" },
	{ "a\x01@b", "BAD" },
	{ "\"a\x7f\"@b", "BAD" },
	{ "ok@x, bad@", "|ok|x|;BAD" },
	{ "\"ends in escape\\", "BAD" },
	{ "\"ends in escape\\\"", "BAD" },
};

static void
test_lists(void **state)
{
	char got[2048];

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		render(str_of(lists[i].value), got, sizeof got);
		if (strcmp(got, lists[i].want) != 0)
			fail_msg("'%s': got '%s', want '%s'", lists[i].value, got,
			    lists[i].want);
	}
}

static void
test_nul_is_malformed(void **state)
{
	static const char *const with[] = { "a%@b", "a@b%", "\"%\" <a@b>", "(%) a@b",
		"a@[%]", "%", "\"\\%\" <a@b>" };
	char value[32], got[64];

	(void)state;
	for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
		size_t len = strlen(with[i]);

		memcpy(value, with[i], len + 1);
		*strchr(value, '%') = '\0';
		render(str_make(value, len), got, sizeof got);
		assert_string_equal(got, "BAD");
	}
}

static void
test_raw(void **state)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct addr_list list;
	struct addr_box b;

	(void)state;
	addr_list_init(&list, STR(" \"J\" <a@b> (x) , g: c@d ;"), a);
	assert_int_equal(addr_list_next(&list, &b), ADDR_OK);
	assert_str(b.raw, "\"J\" <a@b> (x)", "raw");
	assert_true(b.angle);
	assert_int_equal(addr_list_next(&list, &b), ADDR_OK);
	assert_str(b.raw, "c@d", "raw in group");
	assert_str(b.group, "g", "group");
	assert_false(b.angle);
	assert_int_equal(addr_list_next(&list, &b), ADDR_EMPTY);
	arena_free(a);
}

static void
test_limits(void **state)
{
	struct arena *a = arena_new(256), *big = arena_new(ARENA_MAX);
	size_t len = ADDR_VALUE_MAX + 1;
	char *value = malloc(len);
	struct addr_list list;
	struct addr_box b;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < len; i++)
		value[i] = "a@b,"[i % 4];
	addr_list_init(&list, str_make(value, len), big);
	assert_int_equal(addr_list_next(&list, &b), ADDR_MALFORMED);
	addr_list_init(&list, str_make(value, ADDR_VALUE_MAX), a);
	assert_int_equal(addr_list_next(&list, &b), ADDR_NO_MEMORY);
	addr_list_init(&list, str_make(value, ADDR_VALUE_MAX), big);
	while (addr_list_next(&list, &b) == ADDR_OK)
		n++;
	assert_int_equal(n, ADDR_VALUE_MAX / 4);
	memset(value, '(', len);
	addr_list_init(&list, str_make(value, ADDR_VALUE_MAX), big);
	assert_int_equal(addr_list_next(&list, &b), ADDR_MALFORMED);
	free(value);
	arena_free(big);
	arena_free(a);
}

/* Random text of the characters that matter: never out of bounds, always an end. */
static void
test_random(void **state)
{
	static const char alphabet[] = "aab.@@<>,;:\"\\()[] \t\n\r=\xc3\x01";
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		struct arena *a = arena_new(4096);
		size_t len = (size_t)(round % 40), boxes = 0;
		char *value = malloc(len + 1), *exact;
		struct addr_list list;
		struct addr_box b;
		struct addr_path path;
		struct str domain;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			value[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		}
		exact = malloc(len == 0 ? 1 : len);
		memcpy(exact, value, len);
		addr_list_init(&list, str_make(exact, len), a);
		while (addr_list_next(&list, &b) == ADDR_OK) {
			assert_true(b.name.len + b.local.len + b.domain.len <= len);
			assert_true(++boxes <= len);
		}
		if (addr_from_domain(str_make(exact, len), a, &domain) == ADDR_OK)
			assert_true(addr_domain_ok(domain));
		else
			assert_int_equal(domain.len, 0);
		if (addr_path(str_make(exact, len), &path) == ADDR_OK)
			assert_true(addr_domain_ok(path.domain));
		free(exact);
		free(value);
		arena_free(a);
	}
}

/* ---- From ---- */

static const struct {
	const char *value;
	enum addr_result want;
	const char *domain;
} froms[] = {
	{ " News <news@Example.COM>", ADDR_OK, "example.com" },
	{ "a@example.com.", ADDR_OK, "example.com" },
	{ "a@b.test, c@B.TEST", ADDR_OK, "b.test" },
	{ "g: a@b.test, c@b.test;", ADDR_OK, "b.test" },
	{ "a@b.test, c@d.test", ADDR_SEVERAL, "" },
	{ "\"x@evil.test\" <a@good.test>", ADDR_OK, "good.test" },
	{ "x@evil.test <a@good.test>", ADDR_OK, "good.test" },
	{ "a@good.test (b@evil.test)", ADDR_OK, "good.test" },
	{ "a@b\xc3\xbcrger.test", ADDR_OK, "b\xc3\xbcrger.test" },
	{ "a@xn--bcher-kva.test", ADDR_OK, "xn--bcher-kva.test" },
	{ "", ADDR_EMPTY, "" },
	{ "<>", ADDR_EMPTY, "" },
	{ "nobody:;", ADDR_EMPTY, "" },
	{ "root", ADDR_NO_DOMAIN, "" },
	{ "News, Inc <a@b.test>", ADDR_NO_DOMAIN, "" },
	{ "a@[192.0.2.1]", ADDR_LITERAL, "" },
	{ "a@b..test", ADDR_BAD_DOMAIN, "" },
	{ "a@-b.test", ADDR_BAD_DOMAIN, "" },
	{ "a@192.0.2.1", ADDR_BAD_DOMAIN, "" },
	{ "a@b\xff.test", ADDR_BAD_DOMAIN, "" },
	{ "a@b.test, <c", ADDR_MALFORMED, "" },
	{ "a@b.test c@d.test", ADDR_MALFORMED, "" },
	{ "a@b.test, c", ADDR_NO_DOMAIN, "" },
};

static void
test_from_domain(void **state)
{
	struct arena *a = arena_new(ARENA_MAX), *none = arena_new(0);
	struct str domain;

	(void)state;
	for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
		enum addr_result r =
		    addr_from_domain(str_of(froms[i].value), a, &domain);

		if (r != froms[i].want)
			fail_msg("'%s': got %d", froms[i].value, (int)r);
		assert_str(domain, froms[i].domain, froms[i].value);
	}
	assert_int_equal(
	    addr_from_domain(STR("a@b.test"), none, &domain), ADDR_NO_MEMORY);
	arena_free(none);
	arena_free(a);
}

/* ---- Envelope ---- */

static const struct {
	const char *arg;
	enum addr_result want;
	const char *local;
	const char *domain;
} paths[] = {
	{ "<a@b.test>", ADDR_OK, "a", "b.test" },
	{ "a@b.test", ADDR_OK, "a", "b.test" },
	{ " <a@b.test> ", ADDR_OK, "a", "b.test" },
	{ "<a@b.test.>", ADDR_OK, "a", "b.test" },
	{ "<>", ADDR_EMPTY, "", "" },
	{ "", ADDR_EMPTY, "", "" },
	{ "<@r.test,@s.test:a@b.test>", ADDR_OK, "a", "b.test" },
	{ "<\"a@c d\"@b.test>", ADDR_OK, "\"a@c d\"", "b.test" },
	{ "<\"a\\\"@c\"@b.test>", ADDR_OK, "\"a\\\"@c\"", "b.test" },
	{ "<a@c@b.test>", ADDR_OK, "a@c", "b.test" },
	{ "<\"<\"@b.test>", ADDR_OK, "\"<\"", "b.test" },
	{ "<a\xc3\xa9@b\xc3\xbc.test>", ADDR_OK, "a\xc3\xa9", "b\xc3\xbc.test" },
	{ "<postmaster>", ADDR_NO_DOMAIN, "postmaster", "" },
	{ "root", ADDR_NO_DOMAIN, "root", "" },
	{ "<a@[192.0.2.1]>", ADDR_LITERAL, "a", "[192.0.2.1]" },
	{ "<a@b.test", ADDR_MALFORMED, NULL, NULL },
	{ "a@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<", ADDR_MALFORMED, NULL, NULL },
	{ "<@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<@r.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a@>", ADDR_MALFORMED, NULL, NULL },
	{ "<a@b..test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a@[1.2>", ADDR_MALFORMED, NULL, NULL },
	{ "<\"a@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a@b.test>,<c@d.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a\n@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<\"a\r\nb\"@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a\\\n@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a\x01@b.test>", ADDR_MALFORMED, NULL, NULL },
	{ "<a\\", ADDR_MALFORMED, NULL, NULL },
	{ "a\\", ADDR_MALFORMED, NULL, NULL },
};

static void
test_paths(void **state)
{
	struct addr_path p;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		enum addr_result r = addr_path(str_of(paths[i].arg), &p);

		if (r != paths[i].want)
			fail_msg("'%s': got %d", paths[i].arg, (int)r);
		if (paths[i].local == NULL)
			continue;
		assert_str(p.local, paths[i].local, paths[i].arg);
		assert_str(p.domain, paths[i].domain, paths[i].arg);
	}
}

/* ---- Syntax ---- */

static void
test_domains(void **state)
{
	static const char *const good[] = { "a", "example.com", "xn--bcher-kva.test",
		"b\xc3\xbcrger.test", "_spf.example.com", "1.2.3.x4", "a-b.c",
		"\xf0\x9f\x93\xae.test",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a-",
		"a b", "a@b", "[1.2.3.4]", "1.2.3.4", "a.1", "a\x80", "a\xc0\x80",
		"a\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "a/b", "a\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x" };
	char longest[256];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!addr_domain_ok(str_of(good[i])))
			fail_msg("'%s' refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (addr_domain_ok(str_of(bad[i])))
			fail_msg("'%s' taken", bad[i]);
	for (size_t i = 0; i < sizeof longest; i++)
		longest[i] = i % 2 == 0 ? 'a' : '.';
	assert_true(addr_domain_ok(str_make(longest, 253)));
	assert_false(addr_domain_ok(str_make(longest, 255)));
}

static void
test_specs(void **state)
{
	static const char *const good[] = { "a@b.test", "b+tag=x.y@bounce.example.com",
		"\"a,b\"@x", "\"a@b\"@x", "\"a\\\"b\"@x", "!#$%&'*+-/=?^_`{|}~@x",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x" };
	static const char *const bad[] = { "", "a", "@b", "a@", "<a@b>", "a b@x",
		"\"a b\"@x", "a..b@x", ".a@x", "a.@x", "a@b@x", "a@x ", "a@x,b@y",
		"a@x\n", "a@[1.2.3.4]", "\"\"@x", "\"a\"b\"@x", "\"a\\\"@x", "\"<\"@x",
		"\xc3\xa9@x", "a@\xc3\xa9", "\"\\\xc3\"@x", "a(b)@x", "a@b..c",
		"bad address", "\"@x",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x" };
	char spec[300] = "a@";

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!addr_spec_ok(str_of(good[i])))
			fail_msg("'%s' refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (addr_spec_ok(str_of(bad[i])))
			fail_msg("'%s' taken", bad[i]);
	assert_false(addr_spec_ok(str_make("a\0@x", 4)));
	memcpy(spec, "aaa@", 4);
	for (size_t i = 4; i < sizeof spec; i++)
		spec[i] = i % 2 == 0 ? 'a' : '.';
	assert_true(addr_spec_ok(str_make(spec, 253)));
	assert_false(addr_spec_ok(str_make(spec, 255)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_nul_is_malformed),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_from_domain),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_specs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
