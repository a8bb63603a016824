/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokencrypt.h - the cryptography of tokens and marks, from OpenSSL's libcrypto:
 * HKDF-SHA256 (RFC 5869), AES-256-SIV (RFC 5297), a comparison in constant time.
 * Thread-safe.
 */
#ifndef METERMARK_EDGE_TOKENCRYPT_H
#define METERMARK_EDGE_TOKENCRYPT_H

#include "core/token.h"

/* What core/token.h wants to be lent; for the life of the process. */
const struct token_crypto *tokencrypt(void);

#endif
