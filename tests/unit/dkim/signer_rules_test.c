/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer_rules_test.c - the defects of libopendkim 2.11.0-beta2 that a signer can meet,
 * and that ours does not.  Each with its tests:
 *
 *  1  field names over 4096 bytes smash its stack where SKIPHDRS is set
 *         a_name_of_any_length_does_no_harm
 *  2  each Ed25519 signature leaks a key
 *         signatures_leave_nothing_behind
 *  3  Ed25519 with simple header canonicalization: a bad signature
 *         ed25519_with_simple_fields_is_refused
 *  4  an oversigned field that is there and not signed: a bad signature
 *         a_field_left_out_is_not_oversigned
 *         namesakes_of_a_field_left_out_go_with_it
 *  5  around 1024 bytes of tags b= is lost
 *         each_length_of_tags_has_its_b
 *         each_length_of_h_has_its_b
 *         an_answer_without_b_is_a_failure
 *  6  names of extra tags over 8 bytes smash its stack
 *         these_are_all_the_tags
 *  7  extra tags with a custom malloc crash
 *         these_are_all_the_tags
 *  8  FIXCRLF cuts folded and long fields, bare LF gets a hash of its own
 *         long_fields_are_signed_whole
 *         bare_line_ends_are_not_signed
 *  9  over 4096 bytes of names in h= are paired wrongly
 *         many_fields_are_signed_or_refused
 * 10  VT and FF count as white space
 *         control_characters_are_not_signed
 * 11  without the last CRLF a wrong bh=
 *         a_last_line_without_its_end_verifies
 * 12  a key of the wrong type signs nonsense, an encrypted one asks on the tty
 *         only_keys_that_can_sign_are_taken
 * 13  calls that leak or crash when used otherwise
 *         opendkim_calls in tests/lib/test_layers.py
 * 14  no text for some results
 *         a_failure_without_a_text_gets_one
 *     a domain in UTF-8 aborts opendkim
 *         a_domain_in_utf8_is_not_ours
 *     no field at all: an assertion
 *         a_signing_without_fields_fails
 *
 * And what tests/fuzz found in our own:
 *     namesakes_of_a_field_left_out_go_with_it
 *     a_header_without_room_for_edits_is_refused_for_good
 *
 * Verified by a verifier of our own (tests/lib/dkimcheck.h), which shares nothing with
 * the library.  Run under LeakSanitizer as well.
 */
#include "dkim/signer.h"

#include <dlfcn.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <opendkim/dkim.h>

#include "../../lib/dkimcheck.h"
#include "../../lib/post.h"
#include "mail/addr.h"
#include "mail/signset.h"
#include "signlab.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct fixture {
	struct signlab lab;
	struct txn *txn;
	struct post post;
	struct dkimcheck check;
};

static int
swallow(void *self, const struct tally_delta *d)
{
	(void)self;
	(void)d;
	return 0;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct txn_env env = { .sink = { swallow, NULL } };
	struct signer_options options = { .fixed_time = 0 };
	char err[256] = "";

	if (f == NULL || signlab_begin(&f->lab, "example.com") != 0 ||
	    signlab_key(&f->lab, 0, "r1",
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)) != 0 ||
	    signlab_key(&f->lab, 1, "e1", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")) !=
		0)
		return -1;
	if (signlab_open(&f->lab, &options, err, sizeof err) != 0) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	post_init(&f->post);
	f->txn = txn_new(&env);
	*state = f;
	return f->txn == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	txn_free(f->txn);
	post_fini(&f->post);
	signlab_close(&f->lab);
	free(f);
	return 0;
}

/* ==== A message through the core and the signer ==== */

/* A new message that lacks nothing. */
static void
compose(struct fixture *f, const char *body)
{
	f->post.n = 0;
	f->post.sendmail = false;
	f->post.body = str_of(body);
	post_field(&f->post, STR("From"), STR(" a@example.com"));
	post_field(&f->post, STR("Date"), STR(" Tue, 24 Nov 2026 03:00:00 +0000"));
	post_field(&f->post, STR("Message-ID"), STR(" <1@example.com>"));
}

