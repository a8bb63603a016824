/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_thread.c - the journal's thread, which does what callbacks must not wait for.
 *
 * Everything that may wait for the disk is done without the lock.  Segments are made,
 * synced and removed by this thread alone (and by journal_discard(), which waits for
 * it), so no segment disappears while the thread works on it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal_parts.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/line.h"

#define RETRY_MS 1000
#define SAY_MS 60000
#define IDLE_MS 1000
/* How many bytes of pages are made ready ahead of the callbacks. */
#define AHEAD_MIN ((size_t)64 * 1024)
#define AHEAD_MAX ((size_t)1024 * 1024)
#define WHY_BYTES JOURNAL_WHY_SIZE

static void
unlock(struct journal *j)
{
	j->busy = true;
	pthread_mutex_unlock(&j->lock);
}

static void
relock(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	j->busy = false;
	if (j->off)
		pthread_cond_broadcast(&j->synced);
}

/* ==== saying it ==== */

/*
 * Reports are made without the lock as well, since the reader of the log may be slow.
 */
static void
say_down(struct journal *j, const char *why)
{
	unsigned long long left_out = j->figures.left_out;
	int64_t now = clock_mono_ms();

	if (j->said_ms != 0 && now - j->said_ms < SAY_MS)
		return;
	j->said_ms = now;
	j->was_down = true;
	unlock(j);
	log_error(LINE_NOQUEUE
	    ": journal-down unjournaled=%llu: %s; counters are kept in memory and go to Redis, but would not survive a crash",
	    left_out, why);
	relock(j);
}

static void
say_back(struct journal *j)
{
	unsigned long long left_out = j->figures.left_out;

	if (!j->was_down)
		return;
	j->was_down = false;
	j->said_ms = 0;
	unlock(j);
	log_info(LINE_NOQUEUE ": journal-back unjournaled=%llu", left_out);
	relock(j);
}

static void
say_sync_failed(struct journal *j, const struct segment *s, int e)
{
	unlock(j);
	log_error(LINE_NOQUEUE
	    ": journal-sync-failed segment=%s: %s; its records go to a new segment",
	    s->name, strerror(e));
	relock(j);
}

/* ==== making ==== */

static uint64_t
bytes_of(const struct journal *j)
{
	uint64_t n = j->reserved_bytes;

	for (const struct segment *s = j->closed; s != NULL; s = s->next)
		n += s->size;
	return n + (j->cur != NULL ? j->cur->size : 0);
}

/* Make one more segment if possible; else j->why says why not. */
static void
make_spare(struct journal *j)
{
	size_t size = j->segment_bytes;
	bool sync = j->sync != CONF_SYNC_NONE;
	char why[WHY_BYTES];
	struct segment *s;

	if (bytes_of(j) + size > j->max_bytes) {
		snprintf(j->why, sizeof j->why, "journal_max_mb is used up");
		return;
	}
	unlock(j);
	s = segment_make(j, size, sync, why, sizeof why);
	if (s != NULL)
		segment_touch(s, 0, AHEAD_MIN);
	relock(j);
	if (s == NULL)
		memcpy(j->why, why, sizeof why);
	j->spare = s;
}

/* Make sure that there are a spare and a current segment. */
static void
provide(struct journal *j)
{
	if (j->off || (j->spare != NULL && j->cur != NULL))
		return;
	if (j->spare == NULL && j->retry_ms <= clock_mono_ms()) {
		make_spare(j);
		if (j->spare == NULL)
			j->retry_ms = clock_mono_ms() + RETRY_MS;
	}
	/* While the current segment has room, nothing is wrong. */
	if (j->cur != NULL)
		return;
	if (j->spare != NULL && journal_rotate(j))
		say_back(j);
	else
		say_down(j, j->why);
}

/* ==== bringing to disk ==== */

/*
 * A single failure may be the only one.  After more of them, a disk that fails for good
 * would be asked as fast as it answers, with a new segment each time: so it is left
 * alone for longer and longer, and nobody waits for it meanwhile.
 */
static void
back_off(struct journal *j)
{
	int64_t ms = RETRY_MS;

	if (++j->failures < 2)
		return;
	for (unsigned i = 2; i < j->failures && ms < SAY_MS; i++)
		ms *= 2;
	j->sync_after_ms = clock_mono_ms() + (ms < SAY_MS ? ms : SAY_MS);
	j->resting = true;
}

/*
 * A sync of the segment failed and must not be repeated.  Records that are not known to
 * be on disk go to another segment, which is synced in the next turn.
 */
