/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache.h - gives libopendkim keys that are already decoded.
 *
 * libopendkim takes a key as text and decodes it again for every signature, which with
 * RSA-2048 costs more than twice as much as the signature (OpenSSL 3.0 builds the
 * decoder anew, and prepares blinding for each new RSA object).  It has no call that
 * takes a decoded key.  But it calls PEM_read_bio_PrivateKey() through the dynamic
 * linker, which prefers a definition in the program to the one in libcrypto.  Ours
 * recognizes a handle by its form and returns the key that the handle names; it passes
 * any other text on to libcrypto.  The alternative, linking libopendkim.a with --wrap,
 * would tie us to a static library that distributions need not ship and cannot patch.
 *
 * The library copies only the handle instead of the key's text, so its copies hold no
 * secret.  No lock is taken: the key lives as long as its keyring, which the message
 * holds.  Thread-safe after keycache_prove().
 */
#ifndef METERMARK_DKIM_KEYCACHE_H
#define METERMARK_DKIM_KEYCACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim/keyring.h"

#define KEYCACHE_HANDLE_BYTES 80

/*
 * Finds out whether libopendkim calls our function: sign_once() makes one Ed25519
 * signature with the key text it is given, and returns whether that worked.  Call it
 * before the first signature and before other threads start; further calls return the
 * same answer.  If it returns false, keys must be given as text, which is correct, but
 * slower.
 */
bool keycache_prove(bool (*sign_once)(const char *key_text));

/*
 * The text to give libopendkim as the key: the handle, written to out, or the key's own
 * text if the proof failed.  It is valid as long as both out and the key.
 */
const char *keycache_text(const struct keyring_key *, char out[KEYCACHE_HANDLE_BYTES]);

#endif
