/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.c - sums per campaign and hour.  See the header.
 *
 * Every add is all or nothing, so memory is asked for first (struct place) and sums are
 * changed after, when nothing can fail any more.
 */
#include "counting/tally.h"

#include <stdlib.h>
#include <string.h>

struct node {
	struct tally_entry entry; /* must be first: tally_entry_free() casts */
	struct namemap_link link;
	struct tally_hour *recent; /* the hour used last, nearly always the next too */
	size_t n_hours;
};

struct tally {
	struct namemap map;
	struct tally_entry *first;
	size_t max_entries, max_hours;
	size_t entries;   /* without _all and _other */
	uint64_t crowded; /* messages that count as _other */
};

/* Where one delta goes.  fresh: an hour not linked in yet, NULL when hour is there. */
struct place {
	struct node *node;
	struct tally_hour *hour;
	struct tally_hour *fresh;
	bool crowded; /* there was no room for its campaign */
};

/* ==== names of the counters ==== */

static const char *const counter_names[TALLY_RULES] = {
	[TALLY_MESSAGES] = "messages",
	[TALLY_RECIPIENTS] = "recipients",
	[TALLY_BYTES] = "bytes",
	[TALLY_SIGNED] = "signed",
	[TALLY_UNSIGNED] = "unsigned",
	[TALLY_SIGN_FAILED] = "sign_failed",
	[TALLY_PARTLY_SIGNED] = "partly_signed",
	[TALLY_REJECTED] = "rejected",
	[TALLY_TEMPFAILED] = "tempfailed",
	[TALLY_BAD_SOURCE] = "bad_source",
	[TALLY_PROVIDER(PROVIDER_GMAIL)] = "p:gmail:recipients",
	[TALLY_PROVIDER(PROVIDER_YAHOO)] = "p:yahoo:recipients",
	[TALLY_PROVIDER(PROVIDER_OUTLOOK)] = "p:outlook:recipients",
	[TALLY_PROVIDER(PROVIDER_APPLE)] = "p:apple:recipients",
	[TALLY_PROVIDER(PROVIDER_GMX)] = "p:gmx:recipients",
	[TALLY_PROVIDER(PROVIDER_COMCAST)] = "p:comcast:recipients",
	[TALLY_PROVIDER(PROVIDER_ORANGE)] = "p:orange:recipients",
	[TALLY_PROVIDER(PROVIDER_PROTON)] = "p:proton:recipients",
	[TALLY_PROVIDER(PROVIDER_MAILRU)] = "p:mailru:recipients",
	[TALLY_PROVIDER(PROVIDER_QQ)] = "p:qq:recipients",
	[TALLY_PROVIDER(PROVIDER_OTHER)] = "p:other:recipients",
	[TALLY_INSPECTED] = "inspected",
};

const char *
tally_counter_name(size_t i)
{
	return i < TALLY_RULES ? counter_names[i] : rule_counter(i - TALLY_RULES);
}

size_t
tally_counter_find(struct str name)
{
	size_t i;

	for (i = 0; i < TALLY_COUNTERS; i++) {
		const char *known = tally_counter_name(i);

		/*
		 * A listing asks this for a million fields, so the first bytes are
		 * compared first.
		 */
		if (name.len > 0 && name.p[0] == known[0] &&
		    str_eq(name, str_of(known)))
			break;
	}
	return i;
}

/* ==== entries ==== */

struct tally *
tally_new(size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES])
{
	struct tally *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->max_entries = max_entries;
	t->max_hours = max_hours > 0 ? max_hours : 1;
	if (namemap_init(&t->map, seed) == -1) {
		free(t);
		return NULL;
	}
	return t;
}

void
tally_free(struct tally *t)
{
	struct tally_entry *e;

	if (t == NULL)
		return;
	while ((e = tally_take(t)) != NULL)
		tally_entry_free(e);
	namemap_fini(&t->map);
	free(t);
}

void
tally_entry_free(struct tally_entry *e)
{
	if (e == NULL)
		return;
	while (e->hours != NULL) {
		struct tally_hour *h = e->hours;

		e->hours = h->next;
		free(h);
	}
	hll_free(e->rcpt);
	free((struct node *)e);
}

static bool
is_ours(struct str name)
{
	return str_eq(name, STR(CAMP_ALL)) || str_eq(name, STR(CAMP_OTHER));
}

static void
name_set(struct camp_name *c, struct str name)
{
	*c = (struct camp_name) { .len = name.len, .sent_len = name.len };
	memcpy(c->name, name.p, name.len);
	memcpy(c->sent, name.p, name.len);
}

