/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * taglist.h - reads lists of tags, "v=DKIM1; k=rsa; p=...", as in records of DKIM,
 * DMARC and BIMI and in DKIM-Signature (RFC 6376 3.2).  Pure.
 *
 * The results point into the text.
 */
#ifndef METERMARK_DKIM_TAGLIST_H
#define METERMARK_DKIM_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

#define TAGLIST_MAX 64

struct tag {
	struct str name, value; /* without white space around them */
};

struct taglist {
	struct tag v[TAGLIST_MAX];
	size_t n;
};

/*
 * Returns 0, or -1 with a sentence in err: a tag without =, an invalid name, a name
 * that occurs twice, a character that a value may not contain, or too many tags.
 */
int taglist_read(struct taglist *, struct str text, char *err, size_t errlen);
/*
 * The same, but empty tags between two semicolons are skipped: then it returns 1, with
 * the sentence in err.
 */
int taglist_read_gaps(struct taglist *, struct str text, char *err, size_t errlen);
/*
 * Gets the value of a tag, without regard to ASCII case.  Returns false and "" if there
 * is no such tag.
 */
bool taglist_get(const struct taglist *, const char *name, struct str *value);
/*
 * Is a word in a list whose items are separated by colons?  ASCII case and blanks
 * around an item are ignored.
 */
bool taglist_lists(struct str list, const char *word);
/* Reads a number of decimal digits only.  Returns -1 if it is invalid or above max. */
long long taglist_number(struct str, long long max);

#endif
