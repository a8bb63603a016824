/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - which stream of the settings a message belongs to.  Pure.
 *
 * The streams are tried in the order of the settings; the first one that matches takes
 * the message.  A stream without a match takes all mail.
 */
#ifndef METERMARK_TRACKING_STREAM_H
#define METERMARK_TRACKING_STREAM_H

#include <stddef.h>

#include "config/conf.h"
#include "mail/envelope.h"
#include "text/str.h"

/* What the conditions of a match look at.  Borrowed. */
struct stream_facts {
	const struct envelope *envelope;
	struct str campaign, from_domain;
	const struct str *tags;
	size_t n_tags;
};

/* The name of the first condition that does not hold; NULL if all hold. */
const char *stream_misses(const struct conf_match *, const struct stream_facts *);
/* The first stream that matches, or NULL. */
const struct conf_stream *stream_find(const struct conf *, const struct stream_facts *);

#endif
