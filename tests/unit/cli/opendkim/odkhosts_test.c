/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odkhosts_test.c - InternalHosts and PeerList as plain networks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opendkim/odkhosts.h"
#include "text/buf.h"

/* Words of InternalHosts, then after | those of PeerList; how each was taken. */
static void
add_all(struct odkhosts *h, const char *words, enum odkhosts_result expected)
{
	struct str rest = str_of(words);
	bool peer = false;

	while (rest.len > 0) {
		size_t n = str_find(rest, ' ');
		struct str word = str_make(rest.p, n);

		if (str_eq(word, STR("|")))
			peer = true;
		else if (odkhosts_add(h, word, peer) != expected)
			fail_msg("\"%.*s\" in \"%s\"", (int)word.len, word.p, words);
		rest = str_skip(rest, n + 1);
	}
}

static void
holes_are_cut_out(void **state)
{
	static const struct {
		const char *words, *networks;
	} cases[] = {
		{ "", "" },
		{ "127.0.0.1 ::1", "127.0.0.1/32 ::1/128 " },
		{ "localhost", "127.0.0.1/32 ::1/128 " },
		{ "10.0.0.0/8", "10.0.0.0/8 " },
		{ "10.0.0.0/8 10.0.0.0/8 10.1.0.0/16", "10.0.0.0/8 " },
		{ "10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8 " },
		{ "10.0.0.0/8 !10.0.0.0/9", "10.128.0.0/9 " },
		{ "!10.0.0.0/9 10.0.0.0/8", "10.128.0.0/9 " },
		{ "10.0.0.0/8 !10.0.0.0/8", "" },
		{ "!10.0.0.0/8", "" },
		{ "!10.0.0.0/8 10.1.2.3", "10.1.2.3/32 " },
		{ "192.0.2.0/30 !192.0.2.1", "192.0.2.0/32 192.0.2.2/31 " },
		{ "10.0.0.0/8 !10.0.0.0/9 10.0.0.0/10", "10.0.0.0/10 10.128.0.0/9 " },
		{ "10.0.0.0/8 | 10.0.0.0/9", "10.128.0.0/9 " },
		{ "10.0.0.0/9 | 10.0.0.0/8 !10.64.0.0/10", "10.64.0.0/10 " },
		{ "10.0.0.0/8 | 192.0.2.1", "10.0.0.0/8 " },
		{ "| 10.0.0.0/8", "" },
		{ "[2001:db8::]/32 !2001:db8::/33", "2001:db8:8000::/33 " },
		{ "[2001:DB8::1] [192.0.2.1]", "192.0.2.1/32 2001:db8::1/128 " },
		{ "0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0 " },
		{ "::/0 !10.0.0.0/8", "::/0 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct odkhosts h;
		struct cidr *nets;
		struct buf b;
		char text[64], err[256];
		size_t n;

		odkhosts_init(&h);
		buf_init(&b, 4096);
		add_all(&h, cases[i].words, ODKHOSTS_TAKEN);
		assert_int_equal(odkhosts_networks(&h, &nets, &n, err, sizeof(err)), 0);
		for (size_t k = 0; k < n; k++) {
			cidr_format(&nets[k], text, sizeof(text));
			buf_addf(&b, "%s ", text);
		}
		if (strcmp(b.p, cases[i].networks) != 0)
			fail_msg("\"%s\": \"%s\"", cases[i].words, b.p);
		free(nets);
		buf_fini(&b);
		odkhosts_fini(&h);
	}
}

/* The most precise entry that holds the address, as opendkim looks for it. */
static bool
asked(const struct cidr *entries, const bool *negative, const bool *peers, size_t n,
    const struct cidr_addr *a)
{
	bool in[2] = { false, false };
	unsigned bits[2] = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		int set = peers[i];

		if (!cidr_match(&entries[i], a) || entries[i].bits < bits[set])
			continue;
		if (entries[i].bits == bits[set] && bits[set] != 0 && !in[set])
			continue; /* a ! of the same width came before */
		bits[set] = entries[i].bits;
		in[set] = !negative[i];
	}
	return in[0] && !in[1];
}

/* Random networks in a small part of the world, all of which is then asked about. */
static void
every_address_is_in_or_out_as_with_opendkim(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct cidr entries[12], *nets;
		bool negative[12], peers[12];
		size_t n_nets, n = 0;
		struct odkhosts h;
		char text[64], err[256];

		odkhosts_init(&h);
		for (; n < 12; n++) {
			unsigned bits, host;

			seed = seed * 1664525U + 1013904223U;
			bits = 24 + (seed >> 8) % 9;
			host = (seed >> 16) & 255 & ~((1U << (32 - bits)) - 1);
			negative[n] = (seed >> 28) % 3 == 0;
			peers[n] = (seed >> 30) == 0;
			snprintf(text, sizeof(text), "%s192.0.2.%u/%u",
			    negative[n] ? "!" : "", host, bits);
			assert_int_equal(
			    odkhosts_add(&h, str_of(text), peers[n]), ODKHOSTS_TAKEN);
			assert_int_equal(cidr_parse(text + negative[n], &entries[n],
					     err, sizeof(err)),
			    0);
		}
		assert_int_equal(
		    odkhosts_networks(&h, &nets, &n_nets, err, sizeof(err)), 0);
		for (unsigned host = 0; host < 256; host++) {
			struct cidr_addr a;
			bool in = false;

			snprintf(text, sizeof(text), "192.0.2.%u", host);
			assert_int_equal(cidr_addr_parse(str_of(text), &a), 0);
			for (size_t i = 0; i < n_nets; i++)
				in |= cidr_match(&nets[i], &a);
			if (in != asked(entries, negative, peers, n, &a))
				fail_msg("round %d: %s", round, text);
		}
		free(nets);
		odkhosts_fini(&h);
	}
}

static void
names_and_odd_networks_are_told_apart(void **state)
{
	struct odkhosts h;

	(void)state;
	odkhosts_init(&h);
	add_all(&h, "mail.example.com .example.com !mail.example.com * 10.0.0.* 10.0 [",
	    ODKHOSTS_NAME);
	add_all(&h, "192.168.1.7/24 !10.0.0.1/8 10.0.0.0/33 10.0.0.0/x 2001:db8::1/32",
	    ODKHOSTS_NEVER);
	assert_int_equal(h.n, 0);
	odkhosts_fini(&h);
}

static void
too_many_networks_are_an_error(void **state)
{
	struct odkhosts h;
	struct cidr *nets;
	char text[64], err[256] = "";
	size_t n;

	(void)state;
	odkhosts_init(&h);
	for (unsigned i = 0; i <= ODKHOSTS_NETWORKS_MAX; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.0/32", i / 128, i % 128 * 2);
		assert_int_equal(odkhosts_add(&h, str_of(text), false), ODKHOSTS_TAKEN);
	}
	assert_int_equal(odkhosts_networks(&h, &nets, &n, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "4096"));
	h.n--;
	assert_int_equal(odkhosts_networks(&h, &nets, &n, err, sizeof(err)), 0);
	assert_int_equal(n, ODKHOSTS_NETWORKS_MAX);
	free(nets);
	odkhosts_fini(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holes_are_cut_out),
		cmocka_unit_test(every_address_is_in_or_out_as_with_opendkim),
		cmocka_unit_test(names_and_odd_networks_are_told_apart),
		cmocka_unit_test(too_many_networks_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
