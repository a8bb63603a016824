/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush.c - one round of bringing counters to Redis.  See the header.
 *
 * A round is: a link, then passes over the lanes until nothing more can be sent.  A
 * pass sends in pipelines of a few dozen batches; every batch that was sent is in doubt
 * until its own answer has come, and an answer that never comes leaves it so: it goes
 * out again, as it is, in a later round.
 */
#include "edge/flush.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "core/lanes.h"
#include "core/rbatch.h"
#include "core/rkey.h"
#include "edge/clock.h"
#include "edge/crypto.h"
#include "edge/flush_log.h"
#include "edge/redis_link.h"
#include "edge/redis_probe.h"

#define PIPELINE 64
#define PIPELINE_BYTES ((size_t)1024 * 1024)
#define ARGS_BYTES ((size_t)64 * 1024 * 1024)
#define PASSES 16 /* in one round; the next one goes on */
#define HOLD_MS 2000
#define SETTLE_MS 10000
#define TRIM_MS (12 * 3600 * 1000)
#define FORGET_MS (3600 * 1000)
#define WHY_BYTES 256

struct flush {
	struct flusher_settings now;
	struct flusher_settings next; /* waiting until no batch is in doubt */
	bool moving;
	int64_t move_by_ms;

	struct redis_link *link;
	char sha[41]; /* of the script; "" when the server may not have it */
	struct lanes *lanes;
	struct tally *open; /* taken in, not sealed; NULL for none */
	struct tally
	    *spill; /* what did not fit into open for lack of memory, or NULL */
	int64_t list_held_until_ms;
	uint8_t seed[NAMEMAP_SEED_BYTES];
	struct rargs args, ids;

	struct flush_log log;
	int64_t trimmed_ms, forgot_ms;
	struct flusher_stats stats;
};

/* What a pass has found. */
struct pass {
	bool again;           /* something changed that another pass can send */
	enum redis_cure cure; /* the worst that stops the round */
	char why[WHY_BYTES];  /* ... in words */
	size_t held;          /* batches refused for an operator to look at */
	char held_why[WHY_BYTES];
	const struct lane *held_lane;
	size_t lost, ahead;
};

/* ==== connecting ==== */

static void
drop_link(struct flush *f)
{
	redis_link_close(f->link);
	f->link = NULL;
	f->sha[0] = '\0';
}

static int
connect_link(struct flush *f, int reply_ms, enum redis_cure *cure, char *why)
{
	struct redis_probe probe;

	f->link = redis_link_open(&f->now.redis, reply_ms, cure, why, WHY_BYTES);
	if (f->link == NULL)
		return -1;
	if (redis_probe(f->link, &probe, cure, why, WHY_BYTES) == -1) {
		drop_link(f);
		return -1;
	}
	if (!probe.master) {
		*cure = REDIS_CURE_MASTER;
		snprintf(why, WHY_BYTES, "this Redis is a replica, not a master");
		drop_link(f);
		return -1;
	}
	f->stats.connects++;
	flush_log_connected(&f->now.redis, &probe);
	return 0;
}

static int
load_script(struct flush *f, enum redis_cure *cure, char *why)
{
	const char *argv[] = { "SCRIPT", "LOAD", rbatch_script() };
	redisReply *r =
	    redis_link_command(f->link, 3, argv, NULL, cure, why, WHY_BYTES);

	if (r == NULL)
		return -1;
	if (r->type == REDIS_REPLY_STRING && strlen(r->str) == sizeof f->sha - 1)
		memcpy(f->sha, r->str, sizeof f->sha);
	redis_link_free_reply(r);
	if (f->sha[0] != '\0')
		return 0;
	*cure = REDIS_CURE_RECONNECT;
	snprintf(why, WHY_BYTES, "SCRIPT LOAD answered with something else");
	return -1;
}

/* Must the link go, to be made anew? */
static bool
is_fatal(enum redis_cure cure)
{
	return cure == REDIS_CURE_RECONNECT || cure == REDIS_CURE_MEMORY ||
	    cure == REDIS_CURE_MASTER;
}

/* ==== one pipeline ==== */

struct pipeline {
	struct lane *lane[PIPELINE];
	size_t n;
	bool listing; /* two replies for the list come first */
};

/* The lanes from *at on that fit; *at becomes the last one, NULL when there are none.
 */
