/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarcrec.h - the records of DMARC (RFC 7489 6.3) and BIMI (draft-brand-indicators):
 * _dmarc.DOMAIN and SELECTOR._bimi.DOMAIN.  Pure.
 *
 * libopendmarc reads the first kind, but asks DNS itself, wants a list of public
 * suffixes in a file of its own and gives no reasons; what is left to do is a list of
 * tags.
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
	struct str rua, ruf; /* as they stand; point into the text */
};

/* Begins as a record of DMARC; other TXT records of the name are nobody's business. */
bool dmarcrec_is(struct str text);
/*
 * 0; 1 with a sentence in err: faulty, but receivers go by it, as by *r; -1 with a
 * sentence in err: they do not.  Tags that are not known are left out of account.
 *
 * Faulty is nothing between two semicolons, which the grammar forbids and parsers skip,
 * and a p= or sp= that is missing or none: p=none then, where rua= names somebody (RFC
 * 7489 6.6.3, 6).
 */
int dmarcrec_read(struct dmarcrec *, struct str text, char *err, size_t errlen);

struct bimirec {
	struct str logo;     /* l=: an https URL of a picture */
	struct str evidence; /* a=: of a certificate; "": none */
	bool declined;       /* both are empty: no picture, deliberately */
};

bool bimirec_is(struct str text);
int bimirec_read(struct bimirec *, struct str text, char *err, size_t errlen);

#endif
