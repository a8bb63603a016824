/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.c - a signalfd and an eventfd, and a sigwait() that libmilter must not have.
 */
#include "daemon/signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Opened before there are threads, closed after; the main thread reads them. */
static int signal_fd = -1;
static int wake_fd = -1;
/* Events read and not told yet; the main thread's. */
static bool stop_pending;
static bool reload_pending;
static bool wake_pending;

/*
 * Takes the place of the C library's for every caller in the process.  libmilter's
 * signal thread is the only one (signals_wait() does without), and for it there is no
 * signal to come, ever: with all of them blocked pause() returns for none.
 */
int
sigwait(const sigset_t *set, int *sig)
{
	sigset_t all;

	(void)set;
	(void)sig;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (;;)
		pause();
}

static void
our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

static void
close_both(void)
{
	if (signal_fd >= 0)
		close(signal_fd);
	if (wake_fd >= 0)
		close(wake_fd);
	signal_fd = wake_fd = -1;
}

int
signals_open(char *err, size_t errlen)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	our_signals(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) != 0 ||
	    /* A journal beyond a limit on file sizes is a full disk, no more. */
	    sigaction(SIGXFSZ, &ignore, NULL) != 0)
		goto fail;
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (signal_fd >= 0 && wake_fd >= 0)
		return 0;
fail:
	snprintf(err, errlen, "cannot wait for signals: %s", strerror(errno));
	close_both();
	return -1;
}

void
signals_let_go(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t stops;

	sigaction(SIGTERM, &usual, NULL);
	sigaction(SIGINT, &usual, NULL);
	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &stops, NULL);
}

static void
note_signal(uint32_t number)
{
	switch (number) {
	case SIGHUP:
	case SIGUSR1:
		reload_pending = true;
		break;
	case SIGTERM:
	case SIGINT:
		stop_pending = true;
		break;
	default:
		break;
	}
}

static void
drain_fds(void)
{
	struct signalfd_siginfo info;
	uint64_t n;

	/*
	 * One at a time, so that a second TERM is an event of its own: the kernel keeps
	 * one of each kind at most.
	 */
	while (!stop_pending && read(signal_fd, &info, sizeof(info)) == sizeof(info))
		note_signal(info.ssi_signo);
	if (read(wake_fd, &n, sizeof(n)) == sizeof(n))
		wake_pending = true;
}

static bool
take(bool *pending)
{
	bool was = *pending;

	*pending = false;
	return was;
}

enum signals_event
signals_wait(int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = wake_fd, .events = POLLIN },
	};

	if (!stop_pending && !reload_pending && !wake_pending)
		poll(fds, 2, timeout_ms);
	drain_fds();
	if (take(&stop_pending))
		return SIGNALS_STOP;
	if (take(&wake_pending))
		return SIGNALS_WAKE;
	if (take(&reload_pending))
		return SIGNALS_RELOAD;
	return SIGNALS_TIMEOUT;
}

void
signals_wake(void)
{
	uint64_t one = 1;
	ssize_t n;

	/* Full or interrupted: then it is awake anyway. */
	n = write(wake_fd, &one, sizeof(one));
	(void)n;
}
