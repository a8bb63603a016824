/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf.c - check_host() (RFC 7208 4).  See the header.
 *
 * The functions call each other as the RFC's algorithm does: check_domain() fetches the
 * record of a domain and hands it to evaluate_record(), which reads all terms once for
 * syntax and then evaluates them from left to right; match_term() evaluates one term.
 * An include: or redirect= calls check_domain() again through other_record().  Each
 * such level has a struct frame on the stack, linked to the frame of the record that
 * named it, so that a loop is found by walking up the links.  The limit of look-ups
 * bounds the number of frames: SPF_LOOKUPS_MAX, or SURVEY_MAX in a survey.
 *
 * Inside these functions SPF_NONE means "not decided yet, go on", SPF_PASS means "this
 * term matches", and an error ends the check.  Only evaluate_record() turns a match
 * into the result of the term's qualifier.
 *
 * In a survey no term matches, so that all of them are walked and counted.  Terms whose
 * name depends on a macro are counted, but not asked for.
 */
#include "dns/spf.h"

#include <stdio.h>
#include <string.h>

#include "dns/spf_parts.h"
#include "mail/domain.h"
#include "text/visible.h"

#define SURVEY_MAX 40 /* a survey stops counting look-ups here */
#define SHOWN_MAX 60

/*
 * The domain whose record is being evaluated.  above leads to the record that included
 * it.
 */
struct frame {
	const struct frame *above;
	struct str domain;
};

static enum spf_result check_domain(struct spf *, const struct frame *);

const char *
spf_result_name(enum spf_result r)
{
	static const char *const names[] = { "none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror" };

	return names[r];
}

bool
spf_is(struct str text)
{
	return str_casestarts(text, STR("v=spf1")) &&
	    (text.len == 6 || text.p[6] == ' ');
}

/* ==== Addresses ==== */

/*
 * Does one of the host's addresses match?  Returns SPF_PASS if so, SPF_NONE if not, or
 * an error.
 */
static enum spf_result
match_host(struct spf *s, const struct spf_term *t, struct str host)
{
	enum dns_type type = spf_is_v4(&s->ip) ? DNS_A : DNS_AAAA;
	const struct dns_answer *a = spf_ask(s, type, host);
	char name[SPF_NAME_MAX];
	struct cidr_addr addr;

	snprintf(name, sizeof(name), "%.*s", (int)host.len, host.p);
	for (size_t i = 0; i < a->n && !s->survey; i++) {
		spf_address(&a->v[i], &addr);
		if (spf_in_network(&s->ip, &addr, t))
			return SPF_PASS;
	}
	return spf_trouble(s, a, type, name);
}

static enum spf_result
match_mx(struct spf *s, const struct spf_term *t, struct str domain)
{
	const struct dns_answer *a = spf_ask(s, DNS_MX, domain);
	enum spf_result r = spf_trouble(s, a, DNS_MX, domain.p);

	if (r == SPF_NONE && a->n > SPF_HOSTS_MAX)
		return spf_because(s, SPF_PERMERROR,
		    "%.160s has more than %d mail servers", domain.p, SPF_HOSTS_MAX);
	for (size_t i = 0; i < a->n && r == SPF_NONE; i++)
		r = match_host(s, t, a->v[i].data);
	return r;
}

static enum spf_result
match_ptr(struct spf *s, struct str domain)
{
	struct spf_names names;

	if (s->survey)
		return SPF_NONE;
	spf_validated(s, &names);
	for (size_t i = 0; i < names.n; i++)
		if (domain_within(names.v[i], domain))
			return SPF_PASS;
	return SPF_NONE;
}

static enum spf_result
match_exists(struct spf *s, struct str domain)
{
	const struct dns_answer *a = spf_ask(s, DNS_A, domain);

	if (a->n > 0 && !s->survey)
		return SPF_PASS;
	return spf_trouble(s, a, DNS_A, domain.p);
}

/* ==== Records within records ==== */

static enum spf_result
other_record(struct spf *s, const struct frame *f, struct str domain)
{
	const struct frame inner = { f, domain };

	for (const struct frame *up = f; up != NULL; up = up->above)
		if (str_caseeq(up->domain, domain))
			return spf_because(s, SPF_PERMERROR,
			    "the record of %.160s leads back to itself", domain.p);
	return check_domain(s, &inner);
}

