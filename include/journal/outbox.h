/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox.h - deltas on their way from the milter callbacks to the flusher.
 *
 * A tally behind a mutex, and in front of the journal: what is put goes into both, in
 * the same order, so that whoever takes the tally knows up to which record of the
 * journal it goes.  The lock is held for the few hash look-ups and copies of one
 * message, never over I/O.  Thread-safe.
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
 * max_entries, max_hours: as tally_new().  max_new_names: campaigns a UTC day not met
 * before; further ones count as "_other" (campaign/names.h).  NULL when out of memory
 * or random bytes.
 */
struct outbox *outbox_new(size_t max_entries, size_t max_hours, uint32_t max_new_names);
void outbox_free(struct outbox *);
void outbox_set_max_new_names(struct outbox *, uint32_t);
void outbox_set_max_entries(struct outbox *, size_t);
size_t outbox_max_entries(struct outbox *);

/*
 * From now on deltas go into the journal, too, which goes with the outbox; before the
 * first callback.  outbox_stop_journal() ends its thread; deltas still go in.
 */
void outbox_set_journal(struct outbox *, struct journal *);
void outbox_stop_journal(struct outbox *);
/* A delta that is in the journal already, and a name that was met before the start.
 * 0, or -1 when out of memory. */
int outbox_replay(struct outbox *, const struct tally_delta *);
int outbox_learn(struct outbox *, struct str name, int64_t first_day, int64_t last_day);

/* The port the callbacks put deltas into.  Valid as long as the outbox. */
struct tally_sink outbox_sink(struct outbox *);

/*
 * Swap out everything that has gathered: the tally returned is the caller's, the outbox
 * goes on with an empty one.  NULL when there is nothing, or no memory for the empty
 * one (try later).  *covers, when not NULL: all records of the journal below that
 * number are in this tally or in those taken before; set when a tally is returned.
 */
struct tally *outbox_take(struct outbox *, uint64_t *covers);
/* Tests: has nothing gathered since the last outbox_take()? */
bool outbox_is_empty(struct outbox *);
/* Names met for the first time since the last call, or for the first time on a day: to
 * each(), under the lock. */
void outbox_new_names(struct outbox *,
    void (*each)(void *arg, struct str name, int64_t first_day, int64_t last_day),
    void *arg);

/* An empty tally with the outbox's limits, for who must keep what it took.  NULL when
 * out of memory. */
struct tally *outbox_empty_tally(struct outbox *);
/* Deltas lost for lack of memory since the start. */
uint64_t outbox_lost(struct outbox *);
/* Deltas counted as "_other" because their name was one too many that day. */
uint64_t outbox_renamed(struct outbox *);
/* Messages counted as "_other" because more campaigns had gathered than max_entries. */
uint64_t outbox_crowded(struct outbox *);
/* Messages that have gathered. */
uint64_t outbox_messages(struct outbox *);

#endif
