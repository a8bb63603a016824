/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.h - what each message counted, on disk before its callback returns.
 *
 * Segments in a directory of the state directory, made of records (journal/jrec.h).  A
 * callback copies its record into a mapping of a file whose blocks are there already:
 * no system call, no lock that is held over one.  A record in the mapping survives the
 * end of the process, however it ends; a thread of the journal brings it to the disk,
 * makes the next segment ready before it is needed, and removes segments that the
 * ledger covers.
 *
 * Why a mapping and not write(): a write takes the inode's lock and may be made to wait
 * for dirty pages to be written, with a lock of ours held.  A store can wait only when
 * it is the first one into a page since that was last written out; so the thread stores
 * into the pages ahead before callbacks do.  What can go wrong with a mapping is
 * SIGBUS: blocks are allocated first, and the guard of system/busguard.h does the rest.
 *
 * What cannot be written (disk full, read-only, damaged) is left out, is counted in
 * memory all the same, and goes to Redis; it would be lost in a crash.  That is said
 * once a minute.  A failed fdatasync() is never repeated: Linux may have dropped the
 * pages and then reports success.  What was not on disk yet is copied to a new segment.
 * After a second failure in a row the disk is left alone for a second, then for two, up
 * to a minute, and nobody waits for it meanwhile.
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

/* A segment holds at least the largest record there may be. */
#define JOURNAL_SEGMENT_MIN ((size_t)512 * 1024)

struct journal_settings {
	const char *dir;      /* exists; the lock of the state directory is held */
	const char *producer; /* 32 hex digits */
	enum conf_sync sync;
	uint32_t sync_ms; /* for CONF_SYNC_INTERVAL */
	size_t segment_bytes;
	uint64_t max_bytes; /* of all segments; the ledger's are taken off it */
};

struct journal_figures {
	uint64_t segments, bytes; /* on disk */
	uint64_t records;         /* put since the start */
	uint64_t left_out;        /* since the start: counted in memory only */
	uint64_t sync_failures;
	bool down; /* records are being left out */
};

struct journal;

/* first: the number of the next record.  Makes the first segment and starts the thread.
 * NULL with err only when there is no memory or no thread: a disk that is full is no
 * reason not to start. */
struct journal *journal_open(
    const struct journal_settings *, uint64_t first, char *err, size_t errlen);
/* End the thread, bring all to disk.  Records may still be put, and are not lost.  A
 * second call, after the first has returned, does nothing. */
void journal_stop(struct journal *);
/* After journal_stop(), when nobody puts any more. */
void journal_free(struct journal *);
/* Other limits and another sync from now on. */
void journal_set(struct journal *, const struct journal_settings *);

/*
 * Append one record; sum as of jrec_put().  false: left out.  Callers take turns (a
 * lock of theirs around it) where the order matters.
 */
bool journal_put(struct journal *, enum jrec_type, const void *payload, size_t n,
    uint32_t sum, uint64_t *number);
/* The number that comes next: all below it were put. */
uint64_t journal_next(struct journal *);
/*
 * With CONF_SYNC_ALWAYS: wait until that record is on disk, or cannot get there; else
 * nothing.  One fdatasync() serves all who wait.
 */
void journal_wait(struct journal *, uint64_t number);

/* All records below that number are in the ledger: their segments may go. */
void journal_release(struct journal *, uint64_t covers);
/* Should the ledger take in what is in the journal, so that segments can go? */
bool journal_is_long(struct journal *);
/* How much of max_bytes others take. */
void journal_reserve(struct journal *, uint64_t bytes);

/*
 * Remove every segment, and take no more records until journal_resume(): what is in
 * memory is all there is.  0, or -1 when one could not be removed.
 */
int journal_discard(struct journal *);
/* The same, but the segments stay on disk as they are. */
void journal_leave(struct journal *);
/* Take records again. */
void journal_resume(struct journal *);

/* As they are at this moment, while other threads put. */
void journal_figures(struct journal *, struct journal_figures *);

/* ==== at the start, before journal_open() ==== */

/* What was found; zeroed before. */
struct journal_found {
	uint64_t next;    /* number after the last record */
	uint64_t records; /* handed over */
	uint64_t missing; /* records that must have been there, by their numbers */
	uint64_t refused; /* records that could not be read or taken */
	size_t segments, bad, torn;
	bool out_of_memory; /* not all was handed over: nothing may be removed */
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
 * When all of it is in the ledger: remove the segments; damaged ones become NAME.bad
 * for somebody to look at, of which the newest eight stay.
 */
void journal_clear(const char *dir, struct journal_found *);
/* Set all aside then, damaged or not. */
void journal_spoil(struct journal_found *);
/* Or: leave them all as they are. */
void journal_keep(struct journal_found *);

#endif
