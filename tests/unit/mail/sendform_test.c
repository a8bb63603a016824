/* SPDX-License-Identifier: BSD-2-Clause */
/* sendform_test.c - the written form of address fields; what is the same stays so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/addr.h"
#include "mail/sendform.h"
#include "text/arena.h"
#include "text/str.h"

#define ARENA_MAX ((size_t)1 << 20)

/* The outcomes below were seen with Sendmail 8.17.1: want NULL, and it kept the value;
 * want given, and it kept that. */
static const struct {
	enum sendform_result result;
	const char *value;
	const char *want;
} table[] = {
	{ SENDFORM_SAME, "", NULL },
	{ SENDFORM_SAME, " ", NULL },
	{ SENDFORM_SAME, "a@b.test", NULL },
	{ SENDFORM_SAME, " a@b.test", NULL },
	{ SENDFORM_SAME, "\ta@b.test \t", NULL },
	{ SENDFORM_SAME, " <a@b.test>", NULL },
	{ SENDFORM_SAME, " Name <a@b.test>", NULL },
	{ SENDFORM_SAME, " Name<a@b.test>", NULL },
	{ SENDFORM_SAME, " Two  Spaces\t<a@b.test>", NULL },
	{ SENDFORM_SAME, " Long\n Name\n <a@b.test>", NULL },
	{ SENDFORM_SAME, " \"Name\" <a@b.test>", NULL },
	{ SENDFORM_SAME, " \"Name, Inc.\" <a@b.test>", NULL },
	{ SENDFORM_SAME, " \"O'Brien\" <a@b.test>", NULL },
	{ SENDFORM_SAME, " \"esc \\\"q\\\" and \\\\ back\" <a@b.test>", NULL },
	{ SENDFORM_SAME, " Name with \"inner\" quotes <a@b.test>", NULL },
	{ SENDFORM_SAME, " \"\" <a@b.test>", NULL },
	{ SENDFORM_SAME, " =?utf-8?Q?J=C3=B6rg?= <a@b.test>", NULL },
	{ SENDFORM_SAME, " \"=?utf-8?Q?J=C3=B6rg?=\" <a@b.test>", NULL },
	{ SENDFORM_SAME, " J\xc3\xb6rg <a@b.test>", NULL },
	{ SENDFORM_SAME, " a@b.test (It's v. good)", NULL },
	{ SENDFORM_SAME, " (Comment) a@b.test", NULL },
	{ SENDFORM_SAME, " a@b.test ((nested) c)", NULL },
	{ SENDFORM_SAME, " Name (Comment) <a@b.test> (more)", NULL },
	{ SENDFORM_SAME, " Name <User@EXAMPLE.Com>", NULL },
	{ SENDFORM_SAME, " \"a b\"@b.test", NULL },
	{ SENDFORM_SAME, " <\"a\\\"b\"@b.test>", NULL },
	{ SENDFORM_SAME, " a..b@b.test, a%b@c.test", NULL },
	{ SENDFORM_SAME, " a@b.test,\n\tc@d.test", NULL },
	{ SENDFORM_SAME, " a@b.test,   c@d.test", NULL },
	{ SENDFORM_SAME, " undisclosed-recipients:;", NULL },
	{ SENDFORM_SAME, " Group: a@b.test, \"B\" <c@d.test>;, e@f.test", NULL },
	{ SENDFORM_SAME, " \"G r p\": a@b.test;", NULL },

	{ SENDFORM_CHANGED, " a@b.test,c@d.test", " a@b.test, c@d.test" },
	{ SENDFORM_CHANGED, " a@b.test , c@d.test", " a@b.test, c@d.test" },
	{ SENDFORM_CHANGED, ",a@b.test,, c@d.test,", " a@b.test, c@d.test" },
	{ SENDFORM_CHANGED, " a@b.test;c@d.test", " a@b.test, c@d.test" },
	{ SENDFORM_CHANGED, " J. Q. Public <a@b.test>",
	    " \"J. Q. Public\" <a@b.test>" },
	{ SENDFORM_CHANGED, " O'Brien <a@b.test>", " \"O'Brien\" <a@b.test>" },
	{ SENDFORM_CHANGED, " at@sign <a@b.test>", " \"at@sign\" <a@b.test>" },
	{ SENDFORM_CHANGED, " [list] N <a@b.test>", " \"[list] N\" <a@b.test>" },
	{ SENDFORM_CHANGED, " J. \"Q\\\"R\" S <a@b.test>",
	    " \"J. Q\\\"R S\" <a@b.test>" },
	{ SENDFORM_CHANGED, " J. (nick) S\n <a@b.test>",
	    " \"J. S\" <a@b.test> (nick)" },
	{ SENDFORM_CHANGED, " \"fold\r\n ed\" J. <a@b.test>",
	    " \"fold ed J.\" <a@b.test>" },
	{ SENDFORM_CHANGED, " =?utf-8?Q?J=C3=B6rg_M.?= <a@b.test>",
	    " =?utf-8?Q?J=C3=B6rg_M=2E?= <a@b.test>" },
	{ SENDFORM_CHANGED, " =?utf-8?Q?J=C3=B6rg?= M. X <a@b.test>",
	    " =?utf-8?Q?J=C3=B6rg?= \"M. X\" <a@b.test>" },
	{ SENDFORM_CHANGED, " M. =?utf-8?B?SsO2cmc=?= \"=?utf-8?Q?x?=\" <a@b.test>",
	    " \"M.\" =?utf-8?B?SsO2cmc=?= \"=?utf-8?Q?x?=\" <a@b.test>" },
	/* Not encoded words, or too long when encoded further: Sendmail's quotes. */
	{ SENDFORM_CHANGED, " =?utf-8?X?a?= . <a@b.test>",
	    " \"=?utf-8?X?a?= .\" <a@b.test>" },
	{ SENDFORM_CHANGED,
	    " =?utf-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	    "?="
	    " "
	    "<a@b.test>",
	    " \"=?utf-8?Q?"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	    "?=\" "
	    "<a@b.test>" },
	{ SENDFORM_CHANGED, " a@b.test.", " a@b.test" },
	{ SENDFORM_CHANGED, " N <a@b.test.>", " \"N\" <a@b.test>" },
	{ SENDFORM_CHANGED, " <@r.test,@s.test:a@b.test>", " <a@b.test>" },
	{ SENDFORM_CHANGED, " a @ b . test", " a@b.test" },
	{ SENDFORM_CHANGED, " < \"a b\" @b.test >", " <\"a b\"@b.test>" },
	{ SENDFORM_CHANGED, " <a(x)@b.test>", " <a@b.test> (x)" },
	{ SENDFORM_CHANGED, " (a) (b) c@d.test (e)", " <c@d.test> (a) (b) (e)" },
	{ SENDFORM_CHANGED, " a@b.test(c)", " a@b.test (c)" },
	{ SENDFORM_CHANGED, " Gr.p: a@b.test;", " \"Gr.p\": a@b.test;" },
	{ SENDFORM_CHANGED, " Group:a@b.test,c@d.test, ;",
	    " Group: a@b.test, c@d.test;" },
	{ SENDFORM_CHANGED, " Group: a@b.test; c@d.test",
	    " Group: a@b.test;, c@d.test" },
	{ SENDFORM_CHANGED,
	    " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.test,c@d.test,"
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb@e.test",
	    " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.test, c@d.test,\n\t"
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb@e.test" },

	{ SENDFORM_CUT, " user", "" },
	{ SENDFORM_CUT, " News, Inc <a@b.test>", "" },
	{ SENDFORM_CUT, " a@localhost", "" },
	{ SENDFORM_CUT, " a@host", "" },
	{ SENDFORM_CUT, " a@host.", "" },
	{ SENDFORM_CUT, " a@Localhost.example.test", "" },
	{ SENDFORM_CUT, " a@[127.0.0.1]", "" },
	{ SENDFORM_CUT, " a@b.uucp", "" },
	{ SENDFORM_CUT, " John Doe", "" },
	{ SENDFORM_CUT, " a@b.test c@d.test", "" },
	{ SENDFORM_CUT, " <a@b.test> <c@d.test>", "" },
	{ SENDFORM_CUT, " <a@b.test> junk", "" },
	{ SENDFORM_CUT, " a>b <a@b.test>", "" },
	{ SENDFORM_CUT, " \"unbal <a@b.test>", "" },
	{ SENDFORM_CUT, " a@b.test (unbal", "" },
	{ SENDFORM_CUT, " a@b.test, <c", "" },
	{ SENDFORM_CUT, " a@", "" },
	{ SENDFORM_CUT, " <>", "" },
	{ SENDFORM_CUT, " ,", "" },
	{ SENDFORM_CUT, " (comment)", "" },
	{ SENDFORM_CUT, " Group:", "" },
	{ SENDFORM_CUT, " @r.test:a@b.test", "" },
	{ SENDFORM_CUT, " x:y:a@b.test;;", "" },
	{ SENDFORM_CUT, " Gr.p (c): a@b.test;", "" },
	{ SENDFORM_CUT, " \x01 <a@b.test>", "" },
	{ SENDFORM_CUT, " \xc3\x85@b.test", "" },
	{ SENDFORM_CUT, " (1)(2)(3)(4)(5)(6)(7)(8)(9) a@b.test", "" },
};

static enum sendform_result
rewrite(struct str value, struct arena *a, struct str *out)
{
	return sendform_rewrite(STR("To"), value, a, out);
}

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct arena *a = arena_new(ARENA_MAX);
		const char *want =
		    table[i].want == NULL ? table[i].value : table[i].want;
		struct str out, again;
		enum sendform_result r = rewrite(str_of(table[i].value), a, &out);

		if (r != table[i].result || !str_eq(out, str_of(want)))
			fail_msg("'%s': result %d, '%.*s'", table[i].value, r,
			    (int)out.len, out.p);
		if (r == SENDFORM_CHANGED)
			assert_int_equal(rewrite(out, a, &again), SENDFORM_SAME);
		arena_free(a);
	}
}

