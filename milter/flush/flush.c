/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush.c - one round of bringing counters to Redis.  See the header.
 *
 * A round opens the net if needed, then makes passes over the lanes
 * (flush/flush_send.c) until nothing more can be sent.
 */
#include "flush/flush.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "counting/rbatch.h"
#include "flush/flush_parts.h"
#include "redis/rkey.h"
#include "system/clock.h"

#define ARGS_BYTES ((size_t)64 * 1024 * 1024)
#define PASSES 16 /* in one round; the next one goes on */
#define SETTLE_MS 10000
#define TRIM_MS (12 * 3600 * 1000)
#define FORGET_MS (3600 * 1000)
/*
 * The shortest time between two questions for all lanes, and the longest without a
 * question for one of them.
 */
#define VERIFY_MS 1000
#define CHECK_MS 10000

/* ==== being left ==== */

/* Begin to use outbox and journal.  False: they must not be used any more. */
static bool
enter(struct flush *f)
{
	pthread_mutex_lock(&f->outside);
	if (!f->left)
		return true;
	pthread_mutex_unlock(&f->outside);
	return false;
}

static void
leave(struct flush *f)
{
	pthread_mutex_unlock(&f->outside);
}

void
flush_leave(struct flush *f)
{
	pthread_mutex_lock(&f->outside);
	f->left = true;
	pthread_mutex_unlock(&f->outside);
}

bool
flush_is_left(struct flush *f)
{
	bool left = !enter(f);

	if (!left)
		leave(f);
	return left;
}

/* ==== connecting ==== */

static void
drop_net(struct flush *f)
{
	redis_net_close(f->net);
	f->net = NULL;
}

static void
note_connected(void *arg, const struct rurl *server, const struct redis_probe *probe)
{
	struct flush *f = arg;

	f->stats.connects++;
	/*
	 * The server may be another one of the same name, or the same with less data.
	 */
	f->verify = true;
	flush_log_connected(server, probe);
}

static int
connect_net(struct flush *f, int reply_ms, struct redis_error *err)
{
	struct redis_net_options options = { .timeout_ms = reply_ms,
		.script = rbatch_script(),
		.masters = true,
		.connected = note_connected,
		.arg = f };

	f->net = redis_net_open(&f->now.redis, &options, err);
	return f->net == NULL ? -1 : 0;
}

/* ==== a round ==== */

static void
note_error(struct flush *f, const char *why)
{
	f->stats.error_ms = clock_wall_ms();
	snprintf(f->stats.error, sizeof f->stats.error, "%.255s", why);
}

static void
log_pass(struct flush *f, const struct pass *p)
{
	const struct rurl *redis = &f->now.redis;

	if (p->held > 0)
		note_error(f, p->held_why);
	flush_log_refuses(&f->log, redis, p->held,
	    p->held_lane != NULL ? p->held_lane->link.name : STR(""), p->held_why);
	flush_log_lost(&f->log, redis, &p->loss);
	flush_log_ahead(&f->log, redis, p->ahead);
	flush_log_overtaken(&f->log, redis, p->overtaken);
	flush_log_forgotten(redis, p->forgotten);
}

/*
 * Remove list entries of campaigns that were not used for so long; their keys expire by
 * themselves.
 */
static int
trim_list(struct flush *f, struct redis_error *err)
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
	if (flush_append(f, &f->args, 1, false, err) == -1)
		return flush_is_fatal(err->cure) ? -1 : 0;
	r = redis_net_reply(f->net, err);
	redis_link_free_reply(r);
	return r == NULL && flush_is_fatal(err->cure) ? -1 : 0;
}

static bool
give_up(struct flush *f, enum redis_cure cure, const char *why)
{
	/* Replies that are still owed would be taken for those of the next round. */
	if (flush_is_fatal(cure) || (f->net != NULL && redis_net_owed(f->net) > 0))
		drop_net(f);
	flush_log_away(&f->log, &f->now.redis, why);
	note_error(f, why);
	return false;
}

/* Name the Redis, for the ledger. */
static void
name_place(const struct flusher_settings *set, char *out, size_t size)
{
	char url[RURL_SHOWN_MAX];

	rurl_show(&set->redis, url, sizeof url);
	snprintf(out, size, "%s %s", url, set->key_prefix);
}

static void
move_when_settled(struct flush *f)
{
	char was[STORE_PLACE_MAX], place[STORE_PLACE_MAX];

	if (!f->moving ||
	    (lanes_in_doubt(f->lanes) > 0 && clock_mono_ms() < f->move_by_ms))
		return;
	f->moving = false;
	name_place(&f->now, was, sizeof was);
	f->now = f->next;
	f->trimmed_ms = 0;
	drop_net(f);
	name_place(&f->now, place, sizeof place);
	/*
	 * If only the password changed, it is the same Redis, which keeps what it has.
	 */
	if (strcmp(was, place) != 0)
		store_moved(f->store, place);
}

