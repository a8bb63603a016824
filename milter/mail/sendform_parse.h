/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendform_parse.h - the parts of an address field, for sendform.c.  Pure.
 */
#ifndef METERMARK_MAIL_SENDFORM_PARSE_H
#define METERMARK_MAIL_SENDFORM_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/addr.h"
#include "text/str.h"

#define SENDFORM_COMMENTS_MAX 8

/* A mailbox as written, its parts found. */
struct sendform_mailbox {
	struct str phrase; /* the text before '<' */
	struct str comment[SENDFORM_COMMENTS_MAX];
	size_t ncomments;
	bool survives_unchanged; /* Sendmail certainly writes it as it is */
};

/* Find the parts; angle: it has a '<'.  False: too many comments. */
bool sendform_find_parts(struct str raw, bool angle, struct sendform_mailbox *);
/*
 * Does Sendmail certainly leave this address alone?  Its own addresses and names are
 * not known here: a literal may be one, and a name without a dot may get one.
 */
bool sendform_address_survives(const struct addr_box *);

/*
 * Position after the quoted string, comment or domain literal at i; i + 1 for any other
 * byte, i + 2 for an escaped one.  s.len + 1 if it has no end.
 */
size_t sendform_skip_unit(struct str s, size_t i);
/* Position of the next , ; or : that separates, or s.len; s.len + 1 if unbalanced. */
size_t sendform_find_separator(struct str);
/* White space, or the end. */
bool sendform_gap_at(struct str, size_t i);
/* A byte that Sendmail quotes in a name; not NUL. */
bool sendform_must_quote(char);
/* Anything that is neither white space of RFC 5322 nor visible. */
bool sendform_has_controls(struct str);

#endif
