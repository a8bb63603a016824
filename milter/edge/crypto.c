/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto.c - digests and random bytes from libcrypto.  See the header.
 *
 * The one-shot functions of OpenSSL 3 fail only when memory runs out or the library has
 * lost its default provider.  A digest that is not one must not become a campaign's
 * name or a recipient's pseudonym, and no caller could go on without: so that ends the
 * process.
 */
#include "edge/crypto.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

void
crypto_sha256(const void *p, size_t n, uint8_t out[32])
{
	unsigned len = 0;

	if (EVP_Digest(p, n, out, &len, EVP_sha256(), NULL) != 1 || len != 32)
		abort();
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

int
crypto_random(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		int part = n > 1024 ? 1024 : (int)n;

		if (RAND_bytes(at, part) != 1)
			return -1;
		at += part;
		n -= (size_t)part;
	}
	return 0;
}
