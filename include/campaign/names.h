/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.h - the campaign names met so far, and how many new ones a day there may be.
 * Pure.
 *
 * Names come from applications, so a loop in one of them could make a million
 * campaigns. Beyond the daily cap new names count as "_other".  A name not seen for a
 * week is new again, so what is kept is bounded by a week's new names.  It can be
 * written down and read back: a restart gives no second allowance.  Not thread-safe.
 */
#ifndef METERMARK_CAMPAIGN_NAMES_H
#define METERMARK_CAMPAIGN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/namemap.h"
#include "text/str.h"

struct names;

struct name {
	struct namemap_link link;   /* link.name is the name */
	struct name *newer, *older; /* by last use */
	struct name *next_unsaved;
	int64_t first_day, last_day; /* unix seconds / 86400 */
	char text[];
};

/* max_new: names a UTC day not met before.  NULL when out of memory. */
struct names *names_new(const uint8_t seed[NAMEMAP_SEED_BYTES], uint32_t max_new);
void names_free(struct names *);
void names_set_max_new(struct names *, uint32_t);

/*
 * May something of that name be counted under it?  when: unix seconds, of the message.
 * Names of ours ("_all", "none") always may; out of memory a new one may not.
 */
bool names_admit(struct names *, struct str name, int64_t when);

/* A name as it was met in another life; the cap does not matter.  0, or -1 when out of
 * memory. */
int names_learn(struct names *, struct str name, int64_t first_day, int64_t last_day);
/* Take out of the list of those that are new, or used on a day that is not written down
 * yet; NULL: no more. */
struct name *names_unsaved(struct names *);
/* All there are, from the one not used for longest, along ->newer.  names_learn() wants
 * them in this order. */
const struct name *names_oldest(const struct names *);
size_t names_count(const struct names *);
/* Drop those not seen for a week by that day; names_admit() does it little by little.
 */
void names_expire(struct names *, int64_t today);

#endif
