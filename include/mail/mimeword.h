/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mimeword.h - RFC 2047 encoded words in a header value, decoded to UTF-8.  Pure.
 *
 * ISO-8859-1, windows-1252 and ISO-8859-15 are converted, so that a name is the same
 * one in whichever of them it was sent, and may stand in JSON.  Of all other charsets
 * what is well-formed UTF-8 stays, and each other byte becomes a character of its own
 * (UTF8_STRAY, text/utf8.h): it cannot be read, but names stay apart.  Words that are
 * not well formed stay as they are, and so does what is outside of words.
 */
#ifndef METERMARK_MAIL_MIMEWORD_H
#define METERMARK_MAIL_MIMEWORD_H

#include "text/buf.h"
#include "text/str.h"

/* Of so many bytes for each one of the value is the result at most. */
#define MIMEWORD_GROWTH 3

/*
 * Append value to out, unfolded (CRLF or LF before white space goes, the white space
 * stays), with encoded words decoded and white space between two adjacent ones dropped
 * (6.2).  Control characters can come out, CR, LF and NUL included: the caller must
 * expect that.  Out of memory, out has failed.
 */
void mimeword_decode(struct str value, struct buf *out);

#endif
