/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_sentinel.c - asking a Redis Sentinel who the master is.  See the header.
 */
#include "redis/redis_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

/* A sentinel answers at once if it can; else the next one is asked. */
#define ASK_MS 1000

/* Its answer: an array of address and port. */
static int
take_address(const redisReply *r, const struct rurl *u, struct rurl *master)
{
	long port;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 ||
	    r->element[0]->type != REDIS_REPLY_STRING ||
	    r->element[1]->type != REDIS_REPLY_STRING || r->element[0]->len == 0 ||
	    r->element[0]->len >= sizeof(master->host))
		return -1;
	port = strtol(r->element[1]->str, NULL, 10);
	if (port < 1 || port > 65535)
		return -1;
	rurl_server(u, r->element[0]->str, (int)port, master);
	return 0;
}

static int
ask(struct redis_link *l, const struct rurl *u, struct rurl *master,
    struct redis_error *err)
{
	redisReply *r = redis_link_command(
	    l, RARGS("SENTINEL", "GET-MASTER-ADDR-BY-NAME", u->service), err);
	int rc = 0;

	if (r == NULL)
		return -1;
	if (r->type == REDIS_REPLY_NIL) {
		snprintf(err->text, sizeof(err->text),
		    "this sentinel knows no master \"%s\"", u->service);
		rc = -1;
	} else if (take_address(r, u, master) == -1) {
		snprintf(
		    err->text, sizeof(err->text), "an answer that no sentinel gives");
		rc = -1;
	}
	redis_link_free_reply(r);
	err->cure = rc == 0 ? REDIS_CURE_NONE : REDIS_CURE_OPERATOR;
	return rc;
}

int
redis_sentinel_ask(const struct rurl *u, size_t i, int timeout_ms, struct rurl *master,
    struct redis_error *err)
{
	int limit_ms = timeout_ms < ASK_MS ? timeout_ms : ASK_MS;
	char shown[RURL_SHOWN_MAX];
	struct redis_link *l;
	struct rurl sentinel;
	int rc;

	if (!rurl_at(u, i, &sentinel)) {
		redis_error_set(err, REDIS_CURE_OPERATOR, "there is no such sentinel");
		return -1;
	}
	l = redis_link_open(&sentinel, limit_ms, err);
	rurl_show(&sentinel, shown, sizeof(shown));
	explicit_bzero(&sentinel, sizeof(sentinel));
	if (l == NULL)
		return -1;
	rc = ask(l, u, master, err);
	redis_link_close(l);
	if (rc == -1)
		redis_error_at(err, shown);
	return rc;
}
