/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jrec.h - the files of the journal: their heads, their records, and what is left of
 * them after a crash.  Pure.
 *
 * Two kinds of file are made of the same records.  Segments of the journal hold the
 * deltas of messages, written by the callbacks.  The ledger holds what the flusher made
 * of them: sums, numbered batches, what Redis has acknowledged, and up to which record
 * of the journal all of this goes.  Numbers are little-endian, and everything begins at
 * a multiple of 8 bytes:
 *
 *     head of a file, JREC_HEAD_BYTES
 *     0    8   "MMjrnl\r\n": a transfer that changes line ends shows
 *     8    4   version of the format, JREC_VERSION
 *     12   4   kind of file
 *     16   32  producer id, hex
 *     48   8   number of the first record
 *     56   8   salt: random, one a file
 *     64   8   made at, unix milliseconds
 *     72   4   zero
 *     76   4   CRC-32C of the 76 bytes before
 *
 *     record, JREC_RECORD_BYTES and the payload, filled up with zeros
 *     0    4   CRC-32C of payload, bytes 4 to 15, salt
 *     4    3   bytes of payload
 *     7    1   type, never 0
 *     8    8   number
 *     16       payload
 *
 * Records are numbered without a gap, in the journal from segment to segment.  So a gap
 * says how many are lost, and a record that is there twice is counted once.  Because of
 * the salt, a payload, which strangers may write, and old bytes of the disk cannot be
 * taken for a record.  A file may be longer than its records; the rest is zeros.
 *
 * Not thread-safe; different files are independent.
 */
#ifndef METERMARK_JOURNAL_JREC_H
#define METERMARK_JOURNAL_JREC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JREC_VERSION 1u
#define JREC_HEAD_BYTES ((size_t)80)
#define JREC_RECORD_BYTES ((size_t)16)
#define JREC_PAYLOAD_MAX ((size_t)4 * 1024 * 1024)
#define JREC_PRODUCER 32

enum jrec_kind { JREC_JOURNAL = 1, JREC_LEDGER = 2 };

/* Types of records.  Their payloads are in counting/jpack.h. */
enum jrec_type {
	JREC_SCHEMA = 1, /* which counter each index means, in this file */
	JREC_DELTA = 2,  /* journal: one message */
	JREC_OPEN = 3,   /* ledger: sums that are in no batch yet */
	JREC_BATCH = 4,  /* ledger: a batch; the open sums of its campaign are in it */
	JREC_COMMIT = 5, /* ledger: what was written since the last one is valid */
	JREC_ACK = 6,    /* ledger: what Redis has acknowledged */
	JREC_FORGET = 7, /* ledger: batches of a campaign are no longer wanted */
	JREC_PLACE = 8, /* ledger: which Redis is used; another one knows nothing of our
	                   batches */
	JREC_NAME = 9   /* ledger: a campaign's name that was met */
};

struct jrec_head {
	uint32_t kind;
	char producer[JREC_PRODUCER + 1];
	uint64_t first;
	uint64_t salt;
	int64_t made_ms;
};

/* As a file begins.  producer has JREC_PRODUCER bytes. */
void jrec_put_head(uint8_t out[JREC_HEAD_BYTES], const struct jrec_head *);

enum jrec_verdict {
	JREC_GOOD,
	JREC_EMPTY,         /* only zeros, or empty: a crash while it was made */
	JREC_FOREIGN,       /* not ours */
	JREC_OTHER_VERSION, /* ours, of another version; *version says which */
	JREC_BAD            /* ours once; damaged */
};
enum jrec_verdict jrec_get_head(
    const uint8_t *p, size_t n, struct jrec_head *, uint32_t *version);

/* The bytes that a record takes, by the length of its payload. */
size_t jrec_size(size_t payload);
/*
 * Write a record of jrec_size(n) bytes to out.  sum is crc32c(0, payload, n), which can
 * be computed before the number is known.
 */
void jrec_put(uint8_t *out, enum jrec_type, uint64_t number, uint64_t salt,
    const void *payload, size_t n, uint32_t sum);

/* Reading a file that is in memory. */
struct jrec_scan {
	const uint8_t *p;
	size_t n;
	size_t at; /* next record, or where the next one would be written */
	uint64_t salt;
	uint64_t next;    /* number expected next */
	uint64_t missing; /* records that are missing between those found */
	unsigned damages; /* places without a valid record */
	bool torn;        /* there are bytes other than zeros after the last record */
};

struct jrec {
	uint8_t type;
	uint64_t number;
	const uint8_t *p; /* in the file's memory */
	size_t n;
};

/* After the head. */
void jrec_scan_begin(
    struct jrec_scan *, const uint8_t *p, size_t n, const struct jrec_head *);
/*
 * Find the next record; false at the end.  Damage is skipped, up to the next whole
 * record: one whose checksum is right and whose number is not below the expected one.
 */
bool jrec_next(struct jrec_scan *, struct jrec *);

#endif
