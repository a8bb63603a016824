/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_net.c - the servers that hold our keys.  See the header.
 *
 * In a cluster each command is kept as it was sent until its reply has come.  A command
 * that is answered MOVED or ASK was not carried out.  It is sent again at once to the
 * server that the answer names, over a connection of its own (redis_node.h): so replies
 * keep their order, and a pipeline of the caller goes on.
 */
#include "redis/redis_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "redis/redis_cluster.h"
#include "redis/redis_node.h"
#include "redis/redis_sentinel.h"
#include "redis/rslot.h"
#include "system/crypto.h"

#define HOPS 5 /* redirections in a row */

/* A command whose reply is owed. */
struct owed {
	struct redis_node *node;
	unsigned serial; /* redis_node.serial when the command was queued */
	unsigned slot;
	bool script; /* an EVALSHA of our script ... */
	bool load;   /* ... with a SCRIPT LOAD before it */
	char *bytes; /* the command as sent; in a cluster only */
	size_t len;
};

struct redis_net {
	struct rurl url;
	struct redis_node_ways ways;
	struct redis_node *node;       /* the only server; NULL in a cluster */
	struct redis_cluster *cluster; /* NULL if there is one server */
	struct owed *owed;
	size_t first, end, cap; /* owed[first] to owed[end - 1] */
};

/* ==== open and close ==== */

static int
open_server(struct redis_net *net, const struct rurl *server, struct redis_error *err)
{
	redis_node_free(net->node);
	net->node = redis_node_new(server);
	if (net->node == NULL)
		return redis_error_no_memory(err);
	return redis_node_open(net->node, &net->ways, err);
}

/*
 * A sentinel that was cut off from the others may name an old master.  So sentinels are
 * asked in turn until one names a server that can be reached and says that it is a
 * master.  An error of a master is reported in preference to an error of a sentinel.
 */
static int
open_master(struct redis_net *net, struct redis_error *err)
{
	struct rurl master = { .port = 0 }, tried = { .port = 0 };
	int rc = -1;

	for (size_t i = 0; rc == -1 && i <= net->url.n_others; i++) {
		struct redis_error asked;

		if (redis_sentinel_ask(&net->url, i, net->ways.options.timeout_ms,
			&master, &asked) == -1) {
			if (tried.port == 0)
				*err = asked;
			continue;
		}
		if (rurl_same(&master, &tried))
			continue;
		tried = master;
		rc = open_server(net, &master, err);
	}
	explicit_bzero(&master, sizeof(master));
	explicit_bzero(&tried, sizeof(tried));
	return rc;
}

static int
open_cluster(struct redis_net *net, struct redis_error *err)
{
	net->ways.many = true;
	net->cluster = redis_cluster_new(&net->url, &net->ways);
	if (net->cluster == NULL)
		return redis_error_no_memory(err);
	return redis_cluster_refresh(net->cluster, err);
}

static int
open_net(struct redis_net *net, struct redis_error *err)
{
	switch (net->url.mode) {
	case RURL_SINGLE:
		break;
	case RURL_SENTINEL:
		return open_master(net, err);
	case RURL_CLUSTER:
		return open_cluster(net, err);
	}
	return open_server(net, &net->url, err);
}

struct redis_net *
redis_net_open(const struct rurl *url, const struct redis_net_options *options,
    struct redis_error *err)
{
	struct redis_net *net = calloc(1, sizeof(*net));

	if (net == NULL) {
		redis_error_no_memory(err);
		return NULL;
	}
	net->url = *url;
	net->ways.options = *options;
	if (options->script != NULL)
		crypto_sha1_hex(
		    options->script, strlen(options->script), net->ways.sha);
	if (open_net(net, err) == 0) {
		err->cure = REDIS_CURE_NONE;
		return net;
	}
	redis_net_close(net);
	return NULL;
}

void
redis_net_close(struct redis_net *net)
{
	if (net == NULL)
		return;
	for (size_t i = net->first; i < net->end; i++)
		free(net->owed[i].bytes);
	free(net->owed);
	redis_node_free(net->node);
	redis_cluster_free(net->cluster);
	explicit_bzero(&net->url, sizeof(net->url));
	free(net);
}

const char *
redis_net_sha(const struct redis_net *net)
{
	return net->ways.sha;
}

size_t
redis_net_owed(const struct redis_net *net)
{
	return net->end - net->first;
}

static struct redis_node *
nodes(const struct redis_net *net)
{
	return net->cluster != NULL ? redis_cluster_nodes(net->cluster) : net->node;
}

