/* SPDX-License-Identifier: BSD-2-Clause */
#include "campaign/sourceread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/conf.h"

struct fixture {
	struct conf conf;
	struct arena *arena;
	struct hdr hdr;
	struct source_hits hits;
	struct camp_name name;
	struct source_found found;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char err[256];

	if (f == NULL || conf_init(&f->conf) != 0 ||
	    conf_finish(&f->conf, err, sizeof(err)) != 0)
		return -1;
	f->arena = arena_new((size_t)16 * 1024 * 1024);
	hdr_init(&f->hdr, f->arena);
	*state = f;
	return f->arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	hdr_fini(&f->hdr);
	arena_free(f->arena);
	conf_fini(&f->conf);
	free(f);
	return 0;
}

static void
clear(struct fixture *f)
{
	hdr_reset(&f->hdr);
	arena_reset(f->arena);
}

static void
read_it(struct fixture *f)
{
	camp_canonical(STR("nothing spoke"), &f->name);
	source_scan(&f->conf.campaign.index, &f->hdr, &f->hits);
	source_read(&f->conf.campaign.index, &f->hits, &f->hdr,
	    f->conf.campaign.customer.v, f->conf.campaign.customer.n, f->arena,
	    &f->name, &f->found);
	source_strip(&f->conf.campaign.index, &f->hits, &f->hdr);
}

/* Fields with LF after each and before folds. */
static void
give(struct fixture *f, struct str text)
{
	clear(f);
	while (text.len > 0) {
		size_t n = str_find(text, '\n'), colon;

		while (
		    n + 1 < text.len && (text.p[n + 1] == ' ' || text.p[n + 1] == '\t'))
			n += 1 + str_find(str_skip(text, n + 1), '\n');
		colon = str_find(text, ':');
		assert_int_equal(hdr_receive(&f->hdr, str_make(text.p, colon),
				     str_make(text.p + colon + 1, n - colon - 1)),
		    0);
		text = str_skip(text, n + 1);
	}
	read_it(f);
}

static const char *
tags_of(const struct fixture *f)
{
	static char text[8192];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->found.n_tags; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
		    i > 0 ? "|" : "", (int)f->found.tags[i].len, f->found.tags[i].p);
	return text;
}

/* Names of the fields that are left. */
static const char *
left_of(const struct fixture *f)
{
	static char text[8192];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->hdr.n; i++)
		if (f->hdr.v[i].state != HDR_REMOVED)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
			    n > 0 ? "|" : "", (int)f->hdr.v[i].name.len,
			    f->hdr.v[i].name.p);
	return text;
}

struct row {
	const char *header, *source, *campaign, *tags, *left;
};

static void
check(struct fixture *f, const struct row *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *source = "";
		char expected[4096], seen[4096];

		give(f, str_of(t[i].header));
		if (f->found.source != NULL)
			source = f->found.source->id;
		snprintf(expected, sizeof(expected),
		    "%s\n=> source %s, campaign %s, tags %s, left %s, fault ",
		    t[i].header, t[i].source, t[i].campaign, t[i].tags, t[i].left);
		snprintf(seen, sizeof(seen),
		    "%s\n=> source %s, campaign %s, tags %s, left %s, fault %s",
		    t[i].header, source, f->found.source != NULL ? f->name.name : "",
		    tags_of(f), left_of(f), source_fault_word(f->found.fault));
		assert_string_equal(seen, expected);
	}
}
#define CHECK(state, rows) check(*(state), rows, sizeof(rows) / sizeof((rows)[0]))

