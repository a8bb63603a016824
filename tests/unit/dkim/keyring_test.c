/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyring_test.c - real keys of every kind, made here, in files of every sort.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cmocka.h>

#include "dkim/keydecode.h"
#include "dkim/keyring.h"

static char folder[64], file[96];
static EVP_PKEY *rsa, *ed25519;
static char err[1024], warning[1024];

static FILE *
open_file(const char *name)
{
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	unlink(file);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(chmod(file, 0600), 0);
	return f;
}

static void
write_pkcs8(const char *name, EVP_PKEY *key)
{
	FILE *f = open_file(name);

	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

static void
write_text(const char *name, const void *text, size_t len)
{
	FILE *f = open_file(name);

	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static int
read_key(struct keyring_key *k)
{
	err[0] = '\0';
	return keyring_read(file, NULL, k, err, sizeof(err), warning, sizeof(warning));
}

/* %s in what is expected stands for the file. */
static void
assert_says(const char *said, const char *expected)
{
	char text[1024] = "";
	size_t used = 0;

	for (const char *p = expected; *p != '\0' && used < sizeof(text) - 1; p++) {
		if (p[0] == '%' && p[1] == 's') {
			used += (size_t)snprintf(
			    text + used, sizeof(text) - used, "%s", file);
			p++;
		} else {
			text[used++] = *p;
		}
	}
	assert_string_equal(said, text);
}

static void
assert_refused(const char *expected)
{
	struct keyring_key k;

	assert_int_equal(read_key(&k), -1);
	assert_says(err, expected);
	assert_null(k.pem);
	assert_null(k.pkey);
}

static void
assert_key(enum keyring_type type, unsigned bits, EVP_PKEY *same)
{
	struct keyring_key k;
	BIO *bio;
	EVP_PKEY *again;

	if (read_key(&k) != 0)
		fail_msg("%s", err);
	assert_string_equal(warning, "");
	assert_int_equal(k.type, type);
	assert_int_equal(k.bits, bits);
	assert_int_equal(EVP_PKEY_eq(k.pkey, same), 1);
	/* What libopendkim gets is PKCS#8 PEM of the same key. */
	assert_int_equal(strncmp(k.pem, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
	assert_int_equal(strlen(k.pem), k.pem_len);
	bio = BIO_new_mem_buf(k.pem, -1);
	again = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_int_equal(EVP_PKEY_eq(again, same), 1);
	EVP_PKEY_free(again);
	BIO_free(bio);
	keyring_key_fini(&k);
	assert_null(k.pem);
}

static void
good_keys_are_read(void **state)
{
	FILE *f;

	(void)state;
	write_pkcs8("rsa8.pem", rsa);
	assert_key(KEYRING_RSA, 2048, rsa);
	write_pkcs8("ed.pem", ed25519);
	assert_key(KEYRING_ED25519, 256, ed25519);
	f = open_file("rsa1.pem");
	assert_int_equal(
	    PEM_write_PrivateKey_ex(f, rsa, NULL, NULL, 0, NULL, NULL, NULL, NULL), 1);
	fclose(f);
	assert_key(KEYRING_RSA, 2048, rsa);
	/* opendkim-genkey and old openssl write PKCS#1; text before it is common. */
	f = open_file("rsa1t.pem");
	fprintf(f, "selector r2026\n\n");
	{
		BIO *bio = BIO_new_fp(f, BIO_NOCLOSE);

		assert_int_equal(PEM_write_bio_PrivateKey_traditional(
				     bio, rsa, NULL, NULL, 0, NULL, NULL),
		    1);
		BIO_free(bio);
	}
	fclose(f);
	assert_key(KEYRING_RSA, 2048, rsa);
}

static void
odd_lengths_are_warned_of_or_refused(void **state)
{
	static const struct {
		size_t bits;
		const char *err, *warning;
	} cases[] = {
		{ 1000,
		    "%s: found an RSA key of 1000 bits, expected 2048: no provider "
		    "verifies less than 1024",
		    "" },
		{ 1024, "",
		    "%s: RSA keys of 1024 bits are thought too short, use 2048" },
		{ 4104, "",
		    "%s: RSA keys of 4104 bits do not fit DNS over UDP and many "
		    "verifiers refuse them, use 2048" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", cases[i].bits);
		struct keyring_key k;

		assert_non_null(key);
		write_pkcs8("odd.pem", key);
		EVP_PKEY_free(key);
		assert_int_equal(read_key(&k), cases[i].err[0] == '\0' ? 0 : -1);
		assert_says(err, cases[i].err);
		assert_says(warning, cases[i].warning);
		keyring_key_fini(&k);
	}
}

static void
encrypted_keys_are_refused_and_nobody_is_asked(void **state)
{
	static const char cure[] =
	    "%s: the key is encrypted, and the daemon has nobody to "
	    "type its pass-phrase; run: "
	    "openssl pkey -in %s -out %s.plain";
	unsigned char pass[] = "secret";
	FILE *f;
	BIO *bio;

	(void)state;
	f = open_file("enc8.pem");
	assert_int_equal(PEM_write_PKCS8PrivateKey(
			     f, rsa, EVP_aes_128_cbc(), (char *)pass, 6, NULL, NULL),
	    1);
	fclose(f);
	assert_refused(cure);
	f = open_file("enc1.pem");
	bio = BIO_new_fp(f, BIO_NOCLOSE);
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(
			     bio, rsa, EVP_aes_128_cbc(), pass, 6, NULL, NULL),
	    1);
	BIO_free(bio);
	fclose(f);
	assert_refused(cure);
}

static void
other_types_are_refused(void **state)
{
	EVP_PKEY *key;
	FILE *f;

	(void)state;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	write_pkcs8("ec.pem", key);
	assert_refused(
	    "%s: found a key of type EC, expected RSA or Ed25519: DKIM knows "
	    "no other");
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	write_pkcs8("x.pem", key);
	assert_refused("%s: found a key of type X25519, expected RSA or Ed25519: DKIM "
		       "knows no other");
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	write_pkcs8("ed448.pem", key);
	assert_refused("%s: found a key of type ED448, expected RSA or Ed25519: DKIM "
		       "knows no other");
	EVP_PKEY_free(key);
	f = open_file("public.pem");
	assert_int_equal(PEM_write_PUBKEY(f, rsa), 1);
	fclose(f);
	assert_refused("%s: found a public key, expected the private key");
}

static void
other_forms_are_refused(void **state)
{
	static const char *const no_pem = "%s: found no PEM block, expected a private "
					  "key that begins with -----BEGIN "
					  "PRIVATE KEY-----";
	static const char *const damaged =
	    "%s: the PEM block is damaged or cut short, expected a private key";
	static const char *const der =
	    "%s: found a key in DER form, expected PEM; run: openssl pkey -inform DER "
	    "-in %s -out %s.pem";
	char text[8192];
	size_t len;
	FILE *f;

	(void)state;
	write_text("empty.pem", "", 0);
	assert_refused("%s: the file is empty, expected a private key in PEM form");
	write_text("text.pem", "hello\n", 6);
	assert_refused(no_pem);
	write_text("nul.pem", "\0\0\0\0", 4);
	assert_refused(no_pem);
	f = open_file("rsa.der");
	assert_int_equal(i2d_PrivateKey_fp(f, rsa), 1);
	fclose(f);
	assert_refused(der);
	f = open_file("ed.der");
	assert_int_equal(i2d_PKCS8PrivateKeyInfo_fp(f, ed25519), 1);
	fclose(f);
	assert_refused(der);

	write_pkcs8("whole.pem", rsa);
	f = fopen(file, "r");
	len = fread(text, 1, sizeof(text) / 2, f);
	fclose(f);
	for (size_t n = 28; n + 20 < len; n += 97) {
		write_text("cut.pem", text, n);
		assert_refused(damaged);
	}
	memcpy(text + len, text, len);
	write_text("two.pem", text, 2 * len);
	assert_refused("%s: found a second private key, expected one per file");
	write_text("ssh.pem",
	    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
	    "-----END OPENSSH PRIVATE KEY-----\n",
	    75);
	assert_refused(
	    "%s: found a key of OpenSSH, expected one made by: openssl genpkey "
	    "-algorithm rsa -pkeyopt rsa_keygen_bits:2048");
	write_text("junk.pem",
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 59);
	assert_refused(
	    "%s: the key cannot be decoded: it is damaged, or of a type OpenSSL "
	    "does not know");
}

/* One set of decoders reads them all, whatever it read before. */
static void
one_key_after_the_other_is_read(void **state)
{
	EVP_PKEY *const keys[] = { rsa, ed25519, ed25519, rsa };
	struct keyring_key k;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		EVP_PKEY *key = keys[i % 4];

		if (i % 3 == 2) {
			write_text("cut.pem",
			    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n"
			    "-----END PRIVATE KEY-----\n",
			    78);
			assert_int_equal(read_key(&k), -1);
		}
		write_pkcs8("next.pem", key);
		assert_int_equal(read_key(&k), 0);
		assert_int_equal(EVP_PKEY_eq(k.pkey, key), 1);
		assert_int_equal(EVP_PKEY_get_bits(k.pkey), EVP_PKEY_get_bits(key));
		assert_true(keydecode_fits(k.pkey));
		keyring_key_fini(&k);
	}
}

/* Does a signature of the key verify with its public half? */
static bool
verifies(EVP_PKEY *key)
{
	unsigned char sig[1024], text[] = "text";
	size_t n = sizeof(sig);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	bool ok = EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(sign, sig, &n, text, sizeof(text)) == 1 &&
	    EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(verify, sig, n, text, sizeof(text)) == 1;

	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return ok;
}

/* The RSA key with two less in each number whose bit of which is set. */
static EVP_PKEY *
altered(unsigned which)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N,
		OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
		OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
	OSSL_PARAM *params = NULL;
	EVP_PKEY *out = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);

	assert_int_equal(EVP_PKEY_todata(rsa, EVP_PKEY_KEYPAIR, &params), 1);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		OSSL_PARAM *p = OSSL_PARAM_locate(params, names[i]);
		BIGNUM *n = NULL;

		assert_non_null(p);
		if ((which & 1U << i) == 0)
			continue;
		assert_int_equal(OSSL_PARAM_get_BN(p, &n), 1);
		BN_sub_word(n, 2);
		assert_int_equal(OSSL_PARAM_set_BN(p, n), 1);
		BN_free(n);
	}
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return out;
}

