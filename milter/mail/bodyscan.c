/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodyscan.c - one pass for bytes, one for lines.
 *
 * The pass for bytes counts CRs and looks for NUL and 8-bit bytes in blocks of fixed
 * size without a branch, which gcc and clang turn into vector code at -O2.  The pass
 * for lines goes from LF to LF with memchr.  A bare CR then needs no search: there is
 * one exactly when there are more CRs than CRLFs.
 */
#include "mail/bodyscan.h"

#include <string.h>

/* Below 256, so that counts of a block fit a byte. */
#define BLOCK_BYTES 64

void
bodyscan_init(struct bodyscan *s)
{
	*s = (struct bodyscan) { .bytes = 0 };
}

static void
scan_block(struct bodyscan *s, const unsigned char *p)
{
	unsigned char crs = 0, any = 0, nuls = 0;

	for (size_t i = 0; i < BLOCK_BYTES; i++) {
		crs = (unsigned char)(crs + (p[i] == '\r'));
		nuls = (unsigned char)(nuls | (p[i] == '\0'));
		any |= p[i];
	}
	s->crs += crs;
	s->nul |= nuls != 0;
	s->eight_bit |= any >= 0x80;
}

static void
scan_bytes(struct bodyscan *s, const unsigned char *p, size_t len)
{
	size_t i = 0;

	for (; len - i >= BLOCK_BYTES; i += BLOCK_BYTES)
		scan_block(s, p + i);
	for (; i < len; i++) {
		s->crs += p[i] == '\r';
		s->nul |= p[i] == '\0';
		s->eight_bit |= p[i] >= 0x80;
	}
}

static void
end_line(struct bodyscan *s, bool crlf)
{
	uint64_t len = s->line - (crlf ? 1 : 0);

	if (len > s->longest)
		s->longest = len;
	s->line = 0;
}

static void
scan_lines(struct bodyscan *s, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len, *lf;

	for (; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		bool crlf = (lf > p ? lf[-1] : s->last) == '\r';

		s->line += (uint64_t)(lf - p);
		s->lfs++;
		s->crlfs += crlf;
		s->ends_crlf = crlf;
		end_line(s, crlf);
		s->last = '\n';
		if (lf + 1 == end)
			return;
	}
	s->line += (uint64_t)(end - p);
	s->last = end[-1];
}

void
bodyscan_feed(struct bodyscan *s, const void *chunk, size_t len)
{
	if (len == 0)
		return;
	s->bytes += len;
	scan_bytes(s, chunk, len);
	scan_lines(s, chunk, len);
}

void
bodyscan_end(struct bodyscan *s)
{
	if (s->line > 0)
		s->ends_crlf = false;
	end_line(s, false);
	s->bare_cr = s->crs > s->crlfs;
	s->bare_lf = s->lfs > s->crlfs;
}
