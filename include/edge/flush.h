/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush.h - one round of bringing counters to Redis; what the flusher's thread does.
 *
 * Owns the link, the lanes and what is collected but not sealed yet.  For one thread.
 * Everything that waits, waits for the network only, and at most the time given.
 */
#ifndef METERMARK_EDGE_FLUSH_H
#define METERMARK_EDGE_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/tally.h"
#include "edge/flusher.h"

struct flush;

/* NULL with a sentence in err: out of memory. */
struct flush *flush_new(const struct flusher_settings *, char *err, size_t errlen);
void flush_free(struct flush *);

/*
 * Other settings.  Where they name another Redis or other keys, batches whose fate is
 * not known are settled at the old one first, for ten seconds at most, and nothing new
 * is sealed meanwhile.
 */
void flush_set(struct flush *, const struct flusher_settings *);

/*
 * May flush_round() take more in?  Not while Redis is away: then counters gather in the
 * outbox, which has its limits.
 */
bool flush_wants(const struct flush *);
/* Take in a tally; frees it. */
void flush_take(struct flush *, struct tally *);

/*
 * Send what there is.  reply_ms: how long Redis may take for each answer.  true: all
 * was sent that could be; false: Redis is away, try again later.
 */
bool flush_round(struct flush *, int reply_ms);
/* Is there nothing left, not even held batches? */
bool flush_is_empty(const struct flush *);
/* Wait for nothing that the next round can try: there may not be many more. */
void flush_hurry(struct flush *);

/* Counts so far; pending is as of now. */
void flush_stats(const struct flush *, struct flusher_stats *);

#endif