/*
 * Ask whether Redis still has what it acknowledged: for all lanes if there is reason to
 * doubt it, and now and then for the one lane that every message is in, since an idle
 * campaign sends nothing that would show a loss.
 */
static void
verify(struct flush *f)
{
	if (f->verify || (f->suspect && flush_log_due(&f->verified_ms, VERIFY_MS))) {
		f->verify = f->suspect = false;
		f->checked_ms = clock_mono_ms();
		lanes_verify(f->lanes, false);
	} else if (flush_log_due(&f->checked_ms, CHECK_MS)) {
		lanes_verify(f->lanes, true);
	}
}

/* false: Redis is away. */
static bool
make_passes(struct flush *f, struct pass *p)
{
	p->again = true;
	for (int i = 0; i < PASSES && p->again; i++) {
		uint64_t before = atomic_load(&f->answers);

		if (!enter(f))
			return false;
		store_seal(f->store, f->moving);
		leave(f);
		verify(f);
		flush_pass(f, p);
		log_pass(f, p);
		if (p->settled)
			store_settled(f->store);
		if (p->stop.cure != REDIS_CURE_NONE)
			return give_up(f, p->stop.cure, p->stop.text);
		/* Lanes that were busy may be free now. */
		p->again |= !f->moving && store_has_open(f->store) &&
		    atomic_load(&f->answers) > before;
	}
	return true;
}

bool
flush_round(struct flush *f, int reply_ms)
{
	struct redis_error err;
	struct pass p;

	move_when_settled(f);
	if (f->net == NULL && connect_net(f, reply_ms, &err) == -1)
		return give_up(f, err.cure, err.text);
	redis_net_set_timeout(f->net, reply_ms);
	if (trim_list(f, &err) == -1)
		return give_up(f, err.cure, err.text);
	if (!make_passes(f, &p))
		return false;
	if (p.apart > 0 && !redis_net_is_up(f->net))
		return give_up(f, REDIS_CURE_HOLD, p.apart_why);
	flush_log_apart(&f->log, &f->now.redis, p.apart, p.apart_why);
	flush_log_back(&f->log, &f->now.redis);
	f->stats.ok_ms = clock_wall_ms();
	if (flush_log_due(&f->forgot_ms, FORGET_MS / 6))
		lanes_forget(f->lanes, clock_mono_ms() - FORGET_MS);
	return true;
}

/* ==== life ==== */

struct flush *
flush_new(
    const struct flusher_settings *set, struct outbox *outbox, char *err, size_t errlen)
{
	struct flush *f = calloc(1, sizeof *f);
	char place[STORE_PLACE_MAX];

	if (f == NULL) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	if (pthread_mutex_init(&f->outside, NULL) != 0) {
		snprintf(err, errlen, "out of memory");
		free(f);
		return NULL;
	}
	f->now = *set;
	f->forgets = -1;
	rargs_init(&f->args, ARGS_BYTES);
	rargs_init(&f->ids, ARGS_BYTES);
	f->store = store_open(&set->store, outbox, err, errlen);
	if (f->store == NULL) {
		flush_free(f);
		return NULL;
	}
	f->lanes = store_lanes(f->store);
	name_place(set, place, sizeof place);
	store_place(f->store, place);
	return f;
}

void
flush_free(struct flush *f)
{
	if (f == NULL)
		return;
	redis_net_close(f->net);
	store_free(f->store);
	rargs_fini(&f->args);
	rargs_fini(&f->ids);
	pthread_mutex_destroy(&f->outside);
	explicit_bzero(f, sizeof *f); /* the password */
	free(f);
}

static bool
same_place(const struct flusher_settings *a, const struct flusher_settings *b)
{
	return rurl_same(&a->redis, &b->redis) &&
	    strcmp(a->key_prefix, b->key_prefix) == 0 &&
	    strcmp(a->producer, b->producer) == 0;
}

void
flush_set(struct flush *f, const struct flusher_settings *set)
{
	f->now.interval_ms = set->interval_ms;
	store_set(f->store, &set->store);
	if (!f->moving && same_place(&f->now, set))
		return;
	f->next = *set;
	if (!f->moving)
		f->move_by_ms = clock_mono_ms() + SETTLE_MS;
	f->moving = true;
}

void
flush_tick(struct flush *f)
{
	if (!enter(f))
		return;
	store_tick(f->store);
	leave(f);
}

void
flush_save(struct flush *f)
{
	if (!enter(f))
		return;
	store_save(f->store);
	leave(f);
}

void
flush_close(struct flush *f)
{
	if (!enter(f))
		return;
	store_stop(f->store);
	leave(f);
}

bool
flush_is_empty(const struct flush *f)
{
	return store_is_empty(f->store);
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
	*out = f->stats;
	out->away_since_ms = f->log.away_since_ms;
	store_figures(f->store, &out->store);
	out->pending = out->store.pending;
}

uint64_t
flush_answers(const struct flush *f)
{
	return atomic_load(&f->answers);
}
