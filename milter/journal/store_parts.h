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

struct store {
	struct store_settings set;
	struct outbox *outbox;
	struct journal *journal; /* NULL: nothing is kept on disk */
	struct ledger *ledger;   /* too */
	struct lanes *lanes;
	struct names *names; /* as in the ledger */
	struct tally *open;  /* in no batch */
	struct tally *fresh; /* taken, and not in open for lack of memory; or NULL */
	/* On a disk that cannot be changed: not to be sent as yet; or NULL. */
	struct tally *back;
	struct tally_weight doubtful; /* messages in it that a restart may lose */
	bool back_recovered;          /* as of what was open */
	bool apart;     /* nothing in open was on disk when this life began */
	bool recovered; /* open holds what was read from disk */
	char place[STORE_PLACE_MAX];

	uint64_t covers; /* records of the journal below this have been taken */
	/* So many the journal had left out when it was taken from last, and when that
	 * was saved. */
	uint64_t left_out_taken, left_out_saved;
	bool settled;    /* the ledger does not know all that Redis has acknowledged */
	bool renamed;    /* there are new names, or another place */
	bool incomplete; /* what is in memory is not in the ledger: write it anew */
	bool blind;      /* nothing is on disk, and batches are sent */
	int64_t retry_ms, said_ms, thinned_ms;
	uint64_t damaged;
	uint64_t crowded; /* that was said, and when */
	int64_t crowded_ms;
	struct journal_found found; /* of an earlier life, until it is in the ledger */
	uint8_t seed[NAMEMAP_SEED_BYTES];
};

/* ==== store.c ==== */

/* All that the outbox has, into the open sums; nothing goes into the ledger.  false:
 * not all. */
bool store_take_all(struct store *);

/* ==== store_blind.c ==== */

/* Batches that are not in the ledger may go out. */
void store_release_all(struct store *);
/* At the start, when the ledger could not be written: what is open was on disk before,
 * what comes is not.  It waits for the ledger, or until it is given up. */
void store_set_apart(struct store *);
/* Into what is open, each campaign under its own name: records on disk have that, so
 * room for so many does not matter here.  As tally_merge(). */
int store_merge(struct store *, struct tally *from);
/* What waits is open again; the ledger has it, or there is none. */
void store_give_back(struct store *);
/* So many messages wait. */
uint64_t store_kept_back(const struct store *);
/* Of these, so many may be lost with the process. */
uint64_t store_doubtful(const struct store *);
/* The ledger cannot be written, and Redis is there. */
void store_go_blind(struct store *);

/* ==== store_load.c ==== */

/* Read ledger and journal into the store and the outbox.  0, or -1 with err. */
int store_load(struct store *, uint64_t *next, char *err, size_t errlen);

/* ==== store_write.c ==== */

/* Add to the ledger's group. */
void store_add_batch(struct store *, const struct batch *, unsigned flags);
void store_add_open(struct store *, const struct tally_entry *);
void store_add_name(
    struct store *, struct str name, int64_t first_day, int64_t last_day);
void store_add_place(struct store *);
void store_add_ack(struct store *);
void store_add_commit(struct store *);
/* All there is, as a new ledger.  0: nothing is incomplete any more; -1 with err. */
int store_rewrite(struct store *, char *err, size_t errlen);
/* The group is complete: write it, or all anew.  0, or -1 after it was said. */
int store_commit(struct store *);

#endif
