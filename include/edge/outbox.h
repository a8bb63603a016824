/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox.h - deltas on their way from the milter callbacks to the flusher, in memory.
 *
 * A tally behind a mutex.  The lock is held for the few hash look-ups of one message,
 * never over I/O.  What is in here at a crash is lost; the journal will take its place
 * behind the same struct tally_sink.  Thread-safe.
 */
#ifndef METERMARK_EDGE_OUTBOX_H
#define METERMARK_EDGE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tally.h"

struct outbox;

/*
 * max_entries, max_hours: as tally_new().  max_new_names: campaigns a UTC day not seen
 * before in this process; further ones count as "_other".  A name not seen for a week
 * is new again; "none" and the names that begin with "_" are never new.  NULL when out
 * of memory or random bytes.
 */
struct outbox *outbox_new(size_t max_entries, size_t max_hours, uint32_t max_new_names);
void outbox_free(struct outbox *);
void outbox_set_max_new_names(struct outbox *, uint32_t);

/* The port the callbacks put deltas into.  Valid as long as the outbox. */
struct tally_sink outbox_sink(struct outbox *);

/*
 * Swap out everything that has gathered: the tally returned is the caller's, the outbox
 * goes on with an empty one.  NULL when there is nothing, or no memory for the empty
 * one (try later).
 */
struct tally *outbox_take(struct outbox *);
/* Has nothing gathered since the last outbox_take()? */
bool outbox_is_empty(struct outbox *);

/* An empty tally with the outbox's limits, for who must keep what it took.  NULL when
 * out of memory. */
struct tally *outbox_empty_tally(const struct outbox *);
/* Deltas lost for lack of memory since the start. */
uint64_t outbox_lost(struct outbox *);
/* Deltas counted as "_other" because their name was one too many that day. */
uint64_t outbox_renamed(struct outbox *);

#endif
