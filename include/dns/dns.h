/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.h - asks DNS many questions at once, each with a time limit.
 *
 * It uses c-ares: a stub resolver that asks the servers of resolv.conf(5), or a given
 * one, from one thread, with timeouts, over UDP and, if an answer is truncated, over
 * TCP.  libunbound would resolve from the root itself: it brings threads or processes,
 * a cache and trust anchors that a host's resolver already has, and it must reach
 * servers that the firewall of a mail host may block.  c-ares is well maintained (curl
 * and node use it).
 *
 * This module does the checks that it does not leave to c-ares: libc parses the
 * answers, at most DNS_ALIASES_MAX aliases are followed, values are bounded in number
 * and size, and each question and all of them together have a deadline.  DNSSEC is left
 * to the resolver.
 *
 * Answers are kept for the life of a struct dns, so a repeated question is not sent
 * again.  Only one thread at a time may use a struct dns; several of them are
 * independent.
 */
#ifndef METERMARK_DNS_DNS_H
#define METERMARK_DNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/dnsans.h"

#define DNS_QUESTIONS_MAX 2000 /* of one struct dns; further questions fail */

struct dns_settings {
	const char *resolver; /* "192.0.2.1:53", "[::1]:5353"; "": resolv.conf(5) */
	uint32_t try_ms;      /* after which a question is sent again; 0: 1500 */
	uint32_t question_ms; /* after which a question is given up; 0: 5000 */
	uint32_t all_ms; /* the limit for all questions, from dns_new() on; 0: 30000 */
};

struct dns;

/* Returns NULL with a sentence in err if DNS cannot be used. */
struct dns *dns_new(const struct dns_settings *, char *err, size_t errlen);
void dns_free(struct dns *);

/* Sends a question, unless it was asked before, and does not wait for the answer. */
void dns_want(struct dns *, enum dns_type, struct str name);
/* Asks a question and waits for the answer: a dns_ask_fn. */
const struct dns_answer *dns_ask(void *dns, enum dns_type, struct str name);

/* True if any server has answered anything so far. */
bool dns_alive(const struct dns *);

#endif
