/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_link.h - one connection to Redis over hiredis, with the errors sorted by cure.
 *
 * Synchronous, with deadlines; for one thread at a time.  Commands go as argument
 * vectors with lengths, never as format strings, so no value can become a command.
 * After any I/O error the link is closed and must be opened anew.
 * The thread that uses a link has SIGPIPE blocked or ignored: hiredis writes to sockets
 * that the other side may have closed.
 */
#ifndef METERMARK_REDIS_REDIS_LINK_H
#define METERMARK_REDIS_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/rargs.h"
#include "redis/redis_error.h"
#include "redis/rurl.h"

struct redisReply;
struct redis_link;

/* Does this build speak rediss://?  redis_link_open() refuses such a URL otherwise. */
bool redis_link_has_tls(void);

/*
 * Connect to one server, not by Sentinel and to no cluster (those are redis_net.h's):
 * connect (timeout_ms for the connect and for each later reply), AUTH, SELECT, CLIENT
 * SETNAME. NULL with *err: the URL without secrets, and what failed.
 * Resolves host names, which may take longer than timeout_ms.
 */
struct redis_link *redis_link_open(
    const struct rurl *, int timeout_ms, struct redis_error *err);
void redis_link_close(struct redis_link *);

/* Another time limit for replies from now on.  0 or -1. */
int redis_link_set_timeout(struct redis_link *, int timeout_ms);

/*
 * One command, one reply.  argv[i] has lens[i] bytes; lens may be NULL for
 * NUL-terminated arguments.  The reply is the caller's, to be given to
 * redis_link_free_reply(); NULL with *err on failure, an error
 * reply included.  Not while replies of a pipeline are outstanding.
 */
struct redisReply *redis_link_command(
    struct redis_link *, const struct rargs *args, struct redis_error *err);

/*
 * Pipelining: append any number, then read as many replies in the same order.  append
 * copies; it returns 0, or -1 when out of memory: then nothing of this command is sent,
 * and the link must be closed.
 */
int redis_link_append(struct redis_link *, const struct rargs *args);
/* The same of bytes in Redis's protocol, as redis_link_format() makes them. */
int redis_link_append_formatted(struct redis_link *, const char *bytes, size_t len);
/* One command in Redis's protocol; *bytes is the caller's to free().  0, or -1 when out
 * of memory. */
int redis_link_format(const struct rargs *args, char **bytes, size_t *len);
/* Send what is appended; redis_link_reply() does so by itself.  0, or -1: the link must
 * be closed. */
int redis_link_flush(struct redis_link *, struct redis_error *err);
/* An error reply is returned as NULL with *err, too; the pipeline stays in step unless
 * its cure is REDIS_CURE_RECONNECT or REDIS_CURE_MEMORY: then the link must be closed.
 */
struct redisReply *redis_link_reply(struct redis_link *, struct redis_error *err);
/* NULL is legal. */
void redis_link_free_reply(struct redisReply *);

#endif
