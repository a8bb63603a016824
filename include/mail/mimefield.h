/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mimefield.h - values of MIME fields: white space, comments, tokens, parameters.
 * Pure.
 *
 * RFC 2045 5.1 on the comments and quoted strings of RFC 5322 3.2.  Takes what software
 * in use writes as well: unquoted values with characters that want quotes, such as
 * boundary=----=_Part_1.  No value split over several parameters (RFC 2231).  What the
 * functions return points into their argument.
 */
#ifndef METERMARK_MAIL_MIMEFIELD_H
#define METERMARK_MAIL_MIMEFIELD_H

#include <stddef.h>

#include "text/str.h"

/* What follows white space and comments; a comment without an end is the rest. */
struct str mimefield_cfws(struct str);
/*
 * The next token, taken off *s with white space and comments before it: up to white
 * space or one of ( ; = / ".  "" where there is none.
 */
struct str mimefield_token(struct str *s);
/*
 * The first parameter of that name, behind a ';' outside of comments and quotes,
 * without its own quotes, into out.  Its length; 0 where there is none, or it has more
 * than size bytes.
 */
size_t mimefield_param(struct str value, struct str name, char *out, size_t size);

#endif
