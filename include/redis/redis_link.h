/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_link.h - one connection to Redis over hiredis; errors say what to do about
 * them.
 *
 * Calls are synchronous and have deadlines; one thread at a time.  Commands go as
 * argument vectors with lengths, never as format strings, so that no value can become a
 * command. After any I/O error the link must be closed and opened anew.  The thread
 * that uses a link has SIGPIPE blocked or ignored, since hiredis writes to sockets that
 * the other side may have closed.
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
 * Connect to one server: connect (timeout_ms for the connect and for each later reply),
 * AUTH, SELECT, CLIENT SETNAME.  A URL of Sentinel or of a cluster is refused: those
 * are redis_net.h's.  NULL with *err: the URL without secrets, and what failed.  Host
 * names are resolved, which may take longer than timeout_ms.
 */
struct redis_link *redis_link_open(
    const struct rurl *, int timeout_ms, struct redis_error *err);
void redis_link_close(struct redis_link *);

/* Set the time limit for replies from now on.  0 or -1. */
int redis_link_set_timeout(struct redis_link *, int timeout_ms);

/*
 * Send one command and wait for its reply, which the caller gives to
 * redis_link_free_reply().  NULL with *err on failure; an error reply is a failure.
 * Not to be called while replies of a pipeline are outstanding.
 */
struct redisReply *redis_link_command(
    struct redis_link *, const struct rargs *args, struct redis_error *err);

/*
 * Pipelining: append any number of commands, then read as many replies, in the same
 * order.  The command is copied.  0, or -1 when out of memory: then nothing of the
 * command is sent, and the link must be closed.
 */
int redis_link_append(struct redis_link *, const struct rargs *args);
/* The same with a command that redis_link_format() has formatted. */
int redis_link_append_formatted(struct redis_link *, const char *bytes, size_t len);
/*
 * Format one command in Redis's protocol; *bytes is the caller's to free().  0, or -1
 * when out of memory.
 */
int redis_link_format(const struct rargs *args, char **bytes, size_t *len);
/*
 * Send all appended commands; redis_link_reply() does so by itself.  0, or -1: the link
 * must be closed.
 */
int redis_link_flush(struct redis_link *, struct redis_error *err);
/*
 * The next reply.  NULL with *err on failure; an error reply is a failure, and the
 * pipeline stays in step after it.  After REDIS_CURE_RECONNECT and REDIS_CURE_MEMORY
 * the link must be closed.
 */
struct redisReply *redis_link_reply(struct redis_link *, struct redis_error *err);
/* NULL is legal. */
void redis_link_free_reply(struct redisReply *);

#endif
