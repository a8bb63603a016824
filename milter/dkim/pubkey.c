/* SPDX-License-Identifier: BSD-2-Clause */
/* pubkey.c - reads public keys of DKIM records.  See the header. */
#include "dkim/pubkey.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define RAW_BYTES 32 /* bytes of an Ed25519 key */

/*
 * Decodes p=.  For RSA that is a SubjectPublicKeyInfo; the RSAPublicKey that RFC 6376
 * describes is accepted as well, as many verifiers do.
 */
static EVP_PKEY *
decode_public(enum dkimrec_type type, const uint8_t *key, size_t n)
{
	const unsigned char *p = key;
	EVP_PKEY *out;

	if (type == DKIMREC_ED25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, n);
	out = d2i_PUBKEY(NULL, &p, (long)n);
	if (out == NULL) {
		p = key;
		out = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)n);
	}
	if (out != NULL && (p != key + n || !EVP_PKEY_is_a(out, "RSA"))) {
		EVP_PKEY_free(out);
		out = NULL;
	}
	return out;
}

int
pubkey_look(const struct dkimrec *r, const void *own, unsigned *bits, bool *matches,
    char *err, size_t errlen)
{
	EVP_PKEY *key = decode_public(r->type, r->key, r->key_len);

	*matches = false;
	*bits = 0;
	ERR_clear_error();
	if (key == NULL) {
		snprintf(err, errlen, "p= does not hold a key of type %s%s",
		    r->type == DKIMREC_ED25519 ? "Ed25519" : "RSA",
		    r->type == DKIMREC_RSA && r->key_len == RAW_BYTES
			? "; is k=ed25519 missing?"
			: "");
		return -1;
	}
	*bits = (unsigned)EVP_PKEY_get_bits(key);
	*matches = own != NULL && EVP_PKEY_eq(key, own) == 1;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return 0;
}

static int
verify_rsa(EVP_PKEY *key, const uint8_t hash[32], const uint8_t *sig, size_t n)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	int rc = -1;

	if (c != NULL && EVP_PKEY_verify_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1)
		rc = EVP_PKEY_verify(c, sig, n, hash, 32) == 1;
	EVP_PKEY_CTX_free(c);
	return rc;
}

/* Ed25519 signs the hash itself (RFC 8463 3). */
static int
verify_ed25519(EVP_PKEY *key, const uint8_t hash[32], const uint8_t *sig, size_t n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int rc = -1;

	if (c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1)
		rc = EVP_DigestVerify(c, sig, n, hash, 32) == 1;
	EVP_MD_CTX_free(c);
	return rc;
}

int
pubkey_verify(enum dkimrec_type type, const uint8_t *key, size_t key_len,
    const uint8_t hash[32], const uint8_t *sig, size_t sig_len)
{
	EVP_PKEY *k = decode_public(type, key, key_len);
	int rc = -1;

	if (k != NULL && type == DKIMREC_ED25519)
		rc = verify_ed25519(k, hash, sig, sig_len);
	else if (k != NULL)
		rc = verify_rsa(k, hash, sig, sig_len);
	EVP_PKEY_free(k);
	ERR_clear_error();
	return rc;
}

/* ==== Our own keys ==== */

static int
add_base64(struct buf *out, const unsigned char *p, size_t n)
{
	/* One byte more, since OpenSSL writes a NUL at the end. */
	char *text = buf_extend(out, (n + 2) / 3 * 4 + 1);

	if (text == NULL)
		return -1;
	EVP_EncodeBlock((unsigned char *)text, p, (int)n);
	out->len--;
	return 0;
}

int
pubkey_record(const void *pkey, struct buf *out)
{
	const EVP_PKEY *key = pkey;
	unsigned char raw[RAW_BYTES], *der = NULL;
	size_t n = sizeof(raw);
	int len, rc;

	if (EVP_PKEY_is_a(key, "ED25519")) {
		if (EVP_PKEY_get_raw_public_key(key, raw, &n) != 1)
			return -1;
		buf_adds(out, "v=DKIM1; k=ed25519; p=");
		return add_base64(out, raw, n);
	}
	if (!EVP_PKEY_is_a(key, "RSA"))
		return -1;
	len = i2d_PUBKEY(key, &der);
	if (len <= 0)
		return -1;
	buf_adds(out, "v=DKIM1; k=rsa; p=");
	rc = add_base64(out, der, (size_t)len);
	OPENSSL_free(der);
	return rc;
}
