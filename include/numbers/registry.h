/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - the names of the campaigns, from PREFIX:campaigns.
 *
 * The registry gives all names, so that no command here ever looks at the key space,
 * and none holds Redis up for long.
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

/* Which names; all zeros: all of them. */
struct registry_choice {
	char *const *patterns; /* only what one of them matches */
	size_t n_patterns;
	int64_t since; /* only what was active then or later; unix seconds */
	size_t limit;  /* only the so many latest; 0: no limit */
};

/*
 * Read, the latest activity first, `_all` left out.  A name is listed once even while
 * the registry changes.  0, or -1 with the query's error; registry_fini() in either
 * case.
 */
int registry_read(struct query *, const struct registry_choice *, struct registry *);
void registry_fini(struct registry *);

/*
 * Append the name that the registry has for a campaign's identifier, in hex; nothing is
 * appended if it has none.  Whoever writes to Redis may have put any bytes there.  0,
 * or -1 with the query's error.
 */
int registry_name_of(struct query *, const char *id, struct buf *name);

/* The name in Redis: as given if it is one, else what mail with that name counts as. */
void registry_resolve(const char *given, struct camp_name *out);
/* Is it a pattern, with * or ? in it? */
bool registry_is_pattern(const char *name);
/* Is that campaign meant by what was given, a pattern or a name in either form? */
bool registry_meant(const char *given, const char *campaign);

#endif
