/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyring.c - checks and decodes key files, by OpenSSL.  system/keyfile.h checks
 * whether a file can be trusted.
 *
 * keyring_load() sorts all keys of the settings by file, reads each file once, and
 * notes for each key of each domain which file's key it is.  keyring_decode() checks
 * one file: the PEM blocks first, since they show the usual mistakes by name (a
 * certificate, a public key, an encrypted key); then the type and the length of the
 * key; then whether its public half verifies what it signs.
 */
#include "dkim/keyring.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/keydecode.h"
#include "system/keyfile.h"
#include "text/buf.h"

#define RSA_BITS_MIN 1024 /* Gmail and Yahoo verify no shorter key */
#define RSA_BITS_WISE 2048
#define RSA_BITS_MAX 4096 /* a longer public key does not fit DNS over UDP */

/* The file that is read, and the buffers for its errors and warnings. */
struct job {
	const char *file;
	char *err;
	size_t errlen;
	char *warn;
	size_t warnlen;
};

struct keyring {
	struct keyring_key *keys; /* one key for each file */
	size_t n_keys;
	size_t **of; /* of[domain][key] is an index in keys */
	size_t n_domains;
};

static int refuse_file(const struct job *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse_file(const struct job *j, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	snprintf(j->err, j->errlen, "%s: ", j->file);
	used = strlen(j->err);
	va_start(ap, fmt);
	vsnprintf(j->err + used, j->errlen - used, fmt, ap);
	va_end(ap);
	return -1;
}

/*
 * Why a PEM block of that name is not a key we can use: a sentence, "" if it is
 * encrypted, or NULL if it may be such a key.
 */
static const char *
why_not(const char *name, const char *header)
{
	static const struct {
		const char *name, *why;
	} others[] = {
		{ "ENCRYPTED PRIVATE KEY", "" },
		{ "PUBLIC KEY", "found a public key, expected the private key" },
		{ "RSA PUBLIC KEY", "found a public key, expected the private key" },
		{ "CERTIFICATE", "found a certificate, expected a private key alone" },
		{ "OPENSSH PRIVATE KEY",
		    "found a key of OpenSSH, expected one made by: openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048" },
		{ "EC PRIVATE KEY",
		    "found an elliptic curve key, expected RSA or Ed25519: DKIM knows no other" },
		{ "DSA PRIVATE KEY",
		    "found a DSA key, expected RSA or Ed25519: DKIM knows no other" },
	};

	if (strstr(header, "ENCRYPTED") != NULL)
		return "";
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(name, others[i].name) == 0)
			return others[i].why;
	return NULL;
}

/* Refuses a file that has no PEM block. */
static int
refuse_form(const struct job *j, const struct buf *text)
{
	const unsigned char *p = (const unsigned char *)text->p;

	if (text->len == 0)
		return refuse_file(
		    j, "the file is empty, expected a private key in PEM form");
	/* A DER SEQUENCE whose length takes two bytes (RSA), or one byte (Ed25519). */
	if (p[0] == 0x30 && text->len > 2 && (p[1] == 0x82 || p[1] == text->len - 2))
		return refuse_file(j,
		    "found a key in DER form, expected PEM; run: openssl pkey -inform DER -in %s -out %s.pem",
		    j->file, j->file);
	return refuse_file(j,
	    "found no PEM block, expected a private key that begins with -----BEGIN PRIVATE KEY-----");
}

/* Checks that the file holds exactly one private key, unencrypted. */
static int
check_blocks(const struct job *j, const struct buf *text)
{
	BIO *bio = BIO_new_mem_buf(text->p, (int)text->len);
	char *name, *header;
	unsigned char *data;
	long len;
	size_t keys = 0;
	int rc = 0;

	if (bio == NULL)
		return refuse_file(j, "out of memory");
	while (rc == 0 && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		const char *why = why_not(name, header);

		if (why != NULL && why[0] == '\0')
			rc = refuse_file(j,
			    "the key is encrypted, and the daemon has nobody to type its pass-phrase; run: openssl pkey -in %s -out %s.plain",
			    j->file, j->file);
		else if (why != NULL)
			rc = refuse_file(j, "%s", why);
		else if (strstr(name, "PRIVATE KEY") != NULL && ++keys > 1)
			rc = refuse_file(
			    j, "found a second private key, expected one per file");
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
	}
	if (rc == 0 && keys == 0) {
		rc = strstr(text->p, "-----BEGIN ") != NULL
		    ? refuse_file(j,
			  "the PEM block is damaged or cut short, expected a private key")
		    : refuse_form(j, text);
	}
	ERR_clear_error();
	BIO_free(bio);
	return rc;
}

