/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide_edit.c - the stream of a message, and what its settings make of the message.
 */
#include "message/decide_parts.h"

#include <stdio.h>
#include <string.h>

#include "redis/rkey.h"
#include "text/buf.h"
#include "text/civil.h"
#include "tracking/header_rules.h"
#include "tracking/stream.h"
#include "tracking/tracking_fields.h"

/*
 * What a stranger chose, fit for any field: no byte that could end an address or a
 * list. p is NULL when there is no memory.
 */
static struct str
plain(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p == NULL)
		return (struct str) { NULL, 0 };
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		p[i] = ascii_isalnum(c) || (c != '\0' && strchr("._@+-", c) != NULL)
		    ? c
		    : '-';
	}
	p[s.len] = '\0';
	return (struct str) { p, s.len };
}

struct str
decide_written_domain(const struct decision *d, struct arena *a)
{
	for (size_t i = 0; i < d->from_domain.len; i++)
		if ((unsigned char)d->from_domain.p[i] >= 0x80)
			return d->domain != NULL ? str_of(d->domain->name)
						 : plain(d->from_domain, a);
	return d->from_domain;
}

static struct str
campaign_of(const struct decision *d)
{
	return str_make(d->campaign.name, d->campaign.len);
}

/* "" where the stream asks for none, or none can be made. */
static struct str
mailbox_token(const struct envelope *env, const struct token_ring *tokens,
    const struct decision *d, struct arena *a)
{
	struct str token = STR("");
	struct buf b;

	if (token_ring_empty(tokens) || !conf_stream_uses(d->stream, TMPL_TOKEN))
		return token;
	buf_init(&b, TOKEN_MAILBOX_CHARS);
	if (token_mailbox(tokens, campaign_of(d), env->now, env->nonce, &b) == 0)
		token = arena_copy(a, buf_str(&b));
	buf_fini(&b);
	return token;
}

static int
fill_values(const struct envelope *env, const struct token_ring *tokens,
    const struct decision *d, char date[16], char count[24], struct arena *a,
    struct tmpl_values *v)
{
	int year;
	unsigned month, mday;

	civil_date(env->now / 86400, &year, &month, &mday);
	snprintf(date, 16, "%04d%02u%02u", year % 10000, month % 100, mday % 100);
	snprintf(count, 24, "%zu", env->n_rcpt);
	v->v[TMPL_CAMPAIGN] = campaign_of(d);
	v->v[TMPL_STREAM] = str_of(d->stream->name);
	v->v[TMPL_DOMAIN] = decide_written_domain(d, a);
	v->v[TMPL_USER] = plain(env->user, a);
	v->v[TMPL_CUSTOMER] = d->source.customer;
	v->v[TMPL_QUEUE_ID] = plain(env->queue_id, a);
	v->v[TMPL_TOKEN] = mailbox_token(env, tokens, d, a);
	v->v[TMPL_DATE] = str_of(date);
	v->v[TMPL_RCPT_COUNT] = str_of(count);
	for (size_t i = 0; i < TMPL_VARS; i++)
		if (v->v[i].p == NULL)
			return -1;
	return 0;
}

/* The stream's tracking fields and envelope sender.  -1: memory. */
static int
write_tracking(const struct envelope *env, const struct token_ring *tokens,
    const struct tmpl_values *values, struct hdr *h, struct arena *a,
    struct decision *d)
{
	const struct tracking_facts tracking = {
		.envelope = env,
		.values = values,
		.ring = tokens,
		.from_domain = d->from_domain,
		.signer = d->domain,
	};

	switch (tracking_fields_write(d->stream, &tracking, h, a, &d->edit_skipped)) {
	case TRACKING_OK:
		break;
	case TRACKING_SEVERAL:
		decision_refuse(d, reply_of(REPLY_SEVERAL_RECIPIENTS));
		d->domain = NULL;
		return 0;
	case TRACKING_NO_ROOM:
		return -1;
	}
	if (verp_make(d->stream->track.return_path, values, env, a, &d->sender) != 0)
		d->edit_skipped = "Return-Path";
	return 0;
}

int
decide_edit(const struct conf *c, const struct envelope *env,
    const struct token_ring *tokens, struct hdr *h, struct arena *a, struct decision *d)
{
	struct stream_facts facts = {
		.envelope = env,
		.campaign = campaign_of(d),
		.from_domain = d->from_domain,
		.tags = d->source.tags,
		.n_tags = d->source.n_tags,
	};
	struct tmpl_values values;
	char date[16], count[24];

	d->stream = stream_find(c, &facts);
	if (d->stream == NULL)
		return 0;
	if (fill_values(env, tokens, d, date, count, a, &values) != 0)
		return -1;
	if (header_rules_apply(d->stream, &values, h, a, &d->edit_skipped) != 0)
		return -1;
	return write_tracking(env, tokens, &values, h, a, d);
}
