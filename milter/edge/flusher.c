/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher.c - the thread around edge/flush.c: when it works, waits and ends.
 *
 * The thread may hang in the resolver for longer than anybody wants to wait at a stop,
 * and nothing can call it back from there.  So a stop waits until its deadline only;
 * then it leaves the thread behind, which notices under the lock that it has been left,
 * touches nothing outside any more, and frees what it shares.
 */
#include "edge/flusher.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/line.h"
#include "edge/clock.h"
#include "edge/crypto.h"
#include "edge/flush.h"
#include "edge/logger.h"

#define REPLY_MS 4000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 30000
#define STOP_RETRY_MS 50
#define STOP_GRACE_MS 500

struct flusher {
	struct outbox *outbox;
	pthread_t thread;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t wake;  /* for the thread: stopping or changed */
	pthread_cond_t over;  /* for who stops: done */
	struct flusher_settings settings;
	bool changed;
	bool stopping;
	int64_t deadline_ms;
	bool done;      /* the thread touches this struct no more */
	bool abandoned; /* nobody waits: the thread frees this struct */
	struct flusher_stats stats;
};

/* The thread's own. */
struct worker {
	struct flusher *shared;
	struct flush *flush;
	unsigned failures;    /* in a row */
	unsigned last_rounds; /* that went well while stopping */
};

static struct timespec
timespec_ms(int64_t mono_ms)
{
	return (struct timespec) { .tv_sec = (time_t)(mono_ms / 1000),
		.tv_nsec = (long)(mono_ms % 1000) * 1000000 };
}

static void
flusher_free(struct flusher *f)
{
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->wake);
	pthread_cond_destroy(&f->over);
	explicit_bzero(&f->settings, sizeof f->settings);
	free(f);
}

/* ==== the thread ==== */

/* How long to wait after so many failures: full jitter, so that many daemons do not
 * come back at once. */
static int64_t
backoff_ms(unsigned failures)
{
	int64_t most = BACKOFF_MAX_MS;
	uint32_t r = 0;

	if (failures < 8)
		most = (int64_t)BACKOFF_MIN_MS << failures;
	crypto_random(&r, sizeof r);
	return BACKOFF_MIN_MS + r % (most - BACKOFF_MIN_MS + 1);
}

/* Orders and counters from outside.  true: what comes now is all there will be. */
static bool
take_in(struct worker *w)
{
	struct flusher *f = w->shared;
	bool last = false;
	struct tally *t;

	pthread_mutex_lock(&f->lock);
	if (f->changed) {
		flush_set(w->flush, &f->settings);
		f->changed = false;
		w->failures = 0;
	}
	if (!f->abandoned && flush_wants(w->flush)) {
		t = outbox_take(f->outbox, NULL);
		if (t != NULL)
			flush_take(w->flush, t);
		last = f->stopping;
	}
	if (f->stopping)
		flush_hurry(w->flush);
	flush_stats(w->flush, &f->stats);
	pthread_mutex_unlock(&f->lock);
	return last;
}

static int
reply_ms(struct flusher *f)
{
	int64_t left = REPLY_MS;

	pthread_mutex_lock(&f->lock);
	if (f->stopping)
		left = f->deadline_ms - clock_mono_ms();
	pthread_mutex_unlock(&f->lock);
	if (left < 1)
		left = 1;
	return left < REPLY_MS ? (int)left : REPLY_MS;
}

/* Publish, and wait for the next round.  false: there is none. */
static bool
rest(struct worker *w, bool went_well, int64_t began_ms)
{
	struct flusher *f = w->shared;
	int64_t now_ms = clock_mono_ms(), until_ms;
	struct timespec at;
	bool stopping, go_on = true;

	w->failures = went_well ? 0 : w->failures + 1;
	pthread_mutex_lock(&f->lock);
	flush_stats(w->flush, &f->stats);
	stopping = f->stopping;
	if (stopping)
		until_ms = now_ms + STOP_RETRY_MS;
	else if (went_well)
		until_ms = began_ms + f->settings.interval_ms;
	else
		until_ms = now_ms + backoff_ms(w->failures);
	at = timespec_ms(until_ms);
	while (f->stopping == stopping && !f->changed)
		if (pthread_cond_timedwait(&f->wake, &f->lock, &at) != 0)
			break;
	if (f->stopping)
		go_on = !f->abandoned && clock_mono_ms() < f->deadline_ms;
	pthread_mutex_unlock(&f->lock);
	return go_on;
}

