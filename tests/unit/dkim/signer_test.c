/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer_test.c - real keys, real libopendkim: what is signed verifies, with keys
 * decoded once.
 *
 * Verified by libopendkim's own verifier here; the wire and end-to-end tests ask dkimpy
 * and Mail::DKIM as well.  Run under LeakSanitizer this also shows that a signature
 * leaves nothing behind, which the library by itself does not manage with Ed25519.
 */
#include "dkim/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <opendkim/dkim.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../lib/conf_from.h"
#include "dkim/keycache.h"
#include "dkim/keyring.h"
#include "mail/signset.h"
#include "text/buf.h"

/*
 * Built a second time, as signer_plain_test, with its symbols hidden from libopendkim:
 * the library then decodes keys itself, and all must be as right.  It loses memory
 * with each Ed25519 key that it decodes, which is no fault of ours.
 */
#ifdef PLAIN_KEYS
static const bool plain = true;
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#else
static const bool plain = false;
#endif

struct fixture {
	char dir[64];
	struct conf conf;
	struct keyring *keys;
	struct signer *signer;
};

static void
path(const struct fixture *f, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", f->dir, name);
}

/* A key file, and its line in the file that stands for the DNS. */
static void
make_key(const struct fixture *f, const char *name, EVP_PKEY *pkey)
{
	char file[128];
	unsigned char der[1024], *p = der, text[2048];
	size_t rawlen = sizeof der;
	int len;
	FILE *out;

	assert_non_null(pkey);
	path(f, name, file);
	umask(077);
	out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL), 1);
	fclose(out);
	if (EVP_PKEY_get_id(pkey) == EVP_PKEY_ED25519) {
		assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, der, &rawlen), 1);
		len = (int)rawlen;
	} else {
		len = i2d_PUBKEY(pkey, &p);
		assert_in_range(len, 1, sizeof der);
	}
	EVP_EncodeBlock(text, der, len);
	path(f, "dns", file);
	out = fopen(file, "a");
	assert_non_null(out);
	fprintf(out, "%s._domainkey.example.com v=DKIM1; k=%s; p=%s\n", name,
	    EVP_PKEY_get_id(pkey) == EVP_PKEY_ED25519 ? "ed25519" : "rsa", text);
	fclose(out);
	EVP_PKEY_free(pkey);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char settings[512], err[512];

	assert_non_null(f);
	snprintf(f->dir, sizeof f->dir, "/tmp/metermark-signer-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	make_key(f, "r1", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
	make_key(f, "e1", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	snprintf(settings, sizeof settings,
	    "domain \"example.com\" {\n"
	    "  key { selector = r1 file = \"%s/r1\" }\n"
	    "  key { selector = e1 file = \"%s/e1\" } }",
	    f->dir, f->dir);
	f->conf = conf_from(settings);
	f->keys = keyring_load(&f->conf, NULL, NULL, err, sizeof err);
	if (f->keys != NULL)
		f->signer = signer_new(&f->conf, f->keys, err, sizeof err);
	if (f->signer == NULL)
		fprintf(stderr, "%s\n", err);
	*state = f;
	return f->signer == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "r1", "e1", "dns" };
	char file[128];

	signer_free(f->signer);
	keyring_free(f->keys);
	conf_fini(&f->conf);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		path(f, names[i], file);
		unlink(file);
	}
	rmdir(f->dir);
	free(f);
	return 0;
}

static const char *const header[][2] = {
	{ "From", " a@example.com" },
	{ "To", " b@example.net,\n\tc@example.net" },
	{ "Subject", " hello  there " },
};
#define N_HEADER (sizeof header / sizeof header[0])
static const char text[] = "one\r\ntwo  words \r\n\r\n";

static struct signing *
sign(struct fixture *f, unsigned skips)
{
	const struct sign_port *p = signer_port(f->signer);
	char err[256] = "";
	struct signing *g =
	    p->begin(p->self, &f->conf.domains[0], skips, err, sizeof err);
	size_t n = 0;

	assert_non_null(g);
	for (size_t i = 0; i < N_HEADER; i++)
		assert_int_equal(
		    p->field(g, str_of(header[i][0]), str_of(header[i][1])), 0);
	assert_int_equal(p->end_fields(g), 0);
	assert_int_equal(p->body(g, text, 3), 0);
	assert_int_equal(p->body(g, text + 3, 0), 0);
	assert_int_equal(p->body(g, text + 3, sizeof text - 1 - 3), 0);
	assert_int_equal(p->end(g, &n, err, sizeof err), 0);
	assert_int_equal(n, 2);
	return g;
}

static void
to_wire(struct buf *out, const char *name, struct str value)
{
	buf_adds(out, name);
	buf_addc(out, ':');
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\n')
			buf_addc(out, '\r');
		buf_addc(out, value.p[i]);
	}
}

/* libopendkim's verdict on one signature over the message. */
static DKIM_STAT
verify(struct fixture *f, struct str signature)
{
	char file[128];
	DKIM_STAT stat;
	DKIM_LIB *lib = dkim_init(NULL, NULL);
	DKIM *d;
	dkim_query_t how = DKIM_QUERY_FILE;
	struct buf field;
	char body[sizeof text];

	assert_non_null(lib);
	path(f, "dns", file);
	dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_QUERYMETHOD, &how, sizeof how);
	dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_QUERYINFO, file, strlen(file));
	d = dkim_verify(lib, (const unsigned char *)"test", NULL, &stat);
	assert_non_null(d);
	buf_init(&field, 65536);
	to_wire(&field, "DKIM-Signature", signature);
	assert_int_equal(dkim_header(d, (u_char *)field.p, field.len), DKIM_STAT_OK);
	for (size_t i = 0; i < N_HEADER; i++) {
		buf_reset(&field);
		to_wire(&field, header[i][0], str_of(header[i][1]));
		assert_int_equal(
		    dkim_header(d, (u_char *)field.p, field.len), DKIM_STAT_OK);
	}
	assert_int_equal(dkim_eoh(d), DKIM_STAT_OK);
	memcpy(body, text, sizeof text);
	assert_int_equal(dkim_body(d, (u_char *)body, sizeof text - 1), DKIM_STAT_OK);
	stat = dkim_eom(d, NULL);
	dkim_free(d);
	dkim_close(lib);
	buf_fini(&field);
	return stat;
}

