/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cfbl.h - whether a complaint address may stand in mail of a domain (RFC 9477 3.1).
 * Pure.
 *
 * Strict: the address is in the From domain, and so is the signature.  Relaxed: it is
 * in a domain below the From domain, which the signature covers.  Third party: it is
 * elsewhere, and a second signature is of that very domain.
 */
#ifndef METERMARK_CONFIG_CFBL_H
#define METERMARK_CONFIG_CFBL_H

#include <stdbool.h>

#include "config/conf.h"
#include "text/str.h"

/* signer: who signs mail From that domain, with its also; NULL: nobody, so never. */
bool cfbl_aligned(
    struct str cfbl_domain, struct str from_domain, const struct conf_domain *signer);

#endif
