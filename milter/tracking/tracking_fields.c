/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracking_fields.c - the tracking fields of a stream.  See the header.
 */
#include "tracking/tracking_fields.h"

#include "config/cfbl.h"
#include "mail/field.h"
#include "text/buf.h"

#define UNSUBSCRIBE STR("List-Unsubscribe")
#define POST STR("List-Unsubscribe-Post")

/* A message on its way through. */
struct writer {
	const struct conf_stream *stream;
	const struct tracking_facts *facts;
	struct hdr *hdr;
	struct arena *arena;
	const char **skipped;
};

static enum tracking_result
done(int rc)
{
	return rc == 0 ? TRACKING_OK : TRACKING_NO_ROOM;
}

static enum tracking_result
skip(struct writer *s, const char *name)
{
	*s->skipped = name;
	return TRACKING_OK;
}

/* A field that has no business on mail without a signature, should that fail later. */
static enum tracking_result
set_if_signed(struct writer *s, struct str name, struct str value)
{
	if (field_set(s->hdr, name, value) != 0)
		return TRACKING_NO_ROOM;
	hdr_first(s->hdr, name)->if_signed = true;
	return TRACKING_OK;
}

static struct str
joined(struct writer *s, const char *before, struct str middle, const char *after)
{
	struct buf b;
	struct str out;

	buf_init(&b, 2 * FIELD_VALUE_MAX + 64);
	buf_adds(&b, before);
	buf_addstr(&b, middle);
	buf_adds(&b, after);
	out = arena_copy(s->arena, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* ==== List-Unsubscribe ==== */

/* For this recipient and no other; p is NULL when it cannot be made. */
static struct str
personal_url(struct writer *s)
{
	struct tmpl_values v = *s->facts->values;
	struct str out = { NULL, 0 };
	struct buf b;

	buf_init(&b, TOKEN_URL_CHARS_MAX);
	if (token_url(s->facts->ring, v.v[TMPL_CAMPAIGN], s->facts->envelope->recipient,
		&b) == 0) {
		v.v[TMPL_TOKEN] = buf_str(&b);
		out = field_expand(
		    s->stream->track.list_unsubscribe, &v, FIELD_URL, s->arena);
	}
	buf_fini(&b);
	return out;
}

static struct str
mailto(struct writer *s)
{
	struct str a = field_expand(s->stream->track.list_unsubscribe_mailto,
	    s->facts->values, FIELD_URL, s->arena);

	return a.p == NULL ? a : joined(s, "mailto:", a, "");
}

/*
 * "<a>, <b>", on two lines where one would be long.  The URIs are at most
 * CONF_URI_MAX, so that no line is longer than MTAs send on.
 */
static struct str
uri_list(struct writer *s, struct str a, struct str b)
{
	bool fits = UNSUBSCRIBE.len + a.len + b.len + sizeof(": <>, <>") <= FIELD_LINE;
	struct str first = joined(s, " <", a, ">");

	if (first.p == NULL || b.len == 0)
		return first;
	first = joined(s, first.p, STR(""), fits ? ", <" : ",\n\t<");
	return first.p == NULL ? first : joined(s, first.p, b, ">");
}

static enum tracking_result
put_unsubscribe(struct writer *s, struct str a, struct str b, bool post)
{
	struct str value;

	if (a.len == 0) {
		a = b;
		b = STR("");
	}
	/* Nothing of ours: then the sender's own stays as it is. */
	if (a.len == 0)
		return TRACKING_OK;
	value = uri_list(s, a, b);
	if (value.p == NULL || field_set(s->hdr, UNSUBSCRIBE, value) != 0)
		return TRACKING_NO_ROOM;
	if (post)
		return set_if_signed(s, POST, STR(" List-Unsubscribe=One-Click"));
	(void)hdr_remove_all(s->hdr, POST);
	return TRACKING_OK;
}

/* Of several fields one (RFC 2369 3); no way out is lost. */
static enum tracking_result
merge(struct writer *s, struct hdr_field *first)
{
	struct str value = first->value;

	if (hdr_count(s->hdr, UNSUBSCRIBE) < 2)
		return TRACKING_OK;
	for (size_t i = 0; i < s->hdr->n; i++) {
		const struct hdr_field *f = &s->hdr->v[i];

		if (f == first || f->state == HDR_REMOVED ||
		    !str_caseeq(f->name, UNSUBSCRIBE) || str_trim(f->value).len == 0)
			continue;
		/* Too much of it: that is the sender's affair. */
		if (value.len + f->value.len > FIELD_VALUE_MAX)
			return TRACKING_OK;
		value = joined(s, value.p, STR(""), ",\n\t");
		if (value.p == NULL)
			return TRACKING_NO_ROOM;
		value = joined(s, value.p, str_trim(f->value), "");
		if (value.p == NULL)
			return TRACKING_NO_ROOM;
	}
	if (value.p != first->value.p)
		hdr_change(first, value);
	field_only(s->hdr, first);
	return TRACKING_OK;
}

/* For all recipients alike.  Never one click: the URL names nobody (RFC 8058 3.1). */
static enum tracking_result
unsubscribe_all(struct writer *s, const struct tmpl *url)
{
	const struct conf_track *t = &s->stream->track;
	struct str a = STR(""), b = STR("");

	if (url != NULL)
		a = field_expand(url, s->facts->values, FIELD_URL, s->arena);
	if (t->list_unsubscribe_mailto != NULL)
		b = mailto(s);
	if (a.p == NULL || b.p == NULL)
		*s->skipped = "List-Unsubscribe";
	return put_unsubscribe(s, a, b, false);
}

static enum tracking_result
unsubscribe_one(struct writer *s)
{
	const struct conf_track *t = &s->stream->track;
	struct str a = personal_url(s), b = STR("");

	if (t->list_unsubscribe_mailto != NULL)
		b = mailto(s);
	if (a.p == NULL || b.p == NULL)
		*s->skipped = "List-Unsubscribe";
	return put_unsubscribe(
	    s, a, b, t->one_click && a.p != NULL && s->facts->signer != NULL);
}

static enum tracking_result
unsubscribe(struct writer *s)
{
	const struct conf_track *t = &s->stream->track;
	struct hdr_field *own = field_filled(s->hdr, UNSUBSCRIBE);

	if (t->list_unsubscribe == NULL && t->list_unsubscribe_mailto == NULL)
		return TRACKING_OK;
	if (own != NULL && !t->replace_list_unsubscribe)
		return merge(s, own);
	if (t->list_unsubscribe == NULL || !tmpl_uses(t->list_unsubscribe, TMPL_TOKEN))
		return unsubscribe_all(s, t->list_unsubscribe);
	if (s->facts->envelope->n_rcpt == 1)
		return unsubscribe_one(s);
	switch (t->several) {
	case CONF_SEVERAL_LIST:
		return unsubscribe_all(s, t->list_unsubscribe_list);
	case CONF_SEVERAL_NONE:
		break;
	case CONF_SEVERAL_REJECT:
		return TRACKING_SEVERAL;
	}
	return TRACKING_OK;
}

/* ==== The others ==== */

/* The id is in the last <>; what the values made of it must still be one. */
static bool
list_id_fine(struct str value)
{
	struct str id = str_skip(value, str_rfind(value, '<') + 1);

	return id.len > 0 && conf_track_list_id_ok(str_make(id.p, id.len - 1));
}

static enum tracking_result
list_id(struct writer *s)
{
	const struct conf_track *t = &s->stream->track;
	struct hdr_field *own = field_filled(s->hdr, STR("List-Id"));
	struct str value;

	if (t->list_id == NULL)
		return TRACKING_OK;
	if (own != NULL && !t->replace_list_id) {
		field_only(s->hdr, own);
		return TRACKING_OK;
	}
	value = field_expand(t->list_id, s->facts->values, FIELD_LABEL, s->arena);
	if (value.p == NULL || !list_id_fine(value))
		return skip(s, "List-Id");
	value = field_fold(STR("List-Id"), value, s->arena);
	return value.p == NULL ? TRACKING_NO_ROOM
			       : done(field_set(s->hdr, STR("List-Id"), value));
}

/* White space means nothing in it (RFC 9477 5.2), so that each colon may end a line. */
static struct str
fold_at_colons(struct writer *s, struct str value)
{
	size_t line = sizeof("CFBL-Feedback-ID: ") - 1;
	struct buf b;
	struct str out;

	buf_init(&b, 2 * FIELD_VALUE_MAX);
	buf_addc(&b, ' ');
	while (value.len > 0) {
		size_t n = str_find(value, ':');

		n += n < value.len ? 1 : 0;
		if (line + n > FIELD_LINE && line > 1 && b.len > 1) {
			buf_adds(&b, "\n\t");
			line = 1;
		}
		buf_add(&b, value.p, n);
		line += n;
		value = str_skip(value, n);
	}
	out = arena_copy(s->arena, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* The sender's own report address and id belong together: ours come as a pair, too. */
static enum tracking_result
cfbl(struct writer *s)
{
	const struct conf_track *t = &s->stream->track;
	struct str value, id;

	if (t->cfbl_address == NULL ||
	    field_filled(s->hdr, STR("CFBL-Address")) != NULL ||
	    field_filled(s->hdr, STR("CFBL-Feedback-ID")) != NULL)
		return TRACKING_OK;
	value = field_expand(t->cfbl_address, s->facts->values, FIELD_TEXT, s->arena);
	if (value.p == NULL ||
	    !cfbl_aligned(
		conf_track_cfbl_domain(value), s->facts->from_domain, s->facts->signer))
		return skip(s, "CFBL-Address");
	value = field_fold(STR("CFBL-Address"), value, s->arena);
	if (value.p == NULL ||
	    set_if_signed(s, STR("CFBL-Address"), value) != TRACKING_OK)
		return TRACKING_NO_ROOM;
	if (t->cfbl_feedback_id == NULL)
		return TRACKING_OK;
	id = field_expand(t->cfbl_feedback_id, s->facts->values, FIELD_ATEXT, s->arena);
	if (id.p == NULL)
		return skip(s, "CFBL-Feedback-ID");
	id = fold_at_colons(s, id);
	return id.p == NULL ? TRACKING_NO_ROOM
			    : set_if_signed(s, STR("CFBL-Feedback-ID"), id);
}

static enum tracking_result
message_id(struct writer *s)
{
	const struct conf_track *t = &s->stream->track;
	struct str id;

	if (t->message_id == NULL || hdr_count(s->hdr, STR("Message-ID")) > 0)
		return TRACKING_OK;
	id = field_expand(t->message_id, s->facts->values, FIELD_TEXT, s->arena);
	if (id.p == NULL || str_ends(id, STR("@")))
		return skip(s, "Message-ID");
	id = joined(s, " <", id, ">");
	return id.p == NULL ? TRACKING_NO_ROOM
			    : done(hdr_append(s->hdr, STR("Message-ID"), id));
}

enum tracking_result
tracking_fields_write(const struct conf_stream *stream,
    const struct tracking_facts *facts, struct hdr *h, struct arena *a,
    const char **skipped)
{
	static enum tracking_result (*const steps[])(
	    struct writer *) = { message_id, unsubscribe, list_id, cfbl };
	struct writer s = { stream, facts, h, a, skipped };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum tracking_result r = steps[i](&s);

		if (r != TRACKING_OK)
			return r;
	}
	return TRACKING_OK;
}
