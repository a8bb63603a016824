/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_parts.h - the terms of a record, their macros and the questions to DNS, for
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
	SPF_T_UNKNOWN /* modifier: left out of account */
};

struct spf_term {
	struct str text; /* all of it */
	enum spf_kind kind;
	enum spf_result result; /* of its qualifier */
	struct str domain;      /* domain-spec; "": none */
	unsigned bits4, bits6;  /* lengths of prefixes */
	struct cidr_addr net;   /* ip4, ip6 */
};

/*
 * The next term, taken off the rest of a record.  1, or 0 at the end, or -1 with a
 * sentence in err.
 */
int spf_term_next(struct str *rest, struct spf_term *, char *err, size_t errlen);

/* What macros stand for. */
struct spf_macros {
	struct spf *spf;
	struct str domain; /* the one whose record it is */
};

#define SPF_NAME_MAX 1024

/* Is it a domain-spec, or, with text, an explanation's macro-string? */
bool spf_macro_ok(struct str spec);
/*
 * A domain-spec as the name to ask for, cut from the left to what DNS takes.  0, or -1:
 * longer than SPF_NAME_MAX.
 */
int spf_expand(const struct spf_macros *, struct str spec, char out[SPF_NAME_MAX]);
/* A name whose expansion is another one for each sender or address. */
bool spf_has_macro(struct str spec);

/* The result, after a sentence for spf->why. */
enum spf_result spf_because(struct spf *, enum spf_result, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * The answer to a question, which counts against the limits of RFC 7208 4.6.4: one that
 * is over SPF_QUESTIONS_MAX is not asked.  Valid as spf->ask() says.
 */
const struct dns_answer *spf_ask(struct spf *, enum dns_type, struct str name);
/* What an answer means that holds no values; SPF_NONE: the check goes on. */
enum spf_result spf_trouble(
    struct spf *, const struct dns_answer *, enum dns_type, const char *name);

/* Both are addresses of one family, and their first bits are the same: as many as the
 * term says for that family. */
bool spf_in_network(
    const struct cidr_addr *ip, const struct cidr_addr *net, const struct spf_term *);
/* The address in an A or AAAA record. */
void spf_address(const struct dns_value *, struct cidr_addr *);

/* Names of the address that lead back to it (5.5), at most SPF_HOSTS_MAX. */
struct spf_names {
	struct str v[SPF_HOSTS_MAX];
	size_t n;
};
void spf_validated(struct spf *, struct spf_names *);
/* in-addr.arpa or ip6.arpa. */
void spf_reverse_name(const struct cidr_addr *, char *out, size_t size);
bool spf_is_v4(const struct cidr_addr *);

#endif
