/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer_table_test.c - signatures by lines of a domain_table and by also_sign, through
 * the port, with more keys than are kept and several threads.
 */
#include "dkim/signer.h"

#include <pthread.h>
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

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "config/domsign.h"
#include "config/domtable.h"
#include "dkim/keyring.h"

#define FILES 6
#define THREADS 6
#define ROUNDS 100
#define ARENA ((size_t)65536)

struct fixture {
	char dir[64];
	struct conf conf;
	struct keyring *keys;
	struct signer *signer;
};

static void
write_key(const char *file, EVP_PKEY *pkey)
{
	FILE *out;

	umask(077);
	out = fopen(file, "w");
	assert_non_null(out);
	assert_non_null(pkey);
	assert_int_equal(PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL), 1);
	fclose(out);
	EVP_PKEY_free(pkey);
}

static void
no_error(void *arg, unsigned line, const char *sentence)
{
	(void)arg;
	fail_msg("line %u: %s", line, sentence);
}

static void
make_table(struct fixture *f)
{
	struct buf text;

	buf_init(&text, 65536);
	for (int i = 0; i < FILES; i++)
		buf_addf(&text, "d%d.example s%d %s/%d.pem\n", i, i, f->dir, i);
	buf_addf(&text, "two.example r %s/0.pem\n", f->dir);
	buf_addf(&text, "two.example e %s/1.pem x=3600 d=esp.example\n", f->dir);
	buf_addf(&text, "ed.example e %s/1.pem c=simple/simple\n", f->dir);
	buf_addf(&text, "half.example r %s/0.pem\n", f->dir);
	buf_addf(&text, "half.example e %s/none.pem\n", f->dir);
	f->conf.table = domtable_parse(buf_str(&text), no_error, NULL);
	buf_fini(&text);
	free(f->conf.domain_table);
	f->conf.domain_table = strdup("table");
	f->conf.key_cache = 2;
}

/* a.org signs, and b.org with a.org. */
static void
make_sections(struct fixture *f)
{
	struct conf_domain *d = calloc(2, sizeof *d);
	char file[128];

	assert_non_null(d);
	d[0].name = strdup("a.org");
	d[1].name = strdup("b.org");
	for (int i = 0; i < 2; i++) {
		snprintf(file, sizeof file, "%s/%d.pem", f->dir, i);
		d[i].keys = calloc(1, sizeof *d[i].keys);
		d[i].keys[0] = (struct conf_key) { strdup("s"), strdup(file), 0 };
		d[i].n_keys = 1;
		d[i].header_canon = d[i].body_canon = CONF_CANON_RELAXED;
	}
	conf_list_add(&d[0].also_sign, "b.org");
	d[1].expire_s = 7200;
	f->conf.domains = d;
	f->conf.n_domains = 2;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char file[128], err[512] = "";

	if (f == NULL || conf_init(&f->conf) != 0)
		return -1;
	snprintf(f->dir, sizeof f->dir, "/tmp/metermark-signtable-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	for (int i = 0; i < FILES; i++) {
		snprintf(file, sizeof file, "%s/%d.pem", f->dir, i);
		write_key(file,
		    i == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
			   : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	}
	make_table(f);
	make_sections(f);
	if (conf_finish(&f->conf, err, sizeof err) == 0)
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
	char file[128];

	signer_free(f->signer);
	keyring_free(f->keys);
	conf_fini(&f->conf);
	for (int i = 0; i < FILES; i++) {
		snprintf(file, sizeof file, "%s/%d.pem", f->dir, i);
		unlink(file);
	}
	rmdir(f->dir);
	free(f);
	return 0;
}

/* A message From that domain, signed; NULL with err. */
static struct signing *
sign(struct fixture *f, struct arena *a, const char *from, char err[512])
{
	const struct sign_port *p = signer_port(f->signer);
	struct domsign who;
	struct signing *g;
	size_t n = 0;

	if (domsign_find(&f->conf, str_of(from), STR(""), a, &who) != 0 ||
	    who.domain == NULL)
		return NULL;
	g = p->begin(p->self, who.domain, 0, err, 512);
	if (g == NULL)
		return NULL;
	if (p->field(g, STR("From"), STR(" a@example.com")) != 0 ||
	    p->end_fields(g) != 0 || p->body(g, "x\r\n", 3) != 0 ||
	    p->end(g, &n, err, 512) != 0 || n != conf_domain_signatures(who.domain)) {
		p->free(g);
		return NULL;
	}
	return g;
}

/* The signature's tag list without white space. */
static void
squeeze(struct str value, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < value.len && n + 1 < size; i++)
		if (!ascii_iswsp(value.p[i]))
			out[n++] = value.p[i];
	out[n] = '\0';
}

