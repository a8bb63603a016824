/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hll.c - recipients counted the way Redis counts them.
 *
 * A HyperLogLog (Flajolet and others, 2007) answers "how many different ones?" from
 * 16384 small registers.  An element is hashed to 64 bits: the low 14 pick a register,
 * and the register keeps the longest run of zeros (plus one) it has seen in the other
 * 50.  Two sketches merge by taking the larger of each pair of registers, so merging is
 * idempotent: a batch that Redis gets twice changes nothing the second time.
 *
 * Redis stores this as a string (src/hyperloglog.c, layout unchanged since 2.8.9):
 *
 *     0     "HYLL"
 *     4     encoding, 0 = dense
 *     5     three zero bytes
 *     8     cached cardinality, little-endian; the top bit set means "compute anew"
 *     16    16384 registers of 6 bits, packed from the low bit of each byte upwards
 *
 * We keep that very string, so that it can be sent as it is.
 */
#include "counting/hll.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_BITS 14
#define REGISTERS ((size_t)1 << INDEX_BITS)
#define RUN_BITS (64 - INDEX_BITS)
#define HEADER_BYTES ((size_t)16)
#define REGISTER_BITS 6
#define REGISTER_MAX 63u
#define HASH_SEED 0xadc83b19u

struct hll {
	uint8_t (*few)[HLL_ELEMENT_BYTES];
	size_t n, cap;
	uint8_t *dense; /* may be there before it is in use: see hll_reserve() */
	bool is_dense;
};

/* ==== registers ==== */

/* MurmurHash64A (Austin Appleby, public domain), little-endian, for our length. */
static uint64_t
murmur64a(const uint8_t element[HLL_ELEMENT_BYTES])
{
	const uint64_t m = 0xc6a4a7935bd1e995u;
	uint64_t h = HASH_SEED ^ (HLL_ELEMENT_BYTES * m);

	for (size_t i = 0; i < HLL_ELEMENT_BYTES; i += 8) {
		uint64_t k = 0;

		for (size_t b = 0; b < 8; b++)
			k |= (uint64_t)element[i + b] << (8 * b);
		k *= m;
		k ^= k >> 47;
		k *= m;
		h ^= k;
		h *= m;
	}
	h ^= h >> 47;
	h *= m;
	h ^= h >> 47;
	return h;
}

static unsigned
register_get(const uint8_t *dense, size_t i)
{
	const uint8_t *at = dense + HEADER_BYTES + i * REGISTER_BITS / 8;
	unsigned shift = i * REGISTER_BITS & 7;
	unsigned v = at[0];

	/* The last register ends with the last byte: nothing lies behind it. */
	if (shift > 8 - REGISTER_BITS)
		v |= (unsigned)at[1] << 8;
	return v >> shift & REGISTER_MAX;
}

static void
register_set(uint8_t *dense, size_t i, unsigned value)
{
	uint8_t *at = dense + HEADER_BYTES + i * REGISTER_BITS / 8;
	unsigned shift = i * REGISTER_BITS & 7;

	at[0] = (uint8_t)((at[0] & ~(REGISTER_MAX << shift)) | value << shift);
	if (shift > 8 - REGISTER_BITS)
		at[1] = (uint8_t)((at[1] & ~(REGISTER_MAX >> (8 - shift))) |
		    value >> (8 - shift));
}

static void
register_raise(uint8_t *dense, size_t i, unsigned value)
{
	if (register_get(dense, i) < value)
		register_set(dense, i, value);
}

static void
dense_add(uint8_t *dense, const uint8_t element[HLL_ELEMENT_BYTES])
{
	uint64_t h = murmur64a(element);
	size_t i = h & (REGISTERS - 1);
	unsigned run = 1;

	/* A bit above the 50 ends the run where all of them are zero. */
	h = h >> INDEX_BITS | (uint64_t)1 << RUN_BITS;
	while ((h & 1) == 0) {
		run++;
		h >>= 1;
	}
	register_raise(dense, i, run);
}

static uint8_t *
dense_new(void)
{
	uint8_t *d = calloc(1, HLL_DENSE_BYTES);

	if (d != NULL) {
		memcpy(d, "HYLL", 4);
		d[15] = 0x80;
	}
	return d;
}

/* ==== the set ==== */

struct hll *
hll_new(void)
{
	return calloc(1, sizeof(struct hll));
}

void
hll_free(struct hll *h)
{
	if (h == NULL)
		return;
	free(h->few);
	free(h->dense);
	free(h);
}

static int
reserve_few(struct hll *h, size_t need)
{
	size_t cap = h->cap == 0 ? 4 : h->cap;
	void *p;

	if (need <= h->cap)
		return 0;
	while (cap < need)
		cap *= 2;
	p = realloc(h->few, cap * HLL_ELEMENT_BYTES);
	if (p == NULL)
		return -1;
	h->few = p;
	h->cap = cap;
	return 0;
}

int
hll_reserve(struct hll *h, size_t more)
{
	if (h->is_dense)
		return 0;
	if (more > HLL_FEW - h->n) {
		/* Some may be here already: whether it becomes a sketch shows later. */
		if (h->dense == NULL && (h->dense = dense_new()) == NULL)
			return -1;
		more = HLL_FEW - h->n;
	}
	return reserve_few(h, h->n + more);
}

