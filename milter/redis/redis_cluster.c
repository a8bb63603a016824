/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_cluster.c - which server of a Redis Cluster has which slot.  See the header.
 */
#include "redis/redis_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "redis/rslot.h"
#include "system/clock.h"

#define REFRESH_MS 500

struct redis_cluster {
	const struct rurl *url;
	const struct redis_node_ways *ways;
	struct redis_node *nodes;
	struct redis_node
	    *map[RSLOT_COUNT]; /* the server of each slot; NULL: not known */
	bool doubt;
	int64_t asked_ms; /* last; 0: never */
};

struct redis_cluster *
redis_cluster_new(const struct rurl *url, const struct redis_node_ways *ways)
{
	struct redis_cluster *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->url = url;
		c->ways = ways;
	}
	return c;
}

void
redis_cluster_free(struct redis_cluster *c)
{
	if (c == NULL)
		return;
	while (c->nodes != NULL) {
		struct redis_node *n = c->nodes;

		c->nodes = n->next;
		redis_node_free(n);
	}
	free(c);
}

struct redis_node *
redis_cluster_node(const struct redis_cluster *c, unsigned slot)
{
	return c->map[slot % RSLOT_COUNT];
}

struct redis_node *
redis_cluster_nodes(const struct redis_cluster *c)
{
	return c->nodes;
}

struct redis_node *
redis_cluster_at(struct redis_cluster *c, const char *host, int port)
{
	struct redis_node *n;
	struct rurl server;

	for (n = c->nodes; n != NULL; n = n->next)
		if (n->server.port == port && strcmp(n->server.host, host) == 0)
			return n;
	rurl_server(c->url, host, port, &server);
	n = redis_node_new(&server);
	explicit_bzero(&server, sizeof(server));
	if (n == NULL)
		return NULL;
	n->next = c->nodes;
	c->nodes = n;
	return n;
}

void
redis_cluster_moved(struct redis_cluster *c, unsigned slot, struct redis_node *n)
{
	struct redis_node **at = &c->map[slot % RSLOT_COUNT];

	if (*at != NULL)
		(*at)->slots--;
	*at = n;
	n->slots++;
}

void
redis_cluster_doubt(struct redis_cluster *c)
{
	c->doubt = true;
}

bool
redis_cluster_is_due(const struct redis_cluster *c)
{
	return c->doubt && clock_mono_ms() - c->asked_ms >= REFRESH_MS;
}

/* ==== the map ==== */

static bool
is_integer(const redisReply *r, long long low, long long high)
{
	return r->type == REDIS_REPLY_INTEGER && r->integer >= low &&
	    r->integer <= high;
}

/*
 * The host in [host, port, id, ...].  A server that does not know its own address sends
 * nil, "" or "?": then it is the address that was asked.  NULL: the value is no host.
 */
static const char *
host_of(const redisReply *r, const char *asked)
{
	if (r->type == REDIS_REPLY_NIL)
		return asked;
	if (r->type != REDIS_REPLY_STRING || r->len >= sizeof(((struct rurl *)0)->host))
		return NULL;
	return r->len == 0 || strcmp(r->str, "?") == 0 ? asked : r->str;
}

/* [first, last, [host, port, ...] of the master, replicas ...] */
static bool
is_range(const redisReply *r, const char *asked)
{
	const redisReply *master;

	if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 ||
	    !is_integer(r->element[0], 0, RSLOT_COUNT - 1) ||
	    !is_integer(r->element[1], r->element[0]->integer, RSLOT_COUNT - 1))
		return false;
	master = r->element[2];
	return master->type == REDIS_REPLY_ARRAY && master->elements >= 2 &&
	    is_integer(master->element[1], 1, 65535) &&
	    host_of(master->element[0], asked) != NULL;
}

static bool
take_range(struct redis_cluster *c, const redisReply *r, const char *asked)
{
	const redisReply *master = r->element[2];
	struct redis_node *n = redis_cluster_at(
	    c, host_of(master->element[0], asked), (int)master->element[1]->integer);

	if (n == NULL)
		return false;
	for (long long s = r->element[0]->integer; s <= r->element[1]->integer; s++)
		redis_cluster_moved(c, (unsigned)s, n);
	return true;
}

static int
take_map(struct redis_cluster *c, const redisReply *r, const char *asked)
{
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0)
		return -1;
	for (size_t i = 0; i < r->elements; i++)
		if (!is_range(r->element[i], asked))
			return -1;
	memset(c->map, 0, sizeof(c->map));
	for (struct redis_node *n = c->nodes; n != NULL; n = n->next)
		n->slots = 0;
	for (size_t i = 0; i < r->elements; i++)
		if (!take_range(c, r->element[i], asked))
			return -1;
	return 0;
}

static int
ask(struct redis_cluster *c, struct redis_link *l, const struct rurl *server,
    struct redis_error *err)
{
	char url[RURL_SHOWN_MAX];
	redisReply *r = redis_link_command(l, RARGS("CLUSTER", "SLOTS"), err);
	int rc = -1;

	if (r != NULL) {
		redis_error_set(
		    err, REDIS_CURE_RETRY, "it knows of no server with slots");
		rc = take_map(c, r, server->host);
	} else if (strstr(err->text, "cluster support disabled") != NULL) {
		redis_error_set(err, err->cure,
		    "this is no Redis Cluster; say redis:// instead of redis+cluster://");
	}
	redis_link_free_reply(r);
	rurl_show(server, url, sizeof(url));
	redis_error_at(err, url);
	return rc;
}

static int
ask_nodes(struct redis_cluster *c, struct redis_error *err)
{
	for (struct redis_node *n = c->nodes; n != NULL; n = n->next) {
		if (redis_node_open(n, c->ways, err) == -1)
			continue;
		if (ask(c, n->link, &n->server, err) == 0)
			return 0;
		if (err->cure == REDIS_CURE_RECONNECT)
			redis_node_broke(n, c->ways, err->text);
	}
	return -1;
}

static int
ask_seeds(struct redis_cluster *c, struct redis_error *err)
{
	struct rurl seed;
	int rc = -1;

	for (size_t i = 0; rc == -1 && rurl_at(c->url, i, &seed); i++) {
		struct redis_link *l =
		    redis_link_open(&seed, c->ways->options.timeout_ms, err);

		if (l != NULL)
			rc = ask(c, l, &seed, err);
		redis_link_close(l);
	}
	explicit_bzero(&seed, sizeof(seed));
	return rc;
}

/*
 * Free the servers that have no slots, and close the connections aside of the others.
 */
static void
let_go(struct redis_cluster *c)
{
	struct redis_node **at = &c->nodes;

	while (*at != NULL) {
		struct redis_node *n = *at;

		redis_node_close_aside(n);
		if (n->slots > 0) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		redis_node_free(n);
	}
}

int
redis_cluster_refresh(struct redis_cluster *c, struct redis_error *err)
{
	int rc = ask_nodes(c, err);

	if (rc == -1)
		rc = ask_seeds(c, err);
	c->asked_ms = clock_mono_ms();
	if (rc == -1)
		return -1;
	let_go(c);
	c->doubt = false;
	err->cure = REDIS_CURE_NONE;
	return 0;
}
