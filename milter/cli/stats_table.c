/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_table.c - counters for people: a table of campaigns, or one campaign on a page.
 *
 * On a terminal the table takes the widest of some forms that fits; only the narrowest
 * cuts names.  Off a terminal nothing is cut, and
 * nothing depends on the width.
 */
#include "cli/stats_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/human.h"
#include "core/provider.h"
#include "core/table.h"
#include "core/visible.h"

#define LINE_MAX_BYTES 4096
#define NAME_MIN 12
#define WHEN_MAX (2 * HUMAN_MAX + 2)

/* A campaign, hour or day; its counters; when it was last active. */
enum { COL_WHAT, COL_FIRST, COL_BYTES = 8, COL_LAST, COLS };

/* The counters of a line, in its order; bytes follow. */
static const enum tally_counter shown[] = { TALLY_MESSAGES, TALLY_RECIPIENTS,
	TALLY_SIGNED, TALLY_UNSIGNED, TALLY_SIGN_FAILED, TALLY_REJECTED,
	TALLY_TEMPFAILED };
#define N_SHOWN (sizeof(shown) / sizeof(shown[0]))

#define TITLE(text, align, min)                                                        \
 {                                                                                     \
  { (text), sizeof(text) - 1 }, (align), (min)                                         \
 }
static const struct table_column long_columns[COLS] = {
	TITLE("CAMPAIGN", TABLE_LEFT, 0),
	TITLE("MESSAGES", TABLE_RIGHT, 0),
	TITLE("RECIPIENTS", TABLE_RIGHT, 0),
	TITLE("SIGNED", TABLE_RIGHT, 0),
	TITLE("UNSIGNED", TABLE_RIGHT, 0),
	TITLE("SIGN FAILED", TABLE_RIGHT, 0),
	TITLE("REJECTED", TABLE_RIGHT, 0),
	TITLE("TEMPFAILED", TABLE_RIGHT, 0),
	TITLE("BYTES", TABLE_RIGHT, 0),
	TITLE("LAST ACTIVITY", TABLE_LEFT, 0),
};
static const struct table_column short_columns[COLS] = {
	TITLE("CAMPAIGN", TABLE_LEFT, NAME_MIN),
	TITLE("MSGS", TABLE_RIGHT, 0),
	TITLE("RCPTS", TABLE_RIGHT, 0),
	TITLE("SIGNED", TABLE_RIGHT, 0),
	TITLE("UNSIG", TABLE_RIGHT, 0),
	TITLE("SFAIL", TABLE_RIGHT, 0),
	TITLE("REJ", TABLE_RIGHT, 0),
	TITLE("TEMP", TABLE_RIGHT, 0),
	TITLE("BYTES", TABLE_RIGHT, 0),
	TITLE("LAST", TABLE_RIGHT, 0),
};

enum when { WHEN_TIME, WHEN_BOTH, WHEN_AGE };
struct form {
	const struct table_column *columns;
	size_t gap;
	enum when when;
};
static const struct form forms[] = { { long_columns, 2, WHEN_BOTH },
	{ long_columns, 2, WHEN_AGE }, { short_columns, 2, WHEN_AGE },
	{ short_columns, 1, WHEN_AGE } };
static const struct form plain = { long_columns, 2, WHEN_TIME };

/* One line's cells and their text. */
struct cells {
	struct str cell[COLS];
	char text[COLS][WHEN_MAX];
};

static void
when_text(char *out, size_t size, enum when when, int64_t t, int64_t now)
{
	char time[HUMAN_MAX], age[HUMAN_MAX];

	human_time(time, t);
	human_age(age, now - t);
	if (t == 0)
		snprintf(out, size, "-");
	else if (when == WHEN_BOTH)
		snprintf(out, size, "%s  %s", time, age);
	else
		snprintf(out, size, "%s", when == WHEN_TIME ? time : age);
}

/* All but COL_LAST. */
static void
fill(struct cells *c, const char *what, const struct stats_counts *counts)
{
	c->cell[COL_WHAT] = str_of(what);
	for (size_t i = 0; i < N_SHOWN; i++) {
		human_count(c->text[COL_FIRST + i], counts->n[shown[i]]);
		c->cell[COL_FIRST + i] = str_of(c->text[COL_FIRST + i]);
	}
	human_bytes(c->text[COL_BYTES], counts->n[TALLY_BYTES]);
	c->cell[COL_BYTES] = str_of(c->text[COL_BYTES]);
	c->cell[COL_LAST] = STR("");
}

