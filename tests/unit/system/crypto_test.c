/* SPDX-License-Identifier: BSD-2-Clause */
/* crypto_test.c - published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "system/crypto.h"

static const char *
hex(const uint8_t d[32])
{
	static char out[65];

	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", d[i]);
	return out;
}

/* FIPS 180-4's examples. */
static void
sha256_gives_the_published_digests(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "",
		    "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855" },
		{ "abc",
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039"
		    "a33ce45964ff2167f6ecedd419db06c1" },
	};
	uint8_t d[32];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		crypto_sha256(cases[i].text, strlen(cases[i].text), d);
		assert_string_equal(hex(d), cases[i].want);
	}
}

/* One text by both ways: they must not differ. */
static void
both(const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32])
{
	struct crypto_mac *m = crypto_mac_new(key, keylen);
	uint8_t again[32];

	assert_non_null(m);
	crypto_hmac_sha256(key, keylen, p, n, out);
	for (int i = 0; i < 2; i++) {
		memset(again, 0, sizeof again);
		crypto_mac(m, p, n, again);
		assert_memory_equal(again, out, sizeof again);
	}
	crypto_mac_free(m);
}

/* RFC 4231, cases 1, 2 and 6. */
static void
hmac_gives_the_digests_of_rfc_4231(void **state)
{
	static const char text6[] =
	    "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], d[32];

	(void)state;
	memset(key, 0x0b, 20);
	both(key, 20, "Hi There", 8, d);
	assert_string_equal(hex(d),
	    "b0344c61d8db38535ca8afceaf0bf12b"
	    "881dc200c9833da726e9376c2e32cff7");
	both("Jefe", 4, "what do ya want for nothing?", 28, d);
	assert_string_equal(hex(d),
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	both(key, sizeof key, text6, sizeof text6 - 1, d);
	assert_string_equal(hex(d),
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
}

static void
an_empty_key_and_text_have_a_digest(void **state)
{
	uint8_t d[32];

	(void)state;
	both(NULL, 0, "", 0, d);
	assert_string_equal(hex(d),
	    "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_digests),
		cmocka_unit_test(hmac_gives_the_digests_of_rfc_4231),
		cmocka_unit_test(an_empty_key_and_text_have_a_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
