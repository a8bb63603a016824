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
 * Go into the background: the daemon runs on in a session of its own and in "/".  The
 * process that was started waits until daemon_started() says how the start went, and
 * exits with that status, so that a script sees a failed start.  Until then stderr
 * stays as it is.  0, or -1 with err.  Before any thread.
 */
int daemon_detach(char *err, size_t errlen);
/*
 * Say that the start is over: 0 if it went well, else the exit status.  On 0 stdin,
 * stdout and stderr become /dev/null.  Does nothing without daemon_detach(), or a
 * second time.
 */
void daemon_started(int status);

/* Between daemon_detach() and daemon_started(): stderr is the starter's. */
bool daemon_detached(void);

/*
 * End the process without exit handlers, which would free what threads that still run
 * use. If LeakSanitizer is linked in, it checks first.
 */
_Noreturn void daemon_exit(int status);

/*
 * Raise the soft limit of open files to the hard one, at most to DAEMON_FILES_MAX.  If
 * the result is less than DAEMON_FILES_MIN, warn gets a sentence with the fix, else "".
 * Every SMTP session of the MTA takes a descriptor, and libmilter spins if there is
 * none.
 */
#define DAEMON_FILES_MIN ((uint64_t)1024)
#define DAEMON_FILES_MAX ((uint64_t)1 << 20)
void daemon_raise_files(char *warn, size_t warnlen);
/* The soft limit to ask for, by the hard one; RLIM_INFINITY is the largest number. */
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
