/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark.h - the header field X-Metermark: this message has been handled.  Pure.
 *
 *     X-Metermark: v=1; k=a; t=1795508579; m=VuXo6Y3yOVvsaUTy0xkN7w
 *
 * k is the id of the key, "-" for the daemon's own; t the time, unix seconds; m the
 * first 16 bytes of an HMAC-SHA256, base64url without padding, over these, with a LF
 * after each but the last:
 *
 *     1, k and t as in the field; every From field, every Date field, every Message-ID
 *     field (name, ":", value) as relaxed header canonicalization has it (RFC 6376
 *     3.4.2); the envelope sender without <>, its domain in lower case
 *
 * The key is that of token/token.h for marks.  Fields and sender are those that leave,
 * after all edits: the MTA gives back what it was given.  But a sender without a domain
 * it completes: a mark made for one holds for that local part at any domain. Recipients
 * are not in it: what comes back may be for fewer of them.
 *
 * A mark proves that a message of that author, time, id and sender has been handled by
 * somebody with the key; it makes nothing be signed, only one message pass untouched.
 */
#ifndef METERMARK_TOKEN_MARK_H
#define METERMARK_TOKEN_MARK_H

#include <stdint.h>

#include "mail/hdr.h"
#include "text/buf.h"
#include "text/str.h"
#include "token/token.h"

#define MARK_FIELD "X-Metermark"
/* Bytes of a value. */
#define MARK_VALUE_MAX ((size_t)80)
/* Longer than any queue keeps a message (Postfix, Sendmail: 5 days). */
#define MARK_LIFE_S 518400
/* Clocks of several hosts differ by less. */
#define MARK_SKEW_S 3600
/* Marks looked at in one message; we never leave more than one on it. */
#define MARK_FIELDS_MAX 8
/* Of From, Date, Message-ID and sender together; such a message gets no mark. */
#define MARK_TEXT_MAX ((size_t)16384)

/* Any of them makes or verifies; both may be NULL or empty. */
struct mark_keys {
	const struct token_ring *tokens; /* of the settings: the newest signs */
	const struct token_ring *local;  /* else this: one key, the daemon's own */
};

/*
 * Append the field's value, leading space included, for the header as it will leave.
 * 0, or -1: no key, no memory, too much text.
 */
int mark_make(const struct mark_keys *, const struct hdr *, struct str sender,
    int64_t now, struct buf *out);

/* True when the header, as received, carries a mark that holds. */
bool mark_holds(
    const struct mark_keys *, const struct hdr *, struct str sender, int64_t now);

#endif
