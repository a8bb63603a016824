/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * post.h - a message through message/txn.h as an MTA puts it through, for tests.
 *
 * A post is the message as the MTA holds it: fields and body.  post_send() gives it to
 * a txn and, where that accepts, carries the plan out as Postfix does (places are
 * counted anew after each edit) and writes the message as it would go out.
 */
#ifndef METERMARK_TESTS_POST_H
#define METERMARK_TESTS_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "message/txn.h"
#include "text/buf.h"

#define POST_FIELDS 2048
#define POST_MAX ((size_t)64 * 1024 * 1024)
#define POST_NOW 1795489200

struct post_field {
	struct str name;
	struct str value;
};

struct post {
	struct post_field v[POST_FIELDS];
	size_t n;
	struct str body;
	size_t chunk; /* the body comes in pieces of that many bytes; 0: in one */
	const char *mail_from;
	bool sendmail;
	enum client_class client;
	struct buf out;  /* as it leaves, when accepted */
	struct buf line; /* what is logged */
	size_t n_signatures;
	bool misplaced; /* an edit named a field that is not there */
};

static inline void
post_init(struct post *p)
{
	*p = (struct post) { .mail_from = "<b@bounce.example.com>",
		.client = CLIENT_NETWORK };
	buf_init(&p->out, POST_MAX);
	buf_init(&p->line, POST_MAX);
}

static inline void
post_fini(struct post *p)
{
	buf_fini(&p->out);
	buf_fini(&p->line);
}

static inline void
post_field(struct post *p, struct str name, struct str value)
{
	if (p->n < POST_FIELDS)
		p->v[p->n++] = (struct post_field) { name, value };
}

/* Where instance `index` of the name stands; n when there is none. */
static inline size_t
post_place(const struct post *p, struct str name, unsigned index)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_caseeq(p->v[i].name, name) && --index == 0)
			return i;
	return p->n;
}

static inline void
post_edit(struct post *p, const struct plan_edit *e)
{
	size_t i;

	switch (e->kind) {
	case PLAN_CHANGE:
	case PLAN_DELETE:
		i = post_place(p, e->name, e->index);
		if (i == p->n) {
			p->misplaced = true;
		} else if (e->kind == PLAN_CHANGE) {
			p->v[i].value = e->value;
		} else {
			p->n--;
			memmove(&p->v[i], &p->v[i + 1], (p->n - i) * sizeof p->v[0]);
		}
		break;
	case PLAN_ADD:
		post_field(p, e->name, e->value);
		break;
	case PLAN_INSERT:
		if (p->n == POST_FIELDS)
			break;
		memmove(&p->v[1], &p->v[0], p->n * sizeof p->v[0]);
		p->v[0] = (struct post_field) { e->name, e->value };
		p->n++;
		if (str_caseeq(e->name, STR("DKIM-Signature")))
			p->n_signatures++;
		break;
	}
}

/* The message as it stands, on the wire. */
static inline void
post_write(struct post *p)
{
	buf_reset(&p->out);
	for (size_t i = 0; i < p->n; i++) {
		struct str value = p->v[i].value;

		buf_addstr(&p->out, p->v[i].name);
		buf_addc(&p->out, ':');
		for (;;) {
			size_t n = str_find(value, '\n');

			buf_add(&p->out, value.p, n);
			buf_add(&p->out, "\r\n", 2);
			if (n == value.len)
				break;
			value = str_skip(value, n + 1);
		}
	}
	buf_add(&p->out, "\r\n", 2);
	buf_addstr(&p->out, p->body);
	/* SMTP has no message without it (RFC 5321 4.1.1.4). */
	if (p->body.len > 0 && !str_ends(p->body, STR("\r\n")))
		buf_add(&p->out, "\r\n", 2);
}

/* One message; what becomes of it. */
static inline enum decide_verdict
post_send(struct post *p, struct txn *t, const struct conf *conf,
    const struct sign_port *port)
{
	struct txn_start start = {
		.conf = conf,
		.port = port,
		.envelope = { .client = p->client,
		    .sendmail = p->sendmail,
		    .host = STR("mail.example.com"),
		    .sender = str_of(p->mail_from) },
	};
	size_t step = p->chunk > 0 ? p->chunk : p->body.len;
	const struct txn_outcome *o;
	enum decide_verdict verdict;

	buf_reset(&p->line);
	p->n_signatures = 0;
	p->misplaced = false;
	if (txn_begin(t, &start) != 0)
		return DECIDE_TEMPFAIL;
	txn_rcpt(t, STR("<rcpt@example.net>"));
	for (size_t i = 0; i < p->n; i++)
		txn_field(t, p->v[i].name, p->v[i].value);
	txn_end_fields(t, STR("4X1"), POST_NOW, STR("n1"));
	for (size_t at = 0; at < p->body.len; at += step)
		txn_body(t, p->body.p + at,
		    step < p->body.len - at ? step : p->body.len - at);
	o = txn_end(t, STR("4X1"));
	verdict = o->verdict;
	for (size_t i = 0; verdict == DECIDE_ACCEPT && i < o->plan.n; i++)
		post_edit(p, &o->plan.v[i]);
	if (verdict == DECIDE_ACCEPT)
		post_write(p); /* the plan's strs live until the commit */
	txn_commit(t, true, &p->line);
	return verdict;
}

#endif
