/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.c - CRC-32C by tables, four bytes at a time ("slicing", Kounavis and Berry
 * 2005).
 *
 * table[k][i] is what byte i does to the remainder with k more bytes behind it; the
 * compiler works the tables out, and the tests do so in another way.
 */
#include "text/crc32c.h"

/*
 * The remainder of a byte is the sum (exclusive or) of the remainders of its bits, so
 * eight numbers make a table.  BYTEk has those of a byte with k more bytes behind it.
 */
#define BIT(i, n, remainder) (((i) >> (n)&1) != 0 ? (uint32_t)(remainder) : 0)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                               \
 (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^           \
     BIT(i, 5, f) ^ BIT(i, 6, g) ^ BIT(i, 7, h))
#define BYTE0(i)                                                                       \
 ENTRY(i, 0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede,      \
     0x417b1dbc, 0x82f63b78)
#define BYTE1(i)                                                                       \
 ENTRY(i, 0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302,      \
     0xff17c604, 0xfbc3faf9)
#define BYTE2(i)                                                                       \
 ENTRY(i, 0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14,      \
     0xc76580d9, 0x8b277743)
#define BYTE3(i)                                                                       \
 ENTRY(i, 0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b,      \
     0xaba65fe7, 0x52a0c93f)
#define X4(of, i) of(i), of((i) + 1), of((i) + 2), of((i) + 3)
#define X16(of, i) X4(of, i), X4(of, (i) + 4), X4(of, (i) + 8), X4(of, (i) + 12)
#define X64(of, i) X16(of, i), X16(of, (i) + 16), X16(of, (i) + 32), X16(of, (i) + 48)
#define X256(of) X64(of, 0), X64(of, 64), X64(of, 128), X64(of, 192)

static const uint32_t table[4][256] = { { X256(BYTE0) }, { X256(BYTE1) },
	{ X256(BYTE2) }, { X256(BYTE3) } };

static uint32_t
load(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	crc = ~crc;
	for (; n >= 4; n -= 4, p += 4) {
		crc ^= load(p);
		crc = table[3][crc & 0xff] ^ table[2][crc >> 8 & 0xff] ^
		    table[1][crc >> 16 & 0xff] ^ table[0][crc >> 24];
	}
	for (; n > 0; n--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}
