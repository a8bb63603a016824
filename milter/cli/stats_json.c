/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_json.c - counters as JSON (RFC 8259): an array of objects, one a campaign (or
 * hour, day or provider of it), each on a line of its own in a listing.
 *
 * Members are named as the fields in Redis.  The output is ASCII: characters beyond it
 * are escaped, so nothing in it can move a terminal.  Objects are made and written one
 * by one, which keeps memory small however many campaigns there are.
 */
#include "cli/stats_out.h"

#include <stdlib.h>

#include <jansson.h>

#include "core/human.h"
#include "core/provider.h"
#include "core/visible.h"

#define SENT_MAX (CAMP_SENT_MAX * 3) /* each byte may become U+FFFD */

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

static json_t *
sent_name(const struct counts *c)
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
row_object(const struct stats_row *row)
{
	const struct counts *c = &row->counts;
	json_t *object = json_object();
	int bad;

	bad =
	    json_object_set_new_nocheck(object, "campaign", json_string(row->campaign));
	bad |= set_counters(object, c);
	bad |= json_object_set_new_nocheck(object, "rcpt", known(c->rcpt, -1));
	bad |= json_object_set_new_nocheck(object, "name", sent_name(c));
	bad |=
	    json_object_set_new_nocheck(object, "first_seen", known(c->first_seen, 0));
	bad |= json_object_set_new_nocheck(object, "last_seen", known(c->last_seen, 0));
	if (bad == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* When, and how many messages a minute. */
static int
set_span(json_t *object, const struct stats_view *view, const struct stats_row *row)
{
	struct timespan at = row->at.until != 0 ? row->at : view->cover->span;
	char text[HUMAN_MAX];
	int bad;

	human_time(text, at.from);
	bad = json_object_set_new_nocheck(object, "from", json_string(text));
	human_time(text, at.until);
	bad |= json_object_set_new_nocheck(object, "until", json_string(text));
	bad |= json_object_set_new_nocheck(
	    object, "messages_per_minute", json_real(stats_rate(view, row)));
	return bad;
}

/* An hour, a day or a provider of a campaign. */
static json_t *
part_object(const struct stats_view *view, const struct stats_row *row)
{
	json_t *object = json_object();
	int bad;

	bad =
	    json_object_set_new_nocheck(object, "campaign", json_string(row->campaign));
	if (view->by == STATS_BY_PROVIDER) {
		bad |= json_object_set_new_nocheck(object, "provider",
		    json_string(provider_name((enum provider)row->provider)));
		bad |= json_object_set_new_nocheck(object, "recipients",
		    json_integer(row->counts.n[TALLY_RECIPIENTS]));
	} else {
		bad |= set_counters(object, &row->counts);
		bad |= set_span(object, view, row);
	}
	if (bad == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
list_object(const struct stats_view *view, const struct stats_row *row)
{
	json_t *object;

	if (view->by != STATS_BY_CAMPAIGN)
		return part_object(view, row);
	object = row_object(row);
	if (object == NULL || view->cover == NULL || set_span(object, view, row) == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* The hours or days with counters, latest first. */
static json_t *
spans_array(const char *member, const struct stats_span *v, size_t n,
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

static int
list(const struct stats_view *view, const struct stats_rows *rows)
{
	bool first = true;

	for (size_t i = 0; i < rows->n; i++, first = false)
		if (put(list_object(view, &rows->v[i]), first, 0) != 0)
			return -1;
	if (view->total_is_all) {
		if (put(list_object(view, view->total), first, 0) != 0)
			return -1;
		first = false;
	}
	return end(first);
}

static int
detail(const struct stats_view *view, const struct stats_detail *v, size_t n)
{
	(void)view;
	for (size_t i = 0; i < n; i++) {
		json_t *object = row_object(&v[i].row);
		int bad = 0;

		bad |= json_object_set_new_nocheck(object, "hours",
		    spans_array("hour", v[i].hours, STATS_HOURS, human_time));
		bad |= json_object_set_new_nocheck(object, "days",
		    spans_array("day", v[i].days, STATS_DAYS, human_day));
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
