/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_json.c - the answer of `metermark explain` for programs (RFC 8259, ASCII).
 */
#include <stdlib.h>

#include <jansson.h>

#include "cli/check/explain.h"
#include "cli/cmd.h"
#include "cli/term.h"
#include "text/visible.h"

/* An object that is built; bad once anything did not go in. */
struct object {
	json_t *json;
	int bad;
};

static struct object
begin(void)
{
	struct object o = { .json = json_object() };

	return o;
}

/* Takes over value, which may be NULL for a failure. */
static void
set(struct object *o, const char *name, json_t *value)
{
	o->bad |= json_object_set_new_nocheck(o->json, name, value);
}

static json_t *
done(struct object *o)
{
	if (o->bad == 0)
		return o->json;
	json_decref(o->json);
	return NULL;
}

/* Text of strangers that is no UTF-8 has U+FFFD where it is not. */
static json_t *
text(struct str s)
{
	struct buf clean;
	json_t *value;

	buf_init(&clean, EXPLAIN_MESSAGE_MAX);
	visible_utf8(&clean, s);
	value = buf_failed(&clean) ? NULL : json_stringn(clean.p, clean.len);
	buf_fini(&clean);
	return value;
}

static json_t *
text_or_null(const char *s)
{
	return s != NULL ? text(str_of(s)) : json_null();
}

static json_t *
client(const struct explain *e)
{
	struct object o = begin();
	struct buf why;

	buf_init(&why, EXPLAIN_MESSAGE_MAX);
	explain_class_why(e, &why);
	set(&o, "address", text(str_of(e->options.client)));
	set(&o, "class", text(str_of(explain_class(e->envelope->client))));
	set(&o, "why", text(buf_str(&why)));
	buf_fini(&why);
	return done(&o);
}

static json_t *
verdict(const struct txn_outcome *out)
{
	static const char *const words[] = {
		[DECIDE_PASS] = "pass",
		[DECIDE_ACCEPT] = "accept",
		[DECIDE_REJECT] = "reject",
		[DECIDE_TEMPFAIL] = "tempfail",
	};

	return json_string(words[out->verdict]);
}

static json_t *
reply(const struct txn_outcome *out)
{
	if (out->verdict != DECIDE_REJECT && out->verdict != DECIDE_TEMPFAIL)
		return json_null();
	return json_sprintf(
	    "%s %s %s", out->reply.code, out->reply.xcode, out->reply.text);
}

static json_t *
campaign(const struct decision *d)
{
	struct object o = begin();
	const struct source_found *found = &d->source;

	set(&o, "name", text(str_make(d->campaign.name, d->campaign.len)));
	set(&o, "sent",
	    found->source != NULL
		? text(str_make(d->campaign.sent, d->campaign.sent_len))
		: json_null());
	set(&o, "source",
	    text_or_null(found->source != NULL ? found->source->id : NULL));
	set(&o, "header",
	    text_or_null(found->source != NULL ? found->field->name : NULL));
	return done(&o);
}

static json_t *
bad_source(const struct source_found *found)
{
	struct object o;

	if (found->fault == SOURCE_FINE)
		return json_null();
	o = begin();
	set(&o, "header", text(str_of(found->fault_field)));
	set(&o, "fault", text(str_of(source_fault_word(found->fault))));
	return done(&o);
}

static json_t *
tags(const struct source_found *found)
{
	json_t *list = json_array();

	for (size_t i = 0; i < found->n_tags; i++)
		(void)json_array_append_new(list, text(found->tags[i]));
	return list;
}

static json_t *
stream(const struct conf_stream *s, const struct stream_facts *who)
{
	struct object o = begin();
	json_t *misses = json_array();
	bool holds = s->n_match == 0;

	for (size_t i = 0; i < s->n_match && !holds; i++) {
		const char *word = stream_misses(&s->match[i], who);

		holds = word == NULL;
		if (!holds)
			(void)json_array_append_new(misses, json_string(word));
	}
	set(&o, "name", text(str_of(s->name)));
	set(&o, "matches", json_boolean(holds));
	set(&o, "misses", misses);
	return done(&o);
}

