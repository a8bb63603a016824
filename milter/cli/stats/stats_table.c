/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_table.c - counters for people: a table of campaigns, or of hours, days or
 * providers of them.
 *
 * On a terminal the table takes the first of some forms that fits.  The later ones cut
 * long names, and then write great numbers as 43.2M, so that a line stays a line.  Off
 * a terminal nothing is cut, and nothing depends on the width.
 */
#include "cli/stats/stats_out.h"

#include <stdio.h>
#include <string.h>

#include "rules/provider.h"
#include "show/human.h"
#include "show/spark.h"
#include "show/table.h"

#define LINE_MAX_BYTES 4096
#define CELL_MAX 96
#define NAME_MIN 12
#define SENT_MIN 8
#define NAME_ENOUGH 20 /* names are cut to that before a narrower form is taken */

enum what {
	W_CAMPAIGN,
	W_HOUR,
	W_DAY,
	W_PROVIDER,
	W_COUNTER,
	W_DISTINCT,
	W_BYTES,
	W_SHARE,
	W_RATE,
	W_SPARK,
	W_LAST,
	W_FIRST,
	W_NAME
};

struct column {
	enum what what;
	size_t counter;            /* of W_COUNTER */
	const char *wide, *narrow; /* titles */
	enum table_align align;
};

static const struct column campaign = { W_CAMPAIGN, 0, "CAMPAIGN", "CAMPAIGN",
	TABLE_LEFT };
static const struct column hour = { W_HOUR, 0, "HOUR (UTC)", "HOUR (UTC)", TABLE_LEFT };
static const struct column day = { W_DAY, 0, "DAY (UTC)", "DAY (UTC)", TABLE_LEFT };
static const struct column provider = { W_PROVIDER, 0, "PROVIDER", "PROVIDER",
	TABLE_LEFT };
static const struct column recipients = { W_COUNTER, TALLY_RECIPIENTS, "RECIPIENTS",
	"RCPTS", TABLE_RIGHT };
static const struct column share = { W_SHARE, 0, "SHARE", "SHARE", TABLE_RIGHT };
static const struct column rate = { W_RATE, 0, "MESSAGES/MIN", "/MIN", TABLE_RIGHT };
static const struct column spark = { W_SPARK, 0, "LAST 24 HOURS", "24 HOURS",
	TABLE_LEFT };
static const struct column last_wide = { W_LAST, 0, "LAST ACTIVITY", "LAST",
	TABLE_LEFT };
static const struct column first = { W_FIRST, 0, "FIRST ACTIVITY", "FIRST",
	TABLE_LEFT };
static const struct column distinct = { W_DISTINCT, 0, "DISTINCT", "DISTINCT",
	TABLE_RIGHT };
/* The last one: characters may take more or less than their places. */
static const struct column sent = { W_NAME, 0, "NAME AS SENT", "NAME", TABLE_LEFT };
static const struct column last_narrow = { W_LAST, 0, "LAST ACTIVITY", "LAST",
	TABLE_RIGHT };
static const struct column counters[] = {
	{ W_COUNTER, TALLY_MESSAGES, "MESSAGES", "MSGS", TABLE_RIGHT },
	{ W_COUNTER, TALLY_RECIPIENTS, "RECIPIENTS", "RCPTS", TABLE_RIGHT },
	{ W_COUNTER, TALLY_SIGNED, "SIGNED", "SIGNED", TABLE_RIGHT },
	{ W_COUNTER, TALLY_UNSIGNED, "UNSIGNED", "UNSIG", TABLE_RIGHT },
	{ W_COUNTER, TALLY_SIGN_FAILED, "SIGN FAILED", "SFAIL", TABLE_RIGHT },
	{ W_COUNTER, TALLY_REJECTED, "REJECTED", "REJ", TABLE_RIGHT },
	{ W_COUNTER, TALLY_TEMPFAILED, "TEMPFAILED", "TEMP", TABLE_RIGHT },
	{ W_BYTES, 0, "BYTES", "BYTES", TABLE_RIGHT },
};
#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

