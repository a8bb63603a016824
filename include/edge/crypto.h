/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto.h - digests and random bytes, from OpenSSL's libcrypto.  Thread-safe.
 */
#ifndef METERMARK_EDGE_CRYPTO_H
#define METERMARK_EDGE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4); a camp_sha256_fn. */
void crypto_sha256(const void *p, size_t n, uint8_t out[32]);
/* HMAC-SHA256 (RFC 2104). */
void crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32]);
/* n random bytes fit for keys.  0, or -1 when the system gives none. */
int crypto_random(void *p, size_t n);

#endif
