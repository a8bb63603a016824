/* SPDX-License-Identifier: BSD-2-Clause */
/* taglist.c - reads lists of tags.  See the header. */
#include "dkim/taglist.h"

#include <stdio.h>

#include "text/buf.h"
#include "text/visible.h"

#define SHOWN_MAX 40

/* Writes a sentence that quotes the tag and says why it is refused. */
static int
refuse_tag(char *err, size_t errlen, struct str what, const char *why)
{
	struct buf quoted;

	buf_init(&quoted, 8 * SHOWN_MAX);
	visible_quote(&quoted, what, SHOWN_MAX);
	snprintf(err, errlen, "%s: %s", quoted.p, why);
	buf_fini(&quoted);
	return -1;
}

/* A tag's name: ALPHA *ALNUMPUNC (RFC 6376 3.2). */
static bool
is_name(struct str s)
{
	if (s.len == 0 || !ascii_isalpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '_')
			return false;
	return true;
}

static bool
is_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_iswsp(s.p[i]) && (s.p[i] < '!' || s.p[i] > '~'))
			return false;
	return true;
}

static int
add_tag(struct taglist *l, struct str spec, char *err, size_t errlen)
{
	size_t at = str_find(spec, '=');
	struct tag t = { str_trim(str_make(spec.p, at)),
		str_trim(str_skip(spec, at + 1)) };

	if (at == spec.len)
		return refuse_tag(err, errlen, spec, "found no = in it");
	if (!is_name(t.name))
		return refuse_tag(
		    err, errlen, spec, "it does not begin with a tag's name");
	if (!is_value(t.value))
		return refuse_tag(
		    err, errlen, spec, "a character in it is not printable ASCII");
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].name, t.name))
			return refuse_tag(err, errlen, t.name, "the tag occurs twice");
	if (l->n == TAGLIST_MAX) {
		snprintf(err, errlen, "more than %d tags", TAGLIST_MAX);
		return -1;
	}
	l->v[l->n++] = t;
	return 0;
}

int
taglist_read_gaps(struct taglist *l, struct str text, char *err, size_t errlen)
{
	bool gap = false;

	l->n = 0;
	while (text.len > 0) {
		size_t n = str_find(text, ';');
		struct str spec = str_trim(str_make(text.p, n));

		text = str_skip(text, n + 1);
		/* An empty tag is allowed at the end only. */
		if (spec.len == 0 && str_trim(text).len == 0)
			break;
		if (spec.len == 0)
			gap = true;
		else if (add_tag(l, spec, err, errlen) != 0)
			return -1;
	}
	if (gap)
		snprintf(err, errlen, "found an empty tag between two semicolons");
	else if (l->n == 0)
		snprintf(err, errlen, "found no tag");
	return l->n == 0 ? -1 : gap;
}

int
taglist_read(struct taglist *l, struct str text, char *err, size_t errlen)
{
	return taglist_read_gaps(l, text, err, errlen) == 0 ? 0 : -1;
}

bool
taglist_get(const struct taglist *l, const char *name, struct str *value)
{
	*value = STR("");
	for (size_t i = 0; i < l->n; i++)
		if (str_caseeq(l->v[i].name, str_of(name))) {
			*value = l->v[i].value;
			return true;
		}
	return false;
}

bool
taglist_lists(struct str list, const char *word)
{
	for (;;) {
		size_t n = str_find(list, ':');

		if (str_caseeq(str_trim(str_make(list.p, n)), str_of(word)))
			return true;
		if (n == list.len)
			return false;
		list = str_skip(list, n + 1);
	}
}

long long
taglist_number(struct str s, long long max)
{
	long long n = 0;

	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_isdigit(s.p[i]))
			return -1;
		n = n * 10 + (s.p[i] - '0');
		if (n > max)
			return -1;
	}
	return n;
}