static enum decide_verdict
send(struct fixture *f)
{
	return post_send(&f->post, f->txn, &f->lab.conf, signer_port(f->lab.signer));
}

/* It is accepted, and both signatures verify on what leaves. */
static void
goes_out_signed(struct fixture *f)
{
	if (send(f) != DECIDE_ACCEPT)
		fail_msg("not accepted: %s", f->post.line.p);
	assert_false(f->post.misplaced);
	assert_int_equal(f->post.n_signatures, 2);
	for (size_t k = 0; k < 2; k++) {
		const char *why =
		    dkimcheck(&f->check, buf_str(&f->post.out), k, f->lab.pkey[k]);

		if (why != NULL)
			fail_msg("signature %zu: %s", k, why);
	}
}

static void
is_refused(struct fixture *f, const char *reason)
{
	assert_int_equal(send(f), DECIDE_REJECT);
	if (strstr(f->post.line.p, reason) == NULL)
		fail_msg("no %s in: %s", reason, f->post.line.p);
}

static struct str
run_of(char *p, char c, size_t n)
{
	memset(p, c, n);
	return str_make(p, n);
}

/* That what follows can fail. */
static void
a_change_after_the_signature_does_not_verify(void **state)
{
	static const char *const changed[] = { "a@example.com", "24 Nov", "<1@",
		"one" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(changed); i++) {
		compose(f, "one\r\n");
		goes_out_signed(f);
		*strstr(f->post.out.p, changed[i]) ^= 1;
		for (size_t k = 0; k < 2; k++)
			assert_non_null(dkimcheck(
			    &f->check, buf_str(&f->post.out), k, f->lab.pkey[k]));
	}
}

static void
a_name_of_any_length_does_no_harm(void **state)
{
	static const size_t lengths[] = { 254, 255, 256, 257, 998, 4095, 4096, 4097,
		4098, 20000, 30000, 65536, 200000 };
	struct fixture *f = *state;
	char *name = malloc(lengths[COUNT(lengths) - 1]);

	assert_non_null(name);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		compose(f, "one\r\n");
		post_field(&f->post, run_of(name, 'X', lengths[i]), STR(" x"));
		post_field(&f->post, STR("Subject"), STR(" after it"));
		goes_out_signed(f);
		/* One that begins like a signed field. */
		compose(f, "one\r\n");
		run_of(name, 'X', lengths[i]);
		memcpy(name, "Subject", 7);
		post_field(&f->post, str_make(name, lengths[i]), STR(" x"));
		goes_out_signed(f);
	}
	free(name);
}

static struct signing *
sign_small(struct fixture *f, const struct conf_domain *d, size_t n_signed)
{
	const struct sign_port *p = signer_port(f->lab.signer);
	char err[256] = "";
	struct signing *g = p->begin(p->self, d, 0, err, sizeof err);
	size_t n = 0;

	if (g == NULL)
		fail_msg("%s", err);
	for (size_t i = 0; i < f->post.n; i++)
		assert_int_equal(p->field(g, f->post.v[i].name, f->post.v[i].value), 0);
	assert_int_equal(p->end_fields(g), 0);
	assert_int_equal(p->body(g, f->post.body.p, f->post.body.len), 0);
	if (p->end(g, &n, err, sizeof err) != 0)
		fail_msg("%s", err);
	assert_int_equal(n, n_signed);
	return g;
}

static size_t
bytes_in_use(void)
{
	return mallinfo2().uordblks;
}

static void
signatures_leave_nothing_behind(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->lab.signer);
	const struct conf_domain *d = &f->lab.conf.domains[0];
	char err[256];
	size_t before = 0;

	compose(f, "one\r\n");
	for (int i = 0; i < 1200; i++) {
		if (i == 200)
			before = bytes_in_use();
		p->free(sign_small(f, d, 2));
		/* One that is dropped with its key not asked for yet. */
		p->free(p->begin(p->self, d, 0, err, sizeof err));
	}
	/* The library alone would leave 490 bytes each time. */
	assert_in_range(bytes_in_use(), 0, before + 4096);
}

