/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkimsig.h - verifies a DKIM-Signature (RFC 6376, RFC 8463), for `metermark check`.
 * Pure.
 *
 * We have a verifier of our own because libopendkim's has memory errors that a
 * stranger's signature reaches (in z=, and in keys from DNS), gives one word where a
 * sender needs to know what broke, and takes VT and FF for white space, which other
 * verifiers do not.  libopendkim still makes the signatures, so each implementation
 * tests the other; its verifier is asked for a second opinion in a process of its own,
 * dkim/verifier.h.
 *
 * All functions work on one message in memory, whose lines end in CRLF.
 */
#ifndef METERMARK_DKIM_DKIMSIG_H
#define METERMARK_DKIM_DKIMSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/dkimrec.h"
#include "dkim/taglist.h"
#include "text/buf.h"
#include "text/str.h"

#define DKIMSIG_BYTES_MAX 2048 /* bytes of b= for RSA of 16384 bits */
#define DKIMSIG_NAMES_MAX 1000 /* names in h= */

struct dkimsig {
	struct str domain, selector; /* d= and s= */
	struct str identity;         /* i=; "": none */
	struct str names;            /* h= */
	enum dkimrec_type type;      /* by a=, which must use SHA-256 */
	bool simple_header, simple_body;
	int64_t length;        /* l=; -1: the whole body */
	int64_t time, expires; /* t= and x=; -1: none */
	uint8_t bh[32];
	uint8_t b[DKIMSIG_BYTES_MAX];
	size_t b_len;
};

/*
 * Reads the value of a DKIM-Signature field, the part behind the colon; the results
 * point into it.  Returns 0, or -1 with a sentence in err if no verifier can accept it.
 */
int dkimsig_read(struct dkimsig *, struct str value, char *err, size_t errlen);

/* A header field as it is in the message, from its name to before its last CRLF. */
struct dkimsig_field {
	struct str text;
};

/* Splits a message into fields and body.  Returns the number of fields, at most max. */
size_t dkimsig_split(
    struct str message, struct dkimsig_field *v, size_t max, struct str *body);

/*
 * Appends the text that b= signs: the fields of h=, then field self without the value
 * of its b=.
 */
void dkimsig_header(const struct dkimsig *, const struct dkimsig_field *, size_t n,
    size_t self, struct buf *);
/* Appends the text whose digest is bh=. */
void dkimsig_body(const struct dkimsig *, struct str body, struct buf *);

/*
 * Verifies field self of a message with the key record of its selector; now is unix
 * seconds.  Returns 0 if the signature is valid, or -1 with a sentence in err.
 */
int dkimsig_verify(const struct dkimsig *, const struct dkimrec *,
    const struct dkimsig_field *, size_t n, size_t self, struct str body, int64_t now,
    char *err, size_t errlen);

#endif