static void
assert_made(struct fixture *f, const struct signing *g, size_t i, const char *domain,
    const char *selector, const char *tags)
{
	struct sign_made made = signer_port(f->signer)->signature(g, i);
	char text[4096], expected[256];

	assert_string_equal(made.domain.p, domain);
	assert_string_equal(made.selector.p, selector);
	squeeze(made.value, text, sizeof text);
	snprintf(expected, sizeof expected, ";d=%s;s=%s;", domain, selector);
	assert_non_null(strstr(text, expected));
	assert_non_null(strstr(text, tags));
	assert_int_equal(made.ed25519, strstr(text, ";a=ed25519-sha256;") != NULL);
}

static long
number(const struct sign_made *made, const char *tag)
{
	char text[4096], *at;

	squeeze(made->value, text, sizeof text);
	at = strstr(text, tag);
	return at == NULL ? 0 : strtol(at + strlen(tag), NULL, 10);
}

static void
each_signature_has_the_ways_of_its_own_domain(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->signer);
	struct arena *a = arena_new(ARENA);
	char err[512];
	static const struct {
		const char *from, *domains[2], *selectors[2];
		long expires;
	} cases[] = {
		{ "a.org", { "a.org", "b.org" }, { "s", "s" }, 7200 },
		{ "two.example", { "two.example", "esp.example" }, { "r", "e" }, 3600 },
	};

	for (size_t i = 0; i < 2; i++) {
		struct signing *g = sign(f, a, cases[i].from, err);
		struct sign_made second;

		assert_non_null(g);
		assert_made(f, g, 0, cases[i].domains[0], cases[i].selectors[0],
		    "a=rsa-sha256;c=relaxed/relaxed;");
		assert_made(f, g, 1, cases[i].domains[1], cases[i].selectors[1],
		    "a=ed25519-sha256;c=relaxed/relaxed;");
		second = p->signature(g, 0);
		assert_int_equal(number(&second, ";x="), 0);
		second = p->signature(g, 1);
		assert_int_equal(
		    number(&second, ";x=") - number(&second, ";t="), cases[i].expires);
		p->free(g);
	}
	arena_free(a);
}

static void
a_key_that_fails_is_told_by_line_and_file(void **state)
{
	struct fixture *f = *state;
	struct arena *a = arena_new(ARENA);
	char err[512] = "", expected[512];

	/* The other key of the same pattern does not help. */
	assert_null(sign(f, a, "half.example", err));
	snprintf(expected, sizeof expected,
	    "table:11: %s/none.pem: cannot be opened: No such file or directory",
	    f->dir);
	assert_string_equal(err, expected);
	assert_null(sign(f, a, "ed.example", err));
	assert_non_null(strstr(err, "table:9: "));
	assert_non_null(strstr(err, "expected c=relaxed/relaxed"));
	arena_free(a);
}

struct worker {
	pthread_t thread;
	struct fixture *f;
	unsigned seed, failed;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	const struct sign_port *p = signer_port(w->f->signer);
	struct arena *a = arena_new(ARENA);
	char err[512], from[32];

	for (int i = 0; a != NULL && i < ROUNDS; i++) {
		int d = rand_r(&w->seed) % (FILES + 2);
		struct signing *g;

		arena_reset(a);
		snprintf(from, sizeof from, "d%d.example", d);
		if (d >= FILES)
			snprintf(from, sizeof from,
			    d == FILES ? "two.example" : "half.example");
		g = sign(w->f, a, from, err);
		if ((g == NULL) != (d > FILES))
			w->failed++;
		p->free(g);
	}
	arena_free(a);
	return NULL;
}

static void
threads_sign_with_more_keys_than_are_kept(void **state)
{
	struct worker w[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .f = *state, .seed = i };
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].failed, 0);
	}
}

static void
too_many_expiries_are_refused(void **state)
{
	struct conf c;
	struct buf text;
	char err[512] = "";

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	buf_init(&text, 65536);
	for (int i = 0; i <= CONF_EXPIRIES_MAX; i++)
		buf_addf(&text, "d%d.example s /k x=%d\n", i, 3600 + i);
	c.table = domtable_parse(buf_str(&text), no_error, NULL);
	assert_null(signer_new(&c, NULL, err, sizeof err));
	assert_non_null(strstr(err, "more than 64 different values"));
	buf_fini(&text);
	conf_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_signature_has_the_ways_of_its_own_domain),
		cmocka_unit_test(a_key_that_fails_is_told_by_line_and_file),
		cmocka_unit_test(threads_sign_with_more_keys_than_are_kept),
		cmocka_unit_test(too_many_expiries_are_refused),
	};

	return cmocka_run_group_tests_name("signer_table", tests, setup, teardown);
}