static void
ed25519_with_simple_fields_is_refused(void **state)
{
	struct fixture *f = *state;
	struct conf_domain *d = &f->lab.conf.domains[0];
	char err[512] = "";

	d->header_canon = CONF_CANON_SIMPLE;
	assert_null(keyring_load(&f->lab.conf, NULL, NULL, err, sizeof err));
	assert_non_null(strstr(err, "simple"));
	/* With RSA alone it is right. */
	d->n_keys = 1;
	compose(f, "one\r\n");
	post_field(&f->post, STR("sUBJECT"), STR("  two  words \n\tand a fold\t"));
	assert_int_equal(send(f), DECIDE_ACCEPT);
	assert_int_equal(f->post.n_signatures, 1);
	assert_null(dkimcheck(&f->check, buf_str(&f->post.out), 0, f->lab.pkey[0]));
	d->n_keys = 2;
	d->header_canon = CONF_CANON_RELAXED;
}

static size_t
times_in_h(struct fixture *f, struct str name)
{
	struct str h = STR("");
	size_t n = 0;

	assert_true(dkimcheck_split(&f->check, buf_str(&f->post.out)));
	h = dkimcheck_tag(f->check.v[0].all, "h");
	while (h.len > 0) {
		size_t end = str_find(h, ':');

		n += str_caseeq(str_trim(str_make(h.p, end)), name);
		h = str_skip(h, end + 1);
	}
	return n;
}

/* An address list that Sendmail would cut. */
static struct str
long_list(char out[1024])
{
	memset(out, 'x', 1023);
	memcpy(out, " \"", 2);
	snprintf(out + 600, 424, "\" <b@example.net>");
	return str_of(out);
}

static void
a_field_left_out_is_not_oversigned(void **state)
{
	static const char *const names[] = { "To", "Cc", "Reply-To", "Sender" };
	struct fixture *f = *state;
	char list[1024];

	for (unsigned which = 0; which < 1U << COUNT(names); which++) {
		compose(f, "one\r\n");
		for (size_t i = 0; i < COUNT(names); i++)
			post_field(&f->post, str_of(names[i]),
			    which >> i & 1 ? long_list(list) : STR(" b@example.net"));
		f->post.sendmail = true;
		goes_out_signed(f);
		for (size_t i = 0; i < COUNT(names); i++)
			assert_int_equal(times_in_h(f, str_of(names[i])),
			    which >> i & 1             ? 0
				: i < COUNT(names) - 1 ? 2
						       : 1);
	}
}

static void
namesakes_of_a_field_left_out_go_with_it(void **state)
{
	struct fixture *f = *state;
	char list[1024];

	for (int long_one = 0; long_one < 3; long_one++) {
		compose(f, "one\r\n");
		for (int i = 0; i < 3; i++)
			post_field(&f->post, i == 1 ? STR("TO") : STR("To"),
			    i == long_one ? long_list(list) : STR(" b@example.net"));
		f->post.sendmail = true;
		goes_out_signed(f);
		assert_int_equal(times_in_h(f, STR("To")), 0);
	}
}

/* ==== The answer ==== */

static void
answer_verifies(
    struct fixture *f, const struct signing *g, size_t which, EVP_PKEY *pkey)
{
	struct str value = signer_port(f->lab.signer)->signature(g, which).value;
	size_t n = f->post.n;
	const char *why;

	post_field(&f->post, STR("DKIM-Signature"), value);
	post_write(&f->post);
	f->post.n = n;
	why = dkimcheck(&f->check, buf_str(&f->post.out), 0, pkey);
	if (why != NULL)
		fail_msg("%s: %.*s", why, (int)value.len, value.p);
}

/* A domain or selector of that length, in labels of at most 63 bytes. */
static char *
name_of(size_t len, char out[256])
{
	for (size_t i = 0; i < len; i++)
		out[i] = i % 64 == 63 && i + 1 < len ? '.' : (char)('a' + i % 26);
	out[len] = '\0';
	return out;
}

