/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64.c - base64 with white space anywhere.
 *
 * OpenSSL's decoder stops at 64 characters a line or counts padding as bytes; this one
 * is strict about every byte that is not white space.
 */
#include "text/base64.h"

int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_read(struct str s, uint8_t *out, size_t size)
{
	uint32_t bits = 0;
	size_t n = 0, chars = 0, pads = 0;

	for (size_t i = 0; i < s.len; i++) {
		int d = base64_digit(s.p[i]);

		if (ascii_iswsp(s.p[i]))
			continue;
		if (s.p[i] == '=')
			pads++;
		else if (d < 0 || pads > 0)
			return -1;
		chars++;
		bits = bits << 6 | (uint32_t)(d < 0 ? 0 : d);
		if (chars % 4 != 0)
			continue;
		for (unsigned k = 0; k + pads < 3 && pads <= 2; k++) {
			if (n == size)
				return -1;
			out[n++] = (uint8_t)(bits >> (16 - 8 * k));
		}
	}
	return chars % 4 != 0 || pads > 2 ? -1 : (int)n;
}
