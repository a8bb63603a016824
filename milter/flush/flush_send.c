/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush_send.c - one pass over the lanes: pipelines of batches, and their answers.
 *
 * The batches were numbered when journal/lanes.c sealed them.  A batch that was sent is
 * in doubt until its own answer has come.  If the answer never comes, the batch is sent
 * again in a later round, as it is.
 */
#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "counting/rbatch.h"
#include "flush/flush_parts.h"
#include "system/clock.h"
#include "system/crypto.h"

#define PIPELINE 64
#define PIPELINE_BYTES ((size_t)1024 * 1024)
#define HOLD_MS 2000
#define BATCH_KEY 3 /* after EVALSHA, sha and the number of keys */

/* True if no further reply will come from the net. */
static bool
is_gone(enum redis_cure cure)
{
	return cure == REDIS_CURE_RECONNECT || cure == REDIS_CURE_MEMORY;
}

/* True if the net must be opened anew. */
bool
flush_is_fatal(enum redis_cure cure)
{
	return is_gone(cure) || cure == REDIS_CURE_MASTER;
}

/* ==== one pipeline ==== */

struct pipeline {
	struct lane *lane[PIPELINE];
	bool sent[PIPELINE]; /* its batch was sent: a reply will come */
	size_t n;
	bool listing;  /* the list goes before the batches ... */
	size_t listed; /* how many of its two commands were sent */
};

/*
 * Choose lanes after *at, as many as fit; *at becomes the last one, or NULL if there
 * are none.
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
		if (lane->at != NULL)
			bytes += lane->at->estimate;
	}
}

int
flush_append(
    struct flush *f, struct rargs *a, size_t key, bool script, struct redis_error *err)
{
	struct str about;

	if (rargs_finish(a) == -1 || key >= a->n)
		return redis_error_no_memory(err);
	about = str_make(a->argv[key], a->lens[key]);
	return (script ? redis_net_eval : redis_net_append)(f->net, about, a, err);
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
 * Note an error reply to a lane's batch, or to the list (lane is NULL).  Nothing was
 * applied: the script judges before it writes.
 */
static void
note_error(
    struct flush *f, struct pass *p, struct lane *lane, const struct redis_error *err)
{
	switch (err->cure) {
	case REDIS_CURE_NONE:
		break;
	case REDIS_CURE_SCRIPT:
		p->again = true;
		break;
	case REDIS_CURE_HOLD:
		if (p->apart++ == 0)
			snprintf(p->apart_why, sizeof p->apart_why, "%s", err->text);
		break;
	case REDIS_CURE_OPERATOR:
		if (strncmp(err->text, "NOAUTH", 6) == 0) {
			p->stop = *err;
			p->stop.cure = REDIS_CURE_RECONNECT;
			break;
		}
		*(lane != NULL ? &lane->held_until_ms : &f->list_held_until_ms) =
		    clock_mono_ms() + HOLD_MS;
		note_held(p, lane, err->text);
		break;
	case REDIS_CURE_RETRY:
	case REDIS_CURE_MASTER:
	case REDIS_CURE_RECONNECT:
	case REDIS_CURE_MEMORY:
		p->stop = *err;
		break;
	}
}

/* -1: the round is over. */
static int
send_list(struct flush *f, struct pass *p, struct pipeline *pl)
{
	struct rargs *commands[] = { &f->args, &f->ids };
	struct redis_error err;

	rbatch_list_begin(&f->args, &f->ids, f->now.key_prefix);
	for (size_t i = 0; i < pl->n; i++)
		if (pl->lane[i]->unlisted)
			rbatch_list_add(&f->args, &f->ids, pl->lane[i]->link.name,
			    pl->lane[i]->last_seen);
	while (pl->listed < 2 &&
	    flush_append(f, commands[pl->listed], 1, false, &err) == 0)
		pl->listed++;
	if (pl->listed < 2)
		note_error(f, p, NULL, &err);
	return p->stop.cure == REDIS_CURE_NONE ? 0 : -1;
}

/* Queue the lane's batch.  -1: it was not queued, and the reason is noted. */
static int
send_batch(struct flush *f, struct pass *p, struct lane *lane)
{
	struct tally_entry *e = lanes_entry(f->lanes, lane->at);
	struct redis_error err;
	int r;

	if (e != NULL) {
		rbatch_build(&f->args, redis_net_sha(f->net), f->now.key_prefix,
		    f->now.producer, e, lane->acked, lane->at->seq);
		r = flush_append(f, &f->args, BATCH_KEY, true, &err);
	} else {
		r = redis_error_no_memory(&err);
	}
	tally_entry_free(e);
	if (r != 0)
		note_error(f, p, lane, &err);
	return r;
}

/* Queue everything; from here on the batches are in doubt.  -1: the round is over. */
static int
send_pipeline(struct flush *f, struct pass *p, struct pipeline *pl)
{
	if (pl->listing && send_list(f, p, pl) == -1)
		return -1;
	for (size_t i = 0; i < pl->n; i++) {
		struct lane *lane = pl->lane[i];

		if (lane->at == NULL || lane->at->unsaved ||
		    send_batch(f, p, lane) == -1)
			continue;
		pl->sent[i] = lane->doubt = true;
		f->stats.sent++;
	}
	return p->stop.cure == REDIS_CURE_NONE ? 0 : -1;
}

