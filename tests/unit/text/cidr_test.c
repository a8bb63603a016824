/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr_test.c - addresses and networks read, shown and matched; hostile forms refused.
 * The C library is the second opinion on every address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "text/cidr.h"

/* By inet_pton(), in our form. */
static int
by_libc(const char *text, struct cidr_addr *out)
{
	*out = (struct cidr_addr) { .b = { [10] = 0xff, [11] = 0xff } };
	if (inet_pton(AF_INET, text, out->b + 12) == 1)
		return 0;
	return inet_pton(AF_INET6, text, out->b) == 1 ? 0 : -1;
}

static void
addresses_are_read_as_libc_reads_them(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "127.0.0.1", "255.255.255.255",
		"1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "01.2.3.4", "1.2.3.",
		".1.2.3", "1..2.3", "", "a", "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4",
		"1.2.3.-4", "1.2.3.4444", "::", "::1", "1::", "2001:db8::1",
		"2001:DB8::A", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3", ":::", ":1",
		"1:", "1:2:", "12345::", "g::", "::ffff:127.0.0.1", "::127.0.0.1",
		"64:ff9b::192.0.2.1", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4:5:1.2.3.4", "::1.2.3", "::1.2.3.4:5", "::1.2.3.256",
		"fe80::1%eth0", "::1%0", "1", "::ffff:1.2.3.04", "2001:db8:::1",
		"0:0:0:0:0:0:0:0" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cidr_addr ours, theirs;
		int rc = cidr_addr_parse(str_of(texts[i]), &ours);

		if (rc != by_libc(texts[i], &theirs))
			fail_msg("\"%s\": %d", texts[i], rc);
		if (rc == 0 && memcmp(&ours, &theirs, sizeof(ours)) != 0)
			fail_msg("\"%s\" is another address", texts[i]);
	}
}

static void
forms_that_mtas_hand_over_are_read(void **state)
{
	struct cidr_addr a, b;

	(void)state;
	by_libc("192.0.2.1", &b);
	assert_int_equal(cidr_addr_parse(STR("[192.0.2.1]"), &a), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	by_libc("2001:db8::1", &b);
	assert_int_equal(cidr_addr_parse(STR("IPv6:2001:db8::1"), &a), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(cidr_addr_parse(STR("[ipv6:2001:DB8::1]"), &a), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(cidr_addr_parse(STR("[192.0.2.1"), &a), -1);
	assert_int_equal(cidr_addr_parse(STR("[]"), &a), -1);
	assert_int_equal(cidr_addr_parse(STR("IPv6:"), &a), -1);
	assert_int_equal(cidr_addr_parse(str_make("127.0.0.1\0x", 11), &a), -1);
}

/* Text made of the letters that matter, a fixed sequence of it. */
static void
random_text_is_read_as_libc_reads_it(void **state)
{
	static const char letters[] = "0123456789abcdef::::....ff";
	uint32_t seed = 20261124;
	size_t read = 0;

	(void)state;
	for (size_t i = 0; i < 300000; i++) {
		char text[48];
		struct cidr_addr ours, theirs;
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = 2 + (seed >> 24) % 18;
		for (size_t k = 0; k < len; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		if (cidr_addr_parse(str_of(text), &ours) != by_libc(text, &theirs))
			fail_msg("\"%s\"", text);
		if (cidr_addr_parse(str_of(text), &ours) == 0) {
			assert_memory_equal(&ours, &theirs, sizeof(ours));
			read++;
		}
	}
	assert_true(read > 500);
}

static void
networks_match_what_is_in_them(void **state)
{
	static const struct {
		const char *net, *addr;
		bool match;
	} cases[] = {
		{ "127.0.0.0/8", "127.0.0.1", true },
		{ "127.0.0.0/8", "::ffff:127.255.0.1", true },
		{ "127.0.0.0/8", "128.0.0.1", false },
		{ "127.0.0.0/8", "::1", false },
		{ "::1/128", "::1", true },
		{ "::1", "::1", true },
		{ "::1", "127.0.0.1", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "::ffff:10.0.0.0/104", "10.9.8.7", true },
		{ "192.0.2.128/25", "192.0.2.129", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1/32", "192.0.2.2", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
	};
	char err[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cidr c;
		struct cidr_addr a;

		assert_int_equal(cidr_parse(cases[i].net, &c, err, sizeof(err)), 0);
		assert_int_equal(cidr_addr_parse(str_of(cases[i].addr), &a), 0);
		if (cidr_match(&c, &a) != cases[i].match)
			fail_msg("%s against %s", cases[i].net, cases[i].addr);
	}
}

static void
bad_networks_say_what_was_expected(void **state)
{
	static const struct {
		const char *net, *expected;
	} cases[] = {
		{ "", "a network such as 10.0.0.0/8 or 2001:db8::/32" },
		{ "localhost", "a network such as 10.0.0.0/8 or 2001:db8::/32" },
		{ "10/8", "a network such as 10.0.0.0/8 or 2001:db8::/32" },
		{ "/8", "a network such as 10.0.0.0/8 or 2001:db8::/32" },
		{ "10.0.0.0/33", "a number of bits from 0 to 32 after the /" },
		{ "10.0.0.0/", "a number of bits from 0 to 32 after the /" },
		{ "10.0.0.0/8/8", "a number of bits from 0 to 32 after the /" },
		{ "10.0.0.0/-1", "a number of bits from 0 to 32 after the /" },
		{ "10.0.0.0/255.0.0.0", "a number of bits from 0 to 32 after the /" },
		{ "10.0.0.0/4294967304", "a number of bits from 0 to 32 after the /" },
		{ "::/129", "a number of bits from 0 to 128 after the /" },
		{ "10.1.2.3/8", "10.0.0.0/8, since bits are set behind the prefix" },
		{ "1.2.3.4/0", "0.0.0.0/0, since bits are set behind the prefix" },
		{ "2001:db8::1/32",
		    "2001:db8::/32, since bits are set behind the prefix" },
	};
	char err[128];
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cidr_parse(cases[i].net, &c, err, sizeof(err)), -1);
		assert_string_equal(err, cases[i].expected);
	}
}

static void
networks_are_shown_in_the_usual_form(void **state)
{
	static const char *const same[] = { "10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32",
		"::/0", "::1/128", "2001:db8::/32", "1::/16", "1:0:0:2::/64",
		"1:2:3:4:5:6:7:8/128", "1:0:2:3:4:5:6:7/128", "::2:0:0:0/128" };
	char err[128], text[64];
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(cidr_parse(same[i], &c, err, sizeof(err)), 0);
		cidr_format(&c, text, sizeof(text));
		assert_string_equal(text, same[i]);
	}
	assert_int_equal(cidr_parse("192.0.2.1", &c, err, sizeof(err)), 0);
	cidr_format(&c, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1/32");
	cidr_format(&c, text, 5);
	assert_string_equal(text, "192.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_as_libc_reads_them),
		cmocka_unit_test(forms_that_mtas_hand_over_are_read),
		cmocka_unit_test(random_text_is_read_as_libc_reads_it),
		cmocka_unit_test(networks_match_what_is_in_them),
		cmocka_unit_test(bad_networks_say_what_was_expected),
		cmocka_unit_test(networks_are_shown_in_the_usual_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
