/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_parts.h - what the files of the journal share.  For
 * milter/journal/journal*.c.
 */
#ifndef METERMARK_JOURNAL_JOURNAL_PARTS_H
#define METERMARK_JOURNAL_JOURNAL_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"
#include "text/buf.h"

#define JOURNAL_NAME_SIZE 32
#define JOURNAL_WHY_SIZE 256
#define JOURNAL_SUFFIX ".jnl"

/*
 * A segment.  Members marked "locked" are guarded by the journal's lock; the others do
 * not change once the segment is made.
 */
struct segment {
	struct segment *next; /* the next younger closed segment; locked */
	char name[JOURNAL_NAME_SIZE];
	int fd;
	uint8_t *map; /* NULL once it is unmapped; locked */
	size_t size;
	uint64_t salt;
	size_t used;    /* bytes; locked */
	size_t synced;  /* bytes known to be on disk; locked */
	size_t touched; /* bytes that can be stored into without waiting; locked */
	size_t seen;    /* the value of used when pages were touched last; locked */
	uint64_t end;   /* number after its last record; locked */
	bool failed;    /* no more stores or syncs; locked */
};

struct journal {
	int dirfd;
	char producer[JREC_PRODUCER + 1];
	struct buf schema; /* payload of the first record of a segment */
	uint32_t schema_sum;
	pthread_t thread;

	pthread_mutex_t
	    lock; /* guards all below, except what is marked as the thread's */
	pthread_cond_t work;   /* for the thread */
	pthread_cond_t synced; /* for callers of journal_wait() */
	enum conf_sync sync;
	int64_t sync_ms;
	size_t segment_bytes;
	uint64_t max_bytes, reserved_bytes;
	struct segment *cur, *spare; /* NULL: none */
	struct segment *closed, **closed_end;
	uint64_t number;  /* of the next record */
	uint64_t durable; /* all below are on disk */
	uint64_t covers;  /* all below are in the ledger */
	bool off;         /* journal_discard() */
	bool stopping;
	bool woken;        /* something may have changed since the thread looked last */
	bool busy;         /* the thread works outside of the lock */
	unsigned serial;   /* for names; the thread's */
	int64_t retry_ms;  /* no new segment before; the thread's */
	unsigned failures; /* to sync, in a row; the thread's */
	int64_t sync_after_ms; /* no sync before; the thread's */
	bool resting;    /* sync_after_ms lies ahead, so nobody waits for a sync */
	int64_t said_ms; /* of the last report of trouble; the thread's */
	bool was_down;
	char why[JOURNAL_WHY_SIZE]; /* why there is no spare; the thread's */
	struct journal_figures figures;
};

/* ==== journal_segment.c: files ==== */

/*
 * Make a segment of zeros and map it; with sync, it is on disk.  Without the lock.
 * NULL with err.
 */
struct segment *segment_make(
    struct journal *, size_t size, bool sync, char *err, size_t errlen);
/*
 * Unmap, close and free a segment; with remove also unlink it.  -1 if unlinking failed.
 */
int segment_free(struct journal *, struct segment *, bool remove);
/* Write its head and its schema record, whose number is given.  False: SIGBUS. */
bool segment_begin(struct journal *, struct segment *, uint64_t number);
/* Append a record that there is room for.  False: SIGBUS. */
bool segment_put(struct segment *, enum jrec_type, uint64_t number, const void *payload,
    size_t n, uint32_t sum);
/* Copy the records after src->synced to dst, with their numbers.  False: not all. */
bool segment_copy(struct journal *, struct segment *dst, const struct segment *src);
/*
 * Make the pages of these bytes ready for stores, so that no callback waits for them.
 */
void segment_touch(const struct segment *, size_t from, size_t to);

/* ==== journal_segment.c: the current segment; with the lock held ==== */

/* Let the thread look again, even if it is at work just now. */
void journal_wake(struct journal *);
/* Put the current segment, if there is one, at the end of the closed ones. */
void journal_close_current(struct journal *);
/* Make the spare the current segment.  False: there is none. */
bool journal_rotate(struct journal *);

/* ==== journal_thread.c ==== */

void *journal_run(void *journal);

#endif
