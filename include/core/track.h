/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * track.h - the campaign of a message, its stream, and the stream's header rules.
 *
 * Order of work: command headers are read and removed; then the stream's remove, set,
 * add and feedback_id.  Only marks in the header list; see core/hdr.h.
 */
#ifndef METERMARK_CORE_TRACK_H
#define METERMARK_CORE_TRACK_H

#include "core/arena.h"
#include "core/camp.h"
#include "core/conf.h"
#include "core/hdr.h"
#include "core/tmpl.h"

/* The first source of the settings that speaks names the campaign; else the default. */
void track_campaign(
    const struct conf *, const struct hdr *, camp_sha256_fn, struct camp_name *out);
/* Remove the fields that were commands to us. */
void track_strip(const struct conf *, struct hdr *);

/* What a stream's match conditions look at. */
struct track_who {
	struct str campaign, from_domain, envelope_domain, user;
};
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
