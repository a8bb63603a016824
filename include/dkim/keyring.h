/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyring.h - the DKIM keys of the settings, each read once, checked once, and kept
 * decoded.
 *
 * libopendkim does not validate keys: it signs nonsense with a key of the wrong type,
 * and asks for a pass-phrase on the terminal (in its dkim_privkey_load).  So each file
 * is checked here when settings are read: it must be a regular file that other users
 * cannot read, in PEM form, not encrypted, with an RSA key of 1024 bits or more (below
 * 2048 gives a warning) or an Ed25519 key, and the key must make a signature that its
 * own public half verifies.  A keyring is immutable after keyring_load() and may be
 * shared by threads.
 */
#ifndef METERMARK_DKIM_KEYRING_H
#define METERMARK_DKIM_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

enum keyring_type { KEYRING_RSA, KEYRING_ED25519 };

struct keyring_key {
	enum keyring_type type;
	unsigned bits;
	char *pem; /* secret PKCS#8 PEM for libopendkim, NUL-terminated; NULL before
	              keyring_encode() */
	size_t pem_len; /* without the NUL */
	void *pkey;     /* the decoded key, an EVP_PKEY that this struct owns */
};

struct keyring;

/*
 * Checks and reads one key file.  user is the account that the daemon runs as, which
 * may own the file besides root and the caller; NULL: no other account may.  Returns 0
 * with *out filled (free it with keyring_key_fini()), or -1 with a sentence that names
 * the file, what is wrong and how to fix it ("run: chmod 600 FILE").  warn gets a
 * sentence about what is allowed but unwise, or "".
 */
int keyring_read(const char *file, const char *user, struct keyring_key *out, char *err,
    size_t errlen, char *warn, size_t warnlen);
/* The same without pem, which takes a large part of a key's memory. */
int keyring_decode(const char *file, const char *user, struct keyring_key *out,
    char *err, size_t errlen, char *warn, size_t warnlen);
/* Makes pem.  Returns -1 if memory is short. */
int keyring_encode(struct keyring_key *);
void keyring_key_fini(struct keyring_key *);

/*
 * True if keys of this type can sign with that header canonicalization.  libopendkim
 * folds b= of an Ed25519 signature after it has hashed the field unfolded, so with
 * simple header canonicalization such a signature never verifies.
 */
bool keyring_fits(const struct keyring_key *, enum conf_canon header);

/*
 * Reads all keys of all domain sections.  Returns NULL with "FILE:LINE: sentence" in
 * err if one of them is refused.  A file that is named twice is read once.  An Ed25519
 * key with simple header canonicalization is refused as well, since libopendkim signs
 * it wrongly.  Warnings go to warn(arg, sentence), which may be NULL.
 */
struct keyring *keyring_load(const struct conf *, void (*warn)(void *, const char *),
    void *arg, char *err, size_t errlen);
/* Overwrites the secrets before it frees them. */
void keyring_free(struct keyring *);

/* Key k of domain d (conf_domain.id), as in the settings. */
const struct keyring_key *keyring_get(const struct keyring *, size_t d, size_t k);

#endif
