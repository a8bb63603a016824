/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush.h - one round of bringing counters to Redis; what the flusher's thread does.
 *
 * Owns the connection and the store.  For one thread, but for flush_answers().
 * Everything that waits, waits for the network, at most the time given, or for the
 * disk.
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

/* Between rounds, whether Redis is there or not. */
void flush_tick(struct flush *);
/*
 * Take from the outbox, and send what there is.  reply_ms: how long Redis may take for
 * each answer.  true: all was sent that could be; false: Redis is away, try again
 * later.
 */
bool flush_round(struct flush *, int reply_ms);
/* Take from the outbox, and have all of it on disk. */
void flush_save(struct flush *);
/* The same, and end the journal's thread.  Nothing but flush_stats() and flush_free()
 * may follow. */
void flush_close(struct flush *);
/* Is there nothing left that was taken, not even held batches? */
bool flush_is_empty(const struct flush *);
/* Wait for nothing that the next round can try: there may not be many more. */
void flush_hurry(struct flush *);

/* Counts so far; pending is as of now. */
void flush_stats(const struct flush *, struct flusher_stats *);
/*
 * From another thread: touch neither outbox nor journal any more.  Waits for what is
 * under way with them, never for the network.
 */
void flush_leave(struct flush *);
/* Has that been said? */
bool flush_is_left(struct flush *);
/* Answers to batches so far.  Thread-safe. */
uint64_t flush_answers(const struct flush *);

#endif
