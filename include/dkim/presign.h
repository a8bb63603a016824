/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * presign.h - bring a header into a form that still verifies after the MTA has had it.
 * Pure.
 *
 * What an MTA would add or rewrite after us is added or rewritten by us first: a
 * missing Date and Message-ID, on Sendmail the address fields, on both the lines that
 * are too long.  What cannot be helped is left out of the signature, or the message
 * must not be signed.
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
	PRESIGN_LINE,     /* a line too long that has no place to fold */
	PRESIGN_CONTROL,  /* a control character in a field to be signed */
	PRESIGN_TOO_MANY, /* more fields than a signature can list */
	PRESIGN_MEMORY
};

/*
 * line_limit: bytes of a line without CRLF, 0 for any; domain: the right side of a
 * Message-ID of ours.  *partly becomes true when a field was left out of the signature.
 */
enum presign_fault presign_header(const struct envelope *, size_t line_limit,
    struct str domain, struct hdr *, struct arena *, bool *partly);

/*
 * Of mail that goes unsigned only what the handled-mark covers (token/mark.h): Date,
 * Message-ID (only if the host's name is known) and From, as Sendmail would add or
 * write them.  From that cannot be is left as it is.  0, or -1 when there is no room.
 */
int presign_unsigned(const struct envelope *, struct hdr *, struct arena *);

/*
 * " Tue, 24 Nov 2026 03:00:00 +0000", leading space included (RFC 5322 3.3); UTC.  out
 * has PRESIGN_DATE_BYTES.
 */
#define PRESIGN_DATE_BYTES 40
void presign_date(int64_t now, char out[PRESIGN_DATE_BYTES]);

#endif
