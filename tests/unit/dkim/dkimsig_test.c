/* SPDX-License-Identifier: BSD-2-Clause */
#include "dkim/dkimsig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1528637910

/* RFC 8463 appendix A. */
#define ED25519_KEY "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define RSA_KEY                                                                        \
 "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6"  \
 "Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+"    \
 "PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
static const char message[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

/* Signature which (0 or 1) of a message; "" when it holds, else why not. */
static const char *
verdict(const char *text, size_t which, const char *record, int64_t now)
{
	static char err[300];
	struct dkimsig_field field[20];
	struct dkimsig sig;
	struct dkimrec rec;
	struct str body;
	size_t n = dkimsig_split(str_of(text), field, COUNT(field), &body);

	err[0] = '\0';
	assert_true(n > which);
	assert_int_equal(dkimrec_read(&rec, str_of(record), err, sizeof(err)), 0);
	if (dkimsig_read(&sig, str_skip(field[which].text, 15), err, sizeof(err)) == 0)
		dkimsig_verify(
		    &sig, &rec, field, n, which, body, now, err, sizeof(err));
	return err;
}

/* The message with one text in place of another. */
static const char *
changed(const char *from, const char *to)
{
	static char out[sizeof(message) + 500];
	const char *at = strstr(message, from);

	assert_non_null(at);
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - message), message, to,
	    at + strlen(from));
	return out;
}

static void
the_signatures_of_the_rfc_hold(void **state)
{
	(void)state;
	assert_string_equal(verdict(message, 0, ED25519_KEY, NOW), "");
	assert_string_equal(verdict(message, 1, RSA_KEY, NOW), "");
}

static void
what_is_relaxed_may_change(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "Subject: Is dinner", "SUBJECT:\t Is\r\n\t  dinner" },
		{ "yet?\r\n", "yet? \t\r\n" },
		{ "game.  Are", "game.\t \tAre" },
		{ "Joe.\r\n", "Joe.\r\n\r\n \r\n\t\r\n" },
		{ "Joe.\r\n", "Joe." },
		{ "From: Joe", "X-New: field\r\nFrom: Joe" },
		{ "To: Suzie Q", "To : Suzie Q" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *text = changed(changes[i].from, changes[i].to);

		assert_string_equal(verdict(text, 0, ED25519_KEY, NOW), "");
		assert_string_equal(verdict(text, 1, RSA_KEY, NOW), "");
	}
}

