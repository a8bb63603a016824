/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes.h - the batches of each campaign: which one is under way, which ones Redis has,
 * and what happens to them if Redis has lost some.  Pure.
 *
 * There is one lane for each campaign.  A lane has at most one batch that Redis has not
 * acknowledged.  A batch is sealed when it gets its number: from then on it does not
 * change, and it is sent as it is until Redis has said what became of it.  New counts
 * gather in the open sums (journal/store.h) until the lane is free.  Acknowledged
 * batches are retained for a while; if Redis turns out to have lost them, the lane goes
 * back and sends them again, in order.
 *
 *     first ... last    all batches, by number
 *     at                the next one to send; all before it are acknowledged.
 *                       NULL: all are acknowledged
 *
 * Numbers only rise, over all lanes and over restarts.  Since a lane sends one batch at
 * a time, the last number that Redis applied decides about the batch:
 *
 *     equal to its number      it was applied, and the answer was lost
 *     less, not below prev     it can be applied
 *     below prev               Redis has lost what it had acknowledged: go back to the
 *                              first batch above that number
 *     greater                  somebody has used higher numbers: two daemons share a
 *                              producer id, or our state directory is an old copy.
 *                              If the batch came from disk it had already been
 *                              counted; a new one had not, and gets a new number
 *                              above that
 *
 * Batches are kept as bytes (counting/jpack.h), which take a tenth of what entries
 * take. Times are arguments, in milliseconds of a clock that does not jump unless said
 * otherwise. Not thread-safe.
 */
#ifndef METERMARK_JOURNAL_LANES_H
#define METERMARK_JOURNAL_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counting/rbatch.h"
#include "counting/tally.h"
#include "text/namemap.h"

struct batch {
	struct batch *next;          /* in its lane */
	struct batch *newer, *older; /* the retained batches of all lanes, in the order
	                                of their acknowledgement */
	struct lane *lane;
	uint64_t seq;
	uint64_t prev;     /* number of the batch before it; 0: not known */
	int64_t sealed_ms; /* unix milliseconds */
	int64_t acked_ms;
	uint64_t messages; /* counted in it */
	size_t estimate;   /* rbatch_estimate() */
	bool acked;        /* Redis has or had it: the batch is retained */
	bool again;        /* it was acknowledged, and Redis has lost it */
	bool recovered;    /* holds counts that were read from disk at the start */
	bool unsaved;      /* not in the ledger yet: must not be sent */
	bool renumbered;   /* not in the ledger under this number: it replaces the last
	                      one there */
	size_t n;
	uint8_t bytes[]; /* a tally_entry */
};

struct lane {
	struct namemap_link link; /* link.name is the campaign's name */
	struct lane *next;
	struct lane *next_awake;
	struct batch *first, *last, *at;
	uint64_t acked; /* the prev of at: the number Redis must have; 0: not known */
	bool doubt;     /* at was sent, and no answer says whether it was applied */
	bool unlisted;  /* its last activity is not in PREFIX:campaigns yet */
	bool awake;     /* see lanes_each_awake() */
	int64_t last_seen;     /* unix seconds of the last activity */
	int64_t held_until_ms; /* not to be sent before */
	int64_t used_ms;
	char name[CAMP_NAME_MAX];
};

struct lanes;

/* first_seq: the first number to give.  NULL when out of memory. */
struct lanes *lanes_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint64_t first_seq);
void lanes_free(struct lanes *);
/*
 * Set how long acknowledged batches are retained, and how many bytes of them; the
 * oldest go first.
 */
void lanes_retain(struct lanes *, int64_t ms, size_t bytes);

/* The present time, by both clocks. */
struct lanes_time {
	int64_t mono_ms, wall_ms;
};

/*
 * Seal the open sums: each entry becomes a batch of its lane and gets the next number,
 * if the lane is free; the other entries go to rest, which must be empty.  recovered:
 * see struct batch.  0, or -1 when memory ran out: the remaining entries are in open
 * and rest.
 */
int lanes_seal(struct lanes *, struct tally *open, struct tally *rest, bool recovered,
    struct lanes_time);
/* True if a batch of that campaign would have to wait. */
bool lanes_busy(const struct lanes *, struct str campaign);

