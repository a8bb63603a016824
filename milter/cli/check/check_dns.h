/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dns.h - the part of `metermark check` that asks DNS: check_dns.c, check_dkim.c,
 * check_opendkim.c and check_result.c.
 *
 * All questions that are known beforehand are sent at once. Then each rule becomes a
 * result. If DNS does not answer, the result is a warning and never a failure, because
 * the message is not the cause.
 */
#ifndef METERMARK_CLI_CHECK_CHECK_DNS_H
#define METERMARK_CLI_CHECK_CHECK_DNS_H

#include "cli/check/check.h"
#include "dkim/dkimsig.h"
#include "dns/dns.h"
#include "dns/dnslook.h"

#define CHECK_FIELDS_MAX 2000
#define CHECK_SIGNATURES_MAX (RULE_SIGNATURES_MAX + CONF_KEYS_MAX)

/* A signature that the message has, or that metermark would make. */
struct check_signature {
	struct str domain, selector;
	bool ours;        /* to be made: there is nothing to verify */
	const char *file; /* of our private key; NULL: not known */
	bool sound;       /* sig holds */
	struct dkimsig sig;
	size_t self;                  /* its field */
	struct dnslook_key key;       /* when ours or sound */
	struct dnslook_finding holds; /* does it verify? */
};

struct check_dns {
	struct check *check;
	struct dns *dns;
	struct dnslook look;
	struct buf message; /* with CRLF at the end of its lines */
	struct dkimsig_field field[CHECK_FIELDS_MAX];
	size_t n_fields;
	struct str body;
	struct check_signature sig[CHECK_SIGNATURES_MAX];
	size_t n_sig;
	struct dnslook_dmarc dmarc;
	bool spf_passed; /* every sending address, for the envelope's domain */
	bool spf_unknown;
};

enum check_dns_rule {
	CHECK_DNS_SPF,
	CHECK_DNS_KEY,
	CHECK_DNS_STRENGTH,
	CHECK_DNS_SIGNATURE,
	CHECK_DNS_DMARC,
	CHECK_DNS_REPORTS,
	CHECK_DNS_ALIGNED,
	CHECK_DNS_BIMI,
	CHECK_DNS_MX,
	CHECK_DNS_REVERSE,
	CHECK_DNS_RULES
};

/* check_result.c: adds a result of the rule, made from the finding. */
void check_dns_result(
    struct check_dns *, enum check_dns_rule, const struct dnslook_finding *);
/*
 * Puts the worse of both findings into all; if their words are equal, it has both
 * texts.
 */
void check_dns_merge(struct dnslook_finding *all, const struct dnslook_finding *one);

/* check_dkim.c: take the message apart, ask for keys, verify.  -1: out of memory. */
int check_dkim_begin(struct check_dns *);
void check_dkim(struct check_dns *);
/*
 * After check_dkim(): the signature verifies. A signature that metermark would make
 * holds if its key does.
 */
bool check_signature_holds(const struct check_signature *);
/* check_opendkim.c: ask libopendkim for a second opinion of those that were verified.
 */
void check_opendkim(struct check_dns *);

#endif
