/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.h - HUP, USR1, TERM and INT come here, and nowhere else.
 *
 * libmilter starts a thread that takes HUP, TERM and INT by sigwait() and ends the
 * milter for any of them, messages in flight included.  signals.c therefore defines a
 * sigwait() of its own, which the program must export (configure.ac, SIGWAIT_LDFLAGS):
 * libmilter's call lands there and sleeps for ever.  Waiting for the same signals in a
 * thread of ours loses some to libmilter's, and handlers in the main thread lose some
 * in a burst; only this held (20,000 SIGHUPs).  tests/wire/test_process.py keeps watch.
 */
#ifndef METERMARK_DAEMON_SIGNALS_H
#define METERMARK_DAEMON_SIGNALS_H

#include <stddef.h>

enum signals_event {
	SIGNALS_TIMEOUT,
	SIGNALS_RELOAD, /* HUP, USR1 */
	SIGNALS_STOP,   /* TERM, INT */
	SIGNALS_WAKE    /* signals_wake() was called */
};

/*
 * Block the four signals, ignore PIPE, and make ready to wait.  After a fork, before
 * the first thread, so that all threads inherit the mask.  0, or -1 with err.
 */
int signals_open(char *err, size_t errlen);

/*
 * The next event, waiting at most timeout_ms (-1: for ever).  A stop is told before a
 * reload; any number of HUPs that came meanwhile are one reload.  One thread only.
 */
enum signals_event signals_wait(int timeout_ms);

/* From now on TERM and INT end the process as they usually do, at once. */
void signals_let_go(void);

/* Make signals_wait() return SIGNALS_WAKE.  Any thread. */
void signals_wake(void);

#endif
