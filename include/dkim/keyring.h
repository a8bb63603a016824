/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyring.h - the DKIM keys of the settings: read once, checked once, kept decoded.
 *
 * libopendkim validates no key: it signs nonsense with a key of the wrong type and asks
 * for a pass-phrase on the terminal (reference: its dkim_privkey_load).  So each file
 * is checked here when settings are read: a regular file, not open to others, PEM, RSA
 * of 1024 bits or more (below 2048 warns) or Ed25519, not encrypted; and it must make a
 * signature that its own public half verifies.  Immutable after keyring_load(); may be
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
	char *pem;      /* PKCS#8 PEM, NUL-terminated, as libopendkim wants it; secret.
	                 * NULL: keyring_encode() has not been asked for it */
	size_t pem_len; /* without the NUL */
	void *pkey;     /* the same, decoded: an EVP_PKEY, owned by the keyring */
};

struct keyring;

/*
 * Check and read one key file.  user: the account the daemon runs as, which may own the
 * file besides root and the caller; NULL: nobody else.  0 and *out filled
 * (keyring_key_fini() it), or -1 with a sentence that names the file, what is wrong and
 * the cure ("run: chmod 600 FILE").  warn gets a sentence, or "", about what is allowed
 * but unwise.
 */
int keyring_read(const char *file, const char *user, struct keyring_key *out, char *err,
    size_t errlen, char *warn, size_t warnlen);
/* The same without pem, which is much of a key's memory. */
int keyring_decode(const char *file, const char *user, struct keyring_key *out,
    char *err, size_t errlen, char *warn, size_t warnlen);
/* Make pem.  -1 when out of memory. */
int keyring_encode(struct keyring_key *);
void keyring_key_fini(struct keyring_key *);

/*
 * libopendkim folds b= of an Ed25519 signature after it has hashed the field unfolded;
 * with simple header canonicalization such a signature never verifies.  False then.
 */
bool keyring_fits(const struct keyring_key *, enum conf_canon header);

/*
 * All keys of all domains.  NULL with "FILE:LINE: sentence" in err.  The same file
 * named twice is read once.  Also refused: simple header canonicalization with an
 * Ed25519 key, which libopendkim signs wrongly.  Warnings go to warn(arg, sentence),
 * which may be NULL.
 */
struct keyring *keyring_load(const struct conf *, void (*warn)(void *, const char *),
    void *arg, char *err, size_t errlen);
/* Forgets the secrets before it frees them. */
void keyring_free(struct keyring *);

/* Key k of domain d (conf_domain.id), as in the settings. */
const struct keyring_key *keyring_get(const struct keyring *, size_t d, size_t k);

#endif
