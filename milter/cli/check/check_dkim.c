/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dkim.c - the signatures of a message: keys in DNS, and whether they hold.
 */
#include "cli/check/check_dns.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dkim/keyring.h"
#include "dkim/pubkey.h"

/* ==== The message as it is signed ==== */

static bool
is_signature(struct str field)
{
	struct str name = str_trim(str_make(field.p, str_find(field, ':')));

	return str_caseeq(name, STR("DKIM-Signature"));
}

static void
ask_for_key(struct check_dns *d, const struct check_signature *s)
{
	char name[2 * DNS_NAME_MAX];

	if (s->domain.len + s->selector.len > DNS_NAME_MAX)
		return;
	snprintf(name, sizeof(name), "%.*s._domainkey.%.*s", (int)s->selector.len,
	    s->selector.p, (int)s->domain.len, s->domain.p);
	dns_want(d->dns, DNS_TXT, str_of(name));
}

/* The file that the settings name for the key; NULL: none. */
static const char *
own_file(const struct conf *c, const struct check_signature *s)
{
	for (size_t i = 0; i < c->n_domains; i++)
		for (size_t k = 0; k < c->domains[i].n_keys; k++)
			if (str_caseeq(str_of(c->domains[i].name), s->domain) &&
			    str_caseeq(
				str_of(c->domains[i].keys[k].selector), s->selector))
				return c->domains[i].keys[k].file;
	return NULL;
}

/* Those that the settings would have made. */
static void
add_ours(struct check_dns *d)
{
	const struct explain_signer *signer = &d->check->mail.signer;

	for (size_t i = 0; i < signer->n_keys; i++) {
		struct check_signature *s = &d->sig[d->n_sig++];

		*s = (struct check_signature) { .domain = str_of(
						    signer->keys[i].domain->name),
			.selector = str_of(signer->keys[i].key->selector),
			.ours = true,
			.file = signer->keys[i].key->file };
		ask_for_key(d, s);
	}
}

static void
add_theirs(struct check_dns *d, size_t self)
{
	struct check_signature *s = &d->sig[d->n_sig++];
	struct str text = d->field[self].text;
	char err[DNSLOOK_TEXT_MAX / 2];

	*s = (struct check_signature) { .domain = STR(""), .self = self };
	s->sound = dkimsig_read(&s->sig, str_skip(text, str_find(text, ':') + 1), err,
		       sizeof(err)) == 0;
	if (!s->sound) {
		s->holds.word = DNSLOOK_FAIL;
		snprintf(s->holds.text, sizeof(s->holds.text), "%s", err);
		return;
	}
	s->domain = s->sig.domain;
	s->selector = s->sig.selector;
	s->file = own_file(&d->check->mail.conf, s);
	ask_for_key(d, s);
}

int
check_dkim_begin(struct check_dns *d)
{
	const struct rule_facts *f = &d->check->facts;
	bool ours = false;

	explain_mail_wire(&d->check->mail, &d->message);
	if (buf_failed(&d->message))
		return -1;
	d->n_fields =
	    dkimsig_split(buf_str(&d->message), d->field, CHECK_FIELDS_MAX, &d->body);
	for (size_t i = 0; i < f->n_sig; i++)
		ours |= f->sig[i].ours;
	if (ours)
		add_ours(d);
	for (size_t i = 0; i < d->n_fields && d->n_sig < CHECK_SIGNATURES_MAX; i++)
		if (is_signature(d->field[i].text))
			add_theirs(d, i);
	return 0;
}

/* ==== Keys ==== */

static void
look_at_key(struct check_dns *d, struct check_signature *s)
{
	struct keyring_key own;
	char err[512], warn[512];
	bool known = s->file != NULL &&
	    keyring_decode(s->file, d->check->mail.conf.user, &own, err, sizeof(err),
		warn, sizeof(warn)) == 0;

	dnslook_key(&d->look, s->domain, s->selector, known ? own.pkey : NULL, &s->key);
	if (known)
		keyring_key_fini(&own);
}

/* ==== Signatures ==== */

bool
check_signature_holds(const struct check_signature *s)
{
	if (!s->ours)
		return s->holds.word == DNSLOOK_PASS;
	return s->key.f.word == DNSLOOK_PASS ||
	    (s->key.f.word == DNSLOOK_WARN && !s->key.rec.testing);
}

/*
 * One that holds is enough; others that do not are odd.  It has to be RSA: the large
 * providers verify nothing else.
 */
static void
soften(const struct check_dns *d, struct dnslook_finding *f)
{
	for (size_t i = 0; i < d->n_sig && f->word == DNSLOOK_FAIL; i++)
		if (d->sig[i].key.rec.type == DKIMREC_RSA &&
		    check_signature_holds(&d->sig[i]))
			f->word = DNSLOOK_WARN;
}

/* A key that is short, or a test, is there all the same. */
static void
tell_keys(struct check_dns *d)
{
	struct dnslook_finding keys = { .word = DNSLOOK_NOTHING }, strength = keys;

	for (size_t i = 0; i < d->n_sig; i++) {
		struct dnslook_finding one = d->sig[i].key.f;

		if (!d->sig[i].ours && !d->sig[i].sound)
			continue;
		if (one.word == DNSLOOK_WARN)
			one.word = DNSLOOK_PASS;
		check_dns_merge(&keys, &one);
		if (d->sig[i].key.bits > 0)
			check_dns_merge(&strength, &d->sig[i].key.f);
	}
	if (keys.word == DNSLOOK_NOTHING)
		snprintf(keys.text, sizeof(keys.text), "there is no signature");
	if (strength.word == DNSLOOK_NOTHING)
		snprintf(strength.text, sizeof(strength.text), "there is no key");
	soften(d, &keys);
	check_dns_result(d, CHECK_DNS_KEY, &keys);
	check_dns_result(d, CHECK_DNS_STRENGTH, &strength);
}

static void
verify(struct check_dns *d, struct check_signature *s)
{
	char err[DNSLOOK_TEXT_MAX / 2];
	int rc;

	if (!s->key.parsed) {
		s->holds = s->key.f;
		return;
	}
	rc = dkimsig_verify(&s->sig, &s->key.rec, d->field, d->n_fields, s->self,
	    d->body, (int64_t)time(NULL), err, sizeof(err));
	s->holds.word = rc == 0 ? DNSLOOK_PASS : DNSLOOK_FAIL;
	snprintf(s->holds.text, sizeof(s->holds.text), "%.*s/%.*s: %s",
	    s->domain.len < 100 ? (int)s->domain.len : 0, s->domain.p,
	    s->selector.len < 64 ? (int)s->selector.len : 0, s->selector.p,
	    rc == 0 ? "the signature holds" : err);
}

void
check_dkim(struct check_dns *d)
{
	struct dnslook_finding all = { .word = DNSLOOK_NOTHING };

	for (size_t i = 0; i < d->n_sig; i++)
		if (d->sig[i].ours || d->sig[i].sound)
			look_at_key(d, &d->sig[i]);
	for (size_t i = 0; i < d->n_sig; i++)
		if (!d->sig[i].ours && d->sig[i].sound)
			verify(d, &d->sig[i]);
	check_opendkim(d);
	tell_keys(d);
	for (size_t i = 0; i < d->n_sig; i++)
		if (!d->sig[i].ours)
			check_dns_merge(&all, &d->sig[i].holds);
	soften(d, &all);
	if (all.word == DNSLOOK_NOTHING)
		snprintf(all.text, sizeof(all.text),
		    "there is no signature in it that could be verified");
	check_dns_result(d, CHECK_DNS_SIGNATURE, &all);
}