static void
each_length_of_tags_has_its_b(void **state)
{
	struct fixture *f = *state;
	struct conf_domain d = f->lab.conf.domains[0];
	struct conf_key keys[2] = { d.keys[0], d.keys[1] };
	char domain[256], selector[256];

	compose(f, "one\r\n");
	d.keys = keys;
	for (size_t dl = 1; dl <= ADDR_DOMAIN_MAX; dl++)
		for (size_t sl = 1; sl <= CONF_SELECTOR_MAX;
		     sl += dl % 16 == 1 || sl >= 62 ? 1 : 61) {
			struct signing *g;

			d.name = name_of(dl, domain);
			keys[0].selector = keys[1].selector = name_of(sl, selector);
			g = sign_small(f, &d, 2);
			answer_verifies(f, g, 0, f->lab.pkey[0]);
			answer_verifies(f, g, 1, f->lab.pkey[1]);
			signer_port(f->lab.signer)->free(g);
		}
}

static void
each_length_of_h_has_its_b(void **state)
{
	struct fixture *f = *state;

	/* Names of 3 and 4 bytes with their colons, 3 to 1200 bytes of them. */
	for (size_t len = 3; len <= 1200; len++) {
		struct signing *g;
		size_t fours = len % 3;

		if (len < 4 * fours + 3)
			continue;
		compose(f, "one\r\n");
		for (size_t i = 0; i < fours; i++)
			post_field(&f->post, STR("Abc"), STR(" x"));
		for (size_t i = 4 * fours; i < len; i += 3)
			post_field(&f->post, STR("To"), STR(" y"));
		g = sign_small(f, &f->lab.conf.domains[0], 2);
		answer_verifies(f, g, 1, f->lab.pkey[1]);
		if (len % 8 == 0 || (len > 700 && len < 1100 && len % 2 == 0))
			answer_verifies(f, g, 0, f->lab.pkey[0]);
		signer_port(f->lab.signer)->free(g);
	}
}

/* What the library shall answer, for a while; by these names it is called. */
static bool without_b, without_text;

DKIM_STAT
dkim_getsighdr_d(DKIM *dkim, size_t initial, u_char **buf, size_t *len)
{
	DKIM_STAT (*theirs)(DKIM *, size_t, u_char **, size_t *) = NULL;
	DKIM_STAT stat;
	char *b;

	*(void **)&theirs = dlsym(RTLD_NEXT, "dkim_getsighdr_d");
	assert_non_null(theirs);
	stat = theirs(dkim, initial, buf, len);
	b = stat == DKIM_STAT_OK && without_b ? strstr((char *)*buf, "\tb=") : NULL;
	if (b != NULL)
		*len = (size_t)(b - (char *)*buf);
	return stat;
}

const char *
dkim_geterror(DKIM *dkim)
{
	const char *(*theirs)(DKIM *) = NULL;

	*(void **)&theirs = dlsym(RTLD_NEXT, "dkim_geterror");
	assert_non_null(theirs);
	return without_text ? NULL : theirs(dkim);
}

const char *
dkim_getresultstr(DKIM_STAT stat)
{
	const char *(*theirs)(DKIM_STAT) = NULL;

	*(void **)&theirs = dlsym(RTLD_NEXT, "dkim_getresultstr");
	assert_non_null(theirs);
	return without_text ? NULL : theirs(stat);
}

static void
an_answer_without_b_is_a_failure(void **state)
{
	struct fixture *f = *state;

	without_b = true;
	compose(f, "one\r\n");
	assert_int_equal(send(f), DECIDE_TEMPFAIL);
	without_b = false;
	assert_non_null(strstr(f->post.line.p, "sign-failed"));
	compose(f, "one\r\n");
	goes_out_signed(f);
}

static void
a_failure_without_a_text_gets_one(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->lab.signer);
	char err[256] = "";
	struct signing *g;
	size_t n;

	for (int mute = 0; mute < 2; mute++) {
		g = p->begin(p->self, &f->lab.conf.domains[0], 0, err, sizeof err);
		assert_non_null(g);
		assert_int_equal(p->field(g, STR("From"), STR(" a@example.com")), 0);
		assert_int_equal(p->end_fields(g), 0);
		/* Against the port's rule: no line end, which relaxed cannot do. */
		assert_int_equal(p->body(g, "one", 3), 0);
		without_text = mute != 0;
		assert_int_equal(p->end(g, &n, err, sizeof err), 2);
		without_text = false;
		assert_int_equal(strncmp(err, "e1: ", 4), 0);
		assert_true(strlen(err) > 4);
		p->free(g);
	}
}