static int
check_type(const struct job *j, EVP_PKEY *pkey, struct keyring_key *out)
{
	const char *type = EVP_PKEY_get0_type_name(pkey);

	out->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		out->type = KEYRING_ED25519;
		return 0;
	}
	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return refuse_file(j,
		    "found a key of type %s, expected RSA or Ed25519: DKIM knows no other",
		    type != NULL ? type : "unknown");
	out->type = KEYRING_RSA;
	if (out->bits < RSA_BITS_MIN)
		return refuse_file(j,
		    "found an RSA key of %u bits, expected 2048: no provider verifies less than %d",
		    out->bits, RSA_BITS_MIN);
	if (out->bits < RSA_BITS_WISE)
		snprintf(j->warn, j->warnlen,
		    "%s: RSA keys of %u bits are thought too short, use %d", j->file,
		    out->bits, RSA_BITS_WISE);
	if (out->bits > RSA_BITS_MAX)
		snprintf(j->warn, j->warnlen,
		    "%s: RSA keys of %u bits do not fit DNS over UDP and many verifiers refuse them, use %d",
		    j->file, out->bits, RSA_BITS_WISE);
	return 0;
}

static int
decode_key(const struct job *j, const struct buf *text, struct keyring_key *out)
{
	EVP_PKEY *pkey = keydecode_pem(text->p, text->len);
	int rc;

	if (pkey == NULL)
		rc = refuse_file(j,
		    "the key cannot be decoded: it is damaged, or of a type OpenSSL does not know");
	else
		rc = check_type(j, pkey, out);
	if (rc == 0 && !keydecode_fits(pkey))
		rc = refuse_file(j,
		    "the key is damaged: its public half does not verify what it signs");
	if (rc == 0)
		out->pkey = pkey;
	else
		EVP_PKEY_free(pkey);
	ERR_clear_error();
	return rc;
}

int
keyring_decode(const char *file, const char *user, struct keyring_key *out, char *err,
    size_t errlen, char *warn, size_t warnlen)
{
	struct job j = { file, err, errlen, warn, warnlen };
	struct buf text;
	int rc;

	*out = (struct keyring_key) { 0 };
	if (warnlen > 0)
		warn[0] = '\0';
	buf_init(&text, KEYFILE_MAX);
	rc = keyfile_read(file, user, &text, err, errlen, warn, warnlen);
	if (rc == 0)
		rc = check_blocks(&j, &text);
	if (rc == 0)
		rc = decode_key(&j, &text, out);
	OPENSSL_cleanse(text.p, text.cap);
	buf_fini(&text);
	return rc;
}

/* PKCS#8 PEM is the only form of Ed25519 that libopendkim reads. */
int
keyring_encode(struct keyring_key *k)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	long len = 0;

	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1)
		len = BIO_get_mem_data(bio, &p);
	if (len > 0) {
		k->pem = malloc((size_t)len + 1);
		if (k->pem != NULL) {
			memcpy(k->pem, p, (size_t)len);
			k->pem[len] = '\0';
			k->pem_len = (size_t)len;
		}
		OPENSSL_cleanse(p, (size_t)len);
	}
	BIO_free(bio);
	return k->pem != NULL ? 0 : -1;
}

int
keyring_read(const char *file, const char *user, struct keyring_key *out, char *err,
    size_t errlen, char *warn, size_t warnlen)
{
	if (keyring_decode(file, user, out, err, errlen, warn, warnlen) != 0)
		return -1;
	if (keyring_encode(out) == 0)
		return 0;
	keyring_key_fini(out);
	snprintf(err, errlen, "%s: out of memory", file);
	return -1;
}

void
keyring_key_fini(struct keyring_key *k)
{
	if (k->pem != NULL)
		OPENSSL_cleanse(k->pem, k->pem_len);
	free(k->pem);
	EVP_PKEY_free(k->pkey);
	*k = (struct keyring_key) { 0 };
}

/* A key of the settings; these are sorted by file. */
struct wanted {
	const struct conf_key *key;
	size_t domain, place;
};

static int
by_file(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int order = strcmp(x->key->file, y->key->file);

	/* Lines of one file are sorted, so that errors name the first one. */
	return order != 0
	    ? order
	    : (x->key->line > y->key->line) - (x->key->line < y->key->line);
}

static struct wanted *
wanted_keys(const struct conf *c, size_t *n)
{
	struct wanted *w;

	*n = 0;
	for (size_t d = 0; d < c->n_domains; d++)
		*n += c->domains[d].n_keys;
	w = calloc(*n + 1, sizeof(*w));
	*n = 0;
	for (size_t d = 0; w != NULL && d < c->n_domains; d++)
		for (size_t k = 0; k < c->domains[d].n_keys; k++)
			w[(*n)++] = (struct wanted) { &c->domains[d].keys[k], d, k };
	if (w != NULL)
		qsort(w, *n, sizeof(*w), by_file);
	return w;
}

