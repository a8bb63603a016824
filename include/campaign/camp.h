/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * camp.h - the name of a campaign, in its canonical form.  Pure.
 *
 * Campaign names come from applications and are treated as hostile: whatever is sent
 * ends as 1 to 64 bytes of [a-z0-9._-] that begin with a letter or digit, so that a
 * name is safe in a Redis key and its hash tag, in a log line and in a Feedback-ID.
 * Different names of 8-bit or over-long text stay different by a piece of their
 * SHA-256.
 */
#ifndef METERMARK_CAMPAIGN_CAMP_H
#define METERMARK_CAMPAIGN_CAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

#define CAMP_NAME_MAX 64
#define CAMP_NONE "none"    /* no source spoke */
#define CAMP_ALL "_all"     /* counts everything once more */
#define CAMP_OTHER "_other" /* names beyond the daily cap */
#define CAMP_SENT_MAX 256   /* bytes kept of the name as sent */

struct camp_name {
	char name[CAMP_NAME_MAX + 1]; /* canonical, NUL-terminated */
	size_t len;
	char sent[CAMP_SENT_MAX +
	    1]; /* as sent, decoded, cut at a character, no controls */
	size_t sent_len;
};

/*
 * Canonical form of a decoded name: ASCII lower case; every byte outside [a-z0-9._-]
 * becomes "-"; runs of "-" collapse; "-" is trimmed at both ends; leading characters
 * outside [a-z0-9] go.  Where a byte of 0x80 or more was dropped or the result is
 * longer than 64 bytes it ends in "-" and 16 hex digits of the SHA-256 of the decoded
 * name, within 64 bytes.  Nothing left: "none".
 *
 * In the corners: a "-" at which the text is cut goes, so that it does not double with
 * the one before the hash; a name of 8-bit bytes alone becomes the 16 digits alone; the
 * hash is of the bytes as decoded, capitals included.  A canonical name stays as it
 * is.  A client may send "none", and is counted there; it cannot send "_all" or
 * "_other".  The name as sent is made valid UTF-8: what is not (in encoded words:
 * mail/mimeword.h), and each control character (C0, DEL, C1, U+2028, U+2029), becomes
 * "?".
 */
void camp_canonical(struct str decoded, struct camp_name *out);

/* A name in canonical form already, as settings and the command line must give it. */
bool camp_is_canonical(struct str);

/* Does a canonical name end in those 16 digits, so that it alone tells people little?
 */
bool camp_is_hashed(struct str name);

#endif