static void
fill_row(struct cells *c, const struct stats_view *view, const struct form *form,
    const struct stats_row *row)
{
	fill(c, row == view->total ? "TOTAL" : row->campaign, &row->counts);
	when_text(c->text[COL_LAST], sizeof(c->text[COL_LAST]), form->when, row->active,
	    view->now);
	c->cell[COL_LAST] = str_of(c->text[COL_LAST]);
}

static void
measure(struct table *t, const struct form *form, const struct stats_view *view,
    const struct stats_rows *rows)
{
	struct cells c;

	table_init(t, form->columns, COLS);
	t->gap = form->gap;
	for (size_t i = 0; i < rows->n; i++) {
		fill_row(&c, view, form, &rows->v[i]);
		table_measure(t, c.cell);
	}
	if (view->total != NULL) {
		fill_row(&c, view, form, view->total);
		table_measure(t, c.cell);
	}
}

static const struct form *
choose(struct table *t, const struct stats_view *view, const struct stats_rows *rows)
{
	const struct form *form = forms;
	const struct form *last = &forms[sizeof(forms) / sizeof(forms[0]) - 1];

	if (!view->term->tty)
		form = last = &plain;
	measure(t, form, view, rows);
	while (form != last && table_width(t) > view->term->columns)
		measure(t, ++form, view, rows);
	if (view->term->tty)
		table_fit(t, view->term->columns);
	return form;
}

/* Write out a line; true when memory ran out. */
static bool
put(const struct term *term, struct buf *line, bool strong)
{
	bool failed = buf_failed(line);

	if (strong && term->style && line->len > 0) {
		term_put(STR("\x1b[1m"));
		term_put(str_make(line->p, line->len - 1));
		term_put(STR("\x1b[0m\n"));
	} else {
		term_put(buf_str(line));
	}
	buf_reset(line);
	return failed;
}

static int
list(const struct stats_view *view, const struct stats_rows *rows)
{
	struct str cut = view->term->utf8 ? STR("\xe2\x80\xa6") : STR("...");
	const struct form *form;
	struct table t;
	struct cells c;
	struct buf line;
	bool failed;

	if (rows->n == 0 && view->total == NULL)
		return 0;
	form = choose(&t, view, rows);
	buf_init(&line, LINE_MAX_BYTES);
	table_head(&t, &line);
	failed = put(view->term, &line, true);
	for (size_t i = 0; i < rows->n; i++) {
		fill_row(&c, view, form, &rows->v[i]);
		table_line(&t, c.cell, cut, &line);
		failed |= put(view->term, &line, false);
	}
	if (view->total != NULL) {
		fill_row(&c, view, form, view->total);
		table_line(&t, c.cell, cut, &line);
		failed |= put(view->term, &line, true);
	}
	buf_fini(&line);
	return failed ? -1 : 0;
}

/* --- one campaign --- */

static void
say(struct buf *out, const char *label, const char *value, const char *note)
{
	buf_addf(
	    out, "%-20s %15s%s%s\n", label, value, note[0] != '\0' ? "  " : "", note);
}

static void
say_count(struct buf *out, const char *label, int64_t n, const char *note)
{
	char text[HUMAN_MAX];

	human_count(text, n);
	say(out, label, text, note);
}

static void
say_share(struct buf *out, const char *label, int64_t part, int64_t whole)
{
	char share[HUMAN_MAX];

	human_share(share, part, whole);
	say_count(out, label, part, whole > 0 ? share : "");
}

static void
identity(struct buf *out, const struct stats_view *view, const struct stats_row *row)
{
	const struct stats_counts *c = &row->counts;
	const char *campaign = row->campaign;
	char text[WHEN_MAX];

	buf_addf(out, "campaign      %s\n", campaign);
	if (c->sent != NULL &&
	    !str_eq(str_make(c->sent, c->sent_len), str_of(campaign))) {
		buf_adds(out, "name as sent  ");
		visible_add(out, str_make(c->sent, c->sent_len), view->term->utf8);
		buf_addc(out, '\n');
	}
	when_text(text, sizeof(text), WHEN_BOTH, c->first_seen, view->now);
	buf_addf(out, "first seen    %s\n", text);
	when_text(text, sizeof(text), WHEN_BOTH, c->last_seen, view->now);
	buf_addf(out, "last seen     %s\n\n", text);
}

/* The counters that no line of counters() names: later versions have more of them. */
static void
other_counters(struct buf *out, const struct stats_counts *c)
{
	bool named[TALLY_FIXED] = { [TALLY_BYTES] = true };
	char label[HUMAN_MAX];

	for (size_t i = 0; i < N_SHOWN; i++)
		named[shown[i]] = true;
	for (size_t i = 0; i < TALLY_FIXED; i++) {
		if (named[i])
			continue;
		snprintf(label, sizeof(label), "%s", tally_counter_name(i));
		for (char *p = label; *p != '\0'; p++)
			if (*p == '_')
				*p = ' ';
		say_count(out, label, c->n[i], "");
	}
}

