/* SPDX-License-Identifier: BSD-2-Clause */
/* armor_test.c - base32 and base64url: the vectors of RFC 4648, and one text only. */
#include "text/armor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef void writer(struct buf *, const uint8_t *, size_t);
typedef int reader(struct str, uint8_t *, size_t);

/* Section 10, in lower case and without padding. */
static const struct {
	const char *plain, *base32, *base64;
} rfc[] = {
	{ "", "", "" },
	{ "f", "my", "Zg" },
	{ "fo", "mzxq", "Zm8" },
	{ "foo", "mzxw6", "Zm9v" },
	{ "foob", "mzxw6yq", "Zm9vYg" },
	{ "fooba", "mzxw6ytb", "Zm9vYmE" },
	{ "foobar", "mzxw6ytboi", "Zm9vYmFy" },
};

static void
writes_and_reads(writer *w, reader *r, const char *plain, const char *text)
{
	uint8_t back[16];
	struct buf b;

	buf_init(&b, 64);
	w(&b, (const uint8_t *)plain, strlen(plain));
	assert_string_equal(b.p, text);
	assert_int_equal(r(str_of(text), back, sizeof(back)), (int)strlen(plain));
	assert_memory_equal(back, plain, strlen(plain));
	buf_fini(&b);
}

static void
both_give_the_texts_of_rfc_4648(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc) / sizeof(rfc[0]); i++) {
		writes_and_reads(
		    armor_base32, armor_read_base32, rfc[i].plain, rfc[i].base32);
		writes_and_reads(
		    armor_base64url, armor_read_base64url, rfc[i].plain, rfc[i].base64);
	}
}

static void
the_last_two_characters_of_base64url_are_those_for_urls(void **state)
{
	(void)state;
	writes_and_reads(armor_base64url, armor_read_base64url, "\xfb\xff", "-_8");
}

static void
capitals_are_read_as_base32(void **state)
{
	uint8_t out[8];

	(void)state;
	assert_int_equal(armor_read_base32(STR("MZxW6"), out, sizeof(out)), 3);
	assert_memory_equal(out, "foo", 3);
}

static void
nothing_is_read_that_would_not_be_written(void **state)
{
	static const struct {
		reader *read;
		struct str text;
	} cases[] = {
		{ armor_read_base32, { "m", 1 } },      /* no bytes have that length */
		{ armor_read_base32, { "mzx", 3 } },    /* nor that */
		{ armor_read_base32, { "mzxw6y", 6 } }, /* nor that */
		{ armor_read_base32, { "mz", 2 } },     /* a bit is left over */
		{ armor_read_base32, { "my======", 8 } },
		{ armor_read_base32, { "m1", 2 } },
		{ armor_read_base32, { "m\0", 2 } },
		{ armor_read_base32, { "m\xc0", 2 } },
		{ armor_read_base32, { " my", 3 } },
		{ armor_read_base64url, { "Z", 1 } },
		{ armor_read_base64url, { "Zm9vY", 5 } },
		{ armor_read_base64url, { "Zh", 2 } },
		{ armor_read_base64url, { "Zg==", 4 } },
		{ armor_read_base64url, { "+/8", 3 } },
		{ armor_read_base64url, { "Z\0", 2 } },
		{ armor_read_base64url, { "Zg\n", 3 } },
	};
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (cases[i].read(cases[i].text, out, sizeof(out)) != -1)
			fail_msg("case %zu was read", i);
}

static void
no_more_is_read_than_there_is_room_for(void **state)
{
	uint8_t out[4] = "abc";

	(void)state;
	assert_int_equal(armor_read_base32(STR("mzxw6"), out, 2), -1);
	assert_int_equal(armor_read_base64url(STR("Zm9v"), out, 2), -1);
	assert_string_equal((const char *)out, "abc");
}

/* Every length, every byte value: written is read back, in as many characters as told.
 */
static void
what_is_written_is_read_back(void **state)
{
	uint8_t in[80], out[80];
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	for (size_t n = 0; n <= sizeof(in); n++) {
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 37 + n * 11);
		buf_reset(&b);
		armor_base32(&b, in, n);
		assert_int_equal(b.len, ARMOR_BASE32_CHARS(n));
		assert_int_equal(armor_read_base32(buf_str(&b), out, n), (int)n);
		assert_memory_equal(in, out, n);
		buf_reset(&b);
		armor_base64url(&b, in, n);
		assert_int_equal(b.len, ARMOR_BASE64URL_CHARS(n));
		assert_int_equal(armor_read_base64url(buf_str(&b), out, n), (int)n);
		assert_memory_equal(in, out, n);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_give_the_texts_of_rfc_4648),
		cmocka_unit_test(
		    the_last_two_characters_of_base64url_are_those_for_urls),
		cmocka_unit_test(capitals_are_read_as_base32),
		cmocka_unit_test(nothing_is_read_that_would_not_be_written),
		cmocka_unit_test(no_more_is_read_than_there_is_room_for),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests_name("armor", tests, NULL, NULL);
}
