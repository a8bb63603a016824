/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokencrypt.c - HKDF, AES-SIV and comparison from libcrypto.  See the header.
 */
#include "token/tokencrypt.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

int
tokencrypt_hkdf(
    const void *secret, size_t n, const char *info, uint8_t *out, size_t outlen)
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

/* The name for others of what OpenSSL calls EVP_CIPHER. */
struct tokencrypt_siv *
tokencrypt_siv(void)
{
	return (struct tokencrypt_siv *)EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
}

void
tokencrypt_siv_free(struct tokencrypt_siv *siv)
{
	EVP_CIPHER_free((EVP_CIPHER *)siv);
}

static EVP_CIPHER_CTX *
siv_begin(const struct tokencrypt_siv *siv, const uint8_t key[64], bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx != NULL && siv != NULL &&
	    EVP_CipherInit_ex2(
		ctx, (const EVP_CIPHER *)siv, key, NULL, encrypt, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int
tokencrypt_seal(const struct tokencrypt_siv *siv, const uint8_t key[64], uint8_t ad,
    const void *p, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = siv_begin(siv, key, true);
	int len = 0, rest = 0, ok;

	ok = ctx != NULL && EVP_EncryptUpdate(ctx, NULL, &len, &ad, 1) == 1 &&
	    EVP_EncryptUpdate(ctx, out + TOKENCRYPT_TAG, &len, p, (int)n) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + TOKENCRYPT_TAG + len, &rest) == 1 &&
	    (size_t)len + (size_t)rest == n &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)TOKENCRYPT_TAG, out) ==
		1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -1;
}

int
tokencrypt_open(const struct tokencrypt_siv *siv, const uint8_t key[64], uint8_t ad,
    const void *p, size_t n, uint8_t *out)
{
	const uint8_t *sealed = p;
	EVP_CIPHER_CTX *ctx = siv_begin(siv, key, false);
	uint8_t tag[TOKENCRYPT_TAG];
	int len = 0, rest = 0, ok;

	memcpy(tag, sealed, sizeof(tag));
	ok = ctx != NULL &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)TOKENCRYPT_TAG, tag) ==
		1 &&
	    EVP_DecryptUpdate(ctx, NULL, &len, &ad, 1) == 1 &&
	    EVP_DecryptUpdate(ctx, out, &len, sealed + TOKENCRYPT_TAG,
		(int)(n - TOKENCRYPT_TAG)) == 1 &&
	    EVP_DecryptFinal_ex(ctx, out + len, &rest) == 1 &&
	    (size_t)len + (size_t)rest == n - TOKENCRYPT_TAG;
	EVP_CIPHER_CTX_free(ctx);
	/* Leave nothing of what a forgery decrypts to. */
	if (!ok)
		OPENSSL_cleanse(out, n - TOKENCRYPT_TAG);
	return ok ? 0 : -1;
}

bool
tokencrypt_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
