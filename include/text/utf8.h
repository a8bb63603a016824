/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8.h - characters of UTF-8 (RFC 3629), read and written one by one.
 */
#ifndef METERMARK_TEXT_UTF8_H
#define METERMARK_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

/*
 * A byte that is no part of a character, 0x80 to 0xff, as a character of its own: byte
 * b is UTF8_STRAY + b - 0x80.  They are private use, and the ones that the WHATWG
 * Encoding Standard has for this ("x-user-defined").  U+FFFD for all of them would make
 * one name of many.
 */
#define UTF8_STRAY UINT32_C(0xf780)
#define UTF8_STRAYS 128

/*
 * Bytes of the well-formed character that starts s, and its code point in *code; 0 when
 * there is none: a stray byte, an overlong form, a surrogate, above U+10FFFF, or
 * nothing.
 */
size_t utf8_read(struct str s, uint32_t *code);
/* Append the character; its code is one that utf8_read() can give. */
void utf8_add(struct buf *out, uint32_t code);

#endif
