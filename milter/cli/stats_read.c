/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats_read.c - counters read from Redis, in pipelines and pages.  See the header.
 */
#include "cli/stats_read.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "core/buf.h"
#include "core/glob.h"
#include "core/rkey.h"

#define PAGE 5000   /* names of the registry in one reply */
#define CHUNK 500   /* campaigns in one pipeline */
#define KEY_MAX 256 /* prefix, name, and what goes around them */
#define ARGS_MAX 5
#define HOUR_S 3600
#define DAY_S 86400

static int
fail(struct stats_reader *r, enum redis_cure cure, const char *err)
{
	r->cure = cure;
	snprintf(r->err, sizeof(r->err), "%s", err);
	return -1;
}

/* Queue one command; its arguments end in NULL. */
static int
ask(struct stats_reader *r, const char *const *args)
{
	const char *argv[ARGS_MAX];
	size_t lens[ARGS_MAX], n = 0;

	for (; args[n] != NULL; n++) {
		assert(n < ARGS_MAX);
		argv[n] = args[n];
		lens[n] = strlen(args[n]);
	}
	if (redis_link_append(r->link, n, argv, lens) != 0)
		return fail(r, REDIS_CURE_MEMORY, "out of memory");
	return 0;
}

/* The next reply, of that type; NULL with the error set. */
static redisReply *
answer(struct stats_reader *r, int type, const char *what)
{
	redisReply *reply;

	r->cure = REDIS_CURE_NONE;
	reply = redis_link_reply(r->link, &r->cure, r->err, sizeof(r->err));
	if (reply != NULL && reply->type != type) {
		snprintf(r->err, sizeof(r->err),
		    "redis answered %s with type %d, expected %d", what, reply->type,
		    type);
		redis_link_free_reply(reply);
		r->cure = REDIS_CURE_NONE;
		return NULL;
	}
	return reply;
}

static int
ask_key(struct stats_reader *r, const char *command, const struct buf *key)
{
	if (buf_failed(key))
		return fail(r, REDIS_CURE_MEMORY, "out of memory");
	return ask(r, (const char *[]) { command, key->p, NULL });
}

/* --- one hash --- */

static void
take_number(struct stats_reader *r, const redisReply *value, int64_t *out)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value->str, &end, 10);
	if (errno != 0 || value->len == 0 || end != value->str + value->len)
		r->strange++;
	else
		*out = n;
}

static int
take_sent(struct stats_counts *c, const redisReply *value)
{
	size_t len = value->len < CAMP_SENT_MAX ? value->len : CAMP_SENT_MAX;

	free(c->sent);
	c->sent = malloc(len + 1);
	if (c->sent == NULL)
		return -1;
	memcpy(c->sent, value->str, len);
	c->sent[len] = '\0';
	c->sent_len = len;
	return 0;
}

static int
take_field(struct stats_reader *r, struct stats_counts *c, const redisReply *field,
    const redisReply *value)
{
	struct str name = str_make(field->str, field->len);
	size_t counter = tally_counter_find(name);

	if (counter < TALLY_COUNTERS)
		take_number(r, value, &c->n[counter]);
	else if (str_eq(name, STR("first_seen")))
		take_number(r, value, &c->first_seen);
	else if (str_eq(name, STR("last_seen")))
		take_number(r, value, &c->last_seen);
	else if (str_eq(name, STR("name")))
		return take_sent(c, value);
	/* Else a marker of a producer (~...), or a counter of a later version. */
	return 0;
}

/* The reply of an HGETALL. */
static int
take_hash(struct stats_reader *r, struct stats_counts *c)
{
	redisReply *reply = answer(r, REDIS_REPLY_ARRAY, "HGETALL");
	int status = 0;

	*c = (struct stats_counts) { .rcpt = -1 };
	if (reply == NULL)
		return -1;
	c->found = reply->elements > 0;
	for (size_t i = 0; i + 1 < reply->elements && status == 0; i += 2) {
		const redisReply *field = reply->element[i];
		const redisReply *value = reply->element[i + 1];

		if (field->type == REDIS_REPLY_STRING &&
		    value->type == REDIS_REPLY_STRING)
			status = take_field(r, c, field, value);
	}
	redis_link_free_reply(reply);
	return status == 0 ? 0 : fail(r, REDIS_CURE_MEMORY, "out of memory");
}

