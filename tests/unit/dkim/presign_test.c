/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * presign_test.c - dates, message ids, folds, and what cannot be helped.
 */
#include "dkim/presign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mail/fold.h"

struct fixture {
	struct arena *arena;
	struct hdr hdr;
};

static int
setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new((size_t)1024 * 1024);
	hdr_init(&f.hdr, f.arena);
	*state = &f;
	return f.arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	hdr_fini(&f->hdr);
	arena_free(f->arena);
	return 0;
}

#define LIMIT 998
#define DOMAIN STR("example.com")

static const struct envelope on_postfix = {
	.host = STR("example.com"),
	.now = 1795489200, /* Tue, 24 Nov 2026 03:00:00 UTC */
	.nonce = STR("1.2.3"),
};

static void
dates_are_those_of_rfc5322(void **state)
{
	static const struct {
		int64_t now;
		const char *text;
	} cases[] = {
		{ 0, " Thu, 01 Jan 1970 00:00:00 +0000" },
		{ 951782400, " Tue, 29 Feb 2000 00:00:00 +0000" },
		{ 1795489200, " Tue, 24 Nov 2026 03:00:00 +0000" },
		{ 4102444799, " Thu, 31 Dec 2099 23:59:59 +0000" },
	};
	char out[PRESIGN_DATE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		presign_date(cases[i].now, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
a_missing_date_and_message_id_are_added(void **state)
{
	struct fixture *f = *state;
	bool partly = true;

	hdr_receive(&f->hdr, STR("From"), STR(" a@example.com"));
	assert_int_equal(
	    presign_header(&on_postfix, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	assert_false(partly);
	assert_string_equal(hdr_first(&f->hdr, STR("Date"))->value.p,
	    " Tue, 24 Nov 2026 03:00:00 +0000");
	assert_string_equal(
	    hdr_first(&f->hdr, STR("Message-ID"))->value.p, " <1.2.3@example.com>");
}

static void
those_that_are_there_stay(void **state)
{
	struct fixture *f = *state;
	bool partly;

	hdr_receive(&f->hdr, STR("From"), STR(" a@example.com"));
	hdr_receive(&f->hdr, STR("date"), STR(" some day"));
	hdr_receive(&f->hdr, STR("Message-Id"), STR(" <x@y>"));
	assert_int_equal(
	    presign_header(&on_postfix, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	assert_int_equal(f->hdr.n, 3);
	for (size_t i = 0; i < f->hdr.n; i++)
		assert_int_equal(f->hdr.v[i].state, HDR_KEPT);
}

static void
folding_is_at_white_space_that_is_there(void **state)
{
	static const struct {
		const char *value, *out; /* NULL: cannot be */
		size_t limit;
	} cases[] = {
		{ " one two three", " one two three", 20 },
		{ " one two three", " one two\n three", 10 },
		{ " one two three", " one\n two\n three", 7 },
		{ " one\n\ttwo three four", " one\n\ttwo three\n four", 12 },
		{ " one\ttwo", " one\n\ttwo", 7 },
		{ " onetwothree", NULL, 10 },
		{ "           x", NULL, 10 },
		{ " one two     ", NULL, 8 },
		{ "", "", 10 },
	};
	struct fixture *f = *state;
	struct str out;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int r = fold_value(
		    STR("S"), str_of(cases[i].value), cases[i].limit, f->arena, &out);

		if (cases[i].out == NULL) {
			assert_int_equal(r, -1);
			assert_non_null(out.p);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(out.p, cases[i].out);
		assert_int_equal(out.len, strlen(cases[i].out));
	}
}

static void
a_name_as_long_as_the_limit_cannot_be_folded(void **state)
{
	struct fixture *f = *state;
	struct str out;

	assert_int_equal(
	    fold_value(STR("Long-Name"), STR(" x y"), 10, f->arena, &out), -1);
	assert_int_equal(
	    fold_value(STR("Long-Name"), STR(" x y"), 3, f->arena, &out), -1);
}

/* 1,200 bytes of Subject, with or without blanks. */
static const char *
long_subject(char out[1202], bool blanks)
{
	memset(out, 's', 1201);
	out[0] = ' ';
	for (size_t i = 50; blanks && i < 1200; i += 50)
		out[i] = ' ';
	out[1201] = '\0';
	return out;
}

static void
long_lines_are_folded_or_refused_by_the_limit(void **state)
{
	struct fixture *f = *state;
	char text[1202];
	bool partly;

	hdr_receive(&f->hdr, STR("Subject"), str_of(long_subject(text, true)));
	assert_int_equal(
	    presign_header(&on_postfix, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	assert_int_equal(f->hdr.v[0].state, HDR_CHANGED);
	assert_in_range(
	    str_find(f->hdr.v[0].value, '\n'), 900, 998 - strlen("Subject:"));
	hdr_receive(&f->hdr, STR("Subject"), str_of(long_subject(text, false)));
	assert_int_equal(
	    presign_header(&on_postfix, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_LINE);
	assert_int_equal(
	    presign_header(&on_postfix, 0, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
}

static void
the_limit_itself_is_allowed(void **state)
{
	struct fixture *f = *state;
	size_t limit = strlen("Subject: abcdefghij");
	bool partly;

	hdr_receive(&f->hdr, STR("Subject"), STR(" abcdefghij"));
	hdr_receive(&f->hdr, STR("Date"), STR(" d"));
	hdr_receive(&f->hdr, STR("Message-ID"), STR(" i"));
	assert_int_equal(
	    presign_header(&on_postfix, limit, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	assert_int_equal(
	    presign_header(&on_postfix, limit - 1, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_LINE);
}

static void
a_control_in_a_signed_field_is_a_fault(void **state)
{
	struct fixture *f = *state;
	bool partly;

	hdr_receive(&f->hdr, STR("X-Other"), STR(" \f"));
	assert_int_equal(
	    presign_header(&on_postfix, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	hdr_receive(&f->hdr, STR("Subject"), STR(" \f"));
	assert_int_equal(
	    presign_header(&on_postfix, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_CONTROL);
}

static void
sendmail_address_fields_are_brought_into_its_form(void **state)
{
	struct fixture *f = *state;
	struct envelope on_sendmail = on_postfix;
	bool partly;

	on_sendmail.sendmail = true;
	hdr_receive(&f->hdr, STR("From"), STR(" Acme Inc. <a@example.com>"));
	hdr_receive(&f->hdr, STR("To"), STR(" b@example.com,c@example.com"));
	hdr_receive(&f->hdr, STR("Subject"), STR(" a,b"));
	assert_int_equal(
	    presign_header(&on_sendmail, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	assert_false(partly);
	assert_int_equal(f->hdr.v[0].state, HDR_CHANGED);
	assert_int_equal(f->hdr.v[1].state, HDR_CHANGED);
	assert_int_equal(f->hdr.v[2].state, HDR_KEPT);
}

static void
what_sendmail_cuts_is_left_unsigned_but_never_from(void **state)
{
	struct fixture *f = *state;
	struct envelope on_sendmail = on_postfix;
	char text[512];
	bool partly;

	on_sendmail.sendmail = true;
	snprintf(text, sizeof text, " \"%0400d\" <a@example.com>", 1);
	hdr_receive(&f->hdr, STR("To"), str_of(text));
	assert_int_equal(
	    presign_header(&on_sendmail, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_OK);
	assert_true(partly);
	assert_true(f->hdr.v[0].no_sign);
	hdr_receive(&f->hdr, STR("From"), str_of(text));
	assert_int_equal(
	    presign_header(&on_sendmail, LIMIT, DOMAIN, &f->hdr, f->arena, &partly),
	    PRESIGN_FROM_CUT);
}

static void
of_unsigned_mail_sendmail_finds_what_the_mark_covers(void **state)
{
	struct fixture *f = *state;
	struct envelope envelope = on_postfix;

	hdr_receive(&f->hdr, STR("From"), STR(" Acme Inc. <a@example.org>"));
	hdr_receive(&f->hdr, STR("To"), STR(" b@example.com,c@example.com"));
	assert_int_equal(presign_unsigned(&envelope, &f->hdr, f->arena), 0);
	assert_int_equal(f->hdr.n, 2);
	assert_int_equal(f->hdr.v[0].state, HDR_KEPT);
	envelope.sendmail = true;
	envelope.host = STR("");
	assert_int_equal(presign_unsigned(&envelope, &f->hdr, f->arena), 0);
	assert_int_equal(f->hdr.n, 3);
	assert_int_equal(hdr_count(&f->hdr, STR("Date")), 1);
	assert_string_equal(f->hdr.v[0].value.p, " \"Acme Inc.\" <a@example.org>");
	assert_int_equal(f->hdr.v[1].state, HDR_KEPT);
	envelope.host = STR("mx.example.com");
	assert_int_equal(presign_unsigned(&envelope, &f->hdr, f->arena), 0);
	assert_string_equal(
	    hdr_first(&f->hdr, STR("Message-ID"))->value.p, " <1.2.3@mx.example.com>");
}

#define FIXED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_those_of_rfc5322),
		FIXED(a_missing_date_and_message_id_are_added),
		FIXED(those_that_are_there_stay),
		FIXED(folding_is_at_white_space_that_is_there),
		FIXED(a_name_as_long_as_the_limit_cannot_be_folded),
		FIXED(long_lines_are_folded_or_refused_by_the_limit),
		FIXED(the_limit_itself_is_allowed),
		FIXED(a_control_in_a_signed_field_is_a_fault),
		FIXED(sendmail_address_fields_are_brought_into_its_form),
		FIXED(what_sendmail_cuts_is_left_unsigned_but_never_from),
		FIXED(of_unsigned_mail_sendmail_finds_what_the_mark_covers),
	};

	return cmocka_run_group_tests_name("presign", tests, NULL, NULL);
}
