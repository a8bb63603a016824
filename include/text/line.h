/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h - one log line: "QUEUEID: event key=value key=value".  Pure.
 *
 * Made for grep, cut and awk: one blank between fields, none inside one, so that
 * "campaign=autumn " finds exactly that.  A value is written as it is when it is made
 * of 0x21 to 0x7e without '"', '=' and '\'.  Anything else may come from a stranger and
 * must not forge a field or a line: such bytes become \xNN (two lower-case hex digits),
 * a blank among them, and an empty value is written "".  So a value decodes in one way,
 * and UTF-8 survives as its bytes.  All state is the caller's.
 */
#ifndef METERMARK_TEXT_LINE_H
#define METERMARK_TEXT_LINE_H

#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

/* The id of a message that has no queue id yet. */
#define LINE_NOQUEUE "NOQUEUE"
/*
 * The bytes of a value, before escaping, that are kept; a longer value ends in "...".
 */
#define LINE_VALUE_MAX ((size_t)256)
/* A suitable max for the buf: the longest line that system/logger.h writes. */
#define LINE_MAX_BYTES ((size_t)2048)

/*
 * Begin a line in an empty buf.  id is the queue id; "" stands for NOQUEUE.  event is
 * our own word, [a-z0-9_-].  Ask buf_failed() once, at the end.
 */
void line_begin(struct buf *, struct str id, const char *event);

/* " key=value".  key is our own word. */
void line_add(struct buf *, const char *key, struct str value);
void line_addn(struct buf *, const char *key, int64_t value);

/*
 * " key=a,b,c"; with n of 0 it is key="".  A comma inside a value is escaped, too; each
 * value is cut on its own.
 */
void line_list(struct buf *, const char *key, const struct str *values, size_t n);

#endif
