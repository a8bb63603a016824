/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_json.c - counters as JSON (RFC 8259): an array of objects, one a campaign (or
 * hour, day or provider of it), each on a line of its own in a listing.
 *
 * Members are named as the fields in Redis.  The output is ASCII: characters beyond it
 * are escaped, so nothing in it can move a terminal.  Objects are written one by one,
 * which keeps memory small however many campaigns there are.
 */
#include "cli/stats/stats_out.h"

#include <stdlib.h>

#include <jansson.h>

#include "rules/provider.h"
#include "show/human.h"
#include "text/visible.h"

#define SENT_MAX (CAMP_SENT_MAX * 3) /* each byte may become U+FFFD */
#define LINE_MAX_BYTES (16 * 1024)

static int
set_counters(json_t *object, const struct counts *c)
{
	int bad = 0;

	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		bad |= json_object_set_new_nocheck(
		    object, tally_counter_name(i), json_integer(c->n[i]));
	return bad;
}

static json_t *
known(int64_t n, int64_t unknown)
{
	return n == unknown ? json_null() : json_integer(n);
}

json_t *
stats_json_name(const struct counts *c)
{
	struct buf text;
	json_t *value;

	if (c->sent == NULL)
		return json_null();
	buf_init(&text, SENT_MAX);
	visible_utf8(&text, str_make(c->sent, c->sent_len));
	value = buf_failed(&text) ? NULL : json_stringn(text.p, text.len);
	buf_fini(&text);
	return value;
}

/* NULL when out of memory; json_object_set_new_nocheck() takes NULL for a failure. */
static json_t *
row_object(const struct numbers_row *row)
{
	const struct counts *c = &row->counts;
	json_t *object = json_object();
	int bad;

	bad =
	    json_object_set_new_nocheck(object, "campaign", json_string(row->campaign));
	bad |= set_counters(object, c);
	bad |= json_object_set_new_nocheck(object, "rcpt", known(c->rcpt, -1));
	bad |= json_object_set_new_nocheck(object, "name", stats_json_name(c));
	bad |=
	    json_object_set_new_nocheck(object, "first_seen", known(c->first_seen, 0));
	bad |= json_object_set_new_nocheck(object, "last_seen", known(c->last_seen, 0));
	if (bad == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* The hours or days with counters, latest first. */
static json_t *
spans_array(const char *member, const struct numbers_bucket *v, size_t n,
    void (*show)(char *, int64_t))
{
	json_t *array = json_array();
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		json_t *object;
		char text[HUMAN_MAX];

		if (!v[i].counts.found)
			continue;
		show(text, v[i].start);
		object = json_object();
		bad |= json_object_set_new_nocheck(object, member, json_string(text));
		bad |= set_counters(object, &v[i].counts);
		bad |= json_array_append_new(array, object);
	}
	if (bad == 0)
		return array;
	json_decref(array);
	return NULL;
}

/* One object with what goes before it; takes the object. */
static int
put(json_t *object, bool first, size_t flags)
{
	char *text = json_dumps(object, flags | JSON_ENSURE_ASCII);

	json_decref(object);
	if (text == NULL)
		return -1;
	term_put(first ? STR("[\n") : STR(",\n"));
	term_put(str_of(text));
	free(text);
	return 0;
}

static int
end(bool none)
{
	term_put(none ? STR("[]\n") : STR("\n]\n"));
	return 0;
}

/* --- a listing --- */

/*
 * Written member by member: to make a tree of the fifty counters of each of a hundred
 * thousand campaigns costs more than to read them.
 */

static void
add_member(struct buf *out, const char *name)
{
	buf_adds(out, out->len <= 1 ? "\"" : ", \"");
	buf_adds(out, name);
	buf_adds(out, "\": ");
}

static void
add_int(struct buf *out, const char *name, int64_t n)
{
	add_member(out, name);
	buf_addi(out, n);
}

static void
add_known(struct buf *out, const char *name, int64_t n, int64_t unknown)
{
	add_member(out, name);
	if (n == unknown)
		buf_adds(out, "null");
	else
		buf_addi(out, n);
}

/* Takes the value. */
static void
add_value(struct buf *out, const char *name, json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	json_decref(value);
	add_member(out, name);
	if (text != NULL)
		buf_adds(out, text);
	else
		out->failed = true;
	free(text);
}

static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return true;
}

