/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_parts.h - what the files of the store share.  For milter/journal/store*.c,
 * and one thread, as journal/store.h.
 */
#ifndef METERMARK_JOURNAL_STORE_PARTS_H
#define METERMARK_JOURNAL_STORE_PARTS_H

#include "campaign/names.h"
#include "counting/jpack.h"
#include "journal/ledger.h"
#include "journal/store.h"

/* Flags of a BATCH. */
#define STORE_ACKED 1u      /* Redis has it */
#define STORE_PENDING 2u    /* Redis has it not, whatever comes after it */
#define STORE_RENUMBERED 4u /* it takes the place of the last one of its campaign */

/* clang-format off */
/*
 * The disk, as far as it decides what may be sent.  `stale` says in each state that the
 * ledger lacks something that is in memory; store_commit() then writes it anew.
 *
 *     state         the ledger has             sent to Redis        parked
 *     ------------  -------------------------  -------------------  --------------------
 *     GOOD          what was committed         committed batches    nothing
 *     APART         what an earlier life left  nothing yet          what that life left
 *     GIVEN_UP      (there is none)            all, from memory     nothing
 *     STUCK         what it had; cannot be     all that came later  what the ledger or
 *                   changed                                         the journal has
 *
 *     from            to        when
 *     --------------  --------  --------------------------------------------------------
 *     GOOD            APART     at the start the ledger can be read but not written
 *                               (store_park_found)
 *     GOOD APART      GIVEN_UP  a commit fails while batches wait, and the ledger can be
 *                               removed (store_go_blind)
 *     GOOD APART      STUCK     the same, and the ledger cannot be removed
 *     GIVEN_UP STUCK  GOOD      the ledger was written anew (store_commit), or it was put
 *                               in place and failed after that (store_go_blind)
 *     APART           GOOD      the ledger was written anew: what was parked is open
 *                               again (store_unpark)
 */
/* clang-format on */
enum store_disk { DISK_GOOD, DISK_APART, DISK_GIVEN_UP, DISK_STUCK };

/* Sums that are on a disk that cannot be changed, and must not be sent while they are.
 */
struct parked {
	struct tally *sums;           /* NULL: none */
	struct tally_weight doubtful; /* messages in it that a restart may lose */
	bool recovered;               /* some were read from disk by this life */
};

struct store {
	struct store_settings set;
	struct outbox *outbox;
	struct journal *journal; /* NULL: nothing is kept on disk */
	struct ledger *ledger;   /* NULL likewise */
	struct lanes *lanes;
	struct names *names; /* as in the ledger */
	struct tally *open;  /* sums that are in no batch */
	struct tally *fresh; /* taken, but not in open for lack of memory; or NULL */
	struct parked parked;
	enum store_disk disk;
	bool stale; /* the ledger lacks something that is in memory: write it anew */
	bool recovered; /* open holds sums that were read from disk */
	bool settled;   /* the ledger does not know all that Redis has acknowledged */
	bool renamed;   /* there are new names, or another place */
	char place[STORE_PLACE_MAX];

	uint64_t covers; /* records of the journal below this number have been taken */
	/* The messages the journal had left out when it was taken from last, and of
	 * these those that were there at the last commit. */
	uint64_t left_out_taken, left_out_saved;
	int64_t retry_ms, said_ms, thinned_ms;
	uint64_t damaged;
	uint64_t crowded; /* messages of _other that were reported, and when */
	int64_t crowded_ms;
	struct journal_found found; /* of an earlier life, until it is in the ledger */
	uint8_t seed[NAMEMAP_SEED_BYTES];
};

/* ==== store_records.c ==== */

/* Each adds a record to the ledger's group. */
void store_add_batch(struct store *, const struct batch *, unsigned flags);
void store_add_open(struct store *, const struct tally_entry *);
void store_add_name(
    struct store *, struct str name, int64_t first_day, int64_t last_day);
void store_add_place(struct store *);
void store_add_ack(struct store *);
void store_add_commit(struct store *);

/* ==== store_sums.c ==== */

/* Is anything kept on disk? */
bool store_is_kept(const struct store *);
/* Take new counters out of the outbox, into fresh.  False: there are none. */
bool store_take_new(struct store *);
/* Add what was taken to the open sums; entries without memory stay in fresh.  write:
 * add a record of each entry to the group. */
void store_open_fresh(struct store *, bool write);
/* Everything the outbox has into the open sums, without records.  False: not all of it.
 */
bool store_take_all(struct store *);
/* Merge into the open sums, each campaign under its own name: campaigns whose records
 * are on disk need no room below the limit.  As tally_merge(). */
int store_merge(struct store *, struct tally *from);

/* ==== store_park.c ==== */

/* Let batches that are not in the ledger be sent. */
void store_release_all(struct store *);
/* At the start, if the ledger could not be written: park the recovered sums, until the
 * ledger can be written or is given up. */
void store_park_found(struct store *);
/* Make the parked sums open again: the ledger has them, or there is none. */
void store_unpark(struct store *);
/* The number of parked messages. */
uint64_t store_parked(const struct store *);
/* The number of these that may be lost with the process. */
uint64_t store_doubtful(const struct store *);
/* The ledger cannot be written, and Redis is there: count on without it. */
void store_go_blind(struct store *);

/* ==== store_commit.c ==== */

/* Write everything as a new ledger.  0: it is complete; -1 with err. */
int store_rewrite(struct store *, char *err, size_t errlen);
/* Write the group, or everything anew.  0, or -1 after reporting it. */
int store_commit(struct store *);

/* ==== store_load.c ==== */

/* Read ledger and journal into the store and the outbox.  0, or -1 with err. */
int store_load(struct store *, uint64_t *next, char *err, size_t errlen);

#endif
