/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbatch.h - one campaign's sums as one Redis command, and what Redis answers.  Pure.
 *
 * A batch is applied by one script call that does everything or nothing and that knows
 * a repetition by its number.  The numbers of one producer only ever rise; Redis keeps
 * the last one applied per campaign, in the very hash that holds the counters, so
 * number and counters live, expire and get lost together.
 */
#ifndef METERMARK_COUNTING_RBATCH_H
#define METERMARK_COUNTING_RBATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "counting/tally.h"
#include "redis/rargs.h"

/* The script's text, for SCRIPT LOAD. */
const char *rbatch_script(void);

/* The script's answer is an array of integers: one of these, the number of the last
 * batch applied, and with OLD, APPLIED and REBASED the field RBATCH_FORGETS. */
enum rbatch_status {
	RBATCH_LOST = -1, /* less than prev: Redis has lost batches it acknowledged */
	RBATCH_OLD = 0,   /* not less than seq: applied before, or numbered too low */
	RBATCH_APPLIED = 1,
	RBATCH_FORGOTTEN = 2, /* not applied, and never will be: `metermark forget` came
	                         after all that is in it.  The second integer is the
	                         tombstone's time. */
	RBATCH_REBASED = 3 /* applied, the first one after the campaign was forgotten:
	                      what was acknowledged before is gone on purpose */
};

/*
 * A tombstone: the field of PREFIX:{NAME}:total that `metermark forget NAME` leaves
 * when it has removed everything else of a campaign.  Its value is the unix time up to
 * which the campaign is forgotten.  Where a producer's marker is missing and a
 * tombstone is there, the script does not answer "lost", so that no producer brings
 * retained batches back.  It lives longer than any producer retains batches (conf:
 * retain_s); a campaign that is used again keeps it, to no effect. Who reads a hash: it
 * is no counter.  A hash with nothing else is a campaign that is not there (no field
 * `name`).
 */
#define RBATCH_TOMBSTONE "!forgotten"
#define RBATCH_TOMBSTONE_TTL_S (7 * 86400)

/*
 * How often anything was forgotten: a field of PREFIX:{_all}:total, no counter either.
 * Every message is in _all, so a daemon sees there soon that it should look for
 * tombstones.  It drops then what it retains of those campaigns; were it to find out
 * only with their next mail, a Redis that loses the tombstone before that would get
 * them back.
 */
#define RBATCH_FORGETS "!forgets"

/* Is there nothing in this entry that a batch would carry? */
bool rbatch_is_empty(const struct tally_entry *);

/*
 * EVALSHA of one batch.  sha: what SCRIPT LOAD returned.  producer: the marker's name,
 * without the "~".  prev: number of the last batch that Redis has acknowledged, 0 when
 * that is not known; seq: this one's, greater than prev.  The same entry always makes
 * the same bytes.
 */
void rbatch_build(struct rargs *out, const char *sha, const char *prefix,
    const char *producer, const struct tally_entry *, uint64_t prev, uint64_t seq);

/* Bytes a batch will take, roughly, to keep a pipeline within bounds. */
size_t rbatch_estimate(const struct tally_entry *);

/*
 * The two commands that make campaigns known, idempotent, for any number of them:
 * rbatch_list_begin(), then rbatch_list_add() each.  activity: ZADD GT
 * PREFIX:campaigns; ids: HSET PREFIX:ids.
 */
void rbatch_list_begin(struct rargs *activity, struct rargs *ids, const char *prefix);
void rbatch_list_add(
    struct rargs *activity, struct rargs *ids, struct str campaign, int64_t last);

/*
 * EVAL that forgets one campaign, in one step, and leaves the tombstone: answers with
 * the number of keys removed.  now: unix seconds.  All its keys are in one slot.
 * After it, in any order: HINCRBY PREFIX:{_all}:total RBATCH_FORGETS 1,
 * ZREM PREFIX:campaigns NAME, HDEL PREFIX:ids ID.  Rights: eval hget hset del expire,
 * and those of the three.
 */
void rbatch_forget(
    struct rargs *out, const char *prefix, struct str campaign, int64_t now);

#endif