static enum spf_result
match_include(struct spf *s, const struct frame *f, struct str domain)
{
	char why[SPF_TEXT_MAX / 2];

	switch (other_record(s, f, domain)) {
	case SPF_PASS:
		return SPF_PASS;
	case SPF_TEMPERROR:
		return SPF_TEMPERROR;
	case SPF_PERMERROR:
		return SPF_PERMERROR;
	case SPF_NONE:
		snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, s->why);
		return spf_because(
		    s, SPF_PERMERROR, "include:%.110s: %s", domain.p, why);
	default:
		return SPF_NONE;
	}
}

/* ==== A record ==== */

/*
 * Counts a term that asks DNS, before it asks.  Returns SPF_NONE if the check may go
 * on.
 */
static enum spf_result
count_lookup(struct spf *s)
{
	s->lookups++;
	if (s->survey ? s->lookups < SURVEY_MAX : s->lookups <= SPF_LOOKUPS_MAX)
		return SPF_NONE;
	return spf_because(s, SPF_PERMERROR, "more than %d look-ups",
	    s->survey ? SURVEY_MAX - 1 : SPF_LOOKUPS_MAX);
}

static enum spf_result
match_by_name(
    struct spf *s, const struct frame *f, const struct spf_term *t, struct str name)
{
	switch (t->kind) {
	case SPF_T_INCLUDE:
		return match_include(s, f, name);
	case SPF_T_A:
		return match_host(s, t, name);
	case SPF_T_MX:
		return match_mx(s, t, name);
	case SPF_T_PTR:
		return match_ptr(s, name);
	default:
		return match_exists(s, name);
	}
}

/* Returns SPF_PASS if the term matches, SPF_NONE if it does not, or an error. */
static enum spf_result
match_term(struct spf *s, const struct frame *f, const struct spf_term *t)
{
	const struct spf_macros with = { s, f->domain };
	char name[SPF_NAME_MAX];

	if (t->kind == SPF_T_ALL)
		return s->survey ? SPF_NONE : SPF_PASS;
	if (t->kind == SPF_T_IP4 || t->kind == SPF_T_IP6)
		return !s->survey && spf_in_network(&s->ip, &t->net, t) ? SPF_PASS
									: SPF_NONE;
	if (count_lookup(s) != SPF_NONE)
		return SPF_PERMERROR;
	if (s->survey && spf_has_macro(t->domain))
		return SPF_NONE;
	snprintf(name, sizeof(name), "%.*s", (int)f->domain.len, f->domain.p);
	if (t->domain.len > 0 && spf_expand(&with, t->domain, name) != 0)
		return SPF_NONE;
	return match_by_name(s, f, t, str_of(name));
}

/*
 * Reads all terms before one of them asks DNS, since one syntax error makes the whole
 * record invalid (4.6).
 */
static int
read_all_terms(struct spf *s, struct str rest, struct spf_term *redirect)
{
	struct spf_term t;
	unsigned n_redirect = 0, n_exp = 0;
	char err[SPF_TEXT_MAX / 2];
	int more;

	*redirect = (struct spf_term) { .kind = SPF_T_UNKNOWN };
	while ((more = spf_term_next(&rest, &t, err, sizeof(err))) == 1) {
		if (t.kind == SPF_T_REDIRECT) {
			*redirect = t;
			n_redirect++;
		}
		n_exp += t.kind == SPF_T_EXP;
		s->pass_all |= t.kind == SPF_T_ALL && t.result == SPF_PASS;
	}
	if (more == 0 && n_redirect <= 1 && n_exp <= 1)
		return 0;
	spf_because(s, SPF_PERMERROR, "%s",
	    more != 0            ? err
		: n_redirect > 1 ? "redirect= occurs twice"
				 : "exp= occurs twice");
	return -1;
}

