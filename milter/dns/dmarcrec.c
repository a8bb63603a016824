/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarcrec.c - reads the records of DMARC and BIMI.  See the header. */
#include "dns/dmarcrec.h"

#include <stdio.h>

#include "dkim/taglist.h"
#include "dns/dnsans.h"
#include "text/buf.h"
#include "text/visible.h"

#define SHOWN_MAX 40

const char *
dmarcrec_policy_name(enum dmarcrec_policy p)
{
	static const char *const names[] = { "none", "quarantine", "reject" };

	return names[p];
}

/* The first tag is v= with that version.  White space may stand around both. */
static bool
has_version(struct str text, struct str version)
{
	struct str first = str_trim(str_make(text.p, str_find(text, ';')));
	size_t at = str_find(first, '=');

	return at < first.len && str_eq(str_trim(str_make(first.p, at)), STR("v")) &&
	    str_eq(str_trim(str_skip(first, at + 1)), version);
}

bool
dmarcrec_is(struct str text)
{
	return has_version(text, STR("DMARC1"));
}

bool
bimirec_is(struct str text)
{
	return has_version(text, STR("BIMI1"));
}

static int
refuse_value(
    char *err, size_t errlen, const char *tag, struct str value, const char *want)
{
	struct buf shown;

	buf_init(&shown, 8 * SHOWN_MAX);
	visible_quote(&shown, value, SHOWN_MAX);
	snprintf(err, errlen, "%s= is %s, expected %s", tag, shown.p, want);
	buf_fini(&shown);
	return -1;
}

static int
read_policy(const struct taglist *l, const char *tag, enum dmarcrec_policy *out,
    char *err, size_t errlen)
{
	struct str value;

	if (!taglist_get(l, tag, &value))
		return 0;
	for (int p = DMARCREC_NONE; p <= DMARCREC_REJECT; p++)
		if (str_caseeq(
			value, str_of(dmarcrec_policy_name((enum dmarcrec_policy)p)))) {
			*out = (enum dmarcrec_policy)p;
			return 0;
		}
	return refuse_value(err, errlen, tag, value, "none, quarantine or reject");
}

static int
read_mode(
    const struct taglist *l, const char *tag, bool *strict, char *err, size_t errlen)
{
	struct str value;

	if (!taglist_get(l, tag, &value) || str_caseeq(value, STR("r")))
		return 0;
	*strict = true;
	return str_caseeq(value, STR("s"))
	    ? 0
	    : refuse_value(err, errlen, tag, value, "r or s");
}

/*
 * Reads a list of URIs with commas between them.  Receivers decide which schemes they
 * serve, so any scheme is accepted here.
 */
static int
read_reports(
    const struct taglist *l, const char *tag, struct str *out, char *err, size_t errlen)
{
	struct str rest;

	if (!taglist_get(l, tag, out))
		return 0;
	for (rest = *out; rest.len > 0;) {
		size_t n = str_find(rest, ',');
		struct str uri = str_trim(str_make(rest.p, n));

		if (str_find(uri, ':') == 0 || str_find(uri, ':') == uri.len ||
		    (str_casestarts(uri, STR("mailto:")) &&
			str_find(uri, '@') == uri.len))
			return refuse_value(err, errlen, tag, uri, "mailto:ADDRESS");
		rest = str_skip(rest, n + 1);
	}
	return 0;
}

static int
read_policies(const struct taglist *l, struct dmarcrec *r, char *err, size_t errlen)
{
	struct str value;

	if (!taglist_get(l, "p", &value)) {
		snprintf(err, errlen, "found no p=, which holds the policy");
		return -1;
	}
	if (read_policy(l, "p", &r->p, err, errlen) != 0)
		return -1;
	r->sp = r->p;
	return read_policy(l, "sp", &r->sp, err, errlen);
}

/* The record has no policy: does its rua= name somebody who gets reports? */
static bool
wants_reports(const struct taglist *l)
{
	char err[8 * SHOWN_MAX];
	struct str rua;

	return read_reports(l, "rua", &rua, err, sizeof(err)) == 0 && rua.len > 0;
}

int
dmarcrec_read(struct dmarcrec *r, struct str text, char *err, size_t errlen)
{
	struct taglist l;
	struct str value;
	long long pct;
	int faulty;

	*r = (struct dmarcrec) { .pct = 100, .rua = STR(""), .ruf = STR("") };
	if (!dmarcrec_is(text)) {
		snprintf(err, errlen, "it does not begin with v=DMARC1");
		return -1;
	}
	faulty = taglist_read_gaps(&l, text, err, errlen);
	if (faulty < 0)
		return -1;
	if (read_policies(&l, r, err, errlen) != 0) {
		if (!wants_reports(&l))
			return -1;
		r->p = r->sp = DMARCREC_NONE;
		faulty = 1;
	}
	if (taglist_get(&l, "pct", &value)) {
		pct = taglist_number(value, 100);
		if (pct < 0)
			return refuse_value(
			    err, errlen, "pct", value, "a number from 0 to 100");
		r->pct = (unsigned)pct;
	}
	if (read_mode(&l, "adkim", &r->strict_dkim, err, errlen) != 0 ||
	    read_mode(&l, "aspf", &r->strict_spf, err, errlen) != 0 ||
	    read_reports(&l, "rua", &r->rua, err, errlen) != 0 ||
	    read_reports(&l, "ruf", &r->ruf, err, errlen) != 0)
		return -1;
	return faulty;
}

/* Accepts an https URL with host and path, or an empty value. */
static int
check_url(const char *tag, struct str url, char *err, size_t errlen)
{
	struct str rest = str_skip(url, 8);
	size_t host = str_find(rest, '/');

	if (url.len == 0)
		return 0;
	if (!str_casestarts(url, STR("https://")) || host == 0 || host == rest.len)
		return refuse_value(err, errlen, tag, url, "an https:// URL");
	return 0;
}

int
bimirec_read(struct bimirec *r, struct str text, char *err, size_t errlen)
{
	struct taglist l;

	*r = (struct bimirec) { .logo = STR(""), .evidence = STR("") };
	if (!bimirec_is(text)) {
		snprintf(err, errlen, "it does not begin with v=BIMI1");
		return -1;
	}
	if (taglist_read(&l, text, err, errlen) != 0)
		return -1;
	if (!taglist_get(&l, "l", &r->logo)) {
		snprintf(err, errlen, "found no l=, which names the picture");
		return -1;
	}
	taglist_get(&l, "a", &r->evidence);
	r->declined = r->logo.len == 0 && r->evidence.len == 0;
	if (check_url("l", r->logo, err, errlen) != 0)
		return -1;
	return check_url("a", r->evidence, err, errlen);
}
