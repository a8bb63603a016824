/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest.h - "did you mean ...": the names most like what was typed.  Pure.
 */
#ifndef METERMARK_SHOW_NEAREST_H
#define METERMARK_SHOW_NEAREST_H

#include <stddef.h>

#include "text/buf.h"
#include "text/str.h"

#define NEAREST_MAX 3     /* names kept */
#define NEAREST_LENGTH 64 /* longer names are no suggestion */

struct nearest {
	struct str wanted; /* borrowed */
	size_t n;
	size_t score[NEAREST_MAX]; /* best first */
	char name[NEAREST_MAX][NEAREST_LENGTH + 1];
};

void nearest_init(struct nearest *, struct str wanted);
/* Look at one candidate; it is copied when it is among the best so far. */
void nearest_offer(struct nearest *, struct str candidate);
/* Append "a, b, c"; nothing if no candidate came near. */
void nearest_list(const struct nearest *, struct buf *out);

/*
 * The number of letters to insert, delete, replace or swap with their neighbour to get
 * from one text to the other, ASCII case folded; limit + 1 if there are more, or if a
 * text is longer than NEAREST_LENGTH.
 */
size_t nearest_distance(struct str, struct str, size_t limit);

#endif
