/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_draw.c - the picture that `metermark watch` shows.  See watch.h.
 *
 *     metermark  redis://127.0.0.1:6379/0                    04:22:31 UTC, every 2 s
 *     all mail   1,234,567 messages   42.1/s now   40.2/s over a minute
 *     (a line for trouble)
 *     CAMPAIGN ...
 *     ...
 *     q quit  s sort by messages (now: rate)  r reverse  SPACE look now
 */
#include "cli/stats/watch.h"

#include <stdio.h>
#include <string.h>

#include "show/human.h"
#include "show/table.h"
#include "system/clock.h"

#define HEAD_LINES 4 /* above the campaigns, the titles not counted */
#define LINE_MAX_BYTES 2048
#define NAME_MIN 12
#define SENT_MIN 8
#define SENT_ENOUGH 24

enum {
	COL_NAME,
	COL_NOW,
	COL_MINUTE,
	COL_MESSAGES,
	COL_RECIPIENTS,
	COL_BYTES,
	COL_REJECTED,
	COL_TEMPFAILED,
	COL_SIGN_FAILED,
	COL_LAST,
	COLS
};

#define TITLE(text, align, min)                                                        \
 {                                                                                     \
  { (text), sizeof(text) - 1 }, (align), (min)                                         \
 }
static const struct table_column columns[COLS] = {
	TITLE("CAMPAIGN", TABLE_LEFT, NAME_MIN),
	TITLE("NOW/S", TABLE_RIGHT, 0),
	TITLE("/MIN", TABLE_RIGHT, 0),
	TITLE("MESSAGES", TABLE_RIGHT, 0),
	TITLE("RCPTS", TABLE_RIGHT, 0),
	TITLE("BYTES", TABLE_RIGHT, 0),
	TITLE("REJ", TABLE_RIGHT, 0),
	TITLE("TEMP", TABLE_RIGHT, 0),
	TITLE("SFAIL", TABLE_RIGHT, 0),
	TITLE("LAST", TABLE_RIGHT, 0),
};

/* Stands at the right of all where a campaign's own name tells people little. */
static const struct table_column sent = TITLE("NAME AS SENT", TABLE_LEFT, SENT_MIN);

struct cells {
	struct str cell[COLS + 1];
	char name[COUNTS_NAME_MAX + 1];
	char text[COLS][HUMAN_MAX + CAMP_NAME_MAX];
};

static void
rate_text(char *out, double per_second, double seconds)
{
	if (per_second < 0)
		snprintf(out, HUMAN_MAX, "-");
	else
		human_rate(out, per_second * seconds);
}

static void
fill(struct cells *c, const struct watch_row *row, int64_t now)
{
	const int64_t *n = row->counts.n;

	snprintf(c->text[COL_NAME], sizeof(c->text[0]), "%s", row->campaign);
	rate_text(c->text[COL_NOW], row->now, 1);
	rate_text(c->text[COL_MINUTE], row->minute, 60);
	human_count(c->text[COL_MESSAGES], n[TALLY_MESSAGES]);
	human_count(c->text[COL_RECIPIENTS], n[TALLY_RECIPIENTS]);
	human_bytes(c->text[COL_BYTES], n[TALLY_BYTES]);
	human_count(c->text[COL_REJECTED], n[TALLY_REJECTED]);
	human_count(c->text[COL_TEMPFAILED], n[TALLY_TEMPFAILED]);
	human_count(c->text[COL_SIGN_FAILED], n[TALLY_SIGN_FAILED]);
	if (row->active == 0)
		snprintf(c->text[COL_LAST], HUMAN_MAX, "-");
	else
		human_age(c->text[COL_LAST], now - row->active);
	for (size_t i = 0; i < COLS; i++)
		c->cell[i] = str_of(c->text[i]);
}

static void
fill_name(struct cells *c, size_t column, const struct watch_row *row, bool utf8)
{
	struct buf name;

	buf_init(&name, COUNTS_NAME_MAX);
	counts_show_name(&name, &row->counts, row->campaign, utf8);
	snprintf(c->name, sizeof(c->name), "%s", name.p);
	buf_fini(&name);
	c->cell[column] = str_of(c->name);
}

static bool
any_name(const struct watch *w, size_t n)
{
	struct cells c;

	for (size_t i = 0; i < n; i++) {
		fill_name(&c, 0, &w->rows[i], w->utf8);
		if (c.name[0] != '\0')
			return true;
	}
	return false;
}

/* A line of at most so many bytes, which are places here, as all of it is ASCII. */
static void
put_line(struct buf *out, const char *text, size_t columns_max, const char *style)
{
	size_t len = strlen(text);

	buf_adds(out, style);
	buf_add(out, text, len < columns_max ? len : columns_max);
	if (style[0] != '\0')
		buf_adds(out, "\x1b[0m");
	buf_addc(out, '\n');
}

