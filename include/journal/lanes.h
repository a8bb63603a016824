/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes.h - the batches of each campaign: which is under way, which Redis has, and what
 * becomes of them when Redis has lost some.  Pure.
 *
 * One lane per campaign.  A lane has at most one batch that Redis has not acknowledged,
 * sealed when it was numbered: it changes no more and is sent as it is until Redis has
 * said what became of it.  What is counted meanwhile gathers elsewhere for the next
 * one. Acknowledged batches are retained for a while; should Redis turn out to have
 * lost them, the lane goes back and sends them again in order.
 *
 *     first ... last    all batches, by number
 *     at                the next to send; all before it are acknowledged.  NULL:
 *                       all are
 *
 * Numbers only rise, over all lanes and over restarts.  Since a lane sends one batch at
 * a time, the last number that Redis applied tells all about it:
 *
 *     equal to the batch's     it was applied, the answer was lost
 *     less, not below prev     it can be applied
 *     below prev               Redis has lost what it had acknowledged: go back to the
 *                              first batch above that number
 *     greater                  another has numbered higher: two daemons share a
 *                              producer id, or our state directory is an old copy.
 *                              Was the batch read from disk, it was counted then; a
 *                              new one was not, and is numbered anew, above that
 *
 * Batches are kept as bytes (counting/jpack.h), a tenth of what an entry takes.  Time
 * comes as an argument, in milliseconds of a clock that does not jump, where
 * nothing else is said.  Not thread-safe.
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
	struct batch *newer, *older; /* retained ones of all lanes, by time of ack */
	struct lane *lane;
	uint64_t seq;
	uint64_t prev;     /* number of the batch before it; 0: none was known */
	int64_t sealed_ms; /* unix milliseconds */
	int64_t acked_ms;
	uint64_t messages; /* counted in it */
	size_t estimate;   /* rbatch_estimate() */
	bool acked;        /* Redis has it, or had it: it is retained */
	bool again;        /* it was acknowledged, and is found lost */
	bool recovered;    /* holds what was read from disk at the start */
	bool unsaved;      /* not in the ledger yet: must not be sent */
	bool renumbered; /* not in the ledger under this number: takes the other's place
	                  */
	size_t n;
	uint8_t bytes[]; /* a tally_entry */
};

struct lane {
	struct namemap_link link; /* link.name is the campaign's name */
	struct lane *next;
	struct lane *next_awake;
	struct batch *first, *last, *at;
	uint64_t acked;    /* prev for at: what Redis must have; 0: not known */
	bool doubt;        /* at was sent, and it is not known whether it was applied */
	bool unlisted;     /* its last activity is not in PREFIX:campaigns yet */
	bool awake;        /* see lanes_each_awake() */
	int64_t last_seen; /* unix seconds of the last activity */
	int64_t held_until_ms; /* not to be sent before */
	int64_t used_ms;
	char name[CAMP_NAME_MAX];
};

struct lanes;

/* first_seq: the lowest number that may be given.  NULL when out of memory. */
struct lanes *lanes_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint64_t first_seq);
void lanes_free(struct lanes *);
/* How long acknowledged batches are retained, and how much of them: the oldest go
 * first. */
void lanes_retain(struct lanes *, int64_t ms, size_t bytes);

/* When it is, by both clocks. */
struct lanes_time {
	int64_t mono_ms, wall_ms;
};

/*
 * Seal what is in open, each entry into its lane where that is free; the others go to
 * rest, which is empty before.  recovered: see struct batch.  0, or -1 when memory ran
 * out: what is left is in open and rest.
 */
int lanes_seal(struct lanes *, struct tally *open, struct tally *rest, bool recovered,
    struct lanes_time);
/* Would a batch of that campaign have to wait? */
bool lanes_busy(const struct lanes *, struct str campaign);

/*
 * A batch as it was: behind those of its campaign that are there.  mono_ms: when it was
 * acknowledged, with acked.  NULL when out of memory.
 */
