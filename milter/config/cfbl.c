/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cfbl.c - alignment of a complaint address.  See the header.
 */
#include "config/cfbl.h"

#include "mail/domain.h"

bool
cfbl_aligned(
    struct str cfbl_domain, struct str from_domain, const struct conf_domain *signer)
{
	struct str d;

	if (signer == NULL || cfbl_domain.len == 0 || from_domain.len == 0)
		return false;
	d = str_of(signer->name);
	if (str_caseeq(cfbl_domain, from_domain))
		return str_caseeq(d, from_domain);
	if (!domain_within(from_domain, d))
		return false;
	if (domain_below(cfbl_domain, from_domain) || str_caseeq(cfbl_domain, d))
		return true;
	for (size_t i = 0; i < signer->n_also; i++)
		if (str_caseeq(cfbl_domain, str_of(signer->also[i]->name)))
			return true;
	return false;
}
