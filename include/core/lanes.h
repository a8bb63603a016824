/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes.h - which batch of which campaign is under way, and how its number moves.
 *
 * One lane per campaign.  A lane holds at most one batch, sealed when it was numbered:
 * it changes no more and is sent as it is until Redis has said what became of it.  What
 * is counted meanwhile gathers elsewhere for the next one.
 *
 * Numbers only rise, over all lanes and over restarts: they start at the time of day in
 * microseconds, and no producer makes a million batches a second.  Since a lane has one
 * batch at a time, the last number that Redis applied tells all about it:
 *
 *     equal to the batch's     it was applied, the answer was lost
 *     less, not below prev     it can be applied
 *     below prev               Redis has lost what it had acknowledged: apply all the
 *                              same, the lost ones are not ours to know
 *     greater                  another has numbered higher: our clock went back, or two
 *                              daemons share a state directory.  It was not applied
 * (else it would be equal): number it anew, above that
 *
 * Pure: time comes as an argument, in milliseconds of a clock that does not jump.  Not
 * thread-safe.
 */
#ifndef METERMARK_CORE_LANES_H
#define METERMARK_CORE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/namemap.h"
#include "core/rbatch.h"
#include "core/tally.h"

struct lane {
	struct namemap_link link; /* link.name is the campaign's name */
	struct lane *next;
	struct tally_entry *sealed; /* the batch; NULL: none */
	uint64_t seq;               /* its number */
	uint64_t acked;        /* number Redis acknowledged last, here; 0: not known */
	bool doubt;            /* sent, and not known whether applied */
	bool unlisted;         /* its last activity is not in PREFIX:campaigns yet */
	int64_t last;          /* unix seconds of the last activity */
	int64_t held_until_ms; /* not to be sent before */
	int64_t used_ms;
	char name[CAMP_NAME_MAX];
};

struct lanes;

/* first_seq: unix microseconds now.  NULL when out of memory. */
struct lanes *lanes_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint64_t first_seq);
void lanes_free(struct lanes *);

/*
 * Seal what is in open, each entry into its lane where that is free; the others go to
 * rest, which is empty before.  0, or -1 when memory ran out: what is left is in open
 * and rest.
 */
int lanes_seal(struct lanes *, struct tally *open, struct tally *rest, int64_t now_ms);

/*
 * The next lane, after `after` or from the start (NULL), that is not held and has a
 * batch, or with listing also one that only waits to be listed; NULL: no more.
 */
struct lane *lanes_ready(
    struct lanes *, struct lane *after, bool listing, int64_t now_ms);

enum lane_news {
	LANE_APPLIED,   /* it is done */
	LANE_DUPLICATE, /* it was done before */
	LANE_LOST,      /* Redis has lost data: send again */
	LANE_AHEAD,     /* numbered anew: send again */
	LANE_NONSENSE   /* no such status: the script is not ours */
};
/* Redis's answer to the lane's batch. */
enum lane_news lane_answer(
    struct lanes *, struct lane *, int64_t status, int64_t applied);

/* Batches whose fate is not known. */
size_t lanes_in_doubt(const struct lanes *);
/* Batches there are. */
size_t lanes_sealed(const struct lanes *);
/* Add the messages in the batches. */
void lanes_weigh(const struct lanes *, struct tally_weight *);
/* Another Redis from now on: nothing is known of what that has. */
void lanes_moved(struct lanes *);
/* No lane is held any more. */
void lanes_unhold(struct lanes *);
/* Forget lanes that have had nothing to do since before_ms. */
void lanes_forget(struct lanes *, int64_t before_ms);

#endif
