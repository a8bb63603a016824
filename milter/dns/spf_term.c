/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_term.c - parses the terms of an SPF record (RFC 7208 4.6.1, 5, 6, 12).
 *
 * A term with "=" right after its name is a modifier, any other term a mechanism.  The
 * table says for each mechanism whether a domain must, may or must not follow and
 * whether prefix lengths are allowed; the lengths are taken off the end first, and what
 * remains is the domain.
 */
#include <stdio.h>
#include <string.h>

#include "dns/spf_parts.h"
#include "text/visible.h"

#define SHOWN_MAX 60

static const struct {
	const char *name;
	enum spf_kind kind;
	enum { NO, MAY, MUST } domain;
	bool prefix; /* a prefix length may follow */
} mechanisms[] = {
	{ "all", SPF_T_ALL, NO, false },
	{ "include", SPF_T_INCLUDE, MUST, false },
	{ "a", SPF_T_A, MAY, true },
	{ "mx", SPF_T_MX, MAY, true },
	{ "ptr", SPF_T_PTR, MAY, false },
	{ "ip4", SPF_T_IP4, MUST, true },
	{ "ip6", SPF_T_IP6, MUST, true },
	{ "exists", SPF_T_EXISTS, MUST, false },
};
#define MECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

static int
refuse_term(const struct spf_term *t, char *err, size_t errlen, const char *why)
{
	struct buf shown;

	buf_init(&shown, 8 * SHOWN_MAX);
	visible_quote(&shown, t->text, SHOWN_MAX);
	snprintf(err, errlen, "%s: %s", shown.p, why);
	buf_fini(&shown);
	return -1;
}

/* Takes a prefix length such as "/24" off the end of s.  -1 if it is invalid. */
static int
take_length(struct str *s, unsigned max, unsigned *out)
{
	size_t slash = str_rfind(*s, '/');
	struct str digits = str_skip(*s, slash + 1);
	unsigned n = 0;

	if (slash == s->len || digits.len == 0 || digits.len > 3 ||
	    (digits.p[0] == '0' && digits.len > 1))
		return -1;
	for (size_t i = 0; i < digits.len; i++) {
		if (!ascii_isdigit(digits.p[i]))
			return -1;
		n = n * 10 + (unsigned)(digits.p[i] - '0');
	}
	if (n > max)
		return -1;
	*out = n;
	s->len = slash;
	return 0;
}

/* Behind the last } there is no macro, so a / there begins a prefix length. */
static bool
has_length(struct str s)
{
	size_t brace = str_rfind(s, '}');
	struct str tail = brace == s.len ? s : str_skip(s, brace + 1);

	return str_find(tail, '/') < tail.len;
}

/* Takes a dual-cidr-length off the end of s: "/24", "//64" or "/24//64". */
static int
take_lengths(struct spf_term *t, struct str *s)
{
	size_t slash;

	if (!has_length(*s))
		return 0;
	slash = str_rfind(*s, '/');
	if (slash > 0 && s->p[slash - 1] == '/') {
		if (take_length(s, 128, &t->bits6) != 0)
			return -1;
		s->len--;
		if (!has_length(*s))
			return 0;
	}
	return take_length(s, 32, &t->bits4);
}

static int
read_network(struct spf_term *t, struct str s, char *err, size_t errlen)
{
	bool v4 = t->kind == SPF_T_IP4;

	if (str_find(s, '/') < s.len &&
	    take_length(&s, v4 ? 32 : 128, v4 ? &t->bits4 : &t->bits6) != 0)
		return refuse_term(t, err, errlen, "its prefix length is invalid");
	if (s.len == 0 || (s.p[0] != ':' && !ascii_isalnum(s.p[0])) ||
	    (str_find(s, ':') == s.len) != v4 || cidr_addr_parse(s, &t->net) != 0)
		return refuse_term(t, err, errlen,
		    v4 ? "it holds no IPv4 address" : "it holds no IPv6 address");
	return 0;
}

