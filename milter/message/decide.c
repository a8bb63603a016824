/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide.c - what becomes of a message.  See the header.
 */
#include "message/decide.h"

#include <string.h>

#include "config/domsign.h"
#include "config/domtable.h"
#include "dkim/presign.h"
#include "mail/addr.h"
#include "mail/idn.h"
#include "mail/leaks.h"
#include "mail/signset.h"
#include "message/decide_parts.h"
#include "text/buf.h"

/* What the MTAs send on as one line unless told otherwise (Postfix 3.7
 * smtp_line_length_limit; L= of Sendmail's esmtp mailers). */
#define LINE_POSTFIX 998
#define LINE_SENDMAIL 990

enum client_class
decide_client(const struct conf *c, const struct cidr_addr *addr,
    struct str daemon_name, struct str user)
{
	if (daemon_name.len > 0 &&
	    conf_list_has(&c->outbound.daemon_names, daemon_name))
		return CLIENT_DAEMON;
	for (size_t i = 0; addr != NULL && i < c->outbound.n_networks; i++)
		if (cidr_match(&c->outbound.networks[i], addr))
			return CLIENT_NETWORK;
	if (c->outbound.authenticated && user.len > 0)
		return CLIENT_AUTH;
	return CLIENT_STRANGER;
}

/* The next word of a Received value outside comments; "" at the end. */
static struct str
next_word(struct str *rest)
{
	unsigned depth = 0;
	struct str word;
	size_t i = 0, start;

	for (; i < rest->len; i++) {
		char c = rest->p[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && !ascii_iswsp(c))
			break;
	}
	start = i;
	while (i < rest->len && rest->p[i] != '(' && rest->p[i] != ';' &&
	    !ascii_iswsp(rest->p[i]))
		i++;
	if (i == start && i < rest->len)
		i++; /* a lone ; is a word of its own */
	word = str_make(rest->p + start, i - start);
	*rest = str_skip(*rest, i);
	return word;
}

static struct str
without_dot(struct str domain)
{
	return str_ends(domain, STR(".")) ? str_make(domain.p, domain.len - 1) : domain;
}

/* "... by HOST ...": the host has written this field. */
static bool
received_by(struct str value, struct str host)
{
	struct str word = next_word(&value);

	while (word.len > 0) {
		bool by = str_caseeq(word, STR("by"));

		word = next_word(&value);
		if (by && str_caseeq(without_dot(word), host))
			return true;
	}
	return false;
}

/*
 * "(from user@localhost) by HOST ...": sendmail(8) handing local mail to its own
 * daemon.  What comes in by SMTP begins with "from", whatever the client says or leaves
 * unsaid.
 */
static bool
is_submission(struct str value)
{
	return str_starts(str_trim(value), STR("(from "));
}

/* Whether this host has written a Received field. */
static bool
is_ours_by(struct str value, struct str host, const struct conf_list *more_hosts)
{
	/* Where the MTA does not tell its name, any host may have been this. */
	if (host.len == 0 || received_by(value, host))
		return true;
	for (size_t i = 0; i < more_hosts->n; i++)
		if (received_by(value, without_dot(str_of(more_hosts->v[i]))))
			return true;
	return false;
}

bool
decide_reinjected(
    const struct hdr *h, const struct envelope *env, const struct conf_list *more_hosts)
{
	struct str host = without_dot(env->host);

	for (size_t i = 0; i < h->n; i++) {
		const struct hdr_field *f = &h->v[i];

		if (!str_caseeq(f->name, STR("Received")) ||
		    !is_ours_by(f->value, host, more_hosts))
			continue;
		if (!env->sendmail || host.len == 0 || !is_submission(f->value))
			return true;
	}
	return false;
}

static void
pass(struct decision *d, const char *why)
{
	d->verdict = DECIDE_PASS;
	d->why = why;
}

static void
refuse(struct decision *d, const struct reply *reply)
{
	decision_refuse(d, reply);
	d->domain = NULL;
}

/*
 * A message that must not be signed: refused, or sent on without a signature, as the
 * operator said.
 */
static void
bad_message(const struct conf *c, struct decision *d, enum reply_id reply)
{
	if (c->on_bad_message != CONF_BAD_ACCEPT) {
		refuse(d, reply_of(reply));
		return;
	}
	d->why = reply_of(reply)->why;
	d->domain = NULL;
}

/*
 * There is no room for the header or its edits.  If a limit of ours is the reason, the
 * next try would find no room either; if memory ended while the header was received,
 * it may, even if a limit was met since.
 */
