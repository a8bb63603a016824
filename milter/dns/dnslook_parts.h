/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslook_parts.h - shared by the files that implement dns/dnslook.h (dnslook*.c) only.
 * Pure.
 */
#ifndef METERMARK_DNS_DNSLOOK_PARTS_H
#define METERMARK_DNS_DNSLOOK_PARTS_H

#include "dns/dnslook.h"

#define DNSLOOK_NAME_MAX 512

/*
 * Writes PREFIX and domain to out.  Returns false if together they are no valid DNS
 * name.
 */
bool dnslook_name(char out[DNSLOOK_NAME_MAX], const char *prefix, struct str domain);
/*
 * Asks DNS.  If nothing is found, f becomes DNSLOOK_UNKNOWN where DNS could not tell,
 * and the word nothing where the record does not exist.
 */
const struct dns_answer *dnslook_ask(const struct dnslook *, enum dns_type,
    const char *name, enum dnslook_word nothing, struct dnslook_finding *);

#endif
