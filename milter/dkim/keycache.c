/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache.c - gives decoded keys to libopendkim.  See the header.
 *
 * A handle is a text of fixed form: a start that looks like PEM, a random secret of
 * this process, the address of the EVP_PKEY in hex, and its type.  The library carries
 * it along as the key's text until it calls PEM_read_bio_PrivateKey(); our definition
 * of that function recognizes the form and the secret, and returns the EVP_PKEY at the
 * address.
 *
 * The library is expected to free each key that it gets, so each call gets a reference
 * of its own.  libopendkim 2.11.0-beta2, however, never frees an Ed25519 key (its
 * dkim_free() handles RSA only), and such references would pile up until the counter
 * overflows.  keycache_prove() finds out how the library in use behaves: it signs once
 * with a key that has a destructor, drops our reference, and looks whether the
 * destructor ran.  If it did not, Ed25519 keys are given out without a reference of
 * their own.
 */
#include "dkim/keycache.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#define START "-----METERMARK "
#define HEX 16 /* hex digits of 64 bits */

/*
 * The text that stands for a key.  It contains no NUL, as the library measures it with
 * strlen(); keycache_text() appends one.
 */
struct handle {
	char start[sizeof START - 1];
	char secret[HEX];
	char key[HEX];
	char type; /* r: RSA, e: Ed25519 */
};
_Static_assert(sizeof(struct handle) < KEYCACHE_HANDLE_BYTES, "a handle fits");

/*
 * The first keycache_prove() sets all of these before other threads start; after that
 * they are only read.
 */
static bool proved;
static char secret[HEX]; /* so that no other text is taken for a handle */
static bool effective;
static bool ed25519_is_freed; /* dkim_free() frees Ed25519 keys */

/* How many handles were exchanged for keys; the proof checks it. */
static atomic_uint_fast64_t redeemed;
/* The destructor of the proof's key has run. */
static atomic_bool freed;

static void
write_hex(char out[HEX], uint64_t n)
{
	for (int i = HEX - 1; i >= 0; i--, n >>= 4)
		out[i] = "0123456789abcdef"[n & 15];
}

/* Reads a number.  Returns 0, which is no key's address, if it is invalid. */
static uintptr_t
read_hex(const char in[HEX])
{
	uintptr_t n = 0;

	for (int i = 0; i < HEX; i++) {
		if (in[i] >= '0' && in[i] <= '9')
			n = n << 4 | (uintptr_t)(in[i] - '0');
		else if (in[i] >= 'a' && in[i] <= 'f')
			n = n << 4 | (uintptr_t)(in[i] - 'a' + 10);
		else
			return 0;
	}
	return n;
}

static EVP_PKEY *
redeem_handle(const char *text, size_t len)
{
	struct handle h;
	uintptr_t key;
	EVP_PKEY *pkey;

	if (len != sizeof h)
		return NULL;
	memcpy(&h, text, sizeof h);
	if (memcmp(h.start, START, sizeof h.start) != 0 ||
	    memcmp(h.secret, secret, sizeof secret) != 0)
		return NULL;
	key = read_hex(h.key);
	if (key == 0)
		return NULL;
	pkey = (EVP_PKEY *)key;
	/* If the library never frees the key, it gets no reference of its own. */
	if ((h.type == 'r' || ed25519_is_freed) && EVP_PKEY_up_ref(pkey) != 1)
		return NULL;
	atomic_fetch_add(&redeemed, 1);
	return pkey;
}

/* Replaces libcrypto's function in the whole process: see the header. */
EVP_PKEY *
PEM_read_bio_PrivateKey(BIO *bio, EVP_PKEY **x, pem_password_cb *cb, void *u)
{
	char *text = NULL;
	long len =
	    BIO_method_type(bio) == BIO_TYPE_MEM ? BIO_get_mem_data(bio, &text) : 0;

	if (len > 0 && x == NULL) {
		EVP_PKEY *pkey = redeem_handle(text, (size_t)len);

		if (pkey != NULL)
			return pkey;
	}
	return PEM_read_bio_PrivateKey_ex(bio, x, cb, u, NULL, NULL);
}

static void
write_handle(char out[KEYCACHE_HANDLE_BYTES], const void *pkey, enum keyring_type type)
{
	struct handle h = { .type = type == KEYRING_RSA ? 'r' : 'e' };

	memcpy(h.start, START, sizeof h.start);
	memcpy(h.secret, secret, sizeof secret);
	write_hex(h.key, (uintptr_t)pkey);
	memcpy(out, &h, sizeof h);
	out[sizeof h] = '\0';
}

const char *
keycache_text(const struct keyring_key *key, char out[KEYCACHE_HANDLE_BYTES])
{
	if (!effective)
		return key->pem;
	write_handle(out, key->pkey, key->type);
	return out;
}

/* ==== The proof ==== */

static void
on_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	if (ptr != NULL)
		atomic_store(&freed, true);
}

/*
 * Signs once with a reference that the library is expected to free.  The destructor
 * tells whether it did; if not, we free the reference here.
 */
static bool
prove_with(EVP_PKEY *pkey, bool (*sign_once)(const char *key_text))
{
	char handle[KEYCACHE_HANDLE_BYTES];
	bool done;

	ed25519_is_freed = true;
	write_handle(handle, pkey, KEYRING_ED25519);
	done = sign_once(handle) && atomic_load(&redeemed) == 1;
	EVP_PKEY_free(pkey);
	ed25519_is_freed = atomic_load(&freed);
	if (done && !ed25519_is_freed)
		EVP_PKEY_free(pkey);
	return done;
}

bool
keycache_prove(bool (*sign_once)(const char *key_text))
{
	EVP_PKEY *pkey;
	uint64_t random;
	int index;

	if (proved)
		return effective;
	proved = true;
	index = CRYPTO_get_ex_new_index(
	    CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL, on_free);
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (pkey != NULL && index >= 0 &&
	    EVP_PKEY_set_ex_data(pkey, index, &freed) == 1 &&
	    RAND_bytes((unsigned char *)&random, sizeof random) == 1) {
		write_hex(secret, random);
		effective = prove_with(pkey, sign_once);
	} else {
		EVP_PKEY_free(pkey);
	}
	return effective;
}
