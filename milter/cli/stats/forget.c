/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget.c - `metermark forget`: removes campaigns and all that was counted of them.
 *
 * One script call removes a campaign's keys and leaves the tombstone
 * (counting/rbatch.h), so that the daemon's retained batches do not bring it back; then
 * its name leaves the registries.  Whatever is missing or mistyped stops us before
 * anything is removed.
 */
#include <getopt.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/stats/no_such.h"
#include "cli/target.h"
#include "cli/term.h"
#include "counting/rbatch.h"
#include "numbers/counts.h"
#include "numbers/registry.h"
#include "redis/rkey.h"
#include "show/human.h"
#include "system/crypto.h"

#define SHOWN_MAX 20 /* campaigns named before asking */
#define ARGS_MAX_BYTES (1024 * 1024)
#define ID_DIGITS 16
#define NOTHING_REMOVED "; nothing was removed"

struct options {
	struct target_options target;
	bool yes, glob;
	char **names;
	size_t n_names;
};

/* A campaign that is to go. */
struct doomed {
	char campaign[CAMP_NAME_MAX + 1];
	struct counts counts;
};

struct doomed_list {
	struct doomed *v;
	size_t n, cap;
};

/* --- options --- */

static const struct options_row rows[] = {
	{ "yes", 'y', NULL, "do not ask", .at = offsetof(struct options, yes) },
	{ "glob", 'g', NULL, "NAME may be a pattern (* and ?)",
	    .at = offsetof(struct options, glob) },
	TARGET_OPTIONS(struct options, target),
	{ 0 },
};

const struct options_table forget_options = {
	.usage =
	    "usage: metermark forget [options] NAME ...\n"
	    "\n"
	    "Removes campaigns with all their counters, hours and days, for good; asks first.\n"
	    "What they have added to _all stays.  Mail that comes later counts anew.\n",
	.rows = rows,
	.more =
	    "Status: 0 done, 1 no such campaign, or the answer was no: nothing was removed.\n",
};

static int
judge(const struct options *o)
{
	if (o->n_names == 0) {
		term_say("which campaign? (--help tells the options)");
		return -1;
	}
	for (size_t i = 0; i < o->n_names; i++) {
		const char *name = o->names[i];

		if (name[0] == '\0') {
			term_say("\"\" names no campaign");
			return -1;
		}
		if (strcmp(name, CAMP_ALL) == 0) {
			term_say("%s is the sum of all mail, not a campaign", CAMP_ALL);
			return -1;
		}
		if (registry_is_pattern(name) && !o->glob) {
			term_say(
			    "\"%s\" is a pattern; say --glob if it is meant", name);
			return -1;
		}
	}
	if (!o->yes && isatty(STDIN_FILENO) != 1) {
		term_say("there is no terminal to ask on; say --yes");
		return -1;
	}
	return 0;
}

/* --- which --- */

/* A new one at the end; NULL with the query's error. */
static struct doomed *
add(struct query *q, struct doomed_list *list, const char *campaign)
{
	struct doomed *d;

	if (list->n == list->cap) {
		size_t cap = list->cap == 0 ? 16 : list->cap * 2;

		d = reallocarray(list->v, cap, sizeof(*d));
		if (d == NULL) {
			query_no_memory(q);
			return NULL;
		}
		list->v = d;
		list->cap = cap;
	}
	d = &list->v[list->n++];
	*d = (struct doomed) { 0 };
	snprintf(d->campaign, sizeof(d->campaign), "%s", campaign);
	return d;
}

static int
read_counts(struct query *q, struct doomed *d)
{
	if (counts_ask_total(q, d->campaign, false) != 0)
		return -1;
	counts_fini(&d->counts);
	return counts_take_total(q, &d->counts, false);
}

static int
by_name(const void *a, const void *b)
{
	const struct doomed *x = a, *y = b;

	return strcmp(x->campaign, y->campaign);
}

/* In order, each once. */
static void
arrange(struct doomed_list *list)
{
	size_t kept = 0;

	if (list->n == 0)
		return;
	qsort(list->v, list->n, sizeof(*list->v), by_name);
	for (size_t i = 0; i < list->n; i++) {
		if (kept > 0 && by_name(&list->v[kept - 1], &list->v[i]) == 0)
			counts_fini(&list->v[i].counts);
		else
			list->v[kept++] = list->v[i];
	}
	list->n = kept;
}

/* Those in the registry that a name or a pattern means. */
static int
find_listed(struct query *q, const struct target *t, char *const *pattern,
    struct doomed_list *list)
{
	struct registry_choice choice = { .patterns = pattern, .n_patterns = 1 };
	struct registry names;
	int status = EX_OK;

	if (registry_read(q, &choice, &names) != 0)
		status = target_failed(t, &q->err);
	if (status == EX_OK && names.n == 0)
		status = no_such_campaign(q, t, *pattern, NOTHING_REMOVED);
	for (size_t i = 0; i < names.n && status == EX_OK; i++)
		if (add(q, list, names.v[i].campaign) == NULL)
			status = target_failed(t, &q->err);
	registry_fini(&names);
	return status;
}

/* EX_OK, or an exit status after saying why nothing is to be removed. */
static int
find(struct query *q, const struct options *o, const struct target *t,
    struct doomed_list *list)
{
	int status = EX_OK;

	for (size_t i = 0; i < o->n_names && status == EX_OK; i++) {
		struct camp_name name;
		struct doomed *d;

		if (registry_is_pattern(o->names[i])) {
			status = find_listed(q, t, &o->names[i], list);
			continue;
		}
		registry_resolve(o->names[i], &name);
		d = add(q, list, name.name);
		/* Without counters it may be listed yet: a daemon that had some when
		 * it was forgotten lists it before Redis refuses them. */
		if (d == NULL || read_counts(q, d) != 0)
			status = target_failed(t, &q->err);
		else if (!d->counts.found)
			status = find_listed(q, t, &o->names[i], list);
	}
	arrange(list);
	return status;
}

