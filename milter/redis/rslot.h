/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rslot.h - which slot of a Redis Cluster a key is in, and where an answer says it
 * went.  Pure.
 *
 * Redis Cluster specification: "Key distribution model", "Hash tags", "MOVED
 * redirection", "ASK redirection".
 */
#ifndef METERMARK_REDIS_RSLOT_H
#define METERMARK_REDIS_RSLOT_H

#include <stdbool.h>

#include "text/str.h"

#define RSLOT_COUNT 16384

/*
 * CRC16 (XMODEM), modulo 16384, of the text between the first "{" and the next "}"; if
 * there is none or it is empty, of the whole key.
 */
unsigned rslot_of(struct str key);

/* "MOVED 3999 127.0.0.1:6381" and "ASK 3999 127.0.0.1:6381". */
struct rslot_redirect {
	bool ask; /* ASK: for this command only; else MOVED: from now on */
	unsigned slot;
	char host[256]; /* "": the host of the server that answered */
	int port;
};

/* false: the error reply is no such redirection, or not well-formed. */
bool rslot_redirect(const char *reply, struct rslot_redirect *out);

#endif
