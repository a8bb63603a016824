/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslook.h - what DNS says of a sending domain, judged: DKIM keys, SPF, DMARC, BIMI,
 * mail servers, names of addresses.  Pure.
 *
 * One set of judgements for all who look: `metermark check`, `metermark key test` and
 * the daemon's own rounds.  Each fills a finding: a word, and half a sentence that says
 * what was found.
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
	DNSLOOK_NOTHING, /* nothing is published, and need not be */
	DNSLOOK_WARN,
	DNSLOOK_UNKNOWN, /* DNS could not tell; another time it may */
	DNSLOOK_FAIL
};
/* "pass", "none", "warn", "unknown", "fail". */
const char *dnslook_word(enum dnslook_word);

struct dnslook_finding {
	enum dnslook_word word;
	char text[DNSLOOK_TEXT_MAX];
};
/* Make it that word, with a text that is cut where it is too long. */
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
	struct dkimrec rec; /* when parsed */
	unsigned bits;      /* 0: not known */
	bool compared, matches;
};

/* own: our private half, as pubkey_look() takes it, or NULL. */
void dnslook_key(const struct dnslook *, struct str domain, struct str selector,
    const void *own, struct dnslook_key *);

/* ==== SPF ==== */

struct dnslook_spf {
	struct dnslook_finding f;
	unsigned lookups, voids;
	bool found;
};

/* The record: there, sound, and within the limits whoever sends. */
void dnslook_spf(const struct dnslook *, struct str domain, struct dnslook_spf *);

/* ==== DMARC and BIMI ==== */

struct dnslook_dmarc {
	struct dnslook_finding f;
	bool found;   /* rec and policy hold */
	bool faulty;  /* by a record that is not sound, f tells */
	bool reports; /* somebody gets them */
	struct dmarcrec rec;
	enum dmarcrec_policy policy; /* for this domain: p=, or sp= of its parent */
	struct str at;               /* whose record it is */
};

void dnslook_dmarc(const struct dnslook *, struct str from, struct dnslook_dmarc *);
/* Relaxed or strict: are they the same for DMARC? */
bool dnslook_aligned(struct str a, struct str b, bool strict);

void dnslook_bimi(const struct dnslook *, struct str from, struct str selector,
    const struct dnslook_dmarc *, struct dnslook_finding *);

/* ==== Hosts ==== */

/* Can the domain receive mail? */
void dnslook_mx(const struct dnslook *, struct str domain, struct dnslook_finding *);
/* Has the address a name that leads back to it? */
void dnslook_reverse(
    const struct dnslook *, const struct cidr_addr *, struct dnslook_finding *);

#endif
