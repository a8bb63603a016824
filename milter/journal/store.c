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

static bool
kept(const struct store *s)
{
	return s->ledger != NULL;
}

static struct lanes_time
time_now(void)
{
	return (struct lanes_time) { .mono_ms = clock_mono_ms(),
		.wall_ms = clock_wall_ms() };
}

/* ==== taking ==== */

/* One entry into the open sums.  false: no memory, it is the caller's yet. */
static bool
open_entry(struct store *s, struct tally_entry *e, bool write)
{
	struct str name;

	tally_rename(s->open, e);
	name = str_make(e->campaign.name, e->campaign.len);
	/* What is sealed in the same commit stands there as a batch. */
	if (kept(s) && (write || lanes_busy(s->lanes, name)))
		store_add_open(s, e);
	return tally_give(s->open, e) == 0;
}

/* What was taken into the open sums; what memory does not allow stays in fresh. */
static void
open_fresh(struct store *s, bool write)
{
	struct tally *t = s->fresh;
	struct tally_entry *e;

	s->fresh = NULL;
	while (t != NULL && (e = tally_take(t)) != NULL) {
		if (open_entry(s, e, write))
			continue;
		/* It may be in the group already, and must not get there again. */
		s->incomplete = true;
		tally_give(t, e);
		s->fresh = t;
		return;
	}
	tally_free(t);
}

static void
note_name(void *arg, struct str name, int64_t first_day, int64_t last_day)
{
	struct store *s = arg;

	s->renamed = true;
	(void)names_learn(s->names, name, first_day, last_day);
	if (kept(s))
		store_add_name(s, name, first_day, last_day);
}

static bool
take(struct store *s)
{
	struct journal_figures fig = { .left_out = 0 };
	uint64_t covers = s->covers;
	struct tally *t;

	if (s->fresh != NULL)
		return true;
	if (kept(s))
		journal_figures(s->journal, &fig);
	t = outbox_take(s->outbox, &covers);
	if (t == NULL)
		return false;
	s->fresh = t;
	s->covers = covers;
	s->left_out_taken = fig.left_out;
	tally_limit(s->open, outbox_max_entries(s->outbox));
	outbox_new_names(s->outbox, note_name, s);
	return true;
}

bool
store_take_all(struct store *s)
{
	for (int i = 0; i < 2 && (s->fresh != NULL || take(s)); i++)
		open_fresh(s, false);
	return s->fresh == NULL && outbox_is_empty(s->outbox);
}

/* Batches that are not in the ledger yet, into the group. */
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

/* What was taken is all in the group; and what else the commit says is written. */
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
	if (!take(s))
		return;
	open_fresh(s, true);
	if (kept(s))
		commit_taken(s);
}

/* ==== sealing ==== */

int
store_merge(struct store *s, struct tally *from)
{
	int r;

	tally_limit(s->open, SIZE_MAX);
	r = tally_merge(s->open, from);
	tally_limit(s->open, outbox_max_entries(s->outbox));
	return r;
}

static void
seal(struct store *s)
{
	struct tally *rest = tally_new(SIZE_MAX, SIZE_MAX, s->seed);

	if (rest == NULL) {
		s->incomplete = true; /* what was taken is in no record */
		return;
	}
	if (lanes_seal(s->lanes, s->open, rest, s->recovered, time_now()) != 0)
		s->incomplete = true; /* something is open that is not in the group */
	if (store_merge(s, rest) != 0)
		s->incomplete = true;
	tally_free(rest);
	s->recovered &= store_has_open(s);
}

void
store_seal(struct store *s, bool moving)
{
	bool took, any;

	took = !moving && take(s);
	if (took)
		open_fresh(s, false);
	if (!moving && store_has_open(s))
		seal(s);
	if (!kept(s)) {
		store_release_all(s);
		return;
	}
	any = add_unsaved(s);
	/* Behind them: it goes by the numbers that they have now. */
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

	if (!kept(s))
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
	if (!kept(s) || !ledger_is_good(s->ledger))
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

/* More campaigns wait for Redis than may. */
static void
say_crowded(struct store *s, int64_t now)
{
	uint64_t n = crowded(s);

	if (n == s->crowded || (s->crowded_ms != 0 && now - s->crowded_ms < CROWDED_MS))
		return;
	log_warn(LINE_NOQUEUE
	    ": campaigns-crowded messages=%llu campaigns=%zu: they "
	    "count as _other, as no more campaigns are kept for Redis",
	    (unsigned long long)(n - s->crowded), outbox_max_entries(s->outbox));
	s->crowded = n;
	s->crowded_ms = now;
}

void
store_tick(struct store *s)
{
	int64_t now = clock_mono_ms();

	say_crowded(s, now);
	if (kept(s) &&
	    (journal_is_long(s->journal) || s->incomplete ||
		!ledger_is_good(s->ledger))) {
		if (take(s))
			open_fresh(s, true);
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
	if (kept(s))
		store_add_place(s);
}

void
store_place(struct store *s, const char *place)
{
	if (s->place[0] != '\0' && strcmp(s->place, place) == 0)
		return;
	if (s->place[0] != '\0')
		log_warn(LINE_NOQUEUE
		    ": counters-moved: until now they went to %s; what "
		    "that has acknowledged stays there",
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
	out->kept_back = store_kept_back(s);
	out->pending = tally_weight_messages(&w) + out->kept_back;
	/* A stop must not say of these that the disk has them. */
	out->kept_back -= store_doubtful(s);
	out->oldest_ms = oldest(s);
	out->campaigns = tally_entries(s->open);
	out->retained = lanes_retained(s->lanes, &out->retained_bytes);
	out->journal.down = true;
	if (!kept(s))
		return;
	journal_figures(s->journal, &out->journal);
	out->ledger_bytes = ledger_bytes(s->ledger);
	out->held = s->incomplete && (!s->blind || s->back != NULL);
	out->on_disk = !s->incomplete && !s->blind && !out->journal.down;
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
	if (!kept(s))
		return;
	journal_settings(set, &js);
	journal_set(s->journal, &js);
	ledger_set_sync(s->ledger, set->sync != CONF_SYNC_NONE);
}

/* The directory, whose own name is to last as well.  0, or -1 with errno. */
static int
make_dir(const struct store *s)
{
	int fd, above;

	if (mkdir(s->set.dir, 0700) != 0)
		return errno == EEXIST ? 0 : -1;
	if (s->set.sync == CONF_SYNC_NONE)
		return 0;
	/* Should this fail, files in it will fail to last too, and say so. */
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

/* Is there one?  Mail does not wait for a disk that has no room for it. */
static bool
has_dir(struct store *s)
{
	if (make_dir(s) == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EROFS))
		return true; /* to open it tells what is wrong */
	log_error(LINE_NOQUEUE
	    ": journal-missing: %s: %s; until it is started again with room there the "
	    "daemon keeps counters in memory only",
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
	if (take(s))
		open_fresh(s, true);
	s->covers = next;
	s->recovered = store_has_open(s);
	s->incomplete = true;
	if (store_rewrite(s, why, sizeof why) != 0) {
		log_error(LINE_NOQUEUE
		    ": ledger-failed: %s; counters are kept in memory "
		    "until it can be written",
		    why);
		/* What comes is told from it, should it have to stay there. */
		store_set_apart(s);
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
	tally_free(s->back);
	free(s);
}