/* The reply of a PFCOUNT. */
static int
take_rcpt(struct stats_reader *r, struct stats_counts *c)
{
	redisReply *reply = answer(r, REDIS_REPLY_INTEGER, "PFCOUNT");

	if (reply == NULL)
		return -1;
	c->rcpt = reply->integer;
	redis_link_free_reply(reply);
	return 0;
}

/* --- the registry --- */

static int
rows_add(struct stats_rows *rows, struct str campaign, int64_t active)
{
	struct stats_row *row;

	if (rows->n == rows->cap) {
		size_t cap = rows->cap == 0 ? 256 : rows->cap * 2;
		struct stats_row *v = reallocarray(rows->v, cap, sizeof(*v));

		if (v == NULL)
			return -1;
		rows->v = v;
		rows->cap = cap;
	}
	row = &rows->v[rows->n++];
	*row = (struct stats_row) { .active = active };
	memcpy(row->campaign, campaign.p, campaign.len);
	return 0;
}

void
stats_rows_cut(struct stats_rows *rows, size_t n)
{
	while (rows->n > n)
		free(rows->v[--rows->n].counts.sent);
}

void
stats_rows_fini(struct stats_rows *rows)
{
	stats_rows_cut(rows, 0);
	free(rows->v);
	*rows = (struct stats_rows) { 0 };
}

void
stats_detail_fini(struct stats_detail *d)
{
	free(d->row.counts.sent);
	for (size_t i = 0; i < STATS_HOURS; i++)
		free(d->hours[i].counts.sent);
	for (size_t i = 0; i < STATS_DAYS; i++)
		free(d->days[i].counts.sent);
}

/* What comes out of the registry goes into keys and onto terminals. */
static bool
is_name(struct str s)
{
	return s.len <= CAMP_NAME_MAX &&
	    (camp_is_canonical(s) || str_eq(s, STR(CAMP_OTHER)));
}

static int64_t
score(const redisReply *reply)
{
	double d = strtod(reply->str, NULL);

	return d > 0 && d < 9e15 ? (int64_t)d : 0;
}

static bool
matches(char *const *patterns, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (glob_match(str_of(patterns[i]), name))
			return true;
	return n == 0;
}

/* Queue a command on the registry; `more` ends in NULL. */
static int
ask_registry(struct stats_reader *r, const char *command, const char *const *more)
{
	const char *args[ARGS_MAX + 1] = { command };
	struct buf key;
	int status;

	buf_init(&key, KEY_MAX);
	rkey_campaigns(&key, r->prefix);
	args[1] = key.p;
	for (size_t i = 2; *more != NULL && i < ARGS_MAX; i++)
		args[i] = *more++;
	if (buf_failed(&key))
		status = fail(r, REDIS_CURE_MEMORY, "out of memory");
	else
		status = ask(r, args);
	buf_fini(&key);
	return status;
}

static int
take_page(struct stats_reader *r, const redisReply *reply, char *const *patterns,
    size_t n_patterns, struct stats_rows *out)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *member = reply->element[i];
		struct str name = str_make(member->str, member->len);

		if (str_eq(name, STR(CAMP_ALL)))
			continue;
		if (!is_name(name)) {
			r->strange++;
			continue;
		}
		if (matches(patterns, n_patterns, name) &&
		    rows_add(out, name, score(reply->element[i + 1])) != 0)
			return fail(r, REDIS_CURE_MEMORY, "out of memory");
	}
	return 0;
}

