/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32c_test.c - the vectors of RFC 3720 B.4, and the tables worked out bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/crc32c.h"

static uint32_t
slowly(const uint8_t *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (; n > 0; n--, p++) {
		crc ^= *p;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void
vectors_of_the_rfc_hold(void **state)
{
	uint8_t p[32];

	(void)state;
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(p, 0, sizeof p);
	assert_int_equal(crc32c(0, p, sizeof p), 0x8a9136aa);
	memset(p, 0xff, sizeof p);
	assert_int_equal(crc32c(0, p, sizeof p), 0x62a8ab43);
	for (uint8_t i = 0; i < sizeof p; i++)
		p[i] = i;
	assert_int_equal(crc32c(0, p, sizeof p), 0x46dd794e);
}

static void
every_byte_at_every_place_counts_as_the_definition_says(void **state)
{
	uint8_t p[9];

	(void)state;
	for (size_t at = 0; at < sizeof p; at++) {
		for (unsigned v = 0; v < 256; v++) {
			memset(p, 0x5a, sizeof p);
			p[at] = (uint8_t)v;
			assert_int_equal(crc32c(0, p, sizeof p), slowly(p, sizeof p));
		}
	}
}

static void
pieces_make_the_sum_of_the_whole(void **state)
{
	static const char text[] = "counted exactly once, whatever breaks";

	(void)state;
	for (size_t cut = 0; cut < sizeof text; cut++)
		assert_int_equal(
		    crc32c(crc32c(0, text, cut), text + cut, sizeof text - cut),
		    crc32c(0, text, sizeof text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_rfc_hold),
		cmocka_unit_test(
		    every_byte_at_every_place_counts_as_the_definition_says),
		cmocka_unit_test(pieces_make_the_sum_of_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
