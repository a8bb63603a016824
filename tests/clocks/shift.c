/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library to be loaded before a program: $MM_CLOCK_SHIFT seconds are added to the
 * wall clock, and nothing else changes.  libfaketime does more, and 0.9.10 gets it
 * wrong: with it a wait on a monotonic clock ends at once, or with EINVAL.
 *
 * The kernel is asked directly, since an allocator asks for the time before the dynamic
 * loader can be asked for a symbol.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000
#define PRELOAD "LD_PRELOAD"
#define SHIFT "MM_CLOCK_SHIFT"

int clock_gettime(clockid_t, struct timespec *);
int gettimeofday(struct timeval *restrict, void *restrict);
time_t time(time_t *);
int pthread_cond_timedwait(pthread_cond_t *restrict, pthread_mutex_t *restrict,
    const struct timespec *restrict);

static void
add(struct timespec *ts, long seconds, long nanoseconds)
{
	ts->tv_sec += seconds;
	ts->tv_nsec += nanoseconds;
	if (ts->tv_nsec >= SECOND) {
		ts->tv_sec++;
		ts->tv_nsec -= SECOND;
	} else if (ts->tv_nsec < 0) {
		ts->tv_sec--;
		ts->tv_nsec += SECOND;
	}
}

static void
shift(struct timespec *ts, int sign)
{
	const char *text = getenv(SHIFT);
	double seconds = text == NULL ? 0 : strtod(text, NULL);
	long whole = (long)seconds;

	add(ts, sign * whole, sign * (long)((seconds - (double)whole) * SECOND));
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (syscall(SYS_clock_gettime, clock, ts) != 0)
		return -1;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		shift(ts, 1);
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

/*
 * The kernel's wall clock is the true one, so a deadline by the false one is shifted
 * back. Which clock a condition has cannot be asked: a deadline after 2001 is the wall
 * clock's, since no machine has been up for that long.
 */
int
pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
    const struct timespec *restrict deadline)
{
	struct timespec at = *deadline;

	if (at.tv_sec < SECOND)
		return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &at);
	shift(&at, -1);
	return pthread_cond_clockwait(cond, mutex, CLOCK_REALTIME, &at);
}

/* metermark starts its verifier with an empty environment; this would end the deceit.
 */
int
posix_spawn(pid_t *restrict pid, const char *restrict path,
    const posix_spawn_file_actions_t *restrict actions,
    const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
    char *const envp[restrict])
{
	int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *,
	    const posix_spawnattr_t *, char *const[], char *const[]);
	const char *preload = getenv(PRELOAD), *seconds = getenv(SHIFT);
	char ours[2][512], *false_env[] = { ours[0], ours[1], NULL };

	*(void **)&real = dlsym(RTLD_NEXT, "posix_spawn");
	snprintf(
	    ours[0], sizeof ours[0], PRELOAD "=%s", preload != NULL ? preload : "");
	snprintf(ours[1], sizeof ours[1], SHIFT "=%s", seconds != NULL ? seconds : "");
	return real(pid, path, actions, attributes, argv,
	    envp != NULL && envp[0] == NULL ? false_env : envp);
}
