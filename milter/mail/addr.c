/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr.c - addresses taken apart.
 *
 * A lexer gives tokens of RFC 5322 3.2 (comments and folds are only a "gap" before the
 * next one); the parser looks at each mailbox twice: once for a '<' or ':', which tells
 * a name from an address, and once to take it.  So the work is linear.
 */
#include "mail/addr.h"

#include <string.h>

#include "text/utf8.h"

enum tok {
	TOK_END,
	TOK_BAD,
	TOK_ATOM,    /* a run of anything that is not special: atext and 8-bit bytes */
	TOK_QUOTED,  /* text: between the quotes, escapes still in it */
	TOK_LITERAL, /* text: with its brackets */
	TOK_SPECIAL, /* one of < > @ , ; : . */
};

struct lex {
	const char *at;
	const char *end;
	enum tok kind;
	struct str
	    text; /* source of the token, the quotes of a quoted string left out */
	bool gap; /* white space or a comment stood before it */
};

/* ---- Lexer ---- */

static bool
is_atom_byte(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f &&
	    strchr("()<>[]:;@\\,.\"", c) == NULL;
}

static bool
is_forbidden(char c)
{
	return ((unsigned char)c < ' ' && !ascii_iswsp(c)) || c == 0x7f;
}

/* Position after the closer of what opens at p; NULL: unbalanced, or a control inside.
 */
static const char *
skip_enclosed(const char *p, const char *end, char open, char close)
{
	size_t depth = 0;

	for (; p < end && !is_forbidden(*p); p++) {
		if (*p == '\\') {
			if (++p == end || is_forbidden(*p))
				return NULL;
		} else if (*p == close && (open != close || depth > 0)) {
			if (--depth == 0)
				return p + 1;
		} else if (*p == open && ++depth > 1 && open == '[') {
			return NULL;
		}
	}
	return NULL;
}

/* Over white space and comments; false when a comment has no end. */
static bool
lex_skip_gap(struct lex *l)
{
	while (l->at < l->end) {
		if (ascii_iswsp(*l->at)) {
			l->at++;
		} else if (*l->at == '(') {
			l->at = skip_enclosed(l->at, l->end, '(', ')');
			if (l->at == NULL)
				return false;
		} else {
			break;
		}
		l->gap = true;
	}
	return true;
}

static void
lex_enclosed(struct lex *l, enum tok kind, char open, char close, size_t trim)
{
	const char *start = l->at;
	const char *after = skip_enclosed(start, l->end, open, close);

	if (after == NULL)
		return;
	l->kind = kind;
	l->text = str_make(start + trim, (size_t)(after - start) - 2 * trim);
	l->at = after;
}

/* Reads the next token.  After TOK_BAD the lexer stays where it is of no more use. */
static void
lex_next(struct lex *l)
{
	const char *start;

	l->gap = false;
	l->kind = TOK_BAD;
	l->text = STR("");
	if (!lex_skip_gap(l))
		return;
	start = l->at;
	if (start == l->end) {
		l->kind = TOK_END;
	} else if (*start == '"') {
		lex_enclosed(l, TOK_QUOTED, '"', '"', 1);
	} else if (*start == '[') {
		lex_enclosed(l, TOK_LITERAL, '[', ']', 0);
	} else if (is_atom_byte(*start)) {
		while (l->at < l->end && is_atom_byte(*l->at))
			l->at++;
		l->kind = TOK_ATOM;
		l->text = str_make(start, (size_t)(l->at - start));
	} else if (*start != '\0' && strchr("<>@,;:.", *start) != NULL) {
		l->kind = TOK_SPECIAL;
		l->text = str_make(l->at++, 1);
	}
}

static bool
lex_is(const struct lex *l, char special)
{
	return l->kind == TOK_SPECIAL && l->text.p[0] == special;
}

/* Comma, semicolon or end: what may follow a mailbox. */
static bool
lex_is_delimiter(const struct lex *l)
{
	return l->kind == TOK_END || lex_is(l, ',') || lex_is(l, ';');
}

/* ---- Parser of one mailbox ---- */

