/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtable_parts.h - what the two files of domtable share.  For domtable*.c only.
 * Pure.
 */
#ifndef METERMARK_CONFIG_DOMTABLE_PARTS_H
#define METERMARK_CONFIG_DOMTABLE_PARTS_H

#include "config/domtable.h"

#define DOMTABLE_MARK "%{domain}"
#define DOMTABLE_NONE UINT32_MAX
#define DOMTABLE_OWN UINT32_MAX /* as a row's domain: the pattern's own */
#define DOMTABLE_HASH 2166136261U

/* One key.  Strings are places in the pool; 0 is the empty one. */
struct domtable_row {
	uint32_t name; /* of the pattern: example.com, .example.com, * */
	uint32_t selector;
	uint32_t file;
	uint32_t domain; /* 0: that of From */
	uint32_t users;
	uint32_t line;
	uint32_t next; /* row of the same pattern; the last one names the first */
	uint32_t expire_s : 26;
	uint32_t header_relaxed : 1;
	uint32_t body_relaxed : 1;
};

struct domtable_slot {
	uint32_t hash;
	uint32_t last; /* row of the pattern that came last */
};

struct domtable {
	char *pool;
	size_t pool_len, pool_cap;
	struct domtable_row *rows;
	size_t n_rows;
	struct domtable_slot *slots; /* patterns by hash; never full */
	size_t n_slots;              /* a power of two, of interned too */
	uint32_t *interned;          /* strings by hash; only while it is built */
	bool users;                  /* some line has users= */
	size_t n_interned;
};

/* Place for that many lines; NULL when out of memory. */
struct domtable *domtable_new(size_t lines);
/* The place of a string, the same for equal ones.  -1: no memory. */
int domtable_intern(struct domtable *, struct str, uint32_t *out);
const char *domtable_text(const struct domtable *, uint32_t at);
/* The last row with that pattern, or DOMTABLE_NONE. */
uint32_t domtable_pattern(const struct domtable *, struct str pattern);
/* Append a row of that pattern; name and next are filled in.  -1: no memory. */
int domtable_add(struct domtable *, struct str pattern, const struct domtable_row *);
/* Nothing more will come. */
void domtable_pack(struct domtable *);

#endif
