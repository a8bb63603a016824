/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide_parts.h - what the files of decide share.  For decide*.c only.  Pure.
 */
#ifndef METERMARK_MESSAGE_DECIDE_PARTS_H
#define METERMARK_MESSAGE_DECIDE_PARTS_H

#include "message/decide.h"

/*
 * The stream, its rules, tracking fields and envelope sender.  The verdict becomes
 * REJECT where the stream says so.  -1: no room; the edits are then half made.
 */
int decide_edit(const struct conf *, const struct envelope *, const struct token_ring *,
    struct hdr *, struct arena *, struct decision *);

/* The domain that we write: ASCII, even where From has a U-label (RFC 6532). */
struct str decide_written_domain(const struct decision *, struct arena *);

#endif