/* The first names by rank, in one reply: nothing can move meanwhile. */
static int
read_first(struct stats_reader *r, size_t n, struct stats_rows *out)
{
	redisReply *reply;
	char last[24];
	int status;

	/* One name more than asked for, as one of them may be _all. */
	snprintf(last, sizeof(last), "%zu", n);
	if (ask_registry(r, "ZREVRANGE",
		(const char *[]) { "0", last, "WITHSCORES", NULL }) != 0)
		return -1;
	reply = answer(r, REDIS_REPLY_ARRAY, "ZREVRANGE");
	if (reply == NULL)
		return -1;
	status = take_page(r, reply, NULL, 0, out);
	redis_link_free_reply(reply);
	return status;
}

/*
 * All names, page by page.  Pages by rank would lose those that move to the front while
 * we read; ZSCAN gives each name that is there all the time, some of them twice.
 */
static int
read_all(struct stats_reader *r, char *const *patterns, size_t n_patterns,
    struct stats_rows *out)
{
	char cursor[24] = "0", count[24];
	int status = 0;

	snprintf(count, sizeof(count), "%d", PAGE);
	do {
		redisReply *reply;

		if (ask_registry(r, "ZSCAN",
			(const char *[]) { cursor, "COUNT", count, NULL }) != 0)
			return -1;
		reply = answer(r, REDIS_REPLY_ARRAY, "ZSCAN");
		if (reply == NULL)
			return -1;
		if (reply->elements != 2 ||
		    reply->element[0]->type != REDIS_REPLY_STRING ||
		    reply->element[1]->type != REDIS_REPLY_ARRAY) {
			status = fail(r, REDIS_CURE_NONE, "odd answer to ZSCAN");
		} else {
			snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
			status =
			    take_page(r, reply->element[1], patterns, n_patterns, out);
		}
		redis_link_free_reply(reply);
	} while (status == 0 && strcmp(cursor, "0") != 0);
	return status;
}

/* By name, the latest first. */
static int
by_name(const void *a, const void *b)
{
	const struct stats_row *x = a, *y = b;
	int order = strcmp(x->campaign, y->campaign);

	return order != 0 ? order : (x->active < y->active) - (x->active > y->active);
}

/* The latest first, by name among equals. */
static int
by_activity(const void *a, const void *b)
{
	const struct stats_row *x = a, *y = b;

	if (x->active != y->active)
		return x->active < y->active ? 1 : -1;
	return strcmp(x->campaign, y->campaign);
}

/* Drop what came a second time, and order the rest.  Rows hold no counters yet. */
static void
arrange(struct stats_rows *rows)
{
	size_t kept = 0;

	if (rows->n == 0)
		return;
	qsort(rows->v, rows->n, sizeof(*rows->v), by_name);
	for (size_t i = 0; i < rows->n; i++)
		if (kept == 0 ||
		    strcmp(rows->v[kept - 1].campaign, rows->v[i].campaign) != 0)
			rows->v[kept++] = rows->v[i];
	rows->n = kept;
	qsort(rows->v, rows->n, sizeof(*rows->v), by_activity);
}

int
stats_read_names(struct stats_reader *r, char *const *patterns, size_t n_patterns,
    size_t limit, struct stats_rows *out)
{
	int status;

	*out = (struct stats_rows) { 0 };
	if (limit > 0 && limit < PAGE && n_patterns == 0)
		status = read_first(r, limit, out);
	else
		status = read_all(r, patterns, n_patterns, out);
	arrange(out);
	if (limit > 0)
		stats_rows_cut(out, limit);
	return status;
}

int
stats_read_similar(struct stats_reader *r, struct nearest *near)
{
	struct stats_rows rows;
	int status = stats_read_names(r, NULL, 0, 0, &rows);

	for (size_t i = 0; i < rows.n; i++)
		nearest_offer(near, str_of(rows.v[i].campaign));
	stats_rows_fini(&rows);
	return status;
}

/* --- counters --- */

static int
ask_total(struct stats_reader *r, const char *campaign, bool with_rcpt)
{
	struct buf key;
	int status;

	buf_init(&key, KEY_MAX);
	rkey_total(&key, r->prefix, str_of(campaign));
	status = ask_key(r, "HGETALL", &key);
	if (status == 0 && with_rcpt) {
		buf_reset(&key);
		rkey_rcpt(&key, r->prefix, str_of(campaign));
		status = ask_key(r, "PFCOUNT", &key);
	}
	buf_fini(&key);
	return status;
}

