/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.c - records into the current segment, and the journal's beginning and end.
 *
 * The first part runs in callbacks: look-ups and copies under the lock, and no system
 * call except the wake-up of the thread.
 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counting/jpack.h"
#include "journal/journal_parts.h"
#include "system/busguard.h"
#include "text/crc32c.h"

/* ==== for callbacks ==== */

/* With the lock held. */
static bool
put(struct journal *j, enum jrec_type type, const void *payload, size_t n, uint32_t sum)
{
	size_t need = jrec_size(n);

	for (int tries = 0; tries < 2 && !j->off; tries++) {
		struct segment *s = j->cur;

		if (s != NULL && s->size - s->used >= need) {
			if (segment_put(s, type, j->number, payload, n, sum))
				return true;
			s->failed = true;
		}
		if (!journal_rotate(j))
			break;
	}
	return false;
}

bool
journal_put(struct journal *j, enum jrec_type type, const void *payload, size_t n,
    uint32_t sum, uint64_t *number)
{
	bool done;

	pthread_mutex_lock(&j->lock);
	done = put(j, type, payload, n, sum);
	*number = j->number;
	if (done) {
		j->number++;
		j->figures.records++;
		if (j->sync == CONF_SYNC_ALWAYS)
			journal_wake(j);
	} else {
		j->figures.left_out++;
	}
	pthread_mutex_unlock(&j->lock);
	return done;
}

uint64_t
journal_next(struct journal *j)
{
	uint64_t n;

	pthread_mutex_lock(&j->lock);
	n = j->number;
	pthread_mutex_unlock(&j->lock);
	return n;
}

void
journal_wait(struct journal *j, uint64_t number)
{
	pthread_mutex_lock(&j->lock);
	while (j->sync == CONF_SYNC_ALWAYS && j->durable <= number &&
	    j->covers <= number && !j->stopping && !j->off && !j->resting &&
	    j->cur != NULL)
		pthread_cond_wait(&j->synced, &j->lock);
	pthread_mutex_unlock(&j->lock);
}

/* ==== for the flusher ==== */

void
journal_release(struct journal *j, uint64_t covers)
{
	pthread_mutex_lock(&j->lock);
	if (covers > j->covers) {
		j->covers = covers;
		journal_wake(j);
		pthread_cond_broadcast(&j->synced);
	}
	pthread_mutex_unlock(&j->lock);
}

bool
journal_is_long(struct journal *j)
{
	bool is_long;

	pthread_mutex_lock(&j->lock);
	is_long = j->closed != NULL && j->closed->end > j->covers;
	pthread_mutex_unlock(&j->lock);
	return is_long;
}

void
journal_reserve(struct journal *j, uint64_t bytes)
{
	pthread_mutex_lock(&j->lock);
	j->reserved_bytes = bytes;
	pthread_mutex_unlock(&j->lock);
}

void
journal_figures(struct journal *j, struct journal_figures *out)
{
	pthread_mutex_lock(&j->lock);
	*out = j->figures;
	out->down = j->cur == NULL;
	out->segments = out->bytes = 0;
	for (const struct segment *s = j->closed; s != NULL; s = s->next) {
		out->segments++;
		out->bytes += s->size;
	}
	for (int i = 0; i < 2; i++) {
		const struct segment *s = i == 0 ? j->cur : j->spare;

		out->segments += s != NULL;
		out->bytes += s != NULL ? s->size : 0;
	}
	pthread_mutex_unlock(&j->lock);
}

/* Take all segments away from the thread; with the lock held. */
static struct segment *
take_all(struct journal *j)
{
	struct segment *all;

	if (j->spare != NULL) {
		journal_close_current(j);
		j->cur = j->spare;
		j->spare = NULL;
	}
	journal_close_current(j);
	all = j->closed;
	j->closed = NULL;
	j->closed_end = &j->closed;
	return all;
}

/* Take no more records, and free the segments. */
static int
turn_off(struct journal *j, bool remove)
{
	struct segment *all;
	int r = 0;

	pthread_mutex_lock(&j->lock);
	j->off = true;
	pthread_cond_broadcast(&j->synced);
	while (j->busy)
		pthread_cond_wait(&j->synced, &j->lock);
	all = take_all(j);
	pthread_mutex_unlock(&j->lock);
	while (all != NULL) {
		struct segment *s = all;

		all = s->next;
		if (segment_free(j, s, remove) != 0)
			r = -1;
	}
	return r;
}

int
journal_discard(struct journal *j)
{
	return turn_off(j, true);
}

