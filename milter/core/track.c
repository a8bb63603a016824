/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * track.c - streams and their header rules.  See the header.
 */
#include "core/track.h"

#include "core/buf.h"
#include "core/signset.h"

/* Room for one value of ours: a field must fit a line of 998 bytes (RFC 5322 2.1.1). */
#define VALUE_MAX ((size_t)900)

static bool
holds(const struct conf_list *patterns, struct str value)
{
	return patterns->n == 0 || conf_list_match(patterns, value);
}

/* Whether any tag of the message is one of those asked for. */
static bool
tagged(const struct conf_list *patterns, const struct track_who *w)
{
	for (size_t i = 0; i < w->n_tags; i++)
		if (conf_list_match(patterns, w->tags[i]))
			return true;
	return patterns->n == 0;
}

const char *
track_misses(const struct conf_match *m, const struct track_who *w)
{
	if (!holds(&m->campaign, w->campaign))
		return "campaign";
	if (!holds(&m->from_domain, w->from_domain))
		return "from_domain";
	if (!holds(&m->envelope_domain, w->envelope_domain))
		return "envelope_domain";
	if (!holds(&m->user, w->user))
		return "user";
	return tagged(&m->tag, w) ? NULL : "tag";
}

const struct conf_stream *
track_stream(const struct conf *c, const struct track_who *w)
{
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct conf_stream *s = &c->streams[i];

		if (s->n_match == 0)
			return s;
		for (size_t k = 0; k < s->n_match; k++)
			if (track_misses(&s->match[k], w) == NULL)
				return s;
	}
	return NULL;
}

/* The expansion with its leading space, in the arena; p is NULL when it does not fit.
 */
static struct str
expand(const struct tmpl *t, const struct tmpl_values *v, struct arena *a)
{
	struct buf b;
	struct str s = { NULL, 0 };

	buf_init(&b, VALUE_MAX);
	buf_addc(&b, ' ');
	tmpl_expand(t, v, &b);
	if (!buf_failed(&b))
		s = arena_copy(a, buf_str(&b));
	buf_fini(&b);
	return s;
}

/* Exactly one instance, with that value: the first one there is, or a new one. */
static int
set(struct hdr *h, struct str name, struct str value)
{
	struct hdr_field *f = hdr_first(h, name);

	if (f == NULL)
		return hdr_append(h, name, value);
	hdr_change(f, value);
	for (f = hdr_last(h, name); f != hdr_first(h, name); f = hdr_last(h, name))
		hdr_remove(f);
	return 0;
}

/*
 * A further instance of a signed field is not added: where in the header the MTA puts
 * it differs, and with it what the signature covers.
 */
static bool
may_add(const struct hdr *h, struct str name)
{
	return !signset_has(name) || hdr_count(h, name) == 0;
}

/* Feedback-ID's fields are parted by colons and hold no blanks: make values fit. */
static int
feedback_values(const struct tmpl_values *in, struct tmpl_values *out, struct arena *a)
{
	for (size_t i = 0; i < TMPL_VARS; i++) {
		char *p = arena_alloc(a, in->v[i].len + 1);

		if (p == NULL)
			return -1;
		for (size_t k = 0; k < in->v[i].len; k++) {
			char c = in->v[i].p[k];
			bool fine =
			    ascii_isalnum(c) || c == '.' || c == '_' || c == '-';

			p[k] = fine ? c : '-';
		}
		p[in->v[i].len] = '\0';
		out->v[i] = str_make(p, in->v[i].len);
	}
	return 0;
}

static int
edit_feedback(const struct conf_stream *s, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	struct tmpl_values clean;
	struct str value;

	if (s->feedback_id == NULL)
		return 0;
	if (feedback_values(v, &clean, a) != 0)
		return -1;
	value = expand(s->feedback_id, &clean, a);
	if (value.p == NULL) {
		*skipped = "Feedback-ID";
		return 0;
	}
	return set(h, STR("Feedback-ID"), value);
}

static int
edit_set(const struct conf_header *rule, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	struct str value = expand(rule->value, v, a);

	if (value.p == NULL) {
		*skipped = rule->name;
		return 0;
	}
	return set(h, str_of(rule->name), value);
}

static int
edit_add(const struct conf_header *rule, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	struct str value = expand(rule->value, v, a);

	if (value.p == NULL || !may_add(h, str_of(rule->name))) {
		*skipped = rule->name;
		return 0;
	}
	return hdr_append(h, str_of(rule->name), value);
}

int
track_edit(const struct conf_stream *s, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	*skipped = NULL;
	for (size_t i = 0; i < s->remove.n; i++)
		hdr_remove_all(h, str_of(s->remove.v[i]));
	for (size_t i = 0; i < s->n_set; i++)
		if (edit_set(&s->set[i], v, h, a, skipped) != 0)
			return -1;
	for (size_t i = 0; i < s->n_add; i++)
		if (edit_add(&s->add[i], v, h, a, skipped) != 0)
			return -1;
	return edit_feedback(s, v, h, a, skipped);
}
