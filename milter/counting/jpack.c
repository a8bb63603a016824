/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpack.c - counters as bytes.  See the header.
 */
#include "counting/jpack.h"

#include <string.h>

#define NUMBER_MAX 10 /* bytes of 64 bits by sevens */
#define TIME_FAR ((int64_t)1 << 40)

/* ==== writing ==== */

static size_t
put_u(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

void
jpack_u(struct buf *out, uint64_t v)
{
	uint8_t bytes[NUMBER_MAX];

	buf_add(out, bytes, put_u(bytes, v));
}

void
jpack_s(struct buf *out, int64_t v)
{
	jpack_u(out, zigzag(v));
}

void
jpack_text(struct buf *out, struct str s)
{
	jpack_u(out, s.len);
	buf_addstr(out, s);
}

void
jpack_schema(struct buf *out)
{
	jpack_u(out, TALLY_COUNTERS);
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		jpack_text(out, str_of(tally_counter_name(i)));
}

static void
pack_counters(struct buf *out, const int64_t *n)
{
	uint64_t used = 0;

	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		used += n[i] != 0;
	jpack_u(out, used);
	for (size_t i = 0; i < TALLY_COUNTERS; i++) {
		if (n[i] == 0)
			continue;
		jpack_u(out, i);
		jpack_s(out, n[i]);
	}
}

void
jpack_entry(struct buf *out, const struct tally_entry *e)
{
	uint64_t hours = 0;

	jpack_text(out, str_make(e->campaign.name, e->campaign.len));
	jpack_text(out, str_make(e->campaign.sent, e->campaign.sent_len));
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		hours++;
	jpack_u(out, hours);
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next) {
		jpack_s(out, h->hour);
		jpack_s(out, h->first - h->hour * 3600);
		jpack_s(out, h->last - h->hour * 3600);
		pack_counters(out, h->n);
	}
	jpack_u(out, e->rcpt != NULL);
	if (e->rcpt != NULL)
		hll_write(e->rcpt, out);
}

size_t
jpack_delta_bound(const struct tally_delta *d)
{
	return d->campaign.len + d->campaign.sent_len + NUMBER_MAX * 5 +
	    TALLY_COUNTERS * (NUMBER_MAX + 2) + d->n_rcpt * HLL_ELEMENT_BYTES;
}

static size_t
put_text(uint8_t *p, const char *text, size_t len)
{
	size_t n = put_u(p, len);

	memcpy(p + n, text, len);
	return n + len;
}

size_t
jpack_delta(uint8_t *out, const struct tally_delta *d)
{
	uint8_t *p = out;
	uint64_t used = 0;

	p += put_text(p, d->campaign.name, d->campaign.len);
	p += put_text(p, d->campaign.sent, d->campaign.sent_len);
	p += put_u(p, zigzag(d->when));
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		used += d->n[i] != 0;
	p += put_u(p, used);
	for (size_t i = 0; i < TALLY_COUNTERS; i++) {
		if (d->n[i] == 0)
			continue;
		p += put_u(p, i);
		p += put_u(p, zigzag(d->n[i]));
	}
	p += put_u(p, d->n_rcpt);
	if (d->n_rcpt > 0)
		memcpy(p, d->rcpt, d->n_rcpt * HLL_ELEMENT_BYTES);
	return (size_t)(p - out) + d->n_rcpt * HLL_ELEMENT_BYTES;
}

/* ==== reading ==== */

static uint64_t
spoil(struct jpack *j)
{
	j->bad = true;
	j->n = 0;
	return 0;
}

uint64_t
jpack_get_u(struct jpack *j)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (j->n == 0)
			return spoil(j);
		byte = *j->p;
		j->p++;
		j->n--;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	return spoil(j);
}

int64_t
jpack_get_s(struct jpack *j)
{
	uint64_t v = jpack_get_u(j);

	return (int64_t)(v >> 1 ^ ((v & 1) != 0 ? UINT64_MAX : 0));
}

static const uint8_t *
get_bytes(struct jpack *j, uint64_t n)
{
	const uint8_t *p = j->p;

	if (n > j->n) {
		spoil(j);
		return NULL;
	}
	j->p += n;
	j->n -= (size_t)n;
	return p;
}

struct str
jpack_get_text(struct jpack *j)
{
	uint64_t len = jpack_get_u(j);
	const uint8_t *p = get_bytes(j, len);

	return p == NULL ? STR("") : str_make((const char *)p, (size_t)len);
}

