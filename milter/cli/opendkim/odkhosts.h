/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odkhosts.h - InternalHosts and PeerList of opendkim as plain networks.  Pure.
 *
 * opendkim asks for the most precise entry that holds a client, and one with ! means
 * not; clients of PeerList are let through before that.  outbound.networks knows
 * neither, so the networks here are those that remain when the holes are cut out:
 * 10.0.0.0/8 with !10.0.0.0/9 is 10.128.0.0/9.
 */
#ifndef METERMARK_CLI_OPENDKIM_ODKHOSTS_H
#define METERMARK_CLI_OPENDKIM_ODKHOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "text/cidr.h"
#include "text/str.h"

#define ODKHOSTS_NETWORKS_MAX 4096 /* that may come out */

struct odkhosts_entry;

struct odkhosts {
	struct odkhosts_entry *v;
	size_t n, cap;
};

enum odkhosts_result {
	ODKHOSTS_TAKEN,
	ODKHOSTS_NAME,  /* the name of a host or domain: metermark knows addresses only
	                 */
	ODKHOSTS_NEVER, /* host bits are set: opendkim finds no client in it */
	ODKHOSTS_NO_MEMORY
};

void odkhosts_init(struct odkhosts *);
void odkhosts_fini(struct odkhosts *);

/* One entry of InternalHosts, or of PeerList; "localhost" is 127.0.0.1 and ::1. */
enum odkhosts_result odkhosts_add(struct odkhosts *, struct str, bool peer);

/*
 * The networks, IPv4 first, in a list that the caller frees.  -1 with a sentence in
 * err: too many of them, no memory.
 */
int odkhosts_networks(
    struct odkhosts *, struct cidr **out, size_t *n, char *err, size_t errlen);

#endif
