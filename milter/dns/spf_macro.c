/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_macro.c - expands macros of SPF (RFC 7208 7).
 *
 * A macro "%{LETTER DIGITS r DELIMITERS}" is parsed into struct macro; value_of() gives
 * the value of its letter, and transform_value() splits that value at the delimiters,
 * reverses the parts if r is given, keeps the last DIGITS of them and joins them with
 * dots.
 */
#include <stdio.h>
#include <string.h>

#include "dns/spf_parts.h"
#include "mail/domain.h"

#define PIECES_MAX 128

/* The parts of %{ALPHA *DIGIT ["r"] *delimiter}. */
struct macro {
	char letter;
	unsigned keep; /* how many parts to keep, from the right; 0: all */
	bool reverse;
	struct str delimiters; /* "": the dot */
};

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c) != NULL;
}

/*
 * Parses the macro at s, which begins with "%{".  Returns its length, or 0 if it is
 * invalid.
 */
static size_t
read_macro(struct str s, struct macro *m)
{
	size_t i = 3, first;

	*m = (struct macro) { .delimiters = STR(".") };
	if (s.len < 4 || strchr("slodiphv", ascii_lower(s.p[2])) == NULL ||
	    s.p[2] == '\0')
		return 0;
	m->letter = s.p[2];
	for (first = i; i < s.len && ascii_isdigit(s.p[i]); i++)
		if (m->keep < 1000)
			m->keep = m->keep * 10 + (unsigned)(s.p[i] - '0');
	if (i > first && m->keep == 0)
		return 0;
	if (i < s.len && ascii_lower(s.p[i]) == 'r') {
		m->reverse = true;
		i++;
	}
	for (first = i; i < s.len && is_delimiter(s.p[i]);)
		i++;
	if (i > first)
		m->delimiters = str_make(s.p + first, i - first);
	return i < s.len && s.p[i] == '}' ? i + 1 : 0;
}

/*
 * True if the name ends in a macro, or in a top-level label that has other characters
 * than digits.
 */
static bool
ends_well(struct str s)
{
	size_t start, i;
	bool letter = false;

	if (str_ends(s, STR(".")))
		s.len--;
	start = str_rfind(s, '.');
	if (start == s.len || start + 1 >= s.len)
		return false;
	for (i = start + 1; i < s.len; i++) {
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '-')
			return false;
		letter |= !ascii_isdigit(s.p[i]);
	}
	return letter && s.p[start + 1] != '-' && s.p[s.len - 1] != '-';
}

bool
spf_macro_ok(struct str s)
{
	struct str all = s;
	bool last_is_macro = false;
	struct macro m;

	while (s.len > 0) {
		size_t n = 1;

		last_is_macro = false;
		if (s.p[0] == '%' && s.len > 1 && s.p[1] == '{') {
			n = read_macro(s, &m);
			last_is_macro = true;
		} else if (s.p[0] == '%')
			n = s.len > 1 && strchr("%_-", s.p[1]) != NULL ? 2 : 0;
		if (n == 0 || (n == 2 && s.p[1] == '\0'))
			return false;
		s = str_skip(s, n);
	}
	return all.len > 0 && (last_is_macro || ends_well(all));
}

bool
spf_has_macro(struct str s)
{
	return str_find(s, '%') < s.len;
}

/* ==== Values ==== */

static void
add_nibbles(struct buf *out, const struct cidr_addr *ip)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++)
		buf_addf(out, "%s%c.%c", i > 0 ? "." : "", hex[ip->b[i] >> 4],
		    hex[ip->b[i] & 15]);
}

static void
add_ip(struct buf *out, const struct cidr_addr *ip)
{
	if (spf_is_v4(ip))
		buf_addf(
		    out, "%u.%u.%u.%u", ip->b[12], ip->b[13], ip->b[14], ip->b[15]);
	else
		add_nibbles(out, ip);
}

/*
 * Adds one validated name of the address: preferably the domain itself, else a name
 * below it, else any.
 */
