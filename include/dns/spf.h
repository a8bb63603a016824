/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf.h - check_host() of RFC 7208: may an address send mail of a domain, and how many
 * look-ups does the answer cost?  Pure.
 *
 * We do not use libspf2: it is hardly maintained (its last fixes of memory errors that
 * mail could trigger, CVE-2021-20314 and CVE-2023-42118, came years late), it asks DNS
 * in its own way, does not count void look-ups, and its reasons are not written for
 * operators.  This implementation allocates nothing but stack, asks at most
 * SPF_QUESTIONS_MAX questions, and is fuzzed.
 *
 * A check can also be a survey: it walks all terms of a record as if none of them
 * matched, and so shows how many look-ups the record can cost at worst.
 */
#ifndef METERMARK_DNS_SPF_H
#define METERMARK_DNS_SPF_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/dnsans.h"
#include "text/cidr.h"
#include "text/str.h"

#define SPF_LOOKUPS_MAX                                                                \
 10                      /* RFC 7208 4.6.4: terms that ask DNS; spf.c, count_lookup() */
#define SPF_VOIDS_MAX 2  /* questions without an answer */
#define SPF_HOSTS_MAX 10 /* names of one MX or PTR answer that are followed */
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
	/* Set by the caller; borrowed. */
	dns_ask_fn ask;
	void *self;
	struct cidr_addr ip;
	struct str local; /* local part of MAIL FROM; "": postmaster */
	struct str
	    sender_domain; /* domain of MAIL FROM, for macros; "": the domain asked */
	struct str helo;
	bool survey; /* no term matches; ip is ignored, and A is asked for, not AAAA */

	/* Set by spf_check(). */
	unsigned lookups, voids;
	bool pass_all; /* the record, or one it includes, lets everybody pass */
	char record[SPF_TEXT_MAX]; /* the domain's own record, escaped and cut; "": none
	                            */
	char why[SPF_TEXT_MAX];    /* what decided: a term, or a fault */

	/* Private to spf*.c. */
	unsigned questions;
};

/*
 * Sets the result fields of struct spf and returns the verdict.  A survey ends in
 * SPF_NEUTRAL if the record and all records that it includes are valid, and it may
 * count more than SPF_LOOKUPS_MAX look-ups.
 */
enum spf_result spf_check(struct spf *, struct str domain);

/* True if the text begins as a record of SPF. */
bool spf_is(struct str text);

#endif
