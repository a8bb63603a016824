/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hll.h - a set of recipients as a HyperLogLog in Redis's own format.  Pure.
 *
 * Distinct recipients per campaign are counted in Redis by PFADD or PFMERGE.  While
 * Redis is away the recipients must not pile up: few are kept as they are, many fold
 * into a sketch of 12,304 bytes that Redis takes as a value and merges
 * (src/hyperloglog.c: "HYLL", dense encoding, 16384 registers of 6 bits, MurmurHash64A
 * with seed 0xadc83b19).  Both ways lead to the same registers in Redis.  Not
 * thread-safe.
 */
#ifndef METERMARK_COUNTING_HLL_H
#define METERMARK_COUNTING_HLL_H

#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"

/* An HMAC-SHA256, cut: a recipient without its address. */
#define HLL_ELEMENT_BYTES 16
/* So many elements are kept as they are. */
#define HLL_FEW 64
#define HLL_DENSE_BYTES 12304

struct hll;

/* Empty; NULL when out of memory. */
struct hll *hll_new(void);
void hll_free(struct hll *);

/* 0: the next `more` calls of hll_add() cannot fail.  -1 when out of memory. */
int hll_reserve(struct hll *, size_t more);
/* 0, or -1 when out of memory: the element is then not in the set. */
int hll_add(struct hll *, const uint8_t element[HLL_ELEMENT_BYTES]);
/* Everything of src into dst.  0, or -1 when out of memory: dst is then as it was. */
int hll_merge(struct hll *dst, const struct hll *src);

/* How many single elements are held; 0 once it has become a sketch. */
size_t hll_few(const struct hll *);
const uint8_t *hll_few_at(const struct hll *, size_t i);
/* The sketch as Redis stores it, HLL_DENSE_BYTES; NULL while there are only few. */
const uint8_t *hll_dense(const struct hll *);

/*
 * The set as bytes for a file: kind, then for few elements how many and they, for a
 * sketch its registers that are not zero (index and value, three bytes), or all of them
 * where that is shorter.
 */
void hll_write(const struct hll *, struct buf *);
/* Such bytes; *used: how many of them.  NULL when they are damaged, or out of memory.
 */
struct hll *hll_read(const uint8_t *p, size_t n, size_t *used);

#endif
