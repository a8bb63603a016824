/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_track.c - settings of tracking fields: what single ones may hold.  See the
 * header; what needs all of them is in conf_track_finish.c.
 */
#include "config/conf_track.h"

#include <stdio.h>
#include <string.h>

#include "config/conf.h"
#include "mail/addr.h"
#include "token/token.h"

#define BIT(v) (1U << (v))
#define EVERY (BIT(TMPL_VARS) - 1)
/* Whose length is known, and which hold nothing that could break an address. */
#define SHORT (BIT(TMPL_TOKEN) | BIT(TMPL_STREAM) | BIT(TMPL_DATE))

#define EXPANDED_MAX ((size_t)4096)
#define LIST_ID_MAX 255

void
conf_track_fini(struct conf_track *t)
{
	tmpl_free(t->list_unsubscribe);
	tmpl_free(t->list_unsubscribe_mailto);
	tmpl_free(t->list_unsubscribe_list);
	tmpl_free(t->list_id);
	tmpl_free(t->return_path);
	tmpl_free(t->cfbl_address);
	tmpl_free(t->cfbl_feedback_id);
	tmpl_free(t->message_id);
	*t = (struct conf_track) { 0 };
}

static int
expected(char *err, size_t errlen, const char *phrase)
{
	snprintf(err, errlen, "%s", phrase);
	return -1;
}

/* ==== What a template makes of the longest values ==== */

struct trial {
	unsigned used; /* BIT()s of placeholders */
	struct buf text;
};

/* False: it cannot be parsed, which is not ours to tell. */
static bool
try(const char *text, size_t token_chars, struct trial *t)
{
	char filler[TOKEN_URL_CHARS_MAX];
	struct tmpl_values v;
	struct tmpl *tmpl;
	char why[256];

	t->used = 0;
	buf_init(&t->text, EXPANDED_MAX);
	tmpl = tmpl_parse(text, why, sizeof(why));
	if (tmpl == NULL)
		return false;
	memset(filler, 'a', sizeof(filler));
	for (int i = 0; i < TMPL_VARS; i++) {
		v.v[i] = str_make(filler, 1);
		if (tmpl_uses(tmpl, (enum tmpl_var)i))
			t->used |= BIT(i);
	}
	v.v[TMPL_TOKEN] = str_make(filler, token_chars);
	v.v[TMPL_STREAM] = str_make(filler, CONF_STREAM_NAME_MAX);
	v.v[TMPL_DATE] = str_make(filler, 8);
	v.v[TMPL_DOMAIN] = STR("a.example.com");
	tmpl_expand(tmpl, &v, &t->text);
	tmpl_free(tmpl);
	return true;
}

/* ==== Single values ==== */

/* RFC 3986 2: what may stand in an URI; a comma would end it in List-Unsubscribe. */
static bool
uri_bytes(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_isalnum(s.p[i]) &&
		    strchr("-._~:/?#[]@!$&'()*+;=%", s.p[i]) == NULL)
			return false;
	return true;
}

/* https://host[:port]/...; the host stands before any placeholder. */
static bool
https_url(struct str text, struct str expanded)
{
	struct str host;
	size_t n = 0;

	if (!str_starts(text, STR("https://")) || !uri_bytes(expanded))
		return false;
	host = str_skip(text, 8);
	while (n < host.len && strchr("/?#:", host.p[n]) == NULL)
		n++;
	return addr_domain_ok(str_make(host.p, n)) && str_find(host, '/') < host.len &&
	    str_find(str_make(host.p, str_find(host, '/')), '%') == str_find(host, '/');
}

int
conf_check_unsubscribe_url(const char *value, char *err, size_t errlen)
{
	struct str s = str_trim(str_of(value));
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_URL_CHARS_MAX, &t)) {
		struct str url = str_trim(buf_str(&t.text));

		if (!https_url(s, url))
			rc = expected(err, errlen,
			    "an https URL such as https://u.example.com/%{token}, its host written out, without comma, blanks and brackets <>");
		else if (url.len > CONF_URI_MAX)
			rc = expected(err, errlen,
			    "an URL of at most 900 bytes with the longest token, 448 characters, in it");
	}
	buf_fini(&t.text);
	return rc;
}

