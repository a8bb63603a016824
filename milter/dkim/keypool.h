/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keypool.h - a cache of decoded DKIM keys of a domain_table.
 *
 * A hundred thousand decoded keys would take 600 MB, and half a minute of CPU at each
 * load.  So a key is read, checked and decoded when the first message needs it, in that
 * message's thread, and then kept.  If the cache is full, the key that was unused for
 * the longest time is dropped.  Lines that name the same file share one key.  A file
 * that cannot be used is not tried again for a while, so that a queue full of mail for
 * it costs nothing.
 *
 * keypool_get() returns a reference: the key stays valid until keypool_put(), even if
 * it is dropped meanwhile.  One mutex guards the list; it is held for a look-up or an
 * insertion, but never while a file is read, a key is decoded, or a signature is made.
 * Two threads that need the same new key may both decode it.  Thread-safe.
 */
#ifndef METERMARK_DKIM_KEYPOOL_H
#define METERMARK_DKIM_KEYPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dkim/keyring.h"

#define KEYPOOL_RETRY_MS 5000 /* for a file that cannot be used */

struct keypool;
struct keypool_key;

/*
 * Makes a cache for at most max keys, including files that cannot be used, which are
 * tried again after retry_ms.  with_pem: also keep each key's text, for a libopendkim
 * that does not take decoded keys.  Returns NULL if memory is short.
 */
struct keypool *keypool_new(size_t max, uint32_t retry_ms, bool with_pem);
/* All references must have been released before. */
void keypool_free(struct keypool *);

/*
 * The key in a file, given by an absolute path; release it with keypool_put().  Returns
 * NULL with a sentence in err that names the file, what is wrong and how to fix it.
 */
struct keypool_key *keypool_get(
    struct keypool *, const char *file, char *err, size_t errlen);
void keypool_put(struct keypool_key *); /* NULL is legal */
/* The key is valid as long as the reference. */
const struct keyring_key *keypool_keyring(const struct keypool_key *);

/* For tests: counts of what the pool has done so far. */
struct keypool_counts {
	size_t held;    /* keys in the pool, failures included */
	uint64_t hits;  /* keypool_get() calls that read no file */
	uint64_t reads; /* files read */
};
struct keypool_counts keypool_count(struct keypool *);

#endif
