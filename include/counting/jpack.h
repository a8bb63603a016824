/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpack.h - counters as bytes: the payloads of the journal's records.  Pure.
 *
 *     number   7 bits a byte, low ones first, the top bit set on all but the last
 *     signed   a number, (n << 1) ^ (n >> 63)
 *     text     number of bytes, the bytes
 *     counters how many, then each: index, value (signed); those that are zero left out
 *     name     campaign (text), as sent (text)
 *
 *     SCHEMA   how many counters, the name of each (text): what the indices of this
 *              file mean, so that a journal outlives a version that counts other things
 *     DELTA    name, when (signed), counters, how many recipients, 16 bytes each
 *     entry    name, how many hours, each: hour (signed), first and last as seconds
 *              into it, counters; then 0, or 1 and recipients as of hll_write()
 *     OPEN     covers, entry
 *     BATCH    covers, seq, prev, sealed at (ms, signed), flags, entry
 *     COMMIT   covers, next seq, written at (ms, signed)
 *     ACK      written at, all up to this seq are acknowledged, but for so many,
 *              their seqs
 *     FORGET   campaign (text), up to which seq its batches go
 *     PLACE    text
 *     NAME     first day, last day (signed), campaign (text)
 *
 * covers: all records of the journal below that number are in the ledger.
 */
#ifndef METERMARK_COUNTING_JPACK_H
#define METERMARK_COUNTING_JPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counting/tally.h"
#include "text/buf.h"
#include "text/str.h"

/* What one entry may take, with thousands of hours. */
#define JPACK_ENTRY_MAX ((size_t)1024 * 1024)

/* ==== writing ==== */

void jpack_u(struct buf *, uint64_t);
void jpack_s(struct buf *, int64_t);
void jpack_text(struct buf *, struct str);
void jpack_schema(struct buf *);
void jpack_entry(struct buf *, const struct tally_entry *);

/*
 * A DELTA, into memory of jpack_delta_bound() bytes; returns how many it took.  Apart,
 * since a callback writes it where no memory is asked for.
 */
size_t jpack_delta_bound(const struct tally_delta *);
size_t jpack_delta(uint8_t *out, const struct tally_delta *);

/* ==== reading ==== */

/* Bytes being read; bad once something was not as it must be, and from then on all
 * that is read is 0. */
struct jpack {
	const uint8_t *p;
	size_t n;
	bool bad;
};

uint64_t jpack_get_u(struct jpack *);
int64_t jpack_get_s(struct jpack *);
/* In the memory that is read. */
struct str jpack_get_text(struct jpack *);

/* What the indices of a file mean to us. */
#define JPACK_INDICES_MAX 256
struct jpack_schema {
	size_t n;
	size_t unknown; /* counters that we do not have; what they say is left out */
	uint16_t ours[JPACK_INDICES_MAX]; /* TALLY_COUNTERS: unknown */
};
/* The schema of this very program. */
void jpack_schema_init(struct jpack_schema *);
/* 0, or -1: damaged. */
int jpack_get_schema(struct jpack *, struct jpack_schema *);
/* 0, or -1: damaged.  Recipients are in the memory that is read. */
int jpack_get_delta(struct jpack *, const struct jpack_schema *, struct tally_delta *);
/* NULL when damaged (bad is set) or out of memory (it is not). */
struct tally_entry *jpack_get_entry(struct jpack *, const struct jpack_schema *);

#endif