static void
replace(struct journal *j, struct segment *s, int e)
{
	bool current;

	s->failed = true;
	j->figures.sync_failures++;
	say_sync_failed(j, s, e);
	back_off(j);
	j->retry_ms = 0;
	if (j->spare == NULL)
		provide(j);
	/* It may have become full meanwhile. */
	current = s == j->cur;
	if (j->spare == NULL || !segment_copy(j, j->spare, s)) {
		if (j->spare != NULL)
			j->spare->used = 0;
		if (current)
			journal_rotate(j);
		say_down(j, "a segment could not be brought to disk");
		return;
	}
	if (j->spare->used == 0) { /* all of it was on disk */
		if (current)
			journal_rotate(j);
		return;
	}
	/* Insert the copy where the numbers stay in order. */
	if (current) {
		*j->closed_end = s;
		j->closed_end = &s->next;
		j->cur = j->spare;
	} else {
		j->spare->next = s->next;
		s->next = j->spare;
		if (j->closed_end == &s->next)
			j->closed_end = &j->spare->next;
	}
	j->spare = NULL;
	/*
	 * If nothing of it is on disk, the copy has everything, and retire() removes
	 * it.
	 */
	if (s->synced == 0)
		s->end = 0;
}

/* Sync one segment up to its present length.  True: on disk. */
static bool
sync_one(struct journal *j, struct segment *s)
{
	size_t used = s->used;
	int e = 0;

	if (s->failed || s->synced == used)
		return true;
	unlock(j);
	if (fdatasync(s->fd) != 0)
		e = errno;
	relock(j);
	if (e != 0) {
		replace(j, s, e);
		return false;
	}
	j->failures = 0;
	s->synced = used;
	/* The next store into a page that was written out has to wait. */
	s->touched = used;
	return true;
}

static void
sync_all(struct journal *j)
{
	uint64_t target = j->number;
	bool all = true;

	j->resting = false;
	/*
	 * The copy of a closed segment is the next in the list: it may fail and be
	 * copied as well.
	 */
	for (struct segment *s = j->closed; s != NULL && !j->resting; s = s->next)
		all &= sync_one(j, s);
	if (j->cur != NULL && !j->resting)
		all &= sync_one(j, j->cur);
	if (all && target > j->durable)
		j->durable = target;
	pthread_cond_broadcast(&j->synced);
}

/*
 * Touch pages ahead, for twice as much as came since the last time.  Touched pages are
 * written with the next sync, which delays those who wait for it: so not with
 * CONF_SYNC_ALWAYS.
 */
static void
touch_ahead(struct journal *j)
{
	struct segment *s = j->cur;
	size_t from, to;

	if (s == NULL || j->sync == CONF_SYNC_ALWAYS ||
	    s->touched >= s->used + AHEAD_MIN / 2)
		return;
	from = s->used;
	to = 2 * (s->used - s->seen);
	to = from + (to < AHEAD_MIN ? AHEAD_MIN : to > AHEAD_MAX ? AHEAD_MAX : to);
	s->seen = s->used;
	unlock(j);
	segment_touch(s, from, to);
	relock(j);
	s->touched = to;
}

/* ==== removing ==== */

static bool
is_over(const struct journal *j, const struct segment *s)
{
	return s->end <= j->covers;
}

/* Unmap closed segments that are on disk, and remove those that the ledger covers. */
static void
retire(struct journal *j)
{
	struct segment **at = &j->closed;

	while (*at != NULL) {
		struct segment *s = *at;

		if (!is_over(j, s)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		if (j->closed_end == &s->next)
			j->closed_end = at;
		unlock(j);
		(void)segment_free(j, s, true);
		relock(j);
		/*
		 * The list has only grown at its end, and this segment was not the
		 * last.
		 */
	}
}

/* ==== the thread ==== */

static void
wait_for_work(struct journal *j, int64_t until_ms)
{
	struct timespec at = { .tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000 };

	while (!j->woken)
		if (pthread_cond_timedwait(&j->work, &j->lock, &at) != 0)
			break;
}

void *
journal_run(void *arg)
{
	struct journal *j = arg;
	int64_t synced_ms = clock_mono_ms(), every_ms;
	bool due;

	pthread_mutex_lock(&j->lock);
	while (!j->stopping) {
		j->woken = false;
		provide(j);
		touch_ahead(j);
		retire(j);
		every_ms = j->sync == CONF_SYNC_INTERVAL ? j->sync_ms : IDLE_MS;
		due = j->durable < j->number && j->sync_after_ms <= clock_mono_ms() &&
		    (j->sync == CONF_SYNC_ALWAYS ||
			(j->sync == CONF_SYNC_INTERVAL &&
			    synced_ms + every_ms <= clock_mono_ms()));
		if (due) {
			sync_all(j);
			synced_ms = clock_mono_ms();
			continue;
		}
		wait_for_work(
		    j, clock_mono_ms() + (every_ms < IDLE_MS ? every_ms : IDLE_MS));
	}
	if (j->sync != CONF_SYNC_NONE)
		sync_all(j);
	retire(j);
	pthread_mutex_unlock(&j->lock);
	return NULL;
}