struct form {
	bool narrow;
	size_t gap;
	enum stats_when when;
	bool sparks;
	bool compact; /* 43.2M */
};
static const struct form forms[] = { { false, 2, STATS_BOTH, true, false },
	{ false, 2, STATS_AGE, true, false }, { true, 2, STATS_AGE, true, false },
	{ true, 2, STATS_AGE, true, true }, { true, 1, STATS_AGE, true, true },
	{ false, 2, STATS_BOTH, false, false }, { false, 2, STATS_AGE, false, false },
	{ true, 2, STATS_AGE, false, false }, { true, 1, STATS_AGE, false, false },
	{ true, 2, STATS_AGE, false, true }, { true, 1, STATS_AGE, false, true } };
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))
static const struct form plain = { false, 2, STATS_TIME, false, false };

/* A table as one form has it, and one of its lines. */
struct sheet {
	const struct stats_view *view;
	const struct form *form;
	int64_t recipients; /* of the whole, for shares */
	char sorted_title[CELL_MAX];
	struct column sorted; /* what the order is by, where no other column has it */
	bool named;           /* a row has a name as sent to show */
	size_t n;
	const struct column *column[TABLE_COLUMNS_MAX];
	struct table_column titled[TABLE_COLUMNS_MAX];
	struct table table;
	struct str cell[TABLE_COLUMNS_MAX];
	char text[TABLE_COLUMNS_MAX][CELL_MAX];
	char name[COUNTS_NAME_MAX + 1];
};

static void
add(struct sheet *s, const struct column *column)
{
	struct table_column *t = &s->titled[s->n];

	*t = (struct table_column) { .align = column->align };
	t->title = str_of(s->form->narrow ? column->narrow : column->wide);
	if (s->form->narrow && column->what == W_CAMPAIGN)
		t->min = NAME_MIN;
	if (s->form->narrow && column->what == W_NAME)
		t->min = SENT_MIN;
	s->column[s->n++] = column;
}

static bool
usual(size_t counter)
{
	for (size_t i = 0; i < N_COUNTERS; i++)
		if (counters[i].what == W_COUNTER && counters[i].counter == counter)
			return true;
	return counter == TALLY_BYTES;
}

static char
capital(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c == '_' ? ' ' : c;
}

/* A counter under its own name, in capitals: "BAD SOURCE", "RULE:ONE-CLICK:FAIL". */
static void
add_sorted(struct sheet *s)
{
	const struct numbers_key *key = &s->view->sort;
	size_t i = 0;

	if (key->kind == NUMBERS_KEY_FIRST && s->view->by == NUMBERS_BY_CAMPAIGN)
		add(s, &first);
	if (key->kind != NUMBERS_KEY_COUNTER || usual(key->counter))
		return;
	for (const char *p = tally_counter_name(key->counter); *p != '\0'; p++)
		if (i < CELL_MAX - 1)
			s->sorted_title[i++] = capital(*p);
	s->sorted_title[i] = '\0';
	s->sorted = (struct column) { W_COUNTER, key->counter, s->sorted_title,
		s->sorted_title, TABLE_RIGHT };
	add(s, &s->sorted);
}

static void
add_columns(struct sheet *s)
{
	const struct stats_view *view = s->view;

	s->n = 0;
	if (view->by == NUMBERS_BY_CAMPAIGN || view->many)
		add(s, &campaign);
	if (view->by == NUMBERS_BY_PROVIDER) {
		add(s, &provider);
		add(s, &recipients);
		add(s, &share);
		return;
	}
	if (view->by != NUMBERS_BY_CAMPAIGN)
		add(s, view->by == NUMBERS_BY_HOUR ? &hour : &day);
	for (size_t i = 0; i < N_COUNTERS; i++)
		add(s, &counters[i]);
	if (view->distinct)
		add(s, &distinct);
	add_sorted(s);
	if (view->cover != NULL)
		add(s, &rate);
	if (s->form->sparks)
		add(s, &spark);
	if (view->by == NUMBERS_BY_CAMPAIGN)
		add(s, s->form->narrow ? &last_narrow : &last_wide);
}

