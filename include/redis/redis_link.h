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

#include "redis/rurl.h"

struct redisReply;
struct redis_link;

/* What to do about a failure (prefixes: Redis documentation, "error replies"). */
enum redis_cure {
	REDIS_CURE_NONE,     /* no failure */
	REDIS_CURE_HOLD,     /* a part of a cluster is away: this command later, others
	                        may go on (redis_net.h only) */
	REDIS_CURE_RETRY,    /* LOADING BUSY TRYAGAIN CLUSTERDOWN NOREPLICAS MASTERDOWN
	                        MISCONF OOM: same link, later */
	REDIS_CURE_SCRIPT,   /* NOSCRIPT: load the script again */
	REDIS_CURE_MASTER,   /* READONLY MOVED ASK: find the master again */
	REDIS_CURE_OPERATOR, /* NOAUTH WRONGPASS NOPERM WRONGTYPE ERR ...: a person must
	                        act */
	REDIS_CURE_RECONNECT, /* I/O, end of file, timeout, protocol */
	REDIS_CURE_MEMORY     /* our own memory ran out */
};

/* Does this build speak rediss://?  redis_link_open() refuses such a URL otherwise. */
bool redis_link_has_tls(void);

/*
 * Connect to one server, not by Sentinel and to no cluster (those are redis_net.h's):
 * connect (timeout_ms for the connect and for each later reply), AUTH, SELECT, CLIENT
 * SETNAME. NULL with a sentence in err (URL without secrets, what failed) and *cure.
 * Resolves host names, which may take longer than timeout_ms.
 */
struct redis_link *redis_link_open(const struct rurl *, int timeout_ms,
    enum redis_cure *cure, char *err, size_t errlen);
void redis_link_close(struct redis_link *);

/* Another time limit for replies from now on.  0 or -1. */
int redis_link_set_timeout(struct redis_link *, int timeout_ms);

/*
 * One command, one reply.  argv[i] has lens[i] bytes; lens may be NULL for
 * NUL-terminated arguments.  The reply is the caller's, to be given to
 * redis_link_free_reply(); NULL with *cure and a sentence in err on failure, an error
 * reply included.  Not while replies of a pipeline are outstanding.
 */
struct redisReply *redis_link_command(struct redis_link *, size_t argc,
    const char **argv, const size_t *lens, enum redis_cure *cure, char *err,
    size_t errlen);

/*
 * Pipelining: append any number, then read as many replies in the same order.  append
 * copies; it returns 0, or -1 when out of memory: then nothing of this command is sent,
 * and the link must be closed.
 */
int redis_link_append(
    struct redis_link *, size_t argc, const char **argv, const size_t *lens);
/* The same of bytes in Redis's protocol, as redis_link_format() makes them. */
int redis_link_append_formatted(struct redis_link *, const char *bytes, size_t len);
/* One command in Redis's protocol; *bytes is the caller's to free().  0, or -1 when out
 * of memory. */
int redis_link_format(
    size_t argc, const char **argv, const size_t *lens, char **bytes, size_t *len);
/* Send what is appended; redis_link_reply() does so by itself.  0, or -1: the link must
 * be closed. */
int redis_link_flush(
    struct redis_link *, enum redis_cure *cure, char *err, size_t errlen);
/* An error reply is returned as NULL with *cure too; the pipeline stays in step unless
 * *cure is REDIS_CURE_RECONNECT or REDIS_CURE_MEMORY: then the link must be closed. */
struct redisReply *redis_link_reply(
    struct redis_link *, enum redis_cure *cure, char *err, size_t errlen);
/* NULL is legal. */
void redis_link_free_reply(struct redisReply *);

/* The cure for the text of an error reply. */
enum redis_cure redis_link_cure(const char *error_reply);

#endif
