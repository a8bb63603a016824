/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jrec.c - heads and records of the journal's files.  See the header.
 */
#include "journal/jrec.h"

#include <string.h>

#include "text/crc32c.h"

static const char magic[8] = { 'M', 'M', 'j', 'r', 'n', 'l', '\r', '\n' };

/*
 * How far a number may be ahead of the expected one.  Fewer records than this have ever
 * been lost between two others; a larger number is damage.
 */
#define AHEAD_MAX ((uint64_t)1 << 40)

static void
put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t
get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static bool
is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* ==== heads ==== */

void
jrec_put_head(uint8_t out[JREC_HEAD_BYTES], const struct jrec_head *h)
{
	memset(out, 0, JREC_HEAD_BYTES);
	memcpy(out, magic, sizeof magic);
	put_le(out + 8, JREC_VERSION, 4);
	put_le(out + 12, h->kind, 4);
	memcpy(out + 16, h->producer, JREC_PRODUCER);
	put_le(out + 48, h->first, 8);
	put_le(out + 56, h->salt, 8);
	put_le(out + 64, (uint64_t)h->made_ms, 8);
	put_le(out + 76, crc32c(0, out, 76), 4);
}

enum jrec_verdict
jrec_get_head(const uint8_t *p, size_t n, struct jrec_head *h, uint32_t *version)
{
	*h = (struct jrec_head) { 0 };
	*version = 0;
	if (is_zero(p, n < JREC_HEAD_BYTES ? n : JREC_HEAD_BYTES))
		return JREC_EMPTY;
	if (n < 12 || memcmp(p, magic, sizeof magic) != 0)
		return JREC_FOREIGN;
	*version = (uint32_t)get_le(p + 8, 4);
	if (n < JREC_HEAD_BYTES)
		return JREC_BAD;
	/* A version with a flipped bit has no valid sum under our version. */
	if (get_le(p + 76, 4) != crc32c(0, p, 76))
		return *version == JREC_VERSION ? JREC_BAD : JREC_OTHER_VERSION;
	if (*version != JREC_VERSION)
		return JREC_OTHER_VERSION;
	h->kind = (uint32_t)get_le(p + 12, 4);
	memcpy(h->producer, p + 16, JREC_PRODUCER);
	h->first = get_le(p + 48, 8);
	h->salt = get_le(p + 56, 8);
	h->made_ms = (int64_t)get_le(p + 64, 8);
	return JREC_GOOD;
}

/* ==== records ==== */

size_t
jrec_size(size_t payload)
{
	return JREC_RECORD_BYTES + (payload + 7) / 8 * 8;
}

static uint32_t
seal(uint32_t sum, const uint8_t head[JREC_RECORD_BYTES], uint64_t salt)
{
	uint8_t last[20];

	memcpy(last, head + 4, 12);
	put_le(last + 12, salt, 8);
	return crc32c(sum, last, sizeof last);
}

void
jrec_put(uint8_t *out, enum jrec_type type, uint64_t number, uint64_t salt,
    const void *payload, size_t n, uint32_t sum)
{
	put_le(out + 4, n, 3);
	out[7] = (uint8_t)type;
	put_le(out + 8, number, 8);
	put_le(out, seal(sum, out, salt), 4);
	memcpy(out + JREC_RECORD_BYTES, payload, n);
	memset(out + JREC_RECORD_BYTES + n, 0, jrec_size(n) - JREC_RECORD_BYTES - n);
}

void
jrec_scan_begin(
    struct jrec_scan *s, const uint8_t *p, size_t n, const struct jrec_head *h)
{
	*s = (struct jrec_scan) {
		.p = p, .n = n, .at = JREC_HEAD_BYTES, .salt = h->salt, .next = h->first
	};
}

/* Is there a whole record at that place? */
static bool
read_at(const struct jrec_scan *s, size_t at, struct jrec *r)
{
	const uint8_t *p = s->p + at;
	size_t n;

	if (at > s->n || s->n - at < JREC_RECORD_BYTES)
		return false;
	n = (size_t)get_le(p + 4, 3);
	*r = (struct jrec) { .type = p[7],
		.number = get_le(p + 8, 8),
		.p = p + JREC_RECORD_BYTES,
		.n = n };
	return r->type != 0 && n <= JREC_PAYLOAD_MAX && jrec_size(n) <= s->n - at &&
	    r->number >= s->next && r->number - s->next < AHEAD_MAX &&
	    get_le(p, 4) == seal(crc32c(0, r->p, n), p, s->salt);
}

static void
take(struct jrec_scan *s, size_t at, const struct jrec *r)
{
	s->missing += r->number - s->next;
	s->next = r->number + 1;
	s->at = at + jrec_size(r->n);
}

bool
jrec_next(struct jrec_scan *s, struct jrec *r)
{
	if (read_at(s, s->at, r)) {
		s->damages += r->number != s->next;
		take(s, s->at, r);
		return true;
	}
	for (size_t at = s->at + 8; at < s->n; at += 8) {
		if (read_at(s, at, r)) {
			s->damages++;
			take(s, at, r);
			return true;
		}
	}
	s->torn = s->at < s->n && !is_zero(s->p + s->at, s->n - s->at);
	return false;
}