/* An empty keyring for n keys of the domains of c.  NULL if memory is short. */
static struct keyring *
keyring_new(const struct conf *c, size_t n)
{
	struct keyring *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->keys = calloc(n + 1, sizeof(*r->keys));
	r->of = calloc(c->n_domains + 1, sizeof(*r->of));
	if (r->keys == NULL || r->of == NULL)
		goto fail;
	for (; r->n_domains < c->n_domains; r->n_domains++) {
		r->of[r->n_domains] = calloc(
		    c->domains[r->n_domains].n_keys + 1, sizeof(*r->of[r->n_domains]));
		if (r->of[r->n_domains] == NULL)
			goto fail;
	}
	return r;
fail:
	keyring_free(r);
	return NULL;
}

/* Writes "FILE:LINE: " of a key to out, or "" if it is not known. */
static void
line_prefix(const struct conf *c, const struct conf_key *k, char *out, size_t size)
{
	out[0] = '\0';
	if (c->file != NULL && k->line != 0)
		snprintf(out, size, "%s:%u: ", c->file, k->line);
}

static int
load_key(struct keyring *r, const struct conf *c, const struct wanted *w,
    void (*warn)(void *, const char *), void *arg, char *err, size_t errlen)
{
	char prefix[512], why[1024], unwise[1024], text[1536];

	line_prefix(c, w->key, prefix, sizeof(prefix));
	if (keyring_read(w->key->file, c->user, &r->keys[r->n_keys], why, sizeof(why),
		unwise, sizeof(unwise)) != 0) {
		snprintf(err, errlen, "%s%s", prefix, why);
		return -1;
	}
	r->n_keys++;
	if (unwise[0] != '\0' && warn != NULL) {
		snprintf(text, sizeof(text), "%s%s", prefix, unwise);
		warn(arg, text);
	}
	return 0;
}

bool
keyring_fits(const struct keyring_key *k, enum conf_canon header)
{
	return k->type != KEYRING_ED25519 || header != CONF_CANON_SIMPLE;
}

static int
check_canon(const struct keyring *r, const struct conf *c, const struct wanted *w,
    char *err, size_t errlen)
{
	const struct conf_domain *d = &c->domains[w->domain];
	char prefix[512];

	if (keyring_fits(&r->keys[r->n_keys - 1], d->header_canon))
		return 0;
	line_prefix(c, w->key, prefix, sizeof(prefix));
	snprintf(err, errlen,
	    "%s%s: found an Ed25519 key with simple header canonicalization, whose signatures do not verify; expected canonicalization = \"relaxed/relaxed\"",
	    prefix, w->key->file);
	return -1;
}

/*
 * Warns about domains that sign by Ed25519 alone: Gmail, Yahoo and Outlook do not
 * verify it and treat such mail as unsigned.
 */
static void
warn_of_ed25519(const struct keyring *r, const struct conf *c,
    void (*warn)(void *, const char *), void *arg)
{
	char prefix[512], text[1536];

	for (size_t i = 0; i < c->n_domains && warn != NULL; i++) {
		const struct conf_domain *d = &c->domains[i];
		size_t n = 0;

		for (size_t k = 0; k < d->n_keys; k++)
			n += r->keys[r->of[i][k]].type == KEYRING_ED25519;
		if (n == 0 || n < d->n_keys)
			continue;
		line_prefix(c, &d->keys[0], prefix, sizeof(prefix));
		snprintf(text, sizeof(text),
		    "%sdomain \"%s\": signed by Ed25519 alone, which Gmail, Yahoo and Outlook do not verify: add an RSA key",
		    prefix, d->name);
		warn(arg, text);
	}
}

struct keyring *
keyring_load(const struct conf *c, void (*warn)(void *, const char *), void *arg,
    char *err, size_t errlen)
{
	size_t n;
	struct wanted *w = wanted_keys(c, &n);
	struct keyring *r = w != NULL ? keyring_new(c, n) : NULL;

	if (r == NULL) {
		snprintf(err, errlen, "key files: out of memory");
		goto fail;
	}
	for (size_t i = 0; i < n; i++) {
		if ((i == 0 || strcmp(w[i].key->file, w[i - 1].key->file) != 0) &&
		    load_key(r, c, &w[i], warn, arg, err, errlen) != 0)
			goto fail;
		if (check_canon(r, c, &w[i], err, errlen) != 0)
			goto fail;
		r->of[w[i].domain][w[i].place] = r->n_keys - 1;
	}
	free(w);
	warn_of_ed25519(r, c, warn, arg);
	return r;
fail:
	free(w);
	keyring_free(r);
	return NULL;
}

void
keyring_free(struct keyring *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_keys; i++)
		keyring_key_fini(&r->keys[i]);
	for (size_t d = 0; d < r->n_domains; d++)
		free(r->of[d]);
	free(r->keys);
	free(r->of);
	free(r);
}

const struct keyring_key *
keyring_get(const struct keyring *r, size_t d, size_t k)
{
	return &r->keys[r->of[d][k]];
}
