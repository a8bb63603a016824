/* SPDX-License-Identifier: BSD-2-Clause */
/* bodyscan_test.c - bodies in chunks cut anywhere, against a scan byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/bodyscan.h"

static uint32_t seed = 2026;

static uint32_t
random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static struct bodyscan
whole(const char *body, size_t len)
{
	struct bodyscan s;

	bodyscan_init(&s);
	bodyscan_feed(&s, body, len);
	bodyscan_end(&s);
	return s;
}

static const struct {
	const char *body;
	uint64_t longest;
	bool bare_cr, bare_lf, eight_bit, ends_crlf;
} bodies[] = {
	{ "", 0, false, false, false, false },
	{ "\r\n", 0, false, false, false, true },
	{ "abc", 3, false, false, false, false },
	{ "abc\r\n", 3, false, false, false, true },
	{ "abc\r\nlonger\r\nx", 6, false, false, false, false },
	{ "abc\n", 3, false, true, false, false },
	{ "\n", 0, false, true, false, false },
	{ "a\r\nb\nc\r\n", 1, false, true, false, true },
	{ "a\r\nb\n", 1, false, true, false, false },
	{ "abc\r", 4, true, false, false, false },
	{ "a\rb\r\n", 3, true, false, false, true },
	{ "a\r\r\n", 2, true, false, false, true },
	{ "a\n\r\n", 1, false, true, false, true },
	{ "gr\xc3\xbc\xc3\x9f\r\n", 6, false, false, true, true },
};

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		struct bodyscan s = whole(bodies[i].body, strlen(bodies[i].body));

		assert_int_equal(s.bytes, strlen(bodies[i].body));
		assert_int_equal(s.longest, bodies[i].longest);
		assert_int_equal(s.bare_cr, bodies[i].bare_cr);
		assert_int_equal(s.bare_lf, bodies[i].bare_lf);
		assert_int_equal(s.eight_bit, bodies[i].eight_bit);
		assert_int_equal(s.ends_crlf, bodies[i].ends_crlf);
		assert_false(s.nul);
	}
}

static void
test_each_place_in_a_block(void **state)
{
	char body[200];

	(void)state;
	for (size_t at = 0; at < sizeof body; at++) {
		memset(body, 'x', sizeof body);
		assert_false(whole(body, sizeof body).nul);
		assert_false(whole(body, sizeof body).eight_bit);
		body[at] = '\0';
		assert_true(whole(body, sizeof body).nul);
		body[at] = (char)0x80;
		assert_true(whole(body, sizeof body).eight_bit);
		assert_false(whole(body, sizeof body).nul);
		body[at] = '\r';
		assert_true(whole(body, sizeof body).bare_cr);
		body[at] = '\n';
		assert_true(whole(body, sizeof body).bare_lf);
	}
	memset(body, '\r', sizeof body);
	assert_true(whole(body, sizeof body).bare_cr);
}

/* The definition, byte by byte. */
static struct bodyscan
naive(const unsigned char *p, size_t len)
{
	struct bodyscan s = { .bytes = len };
	uint64_t line = 0;

	for (size_t i = 0; i < len; i++) {
		bool crlf = p[i] == '\r' && i + 1 < len && p[i + 1] == '\n';

		s.nul |= p[i] == 0;
		s.eight_bit |= p[i] > 127;
		s.bare_cr |= p[i] == '\r' && !crlf;
		s.bare_lf |= p[i] == '\n' && (i == 0 || p[i - 1] != '\r');
		if (p[i] == '\n')
			line = 0;
		else if (!crlf)
			line++;
		if (line > s.longest)
			s.longest = line;
	}
	s.ends_crlf = len >= 2 && memcmp(p + len - 2, "\r\n", 2) == 0;
	return s;
}

static size_t
random_body(unsigned char *p, size_t max)
{
	size_t len = random_below((uint32_t)max);
	uint32_t crlf_share = 2 + random_below(60);
	uint32_t odd_share = 2 + random_below(2000);

	for (size_t i = 0; i < len; i++) {
		p[i] = (unsigned char)('a' + random_below(26));
		if (random_below(crlf_share) == 0 && i + 1 < len) {
			p[i] = '\r';
			p[++i] = '\n';
		} else if (random_below(odd_share) == 0) {
			p[i] = (unsigned char)"\r\n\0\xff"[random_below(4)];
		}
	}
	return len;
}

static void
test_random_chunks(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned char body[600];
		size_t len = random_body(body, sizeof body);
		struct bodyscan want = naive(body, len), got;

		bodyscan_init(&got);
		for (size_t at = 0; at < len;) {
			size_t n = random_below(round % 3 == 0 ? 4 : 300);
			unsigned char *exact;

			if (n > len - at)
				n = len - at;
			exact = malloc(n + 1);
			memcpy(exact + 1, body + at, n);
			bodyscan_feed(&got, exact + 1, n);
			free(exact);
			at += n;
		}
		bodyscan_end(&got);
		assert_int_equal(got.bytes, want.bytes);
		assert_int_equal(got.longest, want.longest);
		assert_int_equal(got.bare_cr, want.bare_cr);
		assert_int_equal(got.bare_lf, want.bare_lf);
		assert_int_equal(got.nul, want.nul);
		assert_int_equal(got.eight_bit, want.eight_bit);
		assert_int_equal(got.ends_crlf, want.ends_crlf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_each_place_in_a_block),
		cmocka_unit_test(test_random_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