void
jpack_schema_init(struct jpack_schema *s)
{
	*s = (struct jpack_schema) { .n = TALLY_COUNTERS };
	for (uint16_t i = 0; i < TALLY_COUNTERS; i++)
		s->ours[i] = i;
}

int
jpack_get_schema(struct jpack *j, struct jpack_schema *s)
{
	uint64_t n = jpack_get_u(j);

	*s = (struct jpack_schema) { .n = 0 };
	if (n > JPACK_INDICES_MAX)
		spoil(j);
	for (; s->n < n && !j->bad; s->n++) {
		s->ours[s->n] = (uint16_t)tally_counter_find(jpack_get_text(j));
		s->unknown += s->ours[s->n] == TALLY_COUNTERS;
	}
	return j->bad ? -1 : 0;
}

static void
get_counters(struct jpack *j, const struct jpack_schema *s, int64_t *n)
{
	for (uint64_t left = jpack_get_u(j); left > 0 && !j->bad; left--) {
		uint64_t i = jpack_get_u(j);
		int64_t v = jpack_get_s(j);

		if (i >= s->n)
			spoil(j);
		else if (s->ours[i] < TALLY_COUNTERS)
			n[s->ours[i]] = v;
	}
}

static void
get_name(struct jpack *j, struct camp_name *c)
{
	struct str name = jpack_get_text(j), sent = jpack_get_text(j);

	*c = (struct camp_name) { .len = 0 };
	if (j->bad || name.len == 0 || name.len > CAMP_NAME_MAX ||
	    sent.len > CAMP_SENT_MAX) {
		spoil(j);
		return;
	}
	c->len = name.len;
	c->sent_len = sent.len;
	memcpy(c->name, name.p, name.len);
	memcpy(c->sent, sent.p, sent.len);
}

int
jpack_get_delta(struct jpack *j, const struct jpack_schema *s, struct tally_delta *d)
{
	uint64_t n;

	*d = (struct tally_delta) { .when = 0 };
	get_name(j, &d->campaign);
	d->when = jpack_get_s(j);
	get_counters(j, s, d->n);
	n = jpack_get_u(j);
	if (n > j->n / HLL_ELEMENT_BYTES)
		spoil(j);
	if (j->bad)
		return -1;
	d->n_rcpt = (size_t)n;
	d->rcpt = (const void *)j->p;
	return 0;
}

/* One hour of an entry. */
static int
get_hour(struct jpack *j, const struct jpack_schema *s, struct tally_entry *e)
{
	int64_t hour = jpack_get_s(j), first = jpack_get_s(j), last = jpack_get_s(j);
	struct tally_hour *h;

	/*
	 * Far enough from the ends that no sum of seconds overflows.  Times may lie
	 * outside the hour: see "an hour too many" in tally.h.
	 */
	if (hour < -INT32_MAX || hour > INT32_MAX || first < -TIME_FAR ||
	    last > TIME_FAR || last < first)
		spoil(j);
	h = j->bad ? NULL : tally_entry_hour(e, hour);
	if (h == NULL)
		return -1;
	h->first += first;
	h->last += last;
	get_counters(j, s, h->n);
	return j->bad ? -1 : 0;
}

static int
get_recipients(struct jpack *j, struct tally_entry *e)
{
	size_t used = 0;

	if (jpack_get_u(j) == 0)
		return j->bad ? -1 : 0;
	e->rcpt = hll_read(j->p, j->n, &used);
	if (e->rcpt == NULL) {
		/* A length is known to be right when used was set. */
		if (used == 0)
			spoil(j);
		return -1;
	}
	get_bytes(j, used);
	return 0;
}

struct tally_entry *
jpack_get_entry(struct jpack *j, const struct jpack_schema *s)
{
	struct camp_name name;
	struct tally_entry *e;

	get_name(j, &name);
	e = j->bad ? NULL : tally_entry_new(&name);
	if (e == NULL)
		return NULL;
	for (uint64_t left = jpack_get_u(j); left > 0 && !j->bad; left--)
		if (get_hour(j, s, e) == -1)
			goto fail;
	if (j->bad || get_recipients(j, e) == -1)
		goto fail;
	return e;
fail:
	tally_entry_free(e);
	return NULL;
}