void
journal_leave(struct journal *j)
{
	(void)turn_off(j, false);
}

void
journal_resume(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	j->off = false;
	journal_wake(j);
	pthread_mutex_unlock(&j->lock);
}

/* ==== life ==== */

void
journal_set(struct journal *j, const struct journal_settings *set)
{
	size_t segment_bytes = set->segment_bytes;

	if (segment_bytes < JOURNAL_SEGMENT_MIN)
		segment_bytes = JOURNAL_SEGMENT_MIN;
	pthread_mutex_lock(&j->lock);
	j->sync = set->sync;
	j->sync_ms = set->sync_ms;
	j->segment_bytes = segment_bytes;
	j->max_bytes = set->max_bytes;
	journal_wake(j);
	pthread_cond_broadcast(&j->synced);
	pthread_mutex_unlock(&j->lock);
}

static int
init_sync(struct journal *j)
{
	pthread_condattr_t attr;
	int failed;

	if (pthread_condattr_init(&attr) != 0)
		return -1;
	failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_mutex_init(&j->lock, NULL) != 0 ||
	    pthread_cond_init(&j->work, &attr) != 0 ||
	    pthread_cond_init(&j->synced, &attr) != 0;
	pthread_condattr_destroy(&attr);
	return failed ? -1 : 0;
}

/* Start the thread with all signals blocked, except those that its own code raises. */
static int
start_thread(struct journal *j)
{
	sigset_t most, old;
	int failed;

	sigfillset(&most);
	sigdelset(&most, SIGBUS);
	sigdelset(&most, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &most, &old);
	failed = pthread_create(&j->thread, NULL, journal_run, j);
	if (failed == 0)
		pthread_setname_np(j->thread, "journal");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

static struct journal *
make(const struct journal_settings *set, uint64_t first, char *err, size_t errlen)
{
	struct journal *j = calloc(1, sizeof *j);

	if (j == NULL || init_sync(j) != 0) {
		snprintf(err, errlen, "out of memory");
		free(j);
		return NULL;
	}
	snprintf(j->producer, sizeof j->producer, "%s", set->producer);
	j->closed_end = &j->closed;
	j->number = j->durable = j->covers = first;
	buf_init(&j->schema, JREC_PAYLOAD_MAX);
	jpack_schema(&j->schema);
	j->schema_sum = crc32c(0, j->schema.p, j->schema.len);
	j->dirfd = open(set->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dirfd < 0)
		snprintf(err, errlen, "%s: %s", set->dir, strerror(errno));
	else if (buf_failed(&j->schema))
		snprintf(err, errlen, "out of memory");
	else
		return j;
	journal_free(j);
	return NULL;
}

struct journal *
journal_open(
    const struct journal_settings *set, uint64_t first, char *err, size_t errlen)
{
	struct journal *j = make(set, first, err, errlen);
	char why[256];
	int e;

	if (j == NULL)
		return NULL;
	if (busguard_install() != 0) {
		snprintf(err, errlen, "sigaction: %s", strerror(errno));
		journal_free(j);
		return NULL;
	}
	journal_set(j, set);
	/*
	 * Callbacks need a segment at once.  If this fails, the thread tries again and
	 * reports it.
	 */
	j->spare = segment_make(
	    j, j->segment_bytes, j->sync != CONF_SYNC_NONE, why, sizeof why);
	journal_rotate(j);
	e = start_thread(j);
	if (e == 0)
		return j;
	snprintf(err, errlen, "cannot start a thread: %s", strerror(e));
	journal_free(j);
	return NULL;
}

void
journal_stop(struct journal *j)
{
	bool again;

	if (j == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	again = j->stopping;
	j->stopping = true;
	journal_wake(j);
	pthread_cond_broadcast(&j->synced);
	pthread_mutex_unlock(&j->lock);
	/* A second call must not join the thread again. */
	if (!again)
		pthread_join(j->thread, NULL);
}

void
journal_free(struct journal *j)
{
	struct segment *all;

	if (j == NULL)
		return;
	/*
	 * A spare has no head yet: at the next start it would look like a crash while
	 * it was made.
	 */
	segment_free(j, j->spare, true);
	j->spare = NULL;
	all = take_all(j);
	while (all != NULL) {
		struct segment *s = all;

		all = s->next;
		segment_free(j, s, false);
	}
	buf_fini(&j->schema);
	if (j->dirfd >= 0)
		close(j->dirfd);
	pthread_mutex_destroy(&j->lock);
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->synced);
	free(j);
}