static struct node *
node_find(const struct tally *t, struct str name)
{
	struct namemap_link *l = namemap_find(&t->map, name);

	return l == NULL ? NULL : NAMEMAP_OF(l, struct node, link);
}

/* n is in no tally; its campaign is not in this one. */
static void
node_link(struct tally *t, struct node *n)
{
	struct str name = str_make(n->entry.campaign.name, n->entry.campaign.len);

	n->link.name = name;
	namemap_insert(&t->map, &n->link);
	n->entry.next = t->first;
	t->first = &n->entry;
	t->entries += !is_ours(name);
}

/* The entry for a campaign's sums, made if needed; NULL when out of memory. */
static struct node *
node_for(struct tally *t, const struct camp_name *campaign, bool *crowded)
{
	struct str name = str_make(campaign->name, campaign->len);
	struct node *n = node_find(t, name);

	*crowded = n == NULL && !is_ours(name) && t->entries >= t->max_entries;
	if (*crowded) {
		name = STR(CAMP_OTHER);
		n = node_find(t, name);
	}
	if (n != NULL)
		return n;
	n = calloc(1, sizeof *n);
	if (n == NULL)
		return NULL;
	if (*crowded)
		name_set(&n->entry.campaign, name);
	else
		n->entry.campaign = *campaign;
	node_link(t, n);
	return n;
}

/* ==== hours ==== */

static struct tally_hour *
hour_newest(const struct node *n)
{
	struct tally_hour *h = n->entry.hours;

	while (h->next != NULL)
		h = h->next;
	return h;
}

/*
 * The sums of that hour; if there is no room for another hour, of the newest; else
 * NULL.
 */
static struct tally_hour *
hour_find(const struct tally *t, const struct node *n, int64_t hour)
{
	struct tally_hour *h;

	if (n->recent != NULL && n->recent->hour == hour)
		return n->recent;
	for (h = n->entry.hours; h != NULL; h = h->next)
		if (h->hour == hour)
			return h;
	return n->n_hours >= t->max_hours ? hour_newest(n) : NULL;
}

static void
hour_link(struct node *n, struct tally_hour *h)
{
	struct tally_hour **at = &n->entry.hours;

	while (*at != NULL && (*at)->hour < h->hour)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	n->n_hours++;
}

static void
hour_sum(struct tally_hour *dst, const int64_t *counters, int64_t first, int64_t last)
{
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		dst->n[i] += counters[i];
	if (first < dst->first)
		dst->first = first;
	if (last > dst->last)
		dst->last = last;
}

static int64_t
hour_of(int64_t when)
{
	return when / 3600 - (when % 3600 < 0);
}

struct tally_entry *
tally_entry_new(const struct camp_name *campaign)
{
	struct node *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->entry.campaign = *campaign;
	return &n->entry;
}

struct tally_hour *
tally_entry_hour(struct tally_entry *e, int64_t hour)
{
	struct tally_hour *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->hour = hour;
	h->first = h->last = hour * 3600;
	hour_link((struct node *)e, h);
	return h;
}

/* ==== adding ==== */

static int
place_find(struct tally *t, const struct camp_name *campaign,
    const struct tally_delta *d, struct place *p)
{
	int64_t hour = hour_of(d->when);

	*p = (struct place) { .node = NULL };
	p->node = node_for(t, campaign, &p->crowded);
	if (p->node == NULL)
		return -1;
	if (d->n_rcpt > 0) {
		if (p->node->entry.rcpt == NULL)
			p->node->entry.rcpt = hll_new();
		if (p->node->entry.rcpt == NULL ||
		    hll_reserve(p->node->entry.rcpt, d->n_rcpt) == -1)
			return -1;
	}
	p->hour = hour_find(t, p->node, hour);
	if (p->hour != NULL)
		return 0;
	p->fresh = calloc(1, sizeof *p->fresh);
	if (p->fresh == NULL)
		return -1;
	p->fresh->hour = hour;
	p->fresh->first = p->fresh->last = d->when;
	return 0;
}

static void
place_add(struct place *p, const struct tally_delta *d)
{
	if (p->hour == NULL) {
		p->hour = p->fresh;
		hour_link(p->node, p->hour);
	}
	p->node->recent = p->hour;
	hour_sum(p->hour, d->n, d->when, d->when);
	for (size_t i = 0; i < d->n_rcpt; i++)
		hll_add(p->node->entry.rcpt, d->rcpt[i]); /* reserved: cannot fail */
}