static enum spf_result
follow_redirect(struct spf *s, const struct frame *f, const struct spf_term *t)
{
	const struct spf_macros with = { s, f->domain };
	char name[SPF_NAME_MAX];
	enum spf_result r;

	if (count_lookup(s) != SPF_NONE)
		return SPF_PERMERROR;
	if (s->survey && spf_has_macro(t->domain))
		return SPF_NEUTRAL;
	if (spf_expand(&with, t->domain, name) != 0)
		return spf_because(s, SPF_PERMERROR, "redirect= names no valid domain");
	r = other_record(s, f, str_of(name));
	if (r != SPF_NONE)
		return r;
	return spf_because(
	    s, SPF_PERMERROR, "redirect=%.160s: there is no record", name);
}

static enum spf_result
evaluate_record(struct spf *s, const struct frame *f, struct str record)
{
	struct spf_term t, redirect;
	struct str rest = str_skip(record, 6);
	char err[SPF_TEXT_MAX];
	bool all = false;

	if (read_all_terms(s, rest, &redirect) != 0)
		return SPF_PERMERROR;
	while (spf_term_next(&rest, &t, err, sizeof(err)) == 1) {
		enum spf_result r;

		/* Terms after "all" are ignored (5.1). */
		if (all || t.kind == SPF_T_UNKNOWN || t.kind == SPF_T_EXP ||
		    t.kind == SPF_T_REDIRECT)
			continue;
		all |= t.kind == SPF_T_ALL;
		r = match_term(s, f, &t);
		if (r == SPF_PASS)
			return spf_because(s, t.result, "%.*s of %.160s",
			    t.text.len < SHOWN_MAX ? (int)t.text.len : SHOWN_MAX,
			    t.text.p, f->domain.p);
		if (r != SPF_NONE)
			return r;
	}
	if (redirect.kind == SPF_T_REDIRECT && !all)
		return follow_redirect(s, f, &redirect);
	return spf_because(s, SPF_NEUTRAL, "no term of %.160s matches", f->domain.p);
}

/*
 * Returns the only SPF record among the texts.  If there is none, or more than one,
 * returns NULL with the result in *r and the reason in s->why.
 */
static const struct dns_value *
record_of(struct spf *s, const struct dns_answer *a, enum spf_result *r)
{
	const struct dns_value *record = NULL;

	*r = spf_because(s, SPF_NONE, "there is no record");
	for (size_t i = 0; i < a->n; i++) {
		if (!spf_is(a->v[i].data))
			continue;
		if (record != NULL) {
			*r = spf_because(s, SPF_PERMERROR,
			    "there is more than one record that begins with v=spf1");
			return NULL;
		}
		record = &a->v[i];
	}
	return record;
}

static enum spf_result
check_domain(struct spf *s, const struct frame *f)
{
	const struct dns_answer *a;
	const struct dns_value *record;
	struct buf shown;
	enum spf_result r;

	if (!dns_name_ok(f->domain) || str_find(f->domain, '.') == f->domain.len)
		return spf_because(s, SPF_NONE, "not a valid domain");
	a = s->ask(s->self, DNS_TXT, f->domain);
	s->questions++;
	if (dns_unknown(a->status))
		return spf_because(s, SPF_TEMPERROR, "TXT of %.160s: %s", f->domain.p,
		    dns_status_text(a->status));
	record = record_of(s, a, &r);
	if (record == NULL)
		return r;
	if (f->above == NULL) {
		buf_init(&shown, 8 * sizeof(s->record));
		visible_quote(&shown, record->data, sizeof(s->record) - 8);
		snprintf(s->record, sizeof(s->record), "%s", shown.p);
		buf_fini(&shown);
	}
	return evaluate_record(s, f, record->data);
}

enum spf_result
spf_check(struct spf *s, struct str domain)
{
	char name[DNS_NAME_MAX + 2];
	struct frame top = { NULL, STR("") };

	if (s->survey)
		s->ip = (struct cidr_addr) { .b = { [10] = 0xff, [11] = 0xff } };
	s->lookups = s->voids = s->questions = 0;
	s->record[0] = s->why[0] = '\0';
	s->pass_all = false;
	if (str_ends(domain, STR(".")))
		domain.len--;
	if (domain.len >= sizeof(name))
		return spf_because(s, SPF_NONE, "not a valid domain");
	memcpy(name, domain.p, domain.len);
	name[domain.len] = '\0';
	top.domain = str_make(name, domain.len);
	return check_domain(s, &top);
}
