/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain.c - a domain and what is below it.  See the header.
 */
#include "mail/domain.h"

bool
domain_below(struct str name, struct str domain)
{
	return name.len > domain.len && str_caseends(name, domain) &&
	    name.p[name.len - domain.len - 1] == '.';
}

bool
domain_within(struct str name, struct str domain)
{
	return str_caseeq(name, domain) || domain_below(name, domain);
}
