/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsparse.h - an answer of DNS as it came off the wire, taken apart by libc's
 * ns_initparse(3) and checked.  Any bytes; any thread.  Pure.
 */
#ifndef METERMARK_DNS_DNSPARSE_H
#define METERMARK_DNS_DNSPARSE_H

#include <stddef.h>

#include "dns/dnsans.h"
#include "text/arena.h"

/*
 * Fill out with the values of that type of the name that was asked, or of what its
 * aliases lead to.  Values go into the arena.
 */
void dnsparse(struct arena *, enum dns_type, const unsigned char *wire, size_t n,
    struct dns_answer *out);

#endif
