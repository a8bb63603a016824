/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendform.h - address fields in the form that Sendmail writes.  Pure.
 *
 * Sendmail takes the address fields of each message apart and writes them anew after
 * the last milter, so a signature over what the milter saw breaks.  This brings a field
 * into a form that Sendmail reproduces, to be set by the milter before it signs.
 * "Reproduces" is meant modulo relaxed header canonicalization (RFC 6376 3.4.2): the
 * amount of white space is free, its presence is not; with simple canonicalization for
 * headers no form is safe.  What Sendmail does is written down in sendform.c.  It holds
 * for a Sendmail with FEATURE(`nocanonify') or confDONT_EXPAND_CNAMES that neither
 * masquerades nor maps senders (genericstable): nothing done here could cure those.
 */
#ifndef METERMARK_MAIL_SENDFORM_H
#define METERMARK_MAIL_SENDFORM_H

#include "text/arena.h"
#include "text/str.h"

/*
 * Bytes that one mailbox may have in the written form, its group's name included.
 * Sendmail drops or cuts what is longer than MAXNAME (256) less some reserve.
 */
#define SENDFORM_BOX_MAX ((size_t)250)

enum sendform_result {
	SENDFORM_SAME,    /* Sendmail will write it as it is */
	SENDFORM_CHANGED, /* out: the same addresses, in a form that Sendmail keeps */
	SENDFORM_CUT,     /* Sendmail would change it whatever we do: see out below */
	SENDFORM_OTHER,   /* no address field: Sendmail does not rewrite it */
	SENDFORM_NO_MEMORY,
};

/*
 * What Sendmail would make of the field.  value is the field's value with its leading
 * blank; out begins with a blank, has LF and tab at folds and lives as long as the
 * arena. It is value itself for SENDFORM_SAME and SENDFORM_OTHER.
 *
 * SENDFORM_CUT is for values that cannot be read with certainty, unqualified addresses
 * (Sendmail appends its own name), addresses in its local host, literals, UUCP: out is
 * "", leave the field unsigned.  If all that is wrong is that names or comments are too
 * long, out is the field without those, which is what Sendmail sends: a From, which
 * must be signed, can be set to that.
 */
enum sendform_result sendform_rewrite(
    struct str name, struct str value, struct arena *, struct str *out);

#endif
