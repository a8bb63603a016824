/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush.h - one round of bringing counters to Redis; the flusher's thread calls it.
 *
 * It owns the connection and the store.  For one thread, except flush_answers().  Every
 * wait is for the network, at most for the time given, or for the disk.
 */
#ifndef METERMARK_FLUSH_FLUSH_H
#define METERMARK_FLUSH_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "flush/flusher.h"

struct flush;

/* Reads what is on disk.  NULL with a sentence in err: out of memory, or it cannot be
 * read. */
struct flush *flush_new(
    const struct flusher_settings *, struct outbox *, char *err, size_t errlen);
void flush_free(struct flush *);

/*
 * Other settings.  Where they name another Redis or other keys, batches whose fate is
 * not known are settled at the old one first, for ten seconds at most, and nothing new
 * is sealed meanwhile.
 */
void flush_set(struct flush *, const struct flusher_settings *);

/* To be called between rounds, whether or not Redis is there. */
void flush_tick(struct flush *);
/*
 * Take from the outbox, and send everything that can be sent.  reply_ms: how long Redis
 * may take for each answer.  False: Redis is away, try again later.
 */
bool flush_round(struct flush *, int reply_ms);
/* Take from the outbox, and sync everything. */
void flush_save(struct flush *);
/*
 * The same, and end the journal's thread.  Only flush_stats() and flush_free() may
 * follow.
 */
void flush_close(struct flush *);
/* True if nothing that was taken is left, held batches included. */
bool flush_is_empty(const struct flush *);
/*
 * Do not wait for anything that the next round can try: there may not be many more
 * rounds.
 */
void flush_hurry(struct flush *);

/* Counts so far; pending is as of now. */
void flush_stats(const struct flush *, struct flusher_stats *);
/*
 * From another thread: outbox and journal must not be used any more.  Waits until a use
 * that has begun is over, never for the network.
 */
void flush_leave(struct flush *);
/* True after flush_leave(). */
bool flush_is_left(struct flush *);
/* Answers to batches so far.  Thread-safe. */
uint64_t flush_answers(const struct flush *);

#endif
