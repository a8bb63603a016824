/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_options.c - the command line of `metermark stats`.  See the header.
 */
#include "cli/stats/stats_options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/term.h"

#define PROMETHEUS_LIMIT 100 /* campaigns with series, unless told */
#define HOUR_S 3600
#define DAY_S 86400
#define BY_HOUR_SPAN (23 * HOUR_S) /* and the hour that is on */
#define BY_DAY_SPAN (29 * DAY_S)

/* What was said; --since and --until are judged when all is read. */
struct options {
	struct stats_options stats;
	const char *since, *until;
	bool top, sort;
};

static int
set_format(void *into, const char *name)
{
	struct options *o = into;
	static const struct stats_out *const forms[] = { &stats_table, &stats_json,
		&stats_csv, &stats_prom };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i]->name, name) != 0)
			continue;
		o->stats.out = forms[i];
		return 0;
	}
	term_say("--format: \"%s\" is none of table, json, csv, prometheus", name);
	return -1;
}

static int
set_by(void *into, const char *name)
{
	struct options *o = into;
	static const struct {
		const char *name;
		enum numbers_by by;
	} words[] = { { "campaign", NUMBERS_BY_CAMPAIGN }, { "hour", NUMBERS_BY_HOUR },
		{ "day", NUMBERS_BY_DAY }, { "provider", NUMBERS_BY_PROVIDER } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, name) != 0)
			continue;
		o->stats.by = words[i].by;
		return 0;
	}
	term_say("--by: \"%s\" is none of hour, day, provider, campaign", name);
	return -1;
}

static int
set_sort(void *into, const char *text)
{
	struct options *o = into;

	o->sort = true;
	if (numbers_key_parse(text, &o->stats.sort) == 0)
		return 0;
	term_say(
	    "--sort: \"%s\" is none of last, first, name, distinct, messages, recipients, bytes, signed, unsigned, sign_failed, partly_signed, rejected, tempfailed, p:gmail:recipients, ...",
	    text);
	return -1;
}

static int
set_limit(void *into, const char *text)
{
	struct options *o = into;

	return term_number("--limit", text, &o->stats.limit);
}

static int
set_top(void *into, const char *text)
{
	struct options *o = into;

	o->top = true;
	return term_number("--top", text, &o->stats.limit);
}

static const struct options_row rows[] = {
	{ "since", 'S', "TIME",
	    "count from then: -24h, -7d, today, 2026-11-24, 2026-11-24T09",
	    .at = offsetof(struct options, since) },
	{ "until", 'U', "TIME", "count to the end of that day, hour or moment (UTC)",
	    .at = offsetof(struct options, until) },
	{ "by", 'b', "WHAT", "a line for each hour, day, provider or campaign",
	    .take = set_by },
	{ "sort", 's', "KEY", "messages, recipients, bytes, rejected, ..., last, name",
	    .take = set_sort },
	{ "top", 't', "N", "the N greatest: by messages, or by --sort",
	    .take = set_top },
	{ "limit", 'n', "N", "list at most N", .take = set_limit },
	{ "distinct", 'd', NULL, "distinct recipients in a list, too",
	    .at = offsetof(struct options, stats.distinct) },
	{ "format", 'f', "FORM", "table (default), json, csv or prometheus",
	    .take = set_format },
	TARGET_OPTIONS(struct options, stats.target),
	{ 0 },
};

const struct options_table stats_options = {
	.usage =
	    "usage: metermark stats [options] [NAME | PATTERN ...]\n"
	    "\n"
	    "Without a name: all campaigns, latest activity first; TOTAL is all mail (_all).\n"
	    "With a name: that campaign in detail.  With a pattern (* and ?): those it matches.\n",
	.rows = rows,
	.more =
	    "Redis is that of --redis, -c, METERMARK_REDIS,\n"
	    "" SYSCONFDIR "/metermark/metermark.conf,\n"
	    "or redis://127.0.0.1:6379/0, whichever comes first.  More is in metermark(1).\n"
	    "Status: 0 done, 1 no such campaign, 64 usage, 69 no Redis, 77 refused, 78 config.\n",
};

/* --- what the options mean together --- */

static int
parse_time(const char *option_name, const char *text, enum timespan_edge edge,
    int64_t now, int64_t *out)
{
	char err[256];

	if (timespan_parse(str_of(text), edge, now, out, err, sizeof(err)) == 0)
		return 0;
	term_say("%s: %s", option_name, err);
	return -1;
}

