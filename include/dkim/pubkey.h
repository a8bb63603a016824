/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pubkey.h - public keys of DKIM records, by OpenSSL: what they are, whether they are
 * ours, what they verify.  Any bytes; any thread.
 */
#ifndef METERMARK_DKIM_PUBKEY_H
#define METERMARK_DKIM_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/dkimrec.h"
#include "text/buf.h"

/* A dnslook_key_fn; own is an EVP_PKEY, as keyring.h has it. */
int pubkey_look(const struct dkimrec *, const void *own, unsigned *bits, bool *matches,
    char *err, size_t errlen);

/* As dkimsig_lent wants it. */
int pubkey_verify(enum dkimrec_type, const uint8_t *key, size_t key_len,
    const uint8_t hash[32], const uint8_t *sig, size_t sig_len);

/*
 * Append "v=DKIM1; k=rsa; p=..." of a private key (an EVP_PKEY).  0, or -1: neither RSA
 * nor Ed25519, or out of memory.
 */
int pubkey_record(const void *pkey, struct buf *);

/* A new private key in PKCS#8 PEM, to be wiped by the caller.  0, or -1 with err. */
int pubkey_generate(
    bool ed25519, unsigned bits, struct buf *pem, char *err, size_t errlen);

#endif
