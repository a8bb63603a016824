/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dns.c - what DNS says of a message's domains, as results.  See check_dns.h.
 */
#include "cli/check/check_dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/term.h"
#include "dkim/taglist.h"
#include "dns/spf.h"

#define QUESTION_MS 4000
#define ALL_MS 20000

/* ==== SPF ==== */

static struct str
from_domain(const struct check_dns *d)
{
	const struct rule_facts *f = &d->check->facts;

	return f->from == ADDR_OK ? f->from_box.domain : STR("");
}

/* The envelope's domain, or that of From where no envelope is known. */
static struct str
spf_domain(const struct check_dns *d, bool *guessed)
{
	struct str domain = d->check->facts.sender_domain;

	*guessed = domain.len == 0 && !d->check->null_sender;
	return *guessed ? from_domain(d) : domain;
}

/* The local part of the sender that leaves; "" when only a domain is guessed. */
static struct str
spf_local(const struct check_dns *d)
{
	const struct check *c = d->check;
	struct str changed = c->mail.decision->sender.address;
	struct addr_path path;

	if (addr_path(changed.len > 0 ? changed : c->sender, &path) != ADDR_OK)
		return STR("");
	return path.local;
}

/* One sending address. */
static void
spf_of(struct check_dns *d, struct str domain, size_t i, struct dnslook_finding *f)
{
	struct spf s = { .ask = dns_ask,
		.self = d->dns,
		.ip = d->check->ip[i],
		.local = spf_local(d),
		.sender_domain = domain,
		.helo = STR("") };
	enum spf_result r = spf_check(&s, domain);

	dnslook_say(f,
	    r == SPF_PASS            ? DNSLOOK_PASS
		: r == SPF_TEMPERROR ? DNSLOOK_UNKNOWN
				     : DNSLOOK_FAIL,
	    "%s: %s by %s (%u look-ups, %u void)", d->check->ip_text[i],
	    spf_result_name(r), s.why, s.lookups, s.voids);
	d->spf_passed &= r == SPF_PASS;
	d->spf_unknown |= r == SPF_TEMPERROR;
}

static void
check_spf(struct check_dns *d)
{
	bool guessed;
	struct str domain = spf_domain(d, &guessed);
	struct dnslook_finding f = { .word = DNSLOOK_NOTHING }, one;
	struct dnslook_spf spf;

	if (domain.len == 0) {
		dnslook_say(&f, DNSLOOK_NOTHING,
		    "the null sender has the domain of HELO, which is not known here");
		check_dns_result(d, CHECK_DNS_SPF, &f);
		return;
	}
	dnslook_spf(&d->look, domain, &spf);
	f = spf.f;
	/* Not what is wrong with the record: receivers look no further than a match. */
	d->spf_passed = d->check->n_ip > 0;
	for (size_t i = 0; i < d->check->n_ip; i++) {
		spf_of(d, domain, i, &one);
		check_dns_merge(&f, &one);
	}
	if (guessed && f.word != DNSLOOK_PASS) {
		one = f;
		dnslook_say(&f, one.word,
		    "%.300s; no envelope sender is known (--from), so From was looked at",
		    one.text);
	}
	check_dns_result(d, CHECK_DNS_SPF, &f);
}

/* ==== DMARC and BIMI ==== */

/* A signature that passes and is of From's domain; or one that may. */
static bool
signature_aligns(const struct check_dns *d, bool *unknown)
{
	for (size_t i = 0; i < d->n_sig; i++) {
		const struct check_signature *s = &d->sig[i];

		if (!dnslook_aligned(
			s->domain, from_domain(d), d->dmarc.rec.strict_dkim))
			continue;
		if (check_signature_holds(s))
			return true;
		*unknown |=
		    (s->ours ? s->key.f.word : s->holds.word) == DNSLOOK_UNKNOWN;
	}
	return false;
}

static void
check_alignment(struct check_dns *d)
{
	bool unknown = false, guessed, spf;
	bool dkim = signature_aligns(d, &unknown);
	struct str domain = spf_domain(d, &guessed);
	struct dnslook_finding f;

	spf = !guessed &&
	    dnslook_aligned(domain, from_domain(d), d->dmarc.rec.strict_spf);
	unknown |= spf && d->spf_unknown;
	spf &= d->spf_passed;
	if (!d->dmarc.found)
		dnslook_say(&f, DNSLOOK_NOTHING, "there is no DMARC record to pass");
	else if (dkim || spf)
		dnslook_say(&f, DNSLOOK_PASS, "passes by %s",
		    dkim && spf ? "DKIM and SPF"
			: dkim  ? "DKIM"
				: "SPF");
	else
		dnslook_say(&f, unknown ? DNSLOOK_UNKNOWN : DNSLOOK_FAIL,
		    "no signature of From's domain holds%s",
		    d->check->n_ip > 0
			? ", and SPF does not pass for it"
			: "; whether SPF passes is not known without --ip");
	check_dns_result(d, CHECK_DNS_ALIGNED, &f);
}

