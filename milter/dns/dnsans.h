/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsans.h - answers of DNS as plain values, and the way to ask for them.  Pure.
 *
 * The core judges records and asks nobody: who calls it lends a function, dns/dns.h in
 * life and a table in tests.  An answer has been followed through its aliases (CNAME)
 * already; its values are bytes of strangers.
 */
#ifndef METERMARK_DNS_DNSANS_H
#define METERMARK_DNS_DNSANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

#define DNS_NAME_MAX 253 /* characters of a name, without its last dot */
#define DNS_LABEL_MAX 63
#define DNS_ALIASES_MAX 8
#define DNS_VALUES_MAX 128  /* of one answer */
#define DNS_BYTES_MAX 16384 /* of its values together */

/* Numbers of RFC 1035 3.2.2 and RFC 3596. */
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
	DNS_FOUND,
	DNS_NO_NAME, /* the name does not exist */
	DNS_NO_DATA, /* it does, but has nothing of that type */
	/* Not known: what is there may be another matter at another time. */
	DNS_TIMEOUT,
	DNS_FAILED, /* the server says it cannot, or nobody is there */
	DNS_LOOP,   /* of aliases, or too many of them */
	DNS_LARGE,  /* more than anyone needs */
	DNS_BROKEN, /* no answer that RFC 1035 knows */
	/* Not asked: no name of DNS. */
	DNS_BAD_NAME
};

struct dns_value {
	/*
	 * A, AAAA: 4 or 16 bytes.  TXT: its strings, one behind the other.  PTR, MX: a
	 * name without its last dot, "" for the root, special characters as \DDD.
	 */
	struct str data;
	uint16_t preference; /* MX */
};

struct dns_answer {
	enum dns_status status;
	size_t n; /* more than 0 exactly when found */
	const struct dns_value *v;
};

/* The answer lives as long as self; never NULL. */
typedef const struct dns_answer *(*dns_ask_fn)(
    void *self, enum dns_type, struct str name);

/* "TXT". */
const char *dns_type_name(enum dns_type);
/* Half a sentence: "does not exist", "no answer in time". */
const char *dns_status_text(enum dns_status);
/* It is known that nothing is there. */
bool dns_void(enum dns_status);
/* It is not known what is there. */
bool dns_unknown(enum dns_status);
/*
 * Labels of 1 to 63 printable characters without backslash, 1 to 253 in all; a dot at
 * the end is allowed.
 */
bool dns_name_ok(struct str);

#endif
