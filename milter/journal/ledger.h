/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.h - the file in which the flusher writes down what it does, before it does it.
 *
 * DIR/ledger, made of records (journal/jrec.h, counting/jpack.h), the last ones added
 * at its end.  Records between two COMMITs are valid together or not at all; with each
 * COMMIT goes the number up to which the journal is in the ledger.  So what was summed
 * up, the numbers of the batches it went into, and the place in the journal can never
 * part ways, whenever the power fails.  A batch is in the ledger, and on disk unless
 * journal_sync is none, before Redis sees it.
 *
 * A ledger that has grown is written anew beside the old one, with what is still
 * needed, and put in its place by rename().  The same answers a write or sync that has
 * failed; neither is ever tried again on the same file.  For one thread.
 */
#ifndef METERMARK_JOURNAL_LEDGER_H
#define METERMARK_JOURNAL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/jrec.h"
#include "text/buf.h"

struct ledger;

/* NULL when out of memory, or dir cannot be opened: err.  No file is made yet. */
struct ledger *ledger_open(
    const char *dir, const char *producer, char *err, size_t errlen);
void ledger_free(struct ledger *);
/* Is every COMMIT to be on disk before ledger_commit() returns? */
void ledger_set_sync(struct ledger *, bool);

/*
 * Where to pack the payload of the next record; then ledger_add() makes it one. Nothing
 * is written before the commit, but for large ones.  Failures show at the commit.
 */
struct buf *ledger_payload(struct ledger *);
void ledger_add(struct ledger *, enum jrec_type);
/*
 * Write what was added; the last record must be one that stands alone (COMMIT, ACK).
 * sync false: it does not matter when it gets to the disk.  0, or -1 with err: the file
 * is not to be used any more, begin a new one.
 */
int ledger_commit(struct ledger *, bool sync, char *err, size_t errlen);
/* What was added since the last commit is not wanted. */
void ledger_abandon(struct ledger *);

/* What is added from here on goes into a new file, up to ledger_replace(), which puts
 * it in the place of the old one.  0, or -1 with err: the old one is still there. */
int ledger_renew(struct ledger *, char *err, size_t errlen);
int ledger_replace(struct ledger *, char *err, size_t errlen);
/* Is there a file that takes more? */
bool ledger_is_good(const struct ledger *);
/* Has it grown so much that it should be written anew? */
bool ledger_is_long(const struct ledger *);
uint64_t ledger_bytes(const struct ledger *);
/* Is there a file of this life, which may take more or not? */
bool ledger_is_open(const struct ledger *);
/* Has a later life a group to read whose commit failed, and which nothing took back? */
bool ledger_is_doubtful(const struct ledger *);
/* Was it removed, and that may not last? */
bool ledger_is_gone(const struct ledger *);
/* Remove it, for good.  0, or -1. */
int ledger_discard(struct ledger *);

/* ==== at the start ==== */

struct ledger_found {
	bool there;       /* a ledger that can be read */
	bool aside;       /* one that cannot; ledger_set_aside() is due */
	unsigned damages; /* places in it where records are missing */
	uint64_t missing; /* how many */
	uint64_t uncommitted;
};

/*
 * Hand over each valid record in order.  take() returns 0, or -1: out of memory.  0, or
 * -1 with err: it cannot be read, or no memory; nothing may be removed.
 */
int ledger_read(const char *dir, const char *producer,
    int (*take)(void *arg, const struct jrec *), void *arg, struct ledger_found *,
    char *err, size_t errlen);
/* Keep a copy for somebody to look at: ledger.bad. */
void ledger_set_aside(const char *dir);

#endif