/*
 * Put back a batch that was read from disk, behind the batches of its campaign.
 * mono_ms: when it was acknowledged, if it was.  NULL when out of memory.
 */
struct batch *lanes_restore(struct lanes *, const struct tally_entry *, uint64_t seq,
    uint64_t prev, bool acked, struct lanes_time);
/* Drop the campaign's batches up to that number. */
void lanes_drop(struct lanes *, struct str campaign, uint64_t upto);
/* Drop the campaign's last batch: the same counts follow under a new number. */
void lanes_drop_last(struct lanes *, struct str campaign);
/* Mark all batches of the campaign as acknowledged, since another one follows. */
void lanes_acknowledge_one(struct lanes *, struct str campaign, int64_t now_ms);
/*
 * Mark all batches up to number seq as acknowledged, except n whose numbers are given
 * in rising order.
 */
void lanes_acknowledge(
    struct lanes *, uint64_t seq, const uint64_t *but, size_t n, int64_t now_ms);
/* Give only numbers above seq from now on. */
void lanes_raise(struct lanes *, uint64_t seq);
uint64_t lanes_next_seq(const struct lanes *);

/*
 * The next lane after `after`, or the first one for NULL, that is not held and has a
 * batch to send; with listing, also a lane that only waits to be listed.  NULL: no
 * more.
 */
struct lane *lanes_ready(
    struct lanes *, struct lane *after, bool listing, int64_t now_ms);
/* The next lane of all. */
struct lane *lanes_each(struct lanes *, struct lane *after);
/*
 * The next lane that may have a batch to send or wait to be listed.  The result is a
 * superset: it may include lanes that have just finished.  There may be 100,000 lanes,
 * few of which have work.
 */
struct lane *lanes_each_awake(struct lanes *, struct lane *after);
/*
 * Take lanes that have finished out of that list.  Not to be called within a loop over
 * it.
 */
void lanes_rest(struct lanes *);
/* The counts in the batch, owned by the caller.  NULL when out of memory. */
struct tally_entry *lanes_entry(const struct lanes *, const struct batch *);

enum lane_news {
	LANE_APPLIED,   /* applied */
	LANE_RESTORED,  /* applied again, after Redis had lost it */
	LANE_VERIFIED,  /* it was retained, and Redis has it */
	LANE_DUPLICATE, /* it had been applied before */
	LANE_LOST,      /* Redis has lost data: send the lane's next batch now */
	LANE_AHEAD,     /* it has a new number: save it, then send it again */
	LANE_OVERTAKEN, /* it came from disk, and a later one was applied: it had been
	                   counted before */
	LANE_FORGOTTEN, /* the campaign was forgotten after it was sealed: it is dropped
	                 */
	LANE_NONSENSE   /* no such status: the script is not ours */
};
/*
 * For LANE_LOST: the batches to send again, and whether others are no longer retained.
 */
struct lane_gap {
	size_t again;
	bool beyond;
};
/* Take Redis's answer to the lane's batch. */
enum lane_news lane_answer(struct lanes *, struct lane *, int64_t status,
    int64_t applied, int64_t now_ms, struct lane_gap *);

/*
 * Let idle lanes send their last retained batch again, which shows whether Redis has
 * lost it.  all: only the lane of "_all", to which every message counts.
 */
void lanes_verify(struct lanes *, bool all);
/* Drop batches that have been retained long enough. */
void lanes_expire(struct lanes *, int64_t now_ms);

/* The number of batches that were sent and not answered. */
size_t lanes_in_doubt(const struct lanes *);
/* The number of batches that Redis does not have, or has lost. */
size_t lanes_pending(const struct lanes *);
/* Add the weight of these batches to a sum. */
void lanes_weigh(const struct lanes *, struct tally_weight *);
/* When the oldest of these was sealed, in unix milliseconds; 0: there are none. */
int64_t lanes_oldest_ms(const struct lanes *);
size_t lanes_retained(const struct lanes *, size_t *bytes);
/* Another Redis is used from now on, and nothing is known of what it has. */
void lanes_moved(struct lanes *);
/* Release all held lanes. */
void lanes_unhold(struct lanes *);
/* Free lanes without batches that have had nothing to do since before_ms. */
void lanes_forget(struct lanes *, int64_t before_ms);

#endif