static void
note_loss(struct flush *f, struct pass *p, const struct lane_gap *gap)
{
	f->stats.lost++;
	f->stats.beyond += gap->beyond;
	p->loss.campaigns++;
	p->loss.again += gap->again;
	p->loss.beyond += gap->beyond;
	p->again = true;
	/* Other campaigns may have lost something, too. */
	f->suspect = true;
}

static void
act_on(struct flush *f, struct pass *p, enum lane_news news, const struct lane_gap *gap)
{
	switch (news) {
	case LANE_APPLIED:
		f->stats.applied++;
		p->settled = true;
		break;
	case LANE_RESTORED:
		f->stats.restored++;
		p->settled = p->again = true;
		break;
	case LANE_VERIFIED:
		break;
	case LANE_DUPLICATE:
		f->stats.duplicates++;
		p->settled = true;
		break;
	case LANE_LOST:
		note_loss(f, p, gap);
		break;
	case LANE_AHEAD:
		f->stats.ahead++;
		p->ahead++;
		p->again = true;
		break;
	case LANE_OVERTAKEN:
		f->stats.overtaken++;
		p->overtaken++;
		p->settled = true;
		break;
	case LANE_FORGOTTEN:
		p->forgotten++;
		break;
	case LANE_NONSENSE:
		redis_error_set(&p->stop, REDIS_CURE_RECONNECT,
		    "an answer that our script never gives");
		break;
	}
}

/* Note whether metermark forget was used: then there are tombstones to find. */
static void
note_forgets(struct flush *f, struct pass *p, const redisReply *r)
{
	int64_t n;

	if (r->elements < 3 || r->element[2]->type != REDIS_REPLY_INTEGER)
		return;
	n = r->element[2]->integer;
	if (f->forgets != -1 && f->forgets != n)
		f->suspect = p->again = true;
	f->forgets = n;
}

static void
note_answer(struct flush *f, struct pass *p, struct lane *lane, const redisReply *r)
{
	int64_t status = -99, applied = 0;
	uint64_t seq = lane->at->seq;
	enum lane_news news;
	struct lane_gap gap;

	if (r->type == REDIS_REPLY_ARRAY && r->elements >= 2 &&
	    r->element[0]->type == REDIS_REPLY_INTEGER &&
	    r->element[1]->type == REDIS_REPLY_INTEGER) {
		status = r->element[0]->integer;
		applied = r->element[1]->integer;
		if (str_eq(lane->link.name, STR(CAMP_ALL)))
			note_forgets(f, p, r);
	}
	news = lane_answer(f->lanes, lane, status, applied, clock_mono_ms(), &gap);
	if (news == LANE_FORGOTTEN)
		store_forgotten(f->store, lane->link.name, seq);
	act_on(f, p, news, &gap);
	atomic_fetch_add(&f->answers, 1);
}

/* Take the two replies for the list.  -1: the net is gone. */
static int
receive_list(struct flush *f, struct pass *p, const struct pipeline *pl)
{
	bool listed = pl->listed == 2;

	for (size_t i = 0; i < pl->listed; i++) {
		struct redis_error err;
		redisReply *r = redis_net_reply(f->net, &err);

		if (r == NULL) {
			listed = false;
			note_error(f, p, NULL, &err);
			if (is_gone(err.cure))
				return -1;
		}
		redis_link_free_reply(r);
	}
	for (size_t i = 0; i < pl->n; i++)
		pl->lane[i]->unlisted &= !listed;
	return 0;
}

/* -1: the net is gone; batches not answered stay in doubt. */
static int
receive_pipeline(struct flush *f, struct pass *p, struct pipeline *pl)
{
	if (pl->listing && receive_list(f, p, pl) == -1)
		return -1;
	for (size_t i = 0; i < pl->n; i++) {
		struct lane *lane = pl->lane[i];
		struct redis_error err;
		redisReply *r;

		if (!pl->sent[i])
			continue;
		r = redis_net_reply(f->net, &err);
		if (r != NULL) {
			note_answer(f, p, lane, r);
			redis_link_free_reply(r);
			continue;
		}
		note_error(f, p, lane, &err);
		if (is_gone(err.cure))
			return -1;
		if (err.cure == REDIS_CURE_HOLD)
			continue; /* it may have been applied */
		lane->doubt = false;
		f->stats.refused++;
	}
	return 0;
}

/* ==== a pass ==== */

/* Every lane that is ready, once. */
void
flush_pass(struct flush *f, struct pass *p)
{
	struct lane *at = NULL;
	struct pipeline pl;

	*p = (struct pass) { .stop = { .cure = REDIS_CURE_NONE } };
	for (;;) {
		choose(f, &at, &pl);
		if (pl.n == 0)
			return;
		if (send_pipeline(f, p, &pl) == -1 ||
		    receive_pipeline(f, p, &pl) == -1 ||
		    p->stop.cure != REDIS_CURE_NONE)
			return;
	}
}
