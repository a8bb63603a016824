/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rurl.h - where Redis is, as a URL.
 *
 *     redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]     HOST may be [2001:db8::1]
 *     rediss://...                                   the same over TLS
 *     unix:PATH[?db=N]  redis+unix://[USER[:PASSWORD]@]PATH[?db=N]
 *
 * User and password are percent-encoded (RFC 3986 2.1).  A password without a user is
 * "redis://:PASSWORD@HOST".
 */
#ifndef METERMARK_CORE_RURL_H
#define METERMARK_CORE_RURL_H

#include <stdbool.h>
#include <stddef.h>

enum rurl_kind { RURL_TCP, RURL_TLS, RURL_UNIX };

struct rurl {
	enum rurl_kind kind;
	char host[256]; /* or the path of the socket */
	int port;       /* 6379 unless told; 0 for a socket */
	int db;
	char user[128];     /* "" for none */
	char password[256]; /* "" for none; secret */
};

/* 0, or -1 with a sentence in err; the sentence never shows a password. */
int rurl_parse(const char *text, struct rurl *out, char *err, size_t errlen);
/* "redis://127.0.0.1:6379/0", without user and password, for logs and messages. */
void rurl_show(const struct rurl *, char *out, size_t size);

#endif
