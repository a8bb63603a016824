/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodyscan.h - what in a body would make an MTA change it after it is signed.  Pure.
 *
 * Postfix folds lines over 998 bytes, Sendmail those over its mailer's L=; a hop
 * without 8BITMIME gets 8-bit bodies encoded; bare CR, bare LF and NUL are repaired
 * by one program and kept by another.  The scan runs over each message's body as the
 * chunks come, holds no byte of it, and costs a small part of the hash beside it.
 * Fields may be read after bodyscan_end() only.  Not thread-safe.
 */
#ifndef METERMARK_MAIL_BODYSCAN_H
#define METERMARK_MAIL_BODYSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bodyscan {
	uint64_t bytes;
	uint64_t longest; /* bytes of the longest line, its CRLF or LF not counted */
	bool bare_cr;     /* a CR that no LF follows */
	bool bare_lf;     /* an LF that no CR precedes */
	bool nul;
	bool eight_bit; /* a byte of 0x80 or more */
	bool ends_crlf; /* false for the empty body */

	/* Ours. */
	uint64_t line; /* bytes of the line so far, a CR at its end included */
	uint64_t crs, lfs, crlfs;
	unsigned char last;
};

void bodyscan_init(struct bodyscan *);
/* The next chunk; chunks may be cut anywhere, CR from LF as well. */
void bodyscan_feed(struct bodyscan *, const void *chunk, size_t len);
/* No more chunks: counts the last line, sets all results. */
void bodyscan_end(struct bodyscan *);

#endif
