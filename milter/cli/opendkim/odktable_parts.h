/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odktable_parts.h - what the files of odktable share.  For odktable*.c only.  Pure.
 */
#ifndef METERMARK_CLI_OPENDKIM_ODKTABLE_PARTS_H
#define METERMARK_CLI_OPENDKIM_ODKTABLE_PARTS_H

#include "cli/opendkim/odktable.h"
#include "text/arena.h"

/* The domains that a pattern over addresses stands for. */
struct odktable_pattern {
	size_t n;
	enum odktable_kind kind[2];
	struct str domain; /* as written */
	/* Why it could not be taken, or not as it is; NULL: it could. */
	const char *reason;
	enum odktable_weight weight;
};

void odktable_pattern(struct str text, bool refile, struct odktable_pattern *out);

/* A pattern with its key, as written. */
struct odktable_row {
	enum odktable_kind kind;
	struct str domain;
	struct str key_name;            /* "%": that of the domain in From */
	const struct odktable_key *key; /* NULL: to be found by its name */
	size_t order;
	unsigned line;
	bool ordered; /* from a refile: the first line wins, whatever its length */
};

/* A list that grows. */
struct odktable_list {
	void *v;
	size_t n, cap, size;
};

struct odktable {
	odktable_say_fn *say;
	void *arg;
	struct arena *arena;
	struct odktable_list keys;   /* struct odktable_key *; when finished, by name */
	struct odktable_list rows;   /* struct odktable_row */
	struct odktable_list exempt; /* struct odktable_row */
	struct odktable_list rules;  /* struct odktable_rule */
};

void odktable_say(struct odktable *, enum odktable_source, unsigned line,
    enum odktable_weight, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The length of a name for %.*s. */
int odktable_shown(struct str);
/* A new last element, cleared; NULL when out of memory. */
void *odktable_grow(struct odktable_list *);

#endif
