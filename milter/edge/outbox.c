/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox.c - a tally behind a mutex, and the daily cap on new campaign names.
 *
 * The names met so far hang in a map and in a list ordered by last use.  Each put looks
 * at the two that were not used for longest and drops what is a week old, so the list
 * is bounded by a week's new names and never needs a sweep under the lock.
 */
#include "edge/outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/namemap.h"
#include "edge/crypto.h"

#define FORGET_AFTER_DAYS 7

struct known {
	struct namemap_link link;
	struct known *newer, *older; /* by last use */
	int64_t day;                 /* of the last use */
	char name[];
};

struct outbox {
	uint8_t seed[NAMEMAP_SEED_BYTES];
	size_t max_entries, max_hours;

	pthread_mutex_t lock; /* guards all below */
	struct tally *tally;
	struct namemap names;
	struct known *newest, *oldest;
	int64_t today;
	uint32_t new_today, max_new_names;
	uint64_t lost, renamed;
};

/* ==== names ==== */

static void
known_unlink(struct outbox *o, struct known *k)
{
	*(k->newer != NULL ? &k->newer->older : &o->newest) = k->older;
	*(k->older != NULL ? &k->older->newer : &o->oldest) = k->newer;
}

static void
known_link(struct outbox *o, struct known *k, int64_t day)
{
	k->day = day;
	k->newer = NULL;
	k->older = o->newest;
	*(o->newest != NULL ? &o->newest->newer : &o->oldest) = k;
	o->newest = k;
}

static void
known_drop(struct outbox *o, struct known *k)
{
	known_unlink(o, k);
	namemap_remove(&o->names, &k->link);
	free(k);
}

static void
forget_old(struct outbox *o)
{
	for (int i = 0; i < 2 && o->oldest != NULL; i++)
		if (o->oldest->day < o->today - FORGET_AFTER_DAYS)
			known_drop(o, o->oldest);
}

/* A message's clock may be a little behind that of the one before it. */
static void
set_today(struct outbox *o, int64_t day)
{
	if (day > o->today || day < o->today - 1) {
		o->today = day;
		o->new_today = 0;
	}
}

static struct known *
known_new(struct outbox *o, struct str name)
{
	struct known *k = malloc(sizeof *k + name.len);

	if (k == NULL)
		return NULL;
	memcpy(k->name, name.p, name.len);
	k->link = (struct namemap_link) { .name = { k->name, name.len } };
	namemap_insert(&o->names, &k->link);
	o->new_today++;
	return k;
}

/* May deltas of this name be counted under it?  Without memory, no. */
static bool
admit(struct outbox *o, struct str name, int64_t when)
{
	struct namemap_link *l;
	struct known *k;

	if (str_starts(name, STR("_")) || str_eq(name, STR(CAMP_NONE)))
		return true;
	set_today(o, when / 86400);
	forget_old(o);
	l = namemap_find(&o->names, name);
	if (l != NULL) {
		k = NAMEMAP_OF(l, struct known, link);
		known_unlink(o, k);
	} else {
		k = o->new_today < o->max_new_names ? known_new(o, name) : NULL;
	}
	if (k == NULL)
		return false;
	known_link(o, k, o->today);
	return true;
}

/* ==== the port ==== */

static int
put_locked(struct outbox *o, const struct tally_delta *d)
{
	struct tally_delta other;

	if (admit(o, str_make(d->campaign.name, d->campaign.len), d->when))
		return tally_add(o->tally, d);
	other = *d;
	other.campaign = (struct camp_name) { .name = CAMP_OTHER,
		.len = sizeof CAMP_OTHER - 1,
		.sent = CAMP_OTHER,
		.sent_len = sizeof CAMP_OTHER - 1 };
	o->renamed++;
	return tally_add(o->tally, &other);
}

static int
put(void *self, const struct tally_delta *d)
{
	struct outbox *o = self;
	int result;

	pthread_mutex_lock(&o->lock);
	result = put_locked(o, d);
	if (result == -1)
		o->lost++;
	pthread_mutex_unlock(&o->lock);
	return result;
}

struct tally_sink
outbox_sink(struct outbox *o)
{
	return (struct tally_sink) { .put = put, .self = o };
}

struct outbox *
outbox_new(size_t max_entries, size_t max_hours, uint32_t max_new_names)
{
	struct outbox *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	o->max_entries = max_entries;
	o->max_hours = max_hours;
	o->max_new_names = max_new_names;
	if (crypto_random(o->seed, sizeof o->seed) == -1 ||
	    namemap_init(&o->names, o->seed) == -1) {
		free(o);
		return NULL;
	}
	o->tally = outbox_empty_tally(o);
	if (o->tally == NULL || pthread_mutex_init(&o->lock, NULL) != 0) {
		tally_free(o->tally);
		namemap_fini(&o->names);
		free(o);
		return NULL;
	}
	return o;
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	while (o->oldest != NULL)
		known_drop(o, o->oldest);
	namemap_fini(&o->names);
	tally_free(o->tally);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

void
outbox_set_max_new_names(struct outbox *o, uint32_t max_new_names)
{
	pthread_mutex_lock(&o->lock);
	o->max_new_names = max_new_names;
	pthread_mutex_unlock(&o->lock);
}

struct tally *
outbox_empty_tally(const struct outbox *o)
{
	return tally_new(o->max_entries, o->max_hours, o->seed);
}

struct tally *
outbox_take(struct outbox *o)
{
	struct tally *empty = outbox_empty_tally(o); /* not under the lock */
	struct tally *taken = NULL;

	if (empty == NULL)
		return NULL;
	pthread_mutex_lock(&o->lock);
	if (tally_first(o->tally) != NULL) {
		taken = o->tally;
		o->tally = empty;
		empty = NULL;
	}
	pthread_mutex_unlock(&o->lock);
	tally_free(empty);
	return taken;
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

uint64_t
outbox_lost(struct outbox *o)
{
	uint64_t n;

	pthread_mutex_lock(&o->lock);
	n = o->lost;
	pthread_mutex_unlock(&o->lock);
	return n;
}

uint64_t
outbox_renamed(struct outbox *o)
{
	uint64_t n;

	pthread_mutex_lock(&o->lock);
	n = o->renamed;
	pthread_mutex_unlock(&o->lock);
	return n;
}
