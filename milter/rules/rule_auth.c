/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_auth.c - rules about whose domains stand on a message.
 *
 * Whether a signature verifies needs its key, which is in DNS; whether it is there and
 * whose it claims to be does not.
 */
#include "rules/rule_check.h"

#include "mail/psl.h"
#include "rules/provider.h"

/* Lower case, without the last dot, into out; false: not a name that fits. */
static bool
plain_name(struct str name, char out[ADDR_DOMAIN_MAX + 1])
{
	if (str_ends(name, STR(".")))
		name.len--;
	if (name.len == 0 || name.len > ADDR_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '\0')
			return false;
		out[i] = ascii_lower(name.p[i]);
	}
	out[name.len] = '\0';
	return true;
}

bool
rule_aligned(struct str a, struct str b)
{
	char x[ADDR_DOMAIN_MAX + 1], y[ADDR_DOMAIN_MAX + 1];
	const char *p, *q;

	if (str_caseeq(a, b) && a.len > 0)
		return true;
	if (!plain_name(a, x) || !plain_name(b, y))
		return false;
	p = psl_org(x);
	q = psl_org(y);
	return p != NULL && q != NULL && str_eq(str_of(p), str_of(q));
}

static bool
has_aligned(const struct rule_facts *f)
{
	for (size_t i = 0; i < f->n_sig; i++)
		if (rule_aligned(f->sig[i].domain, f->from_box.domain))
			return true;
	return false;
}

enum rule_verdict
rule_check_freemail(const struct rule_facts *f, struct buf *why)
{
	if (f->from != ADDR_OK)
		return RULE_NOT_APPLICABLE;
	/* A freemail provider signs its own mail. */
	if (provider_of(f->from_box.domain) == PROVIDER_OTHER || has_aligned(f))
		return RULE_OK;
	rule_bad(why, "From is an address at ");
	rule_quote(why, f->from_box.domain);
	return RULE_BAD;
}

enum rule_verdict
rule_check_dkim(const struct rule_facts *f, struct buf *why)
{
	if (f->n_sig == 0)
		return rule_bad(why, "there is no DKIM-Signature");
	for (size_t i = 0; i < f->n_sig; i++)
		if (!f->sig[i].ed25519)
			return RULE_OK;
	/* RFC 8463 has asked verifiers for Ed25519 since 2018; Gmail, Yahoo and
	 * Microsoft do not verify it. */
	return rule_bad(
	    why, "signed by Ed25519 alone, which the large providers do not verify");
}

enum rule_verdict
rule_check_aligned(const struct rule_facts *f, struct buf *why)
{
	if (f->n_sig == 0 || f->from != ADDR_OK)
		return RULE_NOT_APPLICABLE;
	if (has_aligned(f))
		return RULE_OK;
	rule_bad(why, "signed by ");
	rule_quote(why, f->sig[0].domain);
	rule_bad(why, ", From is of ");
	rule_quote(why, f->from_box.domain);
	return RULE_BAD;
}

enum rule_verdict
rule_check_envelope(const struct rule_facts *f, struct buf *why)
{
	if (f->sender_domain.len == 0 || f->from != ADDR_OK)
		return RULE_NOT_APPLICABLE;
	if (rule_aligned(f->sender_domain, f->from_box.domain))
		return RULE_OK;
	rule_bad(why, "the envelope sender is of ");
	rule_quote(why, f->sender_domain);
	rule_bad(why, ", From is of ");
	rule_quote(why, f->from_box.domain);
	return RULE_BAD;
}
