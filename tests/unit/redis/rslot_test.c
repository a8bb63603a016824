/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rslot_test.c - slots against the specification's own figures and a server's, and
 * redirections taken apart.  tests/redis/test_cluster.py compares with CLUSTER KEYSLOT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "redis/rslot.h"

/* "123456789" is the check of the CRC in the Redis Cluster specification; the others
 * are what Redis 7.0.15 answers to CLUSTER KEYSLOT. */
static void
a_key_has_the_slot_that_redis_says(void **state)
{
	static const struct {
		const char *key;
		unsigned slot;
	} cases[] = {
		{ "123456789", 0x31c3 },
		{ "", 0 },
		{ "foo", 12182 },
		{ "somekey", 11058 },
		{ "foo{hash_tag}", 2515 },
		{ "hash_tag", 2515 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (rslot_of(str_of(cases[i].key)) != cases[i].slot)
			fail_msg(
			    "%s: %u", cases[i].key, rslot_of(str_of(cases[i].key)));
}

/* The specification's examples of hash tags. */
static void
only_the_first_tag_with_something_in_it_counts(void **state)
{
	static const struct {
		const char *key, *same_as;
	} cases[] = {
		{ "{user1000}.following", "user1000" },
		{ "{user1000}.followers", "user1000" },
		{ "foo{{bar}}zap", "{bar" },
		{ "foo{bar}{zap}", "bar" },
		{ "metermark:{autumn}:total", "autumn" },
		{ "a{b", "a{b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
		    rslot_of(str_of(cases[i].key)), rslot_of(str_of(cases[i].same_as)));
	/* Nothing in the first tag: all of the key, not the second tag. */
	assert_int_not_equal(rslot_of(STR("foo{}{bar}")), rslot_of(STR("bar")));
	assert_int_not_equal(rslot_of(STR("}a{")), rslot_of(STR("a")));
}

static void
redirections_are_taken_apart(void **state)
{
	static const struct {
		const char *reply;
		struct rslot_redirect want;
	} cases[] = {
		{ "MOVED 3999 127.0.0.1:6381", { false, 3999, "127.0.0.1", 6381 } },
		{ "ASK 0 redis-2.example.com:1",
		    { true, 0, "redis-2.example.com", 1 } },
		{ "MOVED 16383 2001:db8::1:6379",
		    { false, 16383, "2001:db8::1", 6379 } },
		{ "MOVED 1 :6379", { false, 1, "", 6379 } },
		{ "MOVED 1 ?:6379", { false, 1, "", 6379 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rslot_redirect got;

		if (!rslot_redirect(cases[i].reply, &got))
			fail_msg("%s", cases[i].reply);
		assert_int_equal(got.ask, cases[i].want.ask);
		assert_int_equal(got.slot, cases[i].want.slot);
		assert_string_equal(got.host, cases[i].want.host);
		assert_int_equal(got.port, cases[i].want.port);
	}
}

static void
what_is_no_redirection_is_refused(void **state)
{
	static const char *const replies[] = { "", "MOVED", "MOVED ", "MOVED x h:1",
		"MOVED 16384 h:1", "MOVED 99999999999999999999 h:1", "MOVED 1",
		"MOVED 1 ", "MOVED 1 h", "MOVED 1 h:", "MOVED 1 h:0", "MOVED 1 h:65536",
		"MOVED 1 h:1x", "MOVED 1h:1", "MOVEDX 1 h:1", "ASKING 1 h:1",
		"TRYAGAIN", "moved 1 h:1" };
	char lengthy[400] = "MOVED 1 ";
	struct rslot_redirect got;

	(void)state;
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
		if (rslot_redirect(replies[i], &got))
			fail_msg("%s", replies[i]);
	memset(lengthy + 8, 'h', 300);
	memcpy(lengthy + 308, ":1", 3);
	assert_false(rslot_redirect(lengthy, &got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_has_the_slot_that_redis_says),
		cmocka_unit_test(only_the_first_tag_with_something_in_it_counts),
		cmocka_unit_test(redirections_are_taken_apart),
		cmocka_unit_test(what_is_no_redirection_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