static void
counters(struct buf *out, const struct stats_counts *c)
{
	char text[HUMAN_MAX];

	say_count(out, "messages", c->n[TALLY_MESSAGES], "");
	say_share(out, "  signed", c->n[TALLY_SIGNED], c->n[TALLY_MESSAGES]);
	say_share(out, "  unsigned", c->n[TALLY_UNSIGNED], c->n[TALLY_MESSAGES]);
	say_count(out, "recipients", c->n[TALLY_RECIPIENTS], "");
	if (c->rcpt >= 0)
		say_count(out, "  distinct", c->rcpt, "estimate, within 1% or so");
	human_bytes(text, c->n[TALLY_BYTES]);
	say_count(
	    out, "bytes", c->n[TALLY_BYTES], c->n[TALLY_BYTES] >= 1000 ? text : "");
	say_count(out, "sign failed", c->n[TALLY_SIGN_FAILED], "");
	say_count(out, "rejected", c->n[TALLY_REJECTED], "");
	say_count(out, "tempfailed", c->n[TALLY_TEMPFAILED], "");
	other_counters(out, c);
}

struct share {
	enum provider who;
	int64_t n;
};

/* Largest first; the fixed order among equals. */
static int
compare_shares(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return (int)x->who - (int)y->who;
}

static void
providers(struct buf *out, const struct stats_counts *c)
{
	struct share shares[PROVIDERS];
	char label[HUMAN_MAX];

	for (int i = 0; i < PROVIDERS; i++)
		shares[i] = (struct share) { (enum provider)i, c->n[TALLY_FIXED + i] };
	qsort(shares, PROVIDERS, sizeof(shares[0]), compare_shares);
	if (shares[0].n == 0)
		return;
	buf_adds(out, "\nrecipients by provider\n");
	for (int i = 0; i < PROVIDERS && shares[i].n != 0; i++) {
		snprintf(label, sizeof(label), "  %s", provider_name(shares[i].who));
		say_share(out, label, shares[i].n, c->n[TALLY_RECIPIENTS]);
	}
}

/* "  2026-11-24 09:00", or the day alone. */
static void
span_text(char out[HUMAN_MAX], const struct stats_span *span, bool hours)
{
	char day[HUMAN_MAX];

	human_day(day, span->start);
	if (hours)
		snprintf(out, HUMAN_MAX, "  %.10s %02d:00", day,
		    (int)(span->start / 3600 % 24));
	else
		snprintf(out, HUMAN_MAX, "  %.10s", day);
}

static void
spans(struct buf *out, const char *title, const struct stats_span *v, size_t n,
    bool hours)
{
	struct table_column columns[COLS];
	char text[HUMAN_MAX];
	struct cells c;
	struct table t;
	size_t active = 0;

	buf_addf(out, "\n%s\n", title);
	memcpy(columns, short_columns, sizeof(columns));
	columns[COL_WHAT].title = hours ? STR("  FROM (UTC)") : STR("  DAY (UTC)");
	/* The time of the last activity is the line's own. */
	table_init(&t, columns, COL_LAST);
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && active > 0)
			table_head(&t, out);
		for (size_t i = 0; i < n; i++) {
			if (!v[i].counts.found)
				continue;
			active++;
			span_text(text, &v[i], hours);
			fill(&c, text, &v[i].counts);
			if (pass == 0)
				table_measure(&t, c.cell);
			else
				table_line(&t, c.cell, STR(""), out);
		}
	}
	if (active == 0)
		buf_adds(out, "  nothing\n");
}

static int
detail(const struct stats_view *view, const struct stats_detail *v, size_t n)
{
	bool failed = false;

	for (size_t i = 0; i < n; i++) {
		struct buf page;

		buf_init(&page, 64 * 1024);
		if (i > 0)
			buf_addc(&page, '\n');
		identity(&page, view, &v[i].row);
		counters(&page, &v[i].row.counts);
		providers(&page, &v[i].row.counts);
		spans(&page, "last 24 hours", v[i].hours, STATS_HOURS, true);
		spans(&page, "last 7 days", v[i].days, STATS_DAYS, false);
		failed |= put(view->term, &page, false);
		buf_fini(&page);
	}
	return failed ? -1 : 0;
}

const struct stats_out stats_table = { "table", false, list, detail };
