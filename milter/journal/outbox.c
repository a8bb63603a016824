/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox.c - a tally behind a mutex, in front of the journal.
 *
 * The record for the journal is packed before the lock is taken.  Under it: is the name
 * admitted, add to the tally (all or nothing), copy the record.  In this order nothing
 * gets into the journal that is not in memory.
 */
#include "journal/outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/names.h"
#include "counting/jpack.h"
#include "journal/journal.h"
#include "system/random.h"
#include "text/crc32c.h"

/* A record of up to this many bytes (thirty recipients or more) needs no malloc(). */
#define RECORD_BYTES ((size_t)1024)

struct outbox {
	uint8_t seed[NAMEMAP_SEED_BYTES];
	size_t max_hours;
	struct journal *journal; /* NULL: none; set while nobody puts */

	pthread_mutex_t lock; /* guards all below */
	struct tally *tally;
	struct names *names;
	size_t max_entries;
	uint64_t lost, renamed, messages;
	uint64_t crowded; /* in the tallies that were taken */
};

/* A delta as a record's payload. */
struct record {
	uint8_t small[RECORD_BYTES];
	uint8_t *p; /* NULL when out of memory */
	size_t n;
	uint32_t sum;
};

static void
record_pack(struct record *r, const struct tally_delta *d)
{
	size_t bound = jpack_delta_bound(d);

	r->p = bound <= sizeof r->small ? r->small : malloc(bound);
	if (r->p == NULL)
		return;
	r->n = jpack_delta(r->p, d);
	r->sum = crc32c(0, r->p, r->n);
}

static void
record_free(struct record *r)
{
	if (r->p != r->small)
		free(r->p);
}

/* ==== the port ==== */

static void
name_other(struct tally_delta *d)
{
	d->campaign = (struct camp_name) { .name = CAMP_OTHER,
		.len = sizeof CAMP_OTHER - 1,
		.sent = CAMP_OTHER,
		.sent_len = sizeof CAMP_OTHER - 1 };
}

static int
count(struct outbox *o, const struct tally_delta *d)
{
	if (tally_add(o->tally, d) == -1) {
		o->lost++;
		return -1;
	}
	o->messages += (uint64_t)(d->n[TALLY_MESSAGES] + d->n[TALLY_REJECTED] +
	    d->n[TALLY_TEMPFAILED]);
	return 0;
}

/* True: the record is in the journal, under *number. */
static bool
write_down(struct outbox *o, const struct record *r, uint64_t *number)
{
	return r->p != NULL &&
	    journal_put(o->journal, JREC_DELTA, r->p, r->n, r->sum, number);
}

/*
 * Pack the record with another name, under the lock: only names beyond the cap need
 * this.
 */
static int
put_other(
    struct outbox *o, const struct tally_delta *d, bool *written, uint64_t *number)
{
	struct tally_delta other = *d;
	struct record r;

	name_other(&other);
	o->renamed++;
	if (count(o, &other) == -1)
		return -1;
	if (o->journal == NULL)
		return 0;
	record_pack(&r, &other);
	*written = write_down(o, &r, number);
	record_free(&r);
	return 0;
}

static int
put(void *self, const struct tally_delta *d)
{
	struct outbox *o = self;
	bool written = false;
	uint64_t number = 0;
	struct record r = { .p = NULL };
	int result;

	if (o->journal != NULL)
		record_pack(&r, d);
	pthread_mutex_lock(&o->lock);
	if (names_admit(
		o->names, str_make(d->campaign.name, d->campaign.len), d->when)) {
		result = count(o, d);
		if (result == 0 && o->journal != NULL)
			written = write_down(o, &r, &number);
	} else {
		result = put_other(o, d, &written, &number);
	}
	pthread_mutex_unlock(&o->lock);
	record_free(&r);
	if (written)
		journal_wait(o->journal, number);
	return result;
}

struct tally_sink
outbox_sink(struct outbox *o)
{
	return (struct tally_sink) { .put = put, .self = o };
}

/* ==== life ==== */