static void
fill_start(char *out, enum what what, int64_t start)
{
	char date[HUMAN_MAX];

	human_day(date, start);
	if (what == W_HOUR)
		snprintf(
		    out, CELL_MAX, "%.10s %02d:00", date, (int)(start / 3600 % 24));
	else
		snprintf(out, CELL_MAX, "%.10s", date);
}

static void
fill_spark(char *out, const struct stats_view *view, const int64_t *hours)
{
	struct buf bars;

	buf_init(&bars, CELL_MAX);
	if (hours != NULL)
		spark_add(&bars, hours, NUMBERS_HOURS, view->term->utf8);
	snprintf(out, CELL_MAX, "%s", bars.p);
	buf_fini(&bars);
}

static void
fill_count(const struct sheet *s, char *out, int64_t n)
{
	if (s->form->compact)
		human_compact(out, n);
	else
		human_count(out, n);
}

static void
fill_cell(struct sheet *s, char *out, const struct column *column,
    const struct numbers_row *row)
{
	const int64_t *n = row->counts.n;

	switch (column->what) {
	case W_CAMPAIGN:
		snprintf(out, CELL_MAX, "%s", row->campaign);
		break;
	case W_HOUR:
	case W_DAY:
		if (row->at.until != 0)
			fill_start(out, column->what, row->at.from);
		break;
	case W_PROVIDER:
		if (row->provider >= 0)
			snprintf(out, CELL_MAX, "%s",
			    provider_name((enum provider)row->provider));
		break;
	case W_COUNTER:
		fill_count(s, out, n[column->counter]);
		break;
	case W_DISTINCT:
		if (row->counts.rcpt >= 0)
			fill_count(s, out, row->counts.rcpt);
		break;
	case W_BYTES:
		human_bytes(out, n[TALLY_BYTES]);
		break;
	case W_SHARE:
		human_share(out, n[TALLY_RECIPIENTS], s->recipients);
		break;
	case W_RATE:
		human_rate(out, stats_rate(s->view, row));
		break;
	case W_SPARK:
		fill_spark(out, s->view, row->spark);
		break;
	case W_LAST:
		stats_when_text(out, s->form->when, row->active, s->view->now);
		break;
	case W_FIRST:
		stats_when_text(
		    out, s->form->when, row->counts.first_seen, s->view->now);
		break;
	case W_NAME:
		/* Too long for a cell: fill_name() does it. */
		break;
	}
}

static void
fill_name(struct sheet *s, const struct numbers_row *row)
{
	struct buf name;

	buf_init(&name, COUNTS_NAME_MAX);
	counts_show_name(&name, &row->counts, row->campaign, s->view->term->utf8);
	snprintf(s->name, sizeof(s->name), "%s", name.p);
	buf_fini(&name);
}

static void
fill(struct sheet *s, const struct numbers_row *row)
{
	for (size_t i = 0; i < s->n; i++) {
		s->text[i][0] = '\0';
		fill_cell(s, s->text[i], s->column[i], row);
		s->cell[i] = str_of(s->text[i]);
	}
	if (s->named) {
		fill_name(s, row);
		s->cell[s->n - 1] = str_of(s->name);
	}
	if (row == s->view->total)
		s->cell[0] = STR("TOTAL");
}

static void
measure(struct sheet *s, const struct form *form, const struct numbers_rows *rows)
{
	s->form = form;
	add_columns(s);
	if (s->named)
		add(s, &sent);
	table_init(&s->table, s->titled, s->n);
	s->table.gap = form->gap;
	for (size_t i = 0; i < rows->n; i++) {
		fill(s, &rows->v[i]);
		table_measure(&s->table, s->cell);
	}
	if (s->view->total != NULL) {
		fill(s, s->view->total);
		table_measure(&s->table, s->cell);
	}
}