bool
redis_net_is_up(const struct redis_net *net)
{
	for (const struct redis_node *n = nodes(net); n != NULL; n = n->next)
		if (n->link != NULL)
			return true;
	return false;
}

void
redis_net_set_timeout(struct redis_net *net, int timeout_ms)
{
	net->ways.options.timeout_ms = timeout_ms;
	for (struct redis_node *n = nodes(net); n != NULL; n = n->next) {
		if (n->link != NULL)
			redis_link_set_timeout(n->link, timeout_ms);
		if (n->aside != NULL)
			redis_link_set_timeout(n->aside, timeout_ms);
	}
}

/* ==== queueing ==== */

/* Turn the failure of one server into what it means for the whole net. */
static void
widen(const struct redis_net *net, struct redis_error *err)
{
	if (net->cluster == NULL)
		return;
	switch (err->cure) {
	case REDIS_CURE_HOLD: /* while it was left alone its slots may have moved */
	case REDIS_CURE_RETRY:
	case REDIS_CURE_MASTER:
	case REDIS_CURE_RECONNECT:
		redis_cluster_doubt(net->cluster);
		err->cure = REDIS_CURE_HOLD;
		break;
	case REDIS_CURE_NONE:
	case REDIS_CURE_SCRIPT:
	case REDIS_CURE_OPERATOR:
	case REDIS_CURE_MEMORY:
		break;
	}
}

/* The server that has the key, connected; NULL with *err. */
static struct redis_node *
find_node(struct redis_net *net, unsigned slot, struct redis_error *err)
{
	struct redis_node *n = net->node;

	if (net->cluster != NULL) {
		if (redis_net_owed(net) == 0 && redis_cluster_is_due(net->cluster))
			redis_cluster_refresh(net->cluster, err);
		n = redis_cluster_node(net->cluster, slot);
	}
	if (n == NULL) {
		redis_cluster_doubt(net->cluster);
		redis_error_set(err, REDIS_CURE_HOLD,
		    "no server of the cluster has slot %u now", slot);
		return NULL;
	}
	/* With one server the caller sees the failure and opens the net anew. */
	if (net->cluster == NULL && n->link == NULL) {
		redis_error_set(err, REDIS_CURE_RECONNECT, "%s", n->why);
		return NULL;
	}
	if (redis_node_open(n, &net->ways, err) == 0)
		return n;
	widen(net, err);
	return NULL;
}

/* Make room for one more entry; entries move to the front before the array grows. */
static int
make_room(struct redis_net *net)
{
	size_t n = redis_net_owed(net), cap = net->cap == 0 ? 256 : net->cap * 2;
	struct owed *v;

	if (net->end < net->cap)
		return 0;
	if (n <= net->cap / 2 && net->cap > 0) {
		memmove(net->owed, net->owed + net->first, n * sizeof(*net->owed));
	} else {
		v = reallocarray(net->owed, cap, sizeof(*v));
		if (v == NULL)
			return -1;
		memmove(v, v + net->first, n * sizeof(*v));
		net->owed = v;
		net->cap = cap;
	}
	net->first = 0;
	net->end = n;
	return 0;
}

/* In a cluster the command is kept; else hiredis writes it straight into its buffer. */
static int
queue(struct redis_net *net, struct owed *o, const struct rargs *args)
{
	struct redis_link *l = o->node->link;

	if (net->cluster != NULL && redis_link_format(args, &o->bytes, &o->len) == -1)
		return -1;
	if (o->load &&
	    redis_link_append(l, RARGS("SCRIPT", "LOAD", net->ways.options.script)) ==
		-1)
		return -1;
	if (o->bytes != NULL)
		return redis_link_append_formatted(l, o->bytes, o->len);
	return redis_link_append(l, args);
}

static int
append(struct redis_net *net, struct str key, bool script, const struct rargs *args,
    struct redis_error *err)
{
	struct owed o = { .script = script };

	if (make_room(net) == -1)
		return redis_error_no_memory(err);
	o.slot = net->cluster != NULL ? rslot_of(key) : 0;
	o.node = find_node(net, o.slot, err);
	if (o.node == NULL)
		return -1;
	o.serial = o.node->serial;
	o.load = script && !o.node->scripted;
	if (queue(net, &o, args) == -1) {
		free(o.bytes);
		/*
		 * One of the two commands may be in the buffer: replies would be out of
		 * step.
		 */
		redis_node_broke(o.node, &net->ways, "out of memory");
		return redis_error_no_memory(err);
	}
	o.node->unsent = true;
	o.node->scripted |= script;
	net->owed[net->end++] = o;
	err->cure = REDIS_CURE_NONE;
	return 0;
}

