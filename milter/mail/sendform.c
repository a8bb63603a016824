/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendform.c - address fields in the form that Sendmail writes.
 *
 * What Sendmail 8.17.1 does (headers.c commaize() and crackaddr(), parseaddr.c
 * remotename(); each line also seen on Debian 12, relay and esmtp mailers alike):
 *
 *   fields      From Sender Reply-To To Cc, their Resent- forms, Errors-To,
 *               Disposition-Notification-To, Apparently-To.  Bcc is removed.  All
 *               others (List-*, Return-Receipt-To, CFBL-Address, ...) go as they came.
 *   list        split at commas outside of quotes, comments and angle brackets; joined
 *               by ", " or comma, LF and 8 blanks; empty elements vanish
 *   a;b         without a group becomes "a;b;"
 *   group       "Name: a, b;" and "Name:;" stay, blank or none; quoted as names are
 *   name <addr> everything around the address stays, white space included, unless the
 *               text before '<' has one of @ , ; : \ ( ) [ ] . ' outside of quotes and
 *               comments ("." and "'" by option MustQuoteChars, the others always; ( )
 *               and : have their own sense first): then all of it goes into quotes, and
 *               quotes in it are escaped.  An encoded word with a dot is no exception.
 *   addr (c)    one comment before or after stays, with one blank; several change order
 *   address     comments and blanks in it, a source route and a last dot vanish;
 *               without domain it gets @host; user@localhost and user@[its own IP] get
 *               the host's name; host!user and .uucp are rewritten.  Case, quoting of
 *               the local part, doubled dots, %, 8-bit bytes stay.
 *   length      a mailbox of which more than 256 bytes (MAXNAME, the address counted as
 *               two) surround the address loses all but "<address>"; one that is longer
 *               in all is cut at 256
 *   malformed   two addresses without a comma are glued by a dot, unbalanced quotes,
 *               brackets and comments are closed somewhere
 *
 * So a mailbox is left as it is if it certainly survives unchanged; else it is built
 * anew from its parts (sendform_parse.c finds them).  What cannot be parsed in one
 * certain way is given up. tests/e2e/sendform_check.py compares the outcome with a real
 * Sendmail.
 */
#include "mail/sendform.h"

#include <string.h>

#include "mail/addr.h"
#include "mail/sendform_parse.h"
#include "text/buf.h"

#define LINE_MAX_BYTES ((size_t)78)
/* Longer output could not be handed to the MTA: the milter protocol's packet limit. */
#define OUT_MAX ((size_t)65000)

/* A field being written. */
struct writer {
	struct buf *out;     /* finished elements */
	struct buf *element; /* the element in work, with its group's name and ';' */
	size_t column;
	bool first;
	bool too_long; /* a mailbox lost its name and comments */
};

static bool
is_address_field(struct str name)
{
	static const char *const names[] = { "from", "sender", "reply-to", "to", "cc",
		"resent-from", "resent-sender", "resent-reply-to", "resent-to",
		"resent-cc", "errors-to", "disposition-notification-to",
		"apparently-to" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_caseeq(name, str_of(names[i])))
			return true;
	return false;
}

/* ---- Building one mailbox anew ---- */

/* Text with each run of white space that holds a line end as one blank. */
static void
add_unfolded(struct buf *b, struct str s)
{
	size_t i = 0, end;

	while (i < s.len) {
		bool fold = false;

		for (end = i; end < s.len && ascii_iswsp(s.p[end]); end++)
			fold |= s.p[end] == '\r' || s.p[end] == '\n';
		if (fold)
			buf_addc(b, ' ');
		else
			buf_add(b, s.p + i, end - i);
		for (i = end; end < s.len && !ascii_iswsp(s.p[end]); end++)
			;
		buf_add(b, s.p + i, end - i);
		i = end;
	}
}

/* Bytes for the inside of a quoted string. */
static void
add_escaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
}

/*
 * Is it an encoded word (RFC 2047 2) that can stay one?  In Q encoding the bytes that
 * would have Sendmail put quotes around it can be encoded too, while 75 bytes hold it.
 */
static bool
is_encoded_word(struct str w)
{
	size_t charset_end = str_find(str_skip(w, 2), '?') + 2;
	size_t text = charset_end + 3, len = w.len;
	char encoding;

	if (len > 75 || len < text + 2 || charset_end == 2 || w.p[text - 1] != '?' ||
	    !str_starts(w, STR("=?")) || !str_ends(w, STR("?=")))
		return false;
	encoding = ascii_lower(w.p[text - 2]);
	for (size_t i = 2; i < w.len - 2; i++) {
		if ((unsigned char)w.p[i] >= 0x80 ||
		    (i < text ? sendform_must_quote(w.p[i]) : w.p[i] == '?'))
			return false;
		len += sendform_must_quote(w.p[i]) ? 2 : 0;
	}
	return (encoding == 'q' && len <= 75) || (encoding == 'b' && len == w.len);
}

