/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_net.h - the servers that hold our keys: one server, the master that Sentinel
 * names, or the masters of a Redis Cluster.
 *
 * A command is appended together with the key that it is about; the key decides which
 * server gets it.  Replies come back in the order of the appends, whichever servers
 * they are from.  In a cluster, redirections (MOVED, ASK) are followed, so callers
 * never see them.
 *
 * There are two kinds of failure.  After REDIS_CURE_HOLD one server or slot of a
 * cluster is away: send this command again later; other commands may go on, and the net
 * stays. After REDIS_CURE_RECONNECT, _MASTER and _MEMORY the net must be closed and
 * opened anew. After HOLD, RECONNECT and MEMORY it is not known whether the command was
 * carried out; after any other error it was not.
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
	/* Lua for redis_net_eval(), borrowed; NULL if there is none. */
	const char *script;
	/*
	 * Refuse a server that is no master.  A server that forbids the question counts
	 * as one.
	 */
	bool masters;
	/* Called for each connection made, with the probe of its server; or NULL. */
	void (*connected)(
	    void *arg, const struct rurl *server, const struct redis_probe *);
	void *arg;
};

/*
 * Connect: to the server, to Sentinel's master, or to enough of a cluster to learn
 * where the slots are.  The URL is copied.  NULL with *err, whose text begins with a
 * URL.  May take longer than timeout_ms, since names are resolved and several servers
 * may be asked.
 */
struct redis_net *redis_net_open(
    const struct rurl *, const struct redis_net_options *, struct redis_error *err);
void redis_net_close(struct redis_net *);
/* True if a connection to any server is open. */
bool redis_net_is_up(const struct redis_net *);
/* Set the time limit from now on. */
void redis_net_set_timeout(struct redis_net *, int timeout_ms);

/*
 * Queue one command for the server that has key.  0: its reply will come.  -1 with
 * *err: nothing of it was sent, and no reply will come.
 */
int redis_net_append(struct redis_net *, struct str key, const struct rargs *args,
    struct redis_error *err);
/*
 * The same for an EVALSHA of the script (argv[1] is redis_net_sha()); a server that
 * does not have the script gets it first.
 */
int redis_net_eval(struct redis_net *, struct str key, const struct rargs *args,
    struct redis_error *err);
/* The SHA-1 of the script: 40 hex digits. */
const char *redis_net_sha(const struct redis_net *);

/*
 * The reply to the oldest command whose reply was not fetched; queued commands are sent
 * first.  Result as redis_link_reply().  After REDIS_CURE_SCRIPT send the command again
 * now.
 */
struct redisReply *redis_net_reply(struct redis_net *, struct redis_error *err);
/* Commands whose reply has not been fetched. */
size_t redis_net_owed(const struct redis_net *);

/*
 * Call each() for every server that holds keys, connecting to it if needed: with its
 * probe, or with NULL and the reason if it cannot be reached.  Not to be called while a
 * reply is owed.
 */
void redis_net_each(struct redis_net *,
    void (*each)(void *arg, const struct rurl *server, const struct redis_probe *,
	const char *why),
    void *arg);

#endif
