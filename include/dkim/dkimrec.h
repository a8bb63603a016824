/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkimrec.h - the record that publishes a DKIM key, SELECTOR._domainkey.DOMAIN (RFC
 * 6376 3.6.1, RFC 8463 4.2).  Pure.
 *
 * A parser of our own: libopendkim's tells no more than that a record is bad, and the
 * operator wants to know in which character.
 */
#ifndef METERMARK_DKIM_DKIMREC_H
#define METERMARK_DKIM_DKIMREC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* RSA of 16384 bits; no verifier takes more. */
#define DKIMREC_KEY_MAX 2200

enum dkimrec_type { DKIMREC_RSA, DKIMREC_ED25519, DKIMREC_OTHER };

struct dkimrec {
	enum dkimrec_type type;
	struct str type_name; /* k=; points into the text */
	uint8_t key[DKIMREC_KEY_MAX];
	size_t key_len; /* 0: revoked */
	bool testing;   /* t=y: verifiers treat its mail as if it were unsigned */
	bool strict;    /* t=s: i= may not be of a subdomain */
	bool sha256;    /* h= allows it, or is not there */
	bool email;     /* s= allows it, or is not there */
};

/*
 * 0, or -1 with a sentence in err.  A revoked key, one for other services and one of an
 * unknown type are well-formed.
 */
int dkimrec_read(struct dkimrec *, struct str text, char *err, size_t errlen);

#endif
