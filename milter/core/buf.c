/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.c - growable bytes with a hard limit.  See the header.
 */
#include "core/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an empty buf shows, so that p is a string from the start.  Never written to. */
static const char nothing[1];

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf) { .p = (char *)(uintptr_t)nothing, .max = max };
}

void
buf_fini(struct buf *b)
{
	if (b->cap > 0)
		free(b->p);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->cap > 0)
		b->p[0] = '\0';
}

/* Make room for n bytes more and a NUL; false, and failed, when that cannot be. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap == 0 ? 128 : b->cap;
	char *p;

	if (b->failed)
		return false;
	if (n > b->max - b->len)
		goto fail;
	if (b->len + n < b->cap)
		return true;
	while (cap <= b->len + n)
		cap *= 2;
	p = realloc(b->cap > 0 ? b->p : NULL, cap);
	if (p == NULL)
		goto fail;
	b->p = p;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addstr(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.len);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

struct str
buf_str(const struct buf *b)
{
	return str_make(b->p, b->len);
}
