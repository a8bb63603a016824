/* SPDX-License-Identifier: BSD-2-Clause */
/* dnsnews.c - which findings of DNS are new.  See the header. */
#include "dns/dnsnews.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 16

void
dnsnews_fini(struct dnsnews *n)
{
	free(n->v);
	*n = (struct dnsnews) { 0 };
}

static struct dnsnews_finding *
find_finding(const struct dnsnews *n, struct str domain, const char *check)
{
	for (size_t i = 0; i < n->n; i++)
		if (str_caseeq(str_of(n->v[i].domain), domain) &&
		    strcmp(n->v[i].check, check) == 0)
			return &n->v[i];
	return NULL;
}

static struct dnsnews_finding *
add_finding(struct dnsnews *n, struct str domain, const char *check)
{
	struct dnsnews_finding *out;

	if (n->n == DNSNEWS_MAX || domain.len > DNS_NAME_MAX)
		return NULL;
	if (n->n == n->cap) {
		size_t cap = n->cap > 0 ? 2 * n->cap : FIRST_CAP;
		struct dnsnews_finding *v = reallocarray(n->v, cap, sizeof(*v));

		if (v == NULL)
			return NULL;
		n->v = v;
		n->cap = cap;
	}
	out = &n->v[n->n++];
	*out = (struct dnsnews_finding) { .seen_ms = 0 };
	memcpy(out->domain, domain.p, domain.len);
	snprintf(out->check, sizeof(out->check), "%s", check);
	return out;
}

enum dnsnews_change
dnsnews_take(struct dnsnews *n, struct str domain, const char *check,
    const struct dnslook_finding *f, int64_t now_ms)
{
	struct dnsnews_finding *old = find_finding(n, domain, check);
	bool well = f->word == DNSLOOK_PASS || f->word == DNSLOOK_NOTHING;
	enum dnsnews_change change;

	if (old != NULL && f->word == DNSLOOK_UNKNOWN) {
		old->seen_ms = now_ms;
		return DNSNEWS_SAME;
	}
	if (well && old == NULL)
		return DNSNEWS_SAME;
	if (well) {
		/* The last known state was good as well, so nothing has changed. */
		change = old->f.word == DNSLOOK_UNKNOWN ? DNSNEWS_SAME : DNSNEWS_WELL;
		*old = n->v[--n->n];
		return change;
	}
	change =
	    old != NULL && old->f.word == f->word && strcmp(old->f.text, f->text) == 0
	    ? DNSNEWS_SAME
	    : DNSNEWS_BAD;
	if (old == NULL)
		old = add_finding(n, domain, check);
	if (old != NULL) {
		old->f = *f;
		old->seen_ms = now_ms;
	}
	return change;
}

void
dnsnews_forget(struct dnsnews *n, int64_t before_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->n; i++)
		if (n->v[i].seen_ms >= before_ms)
			n->v[kept++] = n->v[i];
	n->n = kept;
}
