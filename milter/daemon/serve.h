/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.h - the thread that libmilter lives in, so that the main thread is free to wait
 * for signals.  Once a process: libmilter cannot be started again.
 *
 * Nor is it ever stopped.  smfi_stop() may take 5 s, drops sessions in the middle of a
 * message without a callback, and takes mutexes down under its own threads (seen in
 * 8.17.1.9 by ThreadSanitizer).  Once the gate is closed and the messages in flight are
 * out there is nothing left that it could do better than the end of the process does.
 */
#ifndef METERMARK_DAEMON_SERVE_H
#define METERMARK_DAEMON_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate;
struct listener;
struct mfi_settings;
struct privs;

/*
 * Open the socket: the listener makes way, libmilter opens, the listener gives it to
 * the user and the group.  A unix socket never has another mode than 0660.  As root, if
 * there is need of root for any of it.  0 or -1 with err.
 */
int serve_open(struct listener *, const struct mfi_settings *, const struct privs *,
    char *err, size_t errlen);
/* Start mfi_run() in a thread; when it returns, signals_wake().  0 or -1 with err. */
int serve_start(char *err, size_t errlen);
/* mfi_run() has returned, asked or unasked. */
bool serve_ended(void);
/*
 * Let no message begin any more, and wait until those in flight have had their end, at
 * most drain_s seconds.  True when a stop was asked for once more meanwhile.
 */
bool serve_drain(struct gate *, uint32_t drain_s);

#endif