static void
what_else_changes_is_told(void **state)
{
	static const char body[] = "the body was changed after it was signed";
	static const char header[] = "its header was changed after it was signed, or "
				     "the key is a different one";
	static const struct {
		const char *from, *to, *err;
	} changes[] = {
		{ "Joe.\r\n", "Jo.\r\n", body },
		{ "Joe.\r\n", "Joe.\r\n.\r\n", body },
		{ "\r\n\r\nHi.", "\r\n\r\n\r\nHi.", body },
		{ "Subject: Is", "Subject: was", header },
		{ "From: Joe", "From: x@y.z\r\nFrom: Joe", header },
		{ "game.  Are", "game.\v Are", body },
		{ "b=/gCr", "b=/gCs", header },
		{ "b=/gCr", "b=/gC", "its b= is not base64" },
		{ "t=1528637909", "x=1528637909",
		    "it has expired: the time in x= is past" },
		{ "t=1528637909", "t=x", "its t= is not a number" },
		{ "v=1", "v=2", "its v= is not 1" },
		{ "d=football.example.com", "d=ball.example.com",
		    "its i= is not within its d=" },
		{ "h=from", "h=reply-to", header },
		{ "ed25519-sha256", "rsa-sha256",
		    "its key is of another type than its a=" },
		{ "ed25519-sha256", "rsa-sha1",
		    "it was made with SHA-1, which nobody accepts any more (RFC "
		    "8301)" },
		{ "ed25519-sha256", "x", "its a= is unknown" },
		{ "relaxed/relaxed", "strict", "its c= is unknown" },
		{ "bh=2jUS", "bh=", "its bh= is not a digest of 32 bytes" },
		{ "s=brisbane", "x_s=y", "found no s= in the signature" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *text = changed(changes[i].from, changes[i].to);

		assert_string_equal(verdict(text, 0, ED25519_KEY, NOW), changes[i].err);
	}
}

static void
a_key_that_is_not_for_it_is_told(void **state)
{
	static const struct {
		const char *record, *err;
	} records[] = {
		{ "v=DKIM1; k=ed25519; p=", "its key is revoked: p= is empty" },
		{ RSA_KEY, "its key is of another type than its a=" },
		{ ED25519_KEY "; h=sha1",
		    "its key is not meant for mail with SHA-256" },
		{ ED25519_KEY "; s=other",
		    "its key is not meant for mail with SHA-256" },
		{ ED25519_KEY "; t=s", "" },
		{ "k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		    "its header was changed after it was signed, or the key is "
		    "a different one" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++)
		assert_string_equal(
		    verdict(message, 0, records[i].record, NOW), records[i].err);
	assert_string_equal(verdict(changed("i=@football", "i=@a.football"), 0,
				ED25519_KEY "; t=s", NOW),
	    "its key has t=s, and i= is of a subdomain of d=");
	assert_string_equal(
	    verdict(message, 1, "v=DKIM1; p=AAAA", NOW), "its key cannot be used");
}

static void
a_signature_without_from_is_none(void **state)
{
	char err[200];
	struct dkimsig s;

	(void)state;
	assert_int_equal(
	    dkimsig_read(&s,
		STR("v=1; a=rsa-sha256; d=a.b; s=c; h=to:subject; b=AAAA; bh=AAAA"),
		err, sizeof(err)),
	    -1);
	assert_string_equal(err, "its h= leaves out From");
}

/* RFC 6376 3.4.5 */
static void
canonical_forms_are_those_of_the_rfc(void **state)
{
	static const struct {
		bool simple;
		int64_t length;
		const char *body, *text;
	} cases[] = {
		{ false, -1, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n" },
		{ true, -1, " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n" },
		{ false, -1, "", "" },
		{ true, -1, "", "\r\n" },
		{ false, -1, "\r\n\r\n", "" },
		{ true, -1, "\r\n\r\n", "\r\n" },
		{ false, -1, " \r\n\t", "" },
		{ true, -1, " \r\n", " \r\n" },
		{ true, -1, "a\n\rb", "a\n\rb\r\n" },
		{ false, -1, "a\r\n\r\nb", "a\r\n\r\nb\r\n" },
		{ false, -1, "a \t\n b\r\n", "a \n b\r\n" },
		{ false, 2, "abc\r\n", "ab" },
		{ false, 0, "abc\r\n", "" },
		{ false, 99, "abc\r\n", "abc\r\n" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dkimsig s = { .simple_body = cases[i].simple,
			.length = cases[i].length };

		buf_reset(&out);
		dkimsig_body(&s, str_of(cases[i].body), &out);
		assert_int_equal(out.len, strlen(cases[i].text));
		assert_memory_equal(out.p, cases[i].text, out.len);
	}
	buf_fini(&out);
}

static void
fields_are_chosen_from_the_bottom(void **state)
{
	static const char text[] = "A: 1\r\nA: 2\r\nDKIM-Signature: b=x; h=A\r\n"
				   "B : X\t\r\n\tY \r\n\r\nbody";
	struct dkimsig s = { .names = STR("a:b: A :a:c") };
	struct dkimsig_field field[8];
	struct str body;
	struct buf out;
	size_t n = dkimsig_split(str_of(text), field, COUNT(field), &body);

	(void)state;
	assert_int_equal(n, 4);
	assert_true(str_eq(body, STR("body")));
	buf_init(&out, 1000);
	dkimsig_header(&s, field, n, 2, &out);
	assert_string_equal(out.p, "a:2\r\nb:X Y\r\na:1\r\ndkim-signature:b=; h=A");
	buf_reset(&out);
	s.simple_header = true;
	dkimsig_header(&s, field, n, 2, &out);
	assert_string_equal(
	    out.p, "A: 2\r\nB : X\t\r\n\tY \r\nA: 1\r\nDKIM-Signature: b=; h=A");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signatures_of_the_rfc_hold),
		cmocka_unit_test(what_is_relaxed_may_change),
		cmocka_unit_test(what_else_changes_is_told),
		cmocka_unit_test(a_key_that_is_not_for_it_is_told),
		cmocka_unit_test(a_signature_without_from_is_none),
		cmocka_unit_test(canonical_forms_are_those_of_the_rfc),
		cmocka_unit_test(fields_are_chosen_from_the_bottom),
	};

	return cmocka_run_group_tests_name("dkimsig", tests, NULL, NULL);
}