/* Each number, each pair of them: the arithmetic says what a signature says. */
static void
a_key_fits_when_its_signatures_verify(void **state)
{
	size_t bad = 0;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		for (unsigned j = i; j < 8; j++) {
			EVP_PKEY *key = altered(1U << i | 1U << j);

			assert_int_equal(keydecode_fits(key), verifies(key));
			bad += verifies(key) ? 0 : 1;
			EVP_PKEY_free(key);
		}
	assert_in_range(bad, 8, 35);
	assert_true(keydecode_fits(rsa));
	assert_true(keydecode_fits(ed25519));
}

/* A private exponent that belongs to another public one: decodes, signs nonsense. */
static void
keys_that_do_not_fit_together_are_refused(void **state)
{
	EVP_PKEY *bad = altered(1U << 2 | 1U << 5); /* d, and d mod p - 1 */

	(void)state;
	write_pkcs8("bad.pem", bad);
	assert_refused(
	    "%s: the key is damaged: its public half does not verify what it "
	    "signs");
	EVP_PKEY_free(bad);
}

static void
modes_that_let_others_in_are_refused(void **state)
{
	static const unsigned bad[] = { 0604, 0602, 0620, 0644, 0666, 0601, 0777 };
	static const unsigned good[] = { 0600, 0400, 0640, 0440, 0700 };
	char expected[128];

	(void)state;
	write_pkcs8("mode.pem", ed25519);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(chmod(file, bad[i]), 0);
		snprintf(expected, sizeof(expected),
		    "%%s: mode %04o lets others read or change the key; run: chmod 600 "
		    "%%s",
		    bad[i]);
		assert_refused(expected);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(chmod(file, good[i]), 0);
		assert_key(KEYRING_ED25519, 256, ed25519);
	}
	assert_int_equal(chmod(file, 0600), 0);
}

