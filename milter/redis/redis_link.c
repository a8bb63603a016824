/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_link.c - hiredis, 0.14 to 1.x, behind a few functions.  See the header.
 *
 * Known traps that decide its shape: after any error or timeout a redisContext is dead,
 * and redisReconnect() forgets the time limit (hiredis #593), so a link is closed and
 * opened anew; a NULL reply is not an error reply (#727); HELLO 3 is never sent, so no
 * push messages come.
 */
#ifdef HAVE_CONFIG_H
# include "config.h"
#endif
#include "redis/redis_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>
#ifdef HAVE_HIREDIS_SSL
# include <hiredis/hiredis_ssl.h>
# include "redis/redis_tls.h"
#endif

#define CLIENT_NAME "metermark"

struct redis_link {
	redisContext *ctx;
};

bool
redis_link_has_tls(void)
{
#ifdef HAVE_HIREDIS_SSL
	return true;
#else
	return false;
#endif
}

enum redis_cure
redis_link_cure(const char *error_reply)
{
	static const struct {
		const char *prefix;
		enum redis_cure cure;
	} table[] = {
		{ "LOADING", REDIS_CURE_RETRY },
		{ "BUSY", REDIS_CURE_RETRY },
		{ "TRYAGAIN", REDIS_CURE_RETRY },
		{ "CLUSTERDOWN", REDIS_CURE_RETRY },
		{ "NOREPLICAS", REDIS_CURE_RETRY },
		{ "MASTERDOWN", REDIS_CURE_RETRY },
		{ "MISCONF", REDIS_CURE_RETRY },
		{ "OOM", REDIS_CURE_RETRY },
		{ "NOSCRIPT", REDIS_CURE_SCRIPT },
		{ "READONLY", REDIS_CURE_MASTER },
		{ "MOVED", REDIS_CURE_MASTER },
		{ "ASK", REDIS_CURE_MASTER },
	};
	size_t len = strcspn(error_reply, " ");

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (len == strlen(table[i].prefix) &&
		    memcmp(error_reply, table[i].prefix, len) == 0)
			return table[i].cure;
	return REDIS_CURE_OPERATOR;
}

/* What hiredis says, in words of ours where its own mislead. */
static void
io_sentence(const redisContext *c, char *err, size_t errlen)
{
	if (c->err == REDIS_ERR_EOF)
		snprintf(err, errlen, "Redis closed the connection");
	else if (c->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT))
		snprintf(err, errlen, "Redis did not answer in time");
#ifdef REDIS_ERR_TIMEOUT
	else if (c->err == REDIS_ERR_TIMEOUT)
		snprintf(err, errlen, "Redis did not answer in time");
#endif
	else
		snprintf(err, errlen, "%s", c->errstr);
}

static struct timeval
timeval_ms(int ms)
{
	return (struct timeval) { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

int
redis_link_set_timeout(struct redis_link *l, int timeout_ms)
{
	return redisSetTimeout(l->ctx, timeval_ms(timeout_ms)) == REDIS_OK ? 0 : -1;
}

int
redis_link_append(
    struct redis_link *l, size_t argc, const char **argv, const size_t *lens)
{
	return redisAppendCommandArgv(l->ctx, (int)argc, argv, lens) == REDIS_OK ? 0
										 : -1;
}

int
redis_link_append_formatted(struct redis_link *l, const char *bytes, size_t len)
{
	return redisAppendFormattedCommand(l->ctx, bytes, len) == REDIS_OK ? 0 : -1;
}

int
redis_link_format(
    size_t argc, const char **argv, const size_t *lens, char **bytes, size_t *len)
{
	char *made = NULL;
	long long n = redisFormatCommandArgv(&made, (int)argc, argv, lens);

	*bytes = NULL;
	*len = 0;
	if (n < 0 || made == NULL)
		return -1;
	/* hiredis 1.x may have an allocator of its own; it has free() unless told. */
	*bytes = made;
	*len = (size_t)n;
	return 0;
}

int
redis_link_flush(struct redis_link *l, enum redis_cure *cure, char *err, size_t errlen)
{
	int done = 0;

	errno = 0;
	while (done == 0) {
		if (redisBufferWrite(l->ctx, &done) == REDIS_OK)
			continue;
		*cure = l->ctx->err == REDIS_ERR_OOM ? REDIS_CURE_MEMORY
						     : REDIS_CURE_RECONNECT;
		io_sentence(l->ctx, err, errlen);
		return -1;
	}
	*cure = REDIS_CURE_NONE;
	return 0;
}

struct redisReply *
redis_link_reply(struct redis_link *l, enum redis_cure *cure, char *err, size_t errlen)
{
	void *got = NULL;
	redisReply *r;

	errno = 0;
	if (redisGetReply(l->ctx, &got) != REDIS_OK || got == NULL) {
		*cure = l->ctx->err == REDIS_ERR_OOM ? REDIS_CURE_MEMORY
						     : REDIS_CURE_RECONNECT;
		io_sentence(l->ctx, err, errlen);
		return NULL;
	}
	r = got;
	if (r->type == REDIS_REPLY_ERROR) {
		*cure = redis_link_cure(r->str);
		snprintf(err, errlen, "%s", r->str);
		freeReplyObject(r);
		return NULL;
	}
	*cure = REDIS_CURE_NONE;
	return r;
}

struct redisReply *
redis_link_command(struct redis_link *l, size_t argc, const char **argv,
    const size_t *lens, enum redis_cure *cure, char *err, size_t errlen)
{
	if (redis_link_append(l, argc, argv, lens) == -1) {
		*cure = REDIS_CURE_MEMORY;
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	return redis_link_reply(l, cure, err, errlen);
}

void
redis_link_free_reply(struct redisReply *r)
{
	if (r != NULL) /* hiredis 0.14 crashes on NULL */
		freeReplyObject(r);
}

void
redis_link_close(struct redis_link *l)
{
	if (l == NULL)
		return;
	if (l->ctx != NULL)
		redisFree(l->ctx);
	free(l);
}

/* A command whose reply is only good or bad. */
static int
say(struct redis_link *l, size_t argc, const char **argv, enum redis_cure *cure,
    char *err, size_t errlen)
{
	struct redisReply *r =
	    redis_link_command(l, argc, argv, NULL, cure, err, errlen);

	redis_link_free_reply(r);
	return r == NULL ? -1 : 0;
}

static int
greet(struct redis_link *l, const struct rurl *u, enum redis_cure *cure, char *err,
    size_t errlen)
{
	char db[12];

	if (u->user[0] != '\0') {
		if (say(l, 3, (const char *[]) { "AUTH", u->user, u->password }, cure,
			err, errlen) == -1)
			return -1;
	} else if (u->password[0] != '\0') {
		if (say(l, 2, (const char *[]) { "AUTH", u->password }, cure, err,
			errlen) == -1)
			return -1;
	}
	if (u->db != 0) {
		snprintf(db, sizeof db, "%d", u->db);
		if (say(l, 2, (const char *[]) { "SELECT", db }, cure, err, errlen) ==
		    -1)
			return -1;
	}
	/* For the operator's CLIENT LIST only: a user without the right to it is fine.
	 */
	if (say(l, 3, (const char *[]) { "CLIENT", "SETNAME", CLIENT_NAME }, cure, err,
		errlen) == -1 &&
	    (*cure == REDIS_CURE_RECONNECT || *cure == REDIS_CURE_MEMORY))
		return -1;
	return 0;
}

#ifdef HAVE_HIREDIS_SSL
static int
start_tls(struct redis_link *l, const struct rurl *u, char *err, size_t errlen)
{
	struct ssl_st *ssl = redis_tls_new(u, err, errlen);

	if (ssl == NULL)
		return -1;
	if (redisInitiateSSL(l->ctx, ssl) == REDIS_OK)
		return 0;
	/* hiredis takes the SSL object when the handshake succeeds, not before. */
	io_sentence(l->ctx, err, errlen);
	redis_tls_why(ssl, err, errlen);
	redis_tls_free(ssl);
	return -1;
}
#else
static int
start_tls(struct redis_link *l, const struct rurl *u, char *err, size_t errlen)
{
	(void)l;
	(void)u;
	snprintf(err, errlen,
	    "this build has no TLS (hiredis without hiredis_ssl); put stunnel in "
	    "between");
	return -1;
}
#endif

static int
connect_to(struct redis_link *l, const struct rurl *u, int timeout_ms,
    enum redis_cure *cure, char *err, size_t errlen)
{
	struct timeval limit = timeval_ms(timeout_ms);

	if (u->mode != RURL_SINGLE) {
		*cure = REDIS_CURE_OPERATOR;
		snprintf(err, errlen, "Sentinel and Redis Cluster are of no use here");
		return -1;
	}
	*cure = REDIS_CURE_RECONNECT;
	errno = 0;
	if (u->kind == RURL_UNIX)
		l->ctx = redisConnectUnixWithTimeout(u->host, limit);
	else
		l->ctx = redisConnectWithTimeout(u->host, u->port, limit);
	if (l->ctx == NULL) {
		*cure = REDIS_CURE_MEMORY;
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	if (l->ctx->err != 0) {
		io_sentence(l->ctx, err, errlen);
		return -1;
	}
	if (redis_link_set_timeout(l, timeout_ms) == -1) {
		io_sentence(l->ctx, err, errlen);
		return -1;
	}
	if (u->kind != RURL_UNIX)
		redisEnableKeepAlive(l->ctx);
	if (u->kind == RURL_TLS && start_tls(l, u, err, errlen) == -1) {
		*cure =
		    redis_link_has_tls() ? REDIS_CURE_RECONNECT : REDIS_CURE_OPERATOR;
		return -1;
	}
	return greet(l, u, cure, err, errlen);
}

struct redis_link *
redis_link_open(const struct rurl *u, int timeout_ms, enum redis_cure *cure, char *err,
    size_t errlen)
{
	struct redis_link *l = calloc(1, sizeof *l);
	char url[RURL_SHOWN_MAX], why[256] = "";

	if (l == NULL) {
		*cure = REDIS_CURE_MEMORY;
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	if (connect_to(l, u, timeout_ms, cure, why, sizeof why) == 0) {
		*cure = REDIS_CURE_NONE;
		return l;
	}
	rurl_show(u, url, sizeof url);
	snprintf(err, errlen, "%s: %s", url, why);
	redis_link_close(l);
	return NULL;
}
