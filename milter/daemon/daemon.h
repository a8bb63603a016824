/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.h - the process: background, file limit, words to the service manager.
 *
 * For the main thread, at start and stop.
 */
#ifndef METERMARK_DAEMON_DAEMON_H
#define METERMARK_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Go into the background: the caller's process becomes the daemon, in a session of its
 * own and in "/".  The process that was started waits until daemon_started() tells how
 * the start went and exits with that status, so a script sees a failed start.  Until
 * then stderr stays as it is.  0, or -1 with err.  Before any thread.
 */
int daemon_detach(char *err, size_t errlen);
/*
 * The start is over: 0 is well, else the exit status.  On 0 stdin, stdout and stderr
 * become /dev/null.  Does nothing when daemon_detach() was not called, or a second
 * time.
 */
void daemon_started(int status);

/* Between daemon_detach() and daemon_started(): stderr is the starter's. */
bool daemon_detached(void);

/*
 * End the process without exit handlers: they would take down what threads that still
 * run use.  Where LeakSanitizer is linked in, it has its look first.
 */
_Noreturn void daemon_exit(int status);

/*
 * Raise the soft limit of open files to the hard one, at most DAEMON_FILES_MAX.  Where
 * less than DAEMON_FILES_MIN come of it, warn gets a sentence with the cure, else "".
 * Every SMTP session of the MTA takes a file, and libmilter spins when there is none.
 */
#define DAEMON_FILES_MIN ((uint64_t)1024)
#define DAEMON_FILES_MAX ((uint64_t)1 << 20)
void daemon_raise_files(char *warn, size_t warnlen);
/* The soft limit to ask for where the hard one is that; RLIM_INFINITY is the largest
 * number. */
uint64_t daemon_files_wanted(uint64_t hard);

/*
 * Tell systemd, by sd_notify(3)'s protocol: "READY=1", "STOPPING=1", …; several lines
 * in one go.  Does nothing without NOTIFY_SOCKET.  0, or -1 with errno.
 */
int daemon_notify(const char *state);
/* RELOADING=1 with the time stamp that Type=notify-reload wants. */
int daemon_notify_reloading(void);
/* STOPPING=1, and how long the manager must be patient, whatever its own setting. */
int daemon_notify_stopping(uint32_t within_ms);
/* How often WATCHDOG=1 is due, ms: half of WATCHDOG_USEC; 0: never. */
uint32_t daemon_watchdog_ms(void);

#endif
