/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokencrypt.c - HKDF, AES-SIV and comparison from libcrypto.  See the header.
 */
#include "token/tokencrypt.h"

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "system/crypto.h"

#define SIV_TAG 16

/* Looked up once: that takes a lock and a search by name. */
static EVP_CIPHER *siv_cipher;
static pthread_once_t siv_once = PTHREAD_ONCE_INIT;

static void
fetch_siv(void)
{
	siv_cipher = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
}

static int
hkdf_sha256(const void *secret, size_t n, const char *info, uint8_t *out, size_t outlen)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, n),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, strlen(info)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	int ok = ctx != NULL && EVP_KDF_derive(ctx, out, outlen, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : -1;
}

static EVP_CIPHER_CTX *
siv_begin(const uint8_t key[64], bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	pthread_once(&siv_once, fetch_siv);
	if (ctx != NULL && siv_cipher != NULL &&
	    EVP_CipherInit_ex2(ctx, siv_cipher, key, NULL, encrypt, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static int
siv_seal(const uint8_t key[64], uint8_t ad, const void *p, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = siv_begin(key, true);
	int len = 0, rest = 0, ok;

	ok = ctx != NULL && EVP_EncryptUpdate(ctx, NULL, &len, &ad, 1) == 1 &&
	    EVP_EncryptUpdate(ctx, out + SIV_TAG, &len, p, (int)n) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + SIV_TAG + len, &rest) == 1 &&
	    (size_t)len + (size_t)rest == n &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SIV_TAG, out) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

static int
siv_open(const uint8_t key[64], uint8_t ad, const void *p, size_t n, uint8_t *out)
{
	const uint8_t *sealed = p;
	EVP_CIPHER_CTX *ctx = siv_begin(key, false);
	uint8_t tag[SIV_TAG];
	int len = 0, rest = 0, ok;

	memcpy(tag, sealed, sizeof(tag));
	ok = ctx != NULL &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SIV_TAG, tag) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &len, &ad, 1) == 1 &&
	    EVP_DecryptUpdate(ctx, out, &len, sealed + SIV_TAG, (int)n - SIV_TAG) ==
		1 &&
	    EVP_DecryptFinal_ex(ctx, out + len, &rest) == 1 &&
	    (size_t)len + (size_t)rest == n - SIV_TAG;
	EVP_CIPHER_CTX_free(ctx);
	/* What a forgery decrypts to is nobody's business. */
	if (!ok)
		OPENSSL_cleanse(out, n - SIV_TAG);
	return ok ? 0 : -1;
}

static bool
equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

const struct token_crypto *
tokencrypt(void)
{
	static const struct token_crypto crypto = {
		.sha256 = crypto_sha256,
		.hmac_sha256 = crypto_hmac_sha256,
		.hkdf_sha256 = hkdf_sha256,
		.siv_seal = siv_seal,
		.siv_open = siv_open,
		.equal = equal,
	};

	return &crypto;
}
