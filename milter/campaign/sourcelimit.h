/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourcelimit.h - what a service takes, held against what a message has.  Pure.
 *
 * Of what a service would refuse there is a fault; what it cuts is cut here as well.
 */
#ifndef METERMARK_CAMPAIGN_SOURCELIMIT_H
#define METERMARK_CAMPAIGN_SOURCELIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "campaign/source.h"
#include "campaign/sourcejson.h"
#include "text/arena.h"
#include "text/str.h"

/* What was seen so far of a source, or of one document of JSON.  {0}: nothing. */
struct source_used {
	size_t n;
	struct {
		const struct source_limit *limit;
		size_t count, bytes;
	} v[SOURCE_LIMITS_MAX];
};

/*
 * Hold a value, without blanks at its ends, against a limit, and add it to what was
 * seen.  key: "" where it has none.  json: it counts with what JSON writes around it.
 * Where the service cuts, so does this: *value then is a piece of the arena's, perhaps
 * "" (out of memory: whole).  The first fault, one of SOURCE_TAG_... and
 * SOURCE_TAGS_..., or SOURCE_FINE.
 */
enum source_fault source_limit(const struct source_limit *, struct source_used *,
    bool json, struct str key, struct str *value, struct arena *);

#endif
