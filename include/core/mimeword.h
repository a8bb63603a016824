/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mimeword.h - RFC 2047 encoded words in a header value, decoded to bytes.
 *
 * Only the transfer encodings (Q and B) are undone; the charset is not converted: what
 * the sender means by UTF-8, ISO-8859-1 or US-ASCII stays the bytes it sent, which is
 * all that a canonical name and a comparison need.  Words that are not well formed stay
 * as they are.
 */
#ifndef METERMARK_CORE_MIMEWORD_H
#define METERMARK_CORE_MIMEWORD_H

#include "core/buf.h"
#include "core/str.h"

/*
 * Append value to out, unfolded (CRLF or LF before white space goes, the white space
 * stays), with encoded words decoded and white space between two adjacent ones dropped
 * (6.2). Any byte can come out, CR, LF and NUL included: the caller must expect that.
 */
void mimeword_decode(struct str value, struct buf *out);

#endif
