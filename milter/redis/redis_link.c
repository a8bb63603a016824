/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_link.c - hiredis, 0.14 to 1.x, behind a few functions.  See the header.
 *
 * Three properties of hiredis decide the shape of this file.  After any error or
 * timeout a redisContext is dead, and redisReconnect() forgets the time limit (hiredis
 * #593): so a link is closed and opened anew.  A NULL reply is not an error reply
 * (#727).  HELLO 3 is never sent, so no push messages come.
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

/* The error of hiredis, in clearer words where its own mislead. */
static void
io_sentence(const redisContext *c, struct redis_error *err)
{
	if (c->err == REDIS_ERR_EOF)
		snprintf(err->text, sizeof(err->text), "Redis closed the connection");
	else if (c->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT))
		snprintf(err->text, sizeof(err->text), "Redis did not answer in time");
#ifdef REDIS_ERR_TIMEOUT
	else if (c->err == REDIS_ERR_TIMEOUT)
		snprintf(err->text, sizeof(err->text), "Redis did not answer in time");
#endif
	else
		snprintf(err->text, sizeof(err->text), "%s", c->errstr);
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
redis_link_append(struct redis_link *l, const struct rargs *args)
{
	return redisAppendCommandArgv(l->ctx, (int)args->n, args->argv, args->lens) ==
		REDIS_OK
	    ? 0
	    : -1;
}

int
redis_link_append_formatted(struct redis_link *l, const char *bytes, size_t len)
{
	return redisAppendFormattedCommand(l->ctx, bytes, len) == REDIS_OK ? 0 : -1;
}

int
redis_link_format(const struct rargs *args, char **bytes, size_t *len)
{
	char *made = NULL;
	long long n =
	    redisFormatCommandArgv(&made, (int)args->n, args->argv, args->lens);

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
redis_link_flush(struct redis_link *l, struct redis_error *err)
{
	int done = 0;

	errno = 0;
	while (done == 0) {
		if (redisBufferWrite(l->ctx, &done) == REDIS_OK)
			continue;
		err->cure = l->ctx->err == REDIS_ERR_OOM ? REDIS_CURE_MEMORY
							 : REDIS_CURE_RECONNECT;
		io_sentence(l->ctx, err);
		return -1;
	}
	err->cure = REDIS_CURE_NONE;
	return 0;
}

struct redisReply *
redis_link_reply(struct redis_link *l, struct redis_error *err)
{
	void *got = NULL;
	redisReply *r;

	errno = 0;
	if (redisGetReply(l->ctx, &got) != REDIS_OK || got == NULL) {
		err->cure = l->ctx->err == REDIS_ERR_OOM ? REDIS_CURE_MEMORY
							 : REDIS_CURE_RECONNECT;
		io_sentence(l->ctx, err);
		return NULL;
	}
	r = got;
	if (r->type == REDIS_REPLY_ERROR) {
		err->cure = redis_error_cure(r->str);
		snprintf(err->text, sizeof(err->text), "%s", r->str);
		freeReplyObject(r);
		return NULL;
	}
	err->cure = REDIS_CURE_NONE;
	return r;
}

struct redisReply *
redis_link_command(
    struct redis_link *l, const struct rargs *args, struct redis_error *err)
{
	if (redis_link_append(l, args) == -1) {
		redis_error_no_memory(err);
		return NULL;
	}
	return redis_link_reply(l, err);
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
say(struct redis_link *l, const struct rargs *args, struct redis_error *err)
{
	struct redisReply *r = redis_link_command(l, args, err);

	redis_link_free_reply(r);
	return r == NULL ? -1 : 0;
}

static int
greet(struct redis_link *l, const struct rurl *u, struct redis_error *err)
{
	char db[12];

	if (u->user[0] != '\0') {
		if (say(l, RARGS("AUTH", u->user, u->password), err) == -1)
			return -1;
	} else if (u->password[0] != '\0') {
		if (say(l, RARGS("AUTH", u->password), err) == -1)
			return -1;
	}
	if (u->db != 0) {
		snprintf(db, sizeof db, "%d", u->db);
		if (say(l, RARGS("SELECT", db), err) == -1)
			return -1;
	}
	/*
	 * The name is for CLIENT LIST only: a user without the right to set it is fine.
	 */
	if (say(l, RARGS("CLIENT", "SETNAME", CLIENT_NAME), err) == -1 &&
	    (err->cure == REDIS_CURE_RECONNECT || err->cure == REDIS_CURE_MEMORY))
		return -1;
	return 0;
}

#ifdef HAVE_HIREDIS_SSL
static int
start_tls(struct redis_link *l, const struct rurl *u, struct redis_error *err)
{
	struct ssl_st *ssl = redis_tls_new(u, err->text, sizeof(err->text));

	if (ssl == NULL)
		return -1;
	if (redisInitiateSSL(l->ctx, ssl) == REDIS_OK)
		return 0;
	/* hiredis owns the SSL object only after a handshake that succeeded. */
	io_sentence(l->ctx, err);
	redis_tls_why(ssl, err->text, sizeof(err->text));
	redis_tls_free(ssl);
	return -1;
}
#else
static int
start_tls(struct redis_link *l, const struct rurl *u, struct redis_error *err)
{
	(void)l;
	(void)u;
	snprintf(err->text, sizeof(err->text),
	    "this build has no TLS (hiredis without hiredis_ssl); put stunnel in between");
	return -1;
}
#endif

static int
connect_to(
    struct redis_link *l, const struct rurl *u, int timeout_ms, struct redis_error *err)
{
	struct timeval limit = timeval_ms(timeout_ms);

	if (u->mode != RURL_SINGLE) {
		redis_error_set(err, REDIS_CURE_OPERATOR,
		    "a link connects to one server, not to Sentinel or a Redis Cluster");
		return -1;
	}
	err->cure = REDIS_CURE_RECONNECT;
	errno = 0;
	if (u->kind == RURL_UNIX)
		l->ctx = redisConnectUnixWithTimeout(u->host, limit);
	else
		l->ctx = redisConnectWithTimeout(u->host, u->port, limit);
	if (l->ctx == NULL) {
		redis_error_no_memory(err);
		return -1;
	}
	if (l->ctx->err != 0) {
		io_sentence(l->ctx, err);
		return -1;
	}
	if (redis_link_set_timeout(l, timeout_ms) == -1) {
		io_sentence(l->ctx, err);
		return -1;
	}
	if (u->kind != RURL_UNIX)
		redisEnableKeepAlive(l->ctx);
	if (u->kind == RURL_TLS && start_tls(l, u, err) == -1) {
		err->cure =
		    redis_link_has_tls() ? REDIS_CURE_RECONNECT : REDIS_CURE_OPERATOR;
		return -1;
	}
	return greet(l, u, err);
}

struct redis_link *
redis_link_open(const struct rurl *u, int timeout_ms, struct redis_error *err)
{
	struct redis_link *l = calloc(1, sizeof *l);
	char url[RURL_SHOWN_MAX];

	if (l == NULL) {
		redis_error_no_memory(err);
		return NULL;
	}
	if (connect_to(l, u, timeout_ms, err) == 0) {
		err->cure = REDIS_CURE_NONE;
		return l;
	}
	rurl_show(u, url, sizeof url);
	redis_error_at(err, url);
	redis_link_close(l);
	return NULL;
}
