/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.h - the file in which the flusher writes down what it does, before it does it.
 *
 * DIR/ledger is made of records (journal/jrec.h, counting/jpack.h), appended at its
 * end. Records between two COMMITs are valid together or not at all, and each COMMIT
 * holds the number up to which the journal's records are in the ledger.  So open sums,
 * the numbers of their batches and the place in the journal always agree, whenever the
 * power fails.  A batch is in the ledger before Redis sees it, and on disk unless
 * journal_sync is none.
 *
 * A ledger that has grown is written anew beside the old one, with the records that are
 * still needed, and put in its place by rename().  The same is done after a write or
 * sync that failed: neither is ever tried again on the same file.  For one thread.
 */
#ifndef METERMARK_JOURNAL_LEDGER_H
#define METERMARK_JOURNAL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/jrec.h"
#include "text/buf.h"

struct ledger;

/* NULL with err: out of memory, or dir cannot be opened.  No file is made yet. */
struct ledger *ledger_open(
    const char *dir, const char *producer, char *err, size_t errlen);
void ledger_free(struct ledger *);
/* True: every COMMIT is on disk before ledger_commit() returns. */
void ledger_set_sync(struct ledger *, bool);

/*
 * The buffer for the payload of the next record; ledger_add() then makes it a record.
 * Records are written at the commit, large groups earlier.  Failures show at the
 * commit.
 */
struct buf *ledger_payload(struct ledger *);
void ledger_add(struct ledger *, enum jrec_type);
/*
 * Write the added records; the last one must be one that stands alone (COMMIT, ACK).
 * sync false: it does not matter when it gets to the disk.  0, or -1 with err: this
 * file must not be used any more, a new one is needed.
 */
int ledger_commit(struct ledger *, bool sync, char *err, size_t errlen);
/* Drop the records added since the last commit. */
void ledger_abandon(struct ledger *);

/*
 * Begin a new file: records go into it up to ledger_replace(), which puts it in the
 * place of the old one.  0, or -1 with err: the old one is still there.
 */
int ledger_renew(struct ledger *, char *err, size_t errlen);
int ledger_replace(struct ledger *, char *err, size_t errlen);
/* True if there is a file that takes more records. */
bool ledger_is_good(const struct ledger *);
/* True if the file has grown so much that it should be written anew. */
bool ledger_is_long(const struct ledger *);
uint64_t ledger_bytes(const struct ledger *);
/* True if there is a file of this life, whether or not it takes more records. */
bool ledger_is_open(const struct ledger *);
/*
 * True if a group whose commit failed could not be removed: a later life may read it.
 */
bool ledger_is_doubtful(const struct ledger *);
/* True if the file was removed and the removal could not be synced. */
bool ledger_is_gone(const struct ledger *);
/* Remove the file and sync the removal.  0, or -1. */
int ledger_discard(struct ledger *);

/* ==== at the start ==== */

struct ledger_found {
	bool there;       /* a ledger that can be read */
	bool aside;       /* a ledger that cannot be read; ledger_set_aside() is due */
	unsigned damages; /* places where records are missing */
	uint64_t missing; /* how many records are missing */
	uint64_t uncommitted;
};

/*
 * Hand over each valid record, in order.  take() returns 0, or -1 when out of memory.
 * 0, or -1 with err: the file cannot be read, or memory has run out; then nothing may
 * be removed.
 */
int ledger_read(const char *dir, const char *producer,
    int (*take)(void *arg, const struct jrec *), void *arg, struct ledger_found *,
    char *err, size_t errlen);
/* Keep a copy for a person to look at: ledger.bad. */
void ledger_set_aside(const char *dir);

#endif
