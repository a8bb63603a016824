/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field.h - values of the header fields that we write: from a template, in the grammar
 * of the field, folded.  Pure.
 *
 * A placeholder's value comes from a stranger; each grammar says which characters of it
 * may stay.
 * Memory is the arena's.
 */
#ifndef METERMARK_MAIL_FIELD_H
#define METERMARK_MAIL_FIELD_H

#include <stddef.h>

#include "mail/hdr.h"
#include "mail/tmpl.h"
#include "text/arena.h"

/* Bytes of one value of ours: a field must fit a line of 998 (RFC 5322 2.1.1). */
#define FIELD_VALUE_MAX ((size_t)900)
/* Lines should not be longer (RFC 5322 2.1.1). */
#define FIELD_LINE 78

/* The characters of a value that stay; others become "-", in a URL %XX. */
enum field_grammar {
	FIELD_TEXT,     /* all but what tmpl_expand() takes out */
	FIELD_FEEDBACK, /* Feedback-ID: letters, digits, . _ - */
	FIELD_URL,      /* unreserved of RFC 3986 */
	FIELD_LABEL,    /* List-Id: letters, digits, _ -; in %{domain} dots too */
	FIELD_ATEXT     /* CFBL-Feedback-ID: letters, digits, _ - */
};

/*
 * The expansion, without leading space; p is NULL when it does not fit, when a token
 * was asked for and there is none, or when memory ends.
 */
struct str field_expand(const struct tmpl *, const struct tmpl_values *,
    enum field_grammar, struct arena *);

/*
 * The value with its leading space and with folds at white space, so that lines are
 * FIELD_LINE long where that can be.  p is NULL when out of memory.
 */
struct str field_fold(struct str name, struct str value, struct arena *);

/* Exactly one instance, with that value: the first one there is, or a new one. */
int field_set(struct hdr *, struct str name, struct str value);
/* The first instance that is not blank; NULL if there is none. */
struct hdr_field *field_filled(const struct hdr *, struct str name);
/* Remove all instances but that one. */
void field_only(struct hdr *, const struct hdr_field *);

#endif
