/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signport.h - the interface to a DKIM signer, which dkim/signer.c implements.  Pure.
 *
 * One struct signing makes all signatures of one message: those of one domain, then
 * those of the domains that sign its mail as well.  The functions are called in the
 * order begin, field for each field, end_fields, body for each piece, end, then
 * signature for each signature; free may be called at any point.  Only the fields to be
 * signed are given, from top to bottom, in the form in which they will leave.  A
 * signing belongs to one thread at a time.
 */
#ifndef METERMARK_DKIM_SIGNPORT_H
#define METERMARK_DKIM_SIGNPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "text/str.h"

struct signing;

/* A signature that was made.  The strings are valid until the signing is freed. */
struct sign_made {
	/*
	 * The value of a DKIM-Signature field, with leading space and LF folds; empty
	 * if this signature failed.
	 */
	struct str value;
	struct str domain, selector; /* d= and s= */
	bool ed25519;                /* by a= of value; false if the key is not known */
};

struct sign_port {
	/*
	 * skips: names left out of oversigning (mail/signset.h).  Returns NULL with a
	 * sentence in err on failure.
	 */
	struct signing *(*begin)(void *self, const struct conf_domain *, unsigned skips,
	    char *err, size_t errlen);
	/* value is as in mail/hdr.h: with its leading space, LF before folds, no CR. */
	int (*field)(struct signing *, struct str name, struct str value);
	int (*end_fields)(struct signing *);
	/* The body in pieces of any size; all lines end in CRLF, including the last. */
	int (*body)(struct signing *, const void *, size_t);
	/*
	 * Makes the signatures.  Returns how many of them failed; *n is how many there
	 * should be.
	 */
	size_t (*end)(struct signing *, size_t *n, char *err, size_t errlen);
	/*
	 * Signature i < n, in the order of the settings; the first belongs at the top.
	 */
	struct sign_made (*signature)(const struct signing *, size_t i);
	void (*free)(struct signing *); /* NULL is legal */
	void *self;
};

/*
 * True if at least one of the n signatures is of the domain, and all of these are
 * Ed25519.  Without a signing the answer is false.
 */
bool sign_made_ed25519(
    const struct sign_port *, const struct signing *, size_t n, struct str domain);

#endif
