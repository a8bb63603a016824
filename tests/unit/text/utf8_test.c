/* SPDX-License-Identifier: BSD-2-Clause */
#include "text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
what_is_written_is_read_again(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		uint32_t again = 0;

		if (code >= 0xd800 && code < 0xe000)
			continue;
		buf_reset(&b);
		utf8_add(&b, code);
		if (utf8_read(buf_str(&b), &again) != b.len || again != code)
			fail_msg("U+%04x is read as U+%04x", code, again);
	}
	buf_fini(&b);
}

static void
what_is_no_character_is_told(void **state)
{
	static const char *const t[] = { "", "\x80", "\xbf", "\xc0\xaf", "\xc1\xbf",
		"\xc3", "\xc3x", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x8e", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff" };
	uint32_t code;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(utf8_read(str_of(t[i]), &code), 0);
	assert_int_equal(utf8_read(STR("\0x"), &code), 1);
	assert_int_equal(code, 0);
	/* What stands behind does not matter. */
	assert_int_equal(utf8_read(STR("\xc3\xa9\xff"), &code), 2);
	assert_int_equal(code, 0xe9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(what_is_no_character_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
