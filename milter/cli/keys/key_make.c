/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key_make.c - `metermark key generate` and `record`.
 *
 * A zone file takes strings of 255 bytes at most (RFC 1035 3.3), and a line that no
 * editor breaks; a web form of a DNS provider takes the text in one piece.
 */
#include "cli/keys/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "cli/cmd.h"
#include "cli/keys/reader.h"
#include "cli/term.h"
#include "dkim/keyring.h"
#include "dkim/pubkey.h"
#include "system/newfile.h"
#include "text/buf.h"

#define RECORD_MAX 4096
#define STRING_MAX 255 /* of a TXT record's strings */
#define BITS_DEFAULT 2048

enum form { FORM_PLAIN, FORM_ZONE, FORM_JSON };

static int
form_of(const struct key_options *o, enum form *out)
{
	const char *text = o->format;
	bool named = o->domain != NULL && o->selector != NULL;

	if (text == NULL)
		text = named ? "zone" : "plain";
	if (strcmp(text, "plain") == 0)
		*out = FORM_PLAIN;
	else if (strcmp(text, "zone") == 0)
		*out = FORM_ZONE;
	else if (strcmp(text, "json") == 0)
		*out = FORM_JSON;
	else {
		term_say("--format: \"%s\" is none of plain, zone, json", text);
		return EX_USAGE;
	}
	if (*out == FORM_PLAIN || named)
		return EX_OK;
	term_say("--format %s: expected --domain and --selector too", text);
	return EX_USAGE;
}

static void
put_zone(const struct key_options *o, struct str record)
{
	struct buf out;

	buf_init(&out, 2 * RECORD_MAX);
	buf_addf(&out, "%s._domainkey.%s. IN TXT (", o->selector, o->domain);
	while (record.len > 0) {
		size_t n = record.len < STRING_MAX ? record.len : STRING_MAX;

		buf_addf(&out, "\n\t\"%.*s\"", (int)n, record.p);
		record = str_skip(record, n);
	}
	buf_adds(&out, " )\n");
	term_put(buf_str(&out));
	buf_fini(&out);
}

static int
put_json(const struct key_options *o, struct str record)
{
	json_t *strings = json_array(), *root;
	struct str rest = record;
	char name[600], *text;

	snprintf(name, sizeof(name), "%s._domainkey.%s", o->selector, o->domain);
	while (rest.len > 0) {
		size_t n = rest.len < STRING_MAX ? rest.len : STRING_MAX;

		json_array_append_new(strings, json_stringn(rest.p, n));
		rest = str_skip(rest, n);
	}
	root = json_pack("{s:s, s:s, s:s%, s:o}", "name", name, "type", "TXT", "text",
	    record.p, record.len, "strings", strings);
	text = root != NULL ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER)
			    : NULL;
	json_decref(root);
	if (text == NULL) {
		term_say("out of memory");
		return EX_OSERR;
	}
	term_put(str_of(text));
	term_put(STR("\n"));
	free(text);
	return EX_OK;
}

static int
put_record(const struct key_options *o, enum form form, const void *pkey)
{
	struct buf record;
	int status = EX_OK;

	buf_init(&record, RECORD_MAX);
	if (pubkey_record(pkey, &record) != 0 || buf_failed(&record)) {
		term_say("out of memory");
		status = EX_OSERR;
	} else if (form == FORM_ZONE) {
		put_zone(o, buf_str(&record));
	} else if (form == FORM_JSON) {
		status = put_json(o, buf_str(&record));
	} else {
		term_put(buf_str(&record));
		term_put(STR("\n"));
	}
	buf_fini(&record);
	return status == EX_OK ? term_finish() : status;
}

static int
one_file(const struct key_options *o, const char *verb)
{
	if (o->n_args == 1)
		return EX_OK;
	term_say("%s: expected the name of one key file", verb);
	return EX_USAGE;
}

int
key_record(const struct key_options *o)
{
	char err[1024], warn[1024] = "", reader[READER_MAX];
	struct keyring_key key;
	enum form form;
	bool known;
	int status = one_file(o, "record");

	if (status == EX_OK)
		status = form_of(o, &form);
	if (status != EX_OK)
		return status;
	/* As the daemon will read it: its own key is no stranger's. */
	known = reader_find(o->owner, o->config, reader);
	if (keyring_decode(o->args[0], known ? reader : NULL, &key, err, sizeof(err),
		warn, sizeof(warn)) != 0) {
		term_say("%s", err);
		return EX_NOINPUT;
	}
	if (warn[0] != '\0')
		term_say("warning: %s", warn);
	status = put_record(o, form, key.pkey);
	keyring_key_fini(&key);
	return status;
}

/* A new private key in PKCS#8 PEM, to be wiped by the caller.  0, or -1 with err. */
static int
generate(bool ed25519, unsigned bits, struct buf *pem, char *err, size_t errlen)
{
	EVP_PKEY *key = ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
				: EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	BIO *bio = BIO_new(BIO_s_secmem());
	char *p = NULL;
	long n = 0;

	if (key != NULL && bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(bio, &p);
	if (n > 0)
		buf_add(pem, p, (size_t)n);
	BIO_free(bio);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (n > 0 && !buf_failed(pem))
		return 0;
	snprintf(err, errlen, "OpenSSL cannot make a key");
	return -1;
}

int
key_generate(const struct key_options *o)
{
	char err[1024], warn[1024], reader[READER_MAX];
	struct keyring_key key;
	struct buf pem;
	enum form form;
	bool known;
	int status = one_file(o, "generate"), rc;

	if (status == EX_OK)
		status = form_of(o, &form);
	if (status != EX_OK)
		return status;
	known = reader_find(o->owner, o->config, reader);
	buf_init(&pem, 65536);
	rc = generate(
	    o->ed25519, o->bits != 0 ? o->bits : BITS_DEFAULT, &pem, err, sizeof(err));
	if (rc == 0)
		rc = newfile_secret(
		    o->args[0], buf_str(&pem), known ? reader : NULL, err, sizeof(err));
	if (pem.cap > 0)
		explicit_bzero(pem.p, pem.cap);
	buf_fini(&pem);
	/* Read as the daemon will: what keeps it from doing so is better known now. */
	if (rc == 0 &&
	    keyring_decode(o->args[0], known ? reader : NULL, &key, err, sizeof(err),
		warn, sizeof(warn)) != 0) {
		term_say("the key was made, but cannot be used where it is: %s", err);
		return EX_CANTCREAT;
	}
	if (rc != 0) {
		term_say("%s", err);
		return EX_CANTCREAT;
	}
	if (warn[0] != '\0')
		term_say("warning: %s", warn);
	status = put_record(o, form, key.pkey);
	keyring_key_fini(&key);
	return status;
}
