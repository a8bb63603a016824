/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslook.h - judges what DNS says about a sending domain: DKIM keys, SPF, DMARC, BIMI,
 * mail servers, and the names of addresses.  Pure.
 *
 * `metermark check`, `metermark key test` and the daemon's own checks share these
 * judgements.  Each fills a finding: a word, and half a sentence that says what was
 * found.
 */
#ifndef METERMARK_DNS_DNSLOOK_H
#define METERMARK_DNS_DNSLOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim/dkimrec.h"
#include "dns/dmarcrec.h"
#include "dns/dnsans.h"
#include "dns/spf.h"
#include "rules/rule.h"
#include "text/cidr.h"

#define DNSLOOK_TEXT_MAX 400

enum dnslook_word {
	DNSLOOK_PASS,
	DNSLOOK_NOTHING, /* nothing is published, which is allowed */
	DNSLOOK_WARN,
	DNSLOOK_UNKNOWN, /* DNS could not tell; a later attempt may */
	DNSLOOK_FAIL
};
/* "pass", "none", "warn", "unknown", "fail". */
const char *dnslook_word(enum dnslook_word);

struct dnslook_finding {
	enum dnslook_word word;
	char text[DNSLOOK_TEXT_MAX];
};
/* Sets the word and the text of a finding.  A text that is too long is cut. */
void dnslook_say(struct dnslook_finding *, enum dnslook_word, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

struct dnslook {
	dns_ask_fn ask;
	void *self;
};

/* ==== DKIM ==== */

struct dnslook_key {
	struct dnslook_finding f;
	bool published, parsed;
	struct dkimrec rec; /* valid if parsed */
	unsigned bits;      /* 0: not known */
	bool compared, matches;
};

/*
 * Judges the key at SELECTOR._domainkey.DOMAIN.  own is our private key, as
 * pubkey_look() takes it, or NULL.
 */
void dnslook_key(const struct dnslook *, struct str domain, struct str selector,
    const void *own, struct dnslook_key *);

/* ==== SPF ==== */

struct dnslook_spf {
	struct dnslook_finding f;
	unsigned lookups, voids;
	bool found;
};

/*
 * Judges the SPF record: is there one, is it valid, and does it stay within the limits
 * for any sender?
 */
void dnslook_spf(const struct dnslook *, struct str domain, struct dnslook_spf *);

/* ==== DMARC and BIMI ==== */

struct dnslook_dmarc {
	struct dnslook_finding f;
	bool found;   /* rec and policy are valid */
	bool faulty;  /* the record has a fault, which f names */
	bool reports; /* rua= names an address that gets reports */
	struct dmarcrec rec;
	enum dmarcrec_policy policy; /* for this domain: its own p=, or the sp= of its
	                                organizational domain */
	struct str at;               /* the domain whose record it is */
};

void dnslook_dmarc(const struct dnslook *, struct str from, struct dnslook_dmarc *);
/* Are two domains aligned for DMARC, strictly or relaxed? */
bool dnslook_aligned(struct str a, struct str b, bool strict);

void dnslook_bimi(const struct dnslook *, struct str from, struct str selector,
    const struct dnslook_dmarc *, struct dnslook_finding *);

/* ==== Hosts ==== */

/* Can the domain receive mail? */
void dnslook_mx(const struct dnslook *, struct str domain, struct dnslook_finding *);
/* Does the address have a name that resolves back to it? */
void dnslook_reverse(
    const struct dnslook *, const struct cidr_addr *, struct dnslook_finding *);

#endif
