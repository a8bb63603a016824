/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idname.c - international domain names by their name in ASCII.  See the header.
 */
#include "mail/idname.h"

#include <string.h>

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

struct str
idname_ascii(struct str domain, idname_fn idn, struct arena *a)
{
	char name[ADDR_DOMAIN_MAX + 1], out[ADDR_DOMAIN_MAX + 1];

	if (idn == NULL || is_ascii(domain) || !addr_domain_ok(domain))
		return domain;
	memcpy(name, domain.p, domain.len);
	name[domain.len] = '\0';
	return idn(name, out) == 0 ? arena_copy(a, str_of(out)) : domain;
}
