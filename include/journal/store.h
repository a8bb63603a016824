/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - the backlog: counts that are not yet in Redis for good, in memory and on
 * disk.
 *
 * Words of this room:
 *
 *     delta      the counters of one message
 *     outbox     deltas that nobody has taken yet
 *     journal    the file of deltas: written before the callback returns
 *     open sums  taken deltas, summed by campaign and hour, that are in no batch
 *     batch      the sums of one campaign, sealed: they have a number and do not change
 *     lane       the batches of one campaign, in the order of their numbers
 *     ledger     the file of open sums, batches and acknowledgements
 *     store      outbox, open sums and lanes, kept the same in memory and in the ledger
 *     covers     the number up to which the journal's records are in the ledger
 *     parked     counts on a disk that cannot be changed: they wait in memory
 *
 * The store stands between the outbox, which callbacks fill, and flush/flush.c, which
 * sends batches (journal/lanes.h):
 *
 *     outbox ── take ──> open sums ── seal ──> batches ── answer ──> retained
 *     journal            ledger: OPEN          ledger: BATCH         ledger: ACK
 *
 * Each step is in the ledger before the next step uses its result.  So after a crash
 * the next life goes on where the last one stopped: it sends unanswered batches as they
 * were, and sums up again what was in no batch.
 *
 * If the ledger cannot be written, nothing that is on disk may be sent, or a crash
 * would count it twice.  If Redis is away, nothing is lost by waiting: what is on disk
 * stays valid, and new counts are kept in memory.  If Redis is there, counting goes on:
 * first everything is removed from the disk, then it is sent from memory; a crash then
 * costs what Redis does not have.  If nothing can be removed (a file system that became
 * read-only), the counts on disk are parked, the journal takes nothing more, and new
 * counts, which are on no disk, are sent from memory.  Each state is reported once a
 * minute, and writing is tried again every few seconds.  journal/store_parts.h has the
 * states as a table.
 *
 * For one thread.
 */
#ifndef METERMARK_JOURNAL_STORE_H
#define METERMARK_JOURNAL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/conf.h"
#include "journal/journal.h"
#include "journal/lanes.h"
#include "journal/outbox.h"

/* The longest name of a Redis in the ledger, in bytes. */
#define STORE_PLACE_MAX 512

struct store;

struct store_settings {
	char dir[4096]; /* of the journal; "": nothing is kept on disk */
	char producer[33];
	enum conf_sync sync;
	uint32_t sync_ms;
	uint64_t max_bytes; /* journal and ledger */
	int64_t retain_ms;
	size_t retain_bytes;
};

struct store_figures {
	struct journal_figures journal;
	uint64_t ledger_bytes;
	uint64_t pending;  /* messages taken that Redis does not have */
	int64_t oldest_ms; /* when the oldest of them was counted, unix ms; 0: none */
	size_t retained, retained_bytes;
	size_t campaigns;   /* with open sums */
	uint64_t crowded;   /* messages that count as _other since there was no room */
	uint64_t damaged;   /* records of the journal found damaged or missing */
	uint64_t kept_back; /* the pending messages that are parked */
	bool on_disk;       /* pending messages would survive a crash */
	bool held;          /* pending messages may not be sent */
};

/*
 * Read what an earlier life left, make it the beginning of a new journal, and start
 * that journal for the outbox.  NULL with err: it cannot be read, or memory has run
 * out.
 */
struct store *store_open(
    const struct store_settings *, struct outbox *, char *err, size_t errlen);
/* End the journal's thread and sync everything.  The outbox still takes deltas. */
void store_stop(struct store *);
void store_free(struct store *);
/* Use another sync and other limits from now on; dir and producer stay. */
void store_set(struct store *, const struct store_settings *);

/* Valid as long as the store. */
struct lanes *store_lanes(struct store *);
/*
 * Name the Redis that is used from now on, without secrets.  If the ledger names
 * another one, this Redis knows nothing of our batches.
 */
void store_place(struct store *, const char *place);
/* The same when the settings change to another Redis. */
void store_moved(struct store *, const char *place);

/* Take everything from the outbox and write it to the ledger, without sealing. */
void store_take(struct store *);
/*
 * The same, then seal what can be sealed and write it down: lanes_ready() shows it.  To
 * be called while Redis is there.  moving: take and seal nothing, only write.
 */
void store_seal(struct store *, bool moving);
/*
 * Note that something was acknowledged or forgotten; the ledger gets it with the next
 * commit.
 */
void store_settled(struct store *);
void store_forgotten(struct store *, struct str campaign, uint64_t upto);
/*
 * To be called now and then: expires batches, shortens a long journal, retries a ledger
 * that failed.
 */
void store_tick(struct store *);
/* Write down everything that is not in the ledger.  For the end. */
void store_save(struct store *);

/* True if nothing is left to send, except what is in the outbox. */
bool store_is_empty(const struct store *);
/* True if there are open sums. */
bool store_has_open(const struct store *);
void store_figures(const struct store *, struct store_figures *);

#endif
