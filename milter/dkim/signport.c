/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signport.c - tells what signatures are, whichever module made them.  See the header.
 */
#include "dkim/signport.h"

bool
sign_made_ed25519(
    const struct sign_port *port, const struct signing *g, size_t n, struct str domain)
{
	bool any = false;

	for (size_t i = 0; g != NULL && i < n && i < CONF_KEYS_MAX; i++) {
		struct sign_made s = port->signature(g, i);

		if (!str_eq(s.domain, domain))
			continue;
		if (!s.ed25519)
			return false;
		any = true;
	}
	return any;
}
