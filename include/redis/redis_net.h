/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_net.h - the servers that hold our keys: one, the master that Sentinel names, or
 * the masters of a Redis Cluster.
 *
 * Commands are appended with the key they are about, which says to which server each
 * goes; replies come back in the order of the appends, whichever servers they are from.
 * In a cluster what has moved is followed (MOVED, ASK), so callers never see that.
 *
 * Failures come in two sizes.  REDIS_CURE_HOLD: one server or slot of a cluster is
 * away; send this command again later, others may go on, the net stays.
 * REDIS_CURE_RECONNECT, _MASTER, _MEMORY: the net must be closed and opened anew.
 * Whether a command was carried out is not known after HOLD, RECONNECT or MEMORY; after
 * any other error reply it was not.
 *
 * For one thread, with SIGPIPE blocked or ignored, as a link.
 */
#ifndef METERMARK_REDIS_REDIS_NET_H
#define METERMARK_REDIS_REDIS_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/redis_link.h"
#include "redis/redis_probe.h"
#include "redis/rurl.h"
#include "text/str.h"

struct redis_net;

struct redis_net_options {
	int timeout_ms; /* for each connect and each reply */
	/* Lua for redis_net_eval(), borrowed; NULL for none. */
	const char *script;
	/* Refuse a server that is no master.  (It may forbid to ask: then it counts as
	 * one.) */
	bool masters;
	/* Called for each connection made, with what is at its other end; or NULL.
	 */
	void (*connected)(
	    void *arg, const struct rurl *server, const struct redis_probe *);
	void *arg;
};

/*
 * Connect: to the server, to Sentinel's master, or to so much of a cluster as tells
 * where the slots are.  NULL with *err, whose text begins with a URL.
 * Takes a copy of the URL.  May take longer than timeout_ms: names are resolved,
 * several servers asked.
 */
struct redis_net *redis_net_open(
    const struct rurl *, const struct redis_net_options *, struct redis_error *err);
void redis_net_close(struct redis_net *);
/* Is any server connected, as far as is known? */
bool redis_net_is_up(const struct redis_net *);
/* Another time limit from now on. */
void redis_net_set_timeout(struct redis_net *, int timeout_ms);

/*
 * Queue one command for the server that has key.  0: its reply will come; -1 with *err:
 * nothing of it was sent, and no reply will come.
 */
int redis_net_append(struct redis_net *, struct str key, const struct rargs *args,
    struct redis_error *err);
/* The same for an EVALSHA of the script (argv[1] is redis_net_sha()); the server gets
 * the script first where it has it not. */
int redis_net_eval(struct redis_net *, struct str key, const struct rargs *args,
    struct redis_error *err);
/* 40 hex digits. */
const char *redis_net_sha(const struct redis_net *);

/*
 * The reply to the oldest command that has none yet; what is queued is sent first.  As
 * redis_link_reply(): NULL with *err, an error reply included;
 * redis_link_free_reply() the others.  REDIS_CURE_SCRIPT: send it again now.
 */
struct redisReply *redis_net_reply(struct redis_net *, struct redis_error *err);
/* Commands whose reply has not been fetched. */
size_t redis_net_owed(const struct redis_net *);

/*
 * Every server that holds keys, connected to where it was not: each() with the probe,
 * or with NULL and why where it cannot be reached.  When no reply is owed.
 */
void redis_net_each(struct redis_net *,
    void (*each)(void *arg, const struct rurl *server, const struct redis_probe *,
	const char *why),
    void *arg);

#endif
