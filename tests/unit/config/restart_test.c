/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart_test.c - the settings that a reload cannot take up are named, others not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/restart.h"

static char a[] = "a", b[] = "b", same_a[] = "a";

static struct conf
all_a(void)
{
	return (struct conf) {
		.listen = a,
		.user = a,
		.group = a,
		.state_dir = a,
		.recipient_key_file = a,
		.redis = a,
		.key_prefix = a,
	};
}

static void
check(const struct conf *started, const struct conf *next, const char *expected)
{
	struct buf out;
	size_t n;

	buf_init(&out, 256);
	n = restart_needed(started, next, &out);
	assert_string_equal(out.p, expected);
	assert_int_equal(n == 0, expected[0] == '\0');
	buf_fini(&out);
}

static void
what_is_kept_compares_as_the_settings_do(void **state)
{
	struct conf started = all_a(), next = all_a(), kept;

	(void)state;
	started.file = a;
	assert_int_equal(restart_keep(&kept, &started), 0);
	assert_string_equal(kept.file, "a");
	assert_ptr_not_equal(kept.file, started.file);
	assert_null(kept.redis);
	check(&kept, &next, "");
	next.listen = next.state_dir = b;
	check(&kept, &next, "listen, state_dir");
	conf_fini(&kept);
}

static void
equal_text_is_no_change(void **state)
{
	struct conf started = all_a(), next = all_a();

	(void)state;
	next.listen = same_a;
	next.recipient_key_file = same_a;
	check(&started, &next, "");
}

static void
each_is_named(void **state)
{
	static const size_t offsets[] = { offsetof(struct conf, listen),
		offsetof(struct conf, user), offsetof(struct conf, group),
		offsetof(struct conf, state_dir),
		offsetof(struct conf, recipient_key_file) };
	static const char *const names[] = { "listen", "user", "group", "state_dir",
		"recipient_key_file" };
	char *other = b;

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct conf started = all_a(), next = all_a();

		memcpy((char *)&next + offsets[i], &other, sizeof(other));
		check(&started, &next, names[i]);
	}
}

static void
several_are_a_list(void **state)
{
	struct conf started = all_a(), next = all_a();

	(void)state;
	next.listen = b;
	next.state_dir = NULL;
	check(&started, &next, "listen, state_dir");
}

static void
what_a_reload_takes_up_is_not_named(void **state)
{
	struct conf started = all_a(), next = all_a();

	(void)state;
	next.redis = b;
	next.key_prefix = b;
	next.drain_s = 7;
	check(&started, &next, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_compares_as_the_settings_do),
		cmocka_unit_test(equal_text_is_no_change),
		cmocka_unit_test(each_is_named),
		cmocka_unit_test(several_are_a_list),
		cmocka_unit_test(what_a_reload_takes_up_is_not_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
