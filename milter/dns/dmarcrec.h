/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarcrec.h - reads the records of DMARC (RFC 7489 6.3) at _dmarc.DOMAIN and of BIMI
 * (draft-brand-indicators) at SELECTOR._bimi.DOMAIN.  Pure.
 *
 * libopendmarc reads DMARC records, but it asks DNS itself, needs a list of public
 * suffixes in a file of its own and gives no reasons.  Without these, what remains is a
 * list of tags, which dkim/taglist.h reads.
 */
#ifndef METERMARK_DNS_DMARCREC_H
#define METERMARK_DNS_DMARCREC_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

enum dmarcrec_policy { DMARCREC_NONE, DMARCREC_QUARANTINE, DMARCREC_REJECT };
/* "none". */
const char *dmarcrec_policy_name(enum dmarcrec_policy);

struct dmarcrec {
	enum dmarcrec_policy p, sp; /* sp: p unless it says otherwise */
	bool strict_dkim, strict_spf;
	unsigned pct;        /* 0 to 100 */
	struct str rua, ruf; /* as published; point into the text */
};

/*
 * True if the text begins as a record of DMARC.  Other TXT records of the same name are
 * ignored.
 */
bool dmarcrec_is(struct str text);
/*
 * Returns 0 if the record is sound; 1 with a sentence in err if it has a fault, but
 * receivers apply it as *r says; -1 with a sentence in err if receivers do not apply
 * it.  Unknown tags are ignored.
 *
 * Faults of the second kind are an empty tag (";;"), which the grammar forbids and
 * parsers skip, and a p= or sp= that is missing or invalid: receivers then assume
 * p=none, provided that rua= names somebody (RFC 7489 6.6.3, step 6).
 */
int dmarcrec_read(struct dmarcrec *, struct str text, char *err, size_t errlen);

struct bimirec {
	struct str logo;     /* l=: the https URL of the picture */
	struct str evidence; /* a=: the https URL of a certificate; "": none */
	bool declined;       /* l= and a= are both empty: the domain wants no picture */
};

bool bimirec_is(struct str text);
int bimirec_read(struct bimirec *, struct str text, char *err, size_t errlen);

#endif