static bool
any_spark(const struct numbers_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].spark != NULL)
			return true;
	return false;
}

static bool
any_name(struct sheet *s, const struct numbers_rows *rows)
{
	if (s->view->by != NUMBERS_BY_CAMPAIGN && !s->view->many)
		return false;
	for (size_t i = 0; i < rows->n; i++) {
		fill_name(s, &rows->v[i]);
		if (s->name[0] != '\0')
			return true;
	}
	return false;
}

/* With its names cut, where the form does that. */
static bool
fits(const struct sheet *s)
{
	size_t width = table_width(&s->table);

	for (size_t i = 0; i < s->n; i++)
		if (s->titled[i].min > 0 && s->table.width[i] > NAME_ENOUGH)
			width -= s->table.width[i] - NAME_ENOUGH;
	return width <= s->view->term->columns;
}

/* Cut the names: those as sent first, but not shorter than the others then are. */
static void
cut_names(struct sheet *s)
{
	size_t width = table_width(&s->table), max = s->view->term->columns;
	size_t *last = &s->table.width[s->n - 1];

	if (s->named && s->titled[s->n - 1].min > 0 && width > max &&
	    *last > NAME_ENOUGH)
		*last = width - max < *last - NAME_ENOUGH ? *last - (width - max)
							  : NAME_ENOUGH;
	table_fit(&s->table, max);
}

static void
choose(struct sheet *s, const struct numbers_rows *rows)
{
	bool sparks = any_spark(rows);

	s->named = any_name(s, rows);
	if (!s->view->term->tty) {
		measure(s, &plain, rows);
		return;
	}
	for (size_t i = 0; i < N_FORMS; i++) {
		if (forms[i].sparks && !sparks)
			continue;
		measure(s, &forms[i], rows);
		if (fits(s))
			break;
	}
	cut_names(s);
}

/* Write out a line; true when memory ran out. */
static bool
put(const struct term *term, struct buf *line, bool strong)
{
	bool failed;

	if (!strong || !term->style || line->len == 0)
		return stats_put(line);
	failed = buf_failed(line);
	term_put(STR("\x1b[1m"));
	term_put(str_make(line->p, line->len - 1));
	term_put(STR("\x1b[0m\n"));
	buf_reset(line);
	return failed;
}

static void
put_span(const struct stats_view *view)
{
	char from[HUMAN_MAX], until[HUMAN_MAX];
	struct buf line;

	if (view->cover == NULL)
		return;
	human_time(from, view->cover->span.from);
	human_time(until, view->cover->span.until);
	buf_init(&line, LINE_MAX_BYTES);
	buf_addf(&line, "%s to %s%s\n\n", from, until,
	    view->cover->span.until == view->now ? " (now)" : "");
	stats_put(&line);
	buf_fini(&line);
}

static int
list(const struct stats_view *view, const struct numbers_rows *rows)
{
	struct str cut = view->term->utf8 ? STR("\xe2\x80\xa6") : STR("...");
	struct sheet s = { .view = view };
	struct buf line;
	bool failed;

	if (rows->n == 0 && view->total == NULL)
		return 0;
	if (view->total != NULL)
		s.recipients = view->total->counts.n[TALLY_RECIPIENTS];
	put_span(view);
	choose(&s, rows);
	buf_init(&line, LINE_MAX_BYTES);
	table_head(&s.table, &line);
	failed = put(view->term, &line, true);
	for (size_t i = 0; i < rows->n; i++) {
		fill(&s, &rows->v[i]);
		table_line(&s.table, s.cell, cut, &line);
		failed |= put(view->term, &line, false);
	}
	if (view->total != NULL) {
		fill(&s, view->total);
		table_line(&s.table, s.cell, cut, &line);
		failed |= put(view->term, &line, true);
	}
	buf_fini(&line);
	return failed ? -1 : 0;
}

const struct stats_out stats_table = { "table", list, stats_page };
