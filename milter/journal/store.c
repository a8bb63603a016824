/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.c - what is counted and not yet in Redis for good.  See the header.
 */
#include "journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/store_parts.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/logger.h"
#include "text/line.h"

#define SEGMENT_BYTES ((size_t)8 * 1024 * 1024)
#define THIN_MS 1000
#define CROWDED_MS 60000

static struct lanes_time
time_now(void)
{
	return (struct lanes_time) { .mono_ms = clock_mono_ms(),
		.wall_ms = clock_wall_ms() };
}

/* ==== taking ==== */

/* Add the batches that are not in the ledger yet to the group. */
static bool
add_unsaved(struct store *s)
{
	struct lane *lane = NULL;
	bool any = false;

	while ((lane = lanes_each_awake(s->lanes, lane)) != NULL) {
		for (const struct batch *b = lane->at; b != NULL; b = b->next) {
			if (!b->unsaved)
				continue;
			store_add_batch(s, b, b->renumbered ? STORE_RENUMBERED : 0);
			any = true;
		}
	}
	return any;
}

/* Everything that was taken is in the group: add the batches, and commit. */
static void
commit_taken(struct store *s)
{
	(void)add_unsaved(s);
	store_add_commit(s);
	(void)store_commit(s);
}

void
store_take(struct store *s)
{
	if (!store_take_new(s))
		return;
	store_open_fresh(s, true);
	if (store_is_kept(s))
		commit_taken(s);
}

/* ==== sealing ==== */

static void
seal(struct store *s)
{
	struct tally *rest = tally_new(SIZE_MAX, SIZE_MAX, s->seed);

	if (rest == NULL) {
		s->stale = true; /* counts were taken that are in no record */
		return;
	}
	if (lanes_seal(s->lanes, s->open, rest, s->recovered, time_now()) != 0)
		s->stale = true; /* there are open sums that are not in the group */
	if (store_merge(s, rest) != 0)
		s->stale = true;
	tally_free(rest);
	s->recovered &= store_has_open(s);
}

void
store_seal(struct store *s, bool moving)
{
	bool took, any;

	took = !moving && store_take_new(s);
	if (took)
		store_open_fresh(s, false);
	if (!moving && store_has_open(s))
		seal(s);
	if (!store_is_kept(s)) {
		store_release_all(s);
		return;
	}
	any = add_unsaved(s);
	/* The ACK follows the batches: it goes by the numbers that they have now. */
	if (s->settled)
		store_add_ack(s);
	if (!took && !any && !s->renamed)
		return;
	store_add_commit(s);
	if (store_commit(s) != 0 && any)
		store_go_blind(s);
}

void
store_settled(struct store *s)
{
	s->settled = true;
}

void
store_forgotten(struct store *s, struct str campaign, uint64_t upto)
{
	struct buf *p;

	if (!store_is_kept(s))
		return;
	p = ledger_payload(s->ledger);
	jpack_text(p, campaign);
	jpack_u(p, upto);
	ledger_add(s->ledger, JREC_FORGET);
	s->renamed = true;
}

void
store_save(struct store *s)
{
	char why[256];

	store_take(s);
	if (!store_is_kept(s) || !ledger_is_good(s->ledger))
		return;
	/* An ACK goes by their numbers. */
	if (add_unsaved(s)) {
		store_add_commit(s);
		if (store_commit(s) != 0)
			return;
	}
	store_add_ack(s);
	(void)ledger_commit(s->ledger, false, why, sizeof why);
}

static uint64_t
crowded(const struct store *s)
{
	return outbox_crowded(s->outbox) + tally_crowded(s->open);
}