static void
end(struct worker *w)
{
	struct flusher *f = w->shared;
	bool abandoned;

	pthread_mutex_lock(&f->lock);
	flush_stats(w->flush, &f->stats);
	f->done = true;
	abandoned = f->abandoned;
	pthread_cond_signal(&f->over);
	pthread_mutex_unlock(&f->lock);
	flush_free(w->flush);
	free(w);
	if (abandoned)
		flusher_free(f);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		int64_t began_ms = clock_mono_ms();
		bool last = take_in(w), went_well;

		if (last && flush_is_empty(w->flush))
			break;
		went_well = flush_round(w->flush, reply_ms(w->shared));
		/* What is left then, Redis does not want; asking twice is enough. */
		if (last && went_well &&
		    (flush_is_empty(w->flush) || ++w->last_rounds > 1))
			break;
		if (!rest(w, went_well, began_ms))
			break;
	}
	end(w);
	return NULL;
}

/* ==== from outside ==== */

static int
init_sync(struct flusher *f)
{
	pthread_condattr_t attr;
	int failed;

	if (pthread_condattr_init(&attr) != 0)
		return -1;
	failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_mutex_init(&f->lock, NULL) != 0 ||
	    pthread_cond_init(&f->wake, &attr) != 0 ||
	    pthread_cond_init(&f->over, &attr) != 0;
	pthread_condattr_destroy(&attr);
	return failed ? -1 : 0;
}

/* SIGPIPE among them: hiredis writes to sockets that may be closed. */
static int
start_thread(struct flusher *f, struct worker *w)
{
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&f->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

static void
set(struct flusher *f, const struct flusher_settings *settings)
{
	f->settings = *settings;
	if (f->settings.interval_ms < 10)
		f->settings.interval_ms = 10;
}

struct flusher *
flusher_start(const struct flusher_settings *settings, struct outbox *outbox, char *err,
    size_t errlen)
{
	struct flusher *f = calloc(1, sizeof *f);
	struct worker *w = calloc(1, sizeof *w);
	int failed;

	if (f == NULL || w == NULL || init_sync(f) == -1) {
		snprintf(err, errlen, "out of memory");
		free(f);
		free(w);
		return NULL;
	}
	set(f, settings);
	f->outbox = outbox;
	w->shared = f;
	w->flush = flush_new(settings, err, errlen);
	if (w->flush == NULL)
		goto fail;
	failed = start_thread(f, w);
	if (failed == 0)
		return f;
	snprintf(err, errlen, "cannot start a thread: %s", strerror(failed));
fail:
	flush_free(w->flush);
	free(w);
	flusher_free(f);
	return NULL;
}

void
flusher_reconfigure(struct flusher *f, const struct flusher_settings *settings)
{
	pthread_mutex_lock(&f->lock);
	set(f, settings);
	f->changed = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
}

void
flusher_stats(struct flusher *f, struct flusher_stats *out)
{
	pthread_mutex_lock(&f->lock);
	*out = f->stats;
	pthread_mutex_unlock(&f->lock);
}

/* What is still in the outbox. */
static uint64_t
left_outside(struct outbox *outbox)
{
	struct tally *t = outbox_take(outbox, NULL);
	struct tally_weight w = { 0, 0 };

	if (t == NULL)
		return 0;
	tally_weigh(&w, t);
	tally_free(t);
	return tally_weight_messages(&w);
}

static void
log_end(const struct flusher_stats *s, uint64_t missing, uint64_t dropped)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR(""), "counters-end");
	line_addn(&b, "batches", (int64_t)(s->applied + s->duplicates));
	line_addn(&b, "repeated", (int64_t)s->duplicates);
	line_addn(&b, "connects", (int64_t)s->connects);
	line_addn(&b, "messages_not_in_redis", (int64_t)missing);
	line_addn(&b, "deltas_dropped", (int64_t)dropped);
	logger_log(missing + dropped > 0 ? LOGGER_ERROR : LOGGER_INFO, "%s", b.p);
	buf_fini(&b);
}

uint64_t
flusher_stop(struct flusher *f, uint32_t deadline_ms)
{
	struct outbox *outbox = f->outbox;
	pthread_t thread = f->thread;
	struct flusher_stats stats;
	struct timespec at;
	uint64_t missing;
	bool done;

	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	f->deadline_ms = clock_mono_ms() + (int64_t)deadline_ms;
	at = timespec_ms(f->deadline_ms + STOP_GRACE_MS);
	pthread_cond_signal(&f->wake);
	while (!f->done)
		if (pthread_cond_timedwait(&f->over, &f->lock, &at) != 0)
			break;
	done = f->done;
	f->abandoned = !done;
	stats = f->stats;
	pthread_mutex_unlock(&f->lock);
	if (done) {
		pthread_join(thread, NULL);
		flusher_free(f);
	} else {
		pthread_detach(thread);
	}
	missing = stats.pending + left_outside(outbox);
	log_end(&stats, missing, outbox_lost(outbox));
	return missing;
}
