/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer_vectors_test.c - the signatures that libopendkim's own tests expect, made
 * through our port: right to the last byte, however the body is cut.
 *
 * tests/data/vectors/opendkim.txt holds them and says which are left out and why.
 */
#include "dkim/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/buf.h"
#include "signlab.h"

#define FIXED_TIME 1172620939
#define LINES_MAX 64
#define BODY_MAX ((size_t)1024 * 1024)

struct vector {
	char number[16];
	bool header_relaxed, body_relaxed;
	char oversign[64];
	struct buf fields[LINES_MAX]; /* name:value */
	size_t n_fields;
	struct buf body;
	size_t cut[LINES_MAX * 4]; /* where each chunk ends */
	size_t n_cuts;
	struct buf expect;    /* whole, or empty */
	struct buf expect_bh; /* or this */
};

struct fixture {
	struct vector *v;
	size_t n;
	EVP_PKEY *pkey;
};

/* ==== Reading ==== */

static void
add_text(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != '\\') {
			buf_addc(out, *text);
			continue;
		}
		switch (*++text) {
		case 'r':
			buf_addc(out, '\r');
			break;
		case 'n':
			buf_addc(out, '\n');
			break;
		case 't':
			buf_addc(out, '\t');
			break;
		case 's':
			buf_addc(out, ' ');
			break;
		default:
			fail_msg("unknown escape \\%c", *text);
		}
	}
}

static void
add_chunk(struct vector *v, unsigned long times, const char *text)
{
	while (times-- > 0)
		add_text(&v->body, text);
	assert_true(v->n_cuts < sizeof v->cut / sizeof v->cut[0]);
	v->cut[v->n_cuts++] = v->body.len;
}

static void
new_vector(struct fixture *f, const char *rest)
{
	struct vector *v;

	f->v = realloc(f->v, (f->n + 1) * sizeof *f->v);
	assert_non_null(f->v);
	v = &f->v[f->n++];
	*v = (struct vector) { .n_fields = 0 };
	snprintf(v->number, sizeof v->number, "%.*s", (int)strcspn(rest, " "), rest);
	buf_init(&v->body, BODY_MAX);
	buf_init(&v->expect, BODY_MAX);
	buf_init(&v->expect_bh, BODY_MAX);
}

static void
read_line(struct fixture *f, const char *word, char *rest)
{
	struct vector *v = f->n > 0 ? &f->v[f->n - 1] : NULL;

	if (strcmp(word, "vector") == 0) {
		new_vector(f, rest);
		return;
	}
	assert_non_null(v);
	if (strcmp(word, "canon") == 0) {
		v->header_relaxed = strncmp(rest, "relaxed/", 8) == 0;
		v->body_relaxed = strcmp(strchr(rest, '/'), "/relaxed") == 0;
	} else if (strcmp(word, "oversign") == 0) {
		snprintf(v->oversign, sizeof v->oversign, "%s", rest);
	} else if (strcmp(word, "field") == 0) {
		assert_true(v->n_fields < LINES_MAX);
		buf_init(&v->fields[v->n_fields], BODY_MAX);
		add_text(&v->fields[v->n_fields++], rest);
	} else if (strcmp(word, "chunk") == 0) {
		add_chunk(v, 1, rest);
	} else if (strcmp(word, "times") == 0) {
		unsigned long times = strtoul(rest, &rest, 10);

		add_chunk(v, times, rest + 1);
	} else if (strcmp(word, "expect") == 0) {
		add_text(&v->expect, rest);
	} else if (strcmp(word, "expect-bh") == 0) {
		add_text(&v->expect_bh, rest);
	} else {
		assert_string_equal(word, "unsigned");
	}
}

static FILE *
open_data(const char *name)
{
	const char *src = getenv("MM_SRC");
	char path[512];
	FILE *in;

	snprintf(path, sizeof path, "%s/tests/data/vectors/%s", src != NULL ? src : ".",
	    name);
	in = fopen(path, "r");
	if (in == NULL)
		fail_msg(
		    "%s: cannot be opened; MM_SRC must name the source tree", path);
	return in;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char *line = NULL, *rest;
	size_t cap = 0;
	ssize_t n;
	FILE *in = open_data("opendkim.txt");

	assert_non_null(f);
	while ((n = getline(&line, &cap, in)) > 0) {
		line[n - 1] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		rest = strchr(line, ' ');
		assert_non_null(rest);
		*rest++ = '\0';
		read_line(f, line, rest);
	}
	free(line);
	fclose(in);
	in = open_data("opendkim.pem");
	f->pkey = PEM_read_PrivateKey(in, NULL, NULL, NULL);
	fclose(in);
	assert_non_null(f->pkey);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n; i++) {
		struct vector *v = &f->v[i];

		for (size_t k = 0; k < v->n_fields; k++)
			buf_fini(&v->fields[k]);
		buf_fini(&v->body);
		buf_fini(&v->expect);
		buf_fini(&v->expect_bh);
	}
	free(f->v);
	EVP_PKEY_free(f->pkey);
	free(f);
	return 0;
}

