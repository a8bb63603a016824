/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydecode.c - decodes all keys with one OSSL_DECODER_CTX, and checks the arithmetic
 * of RSA keys.
 */
#include "dkim/keydecode.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>

/*
 * The decoders, and the place where they store the key that they find; both under the
 * lock.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static OSSL_DECODER_CTX *decoders;
static EVP_PKEY *found;

/*
 * Without this function OpenSSL asks for a pass-phrase on the terminal, where a daemon
 * would wait forever.
 */
static int
no_passphrase(char *out, int size, int rwflag, void *arg)
{
	(void)out;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static OSSL_DECODER_CTX *
make_decoders(void)
{
	OSSL_DECODER_CTX *out = OSSL_DECODER_CTX_new_for_pkey(
	    &found, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);

	if (out != NULL &&
	    OSSL_DECODER_CTX_set_pem_password_cb(out, no_passphrase, NULL) != 1) {
		OSSL_DECODER_CTX_free(out);
		out = NULL;
	}
	return out;
}

static EVP_PKEY *
decode_with_kept(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	EVP_PKEY *out = NULL;

	pthread_mutex_lock(&lock);
	if (decoders == NULL)
		decoders = make_decoders();
	if (decoders != NULL && OSSL_DECODER_from_data(decoders, &p, &len) == 1)
		out = found;
	else
		EVP_PKEY_free(found);
	found = NULL;
	pthread_mutex_unlock(&lock);
	return out;
}

void *
keydecode_pem(const char *text, size_t len)
{
	EVP_PKEY *out = decode_with_kept(text, len);
	BIO *bio;

	if (out != NULL)
		return out;
	/* If the kept decoders find no key, new ones decide whether there is none. */
	bio = BIO_new_mem_buf(text, (int)len);
	if (bio != NULL)
		out = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	return out;
}

/* The numbers of an RSA private key with two primes, named as in RFC 8017 3.2. */
enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static bool
get_numbers(const EVP_PKEY *pkey, BIGNUM *numbers[NUMBERS])
{
	static const char *const names[NUMBERS] = { OSSL_PKEY_PARAM_RSA_N,
		OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
		OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };

	for (size_t i = 0; i < NUMBERS; i++)
		if (EVP_PKEY_get_bn_param(pkey, names[i], &numbers[i]) != 1)
			return false;
	return true;
}

/* a * b = 1 (mod m) */
static bool
inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BIGNUM *tmp, BN_CTX *ctx)
{
	return BN_mod_mul(tmp, a, b, m, ctx) == 1 && BN_is_one(tmp);
}

/*
 * True if n = p q, and the private exponents undo the public exponent modulo p and
 * modulo q.
 */
static bool
numbers_agree(const EVP_PKEY *pkey)
{
	BIGNUM *k[NUMBERS] = { NULL };
	BIGNUM *p1 = NULL, *q1 = NULL, *tmp = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	bool ok = false;

	if (tmp == NULL || ctx == NULL || !get_numbers(pkey, k) ||
	    BN_mul(tmp, k[P], k[Q], ctx) != 1 || BN_cmp(tmp, k[N]) != 0)
		goto done;
	p1 = BN_dup(k[P]);
	q1 = BN_dup(k[Q]);
	ok = p1 != NULL && q1 != NULL && BN_sub_word(p1, 1) == 1 &&
	    BN_sub_word(q1, 1) == 1 && inverse(k[E], k[D], p1, tmp, ctx) &&
	    inverse(k[E], k[D], q1, tmp, ctx) && inverse(k[E], k[DP], p1, tmp, ctx) &&
	    inverse(k[E], k[DQ], q1, tmp, ctx) &&
	    inverse(k[QINV], k[Q], k[P], tmp, ctx);
done:
	for (size_t i = 0; i < NUMBERS; i++)
		BN_clear_free(k[i]);
	BN_clear_free(p1);
	BN_clear_free(q1);
	BN_clear_free(tmp);
	BN_CTX_free(ctx);
	return ok;
}

static bool
signs_and_verifies(EVP_PKEY *pkey, const EVP_MD *md)
{
	static const unsigned char text[] = "metermark";
	unsigned char sig[4096];
	size_t siglen = sizeof(sig);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	bool ok;

	ok = sign != NULL && verify != NULL &&
	    (size_t)EVP_PKEY_get_size(pkey) <= sizeof(sig) &&
	    EVP_DigestSignInit(sign, NULL, md, NULL, pkey) == 1 &&
	    EVP_DigestSign(sign, sig, &siglen, text, sizeof(text)) == 1 &&
	    EVP_DigestVerifyInit(verify, NULL, md, NULL, pkey) == 1 &&
	    EVP_DigestVerify(verify, sig, siglen, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return ok;
}

bool
keydecode_fits(void *pkey)
{
	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return signs_and_verifies(pkey, NULL);
	return numbers_agree(pkey) || signs_and_verifies(pkey, EVP_sha256());
}