static void
test_fields(void **state)
{
	static const char *const ours[] = { "From", "FROM", "Sender", "Reply-To", "To",
		"cc", "Resent-From", "Resent-Sender", "Resent-Reply-To", "Resent-To",
		"Resent-Cc", "Errors-To", "Disposition-Notification-To",
		"Apparently-To" };
	static const char *const others[] = { "", "Bcc", "Subject", "List-Unsubscribe",
		"Return-Receipt-To", "CFBL-Address", "X-To", "Fro", "Tox" };
	struct arena *a = arena_new(ARENA_MAX);
	struct str value = STR(" a@b.test,c@d.test"), out;

	(void)state;
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		assert_int_equal(sendform_rewrite(str_of(ours[i]), value, a, &out),
		    SENDFORM_CHANGED);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		assert_int_equal(sendform_rewrite(str_of(others[i]), value, a, &out),
		    SENDFORM_OTHER);
		assert_true(str_eq(out, value));
	}
	arena_free(a);
}

/* prefix, n times c, suffix. */
static struct str
stretched(char *buf, const char *prefix, size_t n, char c, const char *suffix)
{
	size_t at = strlen(prefix), end = strlen(suffix);

	memcpy(buf, prefix, at);
	memset(buf + at, c, n);
	memcpy(buf + at + n, suffix, end);
	return str_make(buf, at + n + end);
}

