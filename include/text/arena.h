/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - memory that lives as long as one message, with a hard limit.
 *
 * A message's headers, edits and decisions come in many small pieces and go all at
 * once.  The arena hands out pieces from a few blocks; nothing is freed alone.
 * arena_reset() drops all but the first block, so that a connection's next message
 * costs no malloc.  The limit is what keeps a stranger's message from growing us.  Not
 * thread-safe.
 */
#ifndef METERMARK_TEXT_ARENA_H
#define METERMARK_TEXT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

struct arena;

/* An arena that hands out at most max bytes between resets; NULL when out of memory. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *);
/* Everything handed out becomes invalid. */
void arena_reset(struct arena *);

/* n bytes, aligned for any type, not cleared; NULL when the limit or memory is reached.
 */
void *arena_alloc(struct arena *, size_t n);
/* A NUL-terminated copy.  On failure p is NULL: test it. */
struct str arena_copy(struct arena *, struct str);
/* A request since the last reset was refused for the limit, not for lack of memory. */
bool arena_limited(const struct arena *);

#endif