static bool
has(const struct hll *h, const uint8_t element[HLL_ELEMENT_BYTES])
{
	for (size_t i = 0; i < h->n; i++)
		if (memcmp(h->few[i], element, HLL_ELEMENT_BYTES) == 0)
			return true;
	return false;
}

/* h->dense is there. */
static void
become_dense(struct hll *h)
{
	for (size_t i = 0; i < h->n; i++)
		dense_add(h->dense, h->few[i]);
	free(h->few);
	h->few = NULL;
	h->n = h->cap = 0;
	h->is_dense = true;
}

int
hll_add(struct hll *h, const uint8_t element[HLL_ELEMENT_BYTES])
{
	if (!h->is_dense) {
		if (has(h, element))
			return 0;
		if (hll_reserve(h, 1) == -1)
			return -1;
		if (h->n < HLL_FEW) {
			memcpy(h->few[h->n++], element, HLL_ELEMENT_BYTES);
			return 0;
		}
		become_dense(h);
	}
	dense_add(h->dense, element);
	return 0;
}

int
hll_merge(struct hll *dst, const struct hll *src)
{
	if (!src->is_dense) {
		if (hll_reserve(dst, src->n) == -1)
			return -1;
		for (size_t i = 0; i < src->n; i++)
			hll_add(dst, src->few[i]);
		return 0;
	}
	if (!dst->is_dense) {
		if (dst->dense == NULL && (dst->dense = dense_new()) == NULL)
			return -1;
		become_dense(dst);
	}
	for (size_t i = 0; i < REGISTERS; i++)
		register_raise(dst->dense, i, register_get(src->dense, i));
	return 0;
}

size_t
hll_few(const struct hll *h)
{
	return h->n;
}

const uint8_t *
hll_few_at(const struct hll *h, size_t i)
{
	return h->few[i];
}

const uint8_t *
hll_dense(const struct hll *h)
{
	return h->is_dense ? h->dense : NULL;
}

/* ==== as bytes ==== */

#define KIND_FEW 'f'
#define KIND_SPARSE 's'
#define KIND_DENSE 'd'
#define SPARSE_BYTES 3

static void
add_le(struct buf *out, unsigned v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(out, (char)(v >> (8 * i)));
}

static unsigned
take_le(const uint8_t *p, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (unsigned)p[i] << (8 * i);
	return v;
}

static void
write_registers(const struct hll *h, struct buf *out)
{
	unsigned used = 0;

	for (size_t i = 0; i < REGISTERS; i++)
		used += register_get(h->dense, i) != 0;
	if (used * SPARSE_BYTES + 4 >= HLL_DENSE_BYTES) {
		buf_addc(out, KIND_DENSE);
		buf_add(out, h->dense + HEADER_BYTES, HLL_DENSE_BYTES - HEADER_BYTES);
		return;
	}
	buf_addc(out, KIND_SPARSE);
	add_le(out, used, 2);
	for (size_t i = 0; i < REGISTERS; i++)
		if (register_get(h->dense, i) != 0)
			add_le(out,
			    (unsigned)i | register_get(h->dense, i) << INDEX_BITS,
			    SPARSE_BYTES);
}

void
hll_write(const struct hll *h, struct buf *out)
{
	if (h->is_dense) {
		write_registers(h, out);
		return;
	}
	buf_addc(out, KIND_FEW);
	add_le(out, (unsigned)h->n, 1);
	buf_add(out, h->few, h->n * HLL_ELEMENT_BYTES);
}

/* Bytes after the kind, 0 when n is too small for them. */
static size_t
bytes_of(uint8_t kind, const uint8_t *p, size_t n)
{
	size_t need = 0;

	if (kind == KIND_FEW && n >= 1 && p[0] <= HLL_FEW)
		need = 1 + p[0] * (size_t)HLL_ELEMENT_BYTES;
	else if (kind == KIND_SPARSE && n >= 2)
		need = 2 + take_le(p, 2) * (size_t)SPARSE_BYTES;
	else if (kind == KIND_DENSE)
		need = HLL_DENSE_BYTES - HEADER_BYTES;
	return need <= n ? need : 0;
}

static int
read_registers(struct hll *h, uint8_t kind, const uint8_t *p)
{
	h->dense = dense_new();
	if (h->dense == NULL)
		return -1;
	h->is_dense = true;
	if (kind == KIND_DENSE) {
		memcpy(h->dense + HEADER_BYTES, p, HLL_DENSE_BYTES - HEADER_BYTES);
		return 0;
	}
	for (unsigned left = take_le(p, 2); left > 0; left--) {
		unsigned v = take_le(p + 2 + (left - 1) * SPARSE_BYTES, SPARSE_BYTES);

		register_raise(
		    h->dense, v & (REGISTERS - 1), v >> INDEX_BITS & REGISTER_MAX);
	}
	return 0;
}

struct hll *
hll_read(const uint8_t *p, size_t n, size_t *used)
{
	size_t need = n > 0 ? bytes_of(p[0], p + 1, n - 1) : 0;
	struct hll *h;

	*used = need > 0 ? 1 + need : 0;
	h = need > 0 ? hll_new() : NULL;
	if (h == NULL)
		return NULL;
	if (p[0] != KIND_FEW) {
		if (read_registers(h, p[0], p + 1) == 0)
			return h;
		goto fail;
	}
	for (size_t i = 0; i < p[1]; i++)
		if (hll_add(h, p + 2 + i * HLL_ELEMENT_BYTES) == -1)
			goto fail;
	return h;
fail:
	hll_free(h);
	return NULL;
}
