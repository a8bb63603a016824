/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hdr.c - the header of one message and the marks of its edits.  See the header.
 */
#include "mail/hdr.h"

#include <stdlib.h>
#include <string.h>

void
hdr_init(struct hdr *h, struct arena *arena)
{
	*h = (struct hdr) { .arena = arena };
}

void
hdr_fini(struct hdr *h)
{
	free(h->v);
	hdr_init(h, h->arena);
}

void
hdr_reset(struct hdr *h)
{
	h->n = 0;
	h->n_received = 0;
	h->received_bytes = 0;
	h->incomplete = h->no_memory = false;
}

/* Room for one more; the array is kept from message to message. */
static int
grow(struct hdr *h)
{
	size_t cap = h->cap == 0 ? 32 : h->cap * 2;
	struct hdr_field *v;

	if (h->n == HDR_FIELDS_MAX)
		return -1;
	if (h->n < h->cap)
		return 0;
	v = realloc(h->v, cap * sizeof *v);
	if (v == NULL)
		return -1;
	h->v = v;
	h->cap = cap;
	return 0;
}

static int
add(struct hdr *h, struct str name, struct str value, enum hdr_state state)
{
	struct hdr_field f = { .state = state };

	if (grow(h) != 0)
		return -1;
	f.name = arena_copy(h->arena, name);
	f.value = arena_copy(h->arena, value);
	if (f.name.p == NULL || f.value.p == NULL)
		return -1;
	f.received = f.value;
	h->v[h->n++] = f;
	return 0;
}

/* Bytes of a field on the wire, where each fold is CRLF and so is the end. */
static size_t
wire_bytes(struct str name, struct str value)
{
	size_t n = name.len + 1 + value.len + 2;

	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == '\n' && (i == 0 || value.p[i - 1] != '\r'))
			n++;
	return n;
}

int
hdr_receive(struct hdr *h, struct str name, struct str value)
{
	if (h->incomplete)
		return -1;
	h->received_bytes += wire_bytes(name, value);
	h->incomplete = add(h, name, value, HDR_KEPT) != 0;
	h->no_memory =
	    h->incomplete && h->n < HDR_FIELDS_MAX && !arena_limited(h->arena);
	h->n_received = h->n;
	return h->incomplete ? -1 : 0;
}

int
hdr_append(struct hdr *h, struct str name, struct str value)
{
	return add(h, name, value, HDR_ADDED);
}

void
hdr_change(struct hdr_field *f, struct str value)
{
	f->value = value;
	if (f->state == HDR_KEPT)
		f->state = HDR_CHANGED;
}

void
hdr_remove(struct hdr_field *f)
{
	f->state = HDR_REMOVED;
}

void
hdr_revert(struct hdr *h)
{
	h->n = h->n_received;
	for (size_t i = 0; i < h->n; i++) {
		struct hdr_field *f = &h->v[i];

		f->value = f->received;
		f->state = HDR_KEPT;
		f->no_sign = false;
		f->if_signed = false;
	}
}

void
hdr_unsigned(struct hdr *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].if_signed)
			hdr_remove(&h->v[i]);
}

static bool
is(const struct hdr_field *f, struct str name)
{
	return f->state != HDR_REMOVED && str_caseeq(f->name, name);
}

size_t
hdr_remove_all(struct hdr *h, struct str name)
{
	size_t removed = 0;

	for (size_t i = 0; i < h->n; i++)
		if (is(&h->v[i], name)) {
			hdr_remove(&h->v[i]);
			removed++;
		}
	return removed;
}

size_t
hdr_count(const struct hdr *h, struct str name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += is(&h->v[i], name) ? 1 : 0;
	return n;
}

struct hdr_field *
hdr_first(const struct hdr *h, struct str name)
{
	for (size_t i = 0; i < h->n; i++)
		if (is(&h->v[i], name))
			return &h->v[i];
	return NULL;
}

struct str
hdr_value(const struct hdr *h, struct str name)
{
	const struct hdr_field *f = hdr_first(h, name);

	return f != NULL ? f->value : STR("");
}

unsigned
hdr_index(const struct hdr *h, size_t i)
{
	unsigned index = 1;

	if (i >= h->n_received)
		return 0;
	for (size_t k = 0; k < i; k++)
		if (str_caseeq(h->v[k].name, h->v[i].name))
			index++;
	return index;
}

bool
hdr_value_clean(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
			return false;
	}
	return true;
}
