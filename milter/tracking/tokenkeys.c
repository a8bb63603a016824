/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tokenkeys.c - the key files of token { }.  See the header.
 */
#include "tracking/tokenkeys.h"

#include <stdio.h>
#include <string.h>

#include "system/random.h"
#include "system/keyfile.h"
#include "system/newfile.h"
#include "text/buf.h"

#define RANDOM_BYTES 32

static int
add(struct token_ring *r, const struct conf_token_key *k, struct str secret, char *err,
    size_t errlen)
{
	while (secret.len > 0 &&
	    (secret.p[secret.len - 1] == '\n' || secret.p[secret.len - 1] == '\r'))
		secret.len--;
	if (secret.len < TOKEN_SECRET_MIN || secret.len > TOKEN_SECRET_MAX) {
		snprintf(err, errlen,
		    "%s: found a key of %zu bytes, expected %zu to %zu; run: metermark token key FILE",
		    k->file, secret.len, TOKEN_SECRET_MIN, TOKEN_SECRET_MAX);
		return -1;
	}
	if (token_ring_add(r, k->id, secret.p, secret.len) == 0)
		return 0;
	snprintf(err, errlen, "%s: out of memory", k->file);
	return -1;
}

static int
load_one(struct token_ring *r, const struct conf_token_key *k, const char *user,
    char *unwise, size_t unwiselen, char *err, size_t errlen)
{
	struct buf secret;
	int rc;

	buf_init(&secret, KEYFILE_MAX);
	rc = keyfile_read(k->file, user, &secret, err, errlen, unwise, unwiselen);
	if (rc == 0)
		rc = add(r, k, buf_str(&secret), err, errlen);
	if (secret.cap > 0)
		explicit_bzero(secret.p, secret.cap);
	buf_fini(&secret);
	return rc;
}

struct token_ring *
tokenkeys_load(const struct conf *c, void (*warn)(void *, const char *), void *arg,
    char *err, size_t errlen)
{
	struct token_ring *r = token_ring_new();
	char why[1024], unwise[1024], text[1536];
	const char *file = c->file != NULL ? c->file : "token";

	if (r == NULL) {
		snprintf(err, errlen, "token keys: out of memory");
		return NULL;
	}
	for (size_t i = 0; i < c->n_token_keys; i++) {
		const struct conf_token_key *k = &c->token_keys[i];

		unwise[0] = '\0';
		if (load_one(r, k, c->user, unwise, sizeof(unwise), why, sizeof(why)) !=
		    0) {
			snprintf(err, errlen, "%s:%u: %s", file, k->line, why);
			token_ring_free(r);
			return NULL;
		}
		if (unwise[0] != '\0' && warn != NULL) {
			snprintf(
			    text, sizeof(text), "%s:%u: %s", file, k->line, unwise);
			warn(arg, text);
		}
	}
	return r;
}

struct token_ring *
tokenkeys_local(const uint8_t secret[32])
{
	struct token_ring *r = token_ring_new();

	if (r != NULL && token_ring_add(r, TOKEN_KEY_IDS[0], secret, 32) != 0) {
		token_ring_free(r);
		return NULL;
	}
	return r;
}

int
tokenkeys_try(const struct conf_token_key *k, const char *user, char *err,
    size_t errlen, char *unwise, size_t unwiselen)
{
	struct token_ring *r = token_ring_new();
	int rc = -1;

	unwise[0] = '\0';
	if (r == NULL)
		snprintf(err, errlen, "%s: out of memory", k->file);
	else
		rc = load_one(r, k, user, unwise, unwiselen, err, errlen);
	token_ring_free(r);
	return rc;
}

int
tokenkeys_create(const char *file, const char *reader, char *err, size_t errlen)
{
	uint8_t bytes[RANDOM_BYTES];
	char text[2 * RANDOM_BYTES + 2];
	int rc = -1;

	if (random_bytes(bytes, sizeof(bytes)) != 0) {
		snprintf(err, errlen, "the system gives no random bytes");
	} else {
		for (size_t i = 0; i < sizeof(bytes); i++)
			snprintf(text + 2 * i, 3, "%02x", bytes[i]);
		text[2 * sizeof(bytes)] = '\n';
		rc = newfile_secret(
		    file, str_make(text, sizeof(text) - 1), reader, err, errlen);
	}
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	return rc;
}