static void
these_are_all_the_tags(void **state)
{
	static const char *const known[] = { "v", "a", "c", "d", "s", "t", "bh", "h",
		"b" };
	struct fixture *f = *state;
	struct str rest;
	size_t n = 0;

	compose(f, "one\r\n");
	goes_out_signed(f);
	assert_true(dkimcheck_split(&f->check, buf_str(&f->post.out)));
	rest = str_skip(f->check.v[0].all, sizeof "DKIM-Signature:" - 1);
	for (; rest.len > 0; n++) {
		size_t end = str_find(rest, ';');
		struct str tag = str_trim(str_make(rest.p, end));

		assert_true(n < COUNT(known));
		assert_true(
		    str_eq(str_make(tag.p, str_find(tag, '=')), str_of(known[n])));
		rest = str_skip(rest, end + 1);
	}
	assert_int_equal(n, COUNT(known));
}

/* ==== Header ==== */

/* " xxxx xxxx ...", a fold before each 15th word, and " #z" at the end. */
static struct str
words(char *out, size_t len)
{
	for (size_t i = 0; i < len - 4; i++)
		out[i] = i % 5 == 0 ? ' ' : i % 75 == 69 ? '\n' : 'x';
	snprintf(out + len - 4, 5, "x #z");
	return str_make(out, len);
}

static void
long_fields_are_signed_whole(void **state)
{
	static const size_t lengths[] = { 100, 997, 998, 999, 1023, 1024, 1025, 4095,
		4096, 32767, 32768, 65519, 65535, 65536, 65537, 66000, 102400, 120000 };
	struct fixture *f = *state;
	char *text = malloc(120001);

	assert_non_null(text);
	for (size_t i = 0; i < COUNT(lengths); i++)
		for (int simple = 0; simple < 2; simple++) {
			struct conf_domain *d = &f->lab.conf.domains[0];

			d->header_canon =
			    simple ? CONF_CANON_SIMPLE : CONF_CANON_RELAXED;
			d->n_keys = simple ? 1 : 2;
			compose(f, "one\r\n");
			post_field(&f->post, STR("Subject"), words(text, lengths[i]));
			if (send(f) != DECIDE_ACCEPT)
				fail_msg("%zu: %s", lengths[i], f->post.line.p);
			for (size_t k = 0; k < d->n_keys; k++)
				assert_null(dkimcheck(&f->check, buf_str(&f->post.out),
				    k, f->lab.pkey[k]));
			/* Its last byte is under the signature. */
			*strstr(f->post.out.p, "#z\r\n") = '%';
			assert_non_null(dkimcheck(
			    &f->check, buf_str(&f->post.out), 0, f->lab.pkey[0]));
			d->header_canon = CONF_CANON_RELAXED;
			d->n_keys = 2;
		}
	free(text);
}

static void
many_fields_are_signed_or_refused(void **state)
{
	static const char name[] = "CONTENT-TRANSFER-ENCODING";
	struct fixture *f = *state;
	size_t taken = 0;

	for (size_t n = 1; n < 200; n += n < 100 ? 9 : 1) {
		compose(f, "one\r\n");
		for (size_t i = 0; i < n; i++)
			post_field(&f->post, str_of(name), STR(" 7bit"));
		if (n * sizeof name + sizeof "From:Date:Message-ID" <=
		    SIGNSET_NAME_BYTES_MAX) {
			goes_out_signed(f);
			taken = n;
		} else {
			is_refused(f, "too-many-fields");
		}
	}
	assert_in_range(taken, 110, 120);
}

/* Too much for what a message may take of our memory: the next try would not fit
 * either. */