struct batch *lanes_restore(struct lanes *, const struct tally_entry *, uint64_t seq,
    uint64_t prev, bool acked, struct lanes_time);
/* Its batches up to that number are not wanted any more. */
void lanes_drop(struct lanes *, struct str campaign, uint64_t upto);
/* Its last batch was numbered anew: the one of the old number goes. */
void lanes_drop_last(struct lanes *, struct str campaign);
/* Its batches so far are acknowledged, as another follows. */
void lanes_acknowledge_one(struct lanes *, struct str campaign, int64_t now_ms);
/* Up to number seq all are acknowledged but n, whose numbers rise. */
void lanes_acknowledge(
    struct lanes *, uint64_t seq, const uint64_t *but, size_t n, int64_t now_ms);
/* Numbers begin above that. */
void lanes_raise(struct lanes *, uint64_t seq);
uint64_t lanes_next_seq(const struct lanes *);

/*
 * The next lane, after `after` or from the start (NULL), that is not held and has a
 * batch to send, or with listing also one that only waits to be listed; NULL: no more.
 */
struct lane *lanes_ready(
    struct lanes *, struct lane *after, bool listing, int64_t now_ms);
/* The next lane of all. */
struct lane *lanes_each(struct lanes *, struct lane *after);
/*
 * The next of those that may have a batch to send or wait to be listed: all that do,
 * and some that did until lately.  There may be 100,000 lanes, of which few do.
 */
struct lane *lanes_each_awake(struct lanes *, struct lane *after);
/* Those that have nothing to do any more need not be looked at.  Not within a loop. */
void lanes_rest(struct lanes *);
/* What is in the batch; the caller's.  NULL when out of memory. */
struct tally_entry *lanes_entry(const struct lanes *, const struct batch *);

enum lane_news {
	LANE_APPLIED,   /* it is done */
	LANE_RESTORED,  /* it is done again, after it was lost */
	LANE_VERIFIED,  /* it was retained, and Redis has it */
	LANE_DUPLICATE, /* it was done before */
	LANE_LOST,      /* Redis has lost data: send what is to be sent now */
	LANE_AHEAD,     /* numbered anew: save, then send again */
	LANE_OVERTAKEN, /* from disk, and a later one was applied: it was counted before
	                 */
	LANE_FORGOTTEN, /* the campaign was forgotten after it: it is dropped */
	LANE_NONSENSE   /* no such status: the script is not ours */
};
/* Of LANE_LOST: batches to be sent again, and whether others are beyond retention. */
struct lane_gap {
	size_t again;
	bool beyond;
};
/* Redis's answer to the lane's batch. */
enum lane_news lane_answer(struct lanes *, struct lane *, int64_t status,
    int64_t applied, int64_t now_ms, struct lane_gap *);

/*
 * Idle lanes send their last retained batch again: what Redis has lost shows by that.
 * all: only "_all", which every message is in.
 */
void lanes_verify(struct lanes *, bool all);
/* Drop what has been retained long enough. */
void lanes_expire(struct lanes *, int64_t now_ms);

/* Batches whose fate is not known. */
size_t lanes_in_doubt(const struct lanes *);
/* Batches that Redis has not got, or has lost. */
size_t lanes_pending(const struct lanes *);
/* Add the messages in them: how many are not whole is the greater sum. */
void lanes_weigh(const struct lanes *, struct tally_weight *);
/* When the oldest of them was sealed, unix milliseconds; 0: there are none. */
int64_t lanes_oldest_ms(const struct lanes *);
size_t lanes_retained(const struct lanes *, size_t *bytes);
/* Another Redis from now on: nothing is known of what that has. */
void lanes_moved(struct lanes *);
/* No lane is held any more. */
void lanes_unhold(struct lanes *);
/* Forget lanes without batches that have had nothing to do since before_ms. */
void lanes_forget(struct lanes *, int64_t before_ms);

#endif
