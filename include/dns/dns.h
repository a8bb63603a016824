/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.h - questions to DNS, many at once, none of them for long.
 *
 * By c-ares: a stub resolver that asks the servers of resolv.conf(5), or one that is
 * named, from one thread, with timeouts, over UDP and, where an answer is cut, TCP.
 * libunbound resolves by itself from the root: threads or processes, a cache and trust
 * anchors that a host's resolver has already, and servers that a sending host's
 * firewall may not let it reach.  c-ares is well kept (it is in curl and node).
 *
 * What it is not trusted with is done here: answers are taken apart by libc, aliases
 * are followed no further than DNS_ALIASES_MAX, values are bounded in number and size,
 * each question and all of them together have an end on the clock.  DNSSEC is the
 * resolver's business.
 *
 * Answers are kept for the life of a struct dns, so what is asked twice is sent once.
 * One thread at a time; several struct dns do not disturb each other.
 */
#ifndef METERMARK_DNS_DNS_H
#define METERMARK_DNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/dnsans.h"

#define DNS_QUESTIONS_MAX 2000 /* of one struct dns; further ones fail */

struct dns_settings {
	const char *resolver; /* "192.0.2.1:53", "[::1]:5353"; "": resolv.conf(5) */
	uint32_t try_ms;      /* until a question is sent again; 0: 1500 */
	uint32_t question_ms; /* until it is given up; 0: 5000 */
	uint32_t all_ms;      /* until all are, from dns_new() on; 0: 30000 */
};

struct dns;

/* NULL with a sentence in err. */
struct dns *dns_new(const struct dns_settings *, char *err, size_t errlen);
void dns_free(struct dns *);

/* Send a question, if it was not asked before; do not wait. */
void dns_want(struct dns *, enum dns_type, struct str name);
/* The answer, waited for: a dns_ask_fn. */
const struct dns_answer *dns_ask(void *dns, enum dns_type, struct str name);

/* Some server has answered something.  False while nobody is known to be there. */
bool dns_alive(const struct dns *);

#endif