static void
the_headers_of_each_service_are_read_as_it_reads_them(void **state)
{
	static const struct row t[] = {
		{ "X-Metermark-Campaign: Autumn Sale\nX-Metermark-Tag: vip, region=eu\n"
		  "X-Metermark-Customer: Acme Ltd.\n",
		    "metermark", "autumn-sale", "vip|region=eu|tenant=Acme Ltd.", "" },
		{ "X-Campaign: spring\nX-Tenant: acme\nX-Schedule: {\"dow\":\"Mon\"}\n",
		    "x-campaign", "spring", "tenant=acme", "" },
		{ "x-fbl: hA7cX.9kLm-2.zz_Qp\n", "mailtrain", "ha7cx", "", "x-fbl" },
		{ "X-SES-CONFIGURATION-SET: prod\n"
		  "X-SES-MESSAGE-TAGS: type=newsletter, campaign=book, tier=gold\n",
		    "ses", "book",
		    "configuration-set=prod|type=newsletter|campaign=book|tier=gold",
		    "" },
		{ "X-SMTPAPI: {\"category\":[\"welcome\",\"trial\"],"
		  "\"unique_args\":{\"account\":42,\"new\":true}}\n",
		    "sendgrid", "welcome", "welcome|trial|account=42|new=true", "" },
		{ "X-SMTPAPI: {\"category\": \"Digest\"}\n", "sendgrid", "digest",
		    "Digest", "" },
		{ "X-SMTPAPI: {\"unique_args\": {\"campaign_id\": \"c9\"}}\n",
		    "sendgrid", "c9", "campaign_id=c9", "" },
		{ "X-Mailgun-Tag: August letter\nX-Mailgun-Tag: letters\n"
		  "X-Mailgun-Track: no\nX-Mailgun-Variables: {\"order\": \"7\"}\n",
		    "mailgun", "august-letter", "August letter|letters|order=7",
		    "X-Mailgun-Variables" },
		{ "X-Mailgun-Variables: {\"a\": \"1\"}\n"
		  "X-Mailgun-Variables: {\"campaign\": \"v\"}\n",
		    "mailgun", "v", "a=1|campaign=v",
		    "X-Mailgun-Variables|X-Mailgun-Variables" },
		{ "X-PM-Tag: welcome-email\nX-PM-Message-Stream: broadcast\n"
		  "X-PM-Metadata-color: blue\nX-PM-TrackOpens: true\nX-PM-KeepID: "
		  "true\n",
		    "postmark", "welcome-email",
		    "welcome-email|message-stream=broadcast|color=blue", "" },
		{ "X-PM-Metadata-Campaign-Id: 2026-11\n", "postmark", "2026-11",
		    "Campaign-Id=2026-11", "" },
		{ "X-MC-Tags: reset, account\nX-MC-Metadata: {\"user\": \"u1\"}\n"
		  "X-MC-Subaccount: cust-9\nX-MC-Track: opens\nX-MC-User: abc\n",
		    "mandrill", "reset", "reset|account|user=u1|subaccount=cust-9",
		    "X-MC-User" },
		{ "X-MSYS-API: {\"campaign_id\": \"launch\", \"tags\": [\"cat\", "
		  "\"dog\"],\n"
		  "  \"metadata\": {\"key\": \"value\"},\n"
		  "\t\"options\": {\"open_tracking\": false, \"transactional\": "
		  "true}}\n",
		    "sparkpost", "launch", "cat|dog|key=value|transactional=true", "" },
		{ "X-Mailjet-Campaign: My Letter_1\nX-Mailjet-DeduplicateCampaign: y\n"
		  "X-MJ-CustomID: 17\nX-MJ-EventPayload: {x\n",
		    "mailjet", "my-letter_1", "custom-id=17", "" },
		{ "X-ElasticEmail-Channel: web\npostback-order: 5\nX-PostBack: p\n",
		    "elasticemail", "web", "order=5|postback=p", "" },
		{ "Channel: news\n", "elasticemail", "news", "", "" },
		{ "X-Job: j-2026\nX-VirtualMTA: pool1\nX-Envid: e\n", "powermta",
		    "j-2026", "virtual-mta=pool1", "" },
		{ "X-GreenArrow-InstanceID: 9a\nX-GreenArrow-SendID: s\n"
		  "X-GreenArrow-ListID: l1\nX-GreenArrow-MailClass: bulk_a\n"
		  "X-GreenArrow-MtaID: 3\n",
		    "greenarrow", "9a", "list-id=l1|mail-class=bulk_a", "" },
		{ "X-GreenArrow-SendID: s7\n", "greenarrow", "s7", "", "" },
		{ "X-Mailin-Tag: myTag\nX-Mailin-custom: {\"flow\":\"a\"}\nsender.ip: "
		  "1.2.3.4\n",
		    "brevo", "mytag", "myTag|flow=a", "X-Mailin-custom" },
		{ "X-Mailin-custom: plain words\n", "", "", "", "X-Mailin-custom" },
		{ "X-Postal-Tag: one\nX-Postal-Tag: two\n", "postal", "two", "two",
		    "" },
		{ "X-xsMailingId: M-42\nX-xsMessageId: 99\n", "socketlabs", "m-42", "",
		    "" },
		{ "x-mq-tag: t1\nx-mq-tag: t2\nx-mq-maxdelivertime: 5\n", "mailerq",
		    "t1", "t1|t2", "" },
		{ "x-smtpeter-tags: a, b\nx-smtpeter-trackclicks: true\n", "smtpeter",
		    "a", "a|b", "" },
		{ "X-SM-Campaign: First letter\nX-SM-Tag: reg\n", "sendmachine",
		    "first-letter", "reg", "" },
		{ "X-Tags: [\"tag1\", \"tag2\"]\n", "smartsender", "tag1", "tag1|tag2",
		    "" },
		{ "X-Tags: [\\\"tag1\\\", \\\"tag2\\\"]\n", "smartsender", "tag1",
		    "tag1|tag2", "" },
		{ "X-Clab-SmartRelay-DeliveryId: 9\n"
		  "X-Clab-SmartRelay-DeliveryLabel: Summer\n",
		    "contactlab", "summer", "", "" },
		{ "X-Sending-Zone: bulk\n", "", "", "sending-zone=bulk", "" },
		{ "X-Cuttlefish-Metadata-campaign: c\nX-Cuttlefish-Ignore-Deny-List: "
		  "true\n",
		    "cuttlefish", "c", "campaign=c", "" },
		{ "X-Listmonk-Campaign: 5f2c0a\nX-Listmonk-Subscriber: 77\n",
		    "listmonk", "5f2c0a", "",
		    "X-Listmonk-Campaign|X-Listmonk-Subscriber" },
		{ "X-EMAIL-ID: 12\n", "mautic", "12", "", "X-EMAIL-ID" },
		{ "X-campaignid: mailchimp1.2\n", "x-campaign-id", "mailchimp1.2", "",
		    "X-campaignid" },
		{ "X-Tag: password-reset\nX-Tag: auth\nX-Metadata-Client-ID: 12345\n",
		    "x-tag", "password-reset", "password-reset|auth|Client-ID=12345",
		    "" },
		{ "X-Metadata-campaign: m1\n", "x-metadata", "m1", "campaign=m1", "" },
		{ "X-Metadata: {\"campaign_name\":\"m2\",\"n\":1.5}\n", "x-metadata",
		    "m2", "campaign_name=m2|n=1.5", "" },
		{ "Feedback-ID: camp:cust:mail:sender\n", "feedback-id", "camp", "",
		    "Feedback-ID" },
		{ "List-Id: \"Our list, weekly\" <Weekly.example.com>\n", "list-id",
		    "weekly", "", "List-Id" },
	};

	CHECK(state, t);
}

