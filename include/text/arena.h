/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - memory that lives as long as one message, with a hard limit.  Pure.
 *
 * A message's headers, edits and decisions come in many small pieces and are freed
 * together.  The arena hands out pieces of a few blocks; no piece is freed alone.
 * arena_reset() frees all but the first block, so that a connection's next message
 * costs no malloc.  The limit keeps a stranger's message from growing the process.  Not
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

/*
 * n bytes, aligned for any type, not cleared; NULL at the limit or when out of memory.
 */
void *arena_alloc(struct arena *, size_t n);
/* A NUL-terminated copy.  On failure p is NULL: test it. */
struct str arena_copy(struct arena *, struct str);
/* True if the limit, not a lack of memory, refused a request since the last reset. */
bool arena_limited(const struct arena *);

#endif