static void
add_encoded_word(struct buf *b, struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (sendform_must_quote(word.p[i]))
			buf_addf(b, "=%02X", (unsigned)(unsigned char)word.p[i]);
		else
			buf_addc(b, word.p[i]);
	}
}

/* A display name in work: text gathers between quotes until an encoded word comes. */
struct phrase {
	struct buf *out;
	size_t start;
	bool open;
};

/* Make out ready for text between quotes. */
static void
phrase_open(struct phrase *p, bool gap)
{
	if (p->open && !gap)
		return;
	if (p->out->len > p->start)
		buf_addc(p->out, ' ');
	if (!p->open)
		buf_addc(p->out, '"');
	p->open = true;
}

/* A word outside of quotes; alone: white space stands before and after it. */
static void
phrase_word(struct phrase *p, struct str word, bool gap, bool alone)
{
	if (!alone || !is_encoded_word(word)) {
		phrase_open(p, gap);
		add_escaped(p->out, word);
		return;
	}
	if (p->open)
		buf_addc(p->out, '"');
	p->open = false;
	if (p->out->len > p->start)
		buf_addc(p->out, ' ');
	add_encoded_word(p->out, word);
}

/*
 * The name as one quoted string, or as several with encoded words between.  Comments
 * are left out: they go behind the address.
 */
static void
add_phrase(struct buf *out, struct str s)
{
	struct phrase p = { .out = out, .start = out->len };
	bool gap = true;
	size_t next;

	for (size_t i = 0; i < s.len; i = next) {
		next = sendform_skip_unit(s, i);
		if (s.p[i] == '(' || ascii_iswsp(s.p[i])) {
			gap = true;
			continue;
		}
		if (s.p[i] == '"') {
			phrase_open(&p, gap);
			add_unfolded(out, str_make(s.p + i + 1, next - i - 2));
		} else {
			next = i;
			while (!sendform_gap_at(s, next) && s.p[next] != '"' &&
			    s.p[next] != '(')
				next++;
			phrase_word(&p, str_make(s.p + i, next - i), gap,
			    gap && sendform_gap_at(s, next));
		}
		gap = false;
	}
	if (p.open)
		buf_addc(out, '"');
}

static void
add_address(struct buf *b, const struct addr_box *box)
{
	struct str local = box->local, domain = box->domain;
	bool quote = local.len == 0;

	for (size_t i = 0; i < local.len; i++)
		if (ascii_iswsp(local.p[i]) ||
		    strchr("()<>[]:;@\\,\"", local.p[i]) != NULL)
			quote = true;
	if (str_ends(domain, STR(".")))
		domain.len--;
	buf_adds(b, quote ? "\"" : "");
	add_escaped(b, local);
	buf_adds(b, quote ? "\"@" : "@");
	buf_addstr(b, domain);
}

static void
add_rebuilt(
    struct buf *b, const struct addr_box *box, const struct sendform_mailbox *parts)
{
	size_t start = b->len;
	bool bare = !box->angle && parts->ncomments < 2;

	add_phrase(b, parts->phrase);
	if (b->len > start)
		buf_addc(b, ' ');
	if (!bare)
		buf_addc(b, '<');
	add_address(b, box);
	if (!bare)
		buf_addc(b, '>');
	for (size_t i = 0; i < parts->ncomments; i++) {
		buf_addc(b, ' ');
		add_unfolded(b, parts->comment[i]);
	}
}

/* ---- Elements of the list ---- */

/* The element in work is complete: put it on this line or on the next. */
static void
flush_element(struct writer *w, bool closes_group)
{
	if (closes_group)
		buf_addc(w->element, ';');
	if (!w->first)
		buf_addc(w->out, ',');
	w->column += w->element->len + 2;
	if (w->column > LINE_MAX_BYTES && !w->first) {
		buf_adds(w->out, "\n\t");
		w->column = 8 + w->element->len;
	} else {
		buf_addc(w->out, ' ');
	}
	w->first = false;
	buf_addstr(w->out, buf_str(w->element));
	buf_reset(w->element);
}

/* One mailbox into w->element, behind its group's name if it is the first of a group.
 */
