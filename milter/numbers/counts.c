/* SPDX-License-Identifier: BSD-2-Clause */
/* counts.c - the counters of one hash.  See the header. */
#include "numbers/counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "numbers/query_reply.h"
#include "redis/rkey.h"
#include "text/visible.h"

static void
take_number(struct query *q, const redisReply *value, int64_t *out)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value->str, &end, 10);
	if (errno != 0 || value->len == 0 || end != value->str + value->len)
		q->strange++;
	else
		*out = n;
}

static int
take_sent(struct counts *c, const redisReply *value)
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
take_field(struct query *q, struct counts *c, struct str name, const redisReply *value)
{
	size_t counter;

	/*
	 * Skip markers of producers and the tombstone of a campaign that was forgotten:
	 * a hash that has nothing else counts as absent.
	 */
	if (name.len > 0 && (name.p[0] == '~' || name.p[0] == '!'))
		return 0;
	c->found = true;
	counter = tally_counter_find(name);
	if (counter < TALLY_COUNTERS)
		take_number(q, value, &c->n[counter]);
	else if (str_eq(name, STR("first_seen")))
		take_number(q, value, &c->first_seen);
	else if (str_eq(name, STR("last_seen")))
		take_number(q, value, &c->last_seen);
	else if (str_eq(name, STR("name")))
		return take_sent(c, value);
	/* Any other field is a counter of a later version. */
	return 0;
}

int
counts_take(struct query *q, struct counts *c)
{
	redisReply *reply = query_reply(q, REDIS_REPLY_ARRAY, "HGETALL");
	int status = 0;

	*c = (struct counts) { .rcpt = -1 };
	if (reply == NULL)
		return -1;
	for (size_t i = 0; i + 1 < reply->elements && status == 0; i += 2) {
		const redisReply *field = reply->element[i];
		const redisReply *value = reply->element[i + 1];

		if (field->type == REDIS_REPLY_STRING &&
		    value->type == REDIS_REPLY_STRING)
			status =
			    take_field(q, c, str_make(field->str, field->len), value);
	}
	redis_link_free_reply(reply);
	return status == 0 ? 0 : query_no_memory(q);
}

int
counts_ask_total(struct query *q, const char *campaign, bool with_rcpt)
{
	struct buf key;
	int status;

	buf_init(&key, QUERY_KEY_MAX);
	rkey_total(&key, q->prefix, str_of(campaign));
	status = query_ask_key(q, "HGETALL", &key);
	if (status == 0 && with_rcpt) {
		buf_reset(&key);
		rkey_rcpt(&key, q->prefix, str_of(campaign));
		status = query_ask_key(q, "PFCOUNT", &key);
	}
	buf_fini(&key);
	return status;
}

int
counts_take_total(struct query *q, struct counts *c, bool with_rcpt)
{
	if (counts_take(q, c) != 0)
		return -1;
	return with_rcpt ? query_answer_int(q, "PFCOUNT", &c->rcpt) : 0;
}

static int
ask_bucket(struct query *q, const char *campaign, int64_t at,
    void (*name)(struct buf *, const char *, struct str, int64_t))
{
	struct buf key;
	int status;

	buf_init(&key, QUERY_KEY_MAX);
	name(&key, q->prefix, str_of(campaign), at);
	status = query_ask_key(q, "HGETALL", &key);
	buf_fini(&key);
	return status;
}

int
counts_ask_hour(struct query *q, const char *campaign, int64_t hour)
{
	return ask_bucket(q, campaign, hour, rkey_hour);
}

int
counts_ask_day(struct query *q, const char *campaign, int64_t day)
{
	return ask_bucket(q, campaign, day, rkey_day);
}

void
counts_show_name(
    struct buf *out, const struct counts *c, const char *campaign, bool utf8)
{
	struct str sent = str_make(c->sent, c->sent_len);

	if (c->sent != NULL && camp_is_hashed(str_of(campaign)) &&
	    !str_eq(sent, str_of(campaign)))
		visible_add(out, sent, utf8);
}

void
counts_add(struct counts *c, const struct counts *more)
{
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		/* Unsigned, so that an overflow wraps: Redis may hold any number. */
		c->n[i] = (int64_t)((uint64_t)c->n[i] + (uint64_t)more->n[i]);
	c->found |= more->found;
}

void
counts_fini(struct counts *c)
{
	free(c->sent);
	c->sent = NULL;
}
