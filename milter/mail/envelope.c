/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope.c - what is known of a message beside its header and body.  See the header.
 */
#include "mail/envelope.h"

bool
envelope_has_arg(const struct envelope *e, struct str word)
{
	struct str rest = e->args;

	while (rest.len > 0) {
		size_t n = str_find(rest, ' ');

		if (str_caseeq(str_make(rest.p, n), word))
			return true;
		rest = str_skip(rest, n + 1);
	}
	return false;
}