static void
put_head(const struct watch *w, int64_t now, size_t wide, struct buf *out)
{
	char text[LINE_MAX_BYTES], clock[CLOCK_ISO_SIZE], messages[HUMAN_MAX];
	char rate[HUMAN_MAX], minute[HUMAN_MAX], right[64];
	int left;

	clock_iso(now * 1000, clock);
	snprintf(right, sizeof(right), "%.8s UTC, every %.3g s", clock + 11,
	    (double)w->interval_ms / 1000);
	left = snprintf(text, sizeof(text) / 2, "metermark  %s  %s", w->target.shown,
	    w->target.prefix);
	if (left >= 0 && (size_t)left + strlen(right) + 2 <= wide)
		snprintf(text + left, sizeof(text) - (size_t)left, "%*s",
		    (int)(wide - (size_t)left), right);
	put_line(out, text, wide, w->style ? "\x1b[1m" : "");
	human_count(messages, w->all.counts.n[TALLY_MESSAGES]);
	rate_text(rate, w->all.now, 1);
	rate_text(minute, w->all.minute, 60);
	snprintf(text, sizeof(text),
	    "all mail   %s messages   %s/s now   %s in the last minute", messages, rate,
	    minute);
	put_line(out, w->looked_s != 0 ? text : "", wide, "");
}

static void
put_trouble(const struct watch *w, size_t wide, struct buf *out)
{
	char text[LINE_MAX_BYTES];

	if (w->since_ms == 0) {
		buf_addc(out, '\n');
		return;
	}
	snprintf(text, sizeof(text), "no Redis for %lld s: %s",
	    (long long)((clock_mono_ms() - w->since_ms) / 1000), w->why);
	put_line(out, text, wide, w->style ? "\x1b[1;31m" : "");
}

static void
put_table(const struct watch *w, int64_t now, size_t n, size_t wide, struct buf *out)
{
	struct str cut = w->utf8 ? STR("\xe2\x80\xa6") : STR("...");
	struct table_column shown[COLS + 1];
	struct table t;
	struct cells c;
	bool named = any_name(w, n);
	size_t start, cols;

	/* Columns at the right go one by one where it is narrow, but the names. */
	for (cols = COLS;; cols--) {
		memcpy(shown, columns, cols * sizeof(columns[0]));
		shown[cols] = sent;
		table_init(&t, shown, cols + named);
		for (size_t i = 0; i < n; i++) {
			fill(&c, &w->rows[i], now);
			fill_name(&c, cols, &w->rows[i], w->utf8);
			table_measure(&t, c.cell);
		}
		if (named && t.width[cols] > SENT_ENOUGH)
			t.width[cols] = SENT_ENOUGH;
		if (table_fit(&t, wide) || cols == 1)
			break;
	}
	start = out->len;
	buf_adds(out, w->style ? "\x1b[7m" : "");
	table_head(&t, out);
	if (w->style && out->len > start && !buf_failed(out)) {
		out->p[--out->len] = '\0';
		buf_adds(out, "\x1b[0m\n");
	}
	for (size_t i = 0; i < n; i++) {
		fill(&c, &w->rows[i], now);
		fill_name(&c, cols, &w->rows[i], w->utf8);
		table_line(&t, c.cell, cut, out);
	}
}

static void
put_foot(const struct watch *w, size_t hidden, size_t wide, struct buf *out)
{
	char text[LINE_MAX_BYTES], more[64] = "";

	if (hidden > 0)
		snprintf(more, sizeof(more), "   %zu more below", hidden);
	snprintf(text, sizeof(text), "q quit   s sort: %s%s   r reverse   SPACE now%s",
	    watch_sort_name(w->sort), w->reverse ? ", reversed" : "", more);
	put_line(out, text, wide, w->style ? "\x1b[2m" : "");
}

void
watch_draw(const struct watch *w, size_t lines, size_t wide, struct buf *out)
{
	int64_t now = clock_wall_s();
	size_t room = lines > HEAD_LINES + 2 ? lines - HEAD_LINES - 1 : 1;
	size_t n = w->n_rows < room ? w->n_rows : room;

	put_head(w, now, wide, out);
	put_trouble(w, wide, out);
	if (w->n_rows > 0)
		put_table(w, now, n, wide, out);
	else
		put_line(out, w->looked_s != 0 ? "no campaigns yet" : "looking ...",
		    wide, "");
	for (size_t i = n + (w->n_rows > 0); i < room + 1; i++)
		if (i > 0 && (w->n_rows > 0 || i > 1))
			buf_addc(out, '\n');
	put_foot(w, w->n_rows - n, wide, out);
}
