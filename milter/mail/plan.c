/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.c - edits in the order that both MTAs agree on.  See the header.
 */
#include "mail/plan.h"

static size_t
count(const struct hdr *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->v[i].state != HDR_KEPT ? 1 : 0;
	return n;
}

static void
put(struct plan *p, enum plan_kind kind, struct str name, struct str value,
    unsigned index)
{
	p->v[p->n++] = (struct plan_edit) { kind, name, value, index };
}

int
plan_make(struct plan *p, const struct hdr *h, const struct plan_edit *inserts,
    size_t n_inserts, struct arena *a)
{
	*p = (struct plan) { .v = arena_alloc(
				 a, (count(h) + n_inserts) * sizeof *p->v) };
	if (p->v == NULL)
		return -1;
	for (size_t i = h->n_received; i > 0; i--) {
		const struct hdr_field *f = &h->v[i - 1];

		if (f->state == HDR_CHANGED)
			put(p, PLAN_CHANGE, f->name, f->value, hdr_index(h, i - 1));
		else if (f->state == HDR_REMOVED)
			put(p, PLAN_DELETE, f->name, STR(""), hdr_index(h, i - 1));
	}
	for (size_t i = h->n_received; i < h->n; i++)
		if (h->v[i].state == HDR_ADDED)
			put(p, PLAN_ADD, h->v[i].name, h->v[i].value, 0);
	for (size_t i = n_inserts; i > 0; i--)
		put(p, PLAN_INSERT, inserts[i - 1].name, inserts[i - 1].value, 0);
	return 0;
}