/* A local part that needs no quotes, nor %XX in an URI. */
static bool
plain_local(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_isalnum(s.p[i]) && strchr("._+-=", s.p[i]) == NULL)
			return false;
	return true;
}

/* text: as written, expanded: of it; both of a mailbox alone. */
static int
check_mailbox(
    struct str text, struct str expanded, unsigned used, char *err, size_t errlen)
{
	size_t at = str_rfind(text, '@');

	if ((used & ~SHORT) != 0)
		return expected(err, errlen,
		    "no placeholders but %{token}, %{stream} and %{date} in an address: others could become too long, or break it");
	if (str_find(str_skip(text, at), '%') != text.len - at)
		return expected(err, errlen, "a domain written out after the @");
	if (!addr_spec_ok(expanded) ||
	    !plain_local(str_make(expanded.p, str_rfind(expanded, '@'))))
		return expected(err, errlen,
		    "an address such as b+%{token}@bounce.example.com, at most 64 characters before the @ of which a token takes 47");
	return 0;
}

int
conf_check_return_path(const char *value, char *err, size_t errlen)
{
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t))
		rc = check_mailbox(str_trim(str_of(value)), str_trim(buf_str(&t.text)),
		    t.used, err, errlen);
	buf_fini(&t.text);
	return rc;
}

/* ADDRESS[?query] of RFC 6068. */
static int
check_mailto(
    struct str text, struct str expanded, unsigned used, char *err, size_t errlen)
{
	size_t query = str_find(text, '?'), cut = str_find(expanded, '?');

	if (expanded.len + sizeof("mailto:") > CONF_URI_MAX || !uri_bytes(expanded))
		return expected(err, errlen,
		    "an address, after which ?subject=... may stand, without blanks");
	return check_mailbox(
	    str_make(text.p, query), str_make(expanded.p, cut), used, err, errlen);
}

int
conf_check_unsubscribe_mailto(const char *value, char *err, size_t errlen)
{
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t))
		rc = check_mailto(str_trim(str_of(value)), str_trim(buf_str(&t.text)),
		    t.used, err, errlen);
	buf_fini(&t.text);
	return rc;
}

int
conf_check_unsubscribe_list(const char *value, char *err, size_t errlen)
{
	struct str s = str_trim(str_of(value));
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t)) {
		struct str uri = str_trim(buf_str(&t.text));

		if (str_starts(s, STR("mailto:")))
			rc = check_mailto(
			    str_skip(s, 7), str_skip(uri, 7), t.used, err, errlen);
		else if (!https_url(s, uri) || uri.len > CONF_URI_MAX ||
		    (t.used & BIT(TMPL_TOKEN)) != 0)
			rc = expected(err, errlen,
			    "an https URL without %{token}, or mailto: and an address: it is the same for all recipients");
	}
	buf_fini(&t.text);
	return rc;
}

bool
conf_track_list_id_ok(struct str id)
{
	bool dot = false;

	if (id.len == 0 || id.len > LIST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		bool is_dot = id.p[i] == '.';

		if (is_dot && (i == 0 || i + 1 == id.len || id.p[i - 1] == '.'))
			return false;
		if (!is_dot && !ascii_isalnum(id.p[i]) && strchr("_-", id.p[i]) == NULL)
			return false;
		dot = dot || is_dot;
	}
	return dot;
}

/* A quoted string, or words of atext and blanks. */
static bool
phrase_ok(struct str s)
{
	bool quoted = s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"';

	if (quoted)
		s = str_make(s.p + 1, s.len - 2);
	for (size_t i = 0; i < s.len; i++) {
		bool special = strchr("()<>[]:;@\\,.\"", s.p[i]) != NULL;

		if (s.p[i] == '"' || s.p[i] == '\\' || (special && !quoted))
			return false;
	}
	return true;
}

