/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.h - new settings for a running daemon, or the old ones and a log line.
 */
#ifndef METERMARK_DAEMON_RELOAD_H
#define METERMARK_DAEMON_RELOAD_H

#include <stdbool.h>

#include "flush/counters.h"

/*
 * Read the settings file again and put it in force, all of it or nothing, and say in
 * the log which; settings that differ from those of the start and need a restart are
 * named.  Messages in flight keep what they began with.  Main thread.  0 or -1.
 */
int reload_settings(const struct conf *started, bool verbose, struct counters *);

/* log_level takes effect; verbose (option -v) shows everything whatever it says. */
void reload_log_level(const struct conf *, bool verbose);

/*
 * Where there is a domain_table: see whether its key files can be opened, as the user
 * that will read them, and say in the log how many there are and what is wrong.
 */
void reload_check_table(const struct conf *);

/* A warning about the settings, as a log line; for snapshot_load() and privs.h. */
void reload_warn(void *unused, const char *sentence);

#endif
