/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_opendkim.c - a second opinion of a message's signatures, libopendkim's.
 *
 * dkim/dkimsig.h says why it is not the first one.  Where the two differ, receivers do.
 */
#include "cli/check/check_dns.h"

#include <stdio.h>
#include <string.h>

#include "dkim/verifier.h"

/* The names of the keys. */
struct names {
	char text[CHECK_SIGNATURES_MAX][2 * DNS_NAME_MAX];
};

static bool
verified(const struct check_signature *s)
{
	return !s->ours && s->sound && s->key.parsed;
}

/* The records as DNS gave them; they have been asked for, so nobody waits. */
static size_t
gather(struct check_dns *d, struct names *names, struct verifier_key *keys)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_sig && n < VERIFIER_SIGNATURES_MAX; i++) {
		const struct check_signature *s = &d->sig[i];
		const struct dns_answer *a;

		if (!verified(s))
			continue;
		snprintf(names->text[n], sizeof(names->text[n]), "%.*s._domainkey.%.*s",
		    (int)s->selector.len, s->selector.p, (int)s->domain.len,
		    s->domain.p);
		a = dns_ask(d->dns, DNS_TXT, str_of(names->text[n]));
		if (a->n != 1)
			continue;
		keys[n] =
		    (struct verifier_key) { str_of(names->text[n]), a->v[0].data };
		n++;
	}
	return n;
}

static void
add(struct dnslook_finding *f, const char *text, const char *why)
{
	size_t used = strlen(f->text);

	snprintf(f->text + used, sizeof(f->text) - used, "%s%s", text, why);
}

static void
compare(struct dnslook_finding *holds, const struct verifier_signature *other)
{
	bool pass = holds->word == DNSLOOK_PASS;

	if (pass && other->passed) {
		add(holds, ", libopendkim agrees", "");
	} else if (pass) {
		holds->word = DNSLOOK_WARN;
		add(holds, ", but libopendkim, which many receivers run, says: ",
		    other->why[0] != '\0' ? other->why : "it does not");
	} else if (other->passed) {
		add(holds, "; libopendkim, which many receivers run, takes it", "");
	}
}

void
check_opendkim(struct check_dns *d)
{
	struct verifier_key keys[VERIFIER_SIGNATURES_MAX];
	struct verifier_signature answer[VERIFIER_SIGNATURES_MAX];
	static struct names names; /* large */
	bool used[VERIFIER_SIGNATURES_MAX] = { false };
	size_t n_keys = gather(d, &names, keys), n;
	char err[128];

	if (n_keys == 0)
		return;
	if (verifier_ask(buf_str(&d->message), keys, n_keys, answer, &n, err,
		sizeof(err)) != 0) {
		explain_note(&d->check->mail,
		    "libopendkim's verifier, asked in a process of its own: %s", err);
		return;
	}
	for (size_t i = 0; i < d->n_sig; i++) {
		struct check_signature *s = &d->sig[i];

		for (size_t k = 0; verified(s) && k < n; k++)
			if (!used[k] &&
			    str_caseeq(str_of(answer[k].domain), s->domain) &&
			    str_caseeq(str_of(answer[k].selector), s->selector)) {
				used[k] = true;
				compare(&s->holds, &answer[k]);
				break;
			}
	}
}