/*
 * Put a token's bytes at *out: escapes undone in quoted strings, line ends left out.
 * Never longer than the token's source, which is what lets the output of a whole value
 * fit into as many bytes as the value has.
 */
static void
put_token(char **out, const struct lex *l)
{
	for (size_t i = 0; i < l->text.len; i++) {
		char c = l->text.p[i];

		if (c == '\r' || c == '\n')
			continue;
		if (c == '\\' && l->kind == TOK_QUOTED && i + 1 < l->text.len)
			c = l->text.p[++i];
		*(*out)++ = c;
	}
}

/* The words of a display name up to '<', which is left as the current token. */
static void
take_name(struct lex *l, char **out, struct str *name)
{
	char *start = *out;

	for (lex_next(l); !lex_is(l, '<'); lex_next(l)) {
		if (l->gap && *out > start)
			*(*out)++ = ' ';
		put_token(out, l);
	}
	*name = str_make(start, (size_t)(*out - start));
}

/* [words .] of a local part or domain; stops at the first token that is none. */
static bool
take_dotted(struct lex *l, char **out, bool quoted_ok, struct str *text)
{
	char *start = *out;
	bool after_word = false;

	for (;; lex_next(l)) {
		bool word = l->kind == TOK_ATOM || (l->kind == TOK_QUOTED && quoted_ok);

		if (!word && !lex_is(l, '.'))
			break;
		if (word && after_word)
			return false;
		put_token(out, l);
		after_word = word;
	}
	*text = str_make(start, (size_t)(*out - start));
	return true;
}

static bool
take_domain(struct lex *l, char **out, struct str *domain)
{
	char *start = *out;

	if (l->kind != TOK_LITERAL)
		return take_dotted(l, out, false, domain) && domain->len > 0;
	put_token(out, l);
	*domain = str_make(start, (size_t)(*out - start));
	lex_next(l);
	return true;
}

/* local@domain or local; the current token is its first. */
static bool
take_spec(struct lex *l, char **out, struct addr_box *box)
{
	bool any = l->kind == TOK_QUOTED;

	if (!take_dotted(l, out, true, &box->local))
		return false;
	if (!lex_is(l, '@'))
		return true;
	if (box->local.len == 0 && !any)
		return false;
	lex_next(l);
	return take_domain(l, out, &box->domain);
}

/* Over "@a,@b:" of RFC 5322 4.4; the current token is the one after '<'. */
static bool
skip_route(struct lex *l, char *scratch)
{
	struct str hop;

	if (!lex_is(l, '@') && !lex_is(l, ','))
		return true;
	while (lex_is(l, '@') || lex_is(l, ',')) {
		bool at = lex_is(l, '@');

		lex_next(l);
		if (at && !take_domain(l, &scratch, &hop))
			return false;
	}
	if (!lex_is(l, ':'))
		return false;
	lex_next(l);
	return true;
}

/* From '<', the current token, to the token after '>'. */
static bool
take_angle(struct lex *l, char **out, struct addr_box *box)
{
	box->angle = true;
	lex_next(l);
	if (!skip_route(l, *out) || !take_spec(l, out, box) || !lex_is(l, '>'))
		return false;
	lex_next(l);
	return true;
}

/* ---- The list ---- */

void
addr_list_init(struct addr_list *list, struct str value, struct arena *a)
{
	*list = (struct addr_list) { .at = value.p,
		.end = value.p + value.len,
		.group = STR(""),
		.state = ADDR_OK };
	if (value.len > ADDR_VALUE_MAX)
		list->state = ADDR_MALFORMED;
	else if ((list->out = arena_alloc(a, value.len + 1)) == NULL)
		list->state = ADDR_NO_MEMORY;
}

/*
 * Go to the first token of a mailbox, over separators and the ends of groups, and from
 * there to the token that tells what it is.  start is left before the mailbox.  False
 * when there is no further token.
 */
static bool
look_ahead(struct addr_list *list, struct lex *start, struct lex *l)
{
	do {
		start->at = l->at;
		lex_next(l);
		if (lex_is(l, ';')) {
			list->in_group = false;
			list->group = STR("");
		}
	} while (lex_is(l, ',') || lex_is(l, ';'));
	if (l->kind == TOK_END)
		return false;
	while (l->kind != TOK_BAD && !lex_is_delimiter(l) && !lex_is(l, '<') &&
	    !lex_is(l, '>') && !lex_is(l, ':'))
		lex_next(l);
	return true;
}