static void
the_source_that_stands_first_wins_and_all_commands_go(void **state)
{
	static const struct row t[] = {
		{ "List-Id: <l.example>\nX-SMTPAPI: {\"category\":\"s\"}\nX-Campaign: "
		  "x\n"
		  "X-PM-Tag: p\n",
		    "x-campaign", "x", "s|p", "List-Id" },
		{ "X-PM-Tag: p\nX-SES-Message-Tags: campaign=a\n", "ses", "a",
		    "campaign=a|p", "" },
		/* What has no name in it does not speak. */
		{ "X-Campaign: ***\nX-PM-Tag: p\n", "postmark", "p", "p", "" },
		{ "X-Campaign:\nX-SES-Message-Tags: tier=gold\nX-Job: j\n", "powermta",
		    "j", "tier=gold", "" },
		{ "X-SMTPAPI: {}\nX-Tag: t\n", "x-tag", "t", "t", "" },
		{ "X-SMTPAPI: {\"category\": [], \"unique_args\": {\"campaign\": "
		  "\"u\"}}\n",
		    "sendgrid", "u", "campaign=u", "" },
		{ "X-SMTPAPI: {\"category\": \"\", \"unique_args\": {\"campaign\": "
		  "\"u\"}}\n",
		    "sendgrid", "u", "campaign=u", "" },
		/* The best key, wherever it stands. */
		{ "X-SES-Message-Tags: campaign_id=5, campaign=b, campaign=c\n", "ses",
		    "b", "campaign_id=5|campaign=b|campaign=c", "" },
		/* Mailtrain writes the headers of three services as well. */
		{ "x-fbl: c1.l1.s1\nx-msys-api: {\"campaign_id\":\"c1.l1.s1\"}\n"
		  "x-smtpapi: {\"unique_args\":{\"campaign_id\":\"c1.l1.s1\"}}\n"
		  "x-mailgun-variables: {\"campaign_id\":\"c1.l1.s1\"}\n"
		  "List-ID: x <l1.example.com>\n",
		    "mailtrain", "c1", "campaign_id=c1.l1.s1|campaign_id=c1.l1.s1",
		    "x-fbl|x-mailgun-variables|List-ID" },
	};

	CHECK(state, t);
}

