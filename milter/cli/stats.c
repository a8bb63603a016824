/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c - `metermark stats`: options, and which campaigns to show.
 *
 * Reading is stats_read.c's, writing is that of the forms in stats_out.h.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/stats_out.h"
#include "cli/target.h"
#include "core/glob.h"
#include "core/nearest.h"
#include "edge/crypto.h"

static const char help_text[] =
    "usage: metermark stats [options] [NAME | PATTERN ...]\n"
    "\n"
    "Without a name: all campaigns, latest activity first; TOTAL is all mail (_all).\n"
    "With a name: that campaign in detail.  With a pattern (* and ?): those it "
    "matches.\n"
    "\n"
    "  -f, --format FORM      table (default), json or csv\n"
    "  -n, --limit N          list at most N campaigns\n"
    "  -r, --redis URL        redis://[USER:PASSWORD@]HOST[:PORT][/DB], unix:PATH\n"
    "  -k, --key-prefix TEXT  what the keys in Redis begin with (metermark)\n"
    "  -c, --config FILE      take Redis and prefix from FILE\n"
    "  -h, --help\n"
    "\n"
    "Redis is that of --redis, -c, METERMARK_REDIS in the environment (keeps a "
    "password\n"
    "out of the process list), " SYSCONFDIR "/metermark/metermark.conf,\n"
    "or redis://127.0.0.1:6379/0, whichever comes first.\n"
    "Status: 0 done, 1 no such campaign, 64 usage, 69 no Redis, 77 refused, 78 "
    "config.\n";

struct options {
	struct target_options target;
	const struct stats_out *out;
	size_t limit; /* 0: none */
	char **names;
	size_t n_names;
	bool help;
};

static const struct stats_out *
find_form(const char *name)
{
	static const struct stats_out *const forms[] = { &stats_table, &stats_json,
		&stats_csv };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i]->name, name) == 0)
			return forms[i];
	term_say("--format: \"%s\" is none of table, json, csv", name);
	return NULL;
}

static int
parse_limit(const char *text, size_t *out)
{
	char *end;
	uintmax_t n;

	errno = 0;
	n = strtoumax(text, &end, 10);
	if (!ascii_isdigit(text[0]) || *end != '\0' || errno != 0 || n < 1 ||
	    n > UINT32_MAX) {
		term_say("--limit: \"%s\" is no number from 1 on", text);
		return -1;
	}
	*out = (size_t)n;
	return 0;
}

/* One option; 0, or -1 after saying what is wrong. */
static int
option(struct options *o, int letter)
{
	switch (letter) {
	case 'c':
		o->target.config = optarg;
		return 0;
	case 'f':
		o->out = find_form(optarg);
		return o->out != NULL ? 0 : -1;
	case 'h':
		o->help = true;
		return 0;
	case 'k':
		o->target.prefix = optarg;
		return 0;
	case 'n':
		return parse_limit(optarg, &o->limit);
	case 'r':
		o->target.redis = optarg;
		return 0;
	}
	term_say("--help tells the options");
	return -1;
}

static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "config", required_argument, NULL,
						   'c' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "key-prefix", required_argument, NULL, 'k' },
		{ "limit", required_argument, NULL, 'n' },
		{ "redis", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	int letter;

	*o = (struct options) { .out = &stats_table };
	while ((letter = getopt_long(argc, argv, "c:f:hk:n:r:", longs, NULL)) != -1)
		if (option(o, letter) != 0)
			return -1;
	o->names = argv + optind;
	o->n_names = (size_t)(argc - optind);
	return 0;
}

/* --- a listing --- */

static bool
is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

/* The last line of a selection. */
static void
sum(const struct stats_rows *rows, struct stats_row *total)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct stats_row *row = &rows->v[i];

		for (size_t k = 0; k < TALLY_COUNTERS; k++)
			/* Wraps rather than being undefined: Redis may hold anything.
			 */
			total->counts.n[k] = (int64_t)((uint64_t)total->counts.n[k] +
			    (uint64_t)row->counts.n[k]);
		if (row->active > total->active)
			total->active = row->active;
	}
}

static int
gather(struct stats_reader *r, const struct options *o, struct stats_rows *rows,
    struct stats_row *total)
{
	bool selected = o->n_names > 0;

	if (stats_read_names(r, o->names, o->n_names, selected ? 0 : o->limit, rows) !=
	    0)
		return -1;
	if (stats_read_totals(r, rows, o->out->with_rcpt) != 0)
		return -1;
	if (!selected)
		return stats_read_row(r, CAMP_ALL, o->out->with_rcpt, total);
	sum(rows, total);
	return 0;
}

/* Each name or pattern that nothing answers to is said; CMD_NOT_FOUND if there was one.
 */
static int
unmatched(const struct options *o, const struct stats_rows *rows)
{
	int status = EX_OK;

	for (size_t i = 0; i < o->n_names; i++) {
		struct str pattern = str_of(o->names[i]);
		size_t k = 0;

		while (k < rows->n && !glob_match(pattern, str_of(rows->v[k].campaign)))
			k++;
		if (k < rows->n)
			continue;
		term_say("no campaign matches \"%s\"", o->names[i]);
		status = CMD_NOT_FOUND;
	}
	return status;
}

