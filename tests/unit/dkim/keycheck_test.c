/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycheck_test.c - a domain_table from its file, and its key files looked at
 * beforehand.
 */
#include "dkim/keycheck.h"

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

#include "config/domfile.h"
#include "config/domtable.h"
#include "text/buf.h"

struct fixture {
	char dir[64];
	struct conf conf;
	struct buf said;   /* each sentence and a line end */
	struct buf warned; /* the same */
	size_t steps, last, all;
};

static void
write_file(const struct fixture *f, const char *name, mode_t mode, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", f->dir, name);
	unlink(path);
	out = fopen(path, "w");
	assert_non_null(out);
	/* @ is the folder. */
	for (; *text != '\0'; text++)
		if (*text == '@')
			fputs(f->dir, out);
		else
			fputc(*text, out);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static void
write_key(const struct fixture *f, int i, EVP_PKEY *pkey)
{
	char text[8192], name[16];
	BIO *bio = BIO_new(BIO_s_mem());
	int len;

	assert_non_null(pkey);
	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_read(bio, text, sizeof text - 1);
	assert_true(len > 0);
	text[len] = '\0';
	snprintf(name, sizeof name, "%d.pem", i);
	write_file(f, name, 0600, text);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (f == NULL || conf_init(&f->conf) != 0)
		return -1;
	snprintf(f->dir, sizeof f->dir, "/tmp/metermark-keycheck-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	write_key(f, 0, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
	write_key(f, 1, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	write_key(f, 2, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024));
	buf_init(&f->said, 65536);
	buf_init(&f->warned, 65536);
	free(f->conf.domain_table);
	f->conf.domain_table = malloc(128);
	if (f->conf.domain_table == NULL)
		return -1;
	snprintf(f->conf.domain_table, 128, "%s/table", f->dir);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "0.pem", "1.pem", "2.pem", "table" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	buf_fini(&f->said);
	buf_fini(&f->warned);
	conf_fini(&f->conf);
	free(f);
	return 0;
}

static void
on_wrong(void *arg, const char *sentence)
{
	struct fixture *f = arg;

	buf_addf(&f->said, "%s\n", sentence);
}

static void
on_warn(void *arg, const char *sentence)
{
	struct fixture *f = arg;

	buf_addf(&f->warned, "%s\n", sentence);
}

static void
on_progress(void *arg, size_t done, size_t all)
{
	struct fixture *f = arg;

	f->steps++;
	assert_true(done <= all && done >= f->last);
	f->last = done;
	f->all = all;
}

/* A table of that text, @ being the folder. */
static int
load(struct fixture *f, const char *text, mode_t mode, char err[512])
{
	domtable_free(f->conf.table);
	f->conf.table = NULL;
	buf_reset(&f->said);
	buf_reset(&f->warned);
	f->steps = f->last = 0;
	write_file(f, "table", mode, text);
	return domfile_load(&f->conf, on_warn, f, err, 512);
}

/* The text has that line, @ being the folder. */
static void
assert_said(const struct fixture *f, const struct buf *text, const char *line)
{
	struct buf b;

	buf_init(&b, 4096);
	for (; *line != '\0'; line++)
		if (*line == '@')
			buf_adds(&b, f->dir);
		else
			buf_addc(&b, *line);
	if (strstr(text->p, b.p) == NULL)
		fail_msg("no \"%s\" in \"%s\"", b.p, text->p);
	buf_fini(&b);
}

static struct keycheck_result
check(struct fixture *f, bool decode)
{
	struct keycheck_job job = { .wrong = on_wrong,
		.warn = on_warn,
		.progress = on_progress,
		.arg = f,
		.decode = decode };
	struct keycheck_result r;

	assert_int_equal(keycheck_run(&f->conf, &job, &r), 0);
	return r;
}

static const char mixed[] = "a.example s @/0.pem\n"
			    "b.example s @/none.pem\n"
			    "*.c.example s @/%{domain}.pem\n"
			    "d.example s @/1.pem\n"
			    "e.example s @/1.pem c=simple/relaxed\n"
			    "f.example s @/table\n"
			    "g.example s @/2.pem\n"
			    "h.example s @/0.pem\n";

static void
the_thorough_look_decodes_each_file_once(void **state)
{
	struct fixture *f = *state;
	char err[512];
	struct keycheck_result r;

	assert_int_equal(load(f, mixed, 0600, err), 0);
	assert_int_equal(domtable_size(f->conf.table), 8);
	r = check(f, true);
	assert_int_equal(r.files, 5);
	assert_int_equal(r.wrong, 3);
	assert_int_equal(r.unwise, 1);
	assert_int_equal(r.templates, 1);
	assert_said(f, &f->said, "@/table:2: @/none.pem: cannot be opened: No such");
	assert_said(f, &f->said, "@/table:5: found an Ed25519 key with simple header");
	assert_said(f, &f->said, "@/table:6: @/table: found no PEM block");
	assert_said(f, &f->warned, "@/table:7: @/2.pem: RSA keys of 1024 bits");
	assert_true(strstr(f->said.p, ":2:") < strstr(f->said.p, ":5:"));
	assert_true(f->steps > 0);
	assert_int_equal(f->last, f->all);
}

static void
the_quick_look_only_sees_whether_files_open(void **state)
{
	struct fixture *f = *state;
	char err[512];
	struct keycheck_result r;

	assert_int_equal(load(f, mixed, 0600, err), 0);
	r = check(f, false);
	assert_int_equal(r.files, 5);
	assert_int_equal(r.wrong, 1);
	assert_int_equal(r.unwise, 0);
	assert_said(f, &f->said, "@/table:2: @/none.pem: cannot be opened: No such");
}

static void
twenty_are_shown_those_of_the_lowest_lines(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	char err[512];
	struct keycheck_result r;
	size_t lines = 0;

	buf_init(&text, 65536);
	/* The other way round by path. */
	for (int i = 0; i < 300; i++)
		buf_addf(&text, "d%d.example s @/none-%03d.pem\n", i, 999 - i);
	assert_int_equal(load(f, text.p, 0600, err), 0);
	for (int decode = 0; decode < 2; decode++) {
		buf_reset(&f->said);
		f->last = lines = 0;
		r = check(f, decode);
		assert_int_equal(r.wrong, 300);
		for (size_t i = 0; i < f->said.len; i++)
			lines += f->said.p[i] == '\n';
		assert_int_equal(lines, KEYCHECK_SHOWN_MAX + 1);
		assert_said(f, &f->said, "@/table:1: @/none-999.pem: ");
		assert_said(f, &f->said, "@/table:20: @/none-980.pem: ");
		assert_said(f, &f->said, "@/table: and 280 more key files like these");
	}
	buf_fini(&text);
}

static void
a_table_without_lines_is_one(void **state)
{
	struct fixture *f = *state;
	char err[512];
	struct keycheck_result r;

	assert_int_equal(load(f, "# nothing\n\n", 0600, err), 0);
	r = check(f, true);
	assert_int_equal(r.files, 0);
	assert_int_equal(r.wrong, 0);
	free(f->conf.domain_table);
	f->conf.domain_table = strdup("");
	domtable_free(f->conf.table);
	f->conf.table = NULL;
	assert_int_equal(domfile_load(&f->conf, NULL, NULL, err, sizeof err), 0);
	assert_null(f->conf.table);
}

static void
a_wrong_table_is_refused_by_file_and_line(void **state)
{
	struct fixture *f = *state;
	char err[512];
	struct buf said;

	buf_init(&said, 4096);
	assert_int_equal(
	    load(f, "a.example\nb.example s @/0.pem\nc.example s k\n", 0600, err), -1);
	assert_null(f->conf.table);
	buf_adds(&said, err);
	assert_said(f, &said, "@/table:1: ");
	assert_said(f, &f->warned, "@/table:3: ");
	/* And nobody need listen. */
	assert_int_equal(domfile_load(&f->conf, NULL, NULL, err, sizeof err), -1);

	assert_int_equal(load(f, "", 0602, err), -1);
	buf_reset(&said);
	buf_adds(&said, err);
	assert_said(f, &said, "@/table: everyone may write to it");
	assert_said(f, &said, "chmod o-w @/table");

	unlink(f->conf.domain_table);
	assert_int_equal(domfile_load(&f->conf, NULL, NULL, err, sizeof err), -1);
	buf_reset(&said);
	buf_adds(&said, err);
	assert_said(f, &said, "@/table: cannot be opened: No such file");

	snprintf(f->conf.domain_table, 128, "%s", f->dir);
	assert_int_equal(domfile_load(&f->conf, NULL, NULL, err, sizeof err), -1);
	buf_reset(&said);
	buf_adds(&said, err);
	assert_said(f, &said, "@: found a directory, expected a regular file");
	buf_fini(&said);
}

#define FIXED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXED(the_thorough_look_decodes_each_file_once),
		FIXED(the_quick_look_only_sees_whether_files_open),
		FIXED(twenty_are_shown_those_of_the_lowest_lines),
		FIXED(a_table_without_lines_is_one),
		FIXED(a_wrong_table_is_refused_by_file_and_line),
	};

	return cmocka_run_group_tests_name("keycheck", tests, NULL, NULL);
}