static void
test_lengths(void **state)
{
	struct arena *a = arena_new(ARENA_MAX);
	char *buf = malloc(80000);
	struct str out;

	(void)state;
	assert_int_equal(
	    rewrite(stretched(buf, " \"", 236, 'n', "\" <a@b.test>"), a, &out),
	    SENDFORM_SAME);
	assert_int_equal(
	    rewrite(stretched(buf, " \"", 237, 'n', "\" <a@b.test>"), a, &out),
	    SENDFORM_CUT);
	assert_true(str_eq(out, STR(" <a@b.test>")));
	assert_int_equal(rewrite(stretched(buf, " x@y.test, a@b.test (", 250, 'c',
				     "), Z <z@y.test>"),
			     a, &out),
	    SENDFORM_CUT);
	assert_true(str_eq(out, STR(" x@y.test, <a@b.test>, Z <z@y.test>")));
	assert_int_equal(
	    rewrite(stretched(buf, " ", 250, 'a', "@b.test"), a, &out), SENDFORM_CUT);
	assert_int_equal(out.len, 0);
	assert_int_equal(
	    rewrite(stretched(buf, " G: \"", 240, 'n', "\" <a@b.test>;"), a, &out),
	    SENDFORM_CUT);
	assert_int_equal(out.len, 0);
	assert_int_equal(rewrite(stretched(buf, " ", 240, 'g', ": a@b.test;"), a, &out),
	    SENDFORM_CUT);
	assert_int_equal(
	    rewrite(stretched(buf, " a@b.test", 60000, ',', "c@d.test"), a, &out),
	    SENDFORM_CHANGED);
	assert_true(str_eq(out, STR(" a@b.test, c@d.test")));
	assert_int_equal(
	    rewrite(stretched(buf, " a@b.test", 70000, ',', "c@d.test"), a, &out),
	    SENDFORM_CUT);
	assert_int_equal(
	    rewrite(stretched(buf, " ", 60000, '(', ""), a, &out), SENDFORM_CUT);
	free(buf);
	arena_free(a);
}

