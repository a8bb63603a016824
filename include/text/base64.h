/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64.h - base64 as mail has it: padded, with white space anywhere (RFC 4648 4,
 * RFC 6376 2.10).
 */
#ifndef METERMARK_TEXT_BASE64_H
#define METERMARK_TEXT_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* What a digit stands for, 0 to 63; -1: it is none. */
int base64_digit(char);

/*
 * Into out, which has room for size bytes.  How many they are, or -1: a character that
 * does not belong, padding that is missing or not at the end, or no room.
 */
int base64_read(struct str, uint8_t *out, size_t size);

#endif