static void
owners_and_folders_are_checked(void **state)
{
	char sub[96];

	(void)state;
	if (geteuid() != 0)
		skip();
	write_pkcs8("owner.pem", ed25519);
	assert_int_equal(chown(file, 4711, 0), 0);
	assert_refused("%s: the file belongs to user 4711, expected root or the user "
		       "metermark runs as; run: chown root %s && chmod 600 %s");
	assert_int_equal(chown(file, 0, 4711), 0);
	assert_int_equal(chmod(file, 0640), 0);
	assert_refused("%s: mode 0640 lets group 4711 read the key; run: chmod 600 %s");

	snprintf(sub, sizeof(sub), "%s/sub", folder);
	assert_int_equal(mkdir(sub, 0700), 0);
	write_pkcs8("sub/k.pem", ed25519);
	assert_int_equal(chmod(sub, 0777), 0);
	assert_int_equal(read_key(&(struct keyring_key) { 0 }), -1);
	assert_non_null(strstr(err, "everyone may write to the folder"));
	assert_non_null(strstr(err, "/sub and replace the key; run: chmod o-w "));
	assert_int_equal(chmod(sub, 01777), 0);
	assert_key(KEYRING_ED25519, 256, ed25519);
	assert_int_equal(chmod(sub, 0700), 0);
	assert_int_equal(chown(sub, 4711, 4711), 0);
	assert_int_equal(read_key(&(struct keyring_key) { 0 }), -1);
	assert_non_null(
	    strstr(err, "/sub belongs to user 4711, who can replace the key"));
	assert_int_equal(chown(sub, 0, 4711), 0);
	assert_int_equal(chmod(sub, 0770), 0);
	{
		struct keyring_key k;

		assert_int_equal(read_key(&k), 0);
		assert_non_null(strstr(warning, "group 4711 may write to the folder"));
		keyring_key_fini(&k);
	}
	unlink(file);
	assert_int_equal(rmdir(sub), 0);
}

