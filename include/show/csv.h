/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv.h - comma-separated values as RFC 4180 has them, safe to open in a spreadsheet.
 * Pure.
 *
 * Spreadsheets run a cell that begins with = + - or @ as a formula, so text from
 * strangers that does gets an apostrophe in front: spreadsheets show it as text then.
 * Numbers and canonical campaign names never begin so.
 */
#ifndef METERMARK_SHOW_CSV_H
#define METERMARK_SHOW_CSV_H

#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

/*
 * Append one field, quoted if RFC 4180 2 demands it, guarded as said above.  first: no
 * comma goes before it.
 */
void csv_text(struct buf *out, struct str, bool first);
void csv_int(struct buf *out, int64_t, bool first);
/* CRLF: the end of a record. */
void csv_end(struct buf *out);

#endif
