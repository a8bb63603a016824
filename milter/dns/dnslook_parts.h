/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslook_parts.h - what the files of dns/dnslook.h share; for dnslook*.c only.  Pure.
 */
#ifndef METERMARK_DNS_DNSLOOK_PARTS_H
#define METERMARK_DNS_DNSLOOK_PARTS_H

#include "dns/dnslook.h"

#define DNSLOOK_NAME_MAX 512

/* PREFIX and domain, NUL-terminated; false when that is no name of DNS. */
bool dnslook_name(char out[DNSLOOK_NAME_MAX], const char *prefix, struct str domain);
/* Ask; what is not found goes into the finding: unknown, or that word. */
const struct dns_answer *dnslook_ask(const struct dnslook *, enum dns_type,
    const char *name, enum dnslook_word nothing, struct dnslook_finding *);

#endif
