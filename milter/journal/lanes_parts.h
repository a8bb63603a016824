/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes_parts.h - what the files of the lanes share.  For milter/journal/lanes*.c.
 * Pure.
 */
#ifndef METERMARK_JOURNAL_LANES_PARTS_H
#define METERMARK_JOURNAL_LANES_PARTS_H

#include "counting/jpack.h"
#include "journal/lanes.h"
#include "journal/retain.h"

struct lanes {
	struct namemap map;
	struct lane *first;
	struct lane *awake; /* contains every lane that has at or unlisted */
	uint64_t next_seq;
	struct retain retain;
	struct jpack_schema schema;
	struct buf scratch;
};

struct lane *lanes_find(const struct lanes *, struct str campaign);
/* The campaign's lane, made if there is none; NULL when out of memory. */
struct lane *lanes_lane_for(struct lanes *, struct str campaign);
/* A new batch that is in no lane yet.  NULL when out of memory. */
struct batch *lanes_batch_new(struct lanes *, const struct tally_entry *);
void lanes_append(struct lane *, struct batch *);
void lanes_note_activity(struct lanes *, struct lane *, const struct tally_entry *);
void lanes_set_acked(struct lanes *, struct batch *, int64_t now_ms);
/* Drop the lane's oldest batch. */
void lanes_drop_first(struct lanes *, struct lane *);

#endif