static void
a_header_without_room_for_edits_is_refused_for_good(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(60001);

	assert_non_null(text);
	for (size_t n = 1; n < 20; n++)
		for (int accept = 0; accept < 2; accept++) {
			enum decide_verdict verdict;

			f->lab.conf.on_bad_message =
			    accept ? CONF_BAD_ACCEPT : CONF_BAD_REJECT;
			compose(f, "one\r\n");
			/* One line, so that all of it must be folded. */
			memset(text, 'x', 60000);
			for (size_t i = 0; i < 60000; i += 100)
				text[i] = ' ';
			for (size_t i = 0; i < n; i++)
				post_field(
				    &f->post, STR("References"), str_make(text, 60000));
			verdict = send(f);
			if (n < 4)
				assert_int_equal(f->post.n_signatures, 2);
			else if (n > 8)
				assert_non_null(
				    strstr(f->post.line.p, "header-too-large"));
			assert_int_not_equal(verdict, DECIDE_TEMPFAIL);
			if (n > 8 && accept) {
				assert_int_equal(f->post.n_signatures, 0);
				assert_int_equal(f->post.n, 3 + n);
			}
		}
	f->lab.conf.on_bad_message = CONF_BAD_REJECT;
	/* Not one field more, and two are missing. */
	compose(f, "one\r\n");
	f->post.n = 1;
	while (f->post.n < HDR_FIELDS_MAX)
		post_field(&f->post, STR("X"), STR(""));
	is_refused(f, "header-too-large");
	free(text);
}

static void
control_characters_are_not_signed(void **state)
{
	struct fixture *f = *state;
	char value[] = " one ? two";

	for (unsigned c = 1; c < 256; c++) {
		bool control = (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f;

		value[5] = (char)c;
		compose(f, "one\r\n");
		post_field(&f->post, STR("Subject"), str_of(value));
		if (control)
			is_refused(f, "control-in-header");
		else
			goes_out_signed(f);
		/* Elsewhere it is nobody's business. */
		compose(f, "one\r\n");
		post_field(&f->post, STR("X-Other"), str_of(value));
		goes_out_signed(f);
	}
}

static void
a_domain_in_utf8_is_not_ours(void **state)
{
	static const char *const froms[] = { " a@ex\xc3\xa4mple.com",
		" a@\xe4xample.com", " \xc3\xa4@ex\xc3\xa4mple.com" };
	struct fixture *f = *state;
	char why[256];

	for (size_t i = 0; i < COUNT(froms); i++) {
		compose(f, "one\r\n");
		f->post.v[0].value = str_of(froms[i]);
		if (send(f) == DECIDE_ACCEPT)
			assert_int_equal(f->post.n_signatures, 0);
	}
	assert_int_equal(
	    conf_check_domain_name("ex\xc3\xa4mple.com", why, sizeof why), -1);
	assert_int_equal(conf_check_selector("\xc3\xa4", why, sizeof why), -1);
	/* A local part in UTF-8 is no part of the signature. */
	compose(f, "one\r\n");
	f->post.v[0].value = STR(" \xc3\xa4@example.com");
	goes_out_signed(f);
}

static void
a_signing_without_fields_fails(void **state)
{
	struct fixture *f = *state;
	const struct sign_port *p = signer_port(f->lab.signer);
	char err[256] = "";
	struct signing *g =
	    p->begin(p->self, &f->lab.conf.domains[0], 0, err, sizeof err);

	assert_non_null(g);
	assert_int_equal(p->end_fields(g), -1);
	p->free(g);
	f->post.n = 0;
	f->post.body = STR("one\r\n");
	is_refused(f, "no-from");
}

/* ==== Body ==== */

static void
a_last_line_without_its_end_verifies(void **state)
{
	static const char *const bodies[] = { "", "x", " ", "x ", "\r\n", "\r\n ",
		"x\r\n", "x\r\n ", "x\r\n\t \r\n", "x\r\n\r\n", "\r\n\r\nx",
		"one\r\ntwo \t", "one\r\n\r\n\r\n y" };
	static const enum conf_canon canons[] = { CONF_CANON_SIMPLE,
		CONF_CANON_RELAXED };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(bodies); i++)
		for (size_t c = 0; c < COUNT(canons); c++)
			for (f->post.chunk = 0; f->post.chunk < 4; f->post.chunk++) {
				f->lab.conf.domains[0].body_canon = canons[c];
				compose(f, bodies[i]);
				goes_out_signed(f);
			}
	f->post.chunk = 0;
	f->lab.conf.domains[0].body_canon = CONF_CANON_RELAXED;
}

