/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.h - growable bytes with a hard limit, always NUL-terminated.  Pure.
 *
 * Failure is sticky: after an add that did not fit, or found no memory, further adds do
 * nothing and buf_failed() stays true until buf_reset().  So a writer adds everything
 * and asks once.  Embedded: buf_init() before use, buf_fini() after.  Not thread-safe.
 */
#ifndef METERMARK_TEXT_BUF_H
#define METERMARK_TEXT_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

struct buf {
	char *p;    /* NUL-terminated; "" before the first add */
	size_t len; /* bytes, without the NUL */
	size_t cap; /* bytes allocated */
	size_t max; /* len never exceeds this */
	bool failed;
};

void buf_init(struct buf *, size_t max);
void buf_fini(struct buf *);
/* Empty again, memory kept, failure forgotten. */
void buf_reset(struct buf *);

/* Append.  What does not fit is a failure; after one nothing is added. */
void buf_add(struct buf *, const void *, size_t);
void buf_addc(struct buf *, char);
void buf_adds(struct buf *, const char *);
void buf_addstr(struct buf *, struct str);
/*
 * Append a number in decimal; append bytes as lower-case hex digits.  Both are many
 * times faster than buf_addf().
 */
void buf_addi(struct buf *, int64_t);
void buf_addhex(struct buf *, const uint8_t *, size_t);
void buf_addf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Append n bytes for the caller to write; what is in them is not defined.  NULL:
 * failed. */
void *buf_extend(struct buf *, size_t n);
bool buf_failed(const struct buf *);

/* The bytes; valid until the next call that takes the buf non-const. */
struct str buf_str(const struct buf *);

#endif