static void
test_long_list(void **state)
{
	struct arena *a = arena_new(ARENA_MAX);
	size_t len = 0, line = 4, cap = 40000, n = 0;
	char *buf = malloc(cap);
	struct str out;

	(void)state;
	while (len < cap - 40)
		len += (size_t)snprintf(
		    buf + len, cap - len, "J. %zu <u%zu@b.test>,", n, n),
		    n++;
	assert_int_equal(rewrite(str_make(buf, len), a, &out), SENDFORM_CHANGED);
	for (size_t i = 0; i < out.len; i++) {
		line = out.p[i] == '\n' ? 0 : line + (out.p[i] == '\t' ? 8 : 1);
		assert_true(line <= 80);
	}
	free(buf);
	arena_free(a);
}

static void
test_no_memory(void **state)
{
	struct arena *none = arena_new(0), *little = arena_new(32);
	struct str out;

	(void)state;
	assert_int_equal(rewrite(STR(" a@b.test"), none, &out), SENDFORM_NO_MEMORY);
	assert_int_equal(
	    rewrite(STR(" J. <a@b.test>"), little, &out), SENDFORM_NO_MEMORY);
	assert_int_equal(out.len, 0);
	arena_free(little);
	arena_free(none);
}

/* Do both values name the same mailboxes in the same order? */
static void
assert_same_meaning(struct str x, struct str y, struct arena *a)
{
	struct addr_list lx, ly;
	struct addr_box bx, by;

	addr_list_init(&lx, x, a);
	addr_list_init(&ly, y, a);
	for (;;) {
		enum addr_result r = addr_list_next(&lx, &bx);

		assert_int_equal(addr_list_next(&ly, &by), r);
		if (r != ADDR_OK) {
			assert_int_equal(r, ADDR_EMPTY);
			return;
		}
		if (str_ends(bx.domain, STR(".")))
			bx.domain.len--;
		assert_true(str_eq(bx.local, by.local));
		assert_true(str_eq(bx.domain, by.domain));
		assert_int_equal(bx.group.len > 0, by.group.len > 0);
		if (str_find(bx.name, '=') == bx.name.len)
			assert_true(bx.name.len == 0 || by.name.len > 0);
	}
}

/* Random lists out of pieces: no overrun, the form is a fixed point, meaning kept. */
static void
test_random(void **state)
{
	static const char *const piece[] = { "a@b.test", "<c@d.test>", "<e@f.test.>",
		"J. ", "Name ", "\"Q, R.\" ", "\"\\\"\"", "(c.)", " ", "\n ", "\t", ",",
		", ", ";", "G:", "'", "[x]", "=?utf-8?q?a.b?= ", "\"x y\"@z.test",
		"@r.test:", "<", ">", "\"", "(", ")", "\xc3\xa9", "=?utf-8?B?YQ==?= " };
	uint32_t seed = 7;
	size_t changed = 0, same = 0;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct arena *a = arena_new(65536);
		char value[400];
		size_t len = 0, n = 1 + (size_t)(round % 9);
		struct str out, again, copy;

		for (size_t i = 0; i < n; i++) {
			const char *p;

			seed = seed * 1664525 + 1013904223;
			p = piece[(seed >> 10) % (sizeof piece / sizeof piece[0])];
			memcpy(value + len, p, strlen(p));
			len += strlen(p);
		}
		copy = arena_copy(a, str_make(value, len));
		switch (rewrite(copy, a, &out)) {
		case SENDFORM_CHANGED:
			changed++;
			assert_int_equal(out.p[0], ' ');
			if (rewrite(out, a, &again) != SENDFORM_SAME)
				fail_msg("'%.*s': '%.*s'", (int)len, value,
				    (int)out.len, out.p);
			assert_same_meaning(copy, out, a);
			break;
		case SENDFORM_SAME:
			same++;
			assert_ptr_equal(out.p, copy.p);
			break;
		case SENDFORM_CUT:
			if (out.len > 0)
				fail_msg("'%.*s': '%.*s'", (int)len, value,
				    (int)out.len, out.p);
			break;
		case SENDFORM_OTHER:
		case SENDFORM_NO_MEMORY:
			fail();
		}
		arena_free(a);
	}
	assert_true(changed > 1000 && same > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