static int
set_span(struct stats_options *o, const struct options *said)
{
	static const enum timespan_unit units[] = { [NUMBERS_BY_CAMPAIGN] =
							TIMESPAN_FEWEST,
		[NUMBERS_BY_HOUR] = TIMESPAN_HOURS,
		[NUMBERS_BY_DAY] = TIMESPAN_DAYS,
		[NUMBERS_BY_PROVIDER] = TIMESPAN_FEWEST };
	struct timespan asked = { 0, o->now };

	if (said->until != NULL &&
	    parse_time("--until", said->until, TIMESPAN_UNTIL, o->now, &asked.until) !=
		0)
		return -1;
	if (asked.until > o->now)
		asked.until = o->now;
	if (o->by == NUMBERS_BY_HOUR)
		asked.from = asked.until - BY_HOUR_SPAN;
	else if (o->by == NUMBERS_BY_DAY)
		asked.from = asked.until - BY_DAY_SPAN;
	if (said->since != NULL &&
	    parse_time("--since", said->since, TIMESPAN_SINCE, o->now, &asked.from) !=
		0)
		return -1;
	if (asked.from >= asked.until) {
		term_say(said->since == NULL   ? "--until is before all times"
			: asked.from >= o->now ? "--since is not in the past"
					       : "--since is not before --until");
		return -1;
	}
	timespan_cover(asked, units[o->by], o->now, &o->cover);
	return 0;
}

static void
say_cover(const struct stats_options *o, const struct options *said)
{
	if (o->cover.cut && (said->since != NULL || timespan_hashes(&o->cover) == 0))
		term_say(
		    "%s are kept for %d days only: what was counted before is left out",
		    o->by == NUMBERS_BY_HOUR ? "hours" : "days",
		    o->by == NUMBERS_BY_HOUR ? 35 : 400);
	if (o->cover.coarse)
		term_say("hours are kept for 35 days only: older days are whole");
}

static int
set_order(struct stats_options *o, const struct options *said)
{
	if (o->by != NUMBERS_BY_CAMPAIGN && o->sort.kind == NUMBERS_KEY_DISTINCT) {
		term_say("--sort distinct: they are known of whole campaigns only");
		return -1;
	}
	if (o->spanned &&
	    (o->distinct || o->sort.kind == NUMBERS_KEY_DISTINCT ||
		(o->sort.kind == NUMBERS_KEY_FIRST && o->by == NUMBERS_BY_CAMPAIGN))) {
		term_say(
		    "distinct recipients and first activity are known since ever only, not of a stretch of time");
		return -1;
	}
	o->sorted = said->sort || said->top;
	if (said->top && !said->sort)
		o->sort = (struct numbers_key) { NUMBERS_KEY_COUNTER,
			o->by == NUMBERS_BY_PROVIDER ? TALLY_RECIPIENTS
						     : TALLY_MESSAGES };
	if (o->by == NUMBERS_BY_PROVIDER && !o->sorted)
		o->sort =
		    (struct numbers_key) { NUMBERS_KEY_COUNTER, TALLY_RECIPIENTS };
	if (o->sort.kind == NUMBERS_KEY_DISTINCT)
		o->distinct = true;
	return 0;
}

static int
judge(struct stats_options *o, const struct options *said)
{
	o->spanned = said->since != NULL || said->until != NULL ||
	    o->by == NUMBERS_BY_HOUR || o->by == NUMBERS_BY_DAY;
	if (o->out == &stats_prom && (o->spanned || o->by != NUMBERS_BY_CAMPAIGN)) {
		term_say(
		    "--format prometheus has counters since ever; --since, --until and --by do not go with it");
		return -1;
	}
	if (o->spanned && set_span(o, said) != 0)
		return -1;
	if (o->out == &stats_prom && o->limit == 0)
		o->limit = PROMETHEUS_LIMIT;
	for (size_t i = 0; i < o->n_names; i++)
		o->patterns |= registry_is_pattern(o->names[i]);
	for (size_t i = 0; i < o->n_names; i++)
		if (o->names[i][0] == '\0') {
			term_say("\"\" names no campaign; mail without one is none");
			return -1;
		}
	if (set_order(o, said) != 0)
		return -1;
	if (o->spanned)
		say_cover(o, said);
	return 0;
}

/*
 * A stretch of time ends before now.  In the first second of an hour that would leave
 * out what this hour has counted already, and today would be empty at midnight: the
 * second after it is taken instead.
 */
static int64_t
present(void)
{
	int64_t now = (int64_t)time(NULL);

	return now % HOUR_S == 0 ? now + 1 : now;
}

int
stats_options_read(struct stats_options *o, int argc, char **argv)
{
	struct options said = { .stats = { .out = &stats_table, .now = present() } };
	int status = options_read(&stats_options, &said, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	*o = said.stats;
	o->names = argv + optind;
	o->n_names = (size_t)(argc - optind);
	return judge(o, &said) == 0 ? OPTIONS_NOT_DONE : EX_USAGE;
}
