/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query.h - questions to Redis, many in one pipeline, for the subcommands.
 *
 * Ask any number, then take the answers in the same order.  The first failure is kept
 * with its cure for target_failed(); after one the query is good for nothing but
 * query_close(), as answers may still be on their way.
 */
#ifndef METERMARK_NUMBERS_QUERY_H
#define METERMARK_NUMBERS_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "redis/rargs.h"
#include "redis/redis_net.h"
#include "text/buf.h"
#include "text/str.h"

#define QUERY_KEY_MAX 256 /* prefix, campaign, and what goes around them */

struct redisReply;

struct query {
	struct redis_net *net;
	const char *prefix;     /* of all keys; borrowed */
	uint64_t strange;       /* values and names met that metermark does not write */
	struct redis_error err; /* after a -1 or NULL */
};

/* -1 with that failure. */
int query_fail(struct query *, enum redis_cure, const char *err);
/* The same: out of memory. */
int query_no_memory(struct query *);

/* Queue one command for the server that has the key; args ends in NULL.  0 or -1. */
int query_ask(struct query *, struct str key, const char *const *args);
/* The same with arguments of any bytes; rargs_finish() is done here. */
int query_ask_args(struct query *, struct str key, struct rargs *);
/* COMMAND KEY; -1 too when key could not be built. */
int query_ask_key(struct query *, const char *command, const struct buf *key);
/*
 * The next answer, which must be of that type (REDIS_REPLY_...); what: the command, for
 * the message.  redis_link_free_reply() it; NULL on failure.
 */
struct redisReply *query_answer(struct query *, int type, const char *what);
/* The next answer, an integer.  0 or -1. */
int query_answer_int(struct query *, const char *what, int64_t *out);

void query_close(struct query *);

#endif
