/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mfi.h - the milter: libmilter's callbacks around message/txn.h.
 *
 * Nothing is decided here.  A callback fetches its connection, calls the core and maps
 * the answer.  libmilter allows one milter a process, so this module is one, too.
 */
#ifndef METERMARK_DAEMON_MFI_H
#define METERMARK_DAEMON_MFI_H

#include <stddef.h>
#include <stdint.h>

#include "counting/tally.h"

struct gate;

struct mfi_settings {
	const char *listen; /* libmilter syntax; mfi keeps no pointer to it */
	struct gate *gate;  /* counts messages in flight, refuses at a stop */
	struct tally_sink sink;
	uint8_t rcpt_key[32]; /* HMAC key for recipients */
};

/*
 * Register with libmilter and open the socket (mode by the umask in force).  Once a
 * process. 0, or -1 with a sentence in err.
 */
int mfi_open(const struct mfi_settings *, char *err, size_t errlen);
/*
 * Serve: smfi_main().  Returns only when libmilter gives up.  It is never asked to
 * stop: smfi_stop() drops sessions in the middle of a message, and tears down locks
 * that its other threads still use.  A stop drains (daemon/gate.h) and ends the
 * process.
 */
void mfi_run(void);

#endif
