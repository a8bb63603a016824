/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * track.h - the stream of a message, and the stream's header rules.
 *
 * Order of work: command headers are read and removed; then the stream's remove, set,
 * add and feedback_id.  Only marks in the header list; see mail/hdr.h.
 */
#ifndef METERMARK_TRACKING_TRACK_H
#define METERMARK_TRACKING_TRACK_H

#include "config/conf.h"
#include "mail/envelope.h"
#include "mail/hdr.h"
#include "mail/tmpl.h"
#include "text/arena.h"

/* What a stream's match conditions look at. */
struct track_who {
	const struct envelope *envelope;
	struct str campaign, from_domain;
	const struct str *tags;
	size_t n_tags;
};
/* The first condition that does not hold; NULL: all do. */
const char *track_misses(const struct conf_match *, const struct track_who *);
/* The first stream that matches, or NULL. */
const struct conf_stream *track_stream(const struct conf *, const struct track_who *);

/*
 * Carry out the rules of a stream.  0, or -1 when memory or a limit is reached.
 * *skipped is the name of a field that could not be added or set (one is there already
 * and is signed; too long), or NULL.
 */
int track_edit(const struct conf_stream *, const struct tmpl_values *, struct hdr *,
    struct arena *, const char **skipped);

#endif
