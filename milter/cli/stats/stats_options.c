/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_options.c - the command line of `metermark stats`.  See the header.
 */
#include "cli/stats/stats_options.h"

#include <getopt.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/term.h"

#define PROMETHEUS_LIMIT 100 /* campaigns with series, unless told */
#define HOUR_S 3600
#define DAY_S 86400
#define BY_HOUR_SPAN (23 * HOUR_S) /* and the hour that is on */
#define BY_DAY_SPAN (29 * DAY_S)

static const char help_text[] =
    "usage: metermark stats [options] [NAME | PATTERN ...]\n"
    "\n"
    "Without a name: all campaigns, latest activity first; TOTAL is all mail (_all).\n"
    "With a name: that campaign in detail.  With a pattern (* and ?): those it "
    "matches.\n"
    "\n"
    "  -S, --since TIME       count from then: -24h, -7d, today, 2026-11-24, "
    "2026-11-24T09\n"
    "  -U, --until TIME       count to the end of that day, hour or moment (UTC)\n"
    "  -b, --by WHAT          a line for each hour, day, provider or campaign\n"
    "  -s, --sort KEY         messages, recipients, bytes, rejected, ..., last, name\n"
    "  -t, --top N            the N greatest: by messages, or by --sort\n"
    "  -n, --limit N          list at most N\n"
    "  -d, --distinct         distinct recipients in a list, too\n"
    "  -f, --format FORM      table (default), json, csv or prometheus\n"
    "  -r, --redis URL        redis://[USER:PASSWORD@]HOST[:PORT][/DB], unix:PATH, "
    "...\n"
    "  -k, --key-prefix TEXT  what the keys in Redis begin with (metermark)\n"
    "  -c, --config FILE      take Redis and prefix from FILE\n"
    "\n"
    "Redis is that of --redis, -c, METERMARK_REDIS,\n" SYSCONFDIR
    "/metermark/metermark.conf,\n"
    "or redis://127.0.0.1:6379/0, whichever comes first.  More is in metermark(1).\n"
    "Status: 0 done, 1 no such campaign, 64 usage, 69 no Redis, 77 refused, 78 "
    "config.\n";

/* What was said, as text; judged when all is read. */
struct said {
	const char *since, *until;
	bool top, sort;
	bool help;
};

static int
parse_form(const char *name, struct stats_options *o)
{
	static const struct stats_out *const forms[] = { &stats_table, &stats_json,
		&stats_csv, &stats_prom };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i]->name, name) != 0)
			continue;
		o->out = forms[i];
		return 0;
	}
	term_say("--format: \"%s\" is none of table, json, csv, prometheus", name);
	return -1;
}

static int
parse_by(const char *name, struct stats_options *o)
{
	static const struct {
		const char *name;
		enum numbers_by by;
	} words[] = { { "campaign", NUMBERS_BY_CAMPAIGN }, { "hour", NUMBERS_BY_HOUR },
		{ "day", NUMBERS_BY_DAY }, { "provider", NUMBERS_BY_PROVIDER } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, name) != 0)
			continue;
		o->by = words[i].by;
		return 0;
	}
	term_say("--by: \"%s\" is none of hour, day, provider, campaign", name);
	return -1;
}

static int
sort_key(const char *text, struct numbers_key *key)
{
	if (numbers_key_parse(text, key) == 0)
		return 0;
	term_say("--sort: \"%s\" is none of last, first, name, distinct, messages, "
		 "recipients, bytes, signed, unsigned, sign_failed, partly_signed, "
		 "rejected, tempfailed, p:gmail:recipients, ...",
	    text);
	return -1;
}

/* One option; 0, or -1 after saying what is wrong. */
static int
option(struct stats_options *o, struct said *said, int letter)
{
	switch (letter) {
	case 'S':
		said->since = optarg;
		return 0;
	case 'U':
		said->until = optarg;
		return 0;
	case 'b':
		return parse_by(optarg, o);
	case 'd':
		o->distinct = true;
		return 0;
	case 'f':
		return parse_form(optarg, o);
	case 'h':
		said->help = true;
		return 0;
	case 'n':
		return term_number("--limit", optarg, &o->limit);
	case 's':
		said->sort = true;
		return sort_key(optarg, &o->sort);
	case 't':
		said->top = true;
		return term_number("--top", optarg, &o->limit);
	}
	if (target_option(&o->target, letter))
		return 0;
	term_say("--help tells the options");
	return -1;
}

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
set_span(struct stats_options *o, const struct said *said)
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
say_cover(const struct stats_options *o, const struct said *said)
{
	if (o->cover.cut && (said->since != NULL || timespan_hashes(&o->cover) == 0))
		term_say("%s are kept for %d days only: what was counted before is "
			 "left out",
		    o->by == NUMBERS_BY_HOUR ? "hours" : "days",
		    o->by == NUMBERS_BY_HOUR ? 35 : 400);
	if (o->cover.coarse)
		term_say("hours are kept for 35 days only: older days are whole");
}

static int
set_order(struct stats_options *o, const struct said *said)
{
	if (o->by != NUMBERS_BY_CAMPAIGN && o->sort.kind == NUMBERS_KEY_DISTINCT) {
		term_say("--sort distinct: they are known of whole campaigns only");
		return -1;
	}
	if (o->spanned &&
	    (o->distinct || o->sort.kind == NUMBERS_KEY_DISTINCT ||
		(o->sort.kind == NUMBERS_KEY_FIRST && o->by == NUMBERS_BY_CAMPAIGN))) {
		term_say("distinct recipients and first activity are known since ever "
			 "only, not of a stretch of time");
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
judge(struct stats_options *o, const struct said *said)
{
	o->spanned = said->since != NULL || said->until != NULL ||
	    o->by == NUMBERS_BY_HOUR || o->by == NUMBERS_BY_DAY;
	if (o->out == &stats_prom && (o->spanned || o->by != NUMBERS_BY_CAMPAIGN)) {
		term_say("--format prometheus has counters since ever; --since, "
			 "--until and --by do not go with it");
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
	static const struct option longs[] = { { "by", required_argument, NULL, 'b' },
		{ "config", required_argument, NULL, 'c' },
		{ "distinct", no_argument, NULL, 'd' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "key-prefix", required_argument, NULL, 'k' },
		{ "limit", required_argument, NULL, 'n' },
		{ "redis", required_argument, NULL, 'r' },
		{ "since", required_argument, NULL, 'S' },
		{ "sort", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 't' },
		{ "until", required_argument, NULL, 'U' }, { NULL, 0, NULL, 0 } };
	struct said said = { 0 };
	int letter;

	*o = (struct stats_options) { .out = &stats_table, .now = present() };
	while ((letter = getopt_long(
		    argc, argv, "b:c:df:hk:n:r:S:s:t:U:", longs, NULL)) != -1)
		if (option(o, &said, letter) != 0)
			return EX_USAGE;
	if (said.help) {
		term_put(STR(help_text));
		return term_finish();
	}
	o->names = argv + optind;
	o->n_names = (size_t)(argc - optind);
	return judge(o, &said) == 0 ? -1 : EX_USAGE;
}