static int
read_argument(struct spf_term *t, size_t m, struct str rest, char *err, size_t errlen)
{
	bool colon = str_starts(rest, STR(":"));

	if (t->kind == SPF_T_IP4 || t->kind == SPF_T_IP6) {
		if (!colon)
			return refuse_term(t, err, errlen, "it names no address");
		return read_network(t, str_skip(rest, 1), err, errlen);
	}
	if (mechanisms[m].prefix && take_lengths(t, &rest) != 0)
		return refuse_term(t, err, errlen, "its prefix length is invalid");
	if (rest.len == 0 && mechanisms[m].domain == MUST)
		return refuse_term(t, err, errlen, "it names no domain");
	if (rest.len == 0)
		return 0;
	if (!colon || mechanisms[m].domain == NO)
		return refuse_term(t, err, errlen, "it is not a term of SPF");
	t->domain = str_skip(rest, 1);
	if (!spf_macro_ok(t->domain))
		return refuse_term(t, err, errlen, "it names no valid domain");
	return 0;
}

static int
read_mechanism(struct spf_term *t, char *err, size_t errlen)
{
	static const enum spf_result results[] = { SPF_PASS, SPF_FAIL, SPF_SOFTFAIL,
		SPF_NEUTRAL };
	static const char qualifiers[] = "+-~?";
	struct str s = t->text;
	const char *q = strchr(qualifiers, s.p[0]);
	size_t n = 0;

	t->result = SPF_PASS;
	if (q != NULL && *q != '\0') {
		t->result = results[q - qualifiers];
		s = str_skip(s, 1);
	}
	while (n < s.len && ascii_isalnum(s.p[n]))
		n++;
	for (size_t i = 0; i < MECHANISMS; i++)
		if (str_caseeq(str_make(s.p, n), str_of(mechanisms[i].name))) {
			t->kind = mechanisms[i].kind;
			return read_argument(t, i, str_skip(s, n), err, errlen);
		}
	return refuse_term(t, err, errlen, "no such mechanism");
}

/* Length of a modifier's name, which "=" follows; 0 if the term is no modifier. */
static size_t
modifier_name(struct str s)
{
	size_t n = 0;

	if (s.len == 0 || !ascii_isalpha(s.p[0]))
		return 0;
	while (n < s.len &&
	    (ascii_isalnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '_' || s.p[n] == '.'))
		n++;
	return n < s.len && s.p[n] == '=' ? n : 0;
}

static int
read_modifier(struct spf_term *t, size_t n, char *err, size_t errlen)
{
	struct str name = str_make(t->text.p, n), value = str_skip(t->text, n + 1);

	t->kind = str_caseeq(name, STR("redirect")) ? SPF_T_REDIRECT
	    : str_caseeq(name, STR("exp"))          ? SPF_T_EXP
						    : SPF_T_UNKNOWN;
	t->domain = value;
	if (t->kind != SPF_T_UNKNOWN && !spf_macro_ok(value))
		return refuse_term(t, err, errlen, "it names no valid domain");
	return 0;
}

int
spf_term_next(struct str *rest, struct spf_term *t, char *err, size_t errlen)
{
	size_t n;

	while (rest->len > 0 && rest->p[0] == ' ')
		*rest = str_skip(*rest, 1);
	if (rest->len == 0)
		return 0;
	n = str_find(*rest, ' ');
	*t = (struct spf_term) { .text = str_make(rest->p, n),
		.domain = STR(""),
		.bits4 = 32,
		.bits6 = 128 };
	*rest = str_skip(*rest, n);
	for (size_t i = 0; i < t->text.len; i++)
		if (t->text.p[i] < '!' || t->text.p[i] > '~')
			return refuse_term(
			    t, err, errlen, "a character in it is not printable ASCII");
	n = modifier_name(t->text);
	if ((n > 0 ? read_modifier(t, n, err, errlen)
		   : read_mechanism(t, err, errlen)) != 0)
		return -1;
	return 1;
}
