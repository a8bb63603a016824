/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * campaigns.c - `metermark campaigns`: the names that are known, or by which headers
 * mail gets one.
 *
 * The sources are the table in the program itself, so what is shown is what is done.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "campaign/source.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/stats/no_such.h"
#include "cli/stats/stats_out.h"
#include "cli/target.h"
#include "cli/term.h"
#include "numbers/numbers.h"
#include "numbers/registry.h"
#include "show/human.h"
#include "show/table.h"
#include "text/buf.h"

#define TEXT_MAX ((size_t)1024 * 1024)
/* Where the words of a source begin. */
#define INDENT 12

struct options {
	struct target_options target;
	struct registry_choice choice;
	bool sources, json;
};

static int
no_memory(void)
{
	term_say("out of memory");
	return EX_OSERR;
}

static int
put_json(json_t *root)
{
	char *text = root == NULL
	    ? NULL
	    : json_dumps(
		  root, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);

	json_decref(root);
	if (text == NULL)
		return no_memory();
	term_put(str_of(text));
	term_put(STR("\n"));
	free(text);
	return term_finish();
}

/* ==== Sources ==== */

static void
put_line(struct buf *out, const char *label, const struct buf *text)
{
	if (text->len > 0)
		buf_addf(out, "  %-*s%s\n", INDENT - 2, label, text->p);
}

static void
show_source(const struct source *s, struct buf *out)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_addf(out, "%s  (%s)\n", s->id, s->title);
	source_show_campaign(s, &text);
	put_line(out, "campaign", &text);
	buf_reset(&text);
	buf_adds(&text, source_show_repeat(s));
	put_line(out, "repeated", &text);
	buf_reset(&text);
	source_show_limits(s, &text);
	put_line(out, "limits", &text);
	buf_reset(&text);
	source_show_tags(s, &text);
	put_line(out, "tags", &text);
	buf_reset(&text);
	source_show_fields(s, true, &text);
	put_line(out, "removed", &text);
	buf_reset(&text);
	source_show_fields(s, false, &text);
	put_line(out, "sent on", &text);
	buf_fini(&text);
}

static int
sources_table(void)
{
	size_t n;
	const struct source *s = source_table(&n);
	struct buf out;

	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(&out, '\n');
		show_source(&s[i], &out);
	}
	term_put(buf_str(&out));
	buf_fini(&out);
	return term_finish();
}

static json_t *
shown(void (*show)(const struct source *, struct buf *), const struct source *s)
{
	struct buf text;
	json_t *value;

	buf_init(&text, TEXT_MAX);
	show(s, &text);
	value = json_string(text.p);
	buf_fini(&text);
	return value;
}

static json_t *
fields(const struct source *s, bool removed)
{
	json_t *names = json_array();

	for (size_t i = 0; i < s->n_fields; i++)
		if (s->fields[i].removed == removed)
			(void)json_array_append_new(
			    names, json_string(s->fields[i].name));
	return names;
}

static int
sources_json(void)
{
	size_t n;
	const struct source *s = source_table(&n);
	json_t *root = json_array();
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		json_t *one = json_object();

		bad |= json_object_set_new(one, "source", json_string(s[i].id));
		bad |= json_object_set_new(one, "title", json_string(s[i].title));
		bad |= json_object_set_new(
		    one, "campaign", shown(source_show_campaign, &s[i]));
		bad |= json_object_set_new(
		    one, "repeated", json_string(source_show_repeat(&s[i])));
		bad |= json_object_set_new(
		    one, "limits", shown(source_show_limits, &s[i]));
		bad |= json_object_set_new(one, "tags", shown(source_show_tags, &s[i]));
		bad |= json_object_set_new(one, "removed", fields(&s[i], true));
		bad |= json_object_set_new(one, "sent_on", fields(&s[i], false));
		bad |= json_array_append_new(root, one);
	}
	if (bad != 0) {
		json_decref(root);
		return no_memory();
	}
	return put_json(root);
}

/* ==== Names ==== */

static int
names_json(const struct numbers_rows *names)
{
	json_t *root = json_array();
	int bad = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct numbers_row *name = &names->v[i];
		json_t *one = json_object();

		bad |=
		    json_object_set_new(one, "campaign", json_string(name->campaign));
		bad |= json_object_set_new(one, "name", stats_json_name(&name->counts));
		bad |= json_object_set_new(one, "last_seen",
		    name->active > 0 ? json_integer(name->active) : json_null());
		bad |= json_array_append_new(root, one);
	}
	if (bad != 0) {
		json_decref(root);
		return no_memory();
	}
	return put_json(root);
}

enum { COL_CAMPAIGN, COL_LAST, COL_SENT, COLS };

struct line {
	struct str cell[COLS];
	char when[HUMAN_MAX];
	struct buf sent;
};

static void
fill(struct line *l, const struct numbers_row *name, bool utf8)
{
	l->when[0] = '\0';
	if (name->active > 0)
		human_time(l->when, name->active);
	buf_reset(&l->sent);
	counts_show_name(&l->sent, &name->counts, name->campaign, utf8);
	l->cell[COL_CAMPAIGN] = str_of(name->campaign);
	l->cell[COL_LAST] = str_of(l->when);
	l->cell[COL_SENT] = buf_str(&l->sent);
}

