/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_node.h - one server of a redis_net: its connections and what is known of it.
 *
 * There are at most two connections: the main one carries the pipeline; a second one,
 * aside, carries commands that were redirected to this server, so that their replies do
 * not come between those of the pipeline.  A server that failed is left alone for a
 * while.  For one thread, as redis/redis_net.h.
 */
#ifndef METERMARK_REDIS_REDIS_NODE_H
#define METERMARK_REDIS_REDIS_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redis/redis_net.h"

struct redis_node {
	struct redis_node *next;
	struct redis_link *link, *aside; /* NULL: not connected */
	unsigned serial;                 /* rises each time link is closed */
	bool scripted;     /* the script was sent, and no NOSCRIPT has come since */
	bool unsent;       /* commands may be queued here that were not sent */
	unsigned slots;    /* how many it serves, in a cluster */
	unsigned failures; /* in a row */
	int64_t not_before_ms;
	struct redis_probe probe; /* as of the last connect */
	struct rurl server;
	char why[256]; /* the last failure; "" for none */
};

/* What is the same for all nodes of a net. */
struct redis_node_ways {
	struct redis_net_options options;
	char sha[41];
	bool many; /* a cluster: one that fails is left alone for a while */
};

/* NULL when out of memory. */
struct redis_node *redis_node_new(const struct rurl *server);
void redis_node_free(struct redis_node *);

/*
 * Connect the main link if it is closed, and probe the server.  0, or -1 with *err,
 * whose text begins with the server's URL.
 */
int redis_node_open(
    struct redis_node *, const struct redis_node_ways *, struct redis_error *err);
/* Close the main link after a failure. */
void redis_node_broke(
    struct redis_node *, const struct redis_node_ways *, const char *why);
void redis_node_close_aside(struct redis_node *);

/*
 * Send one command, formatted by redis_link_format(), over the connection aside, after
 * ASKING if ask is set.  script: it is an EVALSHA of the net's script.  Result as
 * redis_link_command().
 */
struct redisReply *redis_node_aside(struct redis_node *, const struct redis_node_ways *,
    bool ask, bool script, const char *bytes, size_t len, struct redis_error *err);

#endif
