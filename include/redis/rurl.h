/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rurl.h - where Redis is, as a URL.  Pure.
 *
 *     redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]     HOST may be [2001:db8::1]
 *     redis+sentinel://[USER[:PASSWORD]@]HOST[:PORT],HOST.../NAME[/DB]
 *     redis+cluster://[USER[:PASSWORD]@]HOST[:PORT],HOST...
 *     rediss://  rediss+sentinel://  rediss+cluster://          the same over TLS
 *     unix:PATH[?db=N]  redis+unix://[USER[:PASSWORD]@]PATH[?db=N]
 *
 * With Sentinel the hosts are the sentinels (port 26379 unless told) and NAME is the
 * master's; with a cluster they are some of its nodes, the others are learned.  User
 * and password are those of the servers.  After "?", joined by "&":
 *
 *     password_file=PATH             the password is in there
 *     sentinel_user=USER             the sentinels' own, where they ask for them
 *     sentinel_password_file=PATH
 *     cacert=PATH                    TLS: trust these authorities, not the system's
 *     cert=PATH  key=PATH            TLS: our own certificate and its key
 *     tls_name=NAME                  TLS: the certificate must name this, not the host
 *
 * User, password and the values of options are percent-encoded (RFC 3986 2.1).  A
 * password without a user is "redis://:PASSWORD@HOST"; a user without a password is
 * "redis://USER@HOST" with the password elsewhere.
 */
#ifndef METERMARK_REDIS_RURL_H
#define METERMARK_REDIS_RURL_H

#include <stdbool.h>
#include <stddef.h>

#define RURL_OTHERS_MAX 15
#define RURL_PATH_MAX 256
#define RURL_SHOWN_MAX 384 /* bytes enough for what logs need of rurl_show() */

enum rurl_kind { RURL_TCP, RURL_TLS, RURL_UNIX };
enum rurl_mode { RURL_SINGLE, RURL_SENTINEL, RURL_CLUSTER };

struct rurl_host {
	char host[256];
	int port;
};

struct rurl {
	enum rurl_kind kind;
	enum rurl_mode mode;
	char host[256]; /* the first one, or the path of the socket */
	int port;       /* 6379 or 26379 unless told; 0 for a socket */
	int db;
	char user[128];     /* "" for none */
	char password[256]; /* "" for none; secret */
	bool bare_user;     /* USER@ without a colon: the password is elsewhere */
	char
	    password_file[RURL_PATH_MAX]; /* "" for none; read by redis/redis_place.h */
	struct rurl_host others[RURL_OTHERS_MAX]; /* the hosts after the first */
	size_t n_others;

	char service[128];       /* Sentinel's name of the master */
	char sentinel_user[128]; /* "" for none, as below */
	char sentinel_password[256];
	char sentinel_password_file[RURL_PATH_MAX];

	char cacert[RURL_PATH_MAX];
	char cert[RURL_PATH_MAX], key[RURL_PATH_MAX];
	char tls_name[256];
};

/* 0, or -1 with a sentence in err; the sentence never shows a password. */
int rurl_parse(const char *text, struct rurl *out, char *err, size_t errlen);
/*
 * "redis://127.0.0.1:6379/0", without user, password and options, for logs and
 * messages.  Cut where out is too small.
 */
void rurl_show(const struct rurl *, char *out, size_t size);

/* One server of a Sentinel or a cluster: the same login and TLS, that host and port. */
void rurl_server(const struct rurl *, const char *host, int port, struct rurl *server);
/* The i-th sentinel or seed as one server; false when there are not that many.  A
 * sentinel's has the sentinels' login. */
bool rurl_at(const struct rurl *, size_t i, struct rurl *server);
/* Do both say the same, secrets included? */
bool rurl_same(const struct rurl *, const struct rurl *);

#endif
