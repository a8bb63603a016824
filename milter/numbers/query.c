/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query.c - questions to Redis, many in one pipeline.  See the header.
 */
#include "numbers/query.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#define ARGS_MAX 8

int
query_fail(struct query *q, enum redis_cure cure, const char *err)
{
	q->cure = cure;
	snprintf(q->err, sizeof(q->err), "%s", err);
	return -1;
}

int
query_no_memory(struct query *q)
{
	return query_fail(q, REDIS_CURE_MEMORY, "out of memory");
}

static int
append(
    struct query *q, struct str key, size_t argc, const char **argv, const size_t *lens)
{
	return redis_net_append(
	    q->net, key, argc, argv, lens, &q->cure, q->err, sizeof(q->err));
}

int
query_ask(struct query *q, struct str key, const char *const *args)
{
	const char *argv[ARGS_MAX];
	size_t lens[ARGS_MAX], n = 0;

	for (; args[n] != NULL; n++) {
		assert(n < ARGS_MAX);
		argv[n] = args[n];
		lens[n] = strlen(args[n]);
	}
	return append(q, key, n, argv, lens);
}

int
query_ask_args(struct query *q, struct str key, struct rargs *args)
{
	if (rargs_finish(args) != 0)
		return query_no_memory(q);
	return append(q, key, args->n, args->argv, args->lens);
}

int
query_ask_key(struct query *q, const char *command, const struct buf *key)
{
	if (buf_failed(key))
		return query_no_memory(q);
	return query_ask(q, buf_str(key), (const char *[]) { command, key->p, NULL });
}

redisReply *
query_answer(struct query *q, int type, const char *what)
{
	redisReply *reply;

	q->cure = REDIS_CURE_NONE;
	reply = redis_net_reply(q->net, &q->cure, q->err, sizeof(q->err));
	if (reply != NULL && reply->type != type) {
		snprintf(q->err, sizeof(q->err),
		    "redis answered %s with type %d, expected %d", what, reply->type,
		    type);
		redis_link_free_reply(reply);
		q->cure = REDIS_CURE_NONE;
		return NULL;
	}
	return reply;
}

int
query_answer_int(struct query *q, const char *what, int64_t *out)
{
	redisReply *reply = query_answer(q, REDIS_REPLY_INTEGER, what);

	if (reply == NULL)
		return -1;
	*out = reply->integer;
	redis_link_free_reply(reply);
	return 0;
}

void
query_close(struct query *q)
{
	redis_net_close(q->net);
	q->net = NULL;
}
