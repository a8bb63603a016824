/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_parts.h - terms of an SPF record, their macros and their questions to DNS, for
 * spf*.c; and the names of addresses, for dnslook*.c.  Pure.
 */
#ifndef METERMARK_DNS_SPF_PARTS_H
#define METERMARK_DNS_SPF_PARTS_H

#include "dns/spf.h"

enum spf_kind {
	SPF_T_ALL,
	SPF_T_INCLUDE,
	SPF_T_A,
	SPF_T_MX,
	SPF_T_PTR,
	SPF_T_IP4,
	SPF_T_IP6,
	SPF_T_EXISTS,
	SPF_T_REDIRECT,
	SPF_T_EXP,
	SPF_T_UNKNOWN /* a modifier that is unknown and ignored */
};

struct spf_term {
	struct str text; /* the whole term */
	enum spf_kind kind;
	enum spf_result result; /* the result if the term matches, by its qualifier */
	struct str domain;      /* domain-spec; "": none */
	unsigned bits4, bits6;  /* prefix lengths for IPv4 and IPv6 */
	struct cidr_addr net;   /* the network of ip4: and ip6: */
};

/*
 * Takes the next term off the rest of a record.  Returns 1, or 0 at the end, or -1 with
 * a sentence in err.
 */
int spf_term_next(struct str *rest, struct spf_term *, char *err, size_t errlen);

/* The values that macros stand for. */
struct spf_macros {
	struct spf *spf;
	struct str domain; /* the domain whose record is evaluated */
};

#define SPF_NAME_MAX 1024

/* True if spec is a valid domain-spec. */
bool spf_macro_ok(struct str spec);
/*
 * Expands a domain-spec to the name to ask for.  A name too long for DNS loses labels
 * from the left.  Returns 0, or -1 if it is longer than SPF_NAME_MAX.
 */
int spf_expand(const struct spf_macros *, struct str spec, char out[SPF_NAME_MAX]);
/*
 * True if the name contains a macro, so that it may differ for each sender and address.
 */
bool spf_has_macro(struct str spec);

/* Writes a sentence to spf->why and returns the result it was given. */
enum spf_result spf_because(struct spf *, enum spf_result, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Asks DNS and counts the question, and an answer that is void.  After
 * SPF_QUESTIONS_MAX questions no more are sent.  The ten terms that may ask (RFC 7208
 * 4.6.4) are counted by count_lookup() of spf.c before they ask.  The answer is valid
 * as long as that of spf->ask().
 */
const struct dns_answer *spf_ask(struct spf *, enum dns_type, struct str name);
/* What an answer without values means.  SPF_NONE: the check goes on. */
enum spf_result spf_trouble(
    struct spf *, const struct dns_answer *, enum dns_type, const char *name);

/*
 * True if both addresses are of one family and agree in as many leading bits as the
 * term says for that family.
 */
bool spf_in_network(
    const struct cidr_addr *ip, const struct cidr_addr *net, const struct spf_term *);
/* The address in an A or AAAA record. */
void spf_address(const struct dns_value *, struct cidr_addr *);

/* Names of the address that resolve back to it (5.5), at most SPF_HOSTS_MAX. */
struct spf_names {
	struct str v[SPF_HOSTS_MAX];
	size_t n;
};
void spf_validated(struct spf *, struct spf_names *);
/* Writes the name of the address under in-addr.arpa or ip6.arpa. */
void spf_reverse_name(const struct cidr_addr *, char *out, size_t size);
bool spf_is_v4(const struct cidr_addr *);

#endif
