/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokenkeys.h - the key files of token { }, read and made.
 *
 * A key file holds any 32 to 4096 bytes; CR and LF at its end do not count, so that a
 * copy made by an editor is the same key.  Whoever has it can make tokens: the same
 * rules as for DKIM keys hold for who may read and write it (system/keyfile.h).
 */
#ifndef METERMARK_TRACKING_TOKENKEYS_H
#define METERMARK_TRACKING_TOKENKEYS_H

#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "token/token.h"

/*
 * A ring of all keys of the settings, in their order: the last one is the newest.
 * Empty when there is none.  NULL with "FILE:LINE: sentence" in err.  Warnings go to
 * warn(arg, sentence), which may be NULL.
 */
struct token_ring *tokenkeys_load(const struct conf *,
    void (*warn)(void *, const char *), void *arg, char *err, size_t errlen);

/* A ring with that one key, for marks of a daemon without token { }.  NULL when out of
 * memory. */
struct token_ring *tokenkeys_local(const uint8_t secret[32]);

/*
 * Whether one key can be used; user is the account that will read it, NULL when none is
 * known.  0, or -1 with a sentence in err; unwise gets a warning, or "".
 */
int tokenkeys_try(const struct conf_token_key *, const char *user, char *err,
    size_t errlen, char *unwise, size_t unwiselen);

/*
 * Make a new file of 32 random bytes in hex, for that account to read: see
 * newfile_secret(), also of errors.
 */
int tokenkeys_create(const char *file, const char *reader, char *err, size_t errlen);

#endif