/* The account that will run metermark may own the key; root's alone it cannot reload.
 */
static void
the_daemons_user_is_known(void **state)
{
	struct keyring_key k;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_pkcs8("user.pem", ed25519);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(keyring_read(file, "nobody", &k, err, sizeof(err), warning,
			     sizeof(warning)),
	    0);
	assert_non_null(strstr(warning,
	    "the systemd unit will not start and a reload will fail, since user "
	    "nobody, who"));
	keyring_key_fini(&k);
	assert_int_equal(chown(file, 65534, 0), 0);
	assert_int_equal(keyring_read(file, "nobody", &k, err, sizeof(err), warning,
			     sizeof(warning)),
	    0);
	assert_string_equal(warning, "");
	keyring_key_fini(&k);
	assert_int_equal(chown(file, 0, 65534), 0);
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(keyring_read(file, "nobody", &k, err, sizeof(err), warning,
			     sizeof(warning)),
	    0);
	assert_string_equal(warning, "");
	keyring_key_fini(&k);
	assert_int_equal(
	    keyring_read(file, NULL, &k, err, sizeof(err), warning, sizeof(warning)),
	    -1);
	assert_int_equal(keyring_read(file, "no such user", &k, err, sizeof(err),
			     warning, sizeof(warning)),
	    -1);
}

