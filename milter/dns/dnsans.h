/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsans.h - answers of DNS as plain values, and the type of a function that asks for
 * them.  Pure.
 *
 * The modules that judge records ask DNS only through a function that their caller
 * gives them: dns/dns.h in the programs, a table in tests.  The aliases (CNAME) of the
 * name have already been followed in an answer.  Its values are bytes that strangers
 * wrote.
 */
#ifndef METERMARK_DNS_DNSANS_H
#define METERMARK_DNS_DNSANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

#define DNS_NAME_MAX 253 /* characters, not counting the final dot */
#define DNS_LABEL_MAX 63
#define DNS_ALIASES_MAX 8
#define DNS_VALUES_MAX 128  /* of one answer */
#define DNS_BYTES_MAX 16384 /* of its values together */

/* Numbers of RFC 1035 3.2.2 and RFC 3596. */
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
	DNS_FOUND,
	DNS_NO_NAME, /* the name does not exist */
	DNS_NO_DATA, /* the name exists, but has no record of that type */
	/* The following results are temporary or tell nothing: records may exist. */
	DNS_TIMEOUT,
	DNS_FAILED, /* the server failed or refused, or cannot be reached */
	DNS_LOOP,   /* a loop of aliases, or too many of them */
	DNS_LARGE,  /* more than DNS_VALUES_MAX or DNS_BYTES_MAX */
	DNS_BROKEN, /* the answer violates RFC 1035 */
	/* The text is not a valid DNS name, so the question was not sent. */
	DNS_BAD_NAME
};

struct dns_value {
	/*
	 * A and AAAA: 4 or 16 bytes.  TXT: all its strings joined.  PTR and MX: a name
	 * without its final dot, "" for the root, with special characters as \DDD.
	 */
	struct str data;
	uint16_t preference; /* MX */
};

struct dns_answer {
	enum dns_status status;
	size_t n; /* more than 0 if and only if status is DNS_FOUND */
	const struct dns_value *v;
};

/* Asks DNS and waits.  The answer is never NULL and lives as long as self. */
typedef const struct dns_answer *(*dns_ask_fn)(
    void *self, enum dns_type, struct str name);

/* "TXT". */
const char *dns_type_name(enum dns_type);
/* Half a sentence: "does not exist", "no answer in time". */
const char *dns_status_text(enum dns_status);
/* DNS has answered that no such record exists. */
bool dns_void(enum dns_status);
/* DNS gave no usable answer: the records may exist or not. */
bool dns_unknown(enum dns_status);
/*
 * True for labels of 1 to 63 printable characters without a backslash, and 1 to 253
 * characters in all.  A final dot is allowed.
 */
bool dns_name_ok(struct str);

#endif