/* The value of a tag, white space taken out; "" when it is not there. */
static void
tag(struct str signature, const char *name, char *out, size_t size)
{
	struct str want = str_of(name);
	size_t n = 0;

	while (signature.len > 0) {
		size_t end = str_find(signature, ';');
		struct str t = str_trim(str_make(signature.p, end));

		if (str_starts(t, want) && t.p[want.len] == '=')
			for (size_t i = want.len + 1; i < t.len && n + 1 < size; i++)
				if (!ascii_iswsp(t.p[i]))
					out[n++] = t.p[i];
		signature = str_skip(signature, end + 1);
	}
	out[n] = '\0';
}

static void
both_signatures_verify(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->signer);
	struct signing *g = sign(f, 0);
	static const char *const algorithms[] = { "rsa-sha256", "ed25519-sha256" };
	static const char *const selectors[] = { "r1", "e1" };
	char value[1024];

	for (size_t i = 0; i < 2; i++) {
		struct sign_made made = p->signature(g, i);
		struct str s = made.value;

		assert_string_equal(made.selector.p, selectors[i]);
		assert_string_equal(made.domain.p, "example.com");
		assert_int_equal(s.p[0], ' ');
		assert_int_equal(str_find(s, '\r'), s.len);
		tag(s, "a", value, sizeof value);
		assert_string_equal(value, algorithms[i]);
		assert_int_equal(made.ed25519, i == 1);
		tag(s, "d", value, sizeof value);
		assert_string_equal(value, "example.com");
		tag(s, "l", value, sizeof value);
		assert_string_equal(value, "");
		assert_int_equal(verify(f, s), DKIM_STAT_OK);
	}
	p->free(g);
}

static size_t
times(const char *list, const char *name)
{
	struct str rest = str_of(list);
	size_t n = 0;

	while (rest.len > 0) {
		size_t end = str_find(rest, ':');

		n += str_caseeq(str_make(rest.p, end), str_of(name)) ? 1 : 0;
		rest = str_skip(rest, end + 1);
	}
	return n;
}

static void
oversigned_fields_are_named_once_more(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->signer);
	size_t n_names;
	const struct signset_name *row = signset_names(&n_names);

	for (unsigned skips = 0; skips < SIGNSET_SKIPS; skips++) {
		struct signing *g = sign(f, skips);
		char h[2048];

		tag(p->signature(g, 0).value, "h", h, sizeof h);
		for (size_t i = 0; i < n_names; i++) {
			size_t want = row[i].oversign && (row[i].skip & skips) == 0;

			for (size_t k = 0; k < N_HEADER; k++)
				want += str_caseeq(
				    str_of(header[k][0]), str_of(row[i].name));
			assert_int_equal(times(h, row[i].name), want);
		}
		p->free(g);
	}
}

static void
libopendkim_takes_our_decoded_keys(void **state)
{
	struct fixture *f = *state;
	char handle[KEYCACHE_HANDLE_BYTES];
	const struct keyring_key *key = keyring_get(f->keys, 0, 0);

	assert_int_equal(keycache_prove(NULL), !plain);
	if (plain) {
		assert_string_equal(keycache_text(key, handle), key->pem);
		return;
	}
	assert_ptr_equal(keycache_text(key, handle), handle);
	/* What goes into the library's copies is no secret. */
	assert_null(strstr(handle, "PRIVATE"));
}

static void
a_forged_handle_names_no_key(void **state)
{
	static const char *const forged[] = {
		"-----METERMARK 0000000000000000 00007fffffffffff r-----",
		"-----METERMARK ",
		"-----METERMARK x y z-----",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
		BIO *bio = BIO_new_mem_buf(forged[i], (int)strlen(forged[i]));

		assert_non_null(bio);
		assert_null(PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL));
		BIO_free(bio);
	}
}

static void
a_thousand_signatures_leave_nothing_behind(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->signer);

	for (int i = 0; i < 1000; i++) {
		struct signing *g = sign(f, 0);

		assert_non_null(g);
		p->free(g);
	}
}

static void
a_signing_may_be_dropped_at_any_point(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->signer);
	char err[256];

	p->free(NULL);
	for (int stage = 0; stage < 4; stage++) {
		struct signing *g =
		    p->begin(p->self, &f->conf.domains[0], 0, err, sizeof err);

		assert_non_null(g);
		if (stage > 0)
			assert_int_equal(
			    p->field(g, STR("From"), STR(" a@example.com")), 0);
		if (stage > 1)
			assert_int_equal(p->end_fields(g), 0);
		if (stage > 2)
			assert_int_equal(p->body(g, "x", 1), 0);
		p->free(g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_signatures_verify),
		cmocka_unit_test(oversigned_fields_are_named_once_more),
		cmocka_unit_test(libopendkim_takes_our_decoded_keys),
		cmocka_unit_test(a_forged_handle_names_no_key),
		cmocka_unit_test(a_thousand_signatures_leave_nothing_behind),
		cmocka_unit_test(a_signing_may_be_dropped_at_any_point),
	};

	return cmocka_run_group_tests_name(
	    plain ? "signer, plain keys" : "signer", tests, setup, teardown);
}
