/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_text.c - the answer of `metermark explain` for people.
 */
#include <inttypes.h>

#include "cli/check/explain.h"
#include "cli/cmd.h"
#include "cli/term.h"
#include "text/visible.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)
#define INDENT 11 /* where values begin */

static const char *const verdicts[] = {
	[DECIDE_PASS] = "pass untouched",
	[DECIDE_ACCEPT] = "accept",
	[DECIDE_REJECT] = "reject",
	[DECIDE_TEMPFAIL] = "tempfail",
};

struct page {
	const struct explain *e;
	struct buf out;
	bool utf8;
};

static void
label(struct page *p, const char *name)
{
	buf_addf(&p->out, "%-*s", INDENT, name);
}

static void
show(struct page *p, struct str text)
{
	visible_add(&p->out, text, p->utf8);
}

static void
put_client(struct page *p)
{
	const struct explain *e = p->e;
	struct buf why;

	buf_init(&why, TEXT_MAX);
	explain_class_why(e, &why);
	label(p, "client");
	buf_addf(&p->out, "%s: ", explain_class(e->envelope->client));
	show(p, buf_str(&why));
	buf_addc(&p->out, '\n');
	buf_fini(&why);
}

static void
put_verdict(struct page *p)
{
	const struct decision *d = p->e->decision;
	const struct txn_outcome *o = p->e->outcome;
	const char *sentence = d->why != NULL ? explain_word(d->why) : NULL;

	label(p, "verdict");
	buf_adds(&p->out, verdicts[o->verdict]);
	if (o->verdict == DECIDE_REJECT || o->verdict == DECIDE_TEMPFAIL)
		buf_addf(&p->out, ": %s %s %s", o->reply.code, o->reply.xcode,
		    o->reply.text);
	if (d->why != NULL)
		buf_addf(&p->out, " (%s%s%s)", d->why, sentence != NULL ? ": " : "",
		    sentence != NULL ? sentence : "");
	buf_addc(&p->out, '\n');
}

static void
put_campaign(struct page *p)
{
	const struct decision *d = p->e->decision;

	label(p, "campaign");
	buf_add(&p->out, d->campaign.name, d->campaign.len);
	if (d->source.source == NULL) {
		buf_adds(&p->out, ": no source names one\n");
	} else {
		buf_adds(&p->out, ", sent as \"");
		show(p, str_make(d->campaign.sent, d->campaign.sent_len));
		buf_addf(&p->out, "\" in %s (source %s)\n", d->source.field->name,
		    d->source.source->id);
	}
	if (d->source.fault != SOURCE_FINE) {
		label(p, "bad source");
		buf_addf(&p->out, "%s %s\n", d->source.fault_field,
		    source_fault_text(d->source.fault));
	}
	for (size_t i = 0; i < d->source.n_tags; i++) {
		label(p, i == 0 ? "tags" : "");
		show(p, d->source.tags[i]);
		buf_addc(&p->out, '\n');
	}
	if (d->source.customer.len > 0) {
		label(p, "customer");
		buf_addstr(&p->out, d->source.customer);
		buf_addc(&p->out, '\n');
	}
}

/* Why a stream takes the message, or what each of its matches lacks. */
static void
put_stream(struct page *p, const struct conf_stream *s)
{
	const struct stream_facts who = explain_stream_facts(p->e);

	buf_adds(&p->out, s->name);
	if (s->n_match == 0)
		buf_adds(&p->out, ": it has no match, so it takes all mail");
	for (size_t i = 0; i < s->n_match; i++) {
		const char *misses = stream_misses(&s->match[i], &who);

		if (misses == NULL) {
			buf_addf(&p->out, ": its match %zu holds", i + 1);
			break;
		}
		buf_addf(&p->out, "%s match %zu misses by %s", i == 0 ? ":" : ",",
		    i + 1, misses);
	}
	buf_addc(&p->out, '\n');
}

static void
put_streams(struct page *p)
{
	const struct explain *e = p->e;
	const struct conf_stream *taken = e->decision->stream;

	label(p, "stream");
	if (taken != NULL)
		put_stream(p, taken);
	else
		buf_adds(&p->out, e->conf.n_streams == 0 ? "none is set\n" : "none\n");
	for (size_t i = 0; i < e->conf.n_streams && &e->conf.streams[i] != taken; i++) {
		label(p, "");
		buf_adds(&p->out, "not ");
		put_stream(p, &e->conf.streams[i]);
	}
	if (e->decision->edit_skipped != NULL) {
		label(p, "skipped");
		buf_addf(&p->out, "%s: it is there already, or would be too long\n",
		    e->decision->edit_skipped);
	}
}

