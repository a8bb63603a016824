/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * presign.h - brings a header into a form that still verifies after the MTA has handled
 * it.  Pure.
 *
 * What an MTA would add or rewrite after us, we add or rewrite first: a missing Date
 * and Message-ID, the address fields on Sendmail, and lines that are too long on both
 * MTAs.  A field that cannot be protected in this way is left out of the signature; if
 * that is not allowed either, the message must not be signed.
 */
#ifndef METERMARK_DKIM_PRESIGN_H
#define METERMARK_DKIM_PRESIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/hdr.h"
#include "text/arena.h"

enum presign_fault {
	PRESIGN_OK,
	PRESIGN_FROM_CUT, /* Sendmail would cut From */
	PRESIGN_LINE,     /* a line is too long and has no place to fold */
	PRESIGN_CONTROL,  /* a control character in a field to be signed */
	PRESIGN_TOO_MANY, /* more fields than a signature can list */
	PRESIGN_MEMORY
};

/*
 * line_limit: the most bytes of a line without its CRLF, 0 for any; domain: the right
 * side of a Message-ID that we add.  *partly becomes true if a field was left out of
 * the signature.
 */
enum presign_fault presign_header(const struct envelope *, size_t line_limit,
    struct str domain, struct hdr *, struct arena *, bool *partly);

/*
 * Prepares mail that stays unsigned: only the fields that the handled-mark covers
 * (token/mark.h) are added or written as Sendmail would, which are Date, Message-ID
 * (only if the host's name is known) and From.  A From that Sendmail would cut short
 * stays as it is.  Returns 0, or -1 if memory is short.
 */
int presign_unsigned(const struct envelope *, struct hdr *, struct arena *);

/*
 * Writes a date as " Tue, 24 Nov 2026 03:00:00 +0000", with its leading blank, in UTC
 * (RFC 5322 3.3).
 */
#define PRESIGN_DATE_BYTES 40
void presign_date(int64_t now, char out[PRESIGN_DATE_BYTES]);

#endif
