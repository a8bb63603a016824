/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf.c - check_host() (RFC 7208 4).  See the header.
 *
 * Records include records: each level is a frame on the stack, and their number is
 * bounded by the limit of look-ups, in a survey by SURVEY_MAX.
 */
#include "dns/spf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dns/spf_parts.h"
#include "mail/domain.h"
#include "text/visible.h"

#define SURVEY_MAX 40 /* look-ups: then it is bad enough */
#define SHOWN_MAX 60

/* A record being walked, and the ones that led to it. */
struct frame {
	const struct frame *above;
	struct str domain;
};

static enum spf_result walk(struct spf *, const struct frame *);

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

static enum spf_result because(struct spf *, enum spf_result, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum spf_result
because(struct spf *s, enum spf_result r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	return r;
}

/* A question, counted. */
static const struct dns_answer *
ask(struct spf *s, enum dns_type type, struct str name)
{
	static const struct dns_answer none = { .status = DNS_BAD_NAME };
	static const struct dns_answer enough = { .status = DNS_FAILED };
	const struct dns_answer *a;

	if (!dns_name_ok(name))
		return &none;
	if (s->questions++ >= SPF_QUESTIONS_MAX)
		return &enough;
	a = s->ask(s->self, type, name);
	s->voids += dns_void(a->status);
	return a;
}

/* What an answer that is none means; SPF_NONE: go on. */
static enum spf_result
trouble(struct spf *s, const struct dns_answer *a, enum dns_type type, const char *name)
{
	if (dns_unknown(a->status))
		return because(s, SPF_TEMPERROR, "%s of %.160s: %s",
		    dns_type_name(type), name, dns_status_text(a->status));
	if (s->voids > SPF_VOIDS_MAX && !s->survey)
		return because(s, SPF_PERMERROR,
		    "%.160s: more than %d look-ups of what does not exist", name,
		    SPF_VOIDS_MAX);
	return SPF_NONE;
}

/* ==== Addresses ==== */

static bool
in_network(
    const struct cidr_addr *ip, const struct cidr_addr *net, const struct spf_term *t)
{
	struct cidr wide = { .net = *net };
	bool v4 = spf_is_v4(ip);

	if (v4 != spf_is_v4(net))
		return false;
	wide.bits = v4 ? 96 + t->bits4 : t->bits6;
	for (size_t i = 0; i < 16; i++) {
		unsigned keep = wide.bits > 8 * i ? wide.bits - 8 * (unsigned)i : 0;
		unsigned mask = keep >= 8 ? 0xff : (0xff00u >> keep) & 0xff;

		if (((ip->b[i] ^ net->b[i]) & mask) != 0)
			return false;
	}
	return true;
}

static void
address_of(const struct dns_value *v, struct cidr_addr *out)
{
	*out = (struct cidr_addr) { .b = { [10] = 0xff, [11] = 0xff } };
	if (v->data.len == 16)
		memcpy(out->b, v->data.p, 16);
	else if (v->data.len == 4)
		memcpy(out->b + 12, v->data.p, 4);
}

/* Does one of the host's addresses match?  SPF_PASS: it does; SPF_NONE: no. */
static enum spf_result
match_host(struct spf *s, const struct spf_term *t, struct str host)
{
	enum dns_type type = spf_is_v4(&s->ip) ? DNS_A : DNS_AAAA;
	const struct dns_answer *a = ask(s, type, host);
	char name[SPF_NAME_MAX];
	struct cidr_addr addr;

	snprintf(name, sizeof(name), "%.*s", (int)host.len, host.p);
	for (size_t i = 0; i < a->n && !s->survey; i++) {
		address_of(&a->v[i], &addr);
		if (in_network(&s->ip, &addr, t))
			return SPF_PASS;
	}
	return trouble(s, a, type, name);
}

static enum spf_result
match_mx(struct spf *s, const struct spf_term *t, struct str domain)
{
	const struct dns_answer *a = ask(s, DNS_MX, domain);
	enum spf_result r = trouble(s, a, DNS_MX, domain.p);

	if (r == SPF_NONE && a->n > SPF_HOSTS_MAX)
		return because(s, SPF_PERMERROR, "%.160s has more than %d mail servers",
		    domain.p, SPF_HOSTS_MAX);
	for (size_t i = 0; i < a->n && r == SPF_NONE; i++)
		r = match_host(s, t, a->v[i].data);
	return r;
}

void
spf_validated(struct spf *s, struct spf_names *names)
{
	static const struct spf_term exact = { .bits4 = 32, .bits6 = 128 };
	enum dns_type type = spf_is_v4(&s->ip) ? DNS_A : DNS_AAAA;
	char reverse[80];
	const struct dns_answer *a, *back;
	struct cidr_addr addr;

	names->n = 0;
	spf_reverse_name(&s->ip, reverse, sizeof(reverse));
	a = ask(s, DNS_PTR, str_of(reverse));
	for (size_t i = 0; i < a->n && i < SPF_HOSTS_MAX; i++) {
		bool leads_back = false;

		if (!dns_name_ok(a->v[i].data))
			continue;
		/* Voids of other people's names are not the record's fault. */
		back = s->ask(s->self, type, a->v[i].data);
		for (size_t k = 0; k < back->n && !leads_back; k++) {
			address_of(&back->v[k], &addr);
			leads_back = in_network(&s->ip, &addr, &exact);
		}
		if (leads_back)
			names->v[names->n++] = a->v[i].data;
	}
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
	const struct dns_answer *a = ask(s, DNS_A, domain);

	if (a->n > 0 && !s->survey)
		return SPF_PASS;
	return trouble(s, a, DNS_A, domain.p);
}

/* ==== Records within records ==== */

static enum spf_result
other_record(struct spf *s, const struct frame *f, struct str domain)
{
	const struct frame inner = { f, domain };

	for (const struct frame *up = f; up != NULL; up = up->above)
		if (str_caseeq(up->domain, domain))
			return because(s, SPF_PERMERROR,
			    "the record of %.160s leads back to itself", domain.p);
	return walk(s, &inner);
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
		return because(s, SPF_PERMERROR, "include:%.110s: %s", domain.p, why);
	default:
		return SPF_NONE;
	}
}