static void
of_a_repeated_header_the_service_s_own_instance_counts(void **state)
{
	static const struct row t[] = {
		{ "X-Campaign: a\nX-Campaign: b\n", "x-campaign", "a", "", "" },
		/* A blank one is no instance, and neither is one with no name in it. */
		{ "X-Campaign:\nX-Campaign: b\n", "x-campaign", "b", "", "" },
		{ "X-Mailgun-Tag: \nX-Mailgun-Tag: second\n", "mailgun", "second",
		    "second", "" },
		{ "X-Mailgun-Tag: =?utf-8?Q?_?=\nX-Mailgun-Tag: b\n", "mailgun", "b",
		    "b", "" },
		{ "X-Mailgun-Tag: ***\nX-Mailgun-Tag: b\n", "mailgun", "b", "***|b",
		    "" },
		{ "X-MC-Tags: , a\n", "mandrill", "a", "a", "" },
		{ "X-SMTPAPI: {\"category\":[\"\",\"b\"]}\n", "sendgrid", "b", "b",
		    "" },
		{ "X-SMTPAPI: {\"category\":\"*\",\"unique_args\":{\"campaign\":\"u\"}}"
		  "\n",
		    "sendgrid", "u", "*|campaign=u", "" },
		{ "X-SMTPAPI:  \nX-SMTPAPI: {\"category\":\"b\"}\nX-SMTPAPI: {}\n",
		    "sendgrid", "b", "b", "" },
		{ "X-PM-Tag:\n \nX-PM-Tag: b\nX-PM-Tag: c\n", "postmark", "b", "b",
		    "" },
		{ "X-PM-Tag: a\nX-PM-Tag:\nX-PM-Tag: c\n", "postmark", "a", "a", "" },
		{ "X-Postal-Tag: a\nX-Postal-Tag: b\nX-Postal-Tag: \n", "postal", "b",
		    "b", "" },
		{ "X-Postal-Tag: \nX-Postal-Tag:\n", "", "", "", "" },
		{ "X-SMTPAPI: {\"category\":\"a\"}\nX-SMTPAPI: {\"category\":\"b\"}\n",
		    "sendgrid", "a", "a", "" },
		/* What is passed over is not even looked at. */
		{ "X-SMTPAPI: {\"category\":\"a\"}\nX-SMTPAPI: {broken\n", "sendgrid",
		    "a", "a", "" },
		{ "X-PM-Tag: a\nX-PM-Tag: b\n", "postmark", "a", "a", "" },
		{ "X-Postal-Tag: a\nX-Postal-Tag: b\nX-Postal-Tag: c\n", "postal", "c",
		    "c", "" },
		{ "X-SES-Message-Tags: a=1\nX-SES-Message-Tags: campaign=m\n", "ses",
		    "m", "a=1|campaign=m", "" },
		{ "X-MC-Tags: a,b\nX-MC-Tags: c\n", "mandrill", "a", "a|b|c", "" },
	};

	CHECK(state, t);
}