/* Those that were asked: up to the one that takes the message. */
static json_t *
streams(const struct explain *e)
{
	const struct stream_facts who = explain_stream_facts(e);
	json_t *list = json_array();

	for (size_t i = 0; i < e->conf.n_streams; i++) {
		(void)json_array_append_new(list, stream(&e->conf.streams[i], &who));
		if (&e->conf.streams[i] == e->decision->stream)
			break;
	}
	return list;
}

static json_t *
edits(const struct plan *plan)
{
	static const char *const kinds[] = {
		[PLAN_CHANGE] = "change",
		[PLAN_DELETE] = "remove",
		[PLAN_ADD] = "add",
		[PLAN_INSERT] = "insert",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_edit *edit = &plan->v[i];
		struct object o = begin();

		set(&o, "edit", json_string(kinds[edit->kind]));
		set(&o, "field", text(edit->name));
		set(&o, "index", json_integer(edit->index));
		set(&o, "value",
		    edit->kind == PLAN_DELETE ? json_null() : text(edit->value));
		(void)json_array_append_new(list, done(&o));
	}
	return list;
}

static json_t *
keys(const struct explain *e)
{
	const struct explain_signer *s = &e->signer;
	json_t *list = json_array();

	/* The body, too, may be what cannot be signed. */
	for (size_t i = 0; i < s->n_keys && e->decision->domain != NULL; i++) {
		const struct explain_key *k = &s->keys[i];
		struct object o = begin();

		set(&o, "domain", text(str_of(k->domain->name)));
		set(&o, "selector", text(str_of(k->key->selector)));
		set(&o, "file", text(str_of(k->key->file)));
		set(&o, "key", text_or_null(k->read ? k->text : NULL));
		set(&o, "problem", text_or_null(k->read ? NULL : k->text));
		(void)json_array_append_new(list, done(&o));
	}
	return list;
}

static json_t *
counts(const struct explain *e)
{
	struct object o = begin();

	for (size_t i = 0; e->counted && i < TALLY_COUNTERS; i++)
		if (e->delta.n[i] != 0)
			set(&o, tally_counter_name(i), json_integer(e->delta.n[i]));
	return done(&o);
}

static json_t *
notes(const struct explain *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->n_notes; i++)
		(void)json_array_append_new(list, text(str_of(e->note[i])));
	return list;
}

static json_t *
whole(const struct explain *e)
{
	const struct decision *d = e->decision;
	struct object o = begin();

	set(&o, "client", client(e));
	set(&o, "verdict", verdict(e->outcome));
	set(&o, "reply", reply(e->outcome));
	set(&o, "reason", text_or_null(d->why));
	set(&o, "explanation",
	    text_or_null(d->why != NULL ? explain_word(d->why) : NULL));
	set(&o, "from_domain", text(d->from_domain));
	set(&o, "campaign", campaign(d));
	set(&o, "bad_source", bad_source(&d->source));
	set(&o, "tags", tags(&d->source));
	set(&o, "customer", text(d->source.customer));
	set(&o, "stream", text_or_null(d->stream != NULL ? d->stream->name : NULL));
	set(&o, "streams", streams(e));
	set(&o, "skipped", text_or_null(d->edit_skipped));
	set(&o, "edits", edits(&e->outcome->plan));
	set(&o, "sender",
	    e->outcome->sender.address.len > 0 ? text(e->outcome->sender.address)
					       : json_null());
	set(&o, "hold", text_or_null(e->outcome->hold));
	set(&o, "keys", keys(e));
	set(&o, "signed",
	    text(e->decision->domain != NULL ? buf_str(&e->signer.fields) : STR("")));
	set(&o, "counts", counts(e));
	set(&o, "log", text(buf_str(&e->line)));
	set(&o, "notes", notes(e));
	return done(&o);
}

int
explain_json(const struct explain *e)
{
	json_t *root = whole(e);
	char *dump = NULL;

	if (root != NULL)
		dump = json_dumps(
		    root, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
	json_decref(root);
	if (dump == NULL) {
		term_say("out of memory");
		return EX_OSERR;
	}
	term_put(str_of(dump));
	term_put(STR("\n"));
	free(dump);
	return term_finish();
}
