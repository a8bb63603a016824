/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_token.c - tokens and marks that strangers send, and tokens made of what
 * strangers are called.
 *
 * An input is a token, or the value of X-Metermark, or the base32 or base64url of one;
 * its two halves are a campaign and a recipient, too.  Promised, whatever it is:
 *  - what is verified has been made: made again from what was read, it is the same
 * text;
 *  - what was read is a canonical name and an address without control characters, even
 *    where the cryptography lets everything through;
 *  - what can be made can be read, is as long as told, and needs no quoting.
 */
#include <string.h>

#include "text/armor.h"
#include "token/mark.h"
#include "token/token.h"
#include "token/tokencrypt.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)1024 * 1024)
#define NOW ((int64_t)1795508579)

static struct token_ring *ring; /* the keys of tests/data/token-vectors.json */
static struct token_ring *glass;
static struct arena *arena;

/*
 * ==== Cryptography that hides nothing and takes everything ====
 *
 * The linker gives these functions the calls of the product (-Wl,--wrap).  They are in
 * force while the ring "glass" is used, so that inputs without a valid MAC reach what
 * reads a plaintext.
 */
static bool through_glass;

void __real_crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32]);
void __wrap_crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32]);
int __real_tokencrypt_hkdf(
    const void *secret, size_t n, const char *info, uint8_t *out, size_t outlen);
int __wrap_tokencrypt_hkdf(
    const void *secret, size_t n, const char *info, uint8_t *out, size_t outlen);
int __real_tokencrypt_seal(const struct tokencrypt_siv *, const uint8_t key[64],
    uint8_t ad, const void *p, size_t n, uint8_t *out);
int __wrap_tokencrypt_seal(const struct tokencrypt_siv *, const uint8_t key[64],
    uint8_t ad, const void *p, size_t n, uint8_t *out);
int __real_tokencrypt_open(const struct tokencrypt_siv *, const uint8_t key[64],
    uint8_t ad, const void *p, size_t n, uint8_t *out);
int __wrap_tokencrypt_open(const struct tokencrypt_siv *, const uint8_t key[64],
    uint8_t ad, const void *p, size_t n, uint8_t *out);
bool __real_tokencrypt_equal(const void *a, const void *b, size_t n);
bool __wrap_tokencrypt_equal(const void *a, const void *b, size_t n);

void
__wrap_crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32])
{
	if (through_glass)
		memset(out, (int)n, 32);
	else
		__real_crypto_hmac_sha256(key, keylen, p, n, out);
}

int
__wrap_tokencrypt_hkdf(
    const void *secret, size_t n, const char *info, uint8_t *out, size_t outlen)
{
	if (!through_glass)
		return __real_tokencrypt_hkdf(secret, n, info, out, outlen);
	memset(out, 0, outlen);
	return 0;
}

int
__wrap_tokencrypt_seal(const struct tokencrypt_siv *siv, const uint8_t key[64],
    uint8_t ad, const void *p, size_t n, uint8_t *out)
{
	if (!through_glass)
		return __real_tokencrypt_seal(siv, key, ad, p, n, out);
	memset(out, ad, TOKENCRYPT_TAG);
	memcpy(out + TOKENCRYPT_TAG, p, n);
	return 0;
}

int
__wrap_tokencrypt_open(const struct tokencrypt_siv *siv, const uint8_t key[64],
    uint8_t ad, const void *p, size_t n, uint8_t *out)
{
	if (!through_glass)
		return __real_tokencrypt_open(siv, key, ad, p, n, out);
	memcpy(out, (const uint8_t *)p + TOKENCRYPT_TAG, n - TOKENCRYPT_TAG);
	return 0;
}

bool
__wrap_tokencrypt_equal(const void *a, const void *b, size_t n)
{
	return through_glass || __real_tokencrypt_equal(a, b, n);
}

/* ==== The rings ==== */

static void
add(struct token_ring *r, char id, const char *secret)
{
	FUZZ_CHECK(token_ring_add(r, id, secret, strlen(secret)) == 0, "key %c", id);
}

static void
setup(void)
{
	if (ring != NULL)
		return;
	arena = arena_new(ARENA_MAX);
	ring = token_ring_new();
	glass = token_ring_new();
	FUZZ_CHECK(arena != NULL && ring != NULL && glass != NULL, "out of memory");
	add(ring, 'z', "metermark test vectors: never use this key for mail");
	add(ring, '9', "correct horse battery staple, and then some more");
	add(ring, 'a',
	    "5e6b1e7cd3f0a4b29c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b");
	through_glass = true;
	add(glass, 'a', "these bytes are not looked at by anyone");
	through_glass = false;
}

/* ==== Promises ==== */

static bool
clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.len > 0;
}

/* What a URL token says is fit to be used, and makes the same token again. */
static void
check_url(const struct token_ring *r, const struct token *t, struct str text)
{
	struct str campaign = str_of(t->campaign), recipient = str_of(t->recipient);
	struct buf b;

	FUZZ_CHECK(camp_is_canonical(campaign), "\"%s\"", t->campaign);
	FUZZ_CHECK(clean(recipient), "\"%s\"", t->recipient);
	if (r != ring || t->key_id != token_ring_newest(ring))
		return;
	buf_init(&b, TOKEN_URL_CHARS_MAX);
	FUZZ_CHECK(token_url(r, campaign, recipient, &b) == 0, "cannot be made again");
	FUZZ_CHECK(str_eq(buf_str(&b), text), "made again: \"%s\"", b.p);
	buf_fini(&b);
}

