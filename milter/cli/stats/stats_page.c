/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_page.c - counters for people: one campaign on a page.
 */
#include "cli/stats/stats_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/provider.h"
#include "rules/rule.h"
#include "show/human.h"
#include "show/table.h"
#include "text/visible.h"

/* The counters of an hour's or a day's line, in its order; bytes follow. */
static const enum tally_counter shown[] = { TALLY_MESSAGES, TALLY_RECIPIENTS,
	TALLY_SIGNED, TALLY_UNSIGNED, TALLY_SIGN_FAILED, TALLY_REJECTED,
	TALLY_TEMPFAILED };
#define N_SHOWN (sizeof(shown) / sizeof(shown[0]))
#define COLS (N_SHOWN + 2)

#define TITLE(text, align)                                                             \
 {                                                                                     \
  { (text), sizeof(text) - 1 }, (align), 0                                             \
 }
static const struct table_column columns[COLS] = {
	TITLE("", TABLE_LEFT),
	TITLE("MSGS", TABLE_RIGHT),
	TITLE("RCPTS", TABLE_RIGHT),
	TITLE("SIGNED", TABLE_RIGHT),
	TITLE("UNSIG", TABLE_RIGHT),
	TITLE("SFAIL", TABLE_RIGHT),
	TITLE("REJ", TABLE_RIGHT),
	TITLE("TEMP", TABLE_RIGHT),
	TITLE("BYTES", TABLE_RIGHT),
};

struct cells {
	struct str cell[COLS];
	char text[COLS][HUMAN_MAX];
};

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
identity(struct buf *out, const struct stats_view *view, const struct numbers_row *row)
{
	const struct counts *c = &row->counts;
	const char *campaign = row->campaign;
	char text[STATS_WHEN_MAX];

	buf_addf(out, "campaign      %s\n", campaign);
	if (c->sent != NULL &&
	    !str_eq(str_make(c->sent, c->sent_len), str_of(campaign))) {
		buf_adds(out, "name as sent  ");
		visible_add(out, str_make(c->sent, c->sent_len), view->term->utf8);
		buf_addc(out, '\n');
	}
	stats_when_text(text, STATS_BOTH, c->first_seen, view->now);
	buf_addf(out, "first seen    %s\n", text);
	stats_when_text(text, STATS_BOTH, c->last_seen, view->now);
	buf_addf(out, "last seen     %s\n\n", text);
}

/* The counters that no line of counters() names: later versions have more of them. */
static void
other_counters(struct buf *out, const struct counts *c)
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
counters(struct buf *out, const struct counts *c)
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
providers(struct buf *out, const struct counts *c)
{
	struct share shares[PROVIDERS];
	char label[HUMAN_MAX];

	for (int i = 0; i < PROVIDERS; i++)
		shares[i] =
		    (struct share) { (enum provider)i, c->n[TALLY_PROVIDER(i)] };
	qsort(shares, PROVIDERS, sizeof(shares[0]), compare_shares);
	if (shares[0].n == 0)
		return;
	buf_adds(out, "\nrecipients by provider\n");
	for (int i = 0; i < PROVIDERS && shares[i].n != 0; i++) {
		snprintf(label, sizeof(label), "  %s", provider_name(shares[i].who));
		say_share(out, label, shares[i].n, c->n[TALLY_RECIPIENTS]);
	}
}

/* Rules that messages have failed, the most frequent first. */
static void
compliance(struct buf *out, const struct counts *c)
{
	const int64_t *failed = c->n + TALLY_RULES;
	bool said[RULES] = { false };

	if (c->n[TALLY_INSPECTED] == 0)
		return;
	buf_adds(out, "\ncompliance\n");
	say_count(out, "  inspected", c->n[TALLY_INSPECTED], "");
	for (;;) {
		char label[HUMAN_MAX];
		size_t most = RULES;

		for (size_t i = 0; i < RULES; i++)
			if (!said[i] && failed[i] > 0 &&
			    (most == RULES || failed[i] > failed[most]))
				most = i;
		if (most == RULES)
			break;
		said[most] = true;
		snprintf(label, sizeof(label), "  %s", rule_at(most)->id);
		say_share(out, label, failed[most], c->n[TALLY_INSPECTED]);
	}
}

/* "  2026-11-24 09:00", or the day alone. */
static void
span_text(char out[HUMAN_MAX], const struct numbers_bucket *span, bool hours)
{
	char day[HUMAN_MAX];

	human_day(day, span->start);
	if (hours)
		snprintf(out, HUMAN_MAX, "  %.10s %02d:00", day,
		    (int)(span->start / 3600 % 24));
	else
		snprintf(out, HUMAN_MAX, "  %.10s", day);
}

/* A line of an hour or a day. */
static void
fill(struct cells *c, const struct numbers_bucket *span, bool hours)
{
	const struct counts *counts = &span->counts;

	span_text(c->text[0], span, hours);
	for (size_t i = 0; i < N_SHOWN; i++)
		human_count(c->text[1 + i], counts->n[shown[i]]);
	human_bytes(c->text[COLS - 1], counts->n[TALLY_BYTES]);
	for (size_t i = 0; i < COLS; i++)
		c->cell[i] = str_of(c->text[i]);
}

static void
spans(struct buf *out, const char *title, const struct numbers_bucket *v, size_t n,
    bool hours)
{
	struct table_column titled[COLS];
	struct cells c;
	struct table t;
	size_t active = 0;

	buf_addf(out, "\n%s\n", title);
	memcpy(titled, columns, sizeof(titled));
	titled[0].title = hours ? STR("  FROM (UTC)") : STR("  DAY (UTC)");
	table_init(&t, titled, COLS);
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && active > 0)
			table_head(&t, out);
		for (size_t i = 0; i < n; i++) {
			if (!v[i].counts.found)
				continue;
			active++;
			fill(&c, &v[i], hours);
			if (pass == 0)
				table_measure(&t, c.cell);
			else
				table_line(&t, c.cell, STR(""), out);
		}
	}
	if (active == 0)
		buf_adds(out, "  nothing\n");
}

int
stats_page(const struct stats_view *view, const struct numbers_detail *v, size_t n)
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
		compliance(&page, &v[i].row.counts);
		spans(&page, "last 24 hours", v[i].hours, NUMBERS_HOURS, true);
		spans(&page, "last 7 days", v[i].days, NUMBERS_DAYS, false);
		failed |= stats_put(&page);
		buf_fini(&page);
	}
	return failed ? -1 : 0;
}