/* Say that more campaigns wait for Redis than are allowed. */
static void
say_crowded(struct store *s, int64_t now)
{
	uint64_t n = crowded(s);

	if (n == s->crowded || (s->crowded_ms != 0 && now - s->crowded_ms < CROWDED_MS))
		return;
	log_warn(LINE_NOQUEUE
	    ": campaigns-crowded messages=%llu campaigns=%zu: they count as _other, as no more campaigns are kept for Redis",
	    (unsigned long long)(n - s->crowded), outbox_max_entries(s->outbox));
	s->crowded = n;
	s->crowded_ms = now;
}

void
store_tick(struct store *s)
{
	int64_t now = clock_mono_ms();

	say_crowded(s, now);
	if (store_is_kept(s) &&
	    (journal_is_long(s->journal) || s->stale || !ledger_is_good(s->ledger))) {
		if (store_take_new(s))
			store_open_fresh(s, true);
		commit_taken(s);
	}
	if (now - s->thinned_ms < THIN_MS && s->thinned_ms != 0)
		return;
	s->thinned_ms = now;
	lanes_expire(s->lanes, now);
	lanes_rest(s->lanes);
}

/* ==== another Redis ==== */

void
store_moved(struct store *s, const char *place)
{
	lanes_moved(s->lanes);
	snprintf(s->place, sizeof s->place, "%s", place);
	s->renamed = true;
	if (store_is_kept(s))
		store_add_place(s);
}

void
store_place(struct store *s, const char *place)
{
	if (s->place[0] != '\0' && strcmp(s->place, place) == 0)
		return;
	if (s->place[0] != '\0')
		log_warn(LINE_NOQUEUE
		    ": counters-moved: until now they went to %s; what that has acknowledged stays there",
		    s->place);
	store_moved(s, place);
}

/* ==== figures ==== */

struct lanes *
store_lanes(struct store *s)
{
	return s->lanes;
}

bool
store_has_open(const struct store *s)
{
	return tally_first(s->open) != NULL;
}

bool
store_is_empty(const struct store *s)
{
	return !store_has_open(s) && s->fresh == NULL && lanes_pending(s->lanes) == 0;
}

static int64_t
oldest(const struct store *s)
{
	int64_t ms = lanes_oldest_ms(s->lanes);
	const struct tally_entry *e = tally_first(s->open);

	for (; e != NULL; e = e->next)
		if (e->hours != NULL && (ms == 0 || e->hours->first * 1000 < ms))
			ms = e->hours->first * 1000;
	return ms;
}

void
store_figures(const struct store *s, struct store_figures *out)
{
	struct tally_weight w = { 0, 0 };

	*out = (struct store_figures) { .damaged = s->damaged };
	lanes_weigh(s->lanes, &w);
	tally_weigh(&w, s->open);
	if (s->fresh != NULL)
		tally_weigh(&w, s->fresh);
	out->crowded = crowded(s);
	out->kept_back = store_parked(s);
	out->pending = tally_weight_messages(&w) + out->kept_back;
	/* A stop must not report these as being on disk. */
	out->kept_back -= store_doubtful(s);
	out->oldest_ms = oldest(s);
	out->campaigns = tally_entries(s->open);
	out->retained = lanes_retained(s->lanes, &out->retained_bytes);
	out->journal.down = true;
	if (!store_is_kept(s))
		return;
	journal_figures(s->journal, &out->journal);
	out->ledger_bytes = ledger_bytes(s->ledger);
	out->held = s->stale && (s->disk != DISK_GIVEN_UP || s->parked.sums != NULL);
	out->on_disk = !s->stale && s->disk != DISK_GIVEN_UP && s->disk != DISK_STUCK &&
	    !out->journal.down;
}

/* ==== life ==== */

static void
journal_settings(const struct store_settings *set, struct journal_settings *out)
{
	uint64_t part = set->max_bytes / 8;

	*out = (struct journal_settings) { .dir = set->dir,
		.producer = set->producer,
		.sync = set->sync,
		.sync_ms = set->sync_ms,
		.segment_bytes = part < SEGMENT_BYTES ? (size_t)part : SEGMENT_BYTES,
		.max_bytes = set->max_bytes };
}

