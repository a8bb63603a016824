/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - the names of the campaigns, from PREFIX:campaigns.
 *
 * All names come from the registry: nothing here searches the key space, and no single
 * command keeps Redis busy for long.
 */
#ifndef METERMARK_NUMBERS_REGISTRY_H
#define METERMARK_NUMBERS_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "numbers/query.h"

struct registry_name {
	char campaign[CAMP_NAME_MAX + 1];
	int64_t active; /* last activity, unix seconds; 0: not known */
};

struct registry {
	struct registry_name *v;
	size_t n, cap;
};

/* Which names to read; all zeros: all of them. */
struct registry_choice {
	char *const *patterns; /* names or patterns, of which one must match */
	size_t n_patterns;
	int64_t since; /* only campaigns active then or later; unix seconds */
	size_t limit;  /* only this many, the latest first; 0: no limit */
};

/*
 * Read the names, the latest activity first, without `_all`.  A name is listed once
 * even if the registry changes meanwhile.  0, or -1 with the query's error; the caller
 * calls registry_fini() in either case.
 */
int registry_read(struct query *, const struct registry_choice *, struct registry *);
void registry_fini(struct registry *);

/*
 * Append the name that the registry has for a campaign's identifier, in hex; nothing is
 * appended if it has none.  Whoever writes to Redis may have put any bytes there.  0,
 * or -1 with the query's error.
 */
int registry_name_of(struct query *, const char *id, struct buf *name);

/*
 * The campaign's name in Redis: the given one if it is such a name, otherwise the name
 * under which mail with the given one is counted.
 */
void registry_resolve(const char *given, struct camp_name *out);
/* True if name has * or ? in it. */
bool registry_is_pattern(const char *name);
/*
 * True if the given pattern matches the campaign, or the given name, as counted or as
 * sent, is the campaign's.
 */
bool registry_meant(const char *given, const char *campaign);

#endif