static void
values_are_unfolded_and_decoded(void **state)
{
	static const struct row t[] = {
		{ "X-Campaign: =?UTF-8?Q?autumn_sale?=\n", "x-campaign", "autumn-sale",
		    "", "" },
		{ "X-Campaign: a\n b\n\t c\n", "x-campaign", "a-b-c", "", "" },
		{ "X-MC-Tags: =?UTF-8?Q?reset,_account?=\n", "mandrill", "reset",
		    "reset|account", "" },
		{ "X-MSYS-API: {\"campaign_id\":\"\\u0061utumn\"}\n", "sparkpost",
		    "autumn", "", "" },
		{ "X-MSYS-API: {\"campaign_id\":\"=?utf-8?B?YXV0dW1u?=\"}\n",
		    "sparkpost", "autumn", "", "" },
		{ "X-MSYS-API: =?utf-8?Q?{\"campaign=5Fid\":?=\n =?utf-8?Q?\"x\"}?=\n",
		    "sparkpost", "x", "", "" },
		{ "X-MSYS-API: {\"campaign_id\":\"=?iso-8859-1?Q?r=E9sum?=\"}\n",
		    "sparkpost", "r-sum-50da98c0a09ac71f", "", "" },
		{ "X-MSYS-API: {\"campaign_id\":\"=?x-none?Q?r=E9sum?=\"}\n",
		    "sparkpost", "r-sum-3c6d81253855bbea", "", "" },
		/* A fold within a string is one blank. */
		{ "X-SMTPAPI: {\"category\":\"autumn\n\t sale\"}\n", "sendgrid",
		    "autumn-sale", "autumn sale", "" },
		{ "X-SMTPAPI: \n {\"category\":\n   [ \"a\" ] }\n", "sendgrid", "a",
		    "a", "" },
	};

	CHECK(state, t);
}

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

static void
names_in_other_alphabets_stay_apart(void **state)
{
	struct fixture *f = *state;
	struct camp_name expected;
	/* The second has a Cyrillic letter that looks the same. */
	static const char *const twins[] = { "sale", "s\xd0\xb0le" };
	char text[80];

	for (size_t i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "X-Tag: %s\n", twins[i]);
		give(f, str_of(text));
		camp_canonical(str_of(twins[i]), &expected);
		assert_string_equal(f->name.name, expected.name);
	}
	assert_string_not_equal(f->name.name, "sale");
	give(f, STR("X-SMTPAPI: {\"category\":\"s\\u0430le\"}\n"));
	assert_string_equal(f->name.name, expected.name);
	assert_int_equal(f->found.fault, SOURCE_NAME_CHARS);
}

/* One name is one campaign, in whichever charset it comes; two that cannot be read are
 * two. */
static void
charsets_of_encoded_words_do_not_split_or_join_names(void **state)
{
	static const char *const same[] = { "X-Tag: caf\xc3\xa9\n",
		"X-Tag: =?utf-8?Q?caf=C3=A9?=\n", "X-Tag: =?iso-8859-1?Q?caf=E9?=\n",
		"X-Tag: =?ISO-8859-15*fr?Q?caf=E9?=\n",
		"X-Tag: =?windows-1252?B?Y2Fm6Q==?=\n",
		"X-Tag: =?utf-8?Q?caf?= =?iso-8859-1?Q?=E9?=\n" };
	struct fixture *f = *state;
	struct camp_name expected, other;

	camp_canonical(STR("caf\xc3\xa9"), &expected);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		give(f, str_of(same[i]));
		assert_string_equal(f->name.name, expected.name);
		assert_string_equal(f->name.sent, "caf\xc3\xa9");
	}
	give(f, STR("X-Tag: =?koi8-r?Q?=F7=C5=D3=CE=C1?=\n"));
	other = f->name;
	assert_string_equal(other.sent, "?????");
	give(f, STR("X-Tag: =?koi8-r?Q?=EF=D3=C5=CE=D8?=\n"));
	assert_string_not_equal(f->name.name, other.name);
}

static void
nothing_that_moves_a_line_or_a_terminal_gets_into_a_tag(void **state)
{
	static const struct row t[] = {
		{ "X-Tag: =?utf-8?Q?a=0D=0AX-Evil:_1=00=1B[2J?=\n", "x-tag",
		    "a-x-evil-1-2j", "a??X-Evil: 1??[2J", "" },
		{ "X-Metadata-{campaign}: x%{y}\n", "", "", "{campaign}=x%{y}", "" },
		{ "X-Metadata-campaign: {a}:%n\n", "x-metadata", "a-n",
		    "campaign={a}:%n", "" },
		{ "X-Metermark-Tag: ,=x,,a=,=,b=1=2\n", "", "", "b=1=2", "" },
	};

	CHECK(state, t);
	give(
	    *state, STR("X-SMTPAPI: {\"category\":\"a\\r\\nBcc: x\\u0000\\u007f\"}\n"));
	assert_string_equal(tags_of(*state), "a??Bcc: x??");
	assert_string_equal(((struct fixture *)*state)->name.name, "a-bcc-x");
}

