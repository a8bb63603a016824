/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_result.c - the rules that DNS is asked about, and their results from findings.
 */
#include "cli/check/check_dns.h"

#include <stdio.h>
#include <string.h>

#define M RULE_DEMANDED
#define W RULE_WANTED
#define O RULE_NOT_ASKED
#define PROVIDERS "Gmail, Yahoo, Outlook and Apple, sender requirements"

/* Gmail, Yahoo, Outlook, Apple, RFC, as in rules/rule.c. */
static const struct {
	const char *id, *title, *reference, *fix;
	uint8_t demand[RULE_PROVIDERS];
} rules[CHECK_DNS_RULES] = {
	[CHECK_DNS_SPF] = { "spf", "has an envelope domain whose SPF record is sound",
	    "RFC 7208 4.6.4; " PROVIDERS,
	    "Publish one TXT record, v=spf1, that names your servers in ten look-ups or fewer and ends in -all or ~all",
	    { M, M, M, M, W } },
	[CHECK_DNS_KEY] = { "dkim-key", "has its DKIM keys published",
	    "RFC 6376 3.6.1; " PROVIDERS,
	    "Publish what metermark key record FILE prints, in one TXT record",
	    { M, M, M, M, M } },
	[CHECK_DNS_STRENGTH] = { "dkim-key-strength",
	    "has keys of 2048 bits or Ed25519",
	    "RFC 8301 3.2; Yahoo, Sender Best Practices",
	    "Make a new key with metermark key generate, under a new selector",
	    { W, W, W, W, W } },
	[CHECK_DNS_SIGNATURE] = { "dkim-valid", "has DKIM signatures that hold",
	    "RFC 6376 6.1; " PROVIDERS,
	    "Let nothing change the message after it was signed; keep metermark the last milter",
	    { M, M, M, M, O } },
	[CHECK_DNS_DMARC] = { "dmarc", "has a DMARC policy for the domain of its From",
	    "RFC 7489 6.3; " PROVIDERS,
	    "Publish at _dmarc.DOMAIN: v=DMARC1; p=none; rua=mailto:ADDRESS",
	    { M, M, M, W, O } },
	[CHECK_DNS_REPORTS] = { "dmarc-reports",
	    "has somebody who gets DMARC's reports",
	    "RFC 7489 7; Gmail, Email sender guidelines",
	    "Add rua=mailto:ADDRESS to the DMARC record", { W, W, O, O, O } },
	[CHECK_DNS_ALIGNED] = { "dmarc-pass", "passes DMARC, by DKIM or SPF",
	    "RFC 7489 4.2; " PROVIDERS,
	    "Sign as the domain of From, or use an envelope sender of it",
	    { M, M, M, W, O } },
	[CHECK_DNS_BIMI] = { "bimi", "has a sound BIMI record, if any",
	    "draft-brand-indicators-for-message-identification",
	    "Publish at default._bimi.DOMAIN: v=BIMI1; l=https://...svg; a=https://...pem, under an enforcing DMARC policy",
	    { W, W, O, W, O } },
	[CHECK_DNS_MX] = { "mx", "has domains that can receive answers and bounces",
	    "RFC 5321 5.1; RFC 7505; Outlook, high volume senders",
	    "Publish an MX record that leads to a server with an address",
	    { W, W, W, W, W } },
	[CHECK_DNS_REVERSE] = { "reverse-dns",
	    "comes from addresses whose names lead back to them", PROVIDERS,
	    "Have whoever gave you the address set its PTR record to a name whose A or AAAA record is the address",
	    { M, M, M, M, O } },
};

void
check_dns_result(
    struct check_dns *d, enum check_dns_rule rule, const struct dnslook_finding *f)
{
	struct check_result *r = check_add(d->check);

	if (r == NULL)
		return;
	r->id = rules[rule].id;
	r->title = rules[rule].title;
	r->reference = rules[rule].reference;
	r->fix = f->word == DNSLOOK_UNKNOWN
	    ? "Ask again later, or another name server with --resolver"
	    : rules[rule].fix;
	check_judge(r,
	    f->word == DNSLOOK_NOTHING    ? RULE_NOT_APPLICABLE
		: f->word == DNSLOOK_PASS ? RULE_OK
					  : RULE_BAD,
	    rules[rule].demand);
	for (size_t p = 0; p < RULE_PROVIDERS; p++)
		if (r->word[p] == CHECK_FAIL && f->word != DNSLOOK_FAIL)
			r->word[p] = CHECK_WARN;
	snprintf(r->reason, sizeof(r->reason), "%s%s",
	    f->word == DNSLOOK_UNKNOWN ? "could not be found out: " : "", f->text);
}

void
check_dns_merge(struct dnslook_finding *all, const struct dnslook_finding *one)
{
	size_t used = strlen(all->text);

	if (all->word == DNSLOOK_NOTHING || one->word > all->word) {
		*all = *one;
	} else if (one->word == all->word && strcmp(all->text, one->text) != 0) {
		snprintf(all->text + used, sizeof(all->text) - used, "%s%s",
		    used > 0 ? "; " : "", one->text);
	}
}
