/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8.h - characters of UTF-8 (RFC 3629), read and written one by one.  Pure.
 */
#ifndef METERMARK_TEXT_UTF8_H
#define METERMARK_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

/*
 * A byte that is no part of a character, 0x80 to 0xff, read as a character of its own:
 * byte b is UTF8_STRAY + b - 0x80.  These are private-use characters, which the WHATWG
 * Encoding Standard uses for this purpose ("x-user-defined").  With U+FFFD for all of
 * them different names would become one.
 */
#define UTF8_STRAY UINT32_C(0xf780)
#define UTF8_STRAYS 128

/*
 * The length of the well-formed character at the start of s, with its code point in
 * *code; 0 if there is none: a stray byte, an overlong form, a surrogate, above
 * U+10FFFF, or nothing.
 */
size_t utf8_read(struct str s, uint32_t *code);
/* Append the character; its code is one that utf8_read() can give. */
void utf8_add(struct buf *out, uint32_t code);

#endif
