/* SPDX-License-Identifier: BSD-2-Clause */
#include "mail/mimeword.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
assert_decodes(struct str in, struct str expected)
{
	struct buf out;

	buf_init(&out, MIMEWORD_GROWTH * in.len);
	mimeword_decode(in, &out);
	assert_false(buf_failed(&out));
	assert_string_equal(out.p, expected.p);
	assert_int_equal(out.len, expected.len);
	buf_fini(&out);
}

static void
words_are_decoded_and_the_rest_is_not(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "=?utf-8?Q?caf=C3=A9?=", "caf\xc3\xa9" },
		{ "=?UTF-8?q?caf=c3=a9_au_lait?=", "caf\xc3\xa9 au lait" },
		{ "=?utf-8?B?Y2Fmw6k=?=", "caf\xc3\xa9" },
		{ "=?utf-8?b?Y2Fmw6k?=", "caf\xc3\xa9" },
		{ "=?utf-8?B?YQ==?=", "a" },
		{ "=?utf-8?B?YQ?=", "a" },
		{ "=?utf-8?B?YWI=?=", "ab" },
		{ "=?utf-8?B?YWJj?=", "abc" },
		{ "=?utf-8*de?Q?x?=", "x" },
		{ "=?utf-8?Q?\?=", "" },
		{ "=?utf-8?B?\?=", "" },
		{ "a =?utf-8?Q?b?= c", "a b c" },
		{ "a=?utf-8?Q?b?=c", "abc" },
		{ "=?u?Q?=3D=3F?=", "=?" },
		/* What a word decodes to is not looked at again. */
		{ "=?u?Q?=3D=3Fu=3FQ=3Fx=3F=3D?=", "=?u?Q?x?=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decodes(str_of(t[i].in), str_of(t[i].out));
}

static void
charsets_become_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "=?iso-8859-1?Q?caf=E9?=", "caf\xc3\xa9" },
		{ "=?ISO-8859-1*fr?B?Y2Fm6Q==?=", "caf\xc3\xa9" },
		{ "=?Latin1?Q?caf\xe9?=", "caf\xc3\xa9" },
		{ "=?windows-1252?Q?=80_=9f_=a0?=", "\xe2\x82\xac \xc5\xb8 \xc2\xa0" },
		{ "=?cp1252?Q?=93x=94?=", "\xe2\x80\x9cx\xe2\x80\x9d" },
		{ "=?iso-8859-1?Q?=80?=", "\xe2\x82\xac" },
		{ "=?windows-1252?Q?=81?=", "\xc2\x81" },
		{ "=?iso-8859-15?Q?=A4_=a6=BE_=e9_=80?=",
		    "\xe2\x82\xac \xc5\xa0\xc5\xb8 \xc3\xa9 \xc2\x80" },
		{ "=?Latin-9?Q?=FF?=", "\xc3\xbf" },
		{ "=?us-ascii?Q?caf=C3=A9?=", "caf\xc3\xa9" },
		{ "=?utf-8?Q?=F0=9F=8E=89?=", "\xf0\x9f\x8e\x89" },
		/* Each byte that nobody can read is a character of its own. */
		{ "=?us-ascii?Q?caf=E9?=", "caf\xef\x9f\xa9" },
		{ "=?utf-8?Q?caf=E9?=", "caf\xef\x9f\xa9" },
		{ "=?koi8-r?Q?=F7=C5=D3?=", "\xef\x9f\xb7\xef\x9f\x85\xef\x9f\x93" },
		{ "=?utf-8?B?+/+/?=", "\xef\x9f\xbb\xef\x9f\xbf\xef\x9e\xbf" },
		{ "=?utf-8?Q?=ED=A0=80?=", "\xef\x9f\xad\xef\x9e\xa0\xef\x9e\x80" },
		{ "=?utf-8?Q?=C0=AF?=", "\xef\x9f\x80\xef\x9e\xaf" },
		{ "=?utf-8?Q?=E2=82?=x", "\xef\x9f\xa2\xef\x9e\x82x" },
		/* Outside of words nothing says what bytes mean. */
		{ "caf\xe9 =?iso-8859-1?Q?=E9?=", "caf\xe9 \xc3\xa9" },
		{ "=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "\xc3\xa9\xc3\xa9" },
		{ "=?iso-8859-1?Q?=C3?= =?utf-8?Q?=A9?=", "\xc3\x83\xef\x9e\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decodes(str_of(t[i].in), str_of(t[i].out));
}

static void
space_between_two_words_goes(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "=?u?Q?a?= =?u?Q?b?=", "ab" },
		{ "=?u?Q?a?=  \t =?u?B?Yg==?=", "ab" },
		{ "=?u?Q?a?=\r\n =?u?Q?b?=", "ab" },
		{ "=?u?Q?a?=\n\t=?u?Q?b?= =?u?Q?c?=", "abc" },
		{ "=?u?Q?a?= \r\n =?u?Q?b?=", "ab" },
		{ "=?u?Q?a?==?u?Q?b?=", "ab" },
		{ "=?u?Q?a_?= =?u?Q?_b?=", "a  b" },
		{ "=?u?Q?a?= x =?u?Q?b?=", "a x b" },
		{ "=?u?Q?a?= =?u?Q?b", "a =?u?Q?b" },
		{ "=?u?Q?a?= ", "a " },
		/* A character split over two words comes together. */
		{ "=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "\xc3\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decodes(str_of(t[i].in), str_of(t[i].out));
}

static void
folds_go_and_their_space_stays(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "a\r\n b", "a b" },
		{ "a\n b", "a b" },
		{ "a\n\tb", "a\tb" },
		{ "a\r\n  b\r\n c", "a  b c" },
		{ "\r\n a", " a" },
		{ "a\nb", "a\nb" },
		{ "a\r\nb", "a\r\nb" },
		{ "a\rb", "a\rb" },
		{ "a\r b", "a\r b" },
		{ "a\n", "a\n" },
		{ "a\r\n", "a\r\n" },
		{ "a\n\n b", "a\n b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decodes(str_of(t[i].in), str_of(t[i].out));
}

static void
what_is_not_well_formed_stays(void **state)
{
	static const char *const t[] = { "=", "=?", "=?\?",
		"=?\?\?=", "=?\?Q?x?=", "=?u?", "=?u?Q", "=?u?Q?", "=?u?Q?x",
		"=?u?Q?x?", "=?u?X?x?=", "=?u?QQ?x?=", "=?u??x?=", "=?u?Q?a b?=",
		"=?u?Q?a\tb?=", "=?u?Q?a?b?=", "=?u?Q?=?=", "=?u?Q?=4?=", "=?u?Q?=G0?=",
		"=?u?Q?a=?=", "=?u v?Q?x?=", "=?u\xc3?Q?x?=", "=?u?B?a?=",
		"=?u?B?YQ=?=", "=?u?B?YWJj=?=", "=?u?B?====?=", "=?u?B?===?=",
		"=?u?B?Y Q?=", "=?u?B?Y-Q=?=", "=?u?B?=YQ=?=", "=?u?B?YQ===?=" };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_decodes(str_of(t[i]), str_of(t[i]));
}

static void
any_control_can_come_out(void **state)
{
	(void)state;
	assert_decodes(STR("=?u?Q?a=00b=0D=0Ac?="), STR("a\0b\r\nc"));
	assert_decodes(STR("=?u?B?AA==?="), STR("\0"));
	assert_decodes(STR("a\0b"), STR("a\0b"));
}

static void
the_limit_of_the_buf_holds(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 3);
	mimeword_decode(STR("=?u?Q?abcd?="), &out);
	assert_true(buf_failed(&out));
	buf_fini(&out);
}