static void
choose(struct flush *f, struct lane **at, struct pipeline *pl)
{
	int64_t now = clock_mono_ms();
	bool listing = f->list_held_until_ms <= now;
	size_t bytes = 0;

	*pl = (struct pipeline) { .n = 0 };
	while (pl->n < PIPELINE && bytes < PIPELINE_BYTES) {
		struct lane *lane = lanes_ready(f->lanes, *at, listing, now);

		if (lane == NULL)
			break;
		*at = lane;
		pl->lane[pl->n++] = lane;
		pl->listing |= listing && lane->unlisted;
		if (lane->sealed != NULL)
			bytes += rbatch_estimate(lane->sealed);
	}
}

static int
append(struct flush *f, struct rargs *a)
{
	if (rargs_finish(a) == -1)
		return -1;
	return redis_link_append(f->link, a->n, a->argv, a->lens);
}

static int
send_list(struct flush *f, const struct pipeline *pl)
{
	rbatch_list_begin(&f->args, &f->ids, f->now.key_prefix);
	for (size_t i = 0; i < pl->n; i++)
		if (pl->lane[i]->unlisted)
			rbatch_list_add(&f->args, &f->ids, pl->lane[i]->link.name,
			    pl->lane[i]->last, crypto_sha256);
	return append(f, &f->args) == -1 || append(f, &f->ids) == -1 ? -1 : 0;
}

/* Queue all commands.  From here on the batches are in doubt. */
static int
send_pipeline(struct flush *f, struct pipeline *pl)
{
	if (pl->listing && send_list(f, pl) == -1)
		return -1;
	for (size_t i = 0; i < pl->n; i++) {
		struct lane *lane = pl->lane[i];

		if (lane->sealed == NULL)
			continue;
		rbatch_build(&f->args, f->sha, f->now.key_prefix, f->now.producer,
		    lane->sealed, lane->acked, lane->seq);
		if (append(f, &f->args) == -1)
			return -1;
		lane->doubt = true;
		f->stats.sent++;
	}
	return 0;
}

static void
note_held(struct pass *p, const struct lane *lane, const char *why)
{
	if (p->held++ > 0)
		return;
	p->held_lane = lane;
	snprintf(p->held_why, sizeof p->held_why, "%s", why);
}

/*
 * An error reply to a lane's batch, or to the list (lane is NULL).  Nothing was
 * applied: the script judges before it writes.
 */
static void
note_error(struct flush *f, struct pass *p, struct lane *lane, enum redis_cure cure,
    const char *why)
{
	switch (cure) {
	case REDIS_CURE_NONE:
		break;
	case REDIS_CURE_SCRIPT:
		f->sha[0] = '\0';
		p->again = true;
		break;
	case REDIS_CURE_OPERATOR:
		if (strncmp(why, "NOAUTH", 6) == 0) {
			p->cure = REDIS_CURE_RECONNECT;
			snprintf(p->why, sizeof p->why, "%s", why);
			break;
		}
		*(lane != NULL ? &lane->held_until_ms : &f->list_held_until_ms) =
		    clock_mono_ms() + HOLD_MS;
		note_held(p, lane, why);
		break;
	case REDIS_CURE_HOLD:
	case REDIS_CURE_RETRY:
	case REDIS_CURE_MASTER:
	case REDIS_CURE_RECONNECT:
	case REDIS_CURE_MEMORY:
		p->cure = cure;
		snprintf(p->why, sizeof p->why, "%s", why);
		break;
	}
}

static void
note_answer(struct flush *f, struct pass *p, struct lane *lane, const redisReply *r)
{
	int64_t status = -99, applied = 0;

	if (r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
	    r->element[0]->type == REDIS_REPLY_INTEGER &&
	    r->element[1]->type == REDIS_REPLY_INTEGER) {
		status = r->element[0]->integer;
		applied = r->element[1]->integer;
	}
	switch (lane_answer(f->lanes, lane, status, applied)) {
	case LANE_APPLIED:
		f->stats.applied++;
		break;
	case LANE_DUPLICATE:
		f->stats.duplicates++;
		break;
	case LANE_LOST:
		f->stats.lost++;
		p->lost++;
		p->again = true;
		break;
	case LANE_AHEAD:
		f->stats.ahead++;
		p->ahead++;
		p->again = true;
		break;
	case LANE_NONSENSE:
		p->cure = REDIS_CURE_RECONNECT;
		snprintf(
		    p->why, sizeof p->why, "an answer that our script never gives");
		break;
	}
}

