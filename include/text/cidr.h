/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr.h - IPv4 and IPv6 networks, as text and as a test.  Pure.
 *
 * Addresses are kept as 16 bytes; IPv4 as IPv4-mapped (RFC 4291 2.5.5.2), so that
 * "::ffff:127.0.0.1" from a dual-stack socket matches 127.0.0.0/8.
 */
#ifndef METERMARK_TEXT_CIDR_H
#define METERMARK_TEXT_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

struct cidr_addr {
	uint8_t b[16];
};

struct cidr {
	struct cidr_addr net;
	unsigned bits; /* of 128 */
};

/*
 * Parse "192.0.2.1" or "2001:db8::1", also in the forms MTAs hand over: "[192.0.2.1]",
 * "IPv6:2001:db8::1" (case-insensitive).  Scope ids are refused.  0, or -1 if the text
 * is no address.
 */
int cidr_addr_parse(struct str, struct cidr_addr *);

/*
 * Parse "10.0.0.0/8", "2001:db8::/32" or a single address.  Host bits that are set are
 * an error, which shows the network that was probably meant.  0, or -1 with a phrase in
 * err that completes "expected ...".
 */
int cidr_parse(const char *, struct cidr *, char *err, size_t errlen);
/* An IPv6 network that is wider than all of IPv4-mapped space does not match IPv4. */
bool cidr_match(const struct cidr *, const struct cidr_addr *);
/* "10.0.0.0/8" into out, at most size bytes with the NUL. */
void cidr_format(const struct cidr *, char *out, size_t size);

#endif