/* ==== Signing ==== */

static void
open_lab(const struct fixture *f, const struct vector *v, struct signlab *lab)
{
	const char *over[] = { v->oversign[0] != '\0' ? v->oversign : NULL, NULL };
	struct signer_options options = { .fixed_time = FIXED_TIME, .oversign = over };
	struct conf_domain *d;
	char err[256] = "";

	assert_int_equal(signlab_begin(lab, "example.com"), 0);
	d = &lab->conf.domains[0];
	d->header_canon = v->header_relaxed ? CONF_CANON_RELAXED : CONF_CANON_SIMPLE;
	d->body_canon = v->body_relaxed ? CONF_CANON_RELAXED : CONF_CANON_SIMPLE;
	assert_int_equal(EVP_PKEY_up_ref(f->pkey), 1);
	assert_int_equal(signlab_key(lab, 0, "test", f->pkey), 0);
	if (signlab_open(lab, &options, err, sizeof err) != 0)
		fail_msg("%s", err);
}

/* How much of the body the next chunk takes. */
typedef size_t (*cut_fn)(const struct vector *, size_t at);

static size_t
as_it_came(const struct vector *v, size_t at)
{
	for (size_t i = 0; i < v->n_cuts; i++)
		if (v->cut[i] > at)
			return v->cut[i] - at;
	return v->body.len - at;
}

static size_t
in_one(const struct vector *v, size_t at)
{
	return v->body.len - at;
}

static size_t
in_single_bytes(const struct vector *v, size_t at)
{
	(void)v;
	(void)at;
	return 1;
}

static size_t
at_random(const struct vector *v, size_t at)
{
	size_t n = (size_t)random() % 4096 + 1;

	return n < v->body.len - at ? n : v->body.len - at;
}

static void
sign(struct signlab *lab, const struct vector *v, cut_fn cut, struct buf *out)
{
	const struct sign_port *p = signer_port(lab->signer);
	char err[256] = "";
	struct signing *g =
	    p->begin(p->self, &lab->conf.domains[0], 0, err, sizeof err);
	size_t n = 0;

	assert_non_null(g);
	for (size_t i = 0; i < v->n_fields; i++) {
		struct str all = buf_str(&v->fields[i]);
		size_t colon = str_find(all, ':');

		assert_int_equal(
		    p->field(g, str_make(all.p, colon), str_skip(all, colon + 1)), 0);
	}
	assert_int_equal(p->end_fields(g), 0);
	for (size_t at = 0, len; at < v->body.len; at += len) {
		len = cut(v, at);
		assert_int_equal(p->body(g, v->body.p + at, len), 0);
	}
	assert_int_equal(p->end(g, &n, err, sizeof err), 0);
	assert_int_equal(n, 1);
	buf_reset(out);
	buf_addstr(out, p->signature(g, 0).value);
	p->free(g);
}

static void
check(const struct vector *v, const struct buf *got, const struct buf *before)
{
	char bh[128];

	assert_int_equal(got->p[0], ' ');
	if (v->expect.len > 0) {
		assert_string_equal(got->p + 1, v->expect.p);
		return;
	}
	snprintf(bh, sizeof bh, " bh=%s;", v->expect_bh.p);
	assert_non_null(strstr(got->p, bh));
	if (before->len > 0)
		assert_string_equal(got->p, before->p);
}

static void
each_vector_comes_out_as_it_should(void **state)
{
	static const cut_fn cuts[] = { as_it_came, in_one, in_single_bytes, at_random,
		at_random };
	struct fixture *f = *state;
	struct signlab lab;
	struct buf got, before;

	assert_int_equal(f->n, 14);
	buf_init(&got, BODY_MAX);
	buf_init(&before, BODY_MAX);
	srandom(57);
	for (size_t i = 0; i < f->n; i++) {
		print_message("# vector %s\n", f->v[i].number);
		open_lab(f, &f->v[i], &lab);
		for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
			sign(&lab, &f->v[i], cuts[k], &got);
			check(&f->v[i], &got, &before);
		}
		buf_reset(&before);
		/* The next one may say that it is the same. */
		if (f->v[i].expect_bh.len > 0)
			buf_addstr(&before, buf_str(&got));
		signlab_close(&lab);
	}
	buf_fini(&got);
	buf_fini(&before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_comes_out_as_it_should),
	};

	return cmocka_run_group_tests_name("signer_vectors", tests, setup, teardown);
}