static void
the_customer_comes_from_the_tags_that_the_settings_name(void **state)
{
	static const struct {
		const char *header, *customer;
	} t[] = {
		{ "X-Tenant: Acme Ltd.\n", "acme-ltd." },
		{ "X-MC-Subaccount: c9\n", "c9" },
		{ "X-MC-Subaccount: c9\nX-Tenant: t1\n", "t1" },
		{ "X-Metadata-Tenant: m\nX-Metadata-subaccount: s\n", "m" },
		{ "X-Metadata-subaccount: s\nX-Metadata-Tenant: m\n", "m" },
		{ "X-Tenant: a\nX-Tenant: b\n", "a" },
		{ "X-Tenant: ***\nX-MC-Subaccount: c9\n", "c9" },
		{ "X-Metadata-customer: u1\n", "" },
		{ "X-Tag: tenant\n", "" },
		{ "X-Tenant: =?utf-8?Q?a=0D=0Ab:c?=\n", "a-b-c" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		give(f, str_of(t[i].header));
		assert_int_equal(f->found.customer.len, strlen(t[i].customer));
		assert_memory_equal(
		    f->found.customer.p, t[i].customer, f->found.customer.len);
	}
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

static void
a_list_id_or_feedback_id_that_is_none_says_nothing(void **state)
{
	static const struct row t[] = {
		{ "List-Id: our weekly letter\n", "", "", "", "List-Id" },
		{ "List-Id: weekly.example.com\n", "list-id", "weekly", "", "List-Id" },
		{ "List-Id: <>\n", "", "", "", "List-Id" },
		{ "List-Id: <.example.com>\n", "", "", "", "List-Id" },
		{ "List-Id: a <b> <weekly.example.com>\n", "list-id", "weekly", "",
		    "List-Id" },
		{ "Feedback-ID: sender\n", "", "", "", "Feedback-ID" },
		{ "Feedback-ID: b:c:sender\n", "", "", "", "Feedback-ID" },
		{ "Feedback-ID: :b:c:sender\n", "", "", "", "Feedback-ID" },
		{ "Feedback-ID: x:y:a:b:c:sender\n", "feedback-id", "a", "",
		    "Feedback-ID" },
		{ "X-FBL: opaque\n", "", "", "", "X-FBL" },
		{ "X-FBL: a.b\n", "", "", "", "X-FBL" },
		{ "X-FBL: a.b.c.d\n", "", "", "", "X-FBL" },
		{ "X-FBL: a.b.c d\n", "", "", "", "X-FBL" },
		{ "X-FBL: .b.c\n", "", "", "", "X-FBL" },
	};

	CHECK(state, t);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_headers_of_each_service_are_read_as_it_reads_them),
		T(the_source_that_stands_first_wins_and_all_commands_go),
		T(of_a_repeated_header_the_service_s_own_instance_counts),
		T(values_are_unfolded_and_decoded),
		T(what_the_service_would_refuse_is_told_and_counted_all_the_same),
		T(more_tags_than_the_service_takes_are_told),
		T(metadata_counts_as_it_stands_in_json),
		T(what_the_service_cuts_is_cut),
		T(a_name_that_is_too_long_keeps_its_campaign),
		T(names_in_other_alphabets_stay_apart),
		T(charsets_of_encoded_words_do_not_split_or_join_names),
		T(nothing_that_moves_a_line_or_a_terminal_gets_into_a_tag),
		T(the_customer_comes_from_the_tags_that_the_settings_name),
		T(sixty_kilobytes_cost_nothing_but_a_name),
		T(sixty_four_keys_are_read_and_one_more_is_too_many),
		T(a_thousand_headers_are_read_within_bounds),
		T(without_memory_for_tags_there_is_still_a_campaign),
		T(a_list_id_or_feedback_id_that_is_none_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
