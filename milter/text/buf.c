/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.c - growable bytes with a hard limit.  See the header.
 */
#include "text/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of an empty buf, so that p is a string from the start.  Never written to. */
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

/* Make room for n more bytes and a NUL.  False, and failed, if there is none. */
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

void *
buf_extend(struct buf *b, size_t n)
{
	char *p;

	if (!reserve(b, n))
		return NULL;
	p = b->p + b->len;
	b->len += n;
	b->p[b->len] = '\0';
	return p;
}

void
buf_addc(struct buf *b, char c)
{
	/*
	 * Values are often built byte by byte: while there is room, nothing is called.
	 */
	if (b->failed || b->len >= b->max || b->len + 1 >= b->cap) {
		buf_add(b, &c, 1);
		return;
	}
	b->p[b->len++] = c;
	b->p[b->len] = '\0';
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
buf_addi(struct buf *b, int64_t n)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		digits[--at] = '-';
	buf_add(b, digits + at, sizeof digits - at);
}

void
buf_addhex(struct buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_addc(b, "0123456789abcdef"[p[i] >> 4]);
		buf_addc(b, "0123456789abcdef"[p[i] & 15]);
	}
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
