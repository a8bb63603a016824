/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkimrec.h - reads the record that publishes a DKIM key, SELECTOR._domainkey.DOMAIN
 * (RFC 6376 3.6.1, RFC 8463 4.2).  Pure.
 *
 * We have a parser of our own because libopendkim's only says that a record is bad,
 * while an operator needs to know which character is wrong.
 */
#ifndef METERMARK_DKIM_DKIMREC_H
#define METERMARK_DKIM_DKIMREC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* RSA of 16384 bits; no verifier accepts a longer key. */
#define DKIMREC_KEY_MAX 2200

enum dkimrec_type { DKIMREC_RSA, DKIMREC_ED25519, DKIMREC_OTHER };

struct dkimrec {
	enum dkimrec_type type;
	struct str type_name; /* the value of k=; points into the text */
	uint8_t key[DKIMREC_KEY_MAX];
	size_t key_len; /* 0: revoked */
	bool testing;   /* t=y: verifiers treat its mail as if it were unsigned */
	bool strict;    /* t=s: the domain of i= must be d= itself */
	bool sha256;    /* h= is missing or allows it */
	bool email;     /* s= is missing or allows it */
};

/*
 * Returns 0, or -1 with a sentence in err if the record is malformed.  The record of a
 * revoked key, of a key for other services or of an unknown type is well-formed.
 */
int dkimrec_read(struct dkimrec *, struct str text, char *err, size_t errlen);

#endif