void
store_set(struct store *s, const struct store_settings *set)
{
	struct journal_settings js;

	lanes_retain(s->lanes, set->retain_ms, set->retain_bytes);
	s->set.sync = set->sync;
	s->set.sync_ms = set->sync_ms;
	s->set.max_bytes = set->max_bytes;
	if (!store_is_kept(s))
		return;
	journal_settings(set, &js);
	journal_set(s->journal, &js);
	ledger_set_sync(s->ledger, set->sync != CONF_SYNC_NONE);
}

/* Make the directory, and sync its name as well.  0, or -1 with errno. */
static int
make_dir(const struct store *s)
{
	int fd, above;

	if (mkdir(s->set.dir, 0700) != 0)
		return errno == EEXIST ? 0 : -1;
	if (s->set.sync == CONF_SYNC_NONE)
		return 0;
	/* If this fails, its files cannot be synced either, and that is reported. */
	fd = open(s->set.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	above = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above >= 0) {
		(void)fsync(above);
		close(above);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

/* False if the disk has no room for the directory: mail does not wait for that. */
static bool
has_dir(struct store *s)
{
	if (make_dir(s) == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EROFS))
		return true; /* opening it will say what is wrong */
	log_error(LINE_NOQUEUE
	    ": journal-missing: %s: %s; until it is started again with room there the daemon keeps counters in memory only",
	    s->set.dir, strerror(errno));
	return false;
}

static int
open_disk(struct store *s, char *err, size_t errlen)
{
	struct journal_settings js;
	char why[256];
	uint64_t next = 1;

	s->ledger = ledger_open(s->set.dir, s->set.producer, err, errlen);
	if (s->ledger == NULL || store_load(s, &next, err, errlen) != 0)
		return -1;
	journal_settings(&s->set, &js);
	s->journal = journal_open(&js, next, err, errlen);
	if (s->journal == NULL)
		return -1;
	store_set(s, &s->set);
	if (store_take_new(s))
		store_open_fresh(s, true);
	s->covers = next;
	s->recovered = store_has_open(s);
	s->stale = true;
	if (store_rewrite(s, why, sizeof why) != 0) {
		log_error(LINE_NOQUEUE
		    ": ledger-failed: %s; counters are kept in memory until it can be written",
		    why);
		/* Park what was recovered, so that new counts are not mixed with it. */
		store_park_found(s);
	}
	outbox_set_journal(s->outbox, s->journal);
	return 0;
}

struct store *
store_open(
    const struct store_settings *set, struct outbox *outbox, char *err, size_t errlen)
{
	struct store *s = calloc(1, sizeof *s);

	if (s == NULL)
		goto no_memory;
	s->set = *set;
	s->outbox = outbox;
	if (random_bytes(s->seed, sizeof s->seed) != 0) {
		snprintf(err, errlen, "no random bytes from the system");
		goto fail;
	}
	s->lanes = lanes_new(s->seed, (uint64_t)clock_wall_ms() * 1000);
	s->names = names_new(s->seed, 0);
	s->open = outbox_empty_tally(outbox);
	if (s->lanes == NULL || s->names == NULL || s->open == NULL)
		goto no_memory;
	lanes_retain(s->lanes, set->retain_ms, set->retain_bytes);
	if (set->dir[0] == '\0' || !has_dir(s) || open_disk(s, err, errlen) == 0)
		return s;
fail:
	store_free(s);
	return NULL;
no_memory:
	snprintf(err, errlen, "out of memory");
	goto fail;
}

void
store_stop(struct store *s)
{
	store_save(s);
	outbox_stop_journal(s->outbox);
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	journal_keep(&s->found);
	ledger_free(s->ledger);
	lanes_free(s->lanes);
	names_free(s->names);
	tally_free(s->open);
	tally_free(s->fresh);
	tally_free(s->parked.sums);
	free(s);
}
