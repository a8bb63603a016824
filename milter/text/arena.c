/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.c - a chain of blocks; the newest is cut from.  See the header.
 */
#include "text/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* One block holds the headers of an ordinary campaign message. */
#define BLOCK_BYTES ((size_t)16 * 1024)

struct block {
	struct block *older;
	size_t size; /* bytes of data */
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *newest;
	size_t max;
	size_t used;  /* bytes handed out, over all blocks */
	bool limited; /* see arena_limited() */
};

static struct block *
block_new(size_t size, struct block *older)
{
	struct block *b = malloc(sizeof *b + size);

	if (b != NULL)
		*b = (struct block) { .older = older, .size = size };
	return b;
}

struct arena *
arena_new(size_t max)
{
	struct arena *a = malloc(sizeof *a);

	if (a == NULL)
		return NULL;
	*a = (struct arena) { .max = max, .newest = block_new(BLOCK_BYTES, NULL) };
	if (a->newest == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

/* Free all blocks but the first, the newest first. */
static void
drop_to_first(struct arena *a)
{
	while (a->newest->older != NULL) {
		struct block *b = a->newest;

		a->newest = b->older;
		free(b);
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	drop_to_first(a);
	free(a->newest);
	free(a);
}

void
arena_reset(struct arena *a)
{
	drop_to_first(a);
	a->newest->used = 0;
	a->used = 0;
	a->limited = false;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct block *b = a->newest;
	void *p;

	if (need < n || need > a->max - a->used) {
		a->limited = true;
		return NULL;
	}
	if (need > b->size - b->used) {
		b = block_new(need > BLOCK_BYTES ? need : BLOCK_BYTES, a->newest);
		if (b == NULL)
			return NULL;
		a->newest = b;
	}
	p = b->data + b->used;
	b->used += need;
	a->used += need;
	return p;
}

struct str
arena_copy(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p == NULL)
		return (struct str) { NULL, 0 };
	memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	return (struct str) { p, s.len };
}

bool
arena_limited(const struct arena *a)
{
	return a->limited;
}