/* Text made of pieces of words: decoding never reads outside it, nor makes more of it
 * than the header says. */
static void
no_text_makes_it_read_or_write_too_far(void **state)
{
	static const char *const pieces[] = { "=?", "?=", "?Q?", "?B?", "utf-8", "=",
		"=4", "=C3", "YQ", " ", "\r\n", "\n ", "x",
		"=?u?Q?a?=", "=?u?B?YQ==?=", "\xff", "windows-1252", "////",
		"\x80\x80\x80\x80\x80\x80\x80\x80" };

	(void)state;
	srandom(2047);
	for (int round = 0; round < 20000; round++) {
		char *exact;
		struct buf in, out;

		buf_init(&in, 4096);
		for (long n = random() % 20; n > 0; n--)
			buf_adds(&in,
			    pieces[(size_t)random() %
				(sizeof(pieces) / sizeof(pieces[0]))]);
		exact = malloc(in.len + 1);
		assert_non_null(exact);
		memcpy(exact, in.p, in.len + 1);
		exact = realloc(exact, in.len > 0 ? in.len : 1);
		assert_non_null(exact);
		buf_init(&out, MIMEWORD_GROWTH * in.len);
		mimeword_decode(str_make(exact, in.len), &out);
		assert_false(buf_failed(&out));
		buf_fini(&out);
		buf_fini(&in);
		free(exact);
	}
}

static void
time_is_linear_in_the_length(void **state)
{
	static const char *const pieces[] = { "=?", "=?u?q?", "=?u?q?x",
		"=?u?q?a?= ", "=?u", "\n ", "=?u?b?A" };
	size_t n = 4 << 20;
	char *in = malloc(n);
	struct buf out;
	clock_t start = clock();

	(void)state;
	assert_non_null(in);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t len = strlen(pieces[i]);

		for (size_t at = 0; at < n; at++)
			in[at] = pieces[i][at % len];
		buf_init(&out, MIMEWORD_GROWTH * n);
		mimeword_decode(str_make(in, n), &out);
		buf_fini(&out);
	}
	free(in);
	/* 28 MB: under a second even with sanitizers; hours if it were quadratic. */
	assert_true((clock() - start) / CLOCKS_PER_SEC < 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_decoded_and_the_rest_is_not),
		cmocka_unit_test(charsets_become_utf8),
		cmocka_unit_test(space_between_two_words_goes),
		cmocka_unit_test(folds_go_and_their_space_stays),
		cmocka_unit_test(what_is_not_well_formed_stays),
		cmocka_unit_test(any_control_can_come_out),
		cmocka_unit_test(the_limit_of_the_buf_holds),
		cmocka_unit_test(no_text_makes_it_read_or_write_too_far),
		cmocka_unit_test(time_is_linear_in_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
