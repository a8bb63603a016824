/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto.h - digests and MACs, from OpenSSL's libcrypto.  Thread-safe.  Pure.
 */
#ifndef METERMARK_SYSTEM_CRYPTO_H
#define METERMARK_SYSTEM_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4). */
void crypto_sha256(const void *p, size_t n, uint8_t out[32]);
/* SHA-1 in 40 hex digits, the name of a script in Redis.  Not for secrets. */
void crypto_sha1_hex(const void *p, size_t n, char out[41]);
/* HMAC-SHA256 (RFC 2104). */
void crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32]);
/*
 * The same for one key and many short texts: the work that depends on the key alone is
 * done once, so that a text costs a third.  NULL when out of memory.  Several threads
 * may use it at the same time.
 */
struct crypto_mac *crypto_mac_new(const void *key, size_t keylen);
void crypto_mac_free(struct crypto_mac *);
void crypto_mac(const struct crypto_mac *, const void *p, size_t n, uint8_t out[32]);

#endif
