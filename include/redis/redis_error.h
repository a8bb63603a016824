/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_error.h - what went wrong between us and Redis: a sentence, and what to do
 * about it.  Pure.
 */
#ifndef METERMARK_REDIS_REDIS_ERROR_H
#define METERMARK_REDIS_REDIS_ERROR_H

#define REDIS_ERROR_MAX 512 /* a redirection must fit */

/* What to do about a failure (prefixes: Redis documentation, "error replies"). */
enum redis_cure {
	REDIS_CURE_NONE, /* no failure */
	REDIS_CURE_HOLD, /* a part of a cluster is away: send this command later; others
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

/*
 * A function that fails fills it and returns -1 or NULL; one that succeeds leaves the
 * text.
 */
struct redis_error {
	enum redis_cure cure;
	char text[REDIS_ERROR_MAX];
};

/* Both return -1, so that a caller can end with them. */
int redis_error_set(struct redis_error *, enum redis_cure, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int redis_error_no_memory(struct redis_error *);
/* Put "place: " in front of the text. */
void redis_error_at(struct redis_error *, const char *place);
/* Put " (hint)" behind it. */
void redis_error_hint(struct redis_error *, const char *hint);
/* The cure for the text of an error reply, by its first word. */
enum redis_cure redis_error_cure(const char *reply);

#endif
