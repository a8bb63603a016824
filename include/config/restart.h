/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart.h - which changed settings a running daemon cannot take up.  Pure.
 *
 * A reload swaps the settings whole.  What was done with a few of them at the start
 * (a socket opened, a user become, a directory locked) stays as it was, and the
 * operator must be told.
 */
#ifndef METERMARK_CONFIG_RESTART_H
#define METERMARK_CONFIG_RESTART_H

#include "config/conf.h"
#include "text/buf.h"

/*
 * Copy what must be remembered of the settings of the start: these, and the file.  The
 * settings themselves may go then, their keys with them.  0, or -1 when out of memory;
 * conf_fini() is right for out even then.
 */
int restart_keep(struct conf *out, const struct conf *started);

/*
 * Append the names of the settings that differ and need a restart to out, as "listen,
 * state_dir".  Returns how many there are.  started may be what restart_keep() kept.
 */
size_t restart_needed(
    const struct conf *started, const struct conf *next, struct buf *out);

#endif