static void
add_validated(struct buf *out, const struct spf_macros *with)
{
	struct spf_names names;
	struct str best;

	spf_validated(with->spf, &names);
	best = names.n > 0 ? names.v[0] : STR("unknown");
	for (size_t i = 0; i < names.n; i++)
		if (domain_within(names.v[i], with->domain))
			best = names.v[i];
	for (size_t i = 0; i < names.n; i++)
		if (str_caseeq(names.v[i], with->domain))
			best = names.v[i];
	buf_addstr(out, best);
}

static void
value_of(struct buf *out, const struct spf_macros *with, char letter)
{
	const struct spf *s = with->spf;
	struct str local = s->local.len > 0 ? s->local : STR("postmaster");
	struct str domain = s->sender_domain.len > 0 ? s->sender_domain : with->domain;

	switch (ascii_lower(letter)) {
	case 's':
		buf_addstr(out, local);
		buf_addc(out, '@');
		buf_addstr(out, domain);
		break;
	case 'l':
		buf_addstr(out, local);
		break;
	case 'o':
		buf_addstr(out, domain);
		break;
	case 'd':
		buf_addstr(out, with->domain);
		break;
	case 'i':
		add_ip(out, &s->ip);
		break;
	case 'p':
		add_validated(out, with);
		break;
	case 'v':
		buf_adds(out, spf_is_v4(&s->ip) ? "in-addr" : "ip6");
		break;
	default:
		buf_addstr(out, s->helo.len > 0 ? s->helo : STR("unknown"));
	}
}

/* ==== Transformers ==== */

static bool
splits(const struct macro *m, char c)
{
	return str_find(m->delimiters, c) < m->delimiters.len;
}

/* An upper-case macro letter means that the part is escaped as in a URL. */
static void
add_part(struct buf *out, const struct macro *m, struct str part)
{
	bool url = m->letter >= 'A' && m->letter <= 'Z';

	for (size_t i = 0; i < part.len; i++) {
		char c = part.p[i];

		if (!url || ascii_isalnum(c) || (c != '\0' && strchr("-._~", c)))
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static void
transform_value(struct buf *out, const struct macro *m, struct str value)
{
	struct str part[PIECES_MAX];
	size_t n = 0, from;

	for (size_t start = 0, i = 0; i <= value.len && n < PIECES_MAX; i++)
		if (i == value.len || splits(m, value.p[i])) {
			part[n++] = str_make(value.p + start, i - start);
			start = i + 1;
		}
	for (size_t i = 0; m->reverse && i < n / 2; i++) {
		struct str t = part[i];

		part[i] = part[n - 1 - i];
		part[n - 1 - i] = t;
	}
	from = m->keep > 0 && m->keep < n ? n - m->keep : 0;
	for (size_t i = from; i < n; i++) {
		if (i > from)
			buf_addc(out, '.');
		add_part(out, m, part[i]);
	}
}

static size_t
expand_one(struct buf *out, const struct spf_macros *with, struct str s)
{
	struct macro m;
	struct buf value;
	size_t n;

	if (s.p[0] != '%' || s.len < 2) {
		buf_addc(out, s.p[0]);
		return 1;
	}
	if (s.p[1] != '{') {
		buf_adds(out, s.p[1] == '%' ? "%" : s.p[1] == '_' ? " " : "%20");
		return 2;
	}
	n = read_macro(s, &m);
	buf_init(&value, SPF_NAME_MAX);
	value_of(&value, with, m.letter);
	transform_value(out, &m, buf_str(&value));
	buf_fini(&value);
	return n > 0 ? n : s.len;
}

int
spf_expand(const struct spf_macros *with, struct str s, char out[SPF_NAME_MAX])
{
	struct buf b;
	struct str name;
	int rc = -1;

	buf_init(&b, SPF_NAME_MAX - 1);
	while (s.len > 0)
		s = str_skip(s, expand_one(&b, with, s));
	name = buf_str(&b);
	if (str_ends(name, STR(".")))
		name.len--;
	while (name.len > DNS_NAME_MAX && str_find(name, '.') < name.len)
		name = str_skip(name, str_find(name, '.') + 1);
	if (!buf_failed(&b)) {
		memcpy(out, name.p, name.len);
		out[name.len] = '\0';
		rc = 0;
	}
	buf_fini(&b);
	return rc;
}
