/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydecode.h - a private key out of its PEM text, and whether its halves belong
 * together, by OpenSSL.
 *
 * OpenSSL 3.0 looks all its decoders up for every key that it reads: 0.9 ms, where the
 * decoding itself takes 0.1.  A domain_table with more keys than key_cache holds reads
 * one for each message, so one set of decoders is kept for the process.  Any thread;
 * the decoders are locked while a key is decoded, never while one signs.
 */
#ifndef METERMARK_DKIM_KEYDECODE_H
#define METERMARK_DKIM_KEYDECODE_H

#include <stdbool.h>
#include <stddef.h>

/* The first key of the text, an EVP_PKEY of the caller's; NULL when there is none that
 * can be decoded.  An encrypted one cannot: nobody is asked for a pass-phrase. */
void *keydecode_pem(const char *text, size_t len);

/*
 * What the key signs verifies with its own public half.  Of an RSA key the numbers are
 * compared (RFC 8017 3.2), which costs no signature; one is made and verified of any
 * other key, and where the numbers are not those of two primes.
 */
bool keydecode_fits(void *pkey);

#endif
