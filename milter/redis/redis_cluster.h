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

/* Both arguments are borrowed, for as long as it lives.  NULL when out of memory. */
struct redis_cluster *redis_cluster_new(
    const struct rurl *, const struct redis_node_ways *);
void redis_cluster_free(struct redis_cluster *);

/*
 * Ask for the map: the servers known first, then the URL's.  Only while no reply is
 * owed: servers without slots are let go.  0, or -1 with *err; then the old
 * map stays.
 */
int redis_cluster_refresh(struct redis_cluster *, struct redis_error *err);
/* The map is known to be wrong somewhere. */
void redis_cluster_doubt(struct redis_cluster *);
/* It is, and has not been asked for since half a second. */
bool redis_cluster_is_due(const struct redis_cluster *);

/* The server that has the slot; NULL: none, as far as is known. */
struct redis_node *redis_cluster_node(const struct redis_cluster *, unsigned slot);
/* The server at that address, made known where it was not; NULL when out of memory. */
struct redis_node *redis_cluster_at(struct redis_cluster *, const char *host, int port);
/* The slot has moved there. */
void redis_cluster_moved(struct redis_cluster *, unsigned slot, struct redis_node *);
/* All known, in no order; the next one is node->next. */
struct redis_node *redis_cluster_nodes(const struct redis_cluster *);

#endif
