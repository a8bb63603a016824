/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idn.c - libidn2, asked for one name.  See the header.
 */
#include "mail/idn.h"

#include <stdio.h>
#include <string.h>

#include <idn2.h>

int
idn_ascii(const char *name, char out[ADDR_DOMAIN_MAX + 1])
{
	char *ascii = NULL;
	int rc = -1;

	/* libidn2's work grows with the length: do not give it what can be no name. */
	if (strlen(name) > ADDR_DOMAIN_MAX ||
	    idn2_to_ascii_8z(name, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return -1;
	/* The mapping also makes slashes, dots and the like of what looks like them. */
	if (addr_domain_ok(str_of(ascii))) {
		for (size_t i = 0; ascii[i] != '\0'; i++)
			ascii[i] = ascii_lower(ascii[i]);
		snprintf(out, ADDR_DOMAIN_MAX + 1, "%s", ascii);
		rc = 0;
	}
	idn2_free(ascii);
	return rc;
}

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

struct str
idn_domain(struct str domain, struct arena *a)
{
	char name[ADDR_DOMAIN_MAX + 1], out[ADDR_DOMAIN_MAX + 1];

	if (is_ascii(domain) || !addr_domain_ok(domain))
		return domain;
	memcpy(name, domain.p, domain.len);
	name[domain.len] = '\0';
	return idn_ascii(name, out) == 0 ? arena_copy(a, str_of(out)) : domain;
}
