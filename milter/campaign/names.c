/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.c - names met, in a map and in a list by last use.
 *
 * Each admission looks at the two that were not used for longest and drops what is a
 * week old: the list never needs a sweep.
 */
#include "campaign/names.h"

#include <stdlib.h>
#include <string.h>

#include "campaign/camp.h"

#define FORGET_AFTER_DAYS 7

struct names {
	struct namemap map;
	struct name *newest, *oldest;
	struct name *unsaved, **unsaved_end;
	int64_t today;
	uint32_t new_today, max_new;
};

struct names *
names_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint32_t max_new)
{
	struct names *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->max_new = max_new;
	n->unsaved_end = &n->unsaved;
	if (namemap_init(&n->map, seed) == -1) {
		free(n);
		return NULL;
	}
	return n;
}

static void
unlink_use(struct names *n, struct name *k)
{
	*(k->newer != NULL ? &k->newer->older : &n->newest) = k->older;
	*(k->older != NULL ? &k->older->newer : &n->oldest) = k->newer;
}

/*
 * As the newest of its day.  Who comes with the latest day, as all do but what is read
 * back, is first at once.
 */
static void
link_use(struct names *n, struct name *k)
{
	struct name *older = n->newest;

	while (older != NULL && older->last_day > k->last_day)
		older = older->older;
	k->older = older;
	k->newer = older != NULL ? older->newer : n->oldest;
	*(k->newer != NULL ? &k->newer->older : &n->newest) = k;
	*(older != NULL ? &older->newer : &n->oldest) = k;
}

static void
drop(struct names *n, struct name *k)
{
	unlink_use(n, k);
	namemap_remove(&n->map, &k->link);
	free(k);
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	while (n->oldest != NULL)
		drop(n, n->oldest);
	namemap_fini(&n->map);
	free(n);
}

void
names_set_max_new(struct names *n, uint32_t max_new)
{
	n->max_new = max_new;
}

static bool
is_unsaved(const struct names *n, const struct name *k)
{
	return k->next_unsaved != NULL || n->unsaved_end == &k->next_unsaved;
}

static void
forget_old(struct names *n)
{
	for (int i = 0; i < 2 && n->oldest != NULL; i++)
		if (n->oldest->last_day < n->today - FORGET_AFTER_DAYS &&
		    !is_unsaved(n, n->oldest))
			drop(n, n->oldest);
}

/* A message's clock may be a little behind that of the one before it. */
static void
set_today(struct names *n, int64_t day)
{
	if (day <= n->today && day >= n->today - 1)
		return;
	n->today = day;
	n->new_today = 0;
	/* The clock may have gone back to a day that has had names already. */
	for (const struct name *k = n->newest; k != NULL && k->last_day >= day;
	     k = k->older)
		n->new_today += k->first_day == day;
}

static struct name *
add(struct names *n, struct str text, int64_t first_day, int64_t last_day)
{
	struct name *k = malloc(sizeof *k + text.len);

	if (k == NULL)
		return NULL;
	*k = (struct name) { .first_day = first_day, .last_day = last_day };
	memcpy(k->text, text.p, text.len);
	k->link.name = str_make(k->text, text.len);
	namemap_insert(&n->map, &k->link);
	link_use(n, k);
	return k;
}

static void
note_unsaved(struct names *n, struct name *k)
{
	*n->unsaved_end = k;
	n->unsaved_end = &k->next_unsaved;
}

/* Today; after the clock went back, the day it was before. */
static int64_t
day_of_use(const struct names *n)
{
	return n->newest != NULL && n->newest->last_day > n->today ? n->newest->last_day
								   : n->today;
}

/* What is written down knows each day of use, or a restart would find a name old that
 * is in use. */
static void
use(struct names *n, struct name *k)
{
	int64_t before = k->last_day;

	unlink_use(n, k);
	k->last_day = day_of_use(n);
	link_use(n, k);
	if (k->last_day > before && !is_unsaved(n, k))
		note_unsaved(n, k);
}

bool
names_admit(struct names *n, struct str text, int64_t when)
{
	struct namemap_link *l;
	struct name *k;

	if (str_starts(text, STR("_")) || str_eq(text, STR(CAMP_NONE)))
		return true;
	set_today(n, when / 86400);
	forget_old(n);
	l = namemap_find(&n->map, text);
	if (l != NULL) {
		use(n, NAMEMAP_OF(l, struct name, link));
		return true;
	}
	k = n->new_today < n->max_new ? add(n, text, n->today, day_of_use(n)) : NULL;
	if (k == NULL)
		return false;
	n->new_today++;
	note_unsaved(n, k);
	return true;
}

int
names_learn(struct names *n, struct str text, int64_t first_day, int64_t last_day)
{
	struct namemap_link *l = namemap_find(&n->map, text);
	struct name *k;

	if (l == NULL) {
		n->new_today += first_day == n->today;
		return add(n, text, first_day, last_day) == NULL ? -1 : 0;
	}
	k = NAMEMAP_OF(l, struct name, link);
	unlink_use(n, k);
	if (last_day > k->last_day)
		k->last_day = last_day;
	link_use(n, k);
	return 0;
}

struct name *
names_unsaved(struct names *n)
{
	struct name *k = n->unsaved;

	if (k == NULL)
		return NULL;
	n->unsaved = k->next_unsaved;
	if (n->unsaved == NULL)
		n->unsaved_end = &n->unsaved;
	k->next_unsaved = NULL;
	return k;
}

const struct name *
names_oldest(const struct names *n)
{
	return n->oldest;
}

size_t
names_count(const struct names *n)
{
	return n->map.n;
}

void
names_expire(struct names *n, int64_t today)
{
	while (n->oldest != NULL && n->oldest->last_day < today - FORGET_AFTER_DAYS &&
	    !is_unsaved(n, n->oldest))
		drop(n, n->oldest);
}
