/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * taglist.h - lists of tags, "v=DKIM1; k=rsa; p=...", as in records of DKIM, DMARC and
 * BIMI and in DKIM-Signature (RFC 6376 3.2).  Pure.
 *
 * What is taken apart points into the text.
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
 * 0, or -1 with a sentence in err: a tag without =, a name that is none, a name that
 * stands twice, a character that may not be in a value, too many.
 */
int taglist_read(struct taglist *, struct str text, char *err, size_t errlen);
/* The same, but nothing between two semicolons is skipped: 1 then, with the sentence.
 */
int taglist_read_gaps(struct taglist *, struct str text, char *err, size_t errlen);
/* The value of a tag, ASCII case folded; false and "" when it is not there. */
bool taglist_get(const struct taglist *, const char *name, struct str *value);
/* Is a word in a list with colons between? ASCII case folded, blanks around ignored. */
bool taglist_lists(struct str list, const char *word);
/*
 * Decimal digits and nothing else, up to max.  -1: none, or more.
 */
long long taglist_number(struct str, long long max);

#endif
