/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idname.h - international domain names by the name in ASCII that keys, settings and
 * DNS have (RFC 5890).  Pure, but for what the edge lends.
 */
#ifndef METERMARK_MAIL_IDNAME_H
#define METERMARK_MAIL_IDNAME_H

#include "mail/addr.h"
#include "text/arena.h"
#include "text/str.h"

/*
 * A name with bytes over 127 in its form in ASCII (A-labels, lower case) into out.  0,
 * or -1: it has none.  Lent by the edge.
 */
typedef int (*idname_fn)(const char *name, char out[ADDR_DOMAIN_MAX + 1]);
/*
 * The domain in that form, the arena's; the domain itself where it is ASCII, has none,
 * or nobody lends idn.  p is NULL when out of memory.
 */
struct str idname_ascii(struct str domain, idname_fn idn, struct arena *);

#endif
