/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto.c - digests and MACs from libcrypto.  See the header.
 *
 * The one-shot functions of OpenSSL 3 fail only when memory runs out or the library has
 * lost its default provider.  A wrong digest must never become a campaign's name or a
 * recipient's pseudonym, and no caller could continue without one, so a failure aborts
 * the process, as a failed assertion would.
 */
#include "system/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void
crypto_sha256(const void *p, size_t n, uint8_t out[32])
{
	unsigned len = 0;

	if (EVP_Digest(p, n, out, &len, EVP_sha256(), NULL) != 1 || len != 32)
		abort();
}

void
crypto_sha1_hex(const void *p, size_t n, char out[41])
{
	unsigned char digest[20];
	unsigned len = 0;

	if (EVP_Digest(p, n, digest, &len, EVP_sha1(), NULL) != 1 || len != 20)
		abort();
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void
crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32])
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), keylen > 0 ? key : "", (int)keylen, p, n, out, &len) ==
		NULL ||
	    len != 32)
		abort();
}

/* RFC 2104: the two digests after the padded key; each text continues copies of them.
 */
struct crypto_mac {
	EVP_MD_CTX *inner, *outer;
};

#define BLOCK 64 /* of SHA-256 */

static EVP_MD_CTX *
digest_after(const EVP_MD *md, const uint8_t key[BLOCK], uint8_t pad)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t block[BLOCK];

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = key[i] ^ pad;
	if (ctx != NULL &&
	    (EVP_DigestInit_ex(ctx, md, NULL) != 1 ||
		EVP_DigestUpdate(ctx, block, sizeof block) != 1)) {
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	OPENSSL_cleanse(block, sizeof block);
	return ctx;
}

struct crypto_mac *
crypto_mac_new(const void *key, size_t keylen)
{
	struct crypto_mac *m = calloc(1, sizeof *m);
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
	uint8_t block[BLOCK] = { 0 };

	if (m == NULL || md == NULL) {
		crypto_mac_free(m);
		m = NULL;
		goto out;
	}
	if (keylen > sizeof block)
		crypto_sha256(key, keylen, block);
	else if (keylen > 0)
		memcpy(block, key, keylen);
	m->inner = digest_after(md, block, 0x36);
	m->outer = digest_after(md, block, 0x5c);
	if (m->inner == NULL || m->outer == NULL) {
		crypto_mac_free(m);
		m = NULL;
	}
out:
	EVP_MD_free(md);
	OPENSSL_cleanse(block, sizeof block);
	return m;
}

void
crypto_mac_free(struct crypto_mac *m)
{
	if (m == NULL)
		return;
	EVP_MD_CTX_free(m->inner);
	EVP_MD_CTX_free(m->outer);
	free(m);
}

void
crypto_mac(const struct crypto_mac *m, const void *p, size_t n, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t digest[32];

	if (ctx == NULL || EVP_MD_CTX_copy_ex(ctx, m->inner) != 1 ||
	    EVP_DigestUpdate(ctx, p, n) != 1 ||
	    EVP_DigestFinal_ex(ctx, digest, NULL) != 1 ||
	    EVP_MD_CTX_copy_ex(ctx, m->outer) != 1 ||
	    EVP_DigestUpdate(ctx, digest, sizeof digest) != 1 ||
	    EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
}
