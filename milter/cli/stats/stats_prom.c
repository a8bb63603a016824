/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_prom.c - counters as metrics for Prometheus, for node_exporter's textfile
 * collector or anything that serves a file.
 *
 * Only as many campaigns as the caller lists get series, and there is no series for
 * "the others": campaigns come and go among those listed, so it would rise and fall,
 * which no counter may.  All mail has metrics of its own, metermark_all_..., so that
 * a sum over campaigns counts nothing twice.
 */
#include "cli/stats/stats_out.h"

#include <stdio.h>

#include "rules/provider.h"
#include "rules/rule.h"
#include "show/prom.h"

#define NAME_MAX_BYTES 64

/* A counter that is not in here has its name for help. */
static const char *const helps[TALLY_INSPECTED + 1] = {
	[TALLY_MESSAGES] = "Messages accepted.",
	[TALLY_RECIPIENTS] = "Recipients of accepted messages.",
	[TALLY_BYTES] = "Header and body of accepted messages, as received.",
	[TALLY_SIGNED] = "Messages accepted with every signature asked for.",
	[TALLY_UNSIGNED] = "Messages accepted without.",
	[TALLY_SIGN_FAILED] = "Attempts to sign that failed.",
	[TALLY_PARTLY_SIGNED] = "Messages signed but for fields the MTA would cut.",
	[TALLY_REJECTED] = "Messages refused for good.",
	[TALLY_TEMPFAILED] = "Messages refused for now.",
	[TALLY_BAD_SOURCE] = "Messages with tags that could not be read.",
	[TALLY_INSPECTED] = "Messages that the rules were run on.",
};

static struct prom_label
campaign_label(const struct numbers_row *row)
{
	return (struct prom_label) { "campaign", str_of(row->campaign) };
}

static bool
counter(size_t which, const struct stats_view *view, const struct numbers_rows *rows)
{
	const char *what = tally_counter_name(which);
	const char *help = helps[which] != NULL ? helps[which] : what;
	char name[NAME_MAX_BYTES];
	struct buf out;
	bool failed = false;

	buf_init(&out, 64 * 1024);
	snprintf(name, sizeof(name), "metermark_%s_total", what);
	prom_head(&out, name, PROM_COUNTER, help);
	for (size_t i = 0; i < rows->n; i++) {
		struct prom_label label = campaign_label(&rows->v[i]);

		prom_sample(&out, name, &label, 1, rows->v[i].counts.n[which]);
		failed |= stats_put(&out);
	}
	if (view->total_is_all) {
		snprintf(name, sizeof(name), "metermark_all_%s_total", what);
		prom_head(&out, name, PROM_COUNTER, help);
		prom_sample(&out, name, NULL, 0, view->total->counts.n[which]);
	}
	failed |= stats_put(&out);
	buf_fini(&out);
	return failed;
}

static void
provider_samples(struct buf *out, const char *name, const struct numbers_row *row,
    const struct prom_label *campaign)
{
	for (int i = 0; i < PROVIDERS; i++) {
		struct prom_label labels[2];
		size_t n = 0;

		if (campaign != NULL)
			labels[n++] = *campaign;
		labels[n++] = (struct prom_label) { "provider",
			str_of(provider_name((enum provider)i)) };
		prom_sample(out, name, labels, n, row->counts.n[TALLY_PROVIDER(i)]);
	}
}

static void
rule_samples(struct buf *out, const char *name, const struct numbers_row *row,
    const struct prom_label *campaign)
{
	/* All rules or none: a series that begins with its first failure hides it from
	 * rate(), and one without inspection says nothing. */
	if (row->counts.n[TALLY_INSPECTED] == 0)
		return;
	for (size_t i = 0; i < RULES; i++) {
		struct prom_label labels[2];
		size_t n = 0;

		if (campaign != NULL)
			labels[n++] = *campaign;
		labels[n++] = (struct prom_label) { "rule", str_of(rule_at(i)->id) };
		prom_sample(out, name, labels, n, row->counts.n[TALLY_RULES + i]);
	}
}

/* A counter that each campaign has by something, and all of them together. */
struct split {
	const char *one, *all, *help;
	void (*samples)(struct buf *, const char *name, const struct numbers_row *,
	    const struct prom_label *campaign);
};

static bool
put_split(const struct split *s, const struct stats_view *view,
    const struct numbers_rows *rows)
{
	struct buf out;
	bool failed = false;

	buf_init(&out, 64 * 1024);
	prom_head(&out, s->one, PROM_COUNTER, s->help);
	for (size_t i = 0; i < rows->n; i++) {
		struct prom_label label = campaign_label(&rows->v[i]);

		s->samples(&out, s->one, &rows->v[i], &label);
		failed |= stats_put(&out);
	}
	if (view->total_is_all) {
		prom_head(&out, s->all, PROM_COUNTER, s->help);
		s->samples(&out, s->all, view->total, NULL);
	}
	failed |= stats_put(&out);
	buf_fini(&out);
	return failed;
}

static bool
by_provider(const struct stats_view *view, const struct numbers_rows *rows)
{
	static const struct split split = { "metermark_provider_recipients_total",
		"metermark_all_provider_recipients_total",
		"Recipients of accepted messages, by mailbox provider.",
		provider_samples };

	return put_split(&split, view, rows);
}

static bool
by_rule(const struct stats_view *view, const struct numbers_rows *rows)
{
	static const struct split split = { "metermark_rule_failures_total",
		"metermark_all_rule_failures_total",
		"Messages inspected that failed the rule.", rule_samples };

	return put_split(&split, view, rows);
}

/* A gauge of what is known: 0 or -1 is left out. */
static bool
gauge(const char *name, const char *help, const struct numbers_rows *rows,
    int64_t (*value)(const struct numbers_row *))
{
	struct buf out;
	bool failed = false;

	buf_init(&out, 64 * 1024);
	prom_head(&out, name, PROM_GAUGE, help);
	for (size_t i = 0; i < rows->n; i++) {
		struct prom_label label = campaign_label(&rows->v[i]);

		if (value(&rows->v[i]) > 0)
			prom_sample(&out, name, &label, 1, value(&rows->v[i]));
		failed |= stats_put(&out);
	}
	failed |= stats_put(&out);
	buf_fini(&out);
	return failed;
}

static int64_t
last_seen(const struct numbers_row *row)
{
	return row->counts.last_seen;
}

static int64_t
distinct(const struct numbers_row *row)
{
	return row->counts.rcpt;
}

static int
list(const struct stats_view *view, const struct numbers_rows *rows)
{
	bool failed = false;

	for (size_t i = 0; i < TALLY_FIXED; i++)
		failed |= counter(i, view, rows);
	failed |= counter(TALLY_INSPECTED, view, rows);
	failed |= by_provider(view, rows);
	failed |= by_rule(view, rows);
	failed |= gauge("metermark_last_activity_timestamp_seconds",
	    "When the campaign was last active.", rows, last_seen);
	if (rows->n > 0 && rows->v[0].counts.rcpt >= 0)
		failed |= gauge("metermark_distinct_recipients",
		    "Distinct recipients, an estimate.", rows, distinct);
	return failed ? -1 : 0;
}

const struct stats_out stats_prom = { "prometheus", list, NULL };
