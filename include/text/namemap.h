/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namemap.h - structs found by name, where strangers choose the names.  Pure.
 *
 * A chained hash table whose nodes live inside the structs.  The hash is SipHash-1-3
 * under a random key that the caller brings, so that nobody can prepare names that all
 * fall into one chain.  Not thread-safe.
 */
#ifndef METERMARK_TEXT_NAMEMAP_H
#define METERMARK_TEXT_NAMEMAP_H

#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

#define NAMEMAP_SEED_BYTES 16

/*
 * Embedded in the struct that is found.  name must live as long as the struct is in the
 * map.
 */
struct namemap_link {
	struct namemap_link *chain;
	uint64_t hash;
	struct str name;
};

struct namemap {
	struct namemap_link **bucket;
	size_t n_buckets; /* a power of two */
	size_t n;
	uint64_t seed[2];
};

/* 0, or -1 when out of memory.  namemap_fini() does not free the structs. */
int namemap_init(struct namemap *, const uint8_t seed[NAMEMAP_SEED_BYTES]);
void namemap_fini(struct namemap *);

/* The link of that name; NULL if there is none. */
struct namemap_link *namemap_find(const struct namemap *, struct str name);
/* link->name is set and not in the map yet.  Cannot fail: without memory to grow,
 * chains get longer. */
void namemap_insert(struct namemap *, struct namemap_link *);
/* link is in the map. */
void namemap_remove(struct namemap *, struct namemap_link *);

/* The struct of the given type whose member is at link. */
#define NAMEMAP_OF(link, type, member)                                                 \
 ((type *)(void *)((char *)(link)-offsetof(type, member)))

#endif
