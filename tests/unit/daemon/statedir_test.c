/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statedir_test.c - the state directory at a first start, at later ones, and spoilt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/statedir.h"

static char dir[64];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/statedir_test.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static const char *
in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* For a second name in one call. */
static const char *
in_dir_too(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "lock", "producer", "producer.new",
		"producer.copied", "identity", "recipient.key", "k", "elsewhere" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_dir(names[i]));
	return rmdir(dir);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(in_dir(name), mode), 0);
}

static void
one_producer_id_for_ever(void **state)
{
	char first[STATEDIR_PRODUCER_SIZE], again[STATEDIR_PRODUCER_SIZE];
	char err[512] = "";
	struct stat st;

	(void)state;
	assert_int_equal(statedir_producer(dir, first, err, sizeof(err)), 0);
	assert_int_equal(strlen(first), 32);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);
	assert_int_equal(statedir_producer(dir, again, err, sizeof(err)), 0);
	assert_string_equal(first, again);
	assert_int_equal(stat(in_dir("producer"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink(in_dir("producer"));
	assert_int_equal(statedir_producer(dir, again, err, sizeof(err)), 0);
	assert_string_not_equal(first, again);
}

static void
a_start_cut_short_leaves_no_trace(void **state)
{
	char id[STATEDIR_PRODUCER_SIZE];
	char err[512] = "";

	(void)state;
	put("producer.new", "0123", 0600);
	assert_int_equal(statedir_producer(dir, id, err, sizeof(err)), 0);
	assert_int_equal(access(in_dir("producer.new"), F_OK), -1);
}

static void
a_spoilt_producer_id_is_never_replaced(void **state)
{
	static const char *const texts[] = {
		"",
		"0123456789abcdef0123456789abcde\n",
		"0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdef\nx",
		"0123456789ABCDEF0123456789ABCDEF\n",
		"0123456789abcdef 123456789abcdef\n",
	};
	char id[STATEDIR_PRODUCER_SIZE];
	char err[512];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put("producer", texts[i], 0600);
		err[0] = '\0';
		assert_int_equal(statedir_producer(dir, id, err, sizeof(err)), -1);
		assert_non_null(strstr(err, "producer: not 32 hex digits"));
	}
}

static void
a_second_lock_names_the_first_one_s_pid(void **state)
{
	char err[512] = "";
	char expected[64];
	int first = statedir_lock(dir, err, sizeof(err));
	int again;

	(void)state;
	assert_true(first >= 0);
	snprintf(expected, sizeof(expected), "(pid %ld)", (long)getpid());
	assert_int_equal(statedir_lock(dir, err, sizeof(err)), -1);
	assert_non_null(strstr(err, expected));
	close(first);
	again = statedir_lock(dir, err, sizeof(err));
	assert_true(again >= 0);
	close(again);
}

static void
a_lock_that_is_a_link_is_not_followed(void **state)
{
	char err[512] = "";
	struct stat st;

	(void)state;
	put("elsewhere", "precious", 0600);
	assert_int_equal(symlink("elsewhere", in_dir("lock")), 0);
	assert_int_equal(statedir_lock(dir, err, sizeof(err)), -1);
	assert_int_equal(stat(in_dir("elsewhere"), &st), 0);
	assert_int_equal(st.st_size, 8);
}

static void
a_missing_directory_is_said_with_its_cure(void **state)
{
	char err[512] = "";

	(void)state;
	assert_int_equal(statedir_lock("/nonexistent/state", err, sizeof(err)), -1);
	assert_non_null(strstr(err, "/nonexistent/state does not exist"));
	assert_non_null(strstr(err, "install -d -m 700"));
	assert_int_equal(statedir_lock("/dev/null", err, sizeof(err)), -1);
}

static void
a_recipient_key_is_made_once(void **state)
{
	uint8_t first[32], again[32];
	char err[512] = "";
	struct stat st;

	(void)state;
	assert_int_equal(statedir_recipient_key(dir, first, err, sizeof(err)), 0);
	assert_int_equal(statedir_recipient_key(dir, again, err, sizeof(err)), 0);
	assert_memory_equal(first, again, 32);
	assert_int_equal(stat(in_dir("recipient.key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
}

static void
line_ends_do_not_change_a_key(void **state)
{
	uint8_t a[32], b[32], c[32];
	char err[512] = "";

	(void)state;
	put("k", "0123456789abcdef", 0600);
	assert_int_equal(statedir_read_key(in_dir("k"), a, err, sizeof(err)), 0);
	put("k", "0123456789abcdef\r\n", 0640);
	assert_int_equal(statedir_read_key(in_dir("k"), b, err, sizeof(err)), 0);
	put("k", "0123456789abcdeg\n", 0400);
	assert_int_equal(statedir_read_key(in_dir("k"), c, err, sizeof(err)), 0);
	assert_memory_equal(a, b, 32);
	assert_memory_not_equal(a, c, 32);
}

static void
the_key_is_the_digest_of_the_file(void **state)
{
	/* printf %s 0123456789abcdef | sha256sum */
	static const uint8_t expected[4] = { 0x9f, 0x9f, 0x51, 0x11 };
	uint8_t key[32];
	char err[512] = "";

	(void)state;
	put("k", "0123456789abcdef\n", 0600);
	assert_int_equal(statedir_read_key(in_dir("k"), key, err, sizeof(err)), 0);
	assert_memory_equal(key, expected, sizeof(expected));
}

static void
check_refused(const char *file, const char *why)
{
	uint8_t key[32];
	char err[512] = "";

	assert_int_equal(statedir_read_key(file, key, err, sizeof(err)), -1);
	if (strstr(err, why) == NULL)
		fail_msg("expected \"%s\" in: %s", why, err);
}

static void
a_key_that_is_no_key_is_refused(void **state)
{
	char text[STATEDIR_KEY_MAX + 2];

	(void)state;
	put("k", "0123456789abcdef", 0644);
	check_refused(in_dir("k"), "open to others; run: chmod 640");
	put("k", "0123456789abcdef", 0602);
	check_refused(in_dir("k"), "open to others; run: chmod 600");
	put("k", "0123456789abcdef", 0660);
	check_refused(in_dir("k"), "open to others");
	put("k", "0123456789abcde\n\n", 0600);
	check_refused(in_dir("k"), "15 bytes; at least 16");
	put("k", "", 0600);
	check_refused(in_dir("k"), "0 bytes");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put("k", text, 0600);
	check_refused(in_dir("k"), "longer than 4096");
	unlink(in_dir("k"));
	check_refused(in_dir("k"), "openssl rand -hex 32");
	check_refused(dir, "not a regular file");
	assert_int_equal(mkfifo(in_dir("k"), 0600), 0);
	check_refused(in_dir("k"), "not a regular file");
}

static void
a_missing_directory_is_made_for_the_user(void **state)
{
	char err[512] = "";
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(statedir_make(in_dir("k"), 12345, 54321, err, sizeof(err)), 0);
	assert_int_equal(stat(in_dir("k"), &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 54321);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* Another's directory is not taken over. */
	assert_int_equal(statedir_make(in_dir("k"), 1, 1, err, sizeof(err)), 0);
	assert_int_equal(stat(in_dir("k"), &st), 0);
	assert_int_equal(st.st_uid, 12345);
	rmdir(in_dir("k"));
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

/* As cp -a makes it: the same bytes in a file of its own. */
static void
copy_producer(const char *id)
{
	char path[128], line[64];

	snprintf(path, sizeof(path), "%s/producer", dir);
	snprintf(line, sizeof(line), "%s\n", id);
	put("k", line, 0600);
	assert_int_equal(rename(in_dir("k"), path), 0);
}

static void
a_copied_directory_gets_a_producer_of_its_own(void **state)
{
	char first[STATEDIR_PRODUCER_SIZE], id[STATEDIR_PRODUCER_SIZE];
	char note[512], err[512] = "";

	(void)state;
	assert_int_equal(
	    statedir_identify(dir, first, note, sizeof(note), err, sizeof(err)), 0);
	assert_string_equal(note, "");
	assert_int_equal(
	    statedir_identify(dir, id, note, sizeof(note), err, sizeof(err)), 0);
	assert_string_equal(note, "");
	assert_string_equal(id, first);
	copy_producer(first);
	assert_int_equal(
	    statedir_identify(dir, id, note, sizeof(note), err, sizeof(err)), 0);
	assert_non_null(strstr(note, "is a copy"));
	assert_string_not_equal(id, first);
	assert_int_equal(access(in_dir("producer.copied"), F_OK), 0);
	/* From then on it is an original. */
	assert_int_equal(
	    statedir_identify(dir, first, note, sizeof(note), err, sizeof(err)), 0);
	assert_string_equal(note, "");
	assert_string_equal(id, first);
}

static void
a_moved_directory_is_taken_over_without_its_identity(void **state)
{
	char first[STATEDIR_PRODUCER_SIZE], id[STATEDIR_PRODUCER_SIZE];
	char note[512], err[512] = "";

	(void)state;
	assert_int_equal(
	    statedir_identify(dir, first, note, sizeof(note), err, sizeof(err)), 0);
	copy_producer(first);
	assert_int_equal(unlink(in_dir("identity")), 0);
	assert_int_equal(
	    statedir_identify(dir, id, note, sizeof(note), err, sizeof(err)), 0);
	assert_string_equal(note, "");
	assert_string_equal(id, first);
}

/* A full disk would not take it. */
static void
an_identity_that_is_no_news_is_not_written_again(void **state)
{
	char id[STATEDIR_PRODUCER_SIZE], note[512], err[512] = "";
	struct stat first, again;

	(void)state;
	assert_int_equal(
	    statedir_identify(dir, id, note, sizeof(note), err, sizeof(err)), 0);
	assert_int_equal(stat(in_dir("identity"), &first), 0);
	/* Its number stays taken: another file would get another one. */
	assert_int_equal(link(in_dir("identity"), in_dir_too("k")), 0);
	assert_int_equal(
	    statedir_identify(dir, id, note, sizeof(note), err, sizeof(err)), 0);
	assert_int_equal(stat(in_dir("identity"), &again), 0);
	assert_int_equal(first.st_ino, again.st_ino);
}

static void
another_machine_is_another_producer(void **state)
{
	char first[STATEDIR_PRODUCER_SIZE], id[STATEDIR_PRODUCER_SIZE];
	char note[512], err[512] = "", text[512];
	size_t n;
	FILE *f;

	(void)state;
	if (access("/etc/machine-id", R_OK) != 0)
		skip();
	assert_int_equal(
	    statedir_identify(dir, first, note, sizeof(note), err, sizeof(err)), 0);
	f = fopen(in_dir("identity"), "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	if (text[strlen("machine ")] == '-')
		skip();
	text[strlen("machine ")] = text[strlen("machine ")] == '0' ? '1' : '0';
	put("identity", text, 0600);
	assert_int_equal(
	    statedir_identify(dir, id, note, sizeof(note), err, sizeof(err)), 0);
	assert_non_null(strstr(note, "another machine"));
	assert_string_not_equal(id, first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(one_producer_id_for_ever),
		IN_DIR(a_start_cut_short_leaves_no_trace),
		IN_DIR(a_spoilt_producer_id_is_never_replaced),
		IN_DIR(a_second_lock_names_the_first_one_s_pid),
		IN_DIR(a_lock_that_is_a_link_is_not_followed),
		IN_DIR(a_missing_directory_is_said_with_its_cure),
		IN_DIR(a_recipient_key_is_made_once),
		IN_DIR(line_ends_do_not_change_a_key),
		IN_DIR(the_key_is_the_digest_of_the_file),
		IN_DIR(a_key_that_is_no_key_is_refused),
		IN_DIR(a_missing_directory_is_made_for_the_user),
		IN_DIR(a_copied_directory_gets_a_producer_of_its_own),
		IN_DIR(a_moved_directory_is_taken_over_without_its_identity),
		IN_DIR(an_identity_that_is_no_news_is_not_written_again),
		IN_DIR(another_machine_is_another_producer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
