/* SPDX-License-Identifier: BSD-2-Clause */
#include "campaign/camp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

/* base, "-" when there is a base, 16 digits of the hash of decoded. */
static void
hashed(char out[128], const char *base, struct str decoded)
{
	uint8_t d[32];

	SHA256((const unsigned char *)decoded.p, decoded.len, d);
	snprintf(out, 128, "%s%s%02x%02x%02x%02x%02x%02x%02x%02x", base,
	    *base == '\0' ? "" : "-", d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
}

static void
assert_name(const struct camp_name *c, const char *expected)
{
	assert_string_equal(c->name, expected);
	assert_int_equal(c->len, strlen(expected));
	assert_true(camp_is_canonical(str_make(c->name, c->len)));
}

static void
ascii_names_are_reduced_to_the_canonical_alphabet(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "autumn", "autumn" },
		{ "Autumn-SALE_2026.v2", "autumn-sale_2026.v2" },
		{ "news/1", "news-1" },
		{ "news 1", "news-1" },
		{ "a--b", "a-b" },
		{ "a - / - b", "a-b" },
		{ "--a--", "a" },
		{ "  a!  ", "a" },
		{ "_all", "all" },
		{ "_other", "other" },
		{ "-_.-x", "x" },
		{ "._-._-0", "0" },
		{ "a.", "a." },
		{ "a_", "a_" },
		{ "a-.-b", "a-.-b" },
		{ "a._b", "a._b" },
		{ "none", "none" },
		{ "NONE", "none" },
		{ "", "none" },
		{ "-", "none" },
		{ "...", "none" },
		{ "*** !!!", "none" },
		{ "{x}:total", "x-total" },
		{ "a\r\nb\tc", "a-b-c" },
		{ "\x7f"
		  "a\x01",
		    "a" },
	};
	struct camp_name c;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		camp_canonical(str_of(t[i].in), &c);
		assert_name(&c, t[i].out);
	}
}

static void
a_nul_is_a_character_like_another(void **state)
{
	struct camp_name c;

	(void)state;
	camp_canonical(STR("a\0b"), &c);
	assert_name(&c, "a-b");
	assert_string_equal(c.sent, "a?b");
	assert_int_equal(c.sent_len, 3);
}

static void
a_name_with_dropped_8_bit_bytes_ends_in_its_hash(void **state)
{
	static const struct {
		const char *in, *base;
	} t[] = {
		{ "caf\xc3\xa9", "caf" },
		{ "\xc3\xa9t\xc3\xa9", "t" },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e 2026",
		    "gr-e-2026" },
		{ "caf\xe9", "caf" },
		{ "-\xff-", "" },
		{ "\xe6\x98\xa5", "" },
		{ "sale.\xc3\xa9", "sale." },
	};
	char expected[128];
	struct camp_name c;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		hashed(expected, t[i].base, str_of(t[i].in));
		camp_canonical(str_of(t[i].in), &c);
		assert_name(&c, expected);
	}
}

static void
a_known_hash_is_what_other_tools_compute(void **state)
{
	struct camp_name c;

	(void)state;
	/* printf 'caf\303\251' | sha256sum */
	camp_canonical(STR("caf\xc3\xa9"), &c);
	assert_name(&c, "caf-850f7dc43910ff89");
}

/* n bytes of c, then tail. */
static struct str
repeat(char *to, char c, size_t n, const char *tail)
{
	memset(to, c, n);
	memcpy(to + n, tail, strlen(tail) + 1);
	return str_of(to);
}

static void
a_name_too_long_is_cut_and_ends_in_its_hash(void **state)
{
	char in[300], base[64], expected[128];
	struct camp_name c;

	(void)state;
	camp_canonical(repeat(in, 'x', 64, ""), &c);
	assert_name(&c, in);
	/* What is trimmed away does not make a name too long. */
	camp_canonical(repeat(in, 'x', 64, "--!!"), &c);
	assert_int_equal(c.len, 64);
	assert_null(strchr(c.name, '-'));
	hashed(expected, (repeat(base, 'x', 47, ""), base), repeat(in, 'x', 65, ""));
	camp_canonical(str_of(in), &c);
	assert_name(&c, expected);
	assert_int_equal(c.len, 64);
	/* The cut falls on a "-", which goes; on a ".", which stays. */
	hashed(expected, (repeat(base, 'x', 46, ""), base),
	    repeat(in, 'x', 46, "-yyyyyyyyyyyyyyyyyyyyyyyyyyyy"));
	camp_canonical(str_of(in), &c);
	assert_name(&c, expected);
	hashed(expected, (repeat(base, 'x', 46, "."), base),
	    repeat(in, 'x', 46, ".yyyyyyyyyyyyyyyyyyyyyyyyyyyy"));
	camp_canonical(str_of(in), &c);
	assert_name(&c, expected);
}

static void
an_8_bit_name_keeps_47_bytes_before_the_hash(void **state)
{
	char in[300], base[64], expected[128];
	struct camp_name c;

	(void)state;
	for (size_t n = 45; n < 52; n++) {
		repeat(base, 'x', n < 47 ? n : 47, "");
		hashed(expected, base, repeat(in, 'x', n, "\xc3\xa9"));
		camp_canonical(str_of(in), &c);
		assert_name(&c, expected);
	}
}

