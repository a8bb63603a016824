/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - the parts of `metermark check`, which reports on one message.
 *
 * A report is an array of results. check_rules.c adds the results of the rules that
 * look at the message, check_dns.c those that need DNS; both call check_add(). The
 * scores, the three forms of the report and the exit status come from the array alone.
 */
#ifndef METERMARK_CLI_CHECK_CHECK_H
#define METERMARK_CLI_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/check/explain.h"
#include "rules/rule.h"
#include "text/cidr.h"

#define CHECK_RESULTS_MAX 128
#define CHECK_REASON_MAX 512
#define CHECK_IPS_MAX 16
#define CHECK_OUT_MAX ((size_t)4 * 1024 * 1024)

/* In this order, the greater word is the worse one. */
enum check_word { CHECK_NA, CHECK_PASS, CHECK_WARN, CHECK_FAIL };
#define CHECK_WORDS 4
/* "pass". */
const char *check_word(enum check_word);

struct check_result {
	const char *id, *title, *reference, *fix; /* as in struct rule; borrowed */
	enum check_word word[RULE_PROVIDERS];
	char reason[CHECK_REASON_MAX]; /* what was found, or why it is not applicable */
};

struct check_score {
	unsigned n[CHECK_WORDS];
	unsigned percent; /* a warning is worth half; 100 when nothing is amiss */
};

struct check {
	enum { CHECK_TEXT, CHECK_JSON, CHECK_HTML } form;
	bool transactional, no_dns;
	bool dns_wanted; /* asked for, even if nobody answers */
	const char *resolver;
	struct cidr_addr
	    ip[CHECK_IPS_MAX]; /* the addresses that will send the message */
	const char *ip_text[CHECK_IPS_MAX];
	size_t n_ip;
	struct str
	    sender;       /* of the envelope, as given or as Return-Path tells; or "" */
	bool null_sender; /* it is known to be <> */

	struct explain mail; /* the message, its txn and the settings */
	struct rule_facts facts;
	struct check_result result[CHECK_RESULTS_MAX];
	size_t n;
};

/*
 * Adds a result, which the caller fills; the word of every provider begins as CHECK_NA.
 * NULL if the array is full.
 */
struct check_result *check_add(struct check *);
/*
 * Sets the words of a result from a verdict and from what each provider demands. A
 * provider that does not ask for it gets CHECK_NA; one that only wants it gets
 * CHECK_WARN at worst.
 */
void check_judge(
    struct check_result *, enum rule_verdict, const uint8_t demand[RULE_PROVIDERS]);
/* Its worst word, over all providers. */
enum check_word check_worst(const struct check_result *);
void check_score(const struct check *, enum rule_provider, struct check_score *);

/* A field's value on one line, with all that could move a terminal escaped. */
void check_value(struct buf *, struct str, bool utf8);

/* check_rules.c: results from rules/rule.h. */
void check_rules(struct check *);

/* check_dns.c: further ones from DNS.  An exit status. */
int check_dns(struct check *);

/* check_text.c, check_json.c, check_html.c: the report.  An exit status. */
int check_text(const struct check *);
int check_json(const struct check *);
int check_html(const struct check *);

#endif