static void
check_dmarc(struct check_dns *d)
{
	struct dnslook_finding policy, reports;

	dnslook_dmarc(&d->look, from_domain(d), &d->dmarc);
	reports = policy = d->dmarc.f;
	/* That nobody gets reports is a rule of its own. */
	if (policy.word == DNSLOOK_WARN && !d->dmarc.faulty)
		dnslook_say(&policy, DNSLOOK_PASS, "_dmarc.%.*s: policy %s",
		    (int)d->dmarc.at.len, d->dmarc.at.p,
		    dmarcrec_policy_name(d->dmarc.policy));
	if (d->dmarc.faulty)
		dnslook_say(&reports, d->dmarc.reports ? DNSLOOK_PASS : DNSLOOK_WARN,
		    "_dmarc.%.*s: policy %s, %s", (int)d->dmarc.at.len, d->dmarc.at.p,
		    dmarcrec_policy_name(d->dmarc.policy),
		    d->dmarc.reports ? "with rua=mailto:" : "and nobody gets reports");
	if (!d->dmarc.found)
		dnslook_say(&reports, DNSLOOK_NOTHING, "there is no DMARC record");
	check_dns_result(d, CHECK_DNS_DMARC, &policy);
	check_dns_result(d, CHECK_DNS_REPORTS, &reports);
}

/* s= of BIMI-Selector. */
static struct str
bimi_selector(const struct check_dns *d)
{
	const struct hdr_field *field =
	    hdr_first(d->check->facts.hdr, STR("BIMI-Selector"));
	struct str selector = STR("default");
	struct taglist l;
	char err[128];

	if (field != NULL && taglist_read(&l, field->value, err, sizeof(err)) == 0 &&
	    !taglist_get(&l, "s", &selector))
		selector = STR("default");
	return selector;
}

static void
check_bimi(struct check_dns *d)
{
	struct dnslook_finding f;

	dnslook_bimi(&d->look, from_domain(d), bimi_selector(d), &d->dmarc, &f);
	check_dns_result(d, CHECK_DNS_BIMI, &f);
}

/* ==== Hosts ==== */

static void
check_hosts(struct check_dns *d)
{
	struct dnslook_finding mx, reverse = { .word = DNSLOOK_NOTHING }, one;
	struct str envelope = d->check->facts.sender_domain;
	char text[DNSLOOK_TEXT_MAX];

	dnslook_mx(&d->look, from_domain(d), &mx);
	if (envelope.len > 0 && !str_caseeq(envelope, from_domain(d))) {
		dnslook_mx(&d->look, envelope, &one);
		check_dns_merge(&mx, &one);
	}
	check_dns_result(d, CHECK_DNS_MX, &mx);
	for (size_t i = 0; i < d->check->n_ip; i++) {
		dnslook_reverse(&d->look, &d->check->ip[i], &one);
		snprintf(text, sizeof(text), "%s: %.*s", d->check->ip_text[i],
		    (int)sizeof(text) - 60, one.text);
		snprintf(one.text, sizeof(one.text), "%s", text);
		check_dns_merge(&reverse, &one);
	}
	if (d->check->n_ip == 0)
		dnslook_say(
		    &reverse, DNSLOOK_NOTHING, "no sending address is known (--ip)");
	check_dns_result(d, CHECK_DNS_REVERSE, &reverse);
}

/* ==== All of it ==== */

static void
want(struct check_dns *d, enum dns_type type, const char *prefix, struct str domain)
{
	char name[2 * DNS_NAME_MAX];

	if (domain.len == 0 || domain.len > DNS_NAME_MAX)
		return;
	snprintf(name, sizeof(name), "%s%.*s", prefix, (int)domain.len, domain.p);
	dns_want(d->dns, type, str_of(name));
}

static void
send_all(struct check_dns *d)
{
	bool guessed;
	struct str from = from_domain(d), spf = spf_domain(d, &guessed);

	want(d, DNS_TXT, "_dmarc.", from);
	want(d, DNS_TXT, "", spf);
	want(d, DNS_TXT, "default._bimi.", from);
	want(d, DNS_MX, "", from);
	want(d, DNS_MX, "", spf);
}

/* Where DNS was not asked for, it is left out when nobody answers. */
static bool
anybody_there(struct check_dns *d)
{
	char name[2 * DNS_NAME_MAX];
	struct str from = from_domain(d);

	if (d->check->dns_wanted)
		return true;
	snprintf(name, sizeof(name), "_dmarc.%.*s",
	    from.len <= DNS_NAME_MAX ? (int)from.len : 0, from.p);
	dns_ask(d->dns, DNS_TXT, str_of(name));
	if (!dns_alive(d->dns))
		explain_note(&d->check->mail,
		    "no name server answers, so what DNS says was left out");
	return dns_alive(d->dns);
}

static int
ask_all(struct check_dns *d)
{
	if (check_dkim_begin(d) != 0) {
		term_say("out of memory");
		return EX_OSERR;
	}
	if (from_domain(d).len == 0) {
		explain_note(&d->check->mail,
		    "there is no domain in From, so DNS was not asked");
		return EX_OK;
	}
	send_all(d);
	if (!anybody_there(d))
		return EX_OK;
	check_spf(d);
	check_dkim(d);
	check_dmarc(d);
	check_alignment(d);
	check_bimi(d);
	check_hosts(d);
	return EX_OK;
}

int
check_dns(struct check *c)
{
	const struct dns_settings settings = {
		.resolver = c->resolver != NULL ? c->resolver : c->mail.conf.resolver,
		.question_ms = QUESTION_MS,
		.all_ms = ALL_MS
	};
	struct check_dns *d = calloc(1, sizeof(*d));
	char err[256] = "out of memory";
	int status = EX_OSERR;

	if (d != NULL) {
		d->check = c;
		buf_init(&d->message, 2 * EXPLAIN_MESSAGE_MAX);
		d->dns = dns_new(&settings, err, sizeof(err));
	}
	if (d == NULL || d->dns == NULL) {
		term_say("%s", err);
	} else {
		d->look = (struct dnslook) { dns_ask, d->dns };
		status = ask_all(d);
		dns_free(d->dns);
	}
	if (d != NULL)
		buf_fini(&d->message);
	free(d);
	return status;
}
