/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener_test.c - what stands where the socket shall be: nothing, a dead daemon's
 * socket, a living one's, something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/listener.h"

static char dir[64];
static char path[96];
static char spec[128];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/listener_test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(spec, sizeof(spec), "unix:%s", path);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

/* What libmilter does. */
static int
open_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void
check(const char *text, int expected, const char *why)
{
	char err[512] = "";
	struct listener l;

	assert_int_equal(listener_prepare(&l, text, err, sizeof(err)), expected);
	if (strstr(err, why) == NULL)
		fail_msg("expected \"%s\" in: %s", why, err);
	listener_fini(&l);
}

static void
a_free_path_is_fine(void **state)
{
	char other[128];

	(void)state;
	check(spec, 0, "");
	snprintf(other, sizeof(other), "local:%s", path);
	check(other, 0, "");
	check(path, 0, "");
}

static void
a_dead_daemon_s_socket_is_removed(void **state)
{
	(void)state;
	close(open_unix());
	assert_int_equal(access(path, F_OK), 0);
	check(spec, 0, "");
	assert_int_equal(access(path, F_OK), -1);
}

static void
a_living_daemon_keeps_its_socket(void **state)
{
	int fd = open_unix();

	(void)state;
	check(spec, -1, "another process is listening on /tmp/");
	assert_int_equal(access(path, F_OK), 0);
	/* One whose backlog is full is alive as well. */
	for (int i = 0; i < 8; i++)
		check(spec, -1, "another process is listening");
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
}

static void
what_is_no_socket_is_never_touched(void **state)
{
	FILE *f = fopen(path, "w");

	(void)state;
	fputs("precious", f);
	fclose(f);
	check(spec, -1, "exists and is no socket");
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	check(spec, -1, "exists and is no socket");
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void
a_wrong_specification_is_said(void **state)
{
	char longer[300];

	(void)state;
	check("unix:/nonexistent/dir/s", -1, "install -d -m 2750");
	check("unix:/etc/passwd/s", -1, "Not a directory");
	check("unix:", -1, "no path");
	check("fd:3", -1, "expected unix:PATH");
	check("in:25@h", -1, "expected unix:PATH");
	check("inet:@127.0.0.1", -1, "no port");
	check("inet:nonexistent-service@127.0.0.1", -1, "listen \"inet:");
	check("inet:8891@192.0.2.1", -1, "Cannot assign requested address");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "unix:/tmp/", 10);
	longer[sizeof(longer) - 1] = '\0';
	check(longer, -1, "at most");
}

static void
a_taken_port_is_said(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	char text[64];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(text, sizeof(text), "inet:%u@127.0.0.1", ntohs(a.sin_port));
	check(text, -1, "another process is listening on inet:");
	close(fd);
	check(text, 0, "");
}

static void
only_our_own_socket_is_given_away_and_removed(void **state)
{
	char err[512] = "";
	struct listener l;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(listener_prepare(&l, spec, err, sizeof(err)), 0);
	assert_int_equal(
	    listener_own(&l, (uid_t)-1, (gid_t)-1, (gid_t)-1, err, sizeof(err)), -1);
	fd = open_unix();
	if (geteuid() == 0) {
		assert_int_equal(
		    listener_own(&l, 12345, 777, 54321, err, sizeof(err)), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 12345);
		assert_int_equal(st.st_gid, 54321);
	}
	assert_int_equal(
	    listener_own(&l, (uid_t)-1, (gid_t)-1, (gid_t)-1, err, sizeof(err)), 0);
	assert_int_equal(listener_remove(&l), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(listener_remove(&l), 0);
	/* Another daemon's; ours is still open, so it cannot have the same inode. */
	close(open_unix());
	assert_int_equal(listener_remove(&l), 0);
	assert_int_equal(access(path, F_OK), 0);
	listener_fini(&l);
	close(fd);
}

static gid_t
group_without_a_wish(void)
{
	char err[512] = "";
	struct listener l;
	struct stat st;
	int fd;

	assert_int_equal(listener_prepare(&l, spec, err, sizeof(err)), 0);
	fd = open_unix();
	assert_int_equal(listener_own(&l, 12345, 777, (gid_t)-1, err, sizeof(err)), 0);
	assert_int_equal(stat(path, &st), 0);
	listener_remove(&l);
	listener_fini(&l);
	close(fd);
	return st.st_gid;
}

/* A queue directory of Postfix: daemon:postfix 2750. */
static void
a_setgid_directory_says_whose_the_socket_is(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	assert_int_equal(group_without_a_wish(), 777);
	assert_int_equal(chown(dir, (uid_t)-1, 4242), 0);
	assert_int_equal(chmod(dir, 02750), 0);
	assert_int_equal(group_without_a_wish(), 4242);
}

static void
a_link_to_a_file_is_not_given_away(void **state)
{
	char err[512] = "";
	struct listener l;

	(void)state;
	assert_int_equal(listener_prepare(&l, spec, err, sizeof(err)), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(
	    listener_own(&l, (uid_t)-1, (gid_t)-1, (gid_t)-1, err, sizeof(err)), -1);
	assert_int_equal(listener_remove(&l), 0);
	assert_int_equal(access(path, F_OK), 0);
	listener_fini(&l);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(a_free_path_is_fine),
		IN_DIR(a_dead_daemon_s_socket_is_removed),
		IN_DIR(a_living_daemon_keeps_its_socket),
		IN_DIR(what_is_no_socket_is_never_touched),
		IN_DIR(a_wrong_specification_is_said),
		IN_DIR(a_taken_port_is_said),
		IN_DIR(only_our_own_socket_is_given_away_and_removed),
		IN_DIR(a_setgid_directory_says_whose_the_socket_is),
		IN_DIR(a_link_to_a_file_is_not_given_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
