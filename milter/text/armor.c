/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * armor.c - base32 and base64url.  See the header.
 */
#include "text/armor.h"

#include <limits.h>
#include <string.h>

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Write the bytes with that many bits in each character. */
static void
write_digits(
    struct buf *b, const uint8_t *p, size_t n, const char *alphabet, unsigned bits)
{
	const unsigned mask = (1U << bits) - 1;
	unsigned held = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		held = (held << 8 | p[i]) & 0xffff;
		for (count += 8; count >= bits; count -= bits)
			buf_addc(b, alphabet[held >> (count - bits) & mask]);
	}
	if (count > 0)
		buf_addc(b, alphabet[held << (bits - count) & mask]);
}

static int
read_digits(
    struct str s, uint8_t *out, size_t size, const char *alphabet, unsigned bits)
{
	unsigned held = 0, count = 0;
	size_t n = 0;

	/* The bits left over must be fewer than a character holds, and zero. */
	if (s.len > INT_MAX / 8 || s.len * bits % 8 >= bits || s.len * bits / 8 > size)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		const char *at = memchr(alphabet, s.p[i], (size_t)1 << bits);

		if (at == NULL)
			return -1;
		held = (held << bits | (unsigned)(at - alphabet)) & 0xffff;
		count += bits;
		if (count >= 8) {
			count -= 8;
			out[n++] = (uint8_t)(held >> count);
		}
	}
	return (held & ((1U << count) - 1)) == 0 ? (int)n : -1;
}

void
armor_base32(struct buf *b, const uint8_t *p, size_t n)
{
	write_digits(b, p, n, base32, 5);
}

void
armor_base64url(struct buf *b, const uint8_t *p, size_t n)
{
	write_digits(b, p, n, base64url, 6);
}

int
armor_read_base32(struct str s, uint8_t *out, size_t size)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char lower[256];

	if (s.len > sizeof(lower))
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\0' ||
		    (strchr(base32, s.p[i]) == NULL &&
			strchr(capitals, s.p[i]) == NULL))
			return -1;
		lower[i] = ascii_lower(s.p[i]);
	}
	return read_digits(str_make(lower, s.len), out, size, base32, 5);
}

int
armor_read_base64url(struct str s, uint8_t *out, size_t size)
{
	return read_digits(s, out, size, base64url, 6);
}
