/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.c - background, file limit, sd_notify.
 *
 * The service manager's protocol is a datagram of text; libsystemd would bring a dozen
 * libraries for it.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/clock.h"

/* The way to the process that was started; -1 when there is none.  Main thread's. */
static int ready_fd = -1;

/* LeakSanitizer's, in instrumented builds; NULL in others. */
extern void __lsan_do_leak_check(void) __attribute__((weak));

/* In the process that was started: the daemon's word, or its end, is our status. */
static _Noreturn void
wait_for_start(int fd, pid_t child)
{
	unsigned char status = EXIT_FAILURE;
	ssize_t n;

	/* The middle child ends at once; its grandchild holds the pipe. */
	waitpid(child, NULL, 0);
	do
		n = read(fd, &status, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? status : EXIT_FAILURE);
}

int
daemon_detach(char *err, size_t errlen)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0) {
		snprintf(err, errlen, "pipe: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		goto fail;
	if (pid > 0) {
		close(fds[1]);
		wait_for_start(fds[0], pid);
	}
	close(fds[0]);
	/* No session leader after the second fork: none can get a terminal. */
	if (setsid() < 0)
		_exit(EXIT_FAILURE);
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	ready_fd = fds[1];
	if (chdir("/") != 0) {
		snprintf(err, errlen, "chdir /: %s", strerror(errno));
		return -1;
	}
	return 0;
fail:
	snprintf(err, errlen, "fork: %s", strerror(errno));
	close(fds[0]);
	close(fds[1]);
	return -1;
}

static void
close_standard_streams(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	fflush(NULL);
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

void
daemon_started(int status)
{
	unsigned char byte = (unsigned char)status;
	ssize_t n;

	if (ready_fd < 0)
		return;
	if (status == 0)
		close_standard_streams();
	n = write(ready_fd, &byte, 1);
	(void)n;
	close(ready_fd);
	ready_fd = -1;
}

bool
daemon_detached(void)
{
	return ready_fd >= 0;
}

void
daemon_exit(int status)
{
	fflush(NULL);
	if (__lsan_do_leak_check != NULL)
		__lsan_do_leak_check();
	_exit(status);
}

uint64_t
daemon_files_wanted(uint64_t hard)
{
	/* RLIM_INFINITY is the largest number there is. */
	return hard > DAEMON_FILES_MAX ? DAEMON_FILES_MAX : hard;
}

void
daemon_raise_files(char *warn, size_t warnlen)
{
	struct rlimit now, want;

	warn[0] = '\0';
	if (getrlimit(RLIMIT_NOFILE, &now) != 0) {
		snprintf(warn, warnlen, "cannot read the limit of open files: %s",
		    strerror(errno));
		return;
	}
	want = now;
	want.rlim_cur = (rlim_t)daemon_files_wanted((uint64_t)now.rlim_max);
	/* RLIM_INFINITY is the largest number there is: no need to ask for it. */
	if (want.rlim_cur > now.rlim_cur && setrlimit(RLIMIT_NOFILE, &want) == 0)
		now = want;
	if (now.rlim_cur < DAEMON_FILES_MIN)
		snprintf(warn, warnlen,
		    "only %llu open files allowed, and every SMTP session takes one; raise it: LimitNOFILE=65536 in the unit, or ulimit -n",
		    (unsigned long long)now.rlim_cur);
}

static int
send_datagram(const char *path, const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	socklen_t tolen;
	ssize_t n;
	int fd;

	if (len >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, len);
	/* A name in the abstract name space is shown with @ for its NUL, unix(7). */
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	tolen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	n = sendto(
	    fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to, tolen);
	close(fd);
	return n < 0 ? -1 : 0;
}

int
daemon_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return 0;
	return send_datagram(path, state);
}

int
daemon_notify_reloading(void)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)clock_mono_us());
	return daemon_notify(text);
}

int
daemon_notify_stopping(uint32_t within_ms)
{
	/* What the end takes besides: logging, the answer of the last message. */
	unsigned long long usec = ((unsigned long long)within_ms + 5000) * 1000;
	char text[64];

	snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu", usec);
	return daemon_notify(text);
}

/* A decimal number in the environment; 0 when it is none. */
static unsigned long long
env_number(const char *name)
{
	const char *text = getenv(name);
	unsigned long long n;
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' ? 0 : n;
}

uint32_t
daemon_watchdog_ms(void)
{
	unsigned long long usec = env_number("WATCHDOG_USEC");
	unsigned long long ms = usec / 2000;

	if (getenv("WATCHDOG_PID") != NULL &&
	    env_number("WATCHDOG_PID") != (unsigned long long)getpid())
		return 0;
	if (ms == 0 && usec > 0)
		return 1;
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}
