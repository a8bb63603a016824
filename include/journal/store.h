/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - what is counted and not yet in Redis for good: in memory, and on disk.
 *
 * Between the outbox, which callbacks fill, and flush/flush.c, which sends batches
 * (journal/lanes.h):
 *
 *     outbox ── take ──> open sums ── seal ──> batches ── answer ──> retained
 *     journal            ledger: OPEN          ledger: BATCH         ledger: ACK
 *
 * Each step is in the ledger before the next one is made of it, so a life that begins
 * after a crash goes on where the last one stopped: it sends the batches that were in
 * doubt as they were, and sums up again what was in no batch.
 *
 * Where the ledger cannot be written, nothing that is on disk may be sent, or a crash
 * would count it twice.  With Redis away that is no loss: what is on disk stays good,
 * what comes is kept in memory.  With Redis there, counting goes on: first everything
 * is removed from the disk, then it is sent from memory, and a crash costs what Redis
 * has not got.  Where nothing can be removed (a file system gone read-only) what is on
 * disk waits there, as it is; the journal takes nothing more, and what comes from then
 * on, which is on no disk, is sent from memory as well.  Each is said once a minute,
 * and tried again every few seconds.
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

/* Bytes of what Redis is called in the ledger. */
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
	uint64_t pending;  /* messages taken that Redis has not got */
	int64_t oldest_ms; /* when the oldest of them was counted, unix ms; 0: none */
	size_t retained, retained_bytes;
	size_t campaigns;   /* with open sums */
	uint64_t crowded;   /* messages that count as _other for want of room */
	uint64_t damaged;   /* records of the journal found damaged or missing */
	uint64_t kept_back; /* of the pending ones: on a disk that cannot be changed */
	bool on_disk;       /* what is pending would survive a crash */
	bool held;          /* ... and may not be sent */
};

/*
 * Read what an earlier life left, make it the beginning of a new journal, and set that
 * to work for the outbox.  NULL with err: it cannot be read, or no memory.
 */
struct store *store_open(
    const struct store_settings *, struct outbox *, char *err, size_t errlen);
/* Ends the journal's thread and brings all to disk.  The outbox may still be put into.
 */
void store_stop(struct store *);
void store_free(struct store *);
/* Another sync and other limits from now on; dir and producer stay. */
void store_set(struct store *, const struct store_settings *);

/* Valid as long as the store. */
struct lanes *store_lanes(struct store *);
/*
 * The Redis that is counted to from now on, in words without secrets.  Another one than
 * in the ledger knows nothing of our batches.
 */
void store_place(struct store *, const char *place);
/* The same, from now on, for another place. */
void store_moved(struct store *, const char *place);

/* Take what the outbox has and write down that it is taken, without sealing. */
void store_take(struct store *);
/*
 * The same, then seal what can be sealed and write it down: lanes_ready() shows it.
 * For when Redis is there.  moving: take nothing and seal nothing, only write down.
 */
void store_seal(struct store *, bool moving);
/* Something was acknowledged, or forgotten: the ledger is to know some time. */
void store_settled(struct store *);
void store_forgotten(struct store *, struct str campaign, uint64_t upto);
/* Now and then: expiry, a journal that has grown, a ledger that failed. */
void store_tick(struct store *);
/* Write down what is not yet.  Before the end. */
void store_save(struct store *);

/* Is nothing left to send, but what is in the outbox? */
bool store_is_empty(const struct store *);
/* Are there sums in no batch? */
bool store_has_open(const struct store *);
void store_figures(const struct store *, struct store_figures *);

#endif
