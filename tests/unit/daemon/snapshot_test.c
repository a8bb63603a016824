/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot_test.c - settings come and go: old keys are freed when the last message that
 * uses them is done, and not before.
 */
#include "daemon/snapshot.h"

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
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static char folder[] = "/tmp/metermark-snapshot-XXXXXX";
static char key_file[64], conf_file[64];
static size_t freed;
static int ex_index;

static void
count_free(void *parent, void *p, CRYPTO_EX_DATA *d, int index, long l, void *arg)
{
	(void)parent;
	(void)d;
	(void)index;
	(void)l;
	(void)arg;
	freed += p != NULL ? 1 : 0;
}

static int
setup(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	FILE *f;

	(void)state;
	ex_index = CRYPTO_get_ex_new_index(
	    CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL, count_free);
	umask(077);
	if (ex_index < 0 || key == NULL || mkdtemp(folder) == NULL)
		return -1;
	snprintf(key_file, sizeof key_file, "%s/key.pem", folder);
	snprintf(conf_file, sizeof conf_file, "%s/conf", folder);
	f = fopen(key_file, "w");
	if (f == NULL || PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fclose(f) != 0)
		return -1;
	EVP_PKEY_free(key);
	f = fopen(conf_file, "w");
	if (f == NULL)
		return -1;
	fprintf(f,
	    "domain \"example.com\" { key { selector = \"s\" file = \"%s\" } }\n",
	    key_file);
	return fclose(f);
}

static int
teardown(void **state)
{
	(void)state;
	unlink(key_file);
	unlink(conf_file);
	return rmdir(folder);
}

/* Its key tells when it goes. */
static struct snapshot *
load(void)
{
	char err[512];
	struct snapshot *s = snapshot_load(conf_file, NULL, NULL, err, sizeof err);

	if (s == NULL)
		fail_msg("%s", err);
	assert_int_equal(
	    EVP_PKEY_set_ex_data(snapshot_pkey(s, key_file), ex_index, folder), 1);
	return s;
}

static void
old_keys_go_with_their_last_message(void **state)
{
	struct snapshot *message, *other;

	(void)state;
	snapshot_publish(load());
	message = snapshot_get();
	other = snapshot_get();
	assert_ptr_equal(message, other);
	for (size_t i = 0; i < 100; i++) {
		snapshot_publish(load());
		/* Each reload frees what nobody uses, and not what a message holds. */
		assert_int_equal(freed, i);
	}
	assert_non_null(snapshot_pkey(message, key_file));
	snapshot_put(message);
	assert_int_equal(freed, 99);
	snapshot_put(other);
	assert_int_equal(freed, 100);
}

static void
wrong_settings_leave_those_in_force(void **state)
{
	struct snapshot *before = snapshot_get(), *after;
	char err[512];
	FILE *f = fopen(conf_file, "a");

	(void)state;
	assert_non_null(f);
	fputs("nonsense = 1\n", f);
	assert_int_equal(fclose(f), 0);
	assert_null(snapshot_load(conf_file, NULL, NULL, err, sizeof err));
	assert_non_null(strstr(err, ":2: "));
	after = snapshot_get();
	assert_ptr_equal(before, after);
	snapshot_put(after);
	snapshot_put(before);
	snapshot_publish(NULL);
	assert_int_equal(freed, 101);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_keys_go_with_their_last_message),
		cmocka_unit_test(wrong_settings_leave_those_in_force),
	};

	return cmocka_run_group_tests_name("snapshot", tests, setup, teardown);
}
