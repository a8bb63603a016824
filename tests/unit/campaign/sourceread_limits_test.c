/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourceread_limits_test.c - what a service would refuse or cut, and headers of any
 * length and number.
 */
#include "campaign/sourceread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sourcelab.h"

#define FIFTY "12345678901234567890123456789012345678901234567890"

static void
what_the_service_would_refuse_is_told_and_counted_all_the_same(void **state)
{
	static const struct {
		const char *header, *source, *fault;
	} t[] = {
		{ "X-SMTPAPI: {\"category\": \"a\"\nX-Tag: t\n", "x-tag", "no-json" },
		{ "X-SMTPAPI: category=a\n", "", "no-json" },
		{ "X-SMTPAPI:\n", "", "no-json" },
		{ "X-SMTPAPI: \"a\"\n", "", "no-json" },
		{ "X-SMTPAPI: {\"category\":\"a\"} x\n", "", "no-json" },
		{ "X-SMTPAPI: {\"category\":\"\xe9\"}\n", "", "no-json" },
		{ "X-SMTPAPI: {\"category\":\"a\",\"filters\":{\"f\":{\"s\":{}}}}\n",
		    "sendgrid", "" },
		{ "X-SMTPAPI: {\"a\":{\"b\":{\"c\":{\"d\":{}}}}}\n", "", "too-deep" },
		{ "X-SMTPAPI: [[[[[[1]]]]]]\n", "", "too-deep" },
		{ "X-SMTPAPI: {\"category\":\"{{{{[[[[\\\"::\"}\n", "", "" },
		{ "X-SMTPAPI: {\"category\":\"caf\\u00e9\"}\n", "sendgrid",
		    "name-characters" },
		{ "X-SES-Message-Tags: campaign=a b\n", "ses", "name-characters" },
		{ "X-SES-Message-Tags: campaign=a.b\n", "ses", "name-characters" },
		{ "X-SES-Message-Tags: campaign=a, other=b c\n", "ses",
		    "tag-characters" },
		{ "X-SES-Message-Tags: campaign=a, oth.er=b\n", "ses",
		    "tag-characters" },
		{ "X-SES-Message-Tags: campaign=a, =b c, d\xc3\xa9\n", "ses",
		    "tag-characters" },
		{ "X-SMTPAPI: {\"category\":[\"a\",\"caf\\u00e9\"]}\n", "sendgrid",
		    "tag-characters" },
		{ "X-SMTPAPI: {\"unique_args\":{\"x\":\"caf\\u00e9\"}}\n", "", "" },
		{ "X-MC-Tags: _mine\n", "mandrill", "name-characters" },
		{ "X-MC-Tags: a, _b\n", "mandrill", "tag-characters" },
		{ "X-MC-Tags: a\nX-MC-Tags: " FIFTY "x\n", "mandrill", "tag-too-long" },
		{ "X-MC-Metadata: {\"_rcpt\":\"a@b\",\"k\":\"v\"}\n", "", "" },
		{ "X-MC-Metadata: {\"_k\":\"v\"}\n", "", "tag-characters" },
		{ "X-MC-Metadata: {\"k-k\":\"v\"}\n", "", "tag-characters" },
		{ "X-PM-Metadata-campaign: c\n", "postmark", "" },
		{ "X-PM-Metadata-12345678901234567890: c\n", "", "" },
		{ "X-PM-Metadata-123456789012345678901: c\n", "", "tag-too-long" },
		{ "X-PM-Metadata-k: " FIFTY "123456789012345678901234567890\n", "",
		    "" },
		{ "X-PM-Metadata-k: " FIFTY "1234567890123456789012345678901\n", "",
		    "tag-too-long" },
		{ "X-Mailin-Tag: caf\xc3\xa9\n", "brevo", "name-characters" },
		{ "X-Mailin-Tag: a\nX-Mailin-custom: {\"k\":\"\\u00e9\"}\n", "brevo",
		    "tag-characters" },
		{ "X-GreenArrow-InstanceID: 9a_b +~\n", "greenarrow", "" },
		{ "X-GreenArrow-ListID: a_1+\n", "", "" },
		{ "X-GreenArrow-ListID: a-1\n", "", "tag-characters" },
		{ "X-GreenArrow-ListID: 123456789012345678901\n", "", "tag-too-long" },
		{ "X-GreenArrow-MailClass: bulk_a\n", "", "" },
		{ "X-GreenArrow-MailClass: bulk2\n", "", "tag-characters" },
		{ "X-xsMailingId: 12345678901234567890\nX-xsMessageId: 1234567890\n",
		    "socketlabs", "" },
		{ "X-xsMailingId: 12345678901234567890\nX-xsMessageId: 12345678901\n",
		    "socketlabs", "tags-too-long" },
		{ "X-xsMailingId: a\nX-xsMessageId: a_b\n", "socketlabs",
		    "tag-characters" },
		{ "X-xsMailingId: a_b\n", "socketlabs", "name-characters" },
		{ "X-Mailjet-Campaign: a/b\n", "mailjet", "name-characters" },
		{ "X-GreenArrow-InstanceID: =?utf-8?Q?=C3=A9?=\n", "greenarrow",
		    "name-characters" },
		{ "X-xsMailingId: 0123456789012345678901234567890\n", "socketlabs",
		    "tags-too-long" },
		/* A source that did not win is looked at as well. */
		{ "X-Mailgun-Variables: plain\n", "", "no-json" },
		{ "X-Mailin-custom: {plain}\n", "", "no-json" },
		{ "X-Metadata: {\"campaign\":123456789012345678901234567890}\n",
		    "x-metadata", "" },
		{ "X-Campaign: c\nX-SMTPAPI: {\n", "x-campaign", "no-json" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char expected[512], seen[512];

		give(f, str_of(t[i].header));
		snprintf(expected, sizeof(expected), "%s => %s, %s", t[i].header,
		    t[i].source, t[i].fault);
		snprintf(seen, sizeof(seen), "%s => %s, %s", t[i].header,
		    f->found.source == NULL ? "" : f->found.source->id,
		    source_fault_word(f->found.fault));
		assert_string_equal(seen, expected);
	}
	assert_string_equal(f->found.fault_field, "X-SMTPAPI");
	assert_string_equal(left_of(f), "");
	assert_string_equal(f->name.name, "c");
}

/* A document with so many of a piece in it, commas between; "#" is another letter in
 * each. */
static void
give_pieces(struct fixture *f, const char *before, const char *piece, size_t n,
    const char *after)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	buf_adds(&b, before);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i > 0 ? "," : "");
		for (const char *p = piece; *p != '\0'; p++)
			buf_addc(&b, *p == '#' ? (char)('a' + i) : *p);
	}
	buf_addf(&b, "%s\n", after);
	give(f, buf_str(&b));
	buf_fini(&b);
}

