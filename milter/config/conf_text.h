/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text.h - the text of metermark.conf, made safe for libconfuse.  Pure.
 *
 * libconfuse 3.3 expands ${ENVIRONMENT}, drops characters it does not know without a
 * word (news-* outside quotes becomes news-), takes the last of two settings of the
 * same name, refuses comments inside lists and counts lines wrongly after a C comment.
 * This pass over the text refuses what would be misread and blanks out the comments, so
 * that line numbers are right and a setting means what it says.
 */
#ifndef METERMARK_CONFIG_CONF_TEXT_H
#define METERMARK_CONFIG_CONF_TEXT_H

#include "text/buf.h"
#include "text/str.h"

/* Longest string or word, bytes, and deepest nesting of braces. */
#define CONF_TEXT_STRING_MAX 4096
#define CONF_TEXT_DEPTH_MAX 8

/* The setting that conf_text_prepare() adds to each section: the line it begins in. */
#define CONF_TEXT_LINE "_line"

/*
 * Append to out the text without comments, and with "_line = N" at the head of each
 * section.  Lines stay where they are.  0, or -1 with a sentence in err and the line it
 * is about in *line: a control character, a string without its end, an escape other
 * than
 * \" \' \\, "${", a character that needs quotes, a brace too many or too few, a setting
 * twice in one section.
 */
int conf_text_prepare(
    struct str text, struct buf *out, unsigned *line, char *err, size_t errlen);

#endif
