/* SPDX-License-Identifier: BSD-2-Clause */
/* status_test.c - what the daemon writes, others read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "flush/status.h"

static char dir[64], file[96];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/status_test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/%s", dir, STATUS_FILE);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

static void
put(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Every byte of the struct differs from its neighbours, so a field that is mixed up
 * with another shows. */
static void
every_member_comes_back(void **state)
{
	struct status out = { .written_ms = 1,
		.started_ms = -2,
		.pid = 3,
		.stopped = true,
		.producer = "0123456789abcdef0123456789abcdef",
		.redis = "redis://h:1/2",
		.redis_there = true,
		.redis_away_ms = 4,
		.redis_ok_ms = 5,
		.redis_error = "say \"no\"\n",
		.redis_error_ms = 6,
		.backlog_messages = 7,
		.backlog_oldest_ms = 8,
		.on_disk = true,
		.held = true,
		.journal_segments = 9,
		.journal_bytes = INT64_C(1) << 50,
		.ledger_bytes = 11,
		.journal_down = true,
		.journal_left_out = 12,
		.journal_sync_failures = 13,
		.retained_batches = 14,
		.retained_bytes = 15,
		.lost_deltas = 16,
		.damaged_records = 17,
		.other_names = 18,
		.crowded = 25,
		.sent = 19,
		.applied = 20,
		.duplicates = 21,
		.refused = 22,
		.restored = 23,
		.not_whole = 24 };
	struct status in;
	char err[256] = "";

	(void)state;
	assert_int_equal(status_write(dir, &out, err, sizeof err), 0);
	assert_int_equal(status_read(dir, &in, err, sizeof err), 0);
	assert_string_equal(in.producer, out.producer);
	assert_string_equal(in.redis, out.redis);
	assert_string_equal(in.redis_error, out.redis_error);
	assert_true(in.stopped && in.redis_there && in.on_disk && in.held);
	assert_true(in.journal_down);
	assert_int_equal(in.written_ms, 1);
	assert_int_equal(in.started_ms, -2);
	assert_int_equal(in.pid, 3);
	assert_int_equal(in.redis_away_ms, 4);
	assert_int_equal(in.redis_ok_ms, 5);
	assert_int_equal(in.redis_error_ms, 6);
	assert_int_equal(in.backlog_messages, 7);
	assert_int_equal(in.backlog_oldest_ms, 8);
	assert_int_equal(in.journal_segments, 9);
	assert_int_equal(in.journal_bytes, INT64_C(1) << 50);
	assert_int_equal(in.ledger_bytes, 11);
	assert_int_equal(in.journal_left_out, 12);
	assert_int_equal(in.journal_sync_failures, 13);
	assert_int_equal(in.retained_batches, 14);
	assert_int_equal(in.retained_bytes, 15);
	assert_int_equal(in.lost_deltas, 16);
	assert_int_equal(in.damaged_records, 17);
	assert_int_equal(in.other_names, 18);
	assert_int_equal(in.crowded, 25);
	assert_int_equal(in.sent, 19);
	assert_int_equal(in.applied, 20);
	assert_int_equal(in.duplicates, 21);
	assert_int_equal(in.refused, 22);
	assert_int_equal(in.restored, 23);
	assert_int_equal(in.not_whole, 24);
}

static void
what_redis_says_need_not_be_utf8(void **state)
{
	struct status s = { .redis_error = "bad \xff\x01 bytes" };
	char err[256];

	(void)state;
	assert_int_equal(status_write(dir, &s, err, sizeof err), 0);
	assert_int_equal(status_read(dir, &s, err, sizeof err), 0);
	assert_string_equal(s.redis_error, "bad ?? bytes");
}

static void
what_is_no_status_is_refused_and_what_is_missing_is_zero(void **state)
{
	static const char *const bad[] = { "", "[]", "{", "7", "{\"pid\": }" };
	struct status s;
	char err[256];

	(void)state;
	assert_int_equal(status_read(dir, &s, err, sizeof err), -1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		put(bad[i]);
		assert_int_equal(status_read(dir, &s, err, sizeof err), -1);
	}
	put("{\"pid\": \"x\", \"producer\": 7, \"sent\": 5, \"of_later\": 1}");
	assert_int_equal(status_read(dir, &s, err, sizeof err), 0);
	assert_int_equal(s.pid, 0);
	assert_string_equal(s.producer, "");
	assert_int_equal(s.sent, 5);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(every_member_comes_back),
		IN_DIR(what_redis_says_need_not_be_utf8),
		IN_DIR(what_is_no_status_is_refused_and_what_is_missing_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