static void
more_tags_than_the_service_takes_are_told(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 10; n <= 11; n++) {
		enum source_fault expected = n == 10 ? SOURCE_FINE : SOURCE_TAGS_MANY;

		give_pieces(f, "X-SMTPAPI: {\"category\":[", "\"c\"", n, "]}");
		assert_int_equal(f->found.fault, expected);
		give_pieces(f, "X-MSYS-API: {\"tags\":[", "\"c\"", n, "]}");
		assert_int_equal(f->found.fault, expected);
		clear(f);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(
			    hdr_receive(&f->hdr, STR("X-PM-Metadata-k"), STR(" v")), 0);
		read_it(f);
		assert_int_equal(f->found.fault, expected);
	}
	/* Of each document, not of the message: Mandrill has one for each recipient. */
	give(f,
	    STR("X-MC-Metadata: {\"k\":\"" FIFTY FIFTY "\"}\n"
		"X-MC-Metadata: {\"k\":\"" FIFTY FIFTY "\"}\n"));
	assert_int_equal(f->found.fault, SOURCE_FINE);
	/* Nor of one service with another's. */
	give(f,
	    STR("X-xsMailingId: 1234567890123456789012345\n"
		"X-PM-Metadata-k: 123456\n"));
	assert_int_equal(f->found.fault, SOURCE_FINE);
}

static void
metadata_counts_as_it_stands_in_json(void **state)
{
	/* Of 200 bytes and of 201, which numbers without quotes are, too. */
	static const struct {
		const char *header;
		bool fine;
	} t[] = {
		{ "X-MC-Metadata: {\"k\":\"" FIFTY FIFTY FIFTY
		  "1234567890123456789012345678901234567890xy\"}\n",
		    true },
		{ "X-MC-Metadata: {\"k\":\"" FIFTY FIFTY FIFTY
		  "1234567890123456789012345678901234567890xyz\"}\n",
		    false },
		{ "X-MC-Metadata: {\"k\":\"" FIFTY FIFTY FIFTY
		  "123456789012345678901234x\",\"a\":123,\"b\":true}\n",
		    true },
		{ "X-MC-Metadata: {\"k\":\"" FIFTY FIFTY FIFTY
		  "1234567890123456789012345x\",\"a\":123,\"b\":true}\n",
		    false },
	};
	struct fixture *f = *state;
	char piece[1100];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		give(f, str_of(t[i].header));
		assert_int_equal(
		    f->found.fault, t[i].fine ? SOURCE_FINE : SOURCE_TAGS_LONG);
	}
	snprintf(piece, sizeof(piece), "\"#\":\"%0990dx\"", 0);
	give_pieces(f, "X-SMTPAPI: {\"unique_args\":{", piece, 10, "}}");
	assert_int_equal(f->found.fault, SOURCE_FINE);
	give_pieces(f, "X-SMTPAPI: {\"unique_args\":{", piece, 11, "}}");
	assert_int_equal(f->found.fault, SOURCE_TAGS_LONG);
}

