/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_cluster.h - which server of a Redis Cluster has which slot.
 *
 * The map comes from CLUSTER SLOTS (known to Redis 7, 8 and Valkey alike), asked of any
 * server that answers; redirections correct it in between.  For one thread, as
 * redis/redis_net.h.
 */
#ifndef METERMARK_REDIS_REDIS_CLUSTER_H
#define METERMARK_REDIS_REDIS_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/redis_node.h"
#include "redis/rurl.h"

struct redis_cluster;

/* Both arguments must live as long as the result.  NULL when out of memory. */
struct redis_cluster *redis_cluster_new(
    const struct rurl *, const struct redis_node_ways *);
void redis_cluster_free(struct redis_cluster *);

/*
 * Read the map anew: from a known server if one answers, else from the servers of the
 * URL.  Call it only while no reply is owed, since servers without slots are freed.  0,
 * or -1 with *err: then the old map stays.
 */
int redis_cluster_refresh(struct redis_cluster *, struct redis_error *err);
/* Note that the map is wrong somewhere. */
void redis_cluster_doubt(struct redis_cluster *);
/* The map is wrong, and was last read more than half a second ago. */
bool redis_cluster_is_due(const struct redis_cluster *);

/* The server that has the slot; NULL if none is known. */
struct redis_node *redis_cluster_node(const struct redis_cluster *, unsigned slot);
/*
 * The server at that address; it is added if it was not known.  NULL when out of
 * memory.
 */
struct redis_node *redis_cluster_at(struct redis_cluster *, const char *host, int port);
/* Note that the slot has moved to that server. */
void redis_cluster_moved(struct redis_cluster *, unsigned slot, struct redis_node *);
/* The first known server, in no order; node->next is the next one. */
struct redis_node *redis_cluster_nodes(const struct redis_cluster *);

#endif