static void
bare_line_ends_are_not_signed(void **state)
{
	static const char *const bodies[] = { "\n", "\r", "x\n", "x\r", "x\r\r\n",
		"\n\r\n", "x\r\ny\nz\r\n", "x\r\ny\rz\r\n", "x\r\n\r", "x\r\n\n",
		"\r\n\r\n\r" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(bodies); i++)
		for (f->post.chunk = 0; f->post.chunk < 3; f->post.chunk++) {
			compose(f, bodies[i]);
			is_refused(f, "bare-line-end");
		}
	f->post.chunk = 0;
	f->lab.conf.on_bad_message = CONF_BAD_ACCEPT;
	compose(f, bodies[2]);
	assert_int_equal(send(f), DECIDE_ACCEPT);
	assert_int_equal(f->post.n_signatures, 0);
	f->lab.conf.on_bad_message = CONF_BAD_REJECT;
}

/* ==== Keys ==== */

static void
refuse_key(struct fixture *f, EVP_PKEY *pkey, const char *pass, const char *reason)
{
	char file[128], err[512] = "", warn[512];
	struct keyring_key key;
	FILE *out;

	assert_non_null(pkey);
	signlab_path(&f->lab, "bad", file);
	out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(
	    PEM_write_PrivateKey(out, pkey, pass != NULL ? EVP_aes_128_cbc() : NULL,
		(const unsigned char *)pass, pass != NULL ? (int)strlen(pass) : 0, NULL,
		NULL),
	    1);
	fclose(out);
	EVP_PKEY_free(pkey);
	assert_int_equal(
	    keyring_read(file, NULL, &key, err, sizeof err, warn, sizeof warn), -1);
	if (strstr(err, reason) == NULL)
		fail_msg("no \"%s\" in: %s", reason, err);
	unlink(file);
}

static void
only_keys_that_can_sign_are_taken(void **state)
{
	struct fixture *f = *state;
	struct str value;
	struct signing *g;
	const struct sign_port *p = signer_port(f->lab.signer);

	refuse_key(f, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), NULL, "RSA");
	refuse_key(f, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NULL, "RSA");
	refuse_key(f, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)512), NULL, "1024");
	refuse_key(f, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "secret", "encrypted");
	refuse_key(f, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), "secret",
	    "encrypted");
	/* a= is what the key is, not what somebody says. */
	compose(f, "one\r\n");
	g = sign_small(f, &f->lab.conf.domains[0], 2);
	value = p->signature(g, 0).value;
	assert_non_null(strstr(value.p, "a=rsa-sha256;"));
	value = p->signature(g, 1).value;
	assert_non_null(strstr(value.p, "a=ed25519-sha256;"));
	p->free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_after_the_signature_does_not_verify),
		cmocka_unit_test(a_name_of_any_length_does_no_harm),
		cmocka_unit_test(signatures_leave_nothing_behind),
		cmocka_unit_test(ed25519_with_simple_fields_is_refused),
		cmocka_unit_test(a_field_left_out_is_not_oversigned),
		cmocka_unit_test(namesakes_of_a_field_left_out_go_with_it),
		cmocka_unit_test(each_length_of_tags_has_its_b),
		cmocka_unit_test(each_length_of_h_has_its_b),
		cmocka_unit_test(an_answer_without_b_is_a_failure),
		cmocka_unit_test(a_failure_without_a_text_gets_one),
		cmocka_unit_test(these_are_all_the_tags),
		cmocka_unit_test(long_fields_are_signed_whole),
		cmocka_unit_test(many_fields_are_signed_or_refused),
		cmocka_unit_test(a_header_without_room_for_edits_is_refused_for_good),
		cmocka_unit_test(control_characters_are_not_signed),
		cmocka_unit_test(a_domain_in_utf8_is_not_ours),
		cmocka_unit_test(a_signing_without_fields_fails),
		cmocka_unit_test(a_last_line_without_its_end_verifies),
		cmocka_unit_test(bare_line_ends_are_not_signed),
		cmocka_unit_test(only_keys_that_can_sign_are_taken),
	};

	return cmocka_run_group_tests_name("signer_rules", tests, setup, teardown);
}
