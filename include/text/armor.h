/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * armor.h - bytes as text: base32 and base64url (RFC 4648), without padding.  Pure.
 *
 * Reading is strict: each run of bytes has exactly one text, so that a token cannot be
 * written in a second way.  Base32 is written in lower case and read in either, since
 * some mail systems change the case of a local part.
 */
#ifndef METERMARK_TEXT_ARMOR_H
#define METERMARK_TEXT_ARMOR_H

#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

/* Characters that n bytes become. */
#define ARMOR_BASE32_CHARS(n) (((n)*8 + 4) / 5)
#define ARMOR_BASE64URL_CHARS(n) (((n)*8 + 5) / 6)

void armor_base32(struct buf *, const uint8_t *, size_t);
void armor_base64url(struct buf *, const uint8_t *, size_t);

/*
 * Read into out, which has room for size bytes.  The number of bytes, or -1: a
 * character that is not of the alphabet, an impossible length, bits left over that are
 * not zero, or no room.
 */
int armor_read_base32(struct str, uint8_t *out, size_t size);
int armor_read_base64url(struct str, uint8_t *out, size_t size);

#endif
