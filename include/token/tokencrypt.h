/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokencrypt.h - the cryptography of tokens that system/crypto.h does not have, from
 * OpenSSL's libcrypto: HKDF-SHA256 (RFC 5869), AES-256-SIV (RFC 5297) and a comparison
 * in constant time.  Thread-safe.  Pure.
 */
#ifndef METERMARK_TOKEN_TOKENCRYPT_H
#define METERMARK_TOKEN_TOKENCRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the tag in front of the ciphertext. */
#define TOKENCRYPT_TAG ((size_t)16)

/* Derive outlen bytes from a secret, without salt.  0, or -1 when out of memory. */
int tokencrypt_hkdf(
    const void *secret, size_t n, const char *info, uint8_t *out, size_t outlen);

/*
 * OpenSSL's AES-256-SIV.  To find it takes a lock and a search by name, so a ring keeps
 * it.  tokencrypt_siv() returns NULL when out of memory; to seal and to open fail then.
 */
struct tokencrypt_siv;
struct tokencrypt_siv *tokencrypt_siv(void);
void tokencrypt_siv_free(struct tokencrypt_siv *);

/* ad: the associated data.  out: the tag, then n bytes.  0, or -1 when out of memory.
 */
int tokencrypt_seal(const struct tokencrypt_siv *, const uint8_t key[64], uint8_t ad,
    const void *p, size_t n, uint8_t *out);
/*
 * n: as tokencrypt_seal() has written, at least TOKENCRYPT_TAG; out: that many bytes
 * without the tag.  0, or -1: not authentic, or out of memory.
 */
int tokencrypt_open(const struct tokencrypt_siv *, const uint8_t key[64], uint8_t ad,
    const void *p, size_t n, uint8_t *out);

/* Equal?  The time it takes does not tell where they differ. */
bool tokencrypt_equal(const void *, const void *, size_t n);

#endif