/* A field as it stands in a header, folds below each other. */
static void
put_field(struct page *p, struct str name, struct str value)
{
	show(p, name);
	buf_addc(&p->out, ':');
	while (value.len > 0) {
		struct str line = str_make(value.p, str_find(value, '\n'));

		show(p, line);
		value = str_skip(value, line.len + 1);
		if (line.len == 0 || value.len == 0)
			continue;
		buf_addf(&p->out, "\n%*s", INDENT + 8, "");
	}
}

static void
put_edits(struct page *p)
{
	static const char *const kinds[] = {
		[PLAN_CHANGE] = "change  ",
		[PLAN_DELETE] = "remove  ",
		[PLAN_ADD] = "add     ",
		[PLAN_INSERT] = "on top  ",
	};
	const struct plan *plan = &p->e->outcome->plan;

	label(p, "edits");
	if (plan->n == 0)
		buf_adds(&p->out, "none\n");
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_edit *edit = &plan->v[i];

		if (i > 0)
			label(p, "");
		buf_adds(&p->out, kinds[edit->kind]);
		if (edit->kind == PLAN_DELETE)
			show(p, edit->name);
		else
			put_field(p, edit->name, edit->value);
		if (edit->kind == PLAN_DELETE && edit->index > 1)
			buf_addf(&p->out, ", instance %u", edit->index);
		buf_addc(&p->out, '\n');
	}
}

/* What the mail server is told beside edits of the header. */
static void
put_envelope(struct page *p)
{
	const struct txn_outcome *o = p->e->outcome;

	if (o->sender.address.len > 0) {
		label(p, "sender");
		show(p, o->sender.address);
		if (o->sender.args.len > 0) {
			buf_addc(&p->out, ' ');
			show(p, o->sender.args);
		}
		buf_addc(&p->out, '\n');
	}
	if (o->hold != NULL) {
		label(p, "hold");
		show(p, str_of(o->hold));
		buf_addc(&p->out, '\n');
	}
}

static void
put_keys(struct page *p)
{
	const struct explain_signer *s = &p->e->signer;

	label(p, "keys");
	/* The body, too, may be what cannot be signed. */
	if (s->n_keys == 0 || p->e->decision->domain == NULL) {
		buf_adds(&p->out, "none: it leaves unsigned\n");
		return;
	}
	for (size_t i = 0; i < s->n_keys; i++) {
		const struct explain_key *k = &s->keys[i];

		if (i > 0)
			label(p, "");
		buf_addf(&p->out, "%s/%s (", k->domain->name, k->key->selector);
		if (!k->read)
			buf_adds(&p->out, "not looked at: ");
		show(p, str_of(k->text));
		buf_adds(&p->out, ")\n");
	}
	label(p, "signed");
	show(p, buf_str(&s->fields));
	buf_addc(&p->out, '\n');
}

static void
put_counts(struct page *p)
{
	const struct explain *e = p->e;
	const char *comma = "";

	label(p, "counts");
	for (size_t i = 0; e->counted && i < TALLY_COUNTERS; i++) {
		if (e->delta.n[i] == 0)
			continue;
		buf_addf(&p->out, "%s%s %" PRId64, comma, tally_counter_name(i),
		    e->delta.n[i]);
		comma = ", ";
	}
	buf_adds(&p->out, e->counted ? "\n" : "nothing\n");
	if (e->line.len > 0) {
		label(p, "log");
		buf_addf(&p->out, "%s\n", e->line.p);
	}
	for (size_t i = 0; i < e->n_notes; i++) {
		label(p, "note");
		show(p, str_of(e->note[i]));
		buf_addc(&p->out, '\n');
	}
}

int
explain_text(const struct explain *e)
{
	struct page p = { .e = e };
	struct term term;

	term_probe(&term);
	p.utf8 = term.utf8;
	buf_init(&p.out, TEXT_MAX);
	label(&p, "message");
	buf_addf(&p.out, "%zu header fields, %zu bytes of body\n", e->n_fields,
	    e->body_bytes);
	put_client(&p);
	put_verdict(&p);
	if (e->outcome->verdict != DECIDE_PASS) {
		label(&p, "from");
		show(&p, e->decision->from_domain);
		buf_adds(&p.out, e->decision->from_domain.len > 0 ? "\n" : "nobody\n");
		put_campaign(&p);
		put_streams(&p);
	}
	if (e->outcome->verdict == DECIDE_ACCEPT) {
		put_edits(&p);
		put_envelope(&p);
		put_keys(&p);
	}
	put_counts(&p);
	if (buf_failed(&p.out)) {
		buf_fini(&p.out);
		term_say("out of memory");
		return EX_OSERR;
	}
	term_put(buf_str(&p.out));
	buf_fini(&p.out);
	return term_finish();
}