int
tally_add(struct tally *t, const struct tally_delta *d)
{
	struct camp_name all;
	struct place one, both;

	name_set(&all, STR(CAMP_ALL));
	if (place_find(t, &d->campaign, d, &one) == -1)
		return -1;
	if (str_eq(one.node->link.name, STR(CAMP_ALL))) {
		place_add(&one, d);
		return 0;
	}
	if (place_find(t, &all, d, &both) == -1) {
		free(one.fresh);
		return -1;
	}
	place_add(&one, d);
	place_add(&both, d);
	if (one.crowded)
		t->crowded += (uint64_t)(d->n[TALLY_MESSAGES] + d->n[TALLY_REJECTED] +
		    d->n[TALLY_TEMPFAILED]);
	return 0;
}

struct tally_entry *
tally_take(struct tally *t)
{
	struct tally_entry *e = t->first;
	struct node *n = (struct node *)e;

	if (e == NULL)
		return NULL;
	t->first = e->next;
	e->next = NULL;
	t->entries -= !is_ours(n->link.name);
	namemap_remove(&t->map, &n->link);
	return e;
}

struct tally_entry *
tally_take_one(struct tally *t, struct str campaign)
{
	struct node *n = node_find(t, campaign);
	struct tally_entry **at = &t->first;

	if (n == NULL)
		return NULL;
	while (*at != &n->entry)
		at = &(*at)->next;
	*at = n->entry.next;
	n->entry.next = NULL;
	t->entries -= !is_ours(campaign);
	namemap_remove(&t->map, &n->link);
	return &n->entry;
}

/* Move src's hours into dst. */
static void
hours_move(const struct tally *t, struct node *dst, struct node *src)
{
	struct tally_hour *h;

	while ((h = src->entry.hours) != NULL) {
		struct tally_hour *there = hour_find(t, dst, h->hour);

		src->entry.hours = h->next;
		if (there == NULL) {
			hour_link(dst, h);
		} else {
			hour_sum(there, h->n, h->first, h->last);
			free(h);
		}
	}
}

void
tally_rename(struct tally *t, struct tally_entry *e)
{
	struct str name = str_make(e->campaign.name, e->campaign.len);
	struct tally_weight w = { 0, 0 };

	if (is_ours(name) || t->entries < t->max_entries || node_find(t, name) != NULL)
		return;
	tally_weigh_entry(&w, e);
	t->crowded += w.campaigns;
	name_set(&e->campaign, STR(CAMP_OTHER));
}

void
tally_limit(struct tally *t, size_t max_entries)
{
	t->max_entries = max_entries;
}

uint64_t
tally_crowded(const struct tally *t)
{
	return t->crowded;
}

int
tally_give(struct tally *t, struct tally_entry *e)
{
	struct node *src = (struct node *)e;
	struct node *dst;

	tally_rename(t, e);
	dst = node_find(t, str_make(e->campaign.name, e->campaign.len));
	if (dst == NULL) {
		node_link(t, src);
		return 0;
	}
	if (dst->entry.rcpt == NULL) {
		dst->entry.rcpt = e->rcpt;
		e->rcpt = NULL;
	} else if (e->rcpt != NULL && hll_merge(dst->entry.rcpt, e->rcpt) == -1) {
		return -1;
	}
	hours_move(t, dst, src);
	tally_entry_free(e);
	return 0;
}

int
tally_merge(struct tally *dst, struct tally *src)
{
	struct tally_entry *e;

	while ((e = tally_take(src)) != NULL) {
		if (tally_give(dst, e) == -1) {
			node_link(src, (struct node *)e);
			return -1;
		}
	}
	return 0;
}

const struct tally_entry *
tally_first(const struct tally *t)
{
	return t->first;
}

size_t
tally_entries(const struct tally *t)
{
	size_t n = 0;

	for (const struct tally_entry *e = t->first; e != NULL; e = e->next)
		n++;
	return n;
}

void
tally_weigh_entry(struct tally_weight *w, const struct tally_entry *e)
{
	bool all = str_eq(str_make(e->campaign.name, e->campaign.len), STR(CAMP_ALL));
	uint64_t *sum = all ? &w->all : &w->campaigns;

	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		*sum += (uint64_t)(h->n[TALLY_MESSAGES] + h->n[TALLY_REJECTED] +
		    h->n[TALLY_TEMPFAILED]);
}

void
tally_weigh(struct tally_weight *w, const struct tally *t)
{
	for (const struct tally_entry *e = t->first; e != NULL; e = e->next)
		tally_weigh_entry(w, e);
}

uint64_t
tally_weight_messages(const struct tally_weight *w)
{
	return w->campaigns > w->all ? w->campaigns : w->all;
}
