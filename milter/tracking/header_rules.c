/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header_rules.c - the header rules of a stream.  See the header.
 */
#include "tracking/header_rules.h"

#include <string.h>

#include "mail/field.h"
#include "mail/leaks.h"
#include "mail/signset.h"
#include "text/buf.h"

/*
 * A further instance of a signed field is not added: where in the header the MTA puts
 * it differs, and with it what the signature covers.
 */
static bool
may_add(const struct hdr *h, struct str name)
{
	return !signset_has(name) || hdr_count(h, name) == 0;
}

static struct str
spaced(struct str value, struct arena *a)
{
	char *p = arena_alloc(a, value.len + 2);

	if (p == NULL)
		return (struct str) { NULL, 0 };
	p[0] = ' ';
	memcpy(p + 1, value.p, value.len);
	p[value.len + 1] = '\0';
	return str_make(p, value.len + 1);
}

/*
 * Gmail reads nothing of a value that stands in two fields (support.google.com/a/
 * answer/6254652): of the three before the sender id, what is there already goes.
 */
static struct str
without_repeats(struct str value, struct arena *a)
{
	struct str field[4], rest = value, out;
	struct buf b;

	for (size_t i = 0; i < 4; i++) {
		size_t n = i < 3 ? str_find(rest, ':') : rest.len;

		field[i] = str_make(rest.p, n);
		rest = str_skip(rest, n + 1);
	}
	buf_init(&b, FIELD_VALUE_MAX);
	for (size_t i = 0; i < 3; i++) {
		bool again = str_eq(field[i], field[3]);

		for (size_t k = 0; k < i; k++)
			again = again || str_eq(field[k], field[i]);
		buf_addstr(&b, again ? STR("") : field[i]);
		buf_addc(&b, ':');
	}
	buf_addstr(&b, field[3]);
	out = arena_copy(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

static int
edit_feedback(const struct conf_stream *s, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	struct hdr_field *own = field_filled(h, STR("Feedback-ID"));
	struct str value;

	if (s->feedback_id == NULL)
		return 0;
	if (own != NULL && s->track.keep_feedback_id) {
		field_only(h, own);
		return 0;
	}
	value = field_expand(s->feedback_id, v, FIELD_FEEDBACK, a);
	if (value.p != NULL)
		value = without_repeats(value, a);
	if (value.p == NULL) {
		*skipped = "Feedback-ID";
		return 0;
	}
	/* Never folded: nobody says that Gmail unfolds it. */
	value = spaced(value, a);
	return value.p == NULL ? -1 : field_set(h, STR("Feedback-ID"), value);
}

/* p is NULL when it does not fit. */
static struct str
rule_value(const struct conf_header *rule, const struct tmpl_values *v, struct arena *a)
{
	struct str value = field_expand(rule->value, v, FIELD_TEXT, a);

	return value.p == NULL ? value : field_fold(str_of(rule->name), value, a);
}

/* What the sender says of an URL of his is not said of one of a rule (RFC 8058 3.1). */
static void
drop_post(struct hdr *h, const struct conf_header *rule)
{
	if (str_caseeq(str_of(rule->name), STR("List-Unsubscribe")))
		(void)hdr_remove_all(h, STR("List-Unsubscribe-Post"));
}

static int
edit_set(const struct conf_header *rule, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	struct str value = rule_value(rule, v, a);

	if (value.p == NULL) {
		*skipped = rule->name;
		return 0;
	}
	drop_post(h, rule);
	return field_set(h, str_of(rule->name), value);
}

static int
edit_add(const struct conf_header *rule, const struct tmpl_values *v, struct hdr *h,
    struct arena *a, const char **skipped)
{
	struct str value = rule_value(rule, v, a);

	if (value.p == NULL || !may_add(h, str_of(rule->name))) {
		*skipped = rule->name;
		return 0;
	}
	drop_post(h, rule);
	return hdr_append(h, str_of(rule->name), value);
}

int
header_rules_apply(const struct conf_stream *s, const struct tmpl_values *v,
    struct hdr *h, struct arena *a, const char **skipped)
{
	*skipped = NULL;
	if (s->track.remove_leaks)
		leaks_remove(h);
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