/* As that user, who is not root. */
static void
assert_refused_as(uid_t uid, const char *user, const char *expected)
{
	struct keyring_key k;
	int rc;

	err[0] = '\0';
	assert_int_equal(seteuid(uid), 0);
	rc = keyring_read(file, user, &k, err, sizeof(err), warning, sizeof(warning));
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, -1);
	assert_says(err, expected);
}

static void
assert_refused_for(const char *user, const char *expected)
{
	assert_refused_as(0, user, expected);
}

/* A cure is for the daemon's good, whoever asks. */
static void
cures_leave_the_key_to_the_daemon(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_pkcs8("cure.pem", ed25519);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_refused_as(4711, "nobody",
	    "%s: cannot be opened: Permission denied; run this as root, or as nobody");
	assert_refused_as(
	    4711, NULL, "%s: cannot be opened: Permission denied; run this as root");
	assert_refused_as(65534, "nobody",
	    "%s: cannot be opened: Permission denied; run: chown root:nogroup %s && "
	    "chmod 640 %s");
	assert_int_equal(chmod(file, 0644), 0);
	assert_refused_for("nobody",
	    "%s: mode 0644 lets others read or change the key; run: chown root:nogroup "
	    "%s && chmod 640 %s");
	assert_int_equal(chown(file, 65534, 0), 0);
	assert_refused_for("nobody",
	    "%s: mode 0644 lets others read or change the key; run: chmod 600 %s");
	assert_int_equal(chown(file, 4711, 0), 0);
	assert_refused_for("nobody",
	    "%s: the file belongs to user 4711, expected root or nobody; run: chown "
	    "root:nogroup %s && chmod 640 %s");
	assert_int_equal(chown(file, 0, 65534), 0);
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_refused_as(65534, "nobody",
	    "%s: cannot be opened: Permission denied; a folder above it does not let "
	    "user nobody in");
	assert_int_equal(chown(folder, 4711, 0), 0);
	assert_int_equal(keyring_read(file, "nobody", &(struct keyring_key) { 0 }, err,
			     sizeof(err), warning, sizeof(warning)),
	    -1);
	assert_non_null(strstr(err, "run: chown root:nogroup "));
	assert_non_null(strstr(err, " && chmod 750 "));
	assert_int_equal(chown(folder, 0, 0), 0);
}

static void
links_are_followed_and_special_files_are_not_waited_for(void **state)
{
	char link[96], big[65537];

	(void)state;
	write_pkcs8("target.pem", ed25519);
	snprintf(link, sizeof(link), "%s/link.pem", folder);
	assert_int_equal(symlink(file, link), 0);
	snprintf(file, sizeof(file), "%s", link);
	assert_key(KEYRING_ED25519, 256, ed25519);
	unlink(link);
	assert_refused("%s: cannot be opened: No such file or directory");
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_refused("%s: found a special file, expected a regular file");
	unlink(file);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_refused("%s: found a directory, expected a regular file");
	rmdir(file);
	memset(big, '\n', sizeof(big));
	write_text("big.pem", big, sizeof(big));
	assert_refused("%s: found more than 65536 bytes, expected one key");
}

static char heard[2048];

static void
hear(void *arg, const char *sentence)
{
	size_t used = strlen(heard);

	assert_ptr_equal(arg, heard);
	snprintf(heard + used, sizeof(heard) - used, "%s\n", sentence);
}