static void
what_the_service_cuts_is_cut(void **state)
{
	static const struct row t[] = {
		{ "X-Mailgun-Tag: caf\xc3\xa9\n", "mailgun", "caf", "caf", "" },
		{ "X-Mailgun-Tag: =?iso-8859-1?Q?caf=E9_cr=E8me?=\n", "mailgun",
		    "caf-crme", "caf crme", "" },
		{ "X-Mailgun-Tag: \xd0\xbb\xd0\xb5\xd1\x82\xd0\xbe\n"
		  "X-Mailgun-Tag: b\n",
		    "mailgun", "b", "b", "" },
		{ "X-Mailgun-Tag: a \xc3\xa9\n", "mailgun", "a", "a", "" },
	};
	struct fixture *f = *state;
	char piece[600];

	CHECK(state, t);
	/* Of metadata SparkPost tells what its first 1,000 bytes hold. */
	snprintf(piece, sizeof(piece), "\"#\":\"%0490dx\"", 0);
	give_pieces(f, "X-MSYS-API: {\"metadata\":{", piece, 3,
	    ",\"campaign\":\"c\"},\"tags\":[\"t\"]}");
	assert_int_equal(f->found.fault, SOURCE_FINE);
	assert_null(f->found.source);
	assert_int_equal(f->found.n_tags, 3);
	assert_true(str_eq(f->found.tags[2], STR("t")));
}

static void
a_name_that_is_too_long_keeps_its_campaign(void **state)
{
	struct fixture *f = *state;
	struct camp_name expected;
	char text[200], name[66];

	memset(name, 'n', 65);
	name[65] = '\0';
	snprintf(text, sizeof(text), "X-MSYS-API: {\"campaign_id\":\"%s\"}\n", name);
	give(f, str_of(text));
	camp_canonical(str_of(name), &expected);
	assert_string_equal(f->name.name, expected.name);
	assert_int_equal(f->found.fault, SOURCE_NAME_LONG);
	name[64] = '\0';
	snprintf(text, sizeof(text), "X-MSYS-API: {\"campaign_id\":\"%s\"}\n", name);
	give(f, str_of(text));
	assert_string_equal(f->name.name, name);
	assert_int_equal(f->found.fault, SOURCE_FINE);
}

/* A field of so many bytes, between two pieces. */
static void
give_long(struct fixture *f, const char *name, const char *before, size_t n, char c,
    const char *after)
{
	size_t size = strlen(before) + n + strlen(after);
	char *value = malloc(size + 1);

	assert_non_null(value);
	snprintf(value, size + 1, "%s", before);
	memset(value + strlen(before), c, n);
	snprintf(value + strlen(before) + n, strlen(after) + 1, "%s", after);
	clear(f);
	assert_int_equal(hdr_receive(&f->hdr, str_of(name), str_make(value, size)), 0);
	free(value);
	read_it(f);
}

