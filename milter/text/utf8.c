/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8.c - characters of UTF-8.  See the header.
 */
#include "text/utf8.h"

/*
 * The length in bytes of a UTF-8 character with this first byte; 0: no character has
 * it.
 */
static size_t
size_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

size_t
utf8_read(struct str s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = s.len > 0 ? (unsigned char)s.p[0] : 0xff;
	size_t n = size_of(first);

	if (n == 0 || n > s.len)
		return 0;
	*code = n == 1 ? first : first & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

void
utf8_add(struct buf *out, uint32_t code)
{
	static const unsigned char firsts[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	buf_addc(out, (char)(n == 1 ? code : firsts[n] | code >> (6 * (n - 1))));
	while (--n > 0)
		buf_addc(out, (char)(0x80 | (code >> (6 * (n - 1)) & 0x3f)));
}
