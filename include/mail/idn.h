/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idn.h - an international domain name in the form in ASCII (A-labels, RFC 5890) that
 * DNS, DKIM, keys and settings use, from libidn2: IDNA 2008 with the mapping of UTS
 * #46, nontransitional, as browsers and mail servers do it.  Any thread.  Pure.
 */
#ifndef METERMARK_MAIL_IDN_H
#define METERMARK_MAIL_IDN_H

#include "mail/addr.h"
#include "text/arena.h"
#include "text/str.h"

/*
 * name is UTF-8, in any case and without a last dot; out receives it in A-labels, lower
 * case.  0, or -1: it has no such form, and out means nothing.
 */
int idn_ascii(const char *name, char out[ADDR_DOMAIN_MAX + 1]);
/*
 * The domain in that form, in the arena; the domain itself if it is ASCII or has no
 * such form.  p is NULL when out of memory.
 */
struct str idn_domain(struct str domain, struct arena *);

#endif
