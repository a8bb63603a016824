/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signport.h - what the core asks of a DKIM signer: the port that dkim/signer.c fills.
 * Pure.
 *
 * One struct signing makes all the signatures of one message: those of one domain, then
 * those of the domains that sign its mail too.  Calls come in the order begin, field*,
 * end_fields, body*, end, then signature for each;
 * free at any point. Fields are exactly those to be signed, top to bottom, as they will
 * leave.  A signing belongs to one thread at a time.
 */
#ifndef METERMARK_DKIM_SIGNPORT_H
#define METERMARK_DKIM_SIGNPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "text/str.h"

struct signing;

/* A signature.  Borrowed until the signing is freed. */
struct sign_made {
	/* Of a DKIM-Signature field, with leading space and LF folds; empty when this
	 * one failed. */
	struct str value;
	struct str domain, selector; /* d= and s= */
	bool ed25519; /* by a= of value; false where the key is not known */
};

struct sign_port {
	/* skips: names left out of oversigning (mail/signset.h).  NULL with a sentence
	 * in err. */
	struct signing *(*begin)(void *self, const struct conf_domain *, unsigned skips,
	    char *err, size_t errlen);
	/* value as in mail/hdr.h: with its leading space, LF before folds, no CR. */
	int (*field)(struct signing *, struct str name, struct str value);
	int (*end_fields)(struct signing *);
	/* Any chunking; lines end in CRLF, and so does the last. */
	int (*body)(struct signing *, const void *, size_t);
	/* Make the signatures.  How many failed (0: none), *n is how many were asked
	 * for. */
	size_t (*end)(struct signing *, size_t *n, char *err, size_t errlen);
	/* Signature i < n, in the order of the settings; the first belongs on top. */
	struct sign_made (*signature)(const struct signing *, size_t i);
	void (*free)(struct signing *); /* NULL is legal */
	void *self;
};

/*
 * Of n signatures that are made: is there one of the domain, and are
 * all of its Ed25519?  Without a signing they are not known.
 */
bool sign_made_ed25519(
    const struct sign_port *, const struct signing *, size_t n, struct str domain);

#endif
