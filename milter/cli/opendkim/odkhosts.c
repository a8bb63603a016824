/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odkhosts.c - networks with holes in them cut into networks without.  See the header.
 */
#include "cli/opendkim/odkhosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* of ::ffff:0:0, under which IPv4 is kept */

struct odkhosts_entry {
	struct cidr net;
	bool negative;
	bool peer;
};

void
odkhosts_init(struct odkhosts *h)
{
	*h = (struct odkhosts) { 0 };
}

void
odkhosts_fini(struct odkhosts *h)
{
	free(h->v);
	odkhosts_init(h);
}

static enum odkhosts_result
append(struct odkhosts *h, const char *text, bool negative, bool peer)
{
	struct odkhosts_entry *e;
	char why[128];

	if (h->n == h->cap) {
		size_t cap = h->cap == 0 ? 16 : h->cap * 2;
		struct odkhosts_entry *v = reallocarray(h->v, cap, sizeof(*v));

		if (v == NULL)
			return ODKHOSTS_NO_MEMORY;
		h->v = v;
		h->cap = cap;
	}
	e = &h->v[h->n];
	*e = (struct odkhosts_entry) { .negative = negative, .peer = peer };
	if (cidr_parse(text, &e->net, why, sizeof(why)) != 0)
		return ODKHOSTS_NEVER;
	h->n++;
	return ODKHOSTS_TAKEN;
}

enum odkhosts_result
odkhosts_add(struct odkhosts *h, struct str entry, bool peer)
{
	bool negative = str_starts(entry, STR("!"));
	enum odkhosts_result rc;
	struct cidr_addr ignored;
	struct str address;
	char text[128];
	size_t n = 0;

	entry = str_skip(entry, negative ? 1 : 0);
	if (str_caseeq(entry, STR("localhost"))) {
		rc = append(h, "127.0.0.1", negative, peer);
		return rc == ODKHOSTS_TAKEN ? append(h, "::1", negative, peer) : rc;
	}
	/* [ADDRESS]/BITS is ADDRESS/BITS. */
	for (size_t i = 0; i < entry.len && n < sizeof(text) - 1; i++)
		if (entry.p[i] != '[' && entry.p[i] != ']')
			text[n++] = entry.p[i];
	text[n] = '\0';
	address = str_make(text, str_find(str_of(text), '/'));
	if (cidr_addr_parse(address, &ignored) != 0)
		return ODKHOSTS_NAME;
	return append(h, text, negative, peer);
}

/* Wider networks before those within them, ! after the same network without. */
static int
by_place(const void *a, const void *b)
{
	const struct odkhosts_entry *x = a, *y = b;
	int order = memcmp(x->net.net.b, y->net.net.b, sizeof(x->net.net.b));

	if (order != 0)
		return order;
	if (x->net.bits != y->net.bits)
		return x->net.bits < y->net.bits ? -1 : 1;
	return (x->negative > y->negative) - (x->negative < y->negative);
}

struct walk {
	const struct odkhosts_entry *v;
	struct cidr *out; /* place for ODKHOSTS_NETWORKS_MAX */
	size_t n;
	bool overflow;
};

enum share { NONE, ALL, SOME };

static void
emit(struct walk *w, const struct cidr *net)
{
	if (w->n == ODKHOSTS_NETWORKS_MAX)
		w->overflow = true;
	else
		w->out[w->n++] = *net;
}

static bool
bit(const struct cidr_addr *a, unsigned n)
{
	return (a->b[n / 8] & 0x80 >> n % 8) != 0;
}

/*
 * How much of net is in, given what is said around it and by the entries low to high,
 * which lie in it.  Parts that are in as a whole are emitted once their neighbour is
 * known not to be: so two halves make one.
 */
static enum share
walk(struct walk *w, struct cidr net, size_t low, size_t high, bool in, bool peer)
{
	struct cidr half[2];
	enum share share[2];
	size_t middle;

	for (; low < high && w->v[low].net.bits == net.bits; low++) {
		if (w->v[low].peer)
			peer = !w->v[low].negative;
		else
			in = !w->v[low].negative;
	}
	if (low == high)
		return in && !peer ? ALL : NONE;
	for (middle = low; middle < high && !bit(&w->v[middle].net.net, net.bits);)
		middle++;
	half[0] = half[1] = net;
	half[0].bits = half[1].bits = net.bits + 1;
	half[1].net.b[net.bits / 8] |= (uint8_t)(0x80 >> net.bits % 8);
	share[0] = walk(w, half[0], low, middle, in, peer);
	share[1] = walk(w, half[1], middle, high, in, peer);
	if (share[0] == share[1] && share[0] != SOME)
		return share[0];
	for (int i = 0; i < 2; i++)
		if (share[i] == ALL)
			emit(w, &half[i]);
	return SOME;
}

static bool
is_v4(const struct cidr *net)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return net->bits >= V4_BITS && memcmp(net->net.b, mapped, sizeof(mapped)) == 0;
}

/* Those of one family into sorted. */
static size_t
select_family(const struct odkhosts *h, bool v4, struct odkhosts_entry *sorted)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		if (is_v4(&h->v[i].net) == v4)
			sorted[n++] = h->v[i];
	qsort(sorted, n, sizeof(*sorted), by_place);
	return n;
}

int
odkhosts_networks(
    struct odkhosts *h, struct cidr **out, size_t *n, char *err, size_t errlen)
{
	struct odkhosts_entry *sorted = calloc(h->n + 1, sizeof(*sorted));
	struct walk w = { .v = sorted };

	w.out = calloc(ODKHOSTS_NETWORKS_MAX, sizeof(*w.out));
	if (sorted == NULL || w.out == NULL) {
		snprintf(err, errlen, "out of memory");
		goto fail;
	}
	for (int v6 = 0; v6 < 2; v6++) {
		struct cidr all = { .bits = v6 ? 0 : V4_BITS };

		if (!v6)
			all.net.b[10] = all.net.b[11] = 0xff;
		if (walk(&w, all, 0, select_family(h, !v6, sorted), false, false) ==
		    ALL)
			emit(&w, &all);
	}
	if (w.overflow) {
		snprintf(err, errlen,
		    "found more than %d networks when holes are cut out, expected fewer",
		    ODKHOSTS_NETWORKS_MAX);
		goto fail;
	}
	free(sorted);
	*out = w.out;
	*n = w.n;
	return 0;
fail:
	free(sorted);
	free(w.out);
	return -1;
}
