/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf.h - may that address send mail of that domain?  check_host() of RFC 7208, and how
 * dear it is.  Pure.
 *
 * Why not libspf2: it is hardly kept (its last fixes of memory errors that mail could
 * trigger, CVE-2021-20314 and CVE-2023-42118, came years late), asks DNS on its own
 * terms, does not count void look-ups, and its reasons are not for operators.  What is
 * here has no memory of its own but the stack, never asks more than SPF_QUESTIONS_MAX
 * times, and is fuzzed.
 *
 * Beside the verdict a survey is offered: all terms of a record are walked as if none
 * of them matched, so that it shows how many look-ups the record can cost at worst.
 */
#ifndef METERMARK_DNS_SPF_H
#define METERMARK_DNS_SPF_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/dnsans.h"
#include "text/cidr.h"
#include "text/str.h"

#define SPF_LOOKUPS_MAX 10 /* RFC 7208 4.6.4: terms that ask DNS */
#define SPF_VOIDS_MAX 2    /* questions without an answer */
#define SPF_HOSTS_MAX 10   /* MX and PTR names looked at, each */
#define SPF_QUESTIONS_MAX 250

enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR
};
/* "softfail". */
const char *spf_result_name(enum spf_result);

#define SPF_TEXT_MAX 256

struct spf {
	/* Given; borrowed. */
	dns_ask_fn ask;
	void *self;
	struct cidr_addr ip;
	struct str local;         /* of MAIL FROM; "": postmaster */
	struct str sender_domain; /* of MAIL FROM, for macros; "": the domain asked */
	struct str helo;
	bool
	    survey; /* nothing matches, and ip is not given: A is asked for, not AAAA */

	/* Found. */
	unsigned lookups, voids;
	bool pass_all; /* the record, or one that it includes, lets everybody pass */
	char
	    record[SPF_TEXT_MAX]; /* the domain's own, cut and made visible; "": none */
	char why[SPF_TEXT_MAX];   /* what decided: a term, or what is wrong */

	/* Private to spf*.c. */
	unsigned questions;
};

/*
 * The fields that are given are kept, the others set.  A survey ends in SPF_NEUTRAL
 * when the record and all that it includes are sound, and may count more than
 * SPF_LOOKUPS_MAX look-ups.
 */
enum spf_result spf_check(struct spf *, struct str domain);

/* Begins as a record of SPF. */
bool spf_is(struct str text);

#endif
