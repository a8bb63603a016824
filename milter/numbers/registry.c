/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.c - the names of the campaigns.  See the header.
 */
#include "numbers/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers/query_reply.h"
#include "redis/rkey.h"
#include "text/glob.h"

#define PAGE 5000 /* names in one reply */
#define ARGS_MAX 7

static int
add(struct registry *reg, struct str campaign, int64_t active)
{
	struct registry_name *name;

	if (reg->n == reg->cap) {
		size_t cap = reg->cap == 0 ? 256 : reg->cap * 2;
		struct registry_name *v = reallocarray(reg->v, cap, sizeof(*v));

		if (v == NULL)
			return -1;
		reg->v = v;
		reg->cap = cap;
	}
	name = &reg->v[reg->n++];
	*name = (struct registry_name) { .active = active };
	memcpy(name->campaign, campaign.p, campaign.len);
	return 0;
}

void
registry_fini(struct registry *reg)
{
	free(reg->v);
	*reg = (struct registry) { 0 };
}

/*
 * Names from the registry go into keys and onto terminals: only those that metermark
 * writes are taken.
 */
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
meant(const char *given, struct str campaign)
{
	struct camp_name name;

	if (registry_is_pattern(given))
		return glob_match(str_of(given), campaign);
	registry_resolve(given, &name);
	return str_eq(str_of(name.name), campaign);
}

static bool
chosen(const struct registry_choice *c, struct str name, int64_t active)
{
	if (active < c->since)
		return false;
	for (size_t i = 0; i < c->n_patterns; i++)
		if (meant(c->patterns[i], name))
			return true;
	return c->n_patterns == 0;
}

/* Queue a command on the registry; more ends in NULL. */
static int
ask(struct query *q, const char *command, const char *const *more)
{
	const char *args[ARGS_MAX] = { command };
	struct buf key;
	int status;

	buf_init(&key, QUERY_KEY_MAX);
	rkey_campaigns(&key, q->prefix);
	args[1] = key.p;
	for (size_t i = 2; *more != NULL && i < ARGS_MAX - 1; i++)
		args[i] = *more++;
	status =
	    buf_failed(&key) ? query_no_memory(q) : query_ask(q, buf_str(&key), args);
	buf_fini(&key);
	return status;
}

static int
take_page(struct query *q, const redisReply *reply, const struct registry_choice *c,
    struct registry *out)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *member = reply->element[i];
		const redisReply *latest = reply->element[i + 1];
		struct str name;
		int64_t active;

		if (member->type != REDIS_REPLY_STRING ||
		    latest->type != REDIS_REPLY_STRING) {
			q->strange++;
			continue;
		}
		name = str_make(member->str, member->len);
		active = score(latest);
		if (str_eq(name, STR(CAMP_ALL)))
			continue;
		if (!is_name(name))
			q->strange++;
		else if (chosen(c, name, active) && add(out, name, active) != 0)
			return query_no_memory(q);
	}
	return 0;
}

/* Read the first names by rank in one reply, so that no name can move meanwhile. */
static int
read_first(struct query *q, const struct registry_choice *c, struct registry *out)
{
	redisReply *reply;
	char last[24];
	int status;

	/* One name more than the limit, since one of them may be _all. */
	snprintf(last, sizeof(last), "%zu", c->limit);
	if (ask(q, "ZREVRANGE", (const char *[]) { "0", last, "WITHSCORES", NULL }) !=
	    0)
		return -1;
	reply = query_reply(q, REDIS_REPLY_ARRAY, "ZREVRANGE");
	if (reply == NULL)
		return -1;
	status = take_page(q, reply, c, out);
	redis_link_free_reply(reply);
	return status;
}

/*
 * Read all names, page by page.  With pages by rank, a name that moves to the front
 * meanwhile would be lost; ZSCAN gives each name that is there all the time, some of
 * them twice.
 */
static int
read_all(struct query *q, const struct registry_choice *c, struct registry *out)
{
	char cursor[24] = "0", count[24];
	int status = 0;

	snprintf(count, sizeof(count), "%d", PAGE);
	do {
		redisReply *reply;

		if (ask(q, "ZSCAN",
			(const char *[]) { cursor, "COUNT", count, NULL }) != 0)
			return -1;
		reply = query_reply(q, REDIS_REPLY_ARRAY, "ZSCAN");
		if (reply == NULL)
			return -1;
		if (reply->elements != 2 ||
		    reply->element[0]->type != REDIS_REPLY_STRING ||
		    reply->element[1]->type != REDIS_REPLY_ARRAY) {
			status = query_fail(q, REDIS_CURE_NONE, "odd answer to ZSCAN");
		} else {
			snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
			status = take_page(q, reply->element[1], c, out);
		}
		redis_link_free_reply(reply);
	} while (status == 0 && strcmp(cursor, "0") != 0);
	return status;
}

/* Order by name, then the latest first. */
static int
by_name(const void *a, const void *b)
{
	const struct registry_name *x = a, *y = b;
	int order = strcmp(x->campaign, y->campaign);

	return order != 0 ? order : (x->active < y->active) - (x->active > y->active);
}

/* Order by activity, the latest first, then by name. */
static int
by_activity(const void *a, const void *b)
{
	const struct registry_name *x = a, *y = b;

	if (x->active != y->active)
		return x->active < y->active ? 1 : -1;
	return strcmp(x->campaign, y->campaign);
}

/* Drop the repeated names, keeping the latest activity, and order the rest. */
static void
arrange(struct registry *reg)
{
	size_t kept = 0;

	if (reg->n == 0)
		return;
	qsort(reg->v, reg->n, sizeof(*reg->v), by_name);
	for (size_t i = 0; i < reg->n; i++)
		if (kept == 0 ||
		    strcmp(reg->v[kept - 1].campaign, reg->v[i].campaign) != 0)
			reg->v[kept++] = reg->v[i];
	reg->n = kept;
	qsort(reg->v, reg->n, sizeof(*reg->v), by_activity);
}

int
registry_read(struct query *q, const struct registry_choice *c, struct registry *out)
{
	int status;

	*out = (struct registry) { 0 };
	if (c->limit > 0 && c->limit < PAGE && c->n_patterns == 0)
		status = read_first(q, c, out);
	else
		status = read_all(q, c, out);
	arrange(out);
	if (c->limit > 0 && out->n > c->limit)
		out->n = c->limit;
	return status;
}

int
registry_name_of(struct query *q, const char *id, struct buf *name)
{
	redisReply *reply = NULL;
	struct buf key;

	buf_init(&key, QUERY_KEY_MAX);
	rkey_ids(&key, q->prefix);
	if (query_ask(
		q, buf_str(&key), (const char *[]) { "HMGET", key.p, id, NULL }) == 0)
		reply = query_reply(q, REDIS_REPLY_ARRAY, "HMGET");
	buf_fini(&key);
	if (reply == NULL)
		return -1;
	if (reply->elements == 1 && reply->element[0]->type == REDIS_REPLY_STRING)
		buf_add(name, reply->element[0]->str, reply->element[0]->len);
	redis_link_free_reply(reply);
	return 0;
}

void
registry_resolve(const char *given, struct camp_name *out)
{
	struct str name = str_of(given);

	*out = (struct camp_name) { 0 };
	if (str_eq(name, STR(CAMP_ALL)) || str_eq(name, STR(CAMP_OTHER))) {
		snprintf(out->name, sizeof(out->name), "%s", given);
		out->len = name.len;
	} else {
		camp_canonical(name, out);
	}
}

bool
registry_is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

bool
registry_meant(const char *given, const char *campaign)
{
	return meant(given, str_of(campaign));
}