static void
long_names_that_differ_at_the_end_stay_different(void **state)
{
	char in[300];
	struct camp_name a, b;

	(void)state;
	camp_canonical(repeat(in, 'x', 200, "a"), &a);
	camp_canonical(repeat(in, 'x', 200, "b"), &b);
	assert_string_not_equal(a.name, b.name);
}

static void
what_is_canonical_is_recognised(void **state)
{
	static const char *const yes[] = { "a", "0", "none", "a.b_c-d", "a.", "a-.-b" };
	static const char *const no[] = { "", "_all", "-a", "a-", "a--b", "A", "a b",
		"a/b", ".a", "\xc3\xa9", "a\xc3\xa9" };
	char in[80];

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(camp_is_canonical(str_of(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(camp_is_canonical(str_of(no[i])));
	assert_true(camp_is_canonical(repeat(in, 'x', 64, "")));
	assert_false(camp_is_canonical(repeat(in, 'x', 65, "")));
	assert_false(camp_is_canonical(STR("a\0b")));
}

static void
whatever_is_sent_becomes_canonical_and_then_stays(void **state)
{
	static const char letters[] = "aZ09.._--/ \xc3\xa9\n";
	char in[200];
	struct camp_name a, b;

	(void)state;
	srandom(20261124);
	for (size_t round = 0; round < 20000; round++) {
		size_t n = (size_t)random() % sizeof(in);

		for (size_t i = 0; i < n; i++)
			in[i] = round % 4 == 0
			    ? (char)random()
			    : letters[(size_t)random() % (sizeof(letters) - 1)];
		camp_canonical(str_make(in, n), &a);
		assert_true(camp_is_canonical(str_make(a.name, a.len)));
		assert_int_equal(a.len, strlen(a.name));
		assert_true(a.sent_len <= CAMP_SENT_MAX);
		assert_int_equal(a.sent_len, strlen(a.sent));
		camp_canonical(str_make(a.name, a.len), &b);
		assert_string_equal(a.name, b.name);
	}
}

static void
the_name_as_sent_is_kept_without_controls(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "Autumn Sale", "Autumn Sale" },
		{ "a\r\nb\tc\x1b[31m\x7f", "a??b?c?[31m?" },
		{ "caf\xc3\xa9 \xf0\x9f\x8d\x82", "caf\xc3\xa9 \xf0\x9f\x8d\x82" },
		{ "C1 \xc2\x85 LS \xe2\x80\xa8", "C1 ? LS ?" },
		{ "latin1 \xe9t\xe9", "latin1 ?t?" },
		{ "cut \xe6\x98", "cut ??" },
		{ "overlong \xc0\xaf \xe0\x80\xaf", "overlong ?? ???" },
		{ "surrogate \xed\xa0\x80", "surrogate ???" },
		{ "beyond \xf4\x90\x80\x80 \xf8", "beyond ???? ?" },
	};
	struct camp_name c;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		camp_canonical(str_of(t[i].in), &c);
		assert_string_equal(c.sent, t[i].out);
		assert_int_equal(c.sent_len, strlen(t[i].out));
	}
}

static void
the_name_as_sent_is_cut_at_a_character(void **state)
{
	char in[300];
	struct camp_name c;

	(void)state;
	camp_canonical(repeat(in, 'x', 256, ""), &c);
	assert_int_equal(c.sent_len, 256);
	camp_canonical(repeat(in, 'x', 257, ""), &c);
	assert_int_equal(c.sent_len, 256);
	camp_canonical(repeat(in, 'x', 254, "\xc3\xa9y"), &c);
	assert_int_equal(c.sent_len, 256);
	camp_canonical(repeat(in, 'x', 255, "\xc3\xa9y"), &c);
	assert_int_equal(c.sent_len, 255);
	camp_canonical(repeat(in, 'x', 253, "\xf0\x9f\x8d\x82"), &c);
	assert_int_equal(c.sent_len, 253);
}

static void
names_that_end_in_a_hash_are_known(void **state)
{
	(void)state;
	assert_true(camp_is_hashed(STR("ec05a493fd71d9fd")));
	assert_true(camp_is_hashed(STR("t-2026-0123456789abcdef")));
	assert_false(camp_is_hashed(STR("")));
	assert_false(camp_is_hashed(STR("ec05a493fd71d9f")));
	assert_false(camp_is_hashed(STR("aec05a493fd71d9fd")));
	assert_false(camp_is_hashed(STR("news-0123456789abcdeg")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_names_are_reduced_to_the_canonical_alphabet),
		cmocka_unit_test(a_nul_is_a_character_like_another),
		cmocka_unit_test(a_name_with_dropped_8_bit_bytes_ends_in_its_hash),
		cmocka_unit_test(a_known_hash_is_what_other_tools_compute),
		cmocka_unit_test(a_name_too_long_is_cut_and_ends_in_its_hash),
		cmocka_unit_test(an_8_bit_name_keeps_47_bytes_before_the_hash),
		cmocka_unit_test(long_names_that_differ_at_the_end_stay_different),
		cmocka_unit_test(what_is_canonical_is_recognised),
		cmocka_unit_test(whatever_is_sent_becomes_canonical_and_then_stays),
		cmocka_unit_test(the_name_as_sent_is_kept_without_controls),
		cmocka_unit_test(the_name_as_sent_is_cut_at_a_character),
		cmocka_unit_test(names_that_end_in_a_hash_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
