/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher.c - the thread around flush/flush.c: when it works, waits and ends.
 *
 * The thread may hang in the resolver for longer than a stop may take, and nothing can
 * interrupt it there.  So a stop waits only until its deadline.  Then it leaves the
 * thread behind (flush_leave()): the thread touches nothing outside any more, notices
 * under the lock that it was left, and frees what it shares.
 */
#include "flush/flusher.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flush/flush.h"
#include "flush/flusher_status.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/logger.h"
#include "text/line.h"

#define REPLY_MS 4000
/* At a stop, with everything on disk: how long to wait for an answer. */
#define STALL_MS 1000
#define STEP_MS 100
#define STATUS_MS 2000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 30000
#define STOP_RETRY_MS 50
#define STOP_GRACE_MS 500

struct flusher {
	struct outbox *outbox;
	struct flush *flush; /* the thread's, except calls that are thread-safe */
	pthread_t thread;
	int64_t started_ms;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t wake;  /* for the thread: stopping or changed */
	pthread_cond_t over;  /* for flusher_stop(): done */
	struct flusher_settings settings;
	bool changed;
	bool stopping;
	int64_t deadline_ms;
	bool done;      /* the thread no longer touches this struct */
	bool abandoned; /* nobody waits: the thread frees this struct */
	struct flusher_stats stats;
};

