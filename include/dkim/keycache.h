/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache.h - libopendkim gets keys that are decoded already.
 *
 * libopendkim takes a key as text and decodes it again for every signature, which with
 * RSA-2048 costs more than twice the signature (OpenSSL 3.0: building the decoder, and
 * blinding for an RSA object that is new each time).  It has no call that takes a
 * decoded key.  It does call PEM_read_bio_PrivateKey() through the dynamic linker, and
 * a definition in the program goes before libcrypto's: ours knows a handle by its form
 * and returns the key that the handle names; any other text it passes on.  The other
 * way, linking libopendkim.a with --wrap, would tie us to a static library that
 * distributions need not ship and cannot patch.
 *
 * The handle stands in for the key's text, so the library's own copies hold no secret.
 * No lock is taken: a key lives as long as the keyring, and the message holds that.
 * Thread-safe after keycache_prove().
 */
#ifndef METERMARK_DKIM_KEYCACHE_H
#define METERMARK_DKIM_KEYCACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim/keyring.h"

#define KEYCACHE_HANDLE_BYTES 80

/*
 * See whether libopendkim comes to us for keys: sign_once() makes one Ed25519 signature
 * with the key text it is given, and says whether that worked.  Before the first
 * signature, and before other threads; further calls only answer the same.  False: keys
 * must be given as text, which is right, and slower.
 */
bool keycache_prove(bool (*sign_once)(const char *key_text));

/*
 * What to give libopendkim as the key: the handle, written to out, or the key's own
 * text where the proof failed.  Valid as long as both out and the key.
 */
const char *keycache_text(const struct keyring_key *, char out[KEYCACHE_HANDLE_BYTES]);

#endif
