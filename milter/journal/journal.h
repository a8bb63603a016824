/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.h - the counters of each message, in a file before its callback returns.
 *
 * The journal is a directory of segments, made of records (journal/jrec.h).  A callback
 * copies its record into a mapping of a file whose blocks are allocated already: there
 * is no system call, and no lock is held over one.  A record in the mapping survives
 * the end of the process, however it ends.  A thread of the journal syncs it, makes the
 * next segment ready before it is needed, and removes segments that the ledger covers.
 *
 * Why a mapping and not write(): a write takes the inode's lock, and the kernel may
 * make it wait until dirty pages are written, while we hold a lock.  A store can only
 * wait if it is the first one into a page since that page was written out; so the
 * thread stores into the pages ahead of the callbacks.  A mapping can fail with SIGBUS:
 * blocks are allocated first, and the guard of system/busguard.h catches the rest.
 *
 * Records that cannot be written (disk full, read-only, damaged) are left out: the
 * counts stay in memory and go to Redis, but a crash would lose them.  This is reported
 * once a minute.  A failed fdatasync() is never repeated, since Linux may have dropped
 * the pages and then reports success: what was not on disk is copied to a new segment.
 * After a second failure in a row the disk is left alone for a second, then for two, up
 * to a minute, and no callback waits for it meanwhile.
 *
 * Thread-safe.
 */
#ifndef METERMARK_JOURNAL_JOURNAL_H
#define METERMARK_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "counting/tally.h"
#include "journal/jrec.h"

/* A segment has room for the largest record there can be. */
#define JOURNAL_SEGMENT_MIN ((size_t)512 * 1024)

struct journal_settings {
	const char *dir;      /* exists; the lock of the state directory is held */
	const char *producer; /* 32 hex digits */
	enum conf_sync sync;
	uint32_t sync_ms; /* for CONF_SYNC_INTERVAL */
	size_t segment_bytes;
	uint64_t max_bytes; /* of all segments and the ledger */
};

struct journal_figures {
	uint64_t segments, bytes; /* on disk */
	uint64_t records;         /* put since the start */
	uint64_t left_out;        /* since the start: counted in memory only */
	uint64_t sync_failures;
	bool down; /* records are being left out */
};

struct journal;

/*
 * Make the first segment and start the thread.  first: the number of the next record.
 * NULL with err only if there is no memory or no thread: a full disk does not prevent
 * the start.
 */
struct journal *journal_open(
    const struct journal_settings *, uint64_t first, char *err, size_t errlen);
/*
 * End the thread and sync everything.  Records may still be put, and are not lost.  A
 * second call, after the first has returned, does nothing.
 */
void journal_stop(struct journal *);
/* To be called after journal_stop(), when no thread puts records any more. */
void journal_free(struct journal *);
/* Use other limits and another sync from now on. */
void journal_set(struct journal *, const struct journal_settings *);

/*
 * Append one record; sum is jrec_put()'s.  False: it was left out.  If the order of
 * records matters, callers hold a lock of their own around the call.
 */
bool journal_put(struct journal *, enum jrec_type, const void *payload, size_t n,
    uint32_t sum, uint64_t *number);
/* The next number: all records below it were put. */
uint64_t journal_next(struct journal *);
/*
 * With CONF_SYNC_ALWAYS: wait until that record is on disk or cannot get there.  One
 * fdatasync() serves all who wait.  Otherwise do nothing.
 */
void journal_wait(struct journal *, uint64_t number);

/*
 * Note that the ledger has all records below that number: their segments can be
 * removed.
 */
void journal_release(struct journal *, uint64_t covers);
/*
 * True if the ledger should take in the journal's records, so that segments can be
 * removed.
 */
bool journal_is_long(struct journal *);
/* Set how much of max_bytes the ledger takes. */
void journal_reserve(struct journal *, uint64_t bytes);

/*
 * Remove every segment, and take no records until journal_resume(): the counts are in
 * memory only.  0, or -1 if a segment could not be removed.
 */
int journal_discard(struct journal *);
/* The same, but the segments stay on disk as they are. */
void journal_leave(struct journal *);
/* Take records again. */
void journal_resume(struct journal *);

/* The figures at this moment, while other threads put records. */
void journal_figures(struct journal *, struct journal_figures *);

/* ==== at the start, before journal_open() ==== */

/* What was found; zeroed before. */
struct journal_found {
	uint64_t next;    /* number after the last record */
	uint64_t records; /* handed over */
	uint64_t missing; /* records that are missing, by the gaps in the numbers */
	uint64_t refused; /* records that could not be read or taken */
	size_t segments, bad, torn;
	bool out_of_memory; /* some records were not handed over: nothing may be removed
	                     */
	struct journal_file *files;
};

/*
 * Hand over each record from number `from` on, in order, each once.  take() returns 0,
 * or -1 when out of memory.  0, or -1 with err: the directory cannot be read.
 */
int journal_replay(const char *dir, const char *producer, uint64_t from,
    int (*take)(void *arg, const struct tally_delta *), void *arg,
    struct journal_found *, char *err, size_t errlen);
/*
 * To be called when the ledger has all of it: remove the segments.  Damaged ones become
 * NAME.bad for a person to look at; the newest eight stay.
 */
void journal_clear(const char *dir, struct journal_found *);
/* Make journal_clear() set all segments aside, damaged or not. */
void journal_spoil(struct journal_found *);
/* Make journal_clear() leave all segments as they are. */
void journal_keep(struct journal_found *);

#endif