static enum sendform_result
put_mailbox(struct writer *w, struct str raw, bool in_group, struct arena *a)
{
	struct addr_list list;
	struct addr_box box, second;
	struct sendform_mailbox parts;
	enum addr_result r;

	addr_list_init(&list, raw, a);
	r = addr_list_next(&list, &box);
	if (r != ADDR_OK)
		return r == ADDR_NO_MEMORY ? SENDFORM_NO_MEMORY : SENDFORM_CUT;
	if (addr_list_next(&list, &second) != ADDR_EMPTY ||
	    !sendform_address_survives(&box) ||
	    !sendform_find_parts(raw, box.angle, &parts))
		return SENDFORM_CUT;
	if (w->element->len > 0)
		buf_addc(w->element, ' ');
	if (parts.survives_unchanged)
		add_unfolded(w->element, raw);
	else
		add_rebuilt(w->element, &box, &parts);
	if (w->element->len < SENDFORM_BOX_MAX)
		return SENDFORM_SAME;
	buf_reset(w->element);
	parts = (struct sendform_mailbox) { .phrase = STR("") };
	box.angle = true;
	add_rebuilt(w->element, &box, &parts);
	w->too_long = true;
	return in_group || w->element->len >= SENDFORM_BOX_MAX ? SENDFORM_CUT
							       : SENDFORM_SAME;
}

/* "Name:" into w->element; false when it is no certain name. */
static bool
put_group(struct writer *w, struct str name)
{
	bool survives_unchanged = true, comments = false;

	if (name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i = sendform_skip_unit(name, i)) {
		if (strchr("@<>)\\", name.p[i]) != NULL)
			return false;
		if (name.p[i] == '(')
			comments = true;
		else if (name.p[i] != '"' && sendform_must_quote(name.p[i]))
			survives_unchanged = false;
	}
	if (!survives_unchanged && comments)
		return false;
	if (survives_unchanged)
		add_unfolded(w->element, name);
	else
		add_phrase(w->element, name);
	buf_addc(w->element, ':');
	return w->element->len < SENDFORM_BOX_MAX / 2;
}

/* All of the value into w->out.  SENDFORM_SAME: it went well. */
static enum sendform_result
put_list(struct writer *w, struct str rest, struct arena *a)
{
	enum sendform_result r = SENDFORM_SAME;
	bool in_group = false;

	while (rest.len > 0) {
		size_t at = sendform_find_separator(rest);
		struct str piece =
		    str_trim(str_make(rest.p, at < rest.len ? at : rest.len));
		bool colon = at < rest.len && rest.p[at] == ':';
		bool closes = at < rest.len && rest.p[at] == ';' && in_group;

		if (at > rest.len || (colon && (in_group || !put_group(w, piece))))
			return SENDFORM_CUT;
		rest = str_skip(rest, at + 1);
		in_group = (in_group || colon) && !closes;
		if (colon)
			continue;
		if (piece.len > 0)
			r = put_mailbox(w, piece, in_group || closes, a);
		if (r != SENDFORM_SAME)
			return r;
		if (w->element->len > 0 && (piece.len > 0 || closes))
			flush_element(w, closes);
		else if (closes)
			buf_addc(w->out, ';');
	}
	return w->first || w->element->len > 0 ? SENDFORM_CUT : SENDFORM_SAME;
}

/* Are they one text, white space runs taken as one blank, none at the ends? */
static bool
relaxed_eq(struct str a, struct str b)
{
	a = str_trim(a);
	b = str_trim(b);
	while (a.len > 0 && b.len > 0) {
		bool gaps = ascii_iswsp(a.p[0]) && ascii_iswsp(b.p[0]);

		if (!gaps && a.p[0] != b.p[0])
			return false;
		a = gaps ? str_trim(a) : str_skip(a, 1);
		b = gaps ? str_trim(b) : str_skip(b, 1);
	}
	return a.len == b.len;
}

/* The result once the list is written, and out. */
static enum sendform_result
conclude(const struct writer *w, struct str value, struct arena *a, struct str *out)
{
	struct str copy;

	if (buf_failed(w->out) || buf_failed(w->element))
		return w->out->len > OUT_MAX / 2 ? SENDFORM_CUT : SENDFORM_NO_MEMORY;
	if (!w->too_long && relaxed_eq(buf_str(w->out), value)) {
		*out = value;
		return SENDFORM_SAME;
	}
	copy = arena_copy(a, buf_str(w->out));
	if (copy.p == NULL)
		return SENDFORM_NO_MEMORY;
	*out = copy;
	return w->too_long ? SENDFORM_CUT : SENDFORM_CHANGED;
}

enum sendform_result
sendform_rewrite(struct str name, struct str value, struct arena *a, struct str *out)
{
	struct buf line, element;
	struct writer w = {
		.out = &line, .element = &element, .column = name.len, .first = true
	};
	enum sendform_result r;

	*out = value;
	if (!is_address_field(name))
		return SENDFORM_OTHER;
	if (str_trim(value).len == 0)
		return SENDFORM_SAME;
	*out = STR("");
	if (sendform_has_controls(value) || value.len > OUT_MAX)
		return SENDFORM_CUT;
	buf_init(&line, OUT_MAX);
	buf_init(&element, 4 * OUT_MAX);
	r = put_list(&w, str_trim(value), a);
	if (r == SENDFORM_SAME)
		r = conclude(&w, value, a, out);
	buf_fini(&element);
	buf_fini(&line);
	return r;
}