/* The two replies for the list.  -1: the link is gone. */
static int
receive_list(struct flush *f, struct pass *p, const struct pipeline *pl)
{
	bool listed = true;

	for (int i = 0; i < 2; i++) {
		enum redis_cure cure;
		char why[WHY_BYTES];
		redisReply *r = redis_link_reply(f->link, &cure, why, sizeof why);

		if (r == NULL) {
			listed = false;
			note_error(f, p, NULL, cure, why);
			if (cure == REDIS_CURE_RECONNECT || cure == REDIS_CURE_MEMORY)
				return -1;
		}
		redis_link_free_reply(r);
	}
	for (size_t i = 0; i < pl->n; i++)
		pl->lane[i]->unlisted &= !listed;
	return 0;
}

/* -1: the link is gone; batches not answered stay in doubt. */
static int
receive_pipeline(struct flush *f, struct pass *p, struct pipeline *pl)
{
	if (pl->listing && receive_list(f, p, pl) == -1)
		return -1;
	for (size_t i = 0; i < pl->n; i++) {
		struct lane *lane = pl->lane[i];
		enum redis_cure cure;
		char why[WHY_BYTES];
		redisReply *r;

		if (lane->sealed == NULL)
			continue;
		r = redis_link_reply(f->link, &cure, why, sizeof why);
		if (r != NULL) {
			note_answer(f, p, lane, r);
			redis_link_free_reply(r);
			continue;
		}
		note_error(f, p, lane, cure, why);
		if (cure == REDIS_CURE_RECONNECT || cure == REDIS_CURE_MEMORY)
			return -1;
		lane->doubt = false;
		f->stats.refused++;
	}
	return 0;
}

/* ==== a round ==== */

static void
log_pass(struct flush *f, const struct pass *p)
{
	const struct rurl *redis = &f->now.redis;

	flush_log_refuses(&f->log, redis, p->held,
	    p->held_lane != NULL ? p->held_lane->link.name : STR(""), p->held_why);
	flush_log_lost(&f->log, redis, p->lost);
	flush_log_ahead(&f->log, redis, p->ahead);
}

/* Every lane that is ready, once. */
static void
make_pass(struct flush *f, struct pass *p)
{
	struct lane *at = NULL;
	struct pipeline pl;

	*p = (struct pass) { .cure = REDIS_CURE_NONE };
	for (;;) {
		if (f->sha[0] == '\0' && load_script(f, &p->cure, p->why) == -1)
			return;
		choose(f, &at, &pl);
		if (pl.n == 0)
			return;
		if (send_pipeline(f, &pl) == -1) {
			p->cure = REDIS_CURE_MEMORY;
			snprintf(p->why, sizeof p->why, "out of memory");
			return;
		}
		if (receive_pipeline(f, p, &pl) == -1 || p->cure != REDIS_CURE_NONE)
			return;
	}
}

static bool
has_open(const struct flush *f)
{
	return f->open != NULL && tally_first(f->open) != NULL;
}

/* Move what is open into free lanes.  Memory may run out: then what is left waits. */
static void
seal_open(struct flush *f)
{
	struct tally *rest, *spill = f->spill;

	if (spill != NULL) {
		f->spill = NULL;
		flush_take(f, spill);
	}
	if (!has_open(f) || f->moving)
		return;
	rest = tally_new(SIZE_MAX, SIZE_MAX, f->seed);
	if (rest == NULL)
		return;
	lanes_seal(f->lanes, f->open, rest, clock_mono_ms());
	tally_merge(f->open, rest);
	tally_free(rest);
}

/* Entries of campaigns that nobody has used for so long; their keys expire by
 * themselves. */
static int
trim_list(struct flush *f, enum redis_cure *cure, char *why)
{
	redisReply *r;

	if (!flush_log_due(&f->trimmed_ms, TRIM_MS))
		return 0;
	rargs_reset(&f->args);
	rargs_adds(&f->args, "ZREMRANGEBYSCORE");
	rkey_campaigns(rargs_open(&f->args), f->now.key_prefix);
	rargs_close(&f->args);
	rargs_adds(&f->args, "-inf");
	rargs_addn(&f->args, clock_wall_s() - RKEY_TOTAL_TTL_S);
	if (append(f, &f->args) == -1) {
		*cure = REDIS_CURE_MEMORY;
		snprintf(why, WHY_BYTES, "out of memory");
		return -1;
	}
	r = redis_link_reply(f->link, cure, why, WHY_BYTES);
	redis_link_free_reply(r);
	return r == NULL && is_fatal(*cure) ? -1 : 0;
}

static bool
give_up(struct flush *f, enum redis_cure cure, const char *why)
{
	if (is_fatal(cure))
		drop_link(f);
	flush_log_away(&f->log, &f->now.redis, why);
	return false;
}

