/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crypto.h - digests and random bytes, from OpenSSL's libcrypto.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_CRYPTO_H
#define METERMARK_SYSTEM_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4); a camp_sha256_fn. */
void crypto_sha256(const void *p, size_t n, uint8_t out[32]);
/* SHA-1 in 40 hex digits: by which Redis knows a script.  Not for secrets. */
void crypto_sha1_hex(const void *p, size_t n, char out[41]);
/* HMAC-SHA256 (RFC 2104). */
void crypto_hmac_sha256(
    const void *key, size_t keylen, const void *p, size_t n, uint8_t out[32]);
/*
 * The same for a key that is used for many short texts: what depends on the key alone
 * is done once, which makes a text a third as dear.  NULL when out of memory.  May be
 * used by several threads at a time.
 */
struct crypto_mac *crypto_mac_new(const void *key, size_t keylen);
void crypto_mac_free(struct crypto_mac *);
void crypto_mac(const struct crypto_mac *, const void *p, size_t n, uint8_t out[32]);
/* n random bytes fit for keys.  0, or -1 when the system gives none. */
int crypto_random(void *p, size_t n);

#endif