/* ==== A record ==== */

/* A term that asks is counted before it does.  SPF_NONE: go on. */
static enum spf_result
count(struct spf *s)
{
	s->lookups++;
	if (s->survey ? s->lookups < SURVEY_MAX : s->lookups <= SPF_LOOKUPS_MAX)
		return SPF_NONE;
	return because(s, SPF_PERMERROR, "more than %d look-ups",
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

/* SPF_PASS: the term matches; SPF_NONE: it does not; else an error. */
static enum spf_result
match(struct spf *s, const struct frame *f, const struct spf_term *t)
{
	const struct spf_macros with = { s, f->domain };
	char name[SPF_NAME_MAX];

	if (t->kind == SPF_T_ALL)
		return s->survey ? SPF_NONE : SPF_PASS;
	if (t->kind == SPF_T_IP4 || t->kind == SPF_T_IP6)
		return !s->survey && in_network(&s->ip, &t->net, t) ? SPF_PASS
								    : SPF_NONE;
	if (count(s) != SPF_NONE)
		return SPF_PERMERROR;
	if (s->survey && spf_has_macro(t->domain))
		return SPF_NONE;
	snprintf(name, sizeof(name), "%.*s", (int)f->domain.len, f->domain.p);
	if (t->domain.len > 0 && spf_expand(&with, t->domain, name) != 0)
		return SPF_NONE;
	return match_by_name(s, f, t, str_of(name));
}

/* All terms are read before any is asked: one that is wrong spoils all (4.6). */
static int
examine(struct spf *s, struct str rest, struct spf_term *redirect)
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
	because(s, SPF_PERMERROR, "%s",
	    more != 0            ? err
		: n_redirect > 1 ? "redirect= stands twice"
				 : "exp= stands twice");
	return -1;
}

static enum spf_result
follow(struct spf *s, const struct frame *f, const struct spf_term *t)
{
	const struct spf_macros with = { s, f->domain };
	char name[SPF_NAME_MAX];
	enum spf_result r;

	if (count(s) != SPF_NONE)
		return SPF_PERMERROR;
	if (s->survey && spf_has_macro(t->domain))
		return SPF_NEUTRAL;
	if (spf_expand(&with, t->domain, name) != 0)
		return because(s, SPF_PERMERROR, "redirect= names no valid domain");
	r = other_record(s, f, str_of(name));
	if (r != SPF_NONE)
		return r;
	return because(s, SPF_PERMERROR, "redirect=%.160s: there is no record", name);
}

static enum spf_result
evaluate(struct spf *s, const struct frame *f, struct str record)
{
	struct spf_term t, redirect;
	struct str rest = str_skip(record, 6);
	char err[SPF_TEXT_MAX];
	bool all = false;

	if (examine(s, rest, &redirect) != 0)
		return SPF_PERMERROR;
	while (spf_term_next(&rest, &t, err, sizeof(err)) == 1) {
		enum spf_result r;

		/* Behind "all" nothing is looked at (5.1). */
		if (all || t.kind == SPF_T_UNKNOWN || t.kind == SPF_T_EXP ||
		    t.kind == SPF_T_REDIRECT)
			continue;
		all |= t.kind == SPF_T_ALL;
		r = match(s, f, &t);
		if (r == SPF_PASS)
			return because(s, t.result, "%.*s of %.160s",
			    t.text.len < SHOWN_MAX ? (int)t.text.len : SHOWN_MAX,
			    t.text.p, f->domain.p);
		if (r != SPF_NONE)
			return r;
	}
	if (redirect.kind == SPF_T_REDIRECT && !all)
		return follow(s, f, &redirect);
	return because(s, SPF_NEUTRAL, "no term of %.160s matches", f->domain.p);
}

/* The one record among the texts; NULL with why and the result. */
static const struct dns_value *
record_of(struct spf *s, const struct dns_answer *a, enum spf_result *r)
{
	const struct dns_value *record = NULL;

	*r = because(s, SPF_NONE, "there is no record");
	for (size_t i = 0; i < a->n; i++) {
		if (!spf_is(a->v[i].data))
			continue;
		if (record != NULL) {
			*r = because(s, SPF_PERMERROR,
			    "there is more than one record that begins with v=spf1");
			return NULL;
		}
		record = &a->v[i];
	}
	return record;
}

static enum spf_result
walk(struct spf *s, const struct frame *f)
{
	const struct dns_answer *a;
	const struct dns_value *record;
	struct buf shown;
	enum spf_result r;

	if (!dns_name_ok(f->domain) || str_find(f->domain, '.') == f->domain.len)
		return because(s, SPF_NONE, "no valid domain");
	a = s->ask(s->self, DNS_TXT, f->domain);
	s->questions++;
	if (dns_unknown(a->status))
		return because(s, SPF_TEMPERROR, "TXT of %.160s: %s", f->domain.p,
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
	return evaluate(s, f, record->data);
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
		return because(s, SPF_NONE, "no valid domain");
	memcpy(name, domain.p, domain.len);
	name[domain.len] = '\0';
	top.domain = str_make(name, domain.len);
	return walk(s, &top);
}