int
redis_net_append(struct redis_net *net, struct str key, const struct rargs *args,
    struct redis_error *err)
{
	return append(net, key, false, args, err);
}

int
redis_net_eval(struct redis_net *net, struct str key, const struct rargs *args,
    struct redis_error *err)
{
	return append(net, key, true, args, err);
}

/* ==== replies ==== */

/* All servers get their commands before any reply is waited for, so they work at the
 * same time. */
static void
send_all(struct redis_net *net)
{
	struct redis_error err;

	for (struct redis_node *n = nodes(net); n != NULL; n = n->next) {
		if (!n->unsent)
			continue;
		n->unsent = false;
		if (redis_link_flush(n->link, &err) == -1)
			redis_node_broke(n, &net->ways, err.text);
	}
}

/* Send the command to where MOVED and ASK lead. */
static struct redisReply *
follow(struct redis_net *net, const struct owed *o, struct redis_error *err)
{
	const char *from = o->node->server.host;
	struct rslot_redirect to;

	for (int hop = 0; hop < HOPS && rslot_redirect(err->text, &to); hop++) {
		const char *host = to.host[0] != '\0' ? to.host : from;
		struct redis_node *n = redis_cluster_at(net->cluster, host, to.port);
		struct redisReply *r;

		if (n == NULL) {
			redis_error_no_memory(err);
			return NULL;
		}
		if (!to.ask)
			redis_cluster_moved(net->cluster, to.slot, n);
		redis_cluster_doubt(net->cluster);
		r = redis_node_aside(
		    n, &net->ways, to.ask, o->script, o->bytes, o->len, err);
		if (r != NULL || err->cure != REDIS_CURE_MASTER)
			return r;
		from = n->server.host;
	}
	return NULL;
}

/* The server's own words for what went wrong; before them, what SCRIPT LOAD said. */
static struct redisReply *
receive(const struct owed *o, struct redis_error *err)
{
	struct redis_error load = { REDIS_CURE_NONE, "" };
	struct redisReply *r;

	if (o->load)
		redis_link_free_reply(redis_link_reply(o->node->link, &load));
	if (load.cure != REDIS_CURE_RECONNECT && load.cure != REDIS_CURE_MEMORY) {
		r = redis_link_reply(o->node->link, err);
		if (r != NULL || err->cure != REDIS_CURE_SCRIPT || load.text[0] == '\0')
			return r;
	}
	*err = load;
	return NULL;
}

/* The reply was an error: update what is known of the server, follow a redirection. */
static struct redisReply *
resolve(struct redis_net *net, const struct owed *o, struct redis_error *err)
{
	struct redisReply *r = NULL;

	if (err->cure == REDIS_CURE_RECONNECT || err->cure == REDIS_CURE_MEMORY)
		redis_node_broke(o->node, &net->ways, err->text);
	if (err->cure == REDIS_CURE_SCRIPT ||
	    (o->load &&
		err->cure ==
		    REDIS_CURE_OPERATOR)) /* perhaps the error of SCRIPT LOAD */
		o->node->scripted = false;
	if (err->cure == REDIS_CURE_MASTER && net->cluster != NULL)
		r = follow(net, o, err);
	if (net->cluster == NULL &&
	    (strncmp(err->text, "MOVED ", 6) == 0 ||
		strncmp(err->text, "ASK ", 4) == 0))
		redis_error_hint(err, "this is a Redis Cluster: say redis+cluster://");
	widen(net, err);
	return r;
}

struct redisReply *
redis_net_reply(struct redis_net *net, struct redis_error *err)
{
	struct redisReply *r = NULL;
	struct owed o;

	if (redis_net_owed(net) == 0) {
		redis_error_set(err, REDIS_CURE_OPERATOR, "no reply is owed");
		return NULL;
	}
	send_all(net);
	o = net->owed[net->first++];
	if (net->first == net->end)
		net->first = net->end = 0;
	if (o.node->serial != o.serial) {
		redis_error_set(err, REDIS_CURE_RECONNECT, "%s", o.node->why);
		widen(net, err);
	} else {
		r = receive(&o, err);
		if (r == NULL)
			r = resolve(net, &o, err);
	}
	free(o.bytes);
	return r;
}

void
redis_net_each(struct redis_net *net,
    void (*each)(void *arg, const struct rurl *server, const struct redis_probe *,
	const char *why),
    void *arg)
{
	struct redis_error err;

	for (struct redis_node *n = nodes(net); n != NULL; n = n->next) {
		bool there = redis_node_open(n, &net->ways, &err) == 0;

		each(arg, &n->server, there ? &n->probe : NULL, there ? "" : err.text);
	}
}
