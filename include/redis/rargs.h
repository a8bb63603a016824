/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rargs.h - the arguments of one Redis command, under construction or ready.
 *
 * Arguments may hold any bytes.  As with buf.h failure is sticky: add all, ask once at
 * rargs_finish().  Embedded: rargs_init() before use, rargs_fini() after.  Not
 * thread-safe.
 */
#ifndef METERMARK_REDIS_RARGS_H
#define METERMARK_REDIS_RARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

struct rargs {
	struct buf bytes; /* all arguments, one behind the other */
	size_t *end;      /* where each argument ends */
	const char **argv;
	size_t *lens; /* NULL: the arguments are NUL-terminated */
	size_t n, cap;
	bool failed;
};

/* A command of NUL-terminated words, for the length of the block: RARGS("PING"). */
#define RARGS(...)                                                                     \
 (&(const struct rargs) { .argv = (const char *[]) { __VA_ARGS__ },                    \
     .n = sizeof((const char *[]) { __VA_ARGS__ }) / sizeof(char *) })

/* max: bytes of all arguments together. */
void rargs_init(struct rargs *, size_t max);
void rargs_fini(struct rargs *);
/* No arguments again, memory kept, failure forgotten. */
void rargs_reset(struct rargs *);

/* One argument more, copied; addn: in decimal.  Nothing after a failure. */
void rargs_add(struct rargs *, const void *, size_t);
void rargs_adds(struct rargs *, const char *);
void rargs_addstr(struct rargs *, struct str);
void rargs_addn(struct rargs *, int64_t);
/* An argument from pieces: append them to what rargs_open() returns, then close. */
struct buf *rargs_open(struct rargs *);
void rargs_close(struct rargs *);

/* 0: argv, lens and n are set, valid until the next change; -1: too long, or no memory.
 */
int rargs_finish(struct rargs *);

#endif
