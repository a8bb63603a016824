/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64.h - base64 as mail has it: padded, with white space anywhere (RFC 4648 4,
 * RFC 6376 2.10).  Pure.
 */
#ifndef METERMARK_TEXT_BASE64_H
#define METERMARK_TEXT_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* The value of a digit, 0 to 63; -1: it is no digit. */
int base64_digit(char);

/*
 * Read into out, which has room for size bytes.  The number of bytes, or -1: a
 * character that is not of the alphabet, padding that is missing or not at the end, or
 * no room.
 */
int base64_read(struct str, uint8_t *out, size_t size);

#endif
