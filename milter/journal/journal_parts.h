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

/* A segment.  What is guarded by the journal's lock says so; the rest changes no more
 * once it is made. */
struct segment {
	struct segment *next; /* among the closed ones, younger; locked */
	char name[JOURNAL_NAME_SIZE];
	int fd;
	uint8_t *map; /* NULL when it is not mapped any more; locked */
	size_t size;
	uint64_t salt;
	size_t used;    /* bytes; locked */
	size_t synced;  /* bytes known to be on disk; locked */
	size_t touched; /* bytes that can be stored into without waiting; locked */
	size_t seen;    /* used, when that was done last; locked */
	uint64_t end;   /* number after its last record; locked */
	bool failed;    /* no more stores or syncs; locked */
};

struct journal {
	int dirfd;
	char producer[JREC_PRODUCER + 1];
	struct buf schema; /* payload of the first record of a segment */
	uint32_t schema_sum;
	pthread_t thread;

	pthread_mutex_t lock;  /* guards all below, but for what is noted */
	pthread_cond_t work;   /* for the thread */
	pthread_cond_t synced; /* for who waits in journal_wait() */
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
	bool woken;            /* something may have changed since the thread looked */
	bool busy;             /* the thread works outside of the lock */
	unsigned serial;       /* for names; the thread's */
	int64_t retry_ms;      /* no new segment before; the thread's */
	unsigned failures;     /* to sync, in a row; the thread's */
	int64_t sync_after_ms; /* no sync before; the thread's */
	bool resting;          /* ... so nobody waits for one */
	int64_t said_ms;       /* of what goes wrong; the thread's */
	bool was_down;
	char why[JOURNAL_WHY_SIZE]; /* there is no spare; the thread's */
	struct journal_figures figures;
};

/* ==== journal_segment.c: files ==== */

/* A new segment of zeros, mapped; with sync on disk.  Without the lock.  NULL with err.
 */
struct segment *segment_make(
    struct journal *, size_t size, bool sync, char *err, size_t errlen);
/* Unmap, and close; with remove also unlink: -1 when that failed, it is freed all the
 * same. */
int segment_free(struct journal *, struct segment *, bool remove);
/* Its head and schema; number is that of the schema's record.  false: SIGBUS. */
bool segment_begin(struct journal *, struct segment *, uint64_t number);
/* Append; there is room.  false: SIGBUS. */
bool segment_put(struct segment *, enum jrec_type, uint64_t number, const void *payload,
    size_t n, uint32_t sum);
/* Copy the records behind src->synced to dst, with their numbers.  false: not all. */
bool segment_copy(struct journal *, struct segment *dst, const struct segment *src);
/* Make the pages of these bytes fit for stores, so that nobody waits for them later. */
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
