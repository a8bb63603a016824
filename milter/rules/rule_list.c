/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_list.c - rules about the fields of lists and campaigns.
 */
#include "rules/rule_check.h"

#include <string.h>

#include "mail/mimefield.h"
#include "mail/signset.h"

#define LIST_ID_MAX 255
#define SENDER_ID_MIN 5
#define SENDER_ID_MAX 15
#define IDENTIFIERS 4
#define NO_LIST "is not a list of <addresses> with commas between"

/* The ways that a List-Unsubscribe offers. */
struct offers {
	size_t https, http, mailto, other;
	bool broken;
	struct str host; /* of the first https address; "" without */
};

/* True if the URI has that scheme and more text behind it. */
static bool
is_uri(struct str uri, struct str scheme)
{
	return uri.len > scheme.len && str_casestarts(uri, scheme);
}

/* Between "//" and what follows a host, without the user (RFC 3986 3.2). */
static struct str
authority_of(struct str uri)
{
	for (size_t i = 0; i < uri.len; i++)
		if (uri.p[i] == '/' || uri.p[i] == '?' || uri.p[i] == '#')
			uri.len = i;
	return str_rfind(uri, '@') < uri.len ? str_skip(uri, str_rfind(uri, '@') + 1)
					     : uri;
}

/* Its name; "" where it is none. */
static struct str
host_of(struct str authority)
{
	authority.len = str_find(authority, ':');
	if (str_ends(authority, STR(".")))
		authority.len--;
	return addr_domain_ok(authority) ? authority : STR("");
}

/* True if it could be an address: 192.0.2.1:443, [2001:db8::1]. */
static bool
is_number(struct str authority)
{
	bool digit = false;

	for (size_t i = 0; i < authority.len; i++) {
		char c = authority.p[i];

		digit |= ascii_isdigit(c);
		if (c == '\0' || strchr("0123456789abcdefABCDEF.:[]", c) == NULL)
			return false;
	}
	return digit;
}

/* A placeholder that nobody filled in, https://{{url}}, has no host. */
static void
count_uri(struct offers *o, struct str uri)
{
	struct str authority;

	uri = str_trim(uri);
	authority = authority_of(str_skip(uri, str_find(uri, ':') + 3));
	if (!is_uri(uri, STR("mailto:")) && host_of(authority).len == 0 &&
	    !is_number(authority)) {
		o->other++;
	} else if (is_uri(uri, STR("https://"))) {
		if (o->https++ == 0)
			o->host = host_of(authority);
	} else if (is_uri(uri, STR("http://")))
		o->http++;
	else if (is_uri(uri, STR("mailto:")))
		o->mailto++;
	else
		o->other++;
}

static struct offers
read_offers(struct str value)
{
	struct offers o = { .host = STR("") };
	struct str s = mimefield_cfws(value);

	while (s.len > 0) {
		size_t end = str_find(s, '>');

		if (s.p[0] != '<' || end == s.len) {
			o.broken = true;
			break;
		}
		count_uri(&o, str_make(s.p + 1, end - 1));
		s = mimefield_cfws(str_skip(s, end + 1));
		if (s.len > 0 && s.p[0] != ',') {
			o.broken = true;
			break;
		}
		s = mimefield_cfws(str_skip(s, 1));
	}
	return o;
}

struct str
rule_unsubscribe_host(const struct hdr *h)
{
	const struct hdr_field *field = hdr_first(h, STR("List-Unsubscribe"));

	return field != NULL ? read_offers(field->value).host : STR("");
}

enum rule_verdict
rule_check_list_unsubscribe(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *field = f->first[RULE_F_LIST_UNSUBSCRIBE];
	struct offers o;

	if (field == NULL)
		return f->transactional
		    ? RULE_NOT_APPLICABLE
		    : rule_bad(why, "there is no List-Unsubscribe field");
	o = read_offers(field->value);
	if (!o.broken && o.https + o.http + o.mailto > 0)
		return RULE_OK;
	rule_bad(
	    why, "List-Unsubscribe %s: ", o.broken ? NO_LIST : "has no address to use");
	rule_quote(why, field->value);
	return RULE_BAD;
}

/* Whether both fields are there and say what RFC 8058 3.1 wants. */
static bool
has_one_click(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *field = f->first[RULE_F_LIST_UNSUBSCRIBE],
			       *post = f->first[RULE_F_LIST_UNSUBSCRIBE_POST];
	struct offers o;

	if (field == NULL) {
		rule_bad(why, "there is no List-Unsubscribe field");
		return false;
	}
	o = read_offers(field->value);
	if (o.broken || o.https == 0) {
		rule_bad(why, "List-Unsubscribe %s: ",
		    o.broken ? NO_LIST : "has no https address");
		rule_quote(why, field->value);
		return false;
	}
	if (post == NULL) {
		rule_bad(why, "there is no List-Unsubscribe-Post field");
		return false;
	}
	if (!str_eq(str_trim(post->value), STR("List-Unsubscribe=One-Click"))) {
		rule_bad(
		    why, "List-Unsubscribe-Post is not List-Unsubscribe=One-Click: ");
		rule_quote(why, post->value);
		return false;
	}
	return true;
}

