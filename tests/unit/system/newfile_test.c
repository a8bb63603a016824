/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newfile_test.c - a secret is in a new file as a whole, or there is no file.
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
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/newfile.h"

/* Every Debian has it, with uid 1, unprivileged. */
#define SOMEBODY "daemon"

static char folder[64], file[96], err[256];

static int
make(const char *name, const char *reader)
{
	snprintf(file, sizeof(file), "%s/%s", folder, name);
	err[0] = '\0';
	return newfile_secret(file, STR("secret\n"), reader, err, sizeof(err));
}

static void
assert_file(uid_t uid, gid_t gid, unsigned mode)
{
	struct stat st;

	assert_int_equal(lstat(file, &st), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_size, 7);
}

static void
the_file_is_the_readers_to_read(void **state)
{
	(void)state;
	assert_int_equal(make("own", NULL), 0);
	assert_file(geteuid(), getegid(), 0600);
	if (geteuid() != 0)
		skip();
	assert_int_equal(make("reader", SOMEBODY), 0);
	assert_file(0, getpwnam(SOMEBODY)->pw_gid, 0640);
}

static void
what_is_there_stays(void **state)
{
	(void)state;
	assert_int_equal(make("twice", NULL), 0);
	assert_int_equal(make("twice", NULL), -1);
	assert_non_null(strstr(err, "is there already"));
	assert_file(geteuid(), getegid(), 0600);
}

static void
no_account_makes_no_file(void **state)
{
	(void)state;
	assert_int_equal(make("nobodys", "no-such-user"), -1);
	assert_string_equal(err, "there is no account no-such-user");
	assert_int_equal(access(file, F_OK), -1);
}

/* The number that the next file would have. */
static int
next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static void
half_a_file_goes_and_its_descriptor_too(void **state)
{
	struct rlimit before, tiny;
	int fd = next_fd();

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tiny = before;
	tiny.rlim_cur = 3;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	assert_int_equal(make("half", NULL), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(err, "/half: File too large"));
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(next_fd(), fd);
}

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/newfile-test.XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "own", "reader", "twice" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
		unlink(file);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_the_readers_to_read),
		cmocka_unit_test(what_is_there_stays),
		cmocka_unit_test(no_account_makes_no_file),
		cmocka_unit_test(half_a_file_goes_and_its_descriptor_too),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
