/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keypool_test.c - keys decoded on first use: how often files are read, what is thrown
 * out, and that a key in use stays whole, with several threads at it.
 */
#include "dkim/keypool.h"

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

#define FILES 12
#define THREADS 8
#define ROUNDS 200

struct fixture {
	char dir[64];
	char file[FILES][128];
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

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (f == NULL)
		return -1;
	snprintf(f->dir, sizeof f->dir, "/tmp/metermark-keypool-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	for (size_t i = 0; i < FILES; i++) {
		snprintf(f->file[i], sizeof f->file[i], "%s/%zu.pem", f->dir, i);
		write_key(f->file[i],
		    i == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
			   : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < FILES; i++)
		unlink(f->file[i]);
	rmdir(f->dir);
	free(f);
	return 0;
}

static struct keypool *
pool_of(size_t max)
{
	struct keypool *p = keypool_new(max, KEYPOOL_RETRY_MS, false);

	assert_non_null(p);
	return p;
}

static struct keypool_key *
get(struct keypool *p, const char *file)
{
	char err[512] = "";
	struct keypool_key *k = keypool_get(p, file, err, sizeof err);

	if (k == NULL)
		fail_msg("%s", err);
	return k;
}

static void
use(struct keypool *p, const char *file)
{
	keypool_put(get(p, file));
}

static bool
signs(const struct keypool_key *k)
{
	const struct keyring_key *key = keypool_keyring(k);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[512];
	size_t len = sizeof sig;
	bool ok;

	ok =
	    EVP_DigestSignInit(ctx, NULL,
		key->type == KEYRING_RSA ? EVP_sha256() : NULL, NULL, key->pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, (const unsigned char *)"x", 1) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static void
a_file_is_read_once_however_often_it_is_used(void **state)
{
	struct fixture *f = *state;
	struct keypool *p = pool_of(8);
	struct keypool_key *k = get(p, f->file[0]);

	assert_int_equal(keypool_keyring(k)->type, KEYRING_RSA);
	assert_int_equal(keypool_keyring(k)->bits, 2048);
	/* The text is not kept: it is a third of the memory. */
	assert_null(keypool_keyring(k)->pem);
	assert_true(signs(k));
	keypool_put(k);
	for (int i = 0; i < 10; i++)
		use(p, f->file[0]);
	use(p, f->file[1]);
	assert_int_equal(keypool_count(p).reads, 2);
	assert_int_equal(keypool_count(p).hits, 10);
	assert_int_equal(keypool_count(p).held, 2);
	keypool_free(p);
}

static void
beyond_the_bound_the_one_idle_longest_goes(void **state)
{
	struct fixture *f = *state;
	struct keypool *p = pool_of(3);

	for (size_t i = 0; i < 3; i++)
		use(p, f->file[i]);
	use(p, f->file[0]);
	use(p, f->file[3]); /* in place of 1 */
	assert_int_equal(keypool_count(p).held, 3);
	assert_int_equal(keypool_count(p).reads, 4);
	use(p, f->file[2]);
	use(p, f->file[0]);
	use(p, f->file[3]);
	assert_int_equal(keypool_count(p).reads, 4);
	use(p, f->file[1]);
	assert_int_equal(keypool_count(p).reads, 5);
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < FILES; i++) {
			use(p, f->file[i]);
			assert_int_equal(keypool_count(p).held, 3);
		}
	keypool_free(p);
}

static void
a_key_in_use_outlives_its_place_in_the_pool(void **state)
{
	struct fixture *f = *state;
	struct keypool *p = pool_of(1);
	struct keypool_key *rsa = get(p, f->file[0]), *again;

	use(p, f->file[1]);
	use(p, f->file[2]);
	assert_int_equal(keypool_count(p).held, 1);
	assert_true(signs(rsa));
	/* Read anew meanwhile: two keys of one file, both good. */
	again = get(p, f->file[0]);
	assert_ptr_not_equal(rsa, again);
	keypool_put(rsa);
	assert_true(signs(again));
	keypool_put(again);
	keypool_put(NULL);
	keypool_free(p);
}

static void
a_file_that_fails_is_not_tried_again_at_once(void **state)
{
	struct fixture *f = *state;
	struct keypool *p = pool_of(8);
	char file[128], err[512], expected[256];

	snprintf(file, sizeof file, "%s/late.pem", f->dir);
	snprintf(expected, sizeof expected,
	    "%s: cannot be opened: No such file or directory", file);
	assert_null(keypool_get(p, file, err, sizeof err));
	assert_string_equal(err, expected);
	write_key(file, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	err[0] = '\0';
	assert_null(keypool_get(p, file, err, sizeof err));
	assert_string_equal(err, expected);
	assert_int_equal(keypool_count(p).reads, 1);
	keypool_free(p);

	/* With no patience it is. */
	unlink(file);
	p = keypool_new(8, 0, false);
	assert_non_null(p);
	assert_null(keypool_get(p, file, err, sizeof err));
	write_key(file, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	use(p, file);
	assert_int_equal(keypool_count(p).held, 1);
	unlink(file);
	use(p, file);
	assert_int_equal(keypool_count(p).reads, 2);
	keypool_free(p);
}

static void
files_are_checked_as_those_of_sections_are(void **state)
{
	struct fixture *f = *state;
	struct keypool *p = pool_of(8);
	char err[512];

	chmod(f->file[1], 0644);
	assert_null(keypool_get(p, f->file[1], err, sizeof err));
	assert_non_null(strstr(err, "chmod 600"));
	chmod(f->file[1], 0600);
	assert_null(keypool_get(p, f->dir, err, sizeof err));
	assert_non_null(strstr(err, "expected a regular file"));
	keypool_free(p);
}

static void
the_text_is_made_where_it_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct keypool *p = keypool_new(8, KEYPOOL_RETRY_MS, true);
	struct keypool_key *k;

	assert_non_null(p);
	k = get(p, f->file[1]);
	assert_non_null(strstr(keypool_keyring(k)->pem, "BEGIN PRIVATE KEY"));
	assert_int_equal(strlen(keypool_keyring(k)->pem), keypool_keyring(k)->pem_len);
	keypool_put(k);
	keypool_free(p);
}

struct worker {
	pthread_t thread;
	struct fixture *f;
	struct keypool *pool;
	unsigned seed, failed;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	char err[512];

	for (int i = 0; i < ROUNDS; i++) {
		size_t file = (size_t)rand_r(&w->seed) % (FILES + 1);
		struct keypool_key *k = keypool_get(w->pool,
		    file < FILES ? w->f->file[file] : "/nonexistent/key.pem", err,
		    sizeof err);

		if ((k == NULL) != (file == FILES) || (k != NULL && !signs(k)))
			w->failed++;
		keypool_put(k);
	}
	return NULL;
}

static void
threads_share_keys_that_come_and_go(void **state)
{
	struct worker w[THREADS];
	struct keypool *p = pool_of(4);
	struct keypool_counts c;

	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .f = *state, .pool = p, .seed = i };
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].failed, 0);
	}
	c = keypool_count(p);
	assert_int_equal(c.held, 4);
	assert_int_equal(c.hits + c.reads, THREADS * ROUNDS);
	keypool_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_once_however_often_it_is_used),
		cmocka_unit_test(beyond_the_bound_the_one_idle_longest_goes),
		cmocka_unit_test(a_key_in_use_outlives_its_place_in_the_pool),
		cmocka_unit_test(a_file_that_fails_is_not_tried_again_at_once),
		cmocka_unit_test(files_are_checked_as_those_of_sections_are),
		cmocka_unit_test(the_text_is_made_where_it_is_wanted),
		cmocka_unit_test(threads_share_keys_that_come_and_go),
	};

	return cmocka_run_group_tests_name("keypool", tests, setup, teardown);
}
