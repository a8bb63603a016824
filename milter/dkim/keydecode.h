/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydecode.h - decodes a private key from PEM text and checks that its private and
 * public half belong together, by OpenSSL.
 *
 * OpenSSL 3.0 looks up all its decoders for each key that it reads, which takes 0.9 ms,
 * while decoding itself takes 0.1 ms.  A domain_table with more keys than key_cache
 * holds needs a decode for each message, so one set of decoders is kept for the
 * process.  Any thread may call; the decoders are locked while a key is decoded, and
 * never while one signs.
 */
#ifndef METERMARK_DKIM_KEYDECODE_H
#define METERMARK_DKIM_KEYDECODE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes the first key of the text: an EVP_PKEY that the caller frees, or NULL if no
 * key can be decoded.  An encrypted key cannot, since nobody is asked for a
 * pass-phrase.
 */
void *keydecode_pem(const char *text, size_t len);

/*
 * True if the key's public half verifies what its private half signs.  For an RSA key
 * with two primes its numbers are compared (RFC 8017 3.2), which costs no signature.
 * For any other key a signature is made and verified.
 */
bool keydecode_fits(void *pkey);

#endif