/* --- asking --- */

/* Those that a pattern has found were not looked at yet. */
static int
look(struct query *q, struct doomed_list *list)
{
	for (size_t i = 0; i < list->n && i < SHOWN_MAX; i++)
		if (read_counts(q, &list->v[i]) != 0)
			return -1;
	return 0;
}

static void
describe(const struct doomed *d)
{
	char messages[HUMAN_MAX], first[HUMAN_MAX], last[HUMAN_MAX];

	human_count(messages, d->counts.n[TALLY_MESSAGES]);
	human_day(first, d->counts.first_seen);
	human_day(last, d->counts.last_seen);
	fprintf(stderr, "  %s: %s messages, %s to %s\n", d->campaign, messages, first,
	    last);
}

static bool
agreed(const struct doomed_list *list, const struct target *t)
{
	char answer[16] = "";

	fprintf(stderr, "In %s, prefix %s:\n", t->shown, t->prefix);
	for (size_t i = 0; i < list->n && i < SHOWN_MAX; i++)
		describe(&list->v[i]);
	if (list->n > SHOWN_MAX)
		fprintf(stderr, "  and %zu more\n", list->n - SHOWN_MAX);
	fprintf(stderr, "Remove %s for good? [y/N] ",
	    list->n == 1 ? "this campaign" : "these campaigns");
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		fputc('\n', stderr);
	return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
}

/* --- removing --- */

/* The campaign's keys, in one step.  0 with their number, or -1. */
static int
remove_keys(struct query *q, const struct doomed *d, int64_t *keys)
{
	struct rargs args;
	struct buf key;
	int status;

	rargs_init(&args, ARGS_MAX_BYTES);
	buf_init(&key, QUERY_KEY_MAX);
	rkey_total(&key, q->prefix, str_of(d->campaign));
	rbatch_forget(&args, q->prefix, str_of(d->campaign), (int64_t)time(NULL));
	status = query_ask_args(q, buf_str(&key), &args);
	if (status == 0)
		status = query_answer_int(q, "EVAL", keys);
	buf_fini(&key);
	rargs_fini(&args);
	return status;
}

static void
make_id(const char *campaign, char id[ID_DIGITS + 1])
{
	uint8_t digest[32];

	crypto_sha256(campaign, strlen(campaign), digest);
	for (size_t i = 0; i < ID_DIGITS / 2; i++)
		snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

/*
 * Its name leaves the lists, and the daemons learn that there is something to look for.
 * Asked only when the keys are gone: in a cluster nothing else keeps that order.
 */
static int
remove_name(struct query *q, const struct doomed *d)
{
	char id[ID_DIGITS + 1];
	struct buf key;
	int64_t n;
	int status;

	make_id(d->campaign, id);
	buf_init(&key, QUERY_KEY_MAX);
	rkey_total(&key, q->prefix, STR(CAMP_ALL));
	status = query_ask(q, buf_str(&key),
	    (const char *[]) { "HINCRBY", key.p, RBATCH_FORGETS, "1", NULL });
	buf_reset(&key);
	rkey_campaigns(&key, q->prefix);
	if (status == 0)
		status = query_ask(q, buf_str(&key),
		    (const char *[]) { "ZREM", key.p, d->campaign, NULL });
	buf_reset(&key);
	rkey_ids(&key, q->prefix);
	if (status == 0)
		status = query_ask(
		    q, buf_str(&key), (const char *[]) { "HDEL", key.p, id, NULL });
	buf_fini(&key);
	if (status != 0 || query_answer_int(q, "HINCRBY", &n) != 0 ||
	    query_answer_int(q, "ZREM", &n) != 0 ||
	    query_answer_int(q, "HDEL", &n) != 0)
		return -1;
	return 0;
}

static int
remove_one(struct query *q, const struct doomed *d)
{
	int64_t keys = 0;

	if (remove_keys(q, d, &keys) != 0 || remove_name(q, d) != 0)
		return -1;
	printf("forgot %s: %" PRId64 " keys\n", d->campaign, keys);
	return 0;
}

static int
forget(struct query *q, const struct options *o, const struct target *t)
{
	struct doomed_list list = { 0 };
	int status = find(q, o, t, &list), written;

	if (status == EX_OK && !o->yes && look(q, &list) != 0)
		status = target_failed(t, &q->err);
	if (status == EX_OK && !o->yes && !agreed(&list, t)) {
		term_say("nothing was removed");
		status = CMD_NOT_FOUND;
	}
	for (size_t i = 0; i < list.n && status == EX_OK; i++)
		if (remove_one(q, &list.v[i]) != 0)
			status = target_failed(t, &q->err);
	for (size_t i = 0; i < list.n; i++)
		counts_fini(&list.v[i].counts);
	free(list.v);
	written = term_finish();
	return status == EX_OK ? written : status;
}

int
forget_main(int argc, char **argv)
{
	struct options o = { 0 };
	struct target t;
	struct query q;
	int status = options_read(&forget_options, &o, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	o.names = argv + optind;
	o.n_names = (size_t)(argc - optind);
	if (judge(&o) != 0)
		return EX_USAGE;
	status = target_find(&o.target, &t);
	if (status != EX_OK)
		return status;
	status = target_open(&t, &q);
	if (status != EX_OK)
		return status;
	status = forget(&q, &o, &t);
	query_close(&q);
	return status;
}
