/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourceread_test.c - which header names the campaign, its tags and the customer, and
 * how their values are decoded.
 */
#include "campaign/sourceread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sourcelab.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_headers_of_each_service_are_read_as_it_reads_them),
		T(the_source_that_stands_first_wins_and_all_commands_go),
		T(of_a_repeated_header_the_service_s_own_instance_counts),
		T(values_are_unfolded_and_decoded),
		T(names_in_other_alphabets_stay_apart),
		T(charsets_of_encoded_words_do_not_split_or_join_names),
		T(nothing_that_moves_a_line_or_a_terminal_gets_into_a_tag),
		T(the_customer_comes_from_the_tags_that_the_settings_name),
		T(a_list_id_or_feedback_id_that_is_none_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
