/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkimsig.h - whether a DKIM-Signature holds (RFC 6376, RFC 8463).  Pure.
 *
 * Verification of our own, for `metermark check`: libopendkim's verifier has memory
 * errors that a stranger's signature reaches (z=, and keys from DNS), gives one word
 * where a sender wants to know what broke, and takes VT and FF for white space, which
 * other verifiers do not.  Signing stays libopendkim's, so the two judge each other;
 * its verifier is asked for a second opinion in a process of its own, dkim/verifier.h.
 *
 * All is computed over one message in memory, lines ending in CRLF.
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

#define DKIMSIG_BYTES_MAX 2048 /* of b=: RSA of 16384 bits */
#define DKIMSIG_NAMES_MAX 1000 /* in h= */

struct dkimsig {
	struct str domain, selector; /* d= and s= */
	struct str identity;         /* i=; "": none */
	struct str names;            /* h= */
	enum dkimrec_type type;      /* of a=, with SHA-256 */
	bool simple_header, simple_body;
	int64_t length;        /* l=; -1: all of the body */
	int64_t time, expires; /* t= and x=; -1: none */
	uint8_t bh[32];
	uint8_t b[DKIMSIG_BYTES_MAX];
	size_t b_len;
};

/*
 * The value of a DKIM-Signature field, behind its colon; what is taken apart points
 * into it.  0, or -1 with a sentence in err: it can verify nowhere.
 */
int dkimsig_read(struct dkimsig *, struct str value, char *err, size_t errlen);

/* A header field as it stands, from its name to before its last CRLF. */
struct dkimsig_field {
	struct str text;
};

/* The fields of a message, and where its body begins; how many there are, max at most.
 */
size_t dkimsig_split(
    struct str message, struct dkimsig_field *v, size_t max, struct str *body);

/* Append the text that b= signs: fields of h=, and field self without its b=. */
void dkimsig_header(const struct dkimsig *, const struct dkimsig_field *, size_t n,
    size_t self, struct buf *);
/* Append the text that bh= is the digest of. */
void dkimsig_body(const struct dkimsig *, struct str body, struct buf *);

/*
 * Field self of a message against the key record that was found for it; now is unix
 * seconds.  0: it holds; -1 with a sentence in err.
 */
int dkimsig_verify(const struct dkimsig *, const struct dkimrec *,
    const struct dkimsig_field *, size_t n, size_t self, struct str body, int64_t now,
    char *err, size_t errlen);

#endif
