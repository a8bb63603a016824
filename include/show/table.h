/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - text in columns, for people.  Pure.
 *
 * There are two passes over the rows: table_measure() for each row, table_fit() once,
 * then table_line() for each row.  So only the widths are kept, however many rows there
 * are. Widths are counted in places as text/visible.h counts them.  Cells must be free
 * of controls.  Not thread-safe.
 */
#ifndef METERMARK_SHOW_TABLE_H
#define METERMARK_SHOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buf.h"
#include "text/str.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_GAP 2 /* blanks between columns, unless told otherwise */

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	struct str title;
	enum table_align align;
	size_t min; /* may be cut down to this width; 0: is never cut */
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n;
	size_t gap;
	size_t width[TABLE_COLUMNS_MAX];
};

/* n is at most TABLE_COLUMNS_MAX; gap is TABLE_GAP, and may be changed after. */
void table_init(struct table *, const struct table_column *columns, size_t n);
/* Widen the columns to hold this row of n cells. */
void table_measure(struct table *, const struct str *cells);
/* Width of a whole line. */
size_t table_width(const struct table *);
/*
 * Narrow the columns that may be cut until a line has at most max places.  False if it
 * still has more.
 */
bool table_fit(struct table *, size_t max);
/*
 * Append one line with its LF, no blanks at its end.  A cell that is too wide is cut
 * and ends in `ellipsis` (UTF-8, narrower than any column's min).
 */
void table_line(const struct table *, const struct str *cells, struct str ellipsis,
    struct buf *out);
/* The titles as a line. */
void table_head(const struct table *, struct buf *out);

#endif
