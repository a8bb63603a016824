/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslook.c - judges DKIM keys, SPF, DMARC and BIMI.  See the header.
 *
 * Each judgement has the same two steps: dnslook_ask() fetches the record, and fills
 * the finding itself when there is none; then a judge_*() function goes through what
 * can be wrong with it, worst first, so that the first sentence that applies is the
 * finding.
 */
#include "dns/dnslook.h"

#include <stdarg.h>
#include <stdio.h>

#include "dkim/pubkey.h"
#include "dns/dnslook_parts.h"
#include "mail/psl.h"

#define RSA_BITS_MIN 1024
#define RSA_BITS_WISE 2048
#define RSA_BITS_MAX 4096

const char *
dnslook_word(enum dnslook_word w)
{
	static const char *const words[] = { "pass", "none", "warn", "unknown",
		"fail" };

	return words[w];
}

void
dnslook_say(struct dnslook_finding *f, enum dnslook_word word, const char *fmt, ...)
{
	va_list ap;

	f->word = word;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

bool
dnslook_name(char out[DNSLOOK_NAME_MAX], const char *prefix, struct str domain)
{
	if (str_ends(domain, STR(".")))
		domain.len--;
	snprintf(out, DNSLOOK_NAME_MAX, "%s%.*s", prefix,
	    domain.len <= DNS_NAME_MAX ? (int)domain.len : 0, domain.p);
	return domain.len <= DNS_NAME_MAX && dns_name_ok(str_of(out));
}

const struct dns_answer *
dnslook_ask(const struct dnslook *l, enum dns_type type, const char *name,
    enum dnslook_word nothing, struct dnslook_finding *f)
{
	static const struct dns_answer none = { .status = DNS_BAD_NAME };
	const struct dns_answer *a =
	    dns_name_ok(str_of(name)) ? l->ask(l->self, type, str_of(name)) : &none;

	if (a->status != DNS_FOUND)
		dnslook_say(f, dns_unknown(a->status) ? DNSLOOK_UNKNOWN : nothing,
		    "%s of %s: %s", dns_type_name(type), name,
		    dns_status_text(a->status));
	return a;
}

/* ==== DKIM ==== */

static void
judge_rsa(struct dnslook_key *k, const char *name)
{
	if (k->bits < RSA_BITS_MIN)
		dnslook_say(&k->f, DNSLOOK_FAIL,
		    "%s: an RSA key of %u bits, which no provider verifies", name,
		    k->bits);
	else if (k->bits < RSA_BITS_WISE)
		dnslook_say(&k->f, DNSLOOK_WARN,
		    "%s: an RSA key of %u bits, thought too short: use %d", name,
		    k->bits, RSA_BITS_WISE);
	else if (k->bits > RSA_BITS_MAX)
		dnslook_say(&k->f, DNSLOOK_WARN,
		    "%s: an RSA key of %u bits, which many verifiers refuse: use %d",
		    name, k->bits, RSA_BITS_WISE);
	else
		dnslook_say(&k->f, DNSLOOK_PASS, "%s: RSA, %u bits%s", name, k->bits,
		    k->compared ? ", the public half of our key" : "");
}

/* Judges a record that was parsed: is it usable, and does it belong to our key? */
static void
judge_key(struct dnslook_key *k, const char *name, const void *own)
{
	char err[DNSLOOK_TEXT_MAX / 2] = "";

	if (k->rec.key_len == 0)
		dnslook_say(&k->f, DNSLOOK_FAIL, "%s: revoked, p= is empty", name);
	else if (k->rec.type == DKIMREC_OTHER)
		dnslook_say(
		    &k->f, DNSLOOK_FAIL, "%s: k= is neither rsa nor ed25519", name);
	else if (!k->rec.sha256 || !k->rec.email)
		dnslook_say(&k->f, DNSLOOK_FAIL, "%s: %s", name,
		    !k->rec.sha256 ? "h= does not allow sha256"
				   : "s= does not allow email");
	else if (pubkey_look(&k->rec, own, &k->bits, &k->matches, err, sizeof(err)) !=
	    0)
		dnslook_say(&k->f, DNSLOOK_FAIL, "%s: %s", name, err);
	else if ((k->compared = own != NULL) && !k->matches)
		dnslook_say(&k->f, DNSLOOK_FAIL,
		    "%s: the published key is not the public half of ours, so our signatures do not verify",
		    name);
	else if (k->rec.testing)
		dnslook_say(&k->f, DNSLOOK_WARN,
		    "%s: t=y marks it as a test, so verifiers treat its mail as unsigned",
		    name);
	else if (k->rec.type == DKIMREC_RSA)
		judge_rsa(k, name);
	else
		dnslook_say(&k->f, DNSLOOK_PASS, "%s: Ed25519%s", name,
		    k->compared ? ", the public half of our key" : "");
}

void
dnslook_key(const struct dnslook *l, struct str domain, struct str selector,
    const void *own, struct dnslook_key *k)
{
	char name[DNSLOOK_NAME_MAX], prefix[DNSLOOK_NAME_MAX / 2];
	char err[DNSLOOK_TEXT_MAX / 2];
	const struct dns_answer *a;

	*k = (struct dnslook_key) { .published = false };
	snprintf(prefix, sizeof(prefix), "%.*s._domainkey.",
	    selector.len < 200 ? (int)selector.len : 0, selector.p);
	if (selector.len >= 200 || !dnslook_name(name, prefix, domain)) {
		dnslook_say(&k->f, DNSLOOK_FAIL,
		    "selector and domain do not form a valid DNS name");
		return;
	}
	a = dnslook_ask(l, DNS_TXT, name, DNSLOOK_FAIL, &k->f);
	if (a->status != DNS_FOUND)
		return;
	k->published = true;
	if (a->n > 1) {
		dnslook_say(&k->f, DNSLOOK_FAIL,
		    "%s: %zu TXT records, expected one (RFC 6376 3.6.2.2)", name, a->n);
		return;
	}
	if (dkimrec_read(&k->rec, a->v[0].data, err, sizeof(err)) != 0) {
		dnslook_say(&k->f, DNSLOOK_FAIL, "%s: %s", name, err);
		return;
	}
	k->parsed = true;
	judge_key(k, name, own);
}

/* ==== SPF ==== */

static void
judge_survey(const struct spf *s, struct dnslook_spf *out, const char *name)
{
	if (s->lookups > SPF_LOOKUPS_MAX)
		dnslook_say(&out->f, DNSLOOK_FAIL,
		    "%s: up to %u%s look-ups, of which %d are allowed", name,
		    s->lookups, s->lookups >= 39 ? " or more" : "", SPF_LOOKUPS_MAX);
	else if (s->voids > SPF_VOIDS_MAX)
		dnslook_say(&out->f, DNSLOOK_FAIL,
		    "%s: %u void look-ups, of which %d are allowed", name, s->voids,
		    SPF_VOIDS_MAX);
	else if (s->pass_all)
		dnslook_say(&out->f, DNSLOOK_FAIL,
		    "%s: +all lets the whole world send as this domain", name);
	else
		dnslook_say(&out->f, DNSLOOK_PASS,
		    "%s: %u of %d look-ups, %u of %d void", name, s->lookups,
		    SPF_LOOKUPS_MAX, s->voids, SPF_VOIDS_MAX);
}

void
dnslook_spf(const struct dnslook *l, struct str domain, struct dnslook_spf *out)
{
	struct spf s = { .ask = l->ask,
		.self = l->self,
		.local = STR(""),
		.sender_domain = STR(""),
		.helo = STR(""),
		.survey = true };
	char name[DNSLOOK_NAME_MAX];

	*out = (struct dnslook_spf) { .lookups = 0 };
	if (!dnslook_name(name, "", domain)) {
		dnslook_say(
		    &out->f, DNSLOOK_FAIL, "the domain is not a valid DNS name");
		return;
	}
	switch (spf_check(&s, str_of(name))) {
	case SPF_NONE:
		dnslook_say(&out->f, DNSLOOK_FAIL, "%s: %s", name, s.why);
		break;
	case SPF_TEMPERROR:
		dnslook_say(&out->f, DNSLOOK_UNKNOWN, "%s: %s", name, s.why);
		break;
	case SPF_PERMERROR:
		dnslook_say(&out->f, DNSLOOK_FAIL, "%s: %s", name, s.why);
		break;
	default:
		judge_survey(&s, out, name);
	}
	out->lookups = s.lookups;
	out->voids = s.voids;
	out->found = s.record[0] != '\0';
}

/* ==== DMARC ==== */

/*
 * Reads the record at _dmarc.DOMAIN.  Returns false if there is none, with the reason
 * in d->f.  Two records count as found, although d->found stays false: receivers then
 * ignore both and do not look at the organizational domain either.
 */
static bool
dmarc_at(const struct dnslook *l, struct str domain, struct dnslook_dmarc *d)
{
	char name[DNSLOOK_NAME_MAX], err[DNSLOOK_TEXT_MAX / 2];
	const struct dns_answer *a;
	size_t n = 0, which = 0;
	int rc;

	d->at = domain;
	if (!dnslook_name(name, "_dmarc.", domain)) {
		dnslook_say(&d->f, DNSLOOK_FAIL, "the domain is not a valid DNS name");
		return false;
	}
	a = dnslook_ask(l, DNS_TXT, name, DNSLOOK_FAIL, &d->f);
	for (size_t i = 0; i < a->n; i++)
		if (dmarcrec_is(a->v[i].data)) {
			n++;
			which = i;
		}
	if (n != 1) {
		if (a->status == DNS_FOUND)
			dnslook_say(&d->f, DNSLOOK_FAIL,
			    n == 0 ? "%s: none of its records begins with v=DMARC1"
				   : "%s: more than one record begins with v=DMARC1",
			    name);
		return n > 1;
	}
	rc = dmarcrec_read(&d->rec, a->v[which].data, err, sizeof(err));
	d->found = rc >= 0;
	d->faulty = rc > 0;
	if (rc != 0)
		dnslook_say(&d->f, rc < 0 ? DNSLOOK_FAIL : DNSLOOK_WARN, "%s: %s%s",
		    name, rc < 0 ? "" : "receivers apply it, but ", err);
	return true;
}

static void
judge_dmarc(struct dnslook_dmarc *d)
{
	struct str rua = d->rec.rua;

	for (; rua.len > 0; rua = str_skip(rua, 1))
		d->reports |= str_casestarts(rua, STR("mailto:"));
	if (d->faulty)
		return;
	if (!d->reports)
		dnslook_say(&d->f, DNSLOOK_WARN,
		    "_dmarc.%.*s: p=%s without rua=mailto:, so nobody gets reports",
		    (int)d->at.len, d->at.p, dmarcrec_policy_name(d->policy));
	else
		dnslook_say(&d->f, DNSLOOK_PASS, "_dmarc.%.*s: policy %s",
		    (int)d->at.len, d->at.p, dmarcrec_policy_name(d->policy));
}

static struct str
org_of(struct str domain, char out[DNSLOOK_NAME_MAX])
{
	const char *org;

	if (!dnslook_name(out, "", domain))
		return domain;
	for (size_t i = 0; out[i] != '\0'; i++)
		out[i] = ascii_lower(out[i]);
	org = psl_org(out);
	return org == NULL ? domain : str_skip(domain, (size_t)(org - out));
}

void
dnslook_dmarc(const struct dnslook *l, struct str from, struct dnslook_dmarc *d)
{
	char lower[DNSLOOK_NAME_MAX];
	struct str org = org_of(from, lower);

	*d = (struct dnslook_dmarc) { .at = from };
	if (!dmarc_at(l, from, d) && d->f.word == DNSLOOK_FAIL && org.len < from.len)
		dmarc_at(l, org, d);
	if (!d->found)
		return;
	d->policy = str_caseeq(d->at, from) ? d->rec.p : d->rec.sp;
	judge_dmarc(d);
}

bool
dnslook_aligned(struct str a, struct str b, bool strict)
{
	char x[DNSLOOK_NAME_MAX], y[DNSLOOK_NAME_MAX];

	if (a.len == 0 || b.len == 0)
		return false;
	return str_caseeq(a, b) || (!strict && str_caseeq(org_of(a, x), org_of(b, y)));
}

/* ==== BIMI ==== */

static void
judge_bimi(const struct bimirec *r, const struct dnslook_dmarc *dmarc, const char *name,
    struct dnslook_finding *f)
{
	if (r->declined)
		dnslook_say(
		    f, DNSLOOK_NOTHING, "%s: the domain asks for no picture", name);
	else if (!dmarc->found || dmarc->policy == DMARCREC_NONE ||
	    dmarc->rec.pct < 100)
		dnslook_say(f, DNSLOOK_WARN,
		    "%s: a picture is shown only with a DMARC policy of quarantine or reject for all mail",
		    name);
	else if (r->evidence.len == 0)
		dnslook_say(f, DNSLOOK_WARN,
		    "%s: a= names no certificate; Gmail and Apple show a picture only with one",
		    name);
	else
		dnslook_say(f, DNSLOOK_PASS, "%s: picture and certificate", name);
}

/* Returns the only BIMI record at a name, or NULL with the reason in f. */
static const struct dns_value *
bimi_at(const struct dnslook *l, const char *name, struct dnslook_finding *f)
{
	const struct dns_answer *a = dnslook_ask(l, DNS_TXT, name, DNSLOOK_NOTHING, f);
	const struct dns_value *record = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (bimirec_is(a->v[i].data)) {
			record = &a->v[i];
			n++;
		}
	if (n == 1)
		return record;
	if (n > 1)
		dnslook_say(f, DNSLOOK_WARN, "%s: more than one record", name);
	else if (a->status == DNS_FOUND)
		dnslook_say(f, DNSLOOK_NOTHING,
		    "%s: none of its records begins with v=BIMI1", name);
	return NULL;
}

void
dnslook_bimi(const struct dnslook *l, struct str from, struct str selector,
    const struct dnslook_dmarc *dmarc, struct dnslook_finding *f)
{
	char name[DNSLOOK_NAME_MAX], prefix[80], lower[DNSLOOK_NAME_MAX], err[200];
	struct str org = org_of(from, lower);
	const struct dns_value *record;
	struct bimirec r;

	snprintf(prefix, sizeof(prefix), "%.*s._bimi.",
	    selector.len < 64 ? (int)selector.len : 0, selector.p);
	if (selector.len >= 64 || !dnslook_name(name, prefix, from)) {
		dnslook_say(f, DNSLOOK_WARN,
		    "selector and domain do not form a valid DNS name");
		return;
	}
	record = bimi_at(l, name, f);
	if (record == NULL && f->word == DNSLOOK_NOTHING && org.len < from.len &&
	    dnslook_name(name, "default._bimi.", org))
		record = bimi_at(l, name, f);
	if (record == NULL)
		return;
	if (bimirec_read(&r, record->data, err, sizeof(err)) != 0)
		dnslook_say(f, DNSLOOK_WARN, "%s: %s", name, err);
	else
		judge_bimi(&r, dmarc, name, f);
}
