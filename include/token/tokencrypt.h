/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokencrypt.h - the cryptography of tokens and marks, from OpenSSL's libcrypto:
 * HKDF-SHA256 (RFC 5869), AES-256-SIV (RFC 5297), a comparison in constant time.
 * Thread-safe.
 */
#ifndef METERMARK_TOKEN_TOKENCRYPT_H
#define METERMARK_TOKEN_TOKENCRYPT_H

#include "token/token.h"

/* What token/token.h wants to be lent; for the life of the process. */
const struct token_crypto *tokencrypt(void);

#endif