static void
move_when_settled(struct flush *f)
{
	if (!f->moving ||
	    (lanes_in_doubt(f->lanes) > 0 && clock_mono_ms() < f->move_by_ms))
		return;
	f->moving = false;
	f->now = f->next;
	f->trimmed_ms = 0;
	drop_link(f);
	lanes_moved(f->lanes);
}

/* Batches whose fate is known. */
static uint64_t
settled(const struct flush *f)
{
	return f->stats.applied + f->stats.duplicates;
}

bool
flush_round(struct flush *f, int reply_ms)
{
	enum redis_cure cure = REDIS_CURE_NONE;
	char why[WHY_BYTES] = "";
	struct pass p = { .again = true };

	move_when_settled(f);
	if (f->link == NULL && connect_link(f, reply_ms, &cure, why) == -1)
		return give_up(f, cure, why);
	redis_link_set_timeout(f->link, reply_ms);
	if (trim_list(f, &cure, why) == -1)
		return give_up(f, cure, why);
	for (int i = 0; i < PASSES && p.again; i++) {
		uint64_t done = settled(f);

		seal_open(f);
		make_pass(f, &p);
		log_pass(f, &p);
		if (p.cure != REDIS_CURE_NONE)
			return give_up(f, p.cure, p.why);
		/* Lanes that were busy may be free now. */
		p.again |= has_open(f) && settled(f) > done;
	}
	flush_log_back(&f->log, &f->now.redis);
	if (flush_log_due(&f->forgot_ms, FORGET_MS / 6))
		lanes_forget(f->lanes, clock_mono_ms() - FORGET_MS);
	return true;
}

/* ==== life ==== */

struct flush *
flush_new(const struct flusher_settings *set, char *err, size_t errlen)
{
	struct flush *f = calloc(1, sizeof *f);

	if (f == NULL) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	f->now = *set;
	rargs_init(&f->args, ARGS_BYTES);
	rargs_init(&f->ids, ARGS_BYTES);
	if (crypto_random(f->seed, sizeof f->seed) == -1) {
		snprintf(err, errlen, "no random bytes from the system");
		goto fail;
	}
	f->lanes = lanes_new(f->seed, (uint64_t)clock_wall_ms() * 1000);
	if (f->lanes == NULL) {
		snprintf(err, errlen, "out of memory");
		goto fail;
	}
	return f;
fail:
	flush_free(f);
	return NULL;
}

void
flush_free(struct flush *f)
{
	if (f == NULL)
		return;
	redis_link_close(f->link);
	lanes_free(f->lanes);
	tally_free(f->open);
	tally_free(f->spill);
	rargs_fini(&f->args);
	rargs_fini(&f->ids);
	explicit_bzero(f, sizeof *f); /* the password */
	free(f);
}

static bool
same_place(const struct flusher_settings *a, const struct flusher_settings *b)
{
	const struct rurl *x = &a->redis, *y = &b->redis;

	return x->kind == y->kind && x->port == y->port && x->db == y->db &&
	    strcmp(x->host, y->host) == 0 && strcmp(x->user, y->user) == 0 &&
	    strcmp(x->password, y->password) == 0 &&
	    strcmp(a->key_prefix, b->key_prefix) == 0 &&
	    strcmp(a->producer, b->producer) == 0;
}

void
flush_set(struct flush *f, const struct flusher_settings *set)
{
	f->now.interval_ms = set->interval_ms;
	if (!f->moving && same_place(&f->now, set))
		return;
	f->next = *set;
	if (!f->moving)
		f->move_by_ms = clock_mono_ms() + SETTLE_MS;
	f->moving = true;
}

bool
flush_wants(const struct flush *f)
{
	return f->log.away_since_ms == 0 && !f->moving && f->spill == NULL;
}

void
flush_take(struct flush *f, struct tally *t)
{
	if (!has_open(f)) {
		tally_free(f->open);
		f->open = t;
		return;
	}
	if (tally_merge(f->open, t) == 0)
		tally_free(t);
	else
		f->spill = t;
}

bool
flush_is_empty(const struct flush *f)
{
	return !has_open(f) && f->spill == NULL && lanes_sealed(f->lanes) == 0;
}

void
flush_hurry(struct flush *f)
{
	lanes_unhold(f->lanes);
	f->list_held_until_ms = 0;
	f->move_by_ms = 0;
}

void
flush_stats(const struct flush *f, struct flusher_stats *out)
{
	struct tally_weight w = { 0, 0 };

	*out = f->stats;
	lanes_weigh(f->lanes, &w);
	if (f->open != NULL)
		tally_weigh(&w, f->open);
	if (f->spill != NULL)
		tally_weigh(&w, f->spill);
	out->pending = tally_weight_messages(&w);
}