static void
sixty_kilobytes_cost_nothing_but_a_name(void **state)
{
	struct fixture *f = *state;

	give_long(f, "X-Tag", " ", 61440, 'a', "");
	assert_int_equal(f->name.len, CAMP_NAME_MAX);
	assert_int_equal(f->found.tags[0].len, SOURCE_TAG_BYTES);
	give_long(f, "X-SMTPAPI", " {\"category\":\"", 61440, 'a', "\"}");
	assert_int_equal(f->found.fault, SOURCE_TOO_LONG);
	assert_null(f->found.source);
	give_long(f, "X-SMTPAPI", " {\"category\":\"", 16384 - 15, 'a', "\"}");
	assert_int_equal(f->found.fault, SOURCE_NAME_LONG);
	assert_string_equal(f->found.source->id, "sendgrid");
	give_long(f, "X-SMTPAPI", " ", 16000, '[', "");
	assert_int_equal(f->found.fault, SOURCE_TOO_DEEP);
	give_long(f, "X-SMTPAPI", " {\"category\":\"", 16000, '\\', "\"}");
	assert_int_equal(f->found.fault, SOURCE_NAME_LONG);
	give_long(f, "X-Mailgun-Tag", "", 61440, ',', "");
	assert_null(f->found.source);
	give_long(f, "X-SES-Message-Tags", "campaign=", 61440, '=', ",");
	assert_null(f->found.source);
	give_long(f, "X-MC-Tags", "", 61440, ',', "x");
	assert_string_equal(f->name.name, "x");
	give_long(f, "List-Id", "", 61440, '<', "a.b>");
	assert_string_equal(f->name.name, "a");
	give_long(f, "Feedback-ID", "", 61440, ':', "a:b:c:d");
	assert_string_equal(f->name.name, "a");
}

static void
sixty_four_keys_are_read_and_one_more_is_too_many(void **state)
{
	struct fixture *f = *state;

	for (int n = 64; n <= 65; n++) {
		char text[2048];
		size_t used = (size_t)snprintf(
		    text, sizeof(text), "X-Metadata: {\"campaign\":\"c:c:c\"");

		for (int i = 1; i < n; i++)
			used += (size_t)snprintf(
			    text + used, sizeof(text) - used, ",\"k%d\":\"v\"", i);
		snprintf(text + used, sizeof(text) - used, "}\n");
		give(f, str_of(text));
		assert_int_equal(
		    f->found.fault, n == 64 ? SOURCE_FINE : SOURCE_TOO_MANY);
		assert_int_equal(f->found.n_tags, n == 64 ? 64 : 0);
		assert_int_equal(f->found.source != NULL, n == 64);
	}
}

static void
a_thousand_headers_are_read_within_bounds(void **state)
{
	struct fixture *f = *state;
	char value[40];

	clear(f);
	for (int i = 0; i < HDR_FIELDS_MAX; i++) {
		snprintf(value, sizeof(value), " tag %d", i);
		assert_int_equal(
		    hdr_receive(&f->hdr, STR("X-Postal-Tag"), str_of(value)), 0);
	}
	read_it(f);
	assert_string_equal(f->name.name, "tag-999");
	assert_string_equal(left_of(f), "");
	clear(f);
	for (int i = 0; i < HDR_FIELDS_MAX; i++)
		assert_int_equal(hdr_receive(&f->hdr, STR("X-Mailgun-Variables"),
				     STR(" {\"k\":\"v\"}")),
		    0);
	read_it(f);
	assert_int_equal(f->found.fault, SOURCE_TOO_MANY);
	assert_int_equal(f->found.n_tags, SOURCE_DOCUMENTS_MAX);
	clear(f);
	for (int i = 0; i < HDR_FIELDS_MAX; i++) {
		snprintf(value, sizeof(value), "X-Metadata-k%d", i);
		assert_int_equal(hdr_receive(&f->hdr, str_of(value), STR(" v")), 0);
	}
	read_it(f);
	assert_int_equal(f->found.n_tags, SOURCE_TAGS_MAX);
	assert_int_equal(f->found.fault, SOURCE_FINE);
	assert_string_equal(left_of(f), "");
}

static void
without_memory_for_tags_there_is_still_a_campaign(void **state)
{
	struct fixture *f = *state;
	struct arena *small = arena_new(8), *whole = f->arena;

	assert_non_null(small);
	give(f, STR("X-PM-Tag: p\nX-Tenant: t\n"));
	f->arena = small;
	source_read(&f->conf.campaign.index, &f->hits, &f->hdr,
	    f->conf.campaign.customer.v, f->conf.campaign.customer.n, small, &f->name,
	    &f->found);
	f->arena = whole;
	arena_free(small);
	assert_string_equal(f->name.name, "p");
	assert_int_equal(f->found.n_tags, 0);
	assert_int_equal(f->found.customer.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_the_service_would_refuse_is_told_and_counted_all_the_same),
		T(more_tags_than_the_service_takes_are_told),
		T(metadata_counts_as_it_stands_in_json),
		T(what_the_service_cuts_is_cut),
		T(a_name_that_is_too_long_keeps_its_campaign),
		T(sixty_kilobytes_cost_nothing_but_a_name),
		T(sixty_four_keys_are_read_and_one_more_is_too_many),
		T(a_thousand_headers_are_read_within_bounds),
		T(without_memory_for_tags_there_is_still_a_campaign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