static int
ask_totals(struct stats_reader *r, const struct stats_rows *rows, size_t from,
    size_t until, bool with_rcpt)
{
	for (size_t i = from; i < until && i < rows->n; i++)
		if (ask_total(r, rows->v[i].campaign, with_rcpt) != 0)
			return -1;
	return 0;
}

static int
take_total(struct stats_reader *r, struct stats_row *row, bool with_rcpt)
{
	if (take_hash(r, &row->counts) != 0)
		return -1;
	return with_rcpt ? take_rcpt(r, &row->counts) : 0;
}

static void
drop_empty(struct stats_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct stats_row row = rows->v[i];

		/* An empty hash has no name either: nothing to free. */
		if (row.counts.found)
			rows->v[kept++] = row;
	}
	rows->n = kept;
}

int
stats_read_totals(struct stats_reader *r, struct stats_rows *rows, bool with_rcpt)
{
	/* Redis works on one chunk while we take the answers to the one before. */
	if (ask_totals(r, rows, 0, CHUNK, with_rcpt) != 0)
		return -1;
	for (size_t i = 0; i < rows->n; i++) {
		if (i % CHUNK == 0 &&
		    ask_totals(r, rows, i + CHUNK, i + 2 * CHUNK, with_rcpt) != 0)
			return -1;
		if (take_total(r, &rows->v[i], with_rcpt) != 0)
			return -1;
	}
	drop_empty(rows);
	return 0;
}

int
stats_read_row(
    struct stats_reader *r, const char *campaign, bool with_rcpt, struct stats_row *row)
{
	*row = (struct stats_row) { 0 };
	snprintf(row->campaign, sizeof(row->campaign), "%s", campaign);
	if (ask_total(r, campaign, with_rcpt) != 0 ||
	    take_total(r, row, with_rcpt) != 0)
		return -1;
	row->active = row->counts.last_seen;
	return 0;
}

static int
ask_spans(struct stats_reader *r, struct stats_detail *d)
{
	struct str campaign = str_of(d->row.campaign);
	struct buf key;
	int status = 0;

	buf_init(&key, KEY_MAX);
	for (size_t i = 0; i < STATS_HOURS && status == 0; i++) {
		buf_reset(&key);
		rkey_hour(&key, r->prefix, campaign, d->hours[i].start / HOUR_S);
		status = ask_key(r, "HGETALL", &key);
	}
	for (size_t i = 0; i < STATS_DAYS && status == 0; i++) {
		buf_reset(&key);
		rkey_day(&key, r->prefix, campaign, d->days[i].start / DAY_S);
		status = ask_key(r, "HGETALL", &key);
	}
	buf_fini(&key);
	return status;
}

int
stats_read_detail(
    struct stats_reader *r, const char *campaign, int64_t now, struct stats_detail *d)
{
	*d = (struct stats_detail) { 0 };
	snprintf(d->row.campaign, sizeof(d->row.campaign), "%s", campaign);
	for (size_t i = 0; i < STATS_HOURS; i++)
		d->hours[i].start = (now / HOUR_S - (int64_t)i) * HOUR_S;
	for (size_t i = 0; i < STATS_DAYS; i++)
		d->days[i].start = (now / DAY_S - (int64_t)i) * DAY_S;
	if (ask_total(r, campaign, true) != 0 || ask_spans(r, d) != 0)
		return -1;
	if (take_total(r, &d->row, true) != 0)
		return -1;
	for (size_t i = 0; i < STATS_HOURS; i++)
		if (take_hash(r, &d->hours[i].counts) != 0)
			return -1;
	for (size_t i = 0; i < STATS_DAYS; i++)
		if (take_hash(r, &d->days[i].counts) != 0)
			return -1;
	d->row.active = d->row.counts.last_seen;
	return 0;
}