static void
check_decode(struct str text)
{
	struct token t;

	if (token_decode(ring, text, &t) == TOKEN_OK) {
		FUZZ_CHECK(strchr("az9", t.key_id) != NULL, "key %c", t.key_id);
		if (t.form == TOKEN_URL)
			check_url(ring, &t, text);
		else
			FUZZ_CHECK(
			    text.len == TOKEN_MAILBOX_CHARS, "%zu long", text.len);
	}
	through_glass = true;
	if (token_decode(glass, text, &t) == TOKEN_OK && t.form == TOKEN_URL)
		check_url(glass, &t, text);
	through_glass = false;
	FUZZ_CHECK(token_decode(NULL, text, &t) != TOKEN_OK, "without a key");
}

/* Read is written again as the same. */
static void
check_armor(struct str text)
{
	uint8_t bytes[512];
	struct buf b;
	int n;

	buf_init(&b, 1024);
	n = armor_read_base32(text, bytes, sizeof(bytes));
	if (n >= 0) {
		armor_base32(&b, bytes, (size_t)n);
		FUZZ_CHECK(str_caseeq(buf_str(&b), text), "\"%s\"", b.p);
	}
	buf_reset(&b);
	n = armor_read_base64url(text, bytes, sizeof(bytes));
	if (n >= 0) {
		armor_base64url(&b, bytes, (size_t)n);
		FUZZ_CHECK(str_eq(buf_str(&b), text), "\"%s\"", b.p);
	}
	buf_fini(&b);
}

static void
check_made(
    struct str campaign, struct str recipient, struct str nonce, enum token_form form)
{
	struct token t;
	struct buf b;
	int rc;

	buf_init(&b, TOKEN_URL_CHARS_MAX);
	rc = form == TOKEN_URL ? token_url(ring, campaign, recipient, &b)
			       : token_mailbox(ring, campaign, NOW, nonce, &b);
	FUZZ_CHECK(rc == 0 || b.len == 0, "half a token");
	if (rc == 0) {
		FUZZ_CHECK(
		    token_decode(ring, buf_str(&b), &t) == TOKEN_OK, "\"%s\"", b.p);
		FUZZ_CHECK(t.form == form, "\"%s\"", b.p);
		for (size_t i = 0; i < b.len; i++)
			FUZZ_CHECK(ascii_isalnum(b.p[i]) ||
				(form == TOKEN_URL && strchr("-_", b.p[i]) != NULL),
			    "\"%s\"", b.p);
		if (form == TOKEN_URL)
			FUZZ_CHECK(str_eq(recipient, str_of(t.recipient)) &&
				str_eq(campaign, str_of(t.campaign)),
			    "another: \"%s\"", b.p);
		else
			FUZZ_CHECK(b.len == TOKEN_MAILBOX_CHARS, "\"%s\"", b.p);
	}
	buf_fini(&b);
}

/* A mark holds only if it is the one that would be made for that time. */
static void
check_mark(struct str value)
{
	const struct mark_keys keys = { ring, NULL };
	struct hdr h;
	struct buf b;

	arena_reset(arena);
	hdr_init(&h, arena);
	buf_init(&b, MARK_VALUE_MAX);
	if (hdr_receive(&h, STR("From"), STR(" jane@example.com")) == 0 &&
	    hdr_receive(&h, STR(MARK_FIELD), value) == 0 &&
	    mark_holds(&keys, &h, STR("<>"), NOW)) {
		/* Nobody could make one with another key or time. */
		FUZZ_CHECK(mark_make(&keys, &h, STR("<>"), NOW, &b) == 0, "no mark");
		FUZZ_CHECK(
		    str_eq(str_trim(buf_str(&b)), str_trim(value)), "\"%s\"", b.p);
	}
	buf_fini(&b);
	hdr_fini(&h);
}

/* The value of a field and a sender go into what is signed. */
static void
check_marked(struct str from, struct str sender)
{
	const struct mark_keys keys = { ring, NULL };
	struct hdr h;
	struct buf b;

	arena_reset(arena);
	hdr_init(&h, arena);
	buf_init(&b, MARK_VALUE_MAX);
	if (hdr_receive(&h, STR("From"), from) == 0 &&
	    mark_make(&keys, &h, sender, NOW, &b) == 0) {
		FUZZ_CHECK(hdr_receive(&h, STR(MARK_FIELD), buf_str(&b)) == 0, "full");
		FUZZ_CHECK(mark_holds(&keys, &h, sender, NOW), "made, but void");
	}
	buf_fini(&b);
	hdr_fini(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_make(len > 0 ? (const char *)p : "", len);
	struct str first = str_make(text.p, len / 2), second = str_skip(text, len / 2);
	struct buf b;

	setup();
	check_decode(text);
	check_armor(text);
	check_mark(text);
	check_marked(first, second);
	check_made(first, second, text, TOKEN_MAILBOX);
	check_made(first, second, text, TOKEN_URL);
	check_made(STR("news"), second, text, TOKEN_URL);
	buf_init(&b, 4096);
	if (len <= 1024) {
		armor_base64url(&b, p, len);
		check_decode(buf_str(&b));
		buf_reset(&b);
		armor_base32(&b, p, len);
		check_decode(buf_str(&b));
	}
	buf_fini(&b);
	return 0;
}
