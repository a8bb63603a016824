/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - text in columns.  See the header.
 */
#include "show/table.h"

#include <assert.h>

#include "text/visible.h"

static void
pad(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

void
table_init(struct table *t, const struct table_column *columns, size_t n)
{
	assert(n <= TABLE_COLUMNS_MAX);
	*t = (struct table) { .columns = columns, .n = n, .gap = TABLE_GAP };
	for (size_t i = 0; i < n; i++)
		t->width[i] = visible_places(columns[i].title);
}

void
table_measure(struct table *t, const struct str *cells)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t w = visible_places(cells[i]);

		if (w > t->width[i])
			t->width[i] = w;
	}
}

size_t
table_width(const struct table *t)
{
	size_t sum = t->n > 0 ? (t->n - 1) * t->gap : 0;

	for (size_t i = 0; i < t->n; i++)
		sum += t->width[i];
	return sum;
}

bool
table_fit(struct table *t, size_t max)
{
	size_t width = table_width(t);

	for (size_t i = 0; i < t->n && width > max; i++) {
		size_t min = t->columns[i].min;
		size_t cut = width - max;

		if (min == 0 || t->width[i] <= min)
			continue;
		if (cut > t->width[i] - min)
			cut = t->width[i] - min;
		t->width[i] -= cut;
		width -= cut;
	}
	return width <= max;
}

void
table_line(const struct table *t, const struct str *cells, struct str ellipsis,
    struct buf *out)
{
	size_t owed = 0; /* blanks that are written only if a cell follows */

	for (size_t i = 0; i < t->n; i++) {
		struct str cell = cells[i];
		size_t w = visible_places(cell);
		bool cut = w > t->width[i];
		size_t blanks;

		if (cut) {
			size_t dots = visible_places(ellipsis);

			cell = visible_head(cell, t->width[i] - dots);
			w = visible_places(cell) + dots;
		}
		blanks = t->width[i] - w;
		if (t->columns[i].align == TABLE_RIGHT)
			owed += blanks;
		if (cell.len > 0) {
			pad(out, owed);
			owed = 0;
			buf_addstr(out, cell);
			if (cut)
				buf_addstr(out, ellipsis);
		} else {
			owed += w;
		}
		if (t->columns[i].align == TABLE_LEFT)
			owed += blanks;
		owed += t->gap;
	}
	buf_addc(out, '\n');
}

void
table_head(const struct table *t, struct buf *out)
{
	struct str titles[TABLE_COLUMNS_MAX];

	for (size_t i = 0; i < t->n; i++)
		titles[i] = t->columns[i].title;
	table_line(t, titles, STR(""), out);
}
