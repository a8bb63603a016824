/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domsign.h - who signs mail From a domain: a section of the settings, else lines of
 * the table.  Pure.
 *
 * Sections come first, those of a parent with subdomains = true included; the table is
 * asked where none speaks.  Its lines become a conf_domain for the length of a message,
 * so that the rest need not tell them apart: one for each line, the first with the
 * others in also, id CONF_DOMAIN_OF_TABLE.
 */
#ifndef METERMARK_CONFIG_DOMSIGN_H
#define METERMARK_CONFIG_DOMSIGN_H

#include <stdbool.h>

#include "config/conf.h"
#include "text/arena.h"
#include "text/str.h"

struct domsign {
	const struct conf_domain *domain; /* NULL: nobody signs */
	bool user_may; /* the authenticated identity may send as that domain */
};

/*
 * from: lower case; user: "" for none.  What is found is the conf's, or the arena's.
 * -1 when out of memory.
 */
int domsign_find(const struct conf *, struct str from, struct str user, struct arena *,
    struct domsign *out);

#endif
