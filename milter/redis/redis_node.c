/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_node.c - one server of a redis_net.  See the header.
 */
#include "redis/redis_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/clock.h"

#define LEAVE_MIN_MS 100
#define LEAVE_MAX_MS 10000

struct redis_node *
redis_node_new(const struct rurl *server)
{
	struct redis_node *n = calloc(1, sizeof(*n));

	if (n != NULL)
		n->server = *server;
	return n;
}

void
redis_node_close_aside(struct redis_node *n)
{
	redis_link_close(n->aside);
	n->aside = NULL;
}

void
redis_node_free(struct redis_node *n)
{
	if (n == NULL)
		return;
	redis_link_close(n->link);
	redis_node_close_aside(n);
	explicit_bzero(&n->server, sizeof(n->server));
	free(n);
}

/* Leave the server alone for a while, after each failure longer. */
static void
leave_alone(struct redis_node *n, const struct redis_node_ways *w, const char *why)
{
	unsigned doubled = n->failures < 7 ? n->failures : 7;
	int64_t ms = (int64_t)LEAVE_MIN_MS << doubled;

	n->failures++;
	if (w->many)
		n->not_before_ms =
		    clock_mono_ms() + (ms < LEAVE_MAX_MS ? ms : LEAVE_MAX_MS);
	snprintf(n->why, sizeof(n->why), "%s", why);
}

void
redis_node_broke(struct redis_node *n, const struct redis_node_ways *w, const char *why)
{
	redis_link_close(n->link);
	n->link = NULL;
	n->serial++;
	n->unsent = false;
	/* A server that restarted has no scripts. */
	n->scripted = false;
	leave_alone(n, w, why);
}

/* Is it too early to try this one again? */
static bool
left_alone(const struct redis_node *n, struct redis_error *err)
{
	if (n->not_before_ms == 0 || clock_mono_ms() >= n->not_before_ms)
		return false;
	redis_error_set(err, REDIS_CURE_HOLD, "%s", n->why);
	return true;
}

static int
probe(struct redis_node *n, const struct redis_node_ways *w, struct redis_error *err)
{
	char url[RURL_SHOWN_MAX];

	if (redis_probe(n->link, &n->probe, err) == 0) {
		if (n->probe.master || !w->options.masters)
			return 0;
		redis_error_set(
		    err, REDIS_CURE_MASTER, "this Redis is a replica, not a master");
	}
	rurl_show(&n->server, url, sizeof(url));
	redis_error_at(err, url);
	return -1;
}

int
redis_node_open(
    struct redis_node *n, const struct redis_node_ways *w, struct redis_error *err)
{
	if (n->link != NULL)
		return 0;
	if (left_alone(n, err))
		return -1;
	n->link = redis_link_open(&n->server, w->options.timeout_ms, err);
	if (n->link == NULL) {
		leave_alone(n, w, err->text);
		return -1;
	}
	if (probe(n, w, err) == -1) {
		redis_node_broke(n, w, err->text);
		return -1;
	}
	n->failures = 0;
	n->not_before_ms = 0;
	n->why[0] = '\0';
	if (w->options.connected != NULL)
		w->options.connected(w->options.arg, &n->server, &n->probe);
	return 0;
}

/* ==== aside ==== */

/* A command whose reply is only good or bad. */
static int
say(struct redis_node *n, const struct rargs *args, struct redis_error *err)
{
	struct redisReply *r = redis_link_command(n->aside, args, err);

	redis_link_free_reply(r);
	return r == NULL ? -1 : 0;
}

static struct redisReply *
try_aside(struct redis_node *n, bool ask, const char *bytes, size_t len,
    struct redis_error *err)
{
	if (ask && say(n, RARGS("ASKING"), err) == -1)
		return NULL;
	if (redis_link_append_formatted(n->aside, bytes, len) == 0)
		return redis_link_reply(n->aside, err);
	redis_error_no_memory(err);
	return NULL;
}

struct redisReply *
redis_node_aside(struct redis_node *n, const struct redis_node_ways *w, bool ask,
    bool script, const char *bytes, size_t len, struct redis_error *err)
{
	struct redisReply *r;

	if (left_alone(n, err))
		return NULL;
	if (n->aside == NULL)
		n->aside = redis_link_open(&n->server, w->options.timeout_ms, err);
	if (n->aside == NULL) {
		leave_alone(n, w, err->text);
		return NULL;
	}
	r = try_aside(n, ask, bytes, len, err);
	/* The refused command has used up ASKING, so both are sent again. */
	if (r == NULL && err->cure == REDIS_CURE_SCRIPT && script &&
	    say(n, RARGS("SCRIPT", "LOAD", w->options.script), err) == 0) {
		n->scripted = true;
		r = try_aside(n, ask, bytes, len, err);
	}
	if (r == NULL &&
	    (err->cure == REDIS_CURE_RECONNECT || err->cure == REDIS_CURE_MEMORY)) {
		redis_node_close_aside(n);
		leave_alone(n, w, err->text);
	}
	return r;
}