static void
the_ring_has_the_keys_in_their_places(void **state)
{
	char path[2][96], sel[] = "r", e[] = "e", x[] = "x";
	char a_org[] = "a.org", b_org[] = "b.org", m_conf[] = "m.conf";
	struct conf_key a[] = { { sel, path[0], 2 }, { e, path[1], 3 } };
	struct conf_key b[] = { { x, path[0], 7 } };
	struct conf_domain domains[] = {
		{ .name = a_org,
		    .keys = a,
		    .n_keys = 2,
		    .header_canon = CONF_CANON_RELAXED },
		{ .name = b_org,
		    .keys = b,
		    .n_keys = 1,
		    .header_canon = CONF_CANON_SIMPLE },
	};
	struct conf c = { .file = m_conf, .domains = domains, .n_domains = 2 };
	struct keyring *r;
	EVP_PKEY *small = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	char expected[512];

	(void)state;
	write_pkcs8("1.pem", small);
	EVP_PKEY_free(small);
	memcpy(path[0], file, sizeof(file));
	write_pkcs8("2.pem", ed25519);
	memcpy(path[1], file, sizeof(file));
	r = keyring_load(&c, hear, heard, err, sizeof(err));
	if (r == NULL)
		fail_msg("%s", err);
	assert_int_equal(keyring_get(r, 0, 0)->type, KEYRING_RSA);
	assert_int_equal(keyring_get(r, 0, 1)->type, KEYRING_ED25519);
	/* One file, one key; and one warning, where it is named first. */
	assert_ptr_equal(keyring_get(r, 1, 0), keyring_get(r, 0, 0));
	snprintf(expected, sizeof(expected),
	    "m.conf:2: %s: RSA keys of 1024 bits are thought too short, use 2048\n",
	    path[0]);
	assert_string_equal(heard, expected);
	keyring_free(r);

	/* Ed25519 beside RSA is well, alone it is not. */
	b[0].file = path[1];
	domains[1].header_canon = CONF_CANON_RELAXED;
	heard[0] = '\0';
	r = keyring_load(&c, hear, heard, err, sizeof(err));
	assert_non_null(r);
	assert_non_null(strstr(heard,
	    "\nm.conf:7: domain \"b.org\": signed by Ed25519 alone, which Gmail, "
	    "Yahoo and Outlook do not verify: add an RSA key\n"));
	assert_null(strstr(heard, "a.org"));
	keyring_free(r);
	b[0].file = path[0];

	domains[0].header_canon = CONF_CANON_SIMPLE;
	assert_null(keyring_load(&c, NULL, NULL, err, sizeof(err)));
	snprintf(expected, sizeof(expected),
	    "m.conf:3: %s: found an Ed25519 key with simple header canonicalization, "
	    "whose signatures do not verify; expected canonicalization = "
	    "\"relaxed/relaxed\"",
	    path[1]);
	assert_string_equal(err, expected);

	domains[0].header_canon = CONF_CANON_RELAXED;
	unlink(path[1]);
	assert_null(keyring_load(&c, NULL, NULL, err, sizeof(err)));
	snprintf(expected, sizeof(expected),
	    "m.conf:3: %s: cannot be opened: No such file or directory", path[1]);
	assert_string_equal(err, expected);

	c.n_domains = 0;
	r = keyring_load(&c, NULL, NULL, err, sizeof(err));
	assert_non_null(r);
	keyring_free(r);
	keyring_free(NULL);
}

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	snprintf(folder, sizeof(folder), "/tmp/keyring_test.XXXXXX");
	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return mkdtemp(folder) == NULL || rsa == NULL || ed25519 == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	char command[96];

	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed25519);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_keys_are_read),
		cmocka_unit_test(odd_lengths_are_warned_of_or_refused),
		cmocka_unit_test(encrypted_keys_are_refused_and_nobody_is_asked),
		cmocka_unit_test(other_types_are_refused),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(one_key_after_the_other_is_read),
		cmocka_unit_test(a_key_fits_when_its_signatures_verify),
		cmocka_unit_test(keys_that_do_not_fit_together_are_refused),
		cmocka_unit_test(modes_that_let_others_in_are_refused),
		cmocka_unit_test(owners_and_folders_are_checked),
		cmocka_unit_test(the_daemons_user_is_known),
		cmocka_unit_test(cures_leave_the_key_to_the_daemon),
		cmocka_unit_test(
		    links_are_followed_and_special_files_are_not_waited_for),
		cmocka_unit_test(the_ring_has_the_keys_in_their_places),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
