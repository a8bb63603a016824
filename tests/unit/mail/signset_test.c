/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signset_test.c - the table of signed fields is what the design says, and is kept to.
 */
#include "mail/signset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const signed_fields[] = { "From", "To", "Cc", "Subject", "Date",
	"Reply-To", "Sender", "Message-ID", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "In-Reply-To", "References", "List-Id",
	"List-Help", "List-Owner", "List-Subscribe", "List-Post", "List-Archive",
	"List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "CFBL-Address",
	"CFBL-Feedback-ID", "BIMI-Selector", "Auto-Submitted", "Precedence" };
static const char *const oversigned[] = { "From", "To", "Cc", "Subject", "Date",
	"Reply-To", "Message-ID", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post",
	"Feedback-ID" };
static const char *const never[] = { "Received", "Return-Path", "Bcc", "DKIM-Signature",
	"BIMI-Location", "BIMI-Indicator", "X-Campaign", "Authentication-Results", "" };

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static bool
listed(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static void
the_table_is_the_designs(void **state)
{
	size_t n;
	const struct signset_name *row = signset_names(&n);

	(void)state;
	assert_int_equal(n, COUNT(signed_fields));
	for (size_t i = 0; i < n; i++) {
		assert_true(listed(signed_fields, COUNT(signed_fields), row[i].name));
		assert_int_equal(row[i].oversign,
		    listed(oversigned, COUNT(oversigned), row[i].name));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(row[i].name, row[k].name);
	}
	for (size_t i = 0; i < COUNT(never); i++)
		assert_false(signset_has(str_of(never[i])));
}

static void
only_oversigned_names_can_be_skipped(void **state)
{
	size_t n;
	const struct signset_name *row = signset_names(&n);
	unsigned all = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_true(row[i].skip == 0 || row[i].oversign);
		assert_int_equal(all & row[i].skip, 0);
		all |= row[i].skip;
	}
	assert_int_equal(all, SIGNSET_SKIPS - 1);
}

static void
with(void (*check)(struct hdr *))
{
	struct arena *a = arena_new((size_t)1024 * 1024);
	struct hdr h;

	assert_non_null(a);
	hdr_init(&h, a);
	check(&h);
	hdr_fini(&h);
	arena_free(a);
}

static void
check_marks(struct hdr *h)
{
	hdr_receive(h, STR("to"), STR(" a@example.com"));
	hdr_receive(h, STR("Sender"), STR(" b@example.com"));
	hdr_receive(h, STR("Cc"), STR(" c@example.com"));
	assert_true(signset_covers(&h->v[0]));
	assert_int_equal(signset_skips(h), 0);
	h->v[0].no_sign = h->v[1].no_sign = true;
	assert_false(signset_covers(&h->v[0]));
	assert_true(signset_covers(&h->v[2]));
	assert_int_equal(signset_skips(h), SIGNSET_SKIP_TO);
	hdr_remove(&h->v[0]);
	assert_int_equal(signset_skips(h), 0);
	assert_false(signset_covers(&h->v[0]));
}

static void
marked_fields_are_neither_signed_nor_oversigned(void **state)
{
	(void)state;
	with(check_marks);
}

static void
check_faults(struct hdr *h)
{
	hdr_receive(h, STR("X-Other"), STR(" \v not signed, not looked at"));
	assert_int_equal(signset_check(h), SIGNSET_OK);
	hdr_receive(h, STR("Subject"), STR(" vertical\vtab"));
	assert_int_equal(signset_check(h), SIGNSET_CONTROL);
	hdr_remove(&h->v[1]);
	for (size_t i = 0; i < SIGNSET_NAME_BYTES_MAX / sizeof "References"; i++)
		hdr_receive(h, STR("References"), STR(" <x@example.com>"));
	assert_int_equal(signset_check(h), SIGNSET_OK);
	hdr_receive(h, STR("References"), STR(" <x@example.com>"));
	assert_int_equal(signset_check(h), SIGNSET_TOO_MANY);
}

static void
what_libopendkim_would_sign_wrongly_is_found(void **state)
{
	(void)state;
	with(check_faults);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_the_designs),
		cmocka_unit_test(only_oversigned_names_can_be_skipped),
		cmocka_unit_test(marked_fields_are_neither_signed_nor_oversigned),
		cmocka_unit_test(what_libopendkim_would_sign_wrongly_is_found),
	};

	return cmocka_run_group_tests_name("signset", tests, NULL, NULL);
}
