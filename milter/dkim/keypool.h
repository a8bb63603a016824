/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keypool.h - decoded DKIM keys of a domain_table: those in use, not all of them.
 *
 * A hundred thousand decoded keys would take 600 MB and half a minute of CPU at every
 * load.  So a key is read, checked and decoded for the first message that needs it, in
 * that message's thread, and kept; beyond a number of keys the one that was idle
 * longest goes.  Lines that name the same file share one key.  A file that cannot be
 * used is not tried again for a while, so that a queue full of mail for it costs
 * nothing.
 *
 * A key got is a reference: it stays valid, whatever is thrown out meanwhile, until it
 * is put.  One mutex guards the list, held for a look-up or an insertion, never while a
 * file is read, a key is decoded, or a signature is made; two threads in need of the
 * same new key may both decode it.  Thread-safe.
 */
#ifndef METERMARK_DKIM_KEYPOOL_H
#define METERMARK_DKIM_KEYPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/keyring.h"

#define KEYPOOL_RETRY_MS 5000 /* for a file that could not be used */

struct keypool;
struct keypool_key;

/*
 * At most max keys, files that could not be used included, which are tried again after
 * retry_ms.  with_pem: make each key's text as well, for a libopendkim that does not
 * take decoded ones.  NULL when out of memory.
 */
struct keypool *keypool_new(size_t max, uint32_t retry_ms, bool with_pem);
/* All references must have been put. */
void keypool_free(struct keypool *);

/*
 * The key in a file, an absolute path; keypool_put() it.  NULL with a sentence that
 * names the file, what is wrong and the cure.
 */
struct keypool_key *keypool_get(
    struct keypool *, const char *file, char *err, size_t errlen);
void keypool_put(struct keypool_key *); /* NULL is legal */
/* Valid as long as the reference. */
const struct keyring_key *keypool_keyring(const struct keypool_key *);

/* Tests: what it has done so far. */
struct keypool_counts {
	size_t held;    /* keys in the pool */
	uint64_t hits;  /* keys got without reading a file */
	uint64_t reads; /* files read */
};
struct keypool_counts keypool_count(struct keypool *);

#endif
