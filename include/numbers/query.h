/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query.h - commands to Redis, many in one pipeline, and their replies as values.
 *
 * Queue any number of commands by query_ask...(), then take their replies in the same
 * order by query_answer...().  A function that fails leaves the cause in query.err, a
 * sentence with its class; after that only query_close() may be called, since replies
 * may still be on their way.
 *
 * A query belongs to one thread, and that thread has SIGPIPE blocked or ignored
 * (redis/redis_net.h).
 */
#ifndef METERMARK_NUMBERS_QUERY_H
#define METERMARK_NUMBERS_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "redis/rargs.h"
#include "redis/redis_net.h"
#include "redis/rurl.h"
#include "text/buf.h"
#include "text/str.h"

#define QUERY_KEY_MAX 256 /* prefix, campaign and the text around them */

struct query {
	struct redis_net *net; /* NULL: closed */
	const char *prefix;    /* of all keys; borrowed */
	uint64_t strange;      /* names and values read that metermark does not write */
	struct redis_error err; /* the cause of the last -1 */
};

/*
 * Connect.  url and options are copied, prefix is borrowed until query_close().  0, or
 * -1 with query.err, whose text begins with a URL; the query is closed then.
 */
int query_open(struct query *, const struct rurl *url, const char *prefix,
    const struct redis_net_options *options);
/* Close the connections; a closed query stays closed. */
void query_close(struct query *);

/* Set the error; -1. */
int query_fail(struct query *, enum redis_cure, const char *err);
/* Set the error "out of memory"; -1. */
int query_no_memory(struct query *);

/* Queue one command for the server that has the key; args ends in NULL.  0 or -1. */
int query_ask(struct query *, struct str key, const char *const *args);
/* The same with arguments that may hold any bytes; calls rargs_finish(). */
int query_ask_args(struct query *, struct str key, struct rargs *);
/* Queue COMMAND KEY.  0, or -1, also if memory ran out while key was built. */
int query_ask_key(struct query *, const char *command, const struct buf *key);
/*
 * Take the next reply, of the type that the name says.  what: the command, for the
 * error text.  All return 0 or -1.
 */
int query_answer_int(struct query *, const char *what, int64_t *out);
/* A string, appended to out. */
int query_answer_text(struct query *, const char *what, struct buf *out);
/* An array, of which the first element counts: an integer, or a string of digits. */
int query_answer_first(struct query *, const char *what, int64_t *out);

#endif