/* The text from start up to the ':' that l has just read is the name of a group. */
static bool
open_group(struct addr_list *list, const struct lex *start, const struct lex *l)
{
	struct str name =
	    str_trim(str_make(start->at, (size_t)(l->text.p - start->at)));

	if (list->in_group || name.len == 0 || str_find(name, '@') < name.len)
		return false;
	list->in_group = true;
	list->group = name;
	return true;
}

/* The mailbox that begins at start; rest is left at the delimiter after it. */
static bool
take_box(
    struct addr_list *list, const struct lex *start, bool angle, struct addr_box *box)
{
	struct lex l = *start;
	bool ok;

	*box = (struct addr_box) { .name = STR(""),
		.local = STR(""),
		.domain = STR(""),
		.group = list->group };
	if (angle) {
		take_name(&l, &list->out, &box->name);
		ok = take_angle(&l, &list->out, box);
	} else {
		lex_next(&l);
		ok = take_spec(&l, &list->out, box);
	}
	if (!ok || !lex_is_delimiter(&l))
		return false;
	list->at = l.kind == TOK_END ? l.end : l.text.p;
	box->raw = str_trim(str_make(start->at, (size_t)(list->at - start->at)));
	return true;
}

enum addr_result
addr_list_next(struct addr_list *list, struct addr_box *box)
{
	struct lex start = { .at = list->at, .end = list->end };
	struct lex l = start;

	if (list->state != ADDR_OK)
		return list->state;
	do {
		if (!look_ahead(list, &start, &l))
			return list->state = ADDR_EMPTY;
	} while (lex_is(&l, ':') && open_group(list, &start, &l));
	if (l.kind == TOK_BAD || lex_is(&l, ':') ||
	    !take_box(list, &start, lex_is(&l, '<'), box))
		list->state = ADDR_MALFORMED;
	return list->state;
}

/* ---- What a From speaks for ---- */

static struct str
without_last_dot(struct str domain)
{
	return str_ends(domain, STR(".")) ? str_make(domain.p, domain.len - 1) : domain;
}

static enum addr_result
box_check(const struct addr_box *box)
{
	if (box->domain.len == 0)
		return box->local.len == 0 ? ADDR_EMPTY : ADDR_NO_DOMAIN;
	if (box->domain.p[0] == '[')
		return ADDR_LITERAL;
	return addr_domain_ok(without_last_dot(box->domain)) ? ADDR_OK
							     : ADDR_BAD_DOMAIN;
}

static enum addr_result
copy_lower(struct arena *a, struct str s, struct str *out)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p == NULL)
		return ADDR_NO_MEMORY;
	for (size_t i = 0; i < s.len; i++)
		p[i] = ascii_lower(s.p[i]);
	p[s.len] = '\0';
	*out = str_make(p, s.len);
	return ADDR_OK;
}

enum addr_result
addr_from_domain(struct str value, struct arena *a, struct str *domain)
{
	struct addr_list list;
	struct addr_box box;
	struct str first = STR("");
	enum addr_result step, fault = ADDR_OK;

	*domain = STR("");
	addr_list_init(&list, value, a);
	while ((step = addr_list_next(&list, &box)) == ADDR_OK) {
		struct str d = without_last_dot(box.domain);

		if (fault == ADDR_OK)
			fault = box_check(&box);
		if (fault != ADDR_OK)
			continue;
		if (first.len == 0)
			first = d;
		else if (!str_caseeq(first, d))
			fault = ADDR_SEVERAL;
	}
	if (step != ADDR_EMPTY)
		return step;
	if (fault != ADDR_OK)
		return fault;
	return first.len == 0 ? ADDR_EMPTY : copy_lower(a, first, domain);
}

/*
 * The last @ outside quotes, or s.len.  s.len + 1 when the quotes are unbalanced or a
 * byte is no part of any path.
 */