int
conf_check_list_id(const char *value, char *err, size_t errlen)
{
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t)) {
		struct str s = str_trim(buf_str(&t.text));
		size_t open = str_rfind(s, '<');
		struct str id = str_skip(s, open + 1);

		if ((t.used & BIT(TMPL_TOKEN)) != 0)
			rc = expected(err, errlen,
			    "a List-Id without %{token}: it names a list, not a message");
		else if (!str_ends(id, STR(">")) ||
		    !conf_track_list_id_ok(str_make(id.p, id.len - 1)) ||
		    !phrase_ok(str_trim(str_make(s.p, open))))
			rc = expected(err, errlen,
			    "a name and the id of a list, such as News <%{campaign}.lists.example.com>; a name with signs in it stands in quotes");
	}
	buf_fini(&t.text);
	return rc;
}

/* "; report=arf" or nothing. */
static bool
report_ok(struct str s)
{
	s = str_trim(s);
	if (s.len == 0)
		return true;
	if (s.p[0] != ';')
		return false;
	s = str_trim(str_skip(s, 1));
	return str_eq(s, STR("report=arf")) || str_eq(s, STR("report=xarf"));
}

int
conf_check_cfbl_address(const char *value, char *err, size_t errlen)
{
	struct str s = str_trim(str_of(value));
	size_t end = str_find(s, ';');
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t)) {
		struct str e = str_trim(buf_str(&t.text));

		rc = check_mailbox(str_trim(str_make(s.p, end)),
		    str_trim(str_make(e.p, str_find(e, ';'))), t.used, err, errlen);
		if (rc == 0 && !report_ok(str_make(s.p + end, s.len - end)))
			rc = expected(err, errlen,
			    "an address, after which ; report=arf or ; report=xarf may stand");
	}
	buf_fini(&t.text);
	return rc;
}

struct str
conf_track_cfbl_domain(struct str value)
{
	struct str s = str_trim(str_make(value.p, str_find(value, ';')));

	return str_skip(s, str_rfind(s, '@') + 1);
}

/* RFC 9477 5.2: 1*(atext / ":" / CFWS); comments are not for us. */
int
conf_check_cfbl_feedback_id(const char *value, char *err, size_t errlen)
{
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t)) {
		struct str s = str_of(value);

		/* The dots of %{domain} become "-" when it is written. */
		for (size_t i = 0; i < s.len; i++)
			if (!ascii_isalnum(s.p[i]) &&
			    strchr("!#$%&'*+-/=?^_`{|}~: \t", s.p[i]) == NULL)
				rc = expected(err, errlen,
				    "letters, digits, : and the signs of an atom (RFC 5322), such as %{token}:%{stream}");
	}
	buf_fini(&t.text);
	return rc;
}

int
conf_check_message_id(const char *value, char *err, size_t errlen)
{
	struct str s = str_trim(str_of(value));
	size_t at = str_find(s, '@');
	struct trial t;
	int rc = 0;

	if (try(value, TOKEN_MAILBOX_CHARS, &t)) {
		struct str right = str_skip(s, at + 1);
		struct str e = str_trim(buf_str(&t.text));
		bool from = str_eq(right, STR("%{domain}"));
		bool other = (t.used & ~(SHORT | (from ? BIT(TMPL_DOMAIN) : 0))) != 0;

		if (other || (t.used & BIT(TMPL_TOKEN)) == 0 || !addr_spec_ok(e) ||
		    (!from && str_find(right, '%') < right.len) ||
		    str_find(str_make(s.p, at), '"') < at)
			rc = expected(err, errlen,
			    "%{token}@ and a domain or %{domain}, without brackets <>; %{stream} and %{date} may stand beside the token, 64 characters in all");
	}
	buf_fini(&t.text);
	return rc;
}

int
conf_check_replace(const char *value, char *err, size_t errlen)
{
	struct str s = str_of(value);

	if (str_caseeq(s, STR("Feedback-ID")) ||
	    str_caseeq(s, STR("List-Unsubscribe")) || str_caseeq(s, STR("List-Id")))
		return 0;
	return expected(
	    err, errlen, "Feedback-ID, List-Unsubscribe or List-Id, else none");
}
