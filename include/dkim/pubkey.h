/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pubkey.h - reads public keys of DKIM records, by OpenSSL: what they are, whether they
 * belong to our private key, and whether they verify a signature.  Any bytes are
 * allowed; any thread may call.  Pure.
 */
#ifndef METERMARK_DKIM_PUBKEY_H
#define METERMARK_DKIM_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/dkimrec.h"
#include "text/buf.h"

/*
 * Examines the key of a record: sets its size in bits, and whether it is the public
 * half of own, an EVP_PKEY as in keyring.h; own may be NULL.  Returns 0, or -1 with a
 * sentence in err if it is no key.
 */
int pubkey_look(const struct dkimrec *, const void *own, unsigned *bits, bool *matches,
    char *err, size_t errlen);

/*
 * Is sig a signature of that hash by that public key?  key: the bytes of p=.  1 for
 * yes, 0 for no, -1 if the key cannot be used.
 */
int pubkey_verify(enum dkimrec_type, const uint8_t *key, size_t key_len,
    const uint8_t hash[32], const uint8_t *sig, size_t sig_len);

/*
 * Appends the record "v=DKIM1; k=rsa; p=..." of a private key (an EVP_PKEY).  Returns
 * 0, or -1 if the key is neither RSA nor Ed25519, or memory is short.
 */
int pubkey_record(const void *pkey, struct buf *);

#endif
