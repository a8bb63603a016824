/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendform_parse.c - the parts of an address field, and which of them Sendmail leaves
 * as they are.  What Sendmail does is written down in sendform.c.
 */
#include "mail/sendform_parse.h"

#include <string.h>

/* What Sendmail quotes in a name: headers.c MustQuoteChars, readcf.c. */
#define MUST_QUOTE "@,;:\\()[].'"

static bool
has_byte(struct str s, unsigned char from, unsigned char to)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= from && (unsigned char)s.p[i] <= to)
			return true;
	return false;
}

bool
sendform_has_controls(struct str s)
{
	return has_byte(s, 0, 8) || has_byte(s, 11, 12) || has_byte(s, 14, 31) ||
	    has_byte(s, 0x7f, 0x7f);
}

/* Bytes that Sendmail uses inside addresses: written with a 0x7f before them. */
static bool
has_internal_bytes(struct str s)
{
	return has_byte(s, 0x80, 0x9f) || has_byte(s, 0xff, 0xff);
}

size_t
sendform_skip_unit(struct str s, size_t i)
{
	char open = s.p[i], close = open == '"' ? '"' : open == '(' ? ')' : ']';
	size_t depth = 1;

	if (open == '\\')
		return i + 2;
	if (open != '"' && open != '(' && open != '[')
		return i + 1;
	while (++i < s.len) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == close && --depth == 0)
			return i + 1;
		else if (s.p[i] == open && open == '(')
			depth++;
	}
	return s.len + 1;
}

size_t
sendform_find_separator(struct str s)
{
	bool angle = false;
	size_t i = 0;

	while (i < s.len) {
		char c = s.p[i];

		if (!angle && (c == ',' || c == ';' || c == ':'))
			return i;
		if (c == '<' || c == '>')
			angle = c == '<';
		i = sendform_skip_unit(s, i);
	}
	return i;
}

bool
sendform_must_quote(char c)
{
	return strchr(MUST_QUOTE, c) != NULL; /* c is never NUL: addr.c refuses it */
}

bool
sendform_gap_at(struct str s, size_t i)
{
	return i >= s.len || ascii_iswsp(s.p[i]);
}

/* An address without blanks, comments and last dot; it was parsed already. */
static bool
spec_survives(struct str spec)
{
	for (size_t i = 0; i < spec.len; i = sendform_skip_unit(spec, i))
		if (ascii_iswsp(spec.p[i]) || spec.p[i] == '(')
			return false;
	return !str_ends(spec, STR("."));
}

/*
 * A mailbox without '<' survives if its address does, with at most one comment, before
 * or after it, apart from it.
 */
static bool
bare_survives(struct str raw, const struct sendform_mailbox *parts)
{
	struct str rest = raw;

	if (parts->ncomments == 1) {
		struct str c = parts->comment[0];
		size_t at = (size_t)(c.p - raw.p);

		if (at == 0 && sendform_gap_at(raw, c.len))
			rest = str_trim(str_skip(raw, c.len));
		else if (at + c.len == raw.len && at > 0 &&
		    sendform_gap_at(raw, at - 1))
			rest = str_trim(str_make(raw.p, at));
	}
	return spec_survives(rest);
}

bool
sendform_find_parts(struct str raw, bool angle, struct sendform_mailbox *parts)
{
	bool in_phrase = angle;
	size_t next, open = raw.len, close = raw.len;

	*parts =
	    (struct sendform_mailbox) { .phrase = STR(""), .survives_unchanged = true };
	for (size_t i = 0; i < raw.len; i = next) {
		char c = raw.p[i];

		next = sendform_skip_unit(raw, i);
		if (c == '(') {
			if (parts->ncomments == SENDFORM_COMMENTS_MAX)
				return false;
			parts->comment[parts->ncomments++] =
			    str_make(raw.p + i, next - i);
		} else if (c == '<' && in_phrase) {
			in_phrase = false;
			open = i;
		} else if (c == '>') {
			close = i;
		} else if (in_phrase && c != '"' && sendform_must_quote(c)) {
			parts->survives_unchanged = false;
		}
	}
	if (angle) {
		struct str inner = str_make(raw.p + open + 1, close - open - 1);
		bool route = inner.len > 0 && (inner.p[0] == '@' || inner.p[0] == ',');

		parts->phrase = str_make(raw.p, open);
		parts->survives_unchanged =
		    parts->survives_unchanged && !route && spec_survives(inner);
	} else {
		parts->survives_unchanged = bare_survives(raw, parts);
	}
	return true;
}

bool
sendform_address_survives(const struct addr_box *box)
{
	struct str domain = box->domain;
	size_t dot = str_find(domain, '.');

	if (str_ends(domain, STR(".")))
		domain.len--;
	return dot < domain.len && addr_domain_ok(domain) &&
	    !has_internal_bytes(domain) && !has_internal_bytes(box->local) &&
	    !str_caseeq(str_make(domain.p, dot), STR("localhost")) &&
	    !str_caseends(domain, STR(".uucp"));
}