/* The thread's own. */
struct worker {
	struct flusher *shared;
	struct flush *flush;
	unsigned failures;    /* in a row */
	unsigned last_rounds; /* that went well while stopping */
	int64_t try_ms;       /* no round before this time */
	int64_t status_ms;    /* written last */
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

/*
 * How long to wait after that many failures: full jitter, so that many daemons do not
 * come back at once.
 */
static int64_t
backoff_ms(unsigned failures)
{
	int64_t most = BACKOFF_MAX_MS;
	uint32_t r = 0;

	if (failures < 8)
		most = (int64_t)BACKOFF_MIN_MS << failures;
	random_bytes(&r, sizeof r);
	return BACKOFF_MIN_MS + r % (most - BACKOFF_MIN_MS + 1);
}

/* Take orders from outside.  True: the thread is to end. */
static bool
take_orders(struct worker *w)
{
	struct flusher *f = w->shared;
	bool stopping;

	pthread_mutex_lock(&f->lock);
	if (f->changed) {
		flush_set(w->flush, &f->settings);
		f->changed = false;
		w->failures = 0;
		w->try_ms = 0;
	}
	stopping = f->stopping;
	pthread_mutex_unlock(&f->lock);
	return stopping;
}

static void
publish(struct worker *w)
{
	struct flusher *f = w->shared;
	struct flusher_stats stats;

	flush_stats(w->flush, &stats);
	pthread_mutex_lock(&f->lock);
	f->stats = stats;
	pthread_mutex_unlock(&f->lock);
}

/*
 * Write the status file.  A failure is not reported: the journal is on the same disk.
 */
static void
write_status(struct worker *w, bool last)
{
	struct flusher *f = w->shared;
	int64_t now_ms = clock_mono_ms();
	struct flusher_settings set;
	struct flusher_stats stats;
	struct status s;
	char err[256];

	if (!last && w->status_ms != 0 && now_ms - w->status_ms < STATUS_MS)
		return;
	w->status_ms = now_ms;
	pthread_mutex_lock(&f->lock);
	set = f->settings;
	stats = f->stats;
	pthread_mutex_unlock(&f->lock);
	if (set.status_dir[0] != '\0') {
		flusher_status(&set, &stats, f->outbox, &s);
		s.started_ms = f->started_ms;
		s.stopped = last;
		(void)status_write(set.status_dir, &s, err, sizeof err);
	}
	explicit_bzero(&set, sizeof set);
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

/* Wait for the next turn. */
static void
rest(struct worker *w, int64_t began_ms)
{
	struct flusher *f = w->shared;
	struct timespec at;
	bool stopping;

	pthread_mutex_lock(&f->lock);
	stopping = f->stopping;
	at = timespec_ms(stopping ? clock_mono_ms() + STOP_RETRY_MS
				  : began_ms + f->settings.interval_ms);
	while (f->stopping == stopping && !f->changed)
		if (pthread_cond_timedwait(&f->wake, &f->lock, &at) != 0)
			break;
	pthread_mutex_unlock(&f->lock);
}

/* True if there is time for another try before the end. */
static bool
has_time(struct flusher *f)
{
	bool has;

	pthread_mutex_lock(&f->lock);
	has = !f->abandoned && clock_mono_ms() < f->deadline_ms;
	pthread_mutex_unlock(&f->lock);
	return has;
}

static void
end(struct worker *w)
{
	struct flusher *f = w->shared;
	bool abandoned;

	pthread_mutex_lock(&f->lock);
	abandoned = f->abandoned;
	pthread_mutex_unlock(&f->lock);
	if (!abandoned) {
		flush_close(w->flush);
		publish(w);
		write_status(w, true);
	}
	pthread_mutex_lock(&f->lock);
	f->done = true;
	abandoned = f->abandoned;
	pthread_cond_signal(&f->over);
	pthread_mutex_unlock(&f->lock);
	flush_free(w->flush);
	free(w);
	if (abandoned)
		flusher_free(f);
}

/* Make a round if it is time for one.  True: it was made, and went well. */
static bool
try_round(struct worker *w, bool stopping)
{
	if (!stopping && clock_mono_ms() < w->try_ms)
		return false;
	if (flush_round(w->flush, reply_ms(w->shared))) {
		w->failures = 0;
		w->try_ms = 0;
		return true;
	}
	w->failures++;
	w->try_ms = clock_mono_ms() + backoff_ms(w->failures);
	return false;
}

/* Make one turn on the way to the end.  True: it was the last one. */
static bool
finish(struct worker *w)
{
	struct flusher_stats stats;

	flush_hurry(w->flush);
	flush_save(w->flush);
	if (flush_is_empty(w->flush))
		return true;
	if (try_round(w, true))
		/* Redis does not accept what is left then; asking twice is enough. */
		return flush_is_empty(w->flush) || ++w->last_rounds > 1;
	flush_stats(w->flush, &stats);
	return stats.store.on_disk || !has_time(w->shared);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		int64_t began_ms = clock_mono_ms();

		if (take_orders(w)) {
			if (finish(w))
				break;
		} else {
			flush_tick(w->flush);
			(void)try_round(w, false);
		}
		if (flush_is_left(w->flush))
			break;
		publish(w);
		write_status(w, false);
		rest(w, began_ms);
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

/* SIGPIPE is one of them: hiredis writes to sockets that may be closed. */
static int
start_thread(struct flusher *f, struct worker *w)
{
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&f->thread, NULL, run, w);
	if (failed == 0)
		pthread_setname_np(f->thread, "flusher");
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
	f->started_ms = clock_wall_ms();
	w->shared = f;
	w->flush = f->flush = flush_new(settings, outbox, err, errlen);
	if (w->flush == NULL)
		goto fail;
	flush_stats(w->flush, &f->stats);
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

/* The number of messages that are still in the outbox. */
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

/*
 * Wait for the thread.  False: it hangs.  If everything is on disk and Redis does not
 * answer, the wait ends before the deadline.  With the lock held.
 */
static bool
wait_for_end(struct flusher *f)
{
	uint64_t answers = f->done ? 0 : flush_answers(f->flush);
	int64_t heard_ms = clock_mono_ms(), now_ms = heard_ms;

	while (!f->done && now_ms < f->deadline_ms + STOP_GRACE_MS) {
		struct timespec at = timespec_ms(now_ms + STEP_MS);

		pthread_cond_timedwait(&f->over, &f->lock, &at);
		if (f->done)
			break;
		now_ms = clock_mono_ms();
		if (flush_answers(f->flush) != answers) {
			answers = flush_answers(f->flush);
			heard_ms = now_ms;
		}
		if (f->stats.store.on_disk && now_ms - heard_ms > STALL_MS)
			break;
	}
	return f->done;
}

static void
log_end(
    const struct flusher_stats *s, uint64_t missing, uint64_t on_disk, uint64_t dropped)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	line_begin(&b, STR(""), "counters-end");
	line_addn(&b, "batches", (int64_t)(s->applied + s->duplicates));
	line_addn(&b, "repeated", (int64_t)s->duplicates);
	line_addn(&b, "connects", (int64_t)s->connects);
	line_addn(&b, "messages_on_disk", (int64_t)on_disk);
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
	uint64_t left, on_disk;
	bool done;

	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	f->deadline_ms = clock_mono_ms() + (int64_t)deadline_ms;
	pthread_cond_signal(&f->wake);
	done = wait_for_end(f);
	f->abandoned = !done;
	if (!done)
		flush_leave(f->flush);
	stats = f->stats;
	pthread_mutex_unlock(&f->lock);
	if (done) {
		pthread_join(thread, NULL);
		flusher_free(f);
	} else {
		pthread_detach(thread);
		outbox_stop_journal(outbox);
	}
	left = stats.pending + left_outside(outbox);
	on_disk = stats.store.on_disk ? left : stats.store.kept_back;
	log_end(&stats, left - on_disk, on_disk, outbox_lost(outbox));
	return left - on_disk;
}
