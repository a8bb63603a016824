/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idn.h - an international domain name in the form that DNS and DKIM know it by, from
 * libidn2: IDNA 2008 with the mapping of UTS #46, nontransitional, as browsers and
 * mail servers do it.  Any thread.
 */
#ifndef METERMARK_MAIL_IDN_H
#define METERMARK_MAIL_IDN_H

#include "mail/addr.h"

/*
 * name is UTF-8, in any case and without a last dot; out gets it in A-labels, lower
 * case.  0, or -1: it has none, and out means nothing.
 */
int idn_ascii(const char *name, char out[ADDR_DOMAIN_MAX + 1]);

#endif
