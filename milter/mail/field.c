/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field.c - values of the fields that we write.  See the header.
 */
#include "mail/field.h"

#include <string.h>

#include "mail/fold.h"
#include "text/buf.h"

static bool
stays(enum field_grammar g, enum tmpl_var var, char c)
{
	if (ascii_isalnum(c))
		return true;
	switch (g) {
	case FIELD_TEXT:
		return true;
	case FIELD_FEEDBACK:
		return c != '\0' && strchr("._-", c) != NULL;
	case FIELD_URL:
		return c != '\0' && strchr("._~-", c) != NULL;
	case FIELD_LABEL:
		return c == '_' || c == '-' || (c == '.' && var == TMPL_DOMAIN);
	case FIELD_ATEXT:
		return c == '_' || c == '-';
	}
	return false;
}

static struct str
clean(struct str value, enum field_grammar g, enum tmpl_var var, struct arena *a)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = arena_alloc(a, value.len * (g == FIELD_URL ? 3 : 1) + 1);
	size_t n = 0;

	if (p == NULL)
		return (struct str) { NULL, 0 };
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (stays(g, var, value.p[i])) {
			p[n++] = value.p[i];
		} else if (g == FIELD_URL) {
			p[n++] = '%';
			p[n++] = hex[c >> 4];
			p[n++] = hex[c & 15];
		} else {
			p[n++] = '-';
		}
	}
	p[n] = '\0';
	return str_make(p, n);
}

struct str
field_expand(const struct tmpl *t, const struct tmpl_values *in, enum field_grammar g,
    struct arena *a)
{
	struct str out = { NULL, 0 };
	struct tmpl_values v = *in;
	struct buf b;

	for (int i = 0; i < TMPL_VARS; i++) {
		enum tmpl_var var = (enum tmpl_var)i;

		if (!tmpl_uses(t, var))
			continue;
		if (var == TMPL_TOKEN && in->v[i].len == 0)
			return out;
		/* Longer ones cannot fit, and need not take memory. */
		if (in->v[i].len > FIELD_VALUE_MAX)
			return out;
		if (g != FIELD_TEXT)
			v.v[i] = clean(in->v[i], g, var, a);
		if (v.v[i].p == NULL)
			return out;
	}
	buf_init(&b, FIELD_VALUE_MAX);
	tmpl_expand(t, &v, &b);
	if (!buf_failed(&b))
		out = arena_copy(a, buf_str(&b));
	buf_fini(&b);
	return out;
}

struct str
field_fold(struct str name, struct str value, struct arena *a)
{
	char *p = arena_alloc(a, value.len + 2);
	struct str with, folded;

	if (p == NULL)
		return (struct str) { NULL, 0 };
	p[0] = ' ';
	memcpy(p + 1, value.p, value.len);
	p[value.len + 1] = '\0';
	with = str_make(p, value.len + 1);
	if (name.len + 1 + with.len <= FIELD_LINE)
		return with;
	/* Where there is no white space it stays one line, and is short of 998. */
	if (fold_value(name, with, FIELD_LINE, a, &folded) == 0)
		return folded;
	return folded.p == NULL ? folded : with;
}

int
field_set(struct hdr *h, struct str name, struct str value)
{
	struct hdr_field *f = hdr_first(h, name);

	if (f == NULL)
		return hdr_append(h, name, value);
	hdr_change(f, value);
	field_only(h, f);
	return 0;
}

struct hdr_field *
field_filled(const struct hdr *h, struct str name)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].state != HDR_REMOVED && str_caseeq(h->v[i].name, name) &&
		    str_trim(h->v[i].value).len > 0)
			return &h->v[i];
	return NULL;
}

void
field_only(struct hdr *h, const struct hdr_field *keep)
{
	for (size_t i = 0; i < h->n; i++)
		if (&h->v[i] != keep && h->v[i].state != HDR_REMOVED &&
		    str_caseeq(h->v[i].name, keep->name))
			hdr_remove(&h->v[i]);
}
