/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox.h - deltas on their way from the milter callbacks to the flusher.
 *
 * The outbox is a tally behind a mutex, in front of the journal.  A delta goes into
 * both, in the same order: so a tally that is taken says up to which record of the
 * journal it goes. The lock is held for the few hash look-ups and copies of one
 * message, never over I/O. Thread-safe.
 */
#ifndef METERMARK_JOURNAL_OUTBOX_H
#define METERMARK_JOURNAL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counting/tally.h"

struct journal;
struct outbox;

/*
 * max_entries, max_hours: as tally_new().  max_new_names: how many new campaign names a
 * UTC day may bring; further ones count as "_other" (campaign/names.h).  NULL when out
 * of memory or random bytes.
 */
struct outbox *outbox_new(size_t max_entries, size_t max_hours, uint32_t max_new_names);
void outbox_free(struct outbox *);
void outbox_set_max_new_names(struct outbox *, uint32_t);
void outbox_set_max_entries(struct outbox *, size_t);
size_t outbox_max_entries(struct outbox *);

/*
 * Write deltas into the journal as well from now on; the outbox owns the journal.  To
 * be called before the first callback.  outbox_stop_journal() ends the journal's
 * thread; deltas still go into it.
 */
void outbox_set_journal(struct outbox *, struct journal *);
void outbox_stop_journal(struct outbox *);
/*
 * Put in a delta that is in the journal already, or a name that an earlier life has
 * met. 0, or -1 when out of memory.
 */
int outbox_replay(struct outbox *, const struct tally_delta *);
int outbox_learn(struct outbox *, struct str name, int64_t first_day, int64_t last_day);

/* The port the callbacks put deltas into.  Valid as long as the outbox. */
struct tally_sink outbox_sink(struct outbox *);

/*
 * Take everything that has gathered: the caller owns the tally, and the outbox goes on
 * with an empty one.  NULL if there is nothing, or no memory for the empty one (try
 * later). *covers, if not NULL, is set when a tally is returned: all records of the
 * journal below that number are in this tally or in those taken before.
 */
struct tally *outbox_take(struct outbox *, uint64_t *covers);
/* For tests: true if nothing has gathered since the last outbox_take(). */
bool outbox_is_empty(struct outbox *);
/*
 * Call each(), under the lock, for each name that was new, or new on its day, since the
 * last call.
 */
void outbox_new_names(struct outbox *,
    void (*each)(void *arg, struct str name, int64_t first_day, int64_t last_day),
    void *arg);

/*
 * An empty tally with the outbox's limits, for a caller that has to keep what it took.
 * NULL when out of memory.
 */
struct tally *outbox_empty_tally(struct outbox *);
/* The number of deltas lost for lack of memory since the start. */
uint64_t outbox_lost(struct outbox *);
/* The number of deltas counted as "_other" since the day had too many new names. */
uint64_t outbox_renamed(struct outbox *);
/*
 * The number of messages counted as "_other" since more than max_entries campaigns had
 * gathered.
 */
uint64_t outbox_crowded(struct outbox *);
/* The number of messages that have gathered. */
uint64_t outbox_messages(struct outbox *);

#endif