static size_t
path_find_at(struct str s)
{
	const char *end = s.p + s.len, *at = end, *next;

	for (const char *p = s.p; p < end; p = next) {
		if (*p == '"')
			next = skip_enclosed(p, end, '"', '"');
		else
			next = p + (*p == '\\' ? 2 : 1);
		if (next == NULL || next > end || *p == '<' || *p == '>' ||
		    (unsigned char)*p < ' ')
			return s.len + 1;
		if (*p == '@')
			at = p;
	}
	return (size_t)(at - s.p);
}

enum addr_result
addr_path(struct str arg, struct addr_path *out)
{
	struct str s = str_trim(arg);
	size_t at;

	*out = (struct addr_path) { STR(""), STR("") };
	if (s.len > 0 && s.p[0] == '<') {
		if (!str_ends(s, STR(">")))
			return ADDR_MALFORMED;
		s = str_trim(str_make(s.p + 1, s.len - 2));
	}
	if (s.len == 0)
		return ADDR_EMPTY;
	if (memchr(s.p, '\n', s.len) != NULL || memchr(s.p, '\r', s.len) != NULL)
		return ADDR_MALFORMED;
	if (s.p[0] == '@')
		s = str_skip(s, str_find(s, ':') + 1);
	at = path_find_at(s);
	if (at > s.len || at == 0)
		return ADDR_MALFORMED;
	out->local = str_make(s.p, at);
	if (at == s.len)
		return ADDR_NO_DOMAIN;
	out->domain = without_last_dot(str_skip(s, at + 1));
	if (out->domain.len > 0 && out->domain.p[0] == '[')
		return str_ends(out->domain, STR("]")) ? ADDR_LITERAL : ADDR_MALFORMED;
	return addr_domain_ok(out->domain) ? ADDR_OK : ADDR_MALFORMED;
}

/* ---- Syntax of one domain, of one address ---- */

static bool
label_ok(struct str label, bool *number)
{
	bool ascii = true;

	*number = true;
	if (label.len == 0 || label.p[0] == '-' || label.p[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len;) {
		char c = label.p[i];
		uint32_t code;
		size_t n = 1;

		if ((unsigned char)c >= 0x80) {
			n = utf8_read(str_skip(label, i), &code);
			ascii = false;
			if (n == 0)
				return false;
		} else if (!ascii_isalnum(c) && c != '-' && c != '_') {
			return false;
		}
		*number = *number && ascii_isdigit(c);
		i += n;
	}
	return !ascii || label.len <= 63;
}

bool
addr_domain_ok(struct str domain)
{
	bool number;

	if (domain.len == 0 || domain.len > ADDR_DOMAIN_MAX)
		return false;
	for (;;) {
		size_t dot = str_find(domain, '.');

		if (!label_ok(str_make(domain.p, dot), &number))
			return false;
		if (dot == domain.len)
			return !number;
		domain = str_skip(domain, dot + 1);
		if (domain.len == 0)
			return false;
	}
}

static bool
dot_atom_ok(struct str s)
{
	char last = '.';

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c == '.' ? last == '.'
			     : !is_atom_byte(c) || (unsigned char)c >= 0x80)
			return false;
		last = c;
	}
	return last != '.';
}

static bool
quoted_local_ok(struct str s)
{
	if (s.len < 3 || s.p[0] != '"' || s.p[s.len - 1] != '"')
		return false;
	for (size_t i = 1; i < s.len - 1; i++) {
		if (s.p[i] == '"' || (s.p[i] == '\\' && ++i == s.len - 1))
			return false;
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '<' || s.p[i] == '>')
			return false;
	}
	return true;
}

bool
addr_spec_ok(struct str spec)
{
	size_t at = str_rfind(spec, '@');
	struct str local = str_make(spec.p, at);
	struct str domain = str_skip(spec, at + 1);

	if (spec.len > ADDR_SPEC_MAX || local.len == 0 || local.len > ADDR_LOCAL_MAX)
		return false;
	for (size_t i = 0; i < domain.len; i++)
		if ((unsigned char)domain.p[i] >= 0x80)
			return false;
	return addr_domain_ok(domain) && (dot_atom_ok(local) || quoted_local_ok(local));
}