static int
list(struct stats_reader *r, const struct options *o, const struct target *t,
    struct stats_view *view)
{
	struct stats_row total = { 0 };
	struct stats_rows rows;
	bool selected = o->n_names > 0;
	int status = EX_OK;

	if (gather(r, o, &rows, &total) != 0) {
		status = target_failed(t, r->cure, r->err);
		goto out;
	}
	if (selected)
		status = unmatched(o, &rows);
	else if (rows.n == 0 && !total.counts.found)
		term_say(
		    "no campaigns yet under prefix \"%s\" in %s", t->prefix, t->shown);
	if (selected ? rows.n > 0 : total.counts.found)
		view->total = &total;
	view->total_is_all = view->total != NULL && !selected;
	if (o->limit > 0)
		stats_rows_cut(&rows, o->limit);
	if (o->out->list(view, &rows) != 0)
		status = target_failed(t, REDIS_CURE_MEMORY, "");
out:
	free(total.counts.sent);
	stats_rows_fini(&rows);
	return status;
}

/* --- campaigns in detail --- */

/* The name in Redis: as given if it is one, else what mail with that name counts as. */
static void
resolve(const char *given, struct camp_name *out)
{
	struct str name = str_of(given);

	if (str_eq(name, STR(CAMP_ALL)) || str_eq(name, STR(CAMP_OTHER)))
		snprintf(out->name, sizeof(out->name), "%s", given);
	else
		camp_canonical(name, crypto_sha256, out);
}

static int
not_found(struct stats_reader *r, const struct target *t, const char *given)
{
	struct nearest near;
	struct buf similar;
	int status = CMD_NOT_FOUND;

	nearest_init(&near, str_of(given));
	buf_init(&similar, NEAREST_MAX * (NEAREST_LENGTH + 2));
	if (stats_read_similar(r, &near) != 0)
		status = target_failed(t, r->cure, r->err);
	nearest_list(&near, &similar);
	if (status == CMD_NOT_FOUND && similar.len > 0)
		term_say("no campaign \"%s\"; similar: %s", given, similar.p);
	else if (status == CMD_NOT_FOUND)
		term_say("no campaign \"%s\" under prefix \"%s\" in %s", given,
		    t->prefix, t->shown);
	buf_fini(&similar);
	return status;
}

/* Read those that exist into v, their number into *n, and say which do not. */
static int
read_details(struct stats_reader *r, const struct options *o, const struct target *t,
    int64_t now, struct stats_detail *v, size_t *n)
{
	int status = EX_OK;

	for (size_t i = 0; i < o->n_names; i++) {
		struct stats_detail *d = &v[*n];
		struct camp_name name;

		resolve(o->names[i], &name);
		if (stats_read_detail(r, name.name, now, d) != 0) {
			stats_detail_fini(d);
			return target_failed(t, r->cure, r->err);
		}
		if (d->row.counts.found) {
			++*n;
			continue;
		}
		stats_detail_fini(d);
		status = not_found(r, t, o->names[i]);
		if (status != CMD_NOT_FOUND)
			return status;
	}
	return status;
}

static int
details(struct stats_reader *r, const struct options *o, const struct target *t,
    const struct stats_view *view)
{
	struct stats_detail *v = calloc(o->n_names, sizeof(*v));
	size_t n = 0;
	int status;

	if (v == NULL)
		return target_failed(t, REDIS_CURE_MEMORY, "");
	status = read_details(r, o, t, view->now, v, &n);
	if (status == EX_OK || status == CMD_NOT_FOUND)
		if (o->out->detail(view, v, n) != 0)
			status = target_failed(t, REDIS_CURE_MEMORY, "");
	for (size_t i = 0; i < n; i++)
		stats_detail_fini(&v[i]);
	free(v);
	return status;
}

static int
show(const struct options *o, const struct target *t, struct redis_link *link)
{
	struct stats_reader r = { .link = link, .prefix = t->prefix };
	struct term term;
	struct stats_view view = { .term = &term, .now = (int64_t)time(NULL) };
	bool listing = o->n_names == 0;
	int status, written;

	term_probe(&term);
	for (size_t i = 0; i < o->n_names; i++)
		listing |= is_pattern(o->names[i]);
	status = listing ? list(&r, o, t, &view) : details(&r, o, t, &view);
	if (r.strange > 0)
		term_say("left out, as metermark does not write such under prefix "
			 "\"%s\": %" PRIu64 " names or values",
		    t->prefix, r.strange);
	written = term_finish();
	return status == EX_OK ? written : status;
}

int
stats_main(int argc, char **argv)
{
	struct options o;
	struct target t;
	struct redis_link *link;
	int status;

	if (parse(argc, argv, &o) != 0)
		return EX_USAGE;
	if (o.help) {
		term_put(STR(help_text));
		return term_finish();
	}
	status = target_find(&o.target, &t);
	if (status != EX_OK)
		return status;
	link = target_open(&t, &status);
	if (link == NULL)
		return status;
	status = show(&o, &t, link);
	redis_link_close(link);
	return status;
}