struct outbox *
outbox_new(size_t max_entries, size_t max_hours, uint32_t max_new_names)
{
	struct outbox *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->max_entries = max_entries;
	o->max_hours = max_hours;
	if (random_bytes(o->seed, sizeof o->seed) == 0)
		o->names = names_new(o->seed, max_new_names);
	if (o->names != NULL)
		o->tally = tally_new(max_entries, max_hours, o->seed);
	if (o->tally != NULL && pthread_mutex_init(&o->lock, NULL) == 0)
		return o;
	tally_free(o->tally);
	names_free(o->names);
	free(o);
	return NULL;
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	journal_free(o->journal);
	names_free(o->names);
	tally_free(o->tally);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

void
outbox_set_max_new_names(struct outbox *o, uint32_t max_new_names)
{
	pthread_mutex_lock(&o->lock);
	names_set_max_new(o->names, max_new_names);
	pthread_mutex_unlock(&o->lock);
}

void
outbox_set_max_entries(struct outbox *o, size_t max_entries)
{
	pthread_mutex_lock(&o->lock);
	o->max_entries = max_entries;
	tally_limit(o->tally, max_entries);
	pthread_mutex_unlock(&o->lock);
}

size_t
outbox_max_entries(struct outbox *o)
{
	size_t n;

	pthread_mutex_lock(&o->lock);
	n = o->max_entries;
	pthread_mutex_unlock(&o->lock);
	return n;
}

void
outbox_set_journal(struct outbox *o, struct journal *j)
{
	pthread_mutex_lock(&o->lock);
	o->journal = j;
	pthread_mutex_unlock(&o->lock);
}

void
outbox_stop_journal(struct outbox *o)
{
	journal_stop(o->journal);
}

int
outbox_replay(struct outbox *o, const struct tally_delta *d)
{
	struct str name = str_make(d->campaign.name, d->campaign.len);
	int r;

	pthread_mutex_lock(&o->lock);
	/*
	 * The name was admitted when it was put; whether it would be now does not
	 * matter.
	 */
	(void)names_admit(o->names, name, d->when);
	r = count(o, d);
	pthread_mutex_unlock(&o->lock);
	return r;
}

int
outbox_learn(struct outbox *o, struct str name, int64_t first_day, int64_t last_day)
{
	int r;

	pthread_mutex_lock(&o->lock);
	r = names_learn(o->names, name, first_day, last_day);
	pthread_mutex_unlock(&o->lock);
	return r;
}

/* ==== for the flusher ==== */

struct tally *
outbox_empty_tally(struct outbox *o)
{
	return tally_new(outbox_max_entries(o), o->max_hours, o->seed);
}

struct tally *
outbox_take(struct outbox *o, uint64_t *covers)
{
	struct tally *empty = outbox_empty_tally(o); /* not under the lock */
	struct tally *taken = NULL;

	if (empty == NULL)
		return NULL;
	pthread_mutex_lock(&o->lock);
	if (tally_first(o->tally) != NULL) {
		taken = o->tally;
		o->crowded += tally_crowded(taken);
		o->tally = empty;
		o->messages = 0;
		empty = NULL;
		if (covers != NULL && o->journal != NULL)
			*covers = journal_next(o->journal);
	}
	pthread_mutex_unlock(&o->lock);
	tally_free(empty);
	return taken;
}

void
outbox_new_names(struct outbox *o,
    void (*each)(void *arg, struct str name, int64_t first_day, int64_t last_day),
    void *arg)
{
	struct name *n;

	pthread_mutex_lock(&o->lock);
	while ((n = names_unsaved(o->names)) != NULL)
		each(arg, n->link.name, n->first_day, n->last_day);
	pthread_mutex_unlock(&o->lock);
}

bool
outbox_is_empty(struct outbox *o)
{
	bool empty;

	pthread_mutex_lock(&o->lock);
	empty = tally_first(o->tally) == NULL;
	pthread_mutex_unlock(&o->lock);
	return empty;
}

static uint64_t
read_locked(struct outbox *o, const uint64_t *figure)
{
	uint64_t n;

	pthread_mutex_lock(&o->lock);
	n = *figure;
	pthread_mutex_unlock(&o->lock);
	return n;
}

uint64_t
outbox_lost(struct outbox *o)
{
	return read_locked(o, &o->lost);
}

uint64_t
outbox_renamed(struct outbox *o)
{
	return read_locked(o, &o->renamed);
}

uint64_t
outbox_crowded(struct outbox *o)
{
	uint64_t n;

	pthread_mutex_lock(&o->lock);
	n = o->crowded + tally_crowded(o->tally);
	pthread_mutex_unlock(&o->lock);
	return n;
}

uint64_t
outbox_messages(struct outbox *o)
{
	return read_locked(o, &o->messages);
}
