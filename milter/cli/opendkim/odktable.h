/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odktable.h - KeyTable and SigningTable of opendkim, as which domain signs with what.
 * Pure.
 *
 * opendkim looks a message up by the whole address in From: in order of the lines with
 * refile:, else user@host, host, user@.parent, .parent, ..., user@*, *.  The first
 * match counts, or all with MultipleSignatures.  What comes out here are rules over
 * domains that need no order: the most precise one that matches says it all.  What
 * depends on the part before the @ cannot be said so, and is reported.
 *
 * All strs given must live as long as the table.  Not thread-safe.
 */
#ifndef METERMARK_CLI_OPENDKIM_ODKTABLE_H
#define METERMARK_CLI_OPENDKIM_ODKTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "text/str.h"

#define ODKTABLE_KEYS_MAX CONF_KEYS_MAX

struct odktable;

struct odktable_key {
	struct str name;
	struct str domain; /* d=; "%": that of From */
	struct str selector;
	struct str file;      /* with % for the domain that signs */
	struct str algorithm; /* "" where the row has none */
	unsigned line;
	size_t order; /* among the keys, from 1 on */
};

enum odktable_kind { ODKTABLE_EXACT, ODKTABLE_BELOW, ODKTABLE_ANY };

struct odktable_rule {
	enum odktable_kind kind;
	struct str domain; /* lower case; "" of ANY */
	const struct odktable_key *keys[ODKTABLE_KEYS_MAX];
	size_t n_keys; /* never 0 */
	unsigned line; /* where it comes from; 0: a list */
	size_t order;  /* among the rows */
	bool ordered;  /* from a refile: */
};

enum odktable_source { ODKTABLE_KEYS, ODKTABLE_RULES };
/* A note is worth knowing; what is lost will not be as it was. */
enum odktable_weight { ODKTABLE_NOTE, ODKTABLE_LOST };
typedef void odktable_say_fn(void *arg, enum odktable_source, unsigned line,
    enum odktable_weight, const char *sentence);

/* NULL when out of memory. */
struct odktable *odktable_new(odktable_say_fn *, void *arg);
void odktable_free(struct odktable *);

/* All of these: 0, or -1 when out of memory.  What is wrong is said. */

/* A row of KeyTable. */
int odktable_add_key(
    struct odktable *, unsigned line, struct str name, struct str value);
/* A row of SigningTable, from a refile: or not. */
int odktable_add_rule(struct odktable *, unsigned line, struct str pattern,
    struct str value, bool refile);
/*
 * An entry of Domain: with that selector and file, and with SubDomains for the domains
 * below it too.
 */
int odktable_add_domain(struct odktable *, unsigned line, struct str domain,
    bool refile, bool subdomains, struct str selector, struct str file);
/* An entry of ExemptDomains. */
int odktable_exempt(struct odktable *, unsigned line, struct str domain);

/* With all of them added, once; multiple: MultipleSignatures. */
int odktable_finish(struct odktable *, bool multiple);

/* Sorted by domain, exact ones first, ANY before all. */
const struct odktable_rule *odktable_rules(const struct odktable *, size_t *n);
const struct odktable_rule *odktable_find(
    const struct odktable *, enum odktable_kind, struct str domain);

/* The domain that signs for a key in a rule: "%" is the rule's own where it is exact.
 */
struct str odktable_domain(const struct odktable_rule *, const struct odktable_key *);

#endif
