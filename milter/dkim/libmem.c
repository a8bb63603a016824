/* SPDX-License-Identifier: BSD-2-Clause */
/* libmem.c - allocates memory for libopendkim.  See the header. */
#include "dkim/libmem.h"

#include <stdlib.h>

#include "text/arena.h"

void *
libmem_take(void *arena, size_t n)
{
	return arena == NULL ? malloc(n) : arena_alloc(arena, n);
}

void
libmem_give(void *arena, void *p)
{
	if (arena == NULL)
		free(p);
}
