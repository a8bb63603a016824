/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keypool.c - a hash table of decoded keys, with a list in order of use.  See the
 * header.
 *
 * A listed key is in its slot's chain and in the list from newest to oldest; the mutex
 * guards both.  keypool_get() looks for the file under the mutex.  If it is missing,
 * the thread reads and decodes it without the mutex, and inserts the result, which may
 * replace a key that another thread has read meanwhile.  The pool holds one reference
 * to each listed key, and each message that signs with it holds another, so a key that
 * drops out of the pool is freed when the last message releases it.
 *
 * A file that cannot be used is listed, too: with its reason, without a key, and with
 * the time of the next attempt.
 */
#include "dkim/keypool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/clock.h"

struct keypool_key {
	struct keyring_key key; /* pkey is NULL if the file cannot be used */
	char *why;              /* the reason, if it cannot be used */
	int64_t retry_ms;       /* when to try such a file again, by clock_mono_ms() */
	atomic_uint refs;       /* the pool holds one of them while the key is listed */

	/* Guarded by the pool's mutex. */
	struct keypool_key *chain; /* next key in the same slot */
	struct keypool_key *newer, *older;

	uint64_t hash;
	char file[];
};

struct keypool {
	size_t max;
	uint32_t retry_ms;
	bool with_pem;

	pthread_mutex_t lock; /* guards what follows */
	struct keypool_key **slots;
	size_t n_slots; /* a power of two */
	struct keypool_key *newest, *oldest;
	struct keypool_counts counts;
};

/* FNV-1a. */
static uint64_t
hash_path(const char *s)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3U;
	return h;
}

struct keypool *
keypool_new(size_t max, uint32_t retry_ms, bool with_pem)
{
	struct keypool *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->max = max > 0 ? max : 1;
	p->retry_ms = retry_ms;
	p->with_pem = with_pem;
	p->n_slots = 1;
	while (p->n_slots < p->max)
		p->n_slots *= 2;
	p->slots = calloc(p->n_slots, sizeof(struct keypool_key *));
	if (p->slots == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
		free(p->slots);
		free(p);
		return NULL;
	}
	return p;
}

void
keypool_put(struct keypool_key *k)
{
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	keyring_key_fini(&k->key);
	free(k->why);
	free(k);
}

void
keypool_free(struct keypool *p)
{
	if (p == NULL)
		return;
	while (p->oldest != NULL) {
		struct keypool_key *k = p->oldest;

		p->oldest = k->newer;
		keypool_put(k);
	}
	pthread_mutex_destroy(&p->lock);
	free(p->slots);
	free(p);
}

/* ==== Under the mutex ==== */

static struct keypool_key **
slot_of(struct keypool *p, uint64_t h)
{
	return &p->slots[h & (p->n_slots - 1)];
}

static struct keypool_key *
find_key(struct keypool *p, const char *file, uint64_t h)
{
	struct keypool_key *k = *slot_of(p, h);

	while (k != NULL && (k->hash != h || strcmp(k->file, file) != 0))
		k = k->chain;
	return k;
}

static void
out_of_order(struct keypool *p, struct keypool_key *k)
{
	*(k->newer != NULL ? &k->newer->older : &p->newest) = k->older;
	*(k->older != NULL ? &k->older->newer : &p->oldest) = k->newer;
}

static void
make_newest(struct keypool *p, struct keypool_key *k)
{
	k->newer = NULL;
	k->older = p->newest;
	*(p->newest != NULL ? &p->newest->newer : &p->oldest) = k;
	p->newest = k;
}

/* Removes a key from slot and list.  The caller gets the pool's reference. */
static struct keypool_key *
unlist_key(struct keypool *p, struct keypool_key *k)
{
	struct keypool_key **at = slot_of(p, k->hash);

	while (*at != k)
		at = &(*at)->chain;
	*at = k->chain;
	out_of_order(p, k);
	p->counts.held--;
	return k;
}

/* Adds a key to slot and list, with a new reference for the pool. */
static void
list_key(struct keypool *p, struct keypool_key *k)
{
	struct keypool_key **at = slot_of(p, k->hash);

	atomic_fetch_add(&k->refs, 1);
	k->chain = *at;
	*at = k;
	make_newest(p, k);
	p->counts.held++;
}

/* ==== Look-up and insertion ==== */

static struct keypool_key *
look_up(struct keypool *p, const char *file, uint64_t h)
{
	struct keypool_key *k;

	pthread_mutex_lock(&p->lock);
	k = find_key(p, file, h);
	if (k != NULL && k->key.pkey == NULL && k->retry_ms <= clock_mono_ms())
		k = NULL;
	if (k != NULL) {
		out_of_order(p, k);
		make_newest(p, k);
		atomic_fetch_add(&k->refs, 1);
		p->counts.hits++;
	}
	pthread_mutex_unlock(&p->lock);
	return k;
}

/*
 * Lists a key.  It replaces the entry of the same file, if there is one: an old
 * failure, or a key that another thread has read at the same time.
 */
static void
insert_key(struct keypool *p, struct keypool_key *k)
{
	struct keypool_key *same, *idle = NULL;

	pthread_mutex_lock(&p->lock);
	p->counts.reads++;
	same = find_key(p, k->file, k->hash);
	if (same != NULL)
		unlist_key(p, same);
	else if (p->counts.held == p->max)
		idle = unlist_key(p, p->oldest);
	list_key(p, k);
	pthread_mutex_unlock(&p->lock);
	/*
	 * Dropping the last reference frees an EVP_PKEY, which must not happen under
	 * the mutex.
	 */
	keypool_put(same);
	keypool_put(idle);
}

/* Reads, checks and decodes a file.  Returns NULL if memory is short. */
static struct keypool_key *
read_key(const struct keypool *p, const char *file, uint64_t h)
{
	size_t len = strlen(file) + 1;
	struct keypool_key *k = calloc(1, sizeof *k + len);
	char why[1024], unwise[1024];

	if (k == NULL)
		return NULL;
	atomic_init(&k->refs, 1);
	k->hash = h;
	memcpy(k->file, file, len);
	/*
	 * No account is looked up: the process runs as it already, and a name service
	 * may wait for a network.
	 */
	if (keyring_decode(
		file, NULL, &k->key, why, sizeof why, unwise, sizeof unwise) == 0 &&
	    (!p->with_pem || keyring_encode(&k->key) == 0))
		return k;
	if (k->key.pkey != NULL)
		snprintf(why, sizeof why, "%s: out of memory", file);
	keyring_key_fini(&k->key);
	k->retry_ms = clock_mono_ms() + p->retry_ms;
	k->why = strdup(why);
	if (k->why == NULL) {
		keypool_put(k);
		return NULL;
	}
	return k;
}

struct keypool_key *
keypool_get(struct keypool *p, const char *file, char *err, size_t errlen)
{
	uint64_t h = hash_path(file);
	struct keypool_key *k = look_up(p, file, h);

	if (k == NULL) {
		k = read_key(p, file, h);
		if (k == NULL) {
			snprintf(err, errlen, "%s: out of memory", file);
			return NULL;
		}
		insert_key(p, k);
	}
	if (k->key.pkey == NULL) {
		snprintf(err, errlen, "%s", k->why);
		keypool_put(k);
		return NULL;
	}
	return k;
}

const struct keyring_key *
keypool_keyring(const struct keypool_key *k)
{
	return &k->key;
}

struct keypool_counts
keypool_count(struct keypool *p)
{
	struct keypool_counts c;

	pthread_mutex_lock(&p->lock);
	c = p->counts;
	pthread_mutex_unlock(&p->lock);
	return c;
}
