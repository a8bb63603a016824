/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query.c - commands to Redis in a pipeline, and their replies.  See the header.
 */
#include "numbers/query.h"

#include <assert.h>
#include <stdlib.h>

#include "numbers/query_reply.h"

#define ARGS_MAX 8

int
query_open(struct query *q, const struct rurl *url, const char *prefix,
    const struct redis_net_options *options)
{
	*q = (struct query) { .prefix = prefix };
	q->net = redis_net_open(url, options, &q->err);
	return q->net != NULL ? 0 : -1;
}

int
query_fail(struct query *q, enum redis_cure cure, const char *err)
{
	return redis_error_set(&q->err, cure, "%s", err);
}

int
query_no_memory(struct query *q)
{
	return query_fail(q, REDIS_CURE_MEMORY, "out of memory");
}

int
query_ask(struct query *q, struct str key, const char *const *args)
{
	const char *argv[ARGS_MAX];
	struct rargs command = { .argv = argv };

	for (; args[command.n] != NULL; command.n++) {
		assert(command.n < ARGS_MAX);
		argv[command.n] = args[command.n];
	}
	return redis_net_append(q->net, key, &command, &q->err);
}

int
query_ask_args(struct query *q, struct str key, struct rargs *args)
{
	if (rargs_finish(args) != 0)
		return query_no_memory(q);
	return redis_net_append(q->net, key, args, &q->err);
}

int
query_ask_key(struct query *q, const char *command, const struct buf *key)
{
	if (buf_failed(key))
		return query_no_memory(q);
	return query_ask(q, buf_str(key), (const char *[]) { command, key->p, NULL });
}

redisReply *
query_reply(struct query *q, int type, const char *what)
{
	redisReply *reply;

	q->err.cure = REDIS_CURE_NONE;
	reply = redis_net_reply(q->net, &q->err);
	if (reply != NULL && reply->type != type) {
		redis_error_set(&q->err, REDIS_CURE_NONE,
		    "redis answered %s with type %d, expected %d", what, reply->type,
		    type);
		redis_link_free_reply(reply);
		return NULL;
	}
	return reply;
}

int
query_answer_int(struct query *q, const char *what, int64_t *out)
{
	redisReply *reply = query_reply(q, REDIS_REPLY_INTEGER, what);

	if (reply == NULL)
		return -1;
	*out = reply->integer;
	redis_link_free_reply(reply);
	return 0;
}

int
query_answer_text(struct query *q, const char *what, struct buf *out)
{
	redisReply *reply = query_reply(q, REDIS_REPLY_STRING, what);

	if (reply == NULL)
		return -1;
	buf_add(out, reply->str, reply->len);
	redis_link_free_reply(reply);
	return buf_failed(out) ? query_no_memory(q) : 0;
}

int
query_answer_first(struct query *q, const char *what, int64_t *out)
{
	redisReply *reply = query_reply(q, REDIS_REPLY_ARRAY, what);
	const redisReply *first;
	int status = 0;

	if (reply == NULL)
		return -1;
	first = reply->elements > 0 ? reply->element[0] : NULL;
	if (first != NULL && first->type == REDIS_REPLY_INTEGER)
		*out = first->integer;
	else if (first != NULL && first->type == REDIS_REPLY_STRING)
		*out = strtoll(first->str, NULL, 10);
	else
		status = redis_error_set(&q->err, REDIS_CURE_NONE,
		    "redis answered %s with an array that does not begin with a number",
		    what);
	redis_link_free_reply(reply);
	return status;
}

void
query_close(struct query *q)
{
	redis_net_close(q->net);
	q->net = NULL;
}