static void
no_room(const struct conf *c, const struct hdr *h, const struct arena *a,
    struct decision *d)
{
	if (!h->no_memory && (arena_limited(a) || h->n == HDR_FIELDS_MAX))
		bad_message(c, d, REPLY_HEADER_TOO_LARGE);
	else
		refuse(d, reply_of(REPLY_NO_MEMORY_DECIDING));
}

/* Tags that cannot be read: the sender learns of it where the operator said so. */
static void
bad_source(const struct conf *c, struct arena *a, struct decision *d)
{
	struct reply reply = *reply_of(REPLY_BAD_SOURCE);
	struct buf text;
	struct str copy;

	if (d->source.fault == SOURCE_FINE || d->verdict != DECIDE_ACCEPT ||
	    c->campaign.on_bad_source != CONF_SOURCE_REJECT)
		return;
	buf_init(&text, 256);
	buf_addf(&text, "The field %s %s", d->source.fault_field,
	    source_fault_text(d->source.fault));
	copy = arena_copy(a, buf_str(&text));
	buf_fini(&text);
	if (copy.p != NULL)
		reply.text = copy.p;
	refuse(d, &reply);
}

static size_t
line_limit(const struct conf *c, const struct envelope *env)
{
	if (c->line_length_limit >= 0)
		return (size_t)c->line_length_limit;
	return env->sendmail ? LINE_SENDMAIL : LINE_POSTFIX;
}

/* Who the message says it is from.  False: it cannot be said, and *d explains. */
static bool
from_domain(
    const struct conf *c, const struct hdr *h, struct arena *a, struct decision *d)
{
	const struct hdr_field *f = hdr_first(h, STR("From"));

	if (f == NULL) {
		bad_message(c, d, REPLY_NO_FROM);
		return false;
	}
	if (hdr_count(h, STR("From")) > 1) {
		bad_message(c, d, REPLY_TWO_FROMS);
		return false;
	}
	switch (addr_from_domain(f->value, a, &d->from_domain)) {
	case ADDR_OK:
		d->from_domain = idn_domain(d->from_domain, a);
		if (d->from_domain.p != NULL)
			return true;
		d->from_domain = STR("");
		no_room(c, h, a, d);
		return false;
	case ADDR_NO_MEMORY:
		no_room(c, h, a, d);
		return false;
	case ADDR_EMPTY:
	case ADDR_SEVERAL:
	case ADDR_NO_DOMAIN:
	case ADDR_LITERAL:
	case ADDR_BAD_DOMAIN:
	case ADDR_MALFORMED:
		break;
	}
	bad_message(c, d, REPLY_BAD_FROM);
	return false;
}

/* Whether the message is ours to touch, once its From is known. */
static bool
is_ours(const struct conf *c, const struct envelope *env, const struct mark_keys *keys,
    const struct hdr *h, struct decision *d)
{
	if (env->client == CLIENT_STRANGER) {
		pass(d, NULL);
		return false;
	}
	/* From here, or from another host of ours; never from a client that only knows
	 * a password. */
	if (env->client != CLIENT_AUTH && mark_holds(keys, h, env->sender, env->now)) {
		pass(d, "marked");
		return false;
	}
	if (env->client != CLIENT_DAEMON && !c->outbound.reinjected &&
	    decide_reinjected(h, env, &c->outbound.host_names)) {
		pass(d, "reinjected");
		return false;
	}
	return true;
}

static bool
named_by_any(const struct conf *c, struct str user)
{
	for (size_t i = 0; i < c->n_domains; i++)
		if (conf_domain_allows(&c->domains[i], user))
			return true;
	return c->table != NULL && domtable_names(c->table, user);
}

/*
 * An authenticated client speaks only for the domains that name it.  Where From does
 * not say which domain that is, the message is judged as bad if any names it: else a
 * second From would be a way around all that is asked of it.
 */
static bool
user_allowed(const struct conf *c, const struct envelope *env, bool from_ok,
    const struct domsign *s, struct decision *d)
{
	if (env->client != CLIENT_AUTH)
		return true;
	if (from_ok ? s->domain != NULL && s->user_may : named_by_any(c, env->user))
		return true;
	pass(d, "user-not-allowed");
	return false;
}

/* 0, or -1 when there is no room for it. */
static int
prepare_signature(const struct conf *c, const struct envelope *env, struct hdr *h,
    struct arena *a, struct decision *d)
{
	struct str domain = decide_written_domain(d, a);