enum rule_verdict
rule_check_one_click(const struct rule_facts *f, struct buf *why)
{
	if (f->transactional && f->first[RULE_F_LIST_UNSUBSCRIBE_POST] == NULL)
		return RULE_NOT_APPLICABLE;
	return has_one_click(f, why) ? RULE_OK : RULE_BAD;
}

/* h= is a list with colons between, white space around them. */
static bool
names_field(struct str names, struct str field)
{
	while (names.len > 0) {
		size_t n = str_find(names, ':');

		if (str_caseeq(str_trim(str_make(names.p, n)), field))
			return true;
		names = str_skip(names, n + 1);
	}
	return false;
}

static bool
covers(const struct rule_signature *s, const struct hdr_field *field)
{
	return s->ours ? signset_covers(field) : names_field(s->names, field->name);
}

enum rule_verdict
rule_check_one_click_signed(const struct rule_facts *f, struct buf *why)
{
	if (!has_one_click(f, NULL) || f->from != ADDR_OK)
		return RULE_NOT_APPLICABLE;
	for (size_t i = 0; i < f->n_sig; i++)
		if (rule_aligned(f->sig[i].domain, f->from_box.domain) &&
		    covers(&f->sig[i], f->first[RULE_F_LIST_UNSUBSCRIBE]) &&
		    covers(&f->sig[i], f->first[RULE_F_LIST_UNSUBSCRIBE_POST]))
			return RULE_OK;
	return rule_bad(why, "no aligned signature names both fields in its h=");
}

enum rule_verdict
rule_check_one_recipient(const struct rule_facts *f, struct buf *why)
{
	if (f->envelope->n_rcpt == 0 || !has_one_click(f, NULL))
		return RULE_NOT_APPLICABLE;
	return f->envelope->n_rcpt == 1
	    ? RULE_OK
	    : rule_bad(why, "it goes to %zu recipients, who share one link",
		  f->envelope->n_rcpt);
}

/* True for label.namespace: no blanks, and a dot that is not at an end. */
static bool
is_list_id(struct str id)
{
	size_t dot = str_find(id, '.');

	if (id.len > LIST_ID_MAX || dot == 0 || dot + 1 >= id.len ||
	    str_ends(id, STR(".")))
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= ' ' || id.p[i] >= 0x7f || id.p[i] == '<')
			return false;
	return true;
}

enum rule_verdict
rule_check_list_id(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *field = f->first[RULE_F_LIST_ID];
	struct str value;
	size_t open;

	if (field == NULL)
		return RULE_NOT_APPLICABLE;
	value = str_trim(field->value);
	open = str_rfind(value, '<');
	if (open < value.len && str_ends(value, STR(">")) &&
	    is_list_id(str_make(value.p + open + 1, value.len - open - 2)))
		return RULE_OK;
	rule_bad(why, "this is no list id: ");
	rule_quote(why, value);
	return RULE_BAD;
}

/* The fields from the right, the sender's id first; how many of the four there are. */
static size_t
identifiers(struct str value, struct str out[IDENTIFIERS])
{
	size_t n = 0;

	while (n < IDENTIFIERS) {
		size_t colon = str_rfind(value, ':');

		if (colon == value.len) {
			out[n++] = str_trim(value);
			break;
		}
		out[n++] = str_trim(str_skip(value, colon + 1));
		value.len = colon;
	}
	return n;
}

/* ASCII; white space stands around colons only, as where a field is folded. */
static bool
is_printable(struct str value)
{
	while (value.len > 0) {
		size_t n = str_find(value, ':');
		struct str id = str_trim(str_make(value.p, n));

		for (size_t i = 0; i < id.len; i++)
			if (id.p[i] <= ' ' || id.p[i] >= 0x7f)
				return false;
		value = str_skip(value, n + 1);
	}
	return true;
}

static bool
is_feedback_id(struct str value)
{
	struct str id[IDENTIFIERS];
	size_t n = identifiers(value, id);

	if (n < 2 || id[0].len < SENDER_ID_MIN || id[0].len > SENDER_ID_MAX)
		return false;
	if (!is_printable(value))
		return false;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (id[i].len > 0 && str_eq(id[i], id[k]))
				return false;
	return true;
}

enum rule_verdict
rule_check_feedback_id(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *field = f->first[RULE_F_FEEDBACK_ID];

	if (field == NULL)
		return RULE_NOT_APPLICABLE;
	if (f->count[RULE_F_FEEDBACK_ID] > 1)
		return rule_bad(why,
		    "there are %zu Feedback-ID fields, Gmail reads none",
		    f->count[RULE_F_FEEDBACK_ID]);
	if (is_feedback_id(str_trim(field->value)))
		return RULE_OK;
	rule_bad(why, "Gmail cannot read it: ");
	rule_quote(why, field->value);
	return RULE_BAD;
}
