/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsparse.h - parses an answer of DNS from its wire format with libc's
 * ns_initparse(3), and checks it.  Any bytes are allowed; any thread may call.  Pure.
 */
#ifndef METERMARK_DNS_DNSPARSE_H
#define METERMARK_DNS_DNSPARSE_H

#include <stddef.h>

#include "dns/dnsans.h"
#include "text/arena.h"

/*
 * Fills out with the values of that type which belong to the name in the question, or
 * to the name that its aliases lead to.  The arena holds the values.
 */
void dnsparse(struct arena *, enum dns_type, const unsigned char *wire, size_t n,
    struct dns_answer *out);

#endif