static void
add_text(struct buf *out, const char *name, struct str s)
{
	if (!is_plain(s)) {
		add_value(out, name, json_stringn(s.p, s.len));
		return;
	}
	add_member(out, name);
	buf_addc(out, '"');
	buf_addstr(out, s);
	buf_addc(out, '"');
}

static void
add_counters(struct buf *out, const struct counts *c)
{
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		add_int(out, tally_counter_name(i), c->n[i]);
}

/* What is known of a campaign as a whole. */
static void
add_whole(struct buf *out, const struct counts *c)
{
	add_known(out, "rcpt", c->rcpt, -1);
	if (c->sent != NULL && is_plain(str_make(c->sent, c->sent_len)))
		add_text(out, "name", str_make(c->sent, c->sent_len));
	else
		add_value(out, "name", stats_json_name(c));
	add_known(out, "first_seen", c->first_seen, 0);
	add_known(out, "last_seen", c->last_seen, 0);
}

/* When, and how many messages a minute. */
static void
add_span(struct buf *out, const struct stats_view *view, const struct numbers_row *row)
{
	struct timespan at = row->at.until != 0 ? row->at : view->cover->span;
	char text[HUMAN_MAX];

	human_time(text, at.from);
	add_text(out, "from", str_of(text));
	human_time(text, at.until);
	add_text(out, "until", str_of(text));
	add_value(out, "messages_per_minute", json_real(stats_rate(view, row)));
}

static void
add_row(struct buf *out, const struct stats_view *view, const struct numbers_row *row)
{
	buf_addc(out, '{');
	add_text(out, "campaign", str_of(row->campaign));
	if (view->by == NUMBERS_BY_PROVIDER) {
		add_text(out, "provider",
		    str_of(provider_name((enum provider)row->provider)));
		add_int(out, "recipients", row->counts.n[TALLY_RECIPIENTS]);
	} else {
		add_counters(out, &row->counts);
	}
	if (view->by == NUMBERS_BY_CAMPAIGN)
		add_whole(out, &row->counts);
	if (view->by != NUMBERS_BY_PROVIDER && view->cover != NULL)
		add_span(out, view, row);
	buf_addc(out, '}');
}

static int
list(const struct stats_view *view, const struct numbers_rows *rows)
{
	size_t n = rows->n + view->total_is_all;
	struct buf out;
	bool failed = false;

	buf_init(&out, LINE_MAX_BYTES);
	for (size_t i = 0; i < n && !failed; i++) {
		term_put(i == 0 ? STR("[\n") : STR(",\n"));
		add_row(&out, view, i < rows->n ? &rows->v[i] : view->total);
		failed = stats_put(&out);
	}
	buf_fini(&out);
	return failed ? -1 : end(n == 0);
}

/* --- campaigns in detail --- */

static int
detail(const struct stats_view *view, const struct numbers_detail *v, size_t n)
{
	(void)view;
	for (size_t i = 0; i < n; i++) {
		json_t *object = row_object(&v[i].row);
		int bad = 0;

		bad |= json_object_set_new_nocheck(object, "hours",
		    spans_array("hour", v[i].hours, NUMBERS_HOURS, human_time));
		bad |= json_object_set_new_nocheck(object, "days",
		    spans_array("day", v[i].days, NUMBERS_DAYS, human_day));
		if (bad != 0) {
			json_decref(object);
			object = NULL;
		}
		if (put(object, i == 0, JSON_INDENT(2)) != 0)
			return -1;
	}
	return end(n == 0);
}

const struct stats_out stats_json = { "json", list, detail };
