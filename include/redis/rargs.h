/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rargs.h - the arguments of one Redis command, under construction or ready.  Pure.
 *
 * Arguments may hold any bytes.  As with buf.h a failure is sticky: add all arguments,
 * then ask once at rargs_finish().  Embedded: rargs_init() before use, rargs_fini()
 * after. Not thread-safe.
 */
#ifndef METERMARK_REDIS_RARGS_H
#define METERMARK_REDIS_RARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

struct rargs {
	struct buf bytes; /* all arguments, concatenated */
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
/* Forget all arguments and failures; keep the memory. */
void rargs_reset(struct rargs *);

/*
 * Add a copy of one argument; addn adds a decimal number.  After a failure nothing is
 * added.
 */
void rargs_add(struct rargs *, const void *, size_t);
void rargs_adds(struct rargs *, const char *);
void rargs_addstr(struct rargs *, struct str);
void rargs_addn(struct rargs *, int64_t);
/*
 * Build one argument from pieces: append them to what rargs_open() returns, then close
 * it.
 */
struct buf *rargs_open(struct rargs *);
void rargs_close(struct rargs *);

/*
 * Set argv, lens and n, which stay valid until the next change.  0, or -1: the
 * arguments are too long, or memory has run out.
 */
int rargs_finish(struct rargs *);

#endif
