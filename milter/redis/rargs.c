/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rargs.c - the arguments of one Redis command.  See the header.
 *
 * Pointers are made at the end, since the bytes move as they grow.
 */
#include "redis/rargs.h"

#include <stdlib.h>
#include <string.h>

void
rargs_init(struct rargs *a, size_t max)
{
	*a = (struct rargs) { 0 };
	buf_init(&a->bytes, max);
}

void
rargs_fini(struct rargs *a)
{
	buf_fini(&a->bytes);
	free(a->end);
	free(a->argv);
	free(a->lens);
	*a = (struct rargs) { 0 };
}

void
rargs_reset(struct rargs *a)
{
	buf_reset(&a->bytes);
	a->n = 0;
	a->failed = false;
}

/* realloc() for an array: if it fails, *array stays valid. */
static bool
regrow(void *array, size_t n, size_t size)
{
	void *old, *p;

	memcpy(&old, array, sizeof old);
	p = realloc(old, n * size);
	if (p == NULL)
		return false;
	memcpy(array, &p, sizeof p);
	return true;
}

static bool
reserve(struct rargs *a)
{
	size_t cap = a->cap == 0 ? 64 : a->cap * 2;

	if (a->n < a->cap)
		return true;
	if (!regrow(&a->end, cap, sizeof *a->end) ||
	    !regrow(&a->argv, cap, sizeof *a->argv) ||
	    !regrow(&a->lens, cap, sizeof *a->lens))
		return false;
	a->cap = cap;
	return true;
}

struct buf *
rargs_open(struct rargs *a)
{
	return &a->bytes;
}

void
rargs_close(struct rargs *a)
{
	if (a->failed || !reserve(a)) {
		a->failed = true;
		return;
	}
	a->end[a->n++] = a->bytes.len;
}

void
rargs_add(struct rargs *a, const void *p, size_t n)
{
	buf_add(&a->bytes, p, n);
	rargs_close(a);
}

void
rargs_adds(struct rargs *a, const char *s)
{
	rargs_add(a, s, strlen(s));
}

void
rargs_addstr(struct rargs *a, struct str s)
{
	rargs_add(a, s.p, s.len);
}

void
rargs_addn(struct rargs *a, int64_t v)
{
	buf_addi(&a->bytes, v);
	rargs_close(a);
}

int
rargs_finish(struct rargs *a)
{
	size_t from = 0;

	if (a->failed || buf_failed(&a->bytes))
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		a->argv[i] = a->bytes.p + from;
		a->lens[i] = a->end[i] - from;
		from = a->end[i];
	}
	return 0;
}
