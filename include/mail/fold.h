/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold.h - fold the value of a header field at white space (RFC 5322 2.2.3).  Memory
 * is the arena's.  Pure.
 */
#ifndef METERMARK_MAIL_FOLD_H
#define METERMARK_MAIL_FOLD_H

#include <stddef.h>

#include "text/arena.h"
#include "text/str.h"

/*
 * Put folds at existing white space so that no line is longer than limit bytes, name
 * and colon counted in the first.  0 and *out, -1 if there is no such place, or if
 * memory ends (then out->p is NULL).
 */
int fold_value(
    struct str name, struct str value, size_t limit, struct arena *, struct str *out);

#endif
