/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namemap.c - a chained hash table under SipHash-1-3.  See the header.
 *
 * SipHash: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; one round a
 * word and three at the end, as Rust and Python have it for the same purpose.
 */
#include "text/namemap.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS ((size_t)64)

static uint64_t
load_le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t
rotl(uint64_t x, unsigned b)
{
	return (x << b) | (x >> (64 - b));
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t
hash(const struct namemap *m, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint64_t v[4] = { m->seed[0] ^ 0x736f6d6570736575U,
		m->seed[1] ^ 0x646f72616e646f6dU, m->seed[0] ^ 0x6c7967656e657261U,
		m->seed[1] ^ 0x7465646279746573U };
	size_t i = 0;

	for (;; i += 8) {
		size_t left = s.len - i;
		uint64_t w = left >= 8
		    ? load_le(p + i, 8)
		    : load_le(p + i, left) | (uint64_t)(s.len & 0xff) << 56;

		v[3] ^= w;
		sip_round(v);
		v[0] ^= w;
		if (left < 8)
			break;
	}
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int
namemap_init(struct namemap *m, const uint8_t seed[NAMEMAP_SEED_BYTES])
{
	*m = (struct namemap) {
		.bucket = calloc(FIRST_BUCKETS, sizeof(struct namemap_link *)),
		.n_buckets = FIRST_BUCKETS,
		.seed = { load_le(seed, 8), load_le(seed + 8, 8) },
	};
	return m->bucket == NULL ? -1 : 0;
}

void
namemap_fini(struct namemap *m)
{
	free(m->bucket);
	m->bucket = NULL;
}

struct namemap_link *
namemap_find(const struct namemap *m, struct str name)
{
	uint64_t h = hash(m, name);
	struct namemap_link *l = m->bucket[h & (m->n_buckets - 1)];

	while (l != NULL && (l->hash != h || !str_eq(l->name, name)))
		l = l->chain;
	return l;
}

static void
hang(struct namemap_link **bucket, size_t n_buckets, struct namemap_link *l)
{
	struct namemap_link **at = &bucket[l->hash & (n_buckets - 1)];

	l->chain = *at;
	*at = l;
}

static void
grow(struct namemap *m)
{
	size_t n = m->n_buckets * 2;
	struct namemap_link **bigger = calloc(n, sizeof(struct namemap_link *));

	if (bigger == NULL)
		return;
	for (size_t i = 0; i < m->n_buckets; i++) {
		struct namemap_link *l = m->bucket[i];

		while (l != NULL) {
			struct namemap_link *next = l->chain;

			hang(bigger, n, l);
			l = next;
		}
	}
	free(m->bucket);
	m->bucket = bigger;
	m->n_buckets = n;
}

void
namemap_insert(struct namemap *m, struct namemap_link *l)
{
	if (m->n >= m->n_buckets)
		grow(m);
	l->hash = hash(m, l->name);
	hang(m->bucket, m->n_buckets, l);
	m->n++;
}

void
namemap_remove(struct namemap *m, struct namemap_link *l)
{
	struct namemap_link **at = &m->bucket[l->hash & (m->n_buckets - 1)];

	while (*at != l)
		at = &(*at)->chain;
	*at = l->chain;
	l->chain = NULL;
	m->n--;
}
