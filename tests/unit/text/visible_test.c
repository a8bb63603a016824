/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visible_test.c - text of strangers on a terminal: nothing in it acts, nothing in it
 * hides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/visible.h"

struct sample {
	struct str in;
	const char *utf8;  /* shown where the terminal takes UTF-8 */
	const char *ascii; /* and where it does not */
};
#define SAMPLE(in, utf8, ascii)                                                        \
 {                                                                                     \
  { (in), sizeof(in) - 1 }, (utf8), (ascii)                                            \
 }

static const struct sample samples[] = {
	SAMPLE("", "", ""),
	SAMPLE("Autumn Sale ~!", "Autumn Sale ~!", "Autumn Sale ~!"),
	SAMPLE("a\\x1b", "a\\\\x1b", "a\\\\x1b"),
	/* Escape sequences: of 7 bits, of 8 bits, and of 8 bits in UTF-8. */
	SAMPLE("\x1b]0;x\x07", "\\x1b]0;x\\x07", "\\x1b]0;x\\x07"),
	SAMPLE("\x9b"
	       "31m",
	    "\\x9b31m", "\\x9b31m"),
	SAMPLE("\xc2\x9b"
	       "31m",
	    "\\xc2\\x9b31m", "\\xc2\\x9b31m"),
	SAMPLE("a\0b\r\n\t\x7f", "a\\x00b\\x0d\\x0a\\x09\\x7f",
	    "a\\x00b\\x0d\\x0a\\x09\\x7f"),
	SAMPLE("\xc3\xbc", "\xc3\xbc", "\\xc3\\xbc"),
	SAMPLE("\xe2\x82\xac", "\xe2\x82\xac", "\\xe2\\x82\\xac"),
	SAMPLE("\xf0\x9f\x8e\x84", "\xf0\x9f\x8e\x84", "\\xf0\\x9f\\x8e\\x84"),
	/* U+202E turns the reading direction, U+200B has no width. */
	SAMPLE("\xe2\x80\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae"),
	SAMPLE("\xe2\x80\x8b", "\\xe2\\x80\\x8b", "\\xe2\\x80\\x8b"),
	/* A tag character, a noncharacter, private use. */
	SAMPLE("\xf3\xa0\x80\xa1", "\\xf3\\xa0\\x80\\xa1", "\\xf3\\xa0\\x80\\xa1"),
	SAMPLE("\xf0\x9f\xbf\xbe", "\\xf0\\x9f\\xbf\\xbe", "\\xf0\\x9f\\xbf\\xbe"),
	SAMPLE("\xee\x80\x80", "\\xee\\x80\\x80", "\\xee\\x80\\x80"),
	/* Ill-formed: overlong, surrogate, too high, cut short, a lone continuation. */
	SAMPLE("\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf"),
	SAMPLE("\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf"),
	SAMPLE("\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"),
	SAMPLE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80"),
	SAMPLE("\xe2\x82", "\\xe2\\x82", "\\xe2\\x82"),
	SAMPLE("\xe2\x82z", "\\xe2\\x82z", "\\xe2\\x82z"),
	SAMPLE("\x80\xff", "\\x80\\xff", "\\x80\\xff"),
};

static void
what_could_act_or_hide_is_escaped(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		buf_reset(&out);
		visible_add(&out, samples[i].in, true);
		assert_string_equal(out.p, samples[i].utf8);
		buf_reset(&out);
		visible_add(&out, samples[i].in, false);
		assert_string_equal(out.p, samples[i].ascii);
	}
	buf_fini(&out);
}

static void
no_single_byte_comes_through_but_printable_ascii(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (int b = 0; b < 256; b++) {
		char c = (char)b;

		buf_reset(&out);
		visible_add(&out, str_make(&c, 1), true);
		if (b == '\\')
			assert_string_equal(out.p, "\\\\");
		else if (b >= 0x20 && b < 0x7f)
			assert_true(out.len == 1 && out.p[0] == c);
		else
			assert_int_equal(out.len, 4);
	}
	buf_fini(&out);
}

static void
ill_formed_bytes_become_replacement_characters(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{ { "plain \x1b", 7 }, "plain \x1b" },
		{ { "\xc3\xbc", 2 }, "\xc3\xbc" },
		{ { "a\xff", 2 }, "a\xef\xbf\xbd" },
		{ { "\xed\xa0\x80", 3 }, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ { "\xe2\x82", 2 }, "\xef\xbf\xbd\xef\xbf\xbd" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		visible_utf8(&out, cases[i].in);
		assert_string_equal(out.p, cases[i].out);
	}
	buf_fini(&out);
}

static void
characters_take_one_place_or_two(void **state)
{
	static const struct {
		struct str text;
		size_t places;
		size_t head3; /* bytes that fit in three places */
	} cases[] = {
		{ { "", 0 }, 0, 0 },
		{ { "abcd", 4 }, 4, 3 },
		{ { "b\xc3\xbc\\z", 5 }, 4, 4 },
		/* Han, kana, full-width ASCII, a picture. */
		{ { "\xe6\x97\xa5\xe6\x9c\xac", 6 }, 4, 3 },
		{ { "a\xe3\x82\xbb\xe3\x83\xbc", 7 }, 5, 4 },
		{ { "\xef\xbc\xa1z", 4 }, 3, 4 },
		{ { "\xf0\x9f\x8e\x84\xf0\x9f\x8e\x84", 8 }, 4, 4 },
		{ { "\xea\xb0\x80", 3 }, 2, 3 },
		/* What is no UTF-8 is a place a byte. */
		{ { "\xff\xe6\x97", 3 }, 3, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(visible_places(cases[i].text), cases[i].places);
		assert_int_equal(visible_head(cases[i].text, 3).len, cases[i].head3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_act_or_hide_is_escaped),
		cmocka_unit_test(no_single_byte_comes_through_but_printable_ascii),
		cmocka_unit_test(ill_formed_bytes_become_replacement_characters),
		cmocka_unit_test(characters_take_one_place_or_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
