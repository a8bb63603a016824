/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache.c - decoded keys under libopendkim's feet.  See the header.
 *
 * One trap: libopendkim 2.11.0-beta2 forgets to free an Ed25519 key after use (its
 * dkim_free() looks at RSA only), so a reference handed out for each signature would
 * pile up until the counter overflows.  Whether the library in use does so is found out
 * by the proof: a key with a destructor is signed with, and one look tells who freed
 * what.
 */
#include "edge/keycache.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#define HANDLE_FORM "-----METERMARK %016" PRIx64 " %016" PRIxPTR " %c-----"
#define HANDLE_START "-----METERMARK "

/* All set by the first keycache_prove(), before other threads; read-only after. */
static bool proved;
static uint64_t secret; /* so that no text but ours is taken for a handle */
static bool effective;
static bool ed25519_is_freed; /* by dkim_free() */

/* How often a handle was redeemed; looked at by the proof. */
static atomic_uint_fast64_t redeemed;
/* The proof's key was freed for good. */
static atomic_bool freed;

static EVP_PKEY *
redeem(const char *text, size_t len)
{
	char copy[KEYCACHE_HANDLE_BYTES];
	uint64_t who = 0;
	uintptr_t key = 0;
	char type = 0;
	EVP_PKEY *pkey;

	if (len >= sizeof copy || len < sizeof HANDLE_START ||
	    memcmp(text, HANDLE_START, sizeof HANDLE_START - 1) != 0)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (sscanf(copy, HANDLE_START "%" SCNx64 " %" SCNxPTR " %c", &who, &key,
		&type) != 3 ||
	    who != secret || key == 0)
		return NULL;
	pkey = (EVP_PKEY *)key;
	/* Where the library keeps the reference for ever, it gets none. */
	if ((type == 'r' || ed25519_is_freed) && EVP_PKEY_up_ref(pkey) != 1)
		return NULL;
	atomic_fetch_add(&redeemed, 1);
	return pkey;
}

/* In place of libcrypto's, for this whole process: see the header. */
EVP_PKEY *
PEM_read_bio_PrivateKey(BIO *bio, EVP_PKEY **x, pem_password_cb *cb, void *u)
{
	char *text = NULL;
	long len =
	    BIO_method_type(bio) == BIO_TYPE_MEM ? BIO_get_mem_data(bio, &text) : 0;

	if (len > 0 && x == NULL) {
		EVP_PKEY *pkey = redeem(text, (size_t)len);

		if (pkey != NULL)
			return pkey;
	}
	return PEM_read_bio_PrivateKey_ex(bio, x, cb, u, NULL, NULL);
}

static void
write_handle(char out[KEYCACHE_HANDLE_BYTES], const void *pkey, enum keyring_type type)
{
	snprintf(out, KEYCACHE_HANDLE_BYTES, HANDLE_FORM, secret, (uintptr_t)pkey,
	    type == KEYRING_RSA ? 'r' : 'e');
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

/* A reference is given as if the library freed it; the destructor tells whether it did.
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
	int index;

	if (proved)
		return effective;
	proved = true;
	index = CRYPTO_get_ex_new_index(
	    CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL, on_free);
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (pkey != NULL && index >= 0 &&
	    EVP_PKEY_set_ex_data(pkey, index, &freed) == 1 &&
	    RAND_bytes((unsigned char *)&secret, sizeof secret) == 1)
		effective = prove_with(pkey, sign_once);
	else
		EVP_PKEY_free(pkey);
	return effective;
}
