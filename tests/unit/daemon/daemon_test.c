/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon_test.c - a service manager's socket, the way into the background, the limit of
 * files.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "system/clock.h"

static char scratch[64];

static int
make_scratch(void **state)
{
	(void)state;
	snprintf(scratch, sizeof(scratch), "/tmp/daemon_test.XXXXXX");
	return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int
remove_scratch(void **state)
{
	(void)state;
	return rmdir(scratch);
}

/* A datagram socket as systemd has it; '@' in front means the abstract name space. */
static int
manager(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(a.sun_path, name, strlen(name));
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, len), 0);
	return fd;
}

static void
check_notify(const char *name)
{
	char got[128] = "";
	int fd = manager(name);

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(daemon_notify("READY=1\nSTATUS=x"), 0);
	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 16);
	assert_string_equal(got, "READY=1\nSTATUS=x");
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void
the_manager_is_told_by_path(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", scratch);
	check_notify(path);
	unlink(path);
}

static void
the_manager_is_told_by_abstract_name(void **state)
{
	char name[128];

	(void)state;
	snprintf(name, sizeof(name), "@daemon_test.%ld", (long)getpid());
	check_notify(name);
}

static void
without_a_manager_nothing_happens(void **state)
{
	char longer[300];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(daemon_notify("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	assert_int_equal(daemon_notify("READY=1"), -1);
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	assert_int_equal(daemon_notify("READY=1"), -1);
	unsetenv("NOTIFY_SOCKET");
}

static void
a_reload_carries_the_monotonic_time(void **state)
{
	char name[128];
	char got[128] = "";
	long long usec = 0;
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@daemon_test.%ld", (long)getpid());
	fd = manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(daemon_notify_reloading(), 0);
	assert_true(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0);
	assert_int_equal(sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
	assert_in_range(clock_mono_us() - usec, 0, 10000000);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void
a_stop_asks_for_the_time_it_takes(void **state)
{
	char name[128];
	char got[128] = "";
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@daemon_test.%ld", (long)getpid());
	fd = manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(daemon_notify_stopping(605000), 0);
	assert_true(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(got, "STOPPING=1\nEXTEND_TIMEOUT_USEC=610000000");
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void
the_watchdog_is_fed_twice_as_often_as_asked(void **state)
{
	static const struct {
		const char *usec;
		uint32_t ms;
	} cases[] = {
		{ "30000000", 15000 },
		{ "1", 1 },
		{ "0", 0 },
		{ "", 0 },
		{ "-5", 0 },
		{ "10s", 0 },
		{ "99999999999999999999999", 0 },
		{ "9999999999999999", UINT32_MAX },
	};
	char pid[32];

	(void)state;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(daemon_watchdog_ms(), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("WATCHDOG_USEC", cases[i].usec, 1);
		assert_int_equal(daemon_watchdog_ms(), cases[i].ms);
	}
	setenv("WATCHDOG_USEC", "30000000", 1);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(daemon_watchdog_ms(), 15000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(daemon_watchdog_ms(), 0);
}

/* What the process that was started exits with, when the daemon says that; -1: the
 * daemon dies without a word. */
static int
status_of_start(int word)
{
	char err[128];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		return WEXITSTATUS(status);
	}
	if (daemon_detach(err, sizeof(err)) != 0)
		_exit(99);
	/* The daemon from here. */
	if (!daemon_detached() || getsid(0) == getpid())
		_exit(98);
	if (word >= 0)
		daemon_started(word);
	_exit(0);
}

static void
who_starts_a_daemon_learns_how_it_went(void **state)
{
	(void)state;
	assert_int_equal(status_of_start(0), 0);
	assert_int_equal(status_of_start(78), 78);
	assert_int_equal(status_of_start(-1), EXIT_FAILURE);
}

static void
in_the_foreground_started_does_nothing(void **state)
{
	(void)state;
	assert_false(daemon_detached());
	daemon_started(0);
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

/* Runs in a child: lowering the hard limit cannot be undone.  0 when all is right. */
static int
try_limits(rlim_t soft, rlim_t hard, rlim_t expected, bool warns)
{
	struct rlimit l = { .rlim_cur = soft, .rlim_max = hard };
	char warn[256] = "?";
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setrlimit(RLIMIT_NOFILE, &l) != 0)
			_exit(77);
		daemon_raise_files(warn, sizeof(warn));
		if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur != expected)
			_exit(1);
		_exit((warn[0] != '\0') == warns ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void
the_soft_limit_of_files_goes_up_to_the_hard_one(void **state)
{
	(void)state;
	assert_int_equal(try_limits(100, 2000, 2000, false), 0);
	assert_int_equal(try_limits(2000, 2000, 2000, false), 0);
	assert_int_equal(try_limits(100, 500, 500, true), 0);
}

static void
a_limit_without_bound_gets_one(void **state)
{
	(void)state;
	assert_int_equal(
	    daemon_files_wanted((uint64_t)RLIM_INFINITY), DAEMON_FILES_MAX);
	assert_int_equal(daemon_files_wanted(DAEMON_FILES_MAX + 1), DAEMON_FILES_MAX);
	assert_int_equal(daemon_files_wanted(DAEMON_FILES_MAX), DAEMON_FILES_MAX);
	assert_int_equal(daemon_files_wanted(1024), 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manager_is_told_by_path),
		cmocka_unit_test(the_manager_is_told_by_abstract_name),
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(a_reload_carries_the_monotonic_time),
		cmocka_unit_test(a_stop_asks_for_the_time_it_takes),
		cmocka_unit_test(the_watchdog_is_fed_twice_as_often_as_asked),
		cmocka_unit_test(who_starts_a_daemon_learns_how_it_went),
		cmocka_unit_test(in_the_foreground_started_does_nothing),
		cmocka_unit_test(the_soft_limit_of_files_goes_up_to_the_hard_one),
		cmocka_unit_test(a_limit_without_bound_gets_one),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