	switch (presign_header(env, line_limit(c, env), domain, h, a, &d->partly)) {
	case PRESIGN_OK:
		d->skips = signset_skips(h);
		break;
	case PRESIGN_FROM_CUT:
		bad_message(c, d, REPLY_FROM_TOO_LONG);
		break;
	case PRESIGN_LINE:
		bad_message(c, d, REPLY_LONG_HEADER_LINE);
		break;
	case PRESIGN_CONTROL:
		bad_message(c, d, REPLY_CONTROL_IN_HEADER);
		break;
	case PRESIGN_TOO_MANY:
		bad_message(c, d, REPLY_TOO_MANY_FIELDS);
		break;
	case PRESIGN_MEMORY:
		return -1;
	}
	return 0;
}

/*
 * A mark that is on it by now is a forged or an old one.  For what cannot be marked,
 * the Received fields must do.
 */
static void
renew_mark(const struct mark_keys *keys, const struct envelope *env, struct hdr *h,
    struct arena *a, const struct decision *d)
{
	struct str sender = d->sender.address.len > 0 ? d->sender.address : env->sender;
	struct str value = { NULL, 0 };
	struct buf b;

	hdr_remove_all(h, STR(MARK_FIELD));
	buf_init(&b, MARK_VALUE_MAX);
	if (mark_make(keys, h, sender, env->now, &b) == 0)
		value = arena_copy(a, buf_str(&b));
	buf_fini(&b);
	if (value.p != NULL)
		(void)hdr_append(h, STR(MARK_FIELD), value);
}

/* What leaves with no mail of ours; needs no room. */
static void
remove_always(const struct conf *c, const struct source_hits *hits, struct hdr *h)
{
	source_strip(&c->campaign.index, hits, h);
	leaks_remove_always(h);
}

/* All edits, those for the signature last.  0, or -1 when there is no room for one. */
static int
edit(const struct conf *c, const struct envelope *env, const struct token_ring *tokens,
    const struct source_hits *hits, bool from_ok, struct hdr *h, struct arena *a,
    struct decision *d)
{
	remove_always(c, hits, h);
	if (decide_edit(c, env, tokens, h, a, d) != 0)
		return -1;
	if (d->verdict == DECIDE_ACCEPT && d->domain != NULL &&
	    prepare_signature(c, env, h, a, d) != 0)
		return -1;
	/* A message that is not fit to be signed has no domain any more. */
	if (d->verdict != DECIDE_ACCEPT || d->domain != NULL)
		return 0;
	if (from_ok && d->why == NULL)
		d->why = "no-domain";
	return presign_unsigned(env, h, a);
}

void
decide_message(const struct conf *c, const struct envelope *env,
    const struct mark_keys *keys, struct hdr *h, struct arena *a, struct decision *d)
{
	struct domsign signs = { .domain = NULL };
	struct source_hits hits;
	bool from_ok;

	*d = (struct decision) { .verdict = DECIDE_ACCEPT,
		.from_domain = STR(""),
		.source.customer = STR(""),
		.sender = { STR(""), STR("") } };
	camp_canonical(str_of(c->campaign.default_name), &d->campaign);
	if (!is_ours(c, env, keys, h, d))
		return;
	from_ok = !h->incomplete && from_domain(c, h, a, d);
	if (from_ok && domsign_find(c, d->from_domain, env->user, a, &signs) != 0) {
		no_room(c, h, a, d);
		return;
	}
	d->domain = signs.domain;
	if (!user_allowed(c, env, from_ok, &signs, d))
		return;
	source_scan(&c->campaign.index, h, &hits);
	source_read(&c->campaign.index, &hits, h, c->campaign.customer.v,
	    c->campaign.customer.n, a, &d->campaign, &d->source);
	bad_source(c, a, d);
	/* Rules must not work on half a header: such a message gets no edits. */
	if (h->incomplete)
		no_room(c, h, a, d);
	if (h->incomplete || d->verdict != DECIDE_ACCEPT)
		return;
	if (edit(c, env, keys->tokens, &hits, from_ok, h, a, d) != 0) {
		no_room(c, h, a, d);
		hdr_revert(h);
		d->sender = (struct verp) { STR(""), STR("") };
		remove_always(c, &hits, h);
	}
	if (d->verdict == DECIDE_ACCEPT)
		renew_mark(keys, env, h, a, d);
}

void
decide_body(const struct conf *c, const struct envelope *env, const struct bodyscan *b,
    struct decision *d)
{
	size_t limit = line_limit(c, env);

	if (d->verdict != DECIDE_ACCEPT || d->domain == NULL)
		return;
	if (limit > 0 && b->longest > limit)
		bad_message(c, d, REPLY_LONG_BODY_LINE);
	else if (b->bare_cr || b->bare_lf)
		bad_message(c, d, REPLY_BARE_LINE_END);
}
