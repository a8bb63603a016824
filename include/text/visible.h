/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visible.h - text of strangers made safe to show.  Pure.
 *
 * A campaign's name as sent, or an error reply, may hold bytes that move a terminal's
 * cursor, retitle its window, type into it, or turn the reading direction of what
 * follows.
 */
#ifndef METERMARK_TEXT_VISIBLE_H
#define METERMARK_TEXT_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buf.h"
#include "text/str.h"

/*
 * Append s with every byte that is not plainly printable as \xHH, and "\" as "\\", so
 * that different texts stay different.  Printable are 0x20 to 0x7e and, with utf8,
 * well-formed UTF-8 (RFC 3629) except controls, line separators, characters without
 * width, direction marks, private use, tags and noncharacters.
 */
void visible_add(struct buf *out, struct str s, bool utf8);
/* The same, cut after max bytes of s: text... */
void visible_cut(struct buf *, struct str, size_t max, bool utf8);
/* The same in double quotes, without utf8: "text..." */
void visible_quote(struct buf *, struct str, size_t max);

/*
 * The places that a line of UTF-8 takes on a terminal: two for pictures and characters
 * of East Asia (Unicode's East Asian Width, W and F), one for all others.  No character
 * counts for less than it takes; one that combines with the character before it counts
 * for more.
 */
size_t visible_places(struct str);
/* The longest front of s, in whole characters, that takes at most that many places. */
struct str visible_head(struct str s, size_t places);

/* Append s; every byte that is not part of well-formed UTF-8 becomes U+FFFD. */
void visible_utf8(struct buf *out, struct str s);

#endif
