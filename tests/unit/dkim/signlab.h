/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signlab.h - keys, settings and a signer for tests that sign.
 *
 * A lab is a folder with key files, a conf with one domain that names them, the keyring
 * and the signer.  Everything is real but the DNS: who verifies is given the keys.
 */
#ifndef METERMARK_TESTS_SIGNLAB_H
#define METERMARK_TESTS_SIGNLAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "config/conf.h"
#include "dkim/keyring.h"
#include "dkim/signer.h"

#define SIGNLAB_KEYS 2

struct signlab {
	char dir[64];
	struct conf conf;
	struct keyring *keys;
	struct signer *signer;
	EVP_PKEY *pkey[SIGNLAB_KEYS];
};

static inline void
signlab_path(const struct signlab *l, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", l->dir, name);
}

/* Take key k of the domain, as a file named like its selector; the lab owns pkey. */
static inline int
signlab_key(struct signlab *l, size_t k, const char *selector, EVP_PKEY *pkey)
{
	char file[128];
	struct conf_key *key = &l->conf.domains[0].keys[k];
	FILE *out;
	int ok;

	l->pkey[k] = pkey;
	signlab_path(l, selector, file);
	umask(077);
	out = fopen(file, "w");
	if (out == NULL || pkey == NULL)
		return -1;
	ok = PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL);
	fclose(out);
	key->selector = strdup(selector);
	key->file = strdup(file);
	l->conf.domains[0].n_keys = k + 1;
	return ok == 1 ? 0 : -1;
}

/* The folder, and a conf with a domain that has no key yet. */
static inline int
signlab_begin(struct signlab *l, const char *domain)
{
	struct conf_domain *d;

	*l = (struct signlab) { .dir = "/tmp/metermark-sign-XXXXXX" };
	if (mkdtemp(l->dir) == NULL || conf_init(&l->conf) != 0)
		return -1;
	d = calloc(1, sizeof *d);
	if (d == NULL)
		return -1;
	l->conf.domains = d;
	l->conf.n_domains = 1;
	*d = (struct conf_domain) { .name = strdup(domain),
		.keys = calloc(SIGNLAB_KEYS, sizeof *d->keys),
		.header_canon = CONF_CANON_RELAXED,
		.body_canon = CONF_CANON_RELAXED };
	return d->keys == NULL || d->name == NULL ? -1 : 0;
}

/* With the keys in place: keyring and signer.  -1 with a sentence in err. */
static inline int
signlab_open(
    struct signlab *l, const struct signer_options *o, char *err, size_t errlen)
{
	if (conf_finish(&l->conf, err, errlen) != 0)
		return -1;
	l->keys = keyring_load(&l->conf, NULL, NULL, err, errlen);
	if (l->keys != NULL)
		l->signer = signer_new_with(&l->conf, l->keys, o, err, errlen);
	return l->signer == NULL ? -1 : 0;
}

static inline void
signlab_close(struct signlab *l)
{
	char file[128];

	signer_free(l->signer);
	keyring_free(l->keys);
	for (size_t k = 0; k < SIGNLAB_KEYS; k++) {
		if (l->conf.n_domains > 0 &&
		    l->conf.domains[0].keys[k].selector != NULL) {
			signlab_path(l, l->conf.domains[0].keys[k].selector, file);
			unlink(file);
		}
		EVP_PKEY_free(l->pkey[k]);
	}
	rmdir(l->dir);
	conf_fini(&l->conf);
}

#endif