static int
names_table(const struct numbers_rows *names)
{
	static const struct table_column columns[COLS] = {
		[COL_CAMPAIGN] = { STR("CAMPAIGN"), TABLE_LEFT, 0 },
		[COL_LAST] = { STR("LAST ACTIVITY"), TABLE_LEFT, 0 },
		[COL_SENT] = { STR("NAME AS SENT"), TABLE_LEFT, 0 },
	};
	struct line l = { 0 };
	struct term term;
	struct table t;
	struct buf out;
	bool named = false;

	term_probe(&term);
	buf_init(&l.sent, COUNTS_NAME_MAX);
	table_init(&t, columns, COLS);
	for (size_t i = 0; i < names->n; i++) {
		fill(&l, &names->v[i], term.utf8);
		table_measure(&t, l.cell);
		named |= l.cell[COL_SENT].len > 0;
	}
	if (!named)
		t.n = COL_SENT;
	buf_init(&out, TEXT_MAX);
	if (names->n > 0)
		table_head(&t, &out);
	for (size_t i = 0; i < names->n; i++) {
		stats_put(&out);
		fill(&l, &names->v[i], term.utf8);
		table_line(&t, l.cell, STR("~"), &out);
	}
	stats_put(&out);
	buf_fini(&out);
	buf_fini(&l.sent);
	return term_finish();
}

/* Say what is not there.  CMD_NOT_FOUND if anything is not. */
static int
say_missing(struct query *q, const struct options *o, const struct target *t,
    const struct numbers_listing *listing)
{
	int status = EX_OK;

	for (size_t i = 0; i < listing->n_missing; i++) {
		status =
		    no_such_campaign(q, t, o->choice.patterns[listing->missing[i]], "");
		if (status != CMD_NOT_FOUND)
			return status;
	}
	if (listing->selected == 0 && o->choice.n_patterns == 0)
		no_campaigns_yet(t);
	return status;
}

static int
show_names(struct query *q, const struct options *o, const struct target *t)
{
	const struct numbers_question ask = { .names = o->choice.patterns,
		.n_names = o->choice.n_patterns,
		.limit = o->choice.limit,
		.sent_names = o->json };
	struct numbers_listing listing;
	int status, shown = EX_OK;

	if (numbers_names(q, &ask, &listing) != 0)
		status = target_failed(t, &q->err);
	else
		status = say_missing(q, o, t, &listing);
	if (status == EX_OK || status == CMD_NOT_FOUND)
		shown =
		    o->json ? names_json(&listing.rows) : names_table(&listing.rows);
	numbers_listing_fini(&listing);
	return shown != EX_OK ? shown : status;
}

static int
list_names(const struct options *o)
{
	struct target target;
	struct query q;
	int status = target_find(&o->target, &target);

	if (status != EX_OK)
		return status;
	status = target_open(&target, &q);
	if (status != EX_OK)
		return status;
	status = show_names(&q, o, &target);
	query_close(&q);
	return status;
}

/* ==== The command line ==== */

static int
set_limit(void *into, const char *text)
{
	struct options *o = into;

	return term_number("--limit", text, &o->choice.limit);
}

static int
set_format(void *into, const char *text)
{
	struct options *o = into;

	o->json = strcmp(text, "json") == 0;
	if (o->json || strcmp(text, "table") == 0)
		return 0;
	term_say("--format: \"%s\" is none of table, json", text);
	return -1;
}

static const struct options_row rows[] = {
	{ "sources", 's', NULL,
	    "list instead the headers that name a campaign: what\n"
	    "campaign { sources } may hold, in the default order",
	    .at = offsetof(struct options, sources) },
	{ "limit", 'n', "N", "list at most N", .take = set_limit },
	{ "format", 'f', "FORM", "table (default) or json", .take = set_format },
	TARGET_OPTIONS(struct options, target),
	{ 0 },
};

const struct options_table campaigns_options = {
	.usage =
	    "usage: metermark campaigns [options] [NAME | PATTERN ...]\n"
	    "       metermark campaigns --sources [-f FORM]\n"
	    "\n"
	    "Lists the campaigns that Redis knows, the latest activity first; with names and\n"
	    "patterns (* and ?) those that one of them means.\n",
	.rows = rows,
	.more =
	    "metermark stats has the numbers.\n"
	    "Status: 0 done, 1 no such campaign, 64 usage, 69 no Redis, 77 refused, 78 config.\n",
};

int
campaigns_main(int argc, char **argv)
{
	struct options o = { 0 };
	int status = options_read(&campaigns_options, &o, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	o.choice.patterns = argv + optind;
	o.choice.n_patterns = (size_t)(argc - optind);
	if (!o.sources)
		return list_names(&o);
	if (o.choice.n_patterns > 0) {
		term_say("--sources takes no patterns");
		return EX_USAGE;
	}
	return o.json ? sources_json() : sources_table();
}
