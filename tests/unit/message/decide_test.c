/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide_test.c - whose mail, which campaign and stream, which edits, which verdict.
 */
#include "message/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/conf_from.h"
#include "config/domtable.h"
#include "mail/plan.h"
#include "tracking/stream.h"

static bool malloc_fails;

static void *
test_alloc(size_t size)
{
	return malloc_fails ? NULL : malloc(size);
}

#define malloc(size) test_alloc(size)
#include "text/arena.c"
#undef malloc

#define HOST "mail.example.com"

struct fixture {
	struct conf conf;
	struct arena *arena;
	struct hdr hdr;
	struct envelope envelope;
	struct mark_keys keys;
	struct decision d;
};

/* The domains of all tests; a test adds its streams and more. */
#define DOMAINS                                                                        \
 "domain \"example.com\" { subdomains = true\n"                                        \
 "  key { selector = s1 file = /nowhere } }\n"                                         \
 "domain \"shop.example\" { users = {shop}\n"                                          \
 "  key { selector = s1 file = /nowhere } }\n"

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->conf = conf_from(DOMAINS);
	f->arena = arena_new((size_t)1024 * 1024);
	hdr_init(&f->hdr, f->arena);
	f->envelope = (struct envelope) {
		.client = CLIENT_NETWORK,
		.host = STR(HOST),
		.user = STR(""),
		.sender_domain = STR("bounce.example.com"),
		.queue_id = STR("4X1"),
		.n_rcpt = 2,
		.now = 1795489200,
		.nonce = STR("1.2.3"),
	};
	*state = f;
	return 0;
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

/* Go on with other settings. */
static void
configure(struct fixture *f, const char *settings)
{
	conf_fini(&f->conf);
	f->conf = conf_from(settings);
}

static void
receive(struct fixture *f, const char *name, const char *value)
{
	assert_int_equal(hdr_receive(&f->hdr, str_of(name), str_of(value)), 0);
}

/* With more fields than the list takes. */
static void
fill_up(struct fixture *f)
{
	while (hdr_receive(&f->hdr, STR("X-Other"), STR(" x")) == 0)
		;
	assert_true(f->hdr.incomplete);
}

static const struct decision *
decide(struct fixture *f)
{
	decide_message(&f->conf, &f->envelope, &f->keys, &f->hdr, f->arena, &f->d);
	return &f->d;
}

static size_t
edits(struct fixture *f)
{
	struct plan p;

	assert_int_equal(plan_make(&p, &f->hdr, NULL, 0, f->arena), 0);
	return p.n;
}

static const char *
value(struct fixture *f, const char *name)
{
	const struct hdr_field *field = hdr_first(&f->hdr, str_of(name));

	return field == NULL ? NULL : field->value.p;
}

/* ==== Whose mail ==== */

static void
the_client_is_known_by_network_daemon_or_login(void **state)
{
	struct fixture *f = *state;
	struct cidr_addr local, other;

	assert_int_equal(cidr_addr_parse(STR("127.0.0.1"), &local), 0);
	assert_int_equal(cidr_addr_parse(STR("192.0.2.1"), &other), 0);
	configure(f, DOMAINS "outbound { daemon_names = {campaigns} }");
	assert_int_equal(
	    decide_client(&f->conf, &local, STR(""), STR("")), CLIENT_NETWORK);
	assert_int_equal(
	    decide_client(&f->conf, &other, STR(""), STR("")), CLIENT_STRANGER);
	assert_int_equal(
	    decide_client(&f->conf, NULL, STR(""), STR("")), CLIENT_STRANGER);
	assert_int_equal(
	    decide_client(&f->conf, &other, STR(""), STR("shop")), CLIENT_AUTH);
	assert_int_equal(
	    decide_client(&f->conf, NULL, STR("campaigns"), STR("")), CLIENT_DAEMON);
	assert_int_equal(
	    decide_client(&f->conf, &other, STR("smtpd"), STR("")), CLIENT_STRANGER);
	configure(f, DOMAINS "outbound { authenticated = false }");
	assert_int_equal(
	    decide_client(&f->conf, &other, STR(""), STR("shop")), CLIENT_STRANGER);
}

static void
logins_speak_only_for_domains_that_name_them(void **state)
{
	static const struct {
		const char *user, *from;
		enum decide_verdict verdict;
	} cases[] = {
		{ "shop", " a@shop.example", DECIDE_ACCEPT },
		{ "SHOP", " a@shop.example", DECIDE_ACCEPT },
		{ "other", " a@shop.example", DECIDE_PASS },
		{ "shop", " a@example.com", DECIDE_PASS },
		{ "shop", " a@elsewhere.example", DECIDE_PASS },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture *f = *state;

		hdr_reset(&f->hdr);
		f->envelope.client = CLIENT_AUTH;
		f->envelope.user = str_of(cases[i].user);
		receive(f, "From", cases[i].from);
		receive(f, "X-Campaign", " spring");
		assert_int_equal(decide(f)->verdict, cases[i].verdict);
		if (cases[i].verdict == DECIDE_PASS)
			assert_int_equal(edits(f), 0);
	}
}

/* ==== The signing oracle: mail that has been here before ==== */

static void
mail_this_host_has_received_before_passes_untouched(void **state)
{
	static const struct {
		const char *received;
		bool sendmail, before;
	} cases[] = {
		{ " from evil (x [192.0.2.9])\n\tby " HOST
		  " (Postfix) with ESMTP id 1;\n\tx",
		    false, true },
		{ " from evil by MAIL.EXAMPLE.COM (Postfix) id 1", false, true },
		{ " by " HOST " (Postfix, from userid 0)\n\tid 1; date", false, true },
		{ " from by (by [192.0.2.9]) by " HOST " id 1", false, true },
		{ " from evil by other.example id 1", false, false },
		{ " from " HOST " (x [192.0.2.9]) by other.example id 1", false,
		    false },
		{ " from x (by " HOST " really) by other.example", false, false },
		{ " from evil by mail.example.computer id 1", false, false },
		{ " from evil by", false, false },
		{ "", false, false },
		{ " from evil (x [192.0.2.9]) by " HOST " (8.17.1/8.17.1) with ESMTP",
		    true, true },
		{ " (from root@localhost)\n\tby " HOST " (8.17.1/8.17.1/Submit) id 1",
		    true, false },
		{ " (from root@localhost)\n\tby " HOST " (8.17.1/8.17.1/Submit) id 1",
		    false, true },
		{ " (from root@localhost)\n\tby " HOST " (8.17.1/8.17.1) id 1", true,
		    false },
		{ " (x [192.0.2.9]) by " HOST " (8.17.1/8.17.1) id 1", true, true },
		{ " from (from root@localhost) by " HOST " (8.17.1) id 1", true, true },
		{ " from evil by " HOST ". (Postfix) id 1", false, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture *f = *state;

		hdr_reset(&f->hdr);
		f->envelope.sendmail = cases[i].sendmail;
		receive(f, "received", cases[i].received);
		receive(f, "From", " a@example.com");
		receive(f, "X-Campaign", " spring");
		decide(f);
		assert_int_equal(
		    f->d.verdict, cases[i].before ? DECIDE_PASS : DECIDE_ACCEPT);
		if (!cases[i].before)
			continue;
		assert_int_equal(edits(f), 0);
		assert_string_equal(f->d.why, "reinjected");
	}
}

static void
the_operator_can_say_that_reinjected_mail_is_ours(void **state)
{
	struct fixture *f = *state;

	receive(f, "Received", " from x by " HOST " id 1");
	receive(f, "From", " a@example.com");
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
	f->envelope.client = CLIENT_DAEMON;
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	f->envelope.client = CLIENT_NETWORK;
	configure(f, DOMAINS "outbound { reinjected = true }");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
}

static void
strangers_pass_even_when_asked_about(void **state)
{
	struct fixture *f = *state;

	f->envelope.client = CLIENT_STRANGER;
	receive(f, "From", " a@example.com");
	receive(f, "X-Campaign", " spring");
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
	assert_null(f->d.domain);
	assert_int_equal(edits(f), 0);
}

static void
a_host_may_have_several_names(void **state)
{
	struct fixture *f = *state;

	receive(f, "From", " a@example.com");
	receive(f, "Received", " from x by old.example.com (Postfix) id 1");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	configure(
	    f, DOMAINS "outbound { host_names = {new.example.com, OLD.example.com.} }");
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
}

static void
a_host_without_a_name_may_be_any(void **state)
{
	struct fixture *f = *state;

	f->envelope.host = STR("");
	receive(f, "From", " a@example.com");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	receive(f, "Received", " from x by other.example id 1");
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
}

static void
a_login_gets_no_bad_message_through(void **state)
{
	struct fixture *f = *state;

	f->envelope.client = CLIENT_AUTH;
	f->envelope.user = STR("shop");
	receive(f, "From", " a@shop.example");
	receive(f, "From", " b@shop.example");
	assert_int_equal(decide(f)->verdict, DECIDE_REJECT);
	assert_string_equal(f->d.why, "two-froms");
	fill_up(f);
	assert_int_equal(decide(f)->verdict, DECIDE_REJECT);
	/* Of a login that no domain names it is not ours to judge. */
	f->envelope.user = STR("other");
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
}

static void
no_error(void *unused, unsigned line, const char *sentence)
{
	(void)unused;
	fail_msg("line %u: %s", line, sentence);
}

static void
nor_does_a_login_of_the_table(void **state)
{
	struct fixture *f = *state;

	f->conf.table = domtable_parse(STR("a.example s1 /k/a.pem\n"
					   "b.example s1 /k/b.pem users=crm,Desk\n"),
	    no_error, NULL);
	assert_non_null(f->conf.table);
	f->envelope.client = CLIENT_AUTH;
	f->envelope.user = STR("desk");
	receive(f, "From", " a@b.example");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	receive(f, "From", " b@b.example");
	assert_int_equal(decide(f)->verdict, DECIDE_REJECT);
	assert_string_equal(f->d.why, "two-froms");
	f->envelope.user = STR("other");
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
	assert_string_equal(f->d.why, "user-not-allowed");
}

/* ==== Messages that must not be signed ==== */

static void
bad_messages_are_refused_or_go_unsigned(void **state)
{
	static const struct {
		const char *from[2];
		const char *subject;
		bool overflow;
		const char *why;
	} cases[] = {
		{ { NULL, NULL }, " x", false, "no-from" },
		{ { " a@example.com", " b@example.com" }, " x", false, "two-froms" },
		{ { " a@example.com, b@other.example", NULL }, " x", false,
		    "bad-from" },
		{ { "", NULL }, " x", false, "bad-from" },
		{ { " nobody", NULL }, " x", false, "bad-from" },
		{ { " a@[192.0.2.1]", NULL }, " x", false, "bad-from" },
		{ { " undisclosed:;", NULL }, " x", false, "bad-from" },
		{ { " a@example.com", NULL }, " x\a", false, "control-in-header" },
		{ { " a@example.com", NULL }, " x", true, "header-too-large" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture *f = *state;

		for (int accept = 0; accept < 2; accept++) {
			hdr_reset(&f->hdr);
			f->conf.on_bad_message =
			    accept ? CONF_BAD_ACCEPT : CONF_BAD_REJECT;
			for (int k = 0; k < 2 && cases[i].from[k] != NULL; k++)
				receive(f, "From", cases[i].from[k]);
			receive(f, "Subject", cases[i].subject);
			receive(f, "X-Campaign", " spring");
			if (cases[i].overflow)
				fill_up(f);
			decide(f);
			assert_string_equal(f->d.why, cases[i].why);
			assert_null(f->d.domain);
			assert_string_equal(f->d.campaign.name, "spring");
			if (accept) {
				assert_int_equal(f->d.verdict, DECIDE_ACCEPT);
				continue;
			}
			assert_int_equal(f->d.verdict, DECIDE_REJECT);
			assert_int_equal(f->d.reply.code[0], '5');
			assert_int_equal(f->d.reply.xcode[0], '5');
			/* A % in a reply makes Sendmail answer 554 to anything. */
			assert_null(strchr(f->d.reply.text, '%'));
		}
	}
}

/* Reading the tags meets a limit of ours later: that is not why fields are missing. */
static void
a_header_without_memory_is_put_off_whatever_follows(void **state)
{
	struct fixture *f = *state;
	char value[60000];

	memset(value, 'y', sizeof value);
	receive(f, "From", " a@example.com");
	receive(f, "X-Tag", " t");
	malloc_fails = true;
	assert_int_equal(
	    hdr_receive(&f->hdr, STR("X-Other"), str_make(value, sizeof value)), -1);
	malloc_fails = false;
	f->arena->max = f->arena->used;
	assert_int_equal(decide(f)->verdict, DECIDE_TEMPFAIL);
	assert_true(arena_limited(f->arena));
	assert_string_equal(f->d.why, "memory");
	assert_string_equal(f->d.reply.code, "451");
}

static void
the_from_domain_picks_the_signing_domain(void **state)
{
	static const struct {
		const char *from, *domain;
	} cases[] = {
		{ " a@example.com", "example.com" },
		{ " A <a@EXAMPLE.COM>", "example.com" },
		{ " a@news.example.com", "example.com" },
		{ " a@shop.example", "shop.example" },
		{ " a@sub.shop.example", NULL },
		{ " a@notexample.com", NULL },
		{ " a@com", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture *f = *state;

		hdr_reset(&f->hdr);
		receive(f, "From", cases[i].from);
		assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
		if (cases[i].domain != NULL) {
			assert_non_null(f->d.domain);
			assert_string_equal(f->d.domain->name, cases[i].domain);
			assert_null(f->d.why);
		} else {
			assert_null(f->d.domain);
			assert_string_equal(f->d.why, "no-domain");
		}
	}
}

/* ==== Campaign and stream ==== */

static void
the_campaign_is_read_and_its_headers_removed(void **state)
{
	struct fixture *f = *state;

	receive(f, "From", " a@example.com");
	receive(f, "X-Campaign", " Second");
	receive(f, "X-Metermark-Campaign", " First Choice");
	receive(f, "x-campaign", " Third");
	decide(f);
	assert_string_equal(f->d.campaign.name, "first-choice");
	assert_int_equal(hdr_count(&f->hdr, STR("X-Campaign")), 0);
	assert_int_equal(hdr_count(&f->hdr, STR("X-Metermark-Campaign")), 0);
}

static void
an_empty_source_leaves_the_word_to_the_next(void **state)
{
	struct fixture *f = *state;

	receive(f, "From", " a@example.com");
	receive(f, "X-Metermark-Campaign", " ///");
	receive(f, "X-Campaign", " spring");
	assert_string_equal(decide(f)->campaign.name, "spring");
}

static void
without_a_source_the_default_counts(void **state)
{
	struct fixture *f = *state;

	receive(f, "From", " a@example.com");
	assert_string_equal(decide(f)->campaign.name, CAMP_NONE);
}

static void
the_first_stream_that_matches_is_taken(void **state)
{
	struct fixture *f = *state;

	configure(f,
	    DOMAINS "stream news { match { campaign = {\"news-*\"} } }\n"
		    "stream rest { }");
	receive(f, "From", " a@example.com");
	receive(f, "X-Campaign", " News 7");
	assert_string_equal(decide(f)->stream->name, "news");
	hdr_reset(&f->hdr);
	receive(f, "From", " a@example.com");
	assert_string_equal(decide(f)->stream->name, "rest");
}

static void
all_conditions_of_a_match_hold_and_any_match_does(void **state)
{
	struct fixture *f = *state;
	struct stream_facts who = { &f->envelope, STR("news-1"), STR("example.com"),
		NULL, 0 };

	configure(f,
	    "stream s {\n"
	    "  match { campaign = {\"news-*\"} user = {crm}\n"
	    "    from_domain = {\"*.example.com\"} } }");
	f->envelope.user = STR("shop");
	f->envelope.sender_domain = STR("b.example.com");
	assert_null(stream_find(&f->conf, &who));
	f->envelope.user = STR("CRM");
	assert_null(stream_find(&f->conf, &who));
	who.from_domain = STR("news.example.com");
	assert_ptr_equal(stream_find(&f->conf, &who), &f->conf.streams[0]);
	configure(f,
	    "stream s {\n"
	    "  match { campaign = {\"news-*\"} user = {crm}\n"
	    "    from_domain = {\"*.example.com\"} }\n"
	    "  match { envelope_domain = {b.example.com} } }");
	f->envelope.user = STR("");
	assert_ptr_equal(stream_find(&f->conf, &who), &f->conf.streams[0]);
	f->envelope.sender_domain = STR("");
	assert_null(stream_find(&f->conf, &who));
}

static void
a_stream_can_ask_for_tags_and_a_rule_for_the_customer(void **state)
{
	struct fixture *f = *state;

	configure(f,
	    DOMAINS "stream gold {\n"
		    "  match { tag = {\"tier=gold*\", vip} }\n"
		    "  feedback_id = \"%{campaign}:%{customer}:%{stream}:sender\" }");
	receive(f, "From", " a@example.com");
	receive(f, "X-SES-Message-Tags", " campaign=c, Tier=Golden");
	receive(f, "X-Tenant", " Acme: Ltd");
	assert_ptr_equal(decide(f)->stream, &f->conf.streams[0]);
	assert_string_equal(
	    hdr_first(&f->hdr, STR("Feedback-ID"))->value.p, " c:acme-ltd:gold:sender");
	hdr_reset(&f->hdr);
	receive(f, "From", " a@example.com");
	receive(f, "X-Tag", " vip");
	assert_ptr_equal(decide(f)->stream, &f->conf.streams[0]);
	assert_string_equal(
	    hdr_first(&f->hdr, STR("Feedback-ID"))->value.p, " vip::gold:sender");
	hdr_reset(&f->hdr);
	receive(f, "From", " a@example.com");
	receive(f, "X-Tag", " golden");
	assert_null(decide(f)->stream);
}

static void
tags_that_cannot_be_read_are_told_and_by_setting_refused(void **state)
{
	struct fixture *f = *state;

	receive(f, "From", " a@example.com");
	receive(f, "X-SMTPAPI", " {\"category\":");
	receive(f, "X-Tag", " t");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	assert_int_equal(f->d.source.fault, SOURCE_NO_JSON);
	assert_string_equal(f->d.campaign.name, "t");
	assert_non_null(f->d.domain);
	hdr_revert(&f->hdr);
	configure(f, DOMAINS "campaign { on_bad_source = reject }");
	assert_int_equal(decide(f)->verdict, DECIDE_REJECT);
	assert_string_equal(f->d.reply.code, "550");
	assert_string_equal(f->d.reply.xcode, "5.6.0");
	assert_string_equal(
	    f->d.reply.text, "The field X-SMTPAPI is no valid JSON, correct it");
	assert_string_equal(f->d.why, "bad-source");
	assert_string_equal(f->d.campaign.name, "t");
	/* Strangers' tags are not looked at. */
	f->envelope.client = CLIENT_STRANGER;
	assert_int_equal(decide(f)->verdict, DECIDE_PASS);
}

/* ==== Header rules ==== */

static void
rules_remove_set_and_add(void **state)
{
	struct fixture *f = *state;

	configure(f,
	    DOMAINS
	    "stream bulk {\n"
	    "  remove = {X-Mailer}\n"
	    "  set Precedence { value = bulk }\n"
	    "  add X-Report-Abuse { value = \"https://example.com/%{campaign}\" }\n"
	    "  add List-Id { value = \"<x.example.com>\" }\n"
	    "  feedback_id = \"%{campaign}:%{stream}:%{user}:exmplco\" }");
	f->envelope.user = STR("crm:one@two");
	receive(f, "From", " a@example.com");
	receive(f, "x-mailer", " one");
	receive(f, "X-Mailer", " two");
	receive(f, "Precedence", " first");
	receive(f, "precedence", " list");
	receive(f, "List-ID", " <theirs.example.com>");
	receive(f, "Feedback-ID", " a:b:c:d");
	receive(f, "X-Campaign", " spring");
	decide(f);
	assert_int_equal(hdr_count(&f->hdr, STR("X-Mailer")), 0);
	assert_int_equal(hdr_count(&f->hdr, STR("Precedence")), 1);
	assert_string_equal(value(f, "Precedence"), " bulk");
	assert_string_equal(value(f, "X-Report-Abuse"), " https://example.com/spring");
	assert_int_equal(hdr_count(&f->hdr, STR("List-Id")), 1);
	assert_string_equal(value(f, "List-Id"), " <theirs.example.com>");
	assert_string_equal(f->d.edit_skipped, "List-Id");
	assert_int_equal(hdr_count(&f->hdr, STR("Feedback-ID")), 1);
	assert_string_equal(
	    value(f, "Feedback-ID"), " spring:bulk:crm-one-two:exmplco");
}

static void
values_of_strangers_inject_nothing(void **state)
{
	struct fixture *f = *state;
	const char *v;

	configure(f, DOMAINS "stream bulk { set X-User { value = \"%{user}\" } }");
	f->envelope.user = STR("a\r\nBcc: victim@example.com");
	receive(f, "From", " a@example.com");
	receive(f, "X-Campaign", " a\n\tBcc: x");
	decide(f);
	v = value(f, "X-User");
	assert_non_null(v);
	assert_null(strpbrk(v, "\r\n"));
	assert_null(hdr_first(&f->hdr, STR("Bcc")));
	assert_string_equal(f->d.campaign.name, "a-bcc-x");
}

static void
values_of_strangers_keep_a_fields_grammar(void **state)
{
	struct fixture *f = *state;

	configure(f,
	    DOMAINS "stream bulk {\n"
		    "  set Reply-To { value = \"%{user}@example.com\" }\n"
		    "  set X-Domain { value = \"%{domain}\" } }");
	f->envelope.user = STR("a>,<evil@x,b(\"");
	/* U+2100 maps to "a/c": the domain has no form in ASCII. */
	receive(f, "From", " a@\xe2\x84\x80.example.com");
	decide(f);
	assert_string_equal(value(f, "Reply-To"), " a---evil@x-b--@example.com");
	assert_string_equal(value(f, "X-Domain"), " example.com");
	assert_string_equal(value(f, "Message-ID"), " <1.2.3@example.com>");
}

static void
a_value_too_long_is_not_set_and_said_so(void **state)
{
	struct fixture *f = *state;
	char user[1001];

	memset(user, 'u', 1000);
	user[1000] = '\0';
	configure(f, DOMAINS "stream bulk { set X-User { value = \"%{user}\" } }");
	f->envelope.user = str_of(user);
	receive(f, "From", " a@example.com");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	assert_null(value(f, "X-User"));
	assert_string_equal(f->d.edit_skipped, "X-User");
}

static void
an_international_from_is_signed_by_its_name_in_ascii(void **state)
{
	struct fixture *f = *state;

	configure(f,
	    "domain \"xn--bcher-kva.example\" {\n"
	    "  key { selector = s1 file = /nowhere } }");
	receive(f, "From",
	    " a@b\xc3\xbc"
	    "cher.example");
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	assert_ptr_equal(f->d.domain, &f->conf.domains[0]);
	assert_string_equal(f->d.from_domain.p, "xn--bcher-kva.example");
	/* One that has no such form stays as it is, and unsigned. */
	hdr_change(&f->hdr.v[0], STR(" a@\xe2\x84\x80.example"));
	assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
	assert_null(f->d.domain);
	assert_string_equal(f->d.why, "no-domain");
	assert_string_equal(f->d.from_domain.p, "\xe2\x84\x80.example");
}

static void
mail_without_room_for_edits_is_judged_as_it_leaves(void **state)
{
	struct fixture *f = *state;

	configure(f,
	    DOMAINS "on_bad_message = accept\n"
		    "stream bulk { set Subject { value = new }\n"
		    "  return_path = \"b@bounce.example.com\" }");
	f->envelope.sender = STR("<a@example.com>");
	/* From none that goes in to the one that is one too many. */
	for (size_t room = 0; room < 8; room++) {
		hdr_reset(&f->hdr);
		receive(f, "From", " a@example.com");
		receive(f, "Subject", " old");
		receive(f, "X-SMTPAPI", " {}");
		receive(f, "Bcc", " b@example.net");
		receive(f, "X-Metermark", " forged");
		while (f->hdr.n < HDR_FIELDS_MAX - room)
			receive(f, "X-Filler", " y");
		assert_int_equal(decide(f)->verdict, DECIDE_ACCEPT);
		/* Nothing of it goes on, whatever else has room. */
		assert_null(hdr_first(&f->hdr, STR("X-SMTPAPI")));
		assert_null(hdr_first(&f->hdr, STR("Bcc")));
		if (hdr_first(&f->hdr, STR("X-Metermark")) != NULL)
			assert_string_not_equal(value(f, "X-Metermark"), " forged");
		if (f->d.domain != NULL) {
			assert_int_not_equal(room, 0);
			assert_string_equal(value(f, "Subject"), " new");
			assert_int_not_equal(f->d.sender.address.len, 0);
			continue;
		}
		assert_string_equal(f->d.why, "header-too-large");
		assert_string_equal(value(f, "Subject"), " old");
		assert_int_equal(f->d.sender.address.len, 0);
	}
	assert_non_null(f->d.domain);
}

/* ==== The body ==== */

static void
bodies_that_an_mta_would_change_are_refused(void **state)
{
	static const struct {
		uint64_t longest;
		bool cr, lf, sendmail;
		int32_t limit;
		const char *why;
	} cases[] = {
		{ 998, false, false, false, -1, NULL },
		{ 999, false, false, false, -1, "long-body-line" },
		{ 990, false, false, true, -1, NULL },
		{ 991, false, false, true, -1, "long-body-line" },
		{ 100000, false, false, false, 0, NULL },
		{ 2000, false, false, true, 2040, NULL },
		{ 10, true, false, false, -1, "bare-line-end" },
		{ 10, false, true, false, -1, "bare-line-end" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture *f = *state;
		struct bodyscan b = { .longest = cases[i].longest,
			.bare_cr = cases[i].cr,
			.bare_lf = cases[i].lf };

		f->conf.line_length_limit = cases[i].limit;
		f->envelope.sendmail = cases[i].sendmail;
		f->d = (struct decision) { .verdict = DECIDE_ACCEPT,
			.domain = &f->conf.domains[0] };
		decide_body(&f->conf, &f->envelope, &b, &f->d);
		if (cases[i].why == NULL) {
			assert_int_equal(f->d.verdict, DECIDE_ACCEPT);
			assert_non_null(f->d.domain);
			continue;
		}
		assert_int_equal(f->d.verdict, DECIDE_REJECT);
		assert_string_equal(f->d.why, cases[i].why);
	}
}

static void
unsigned_mail_may_have_any_body(void **state)
{
	struct fixture *f = *state;
	struct bodyscan b = { .longest = 5000, .bare_lf = true };

	f->d = (struct decision) { .verdict = DECIDE_ACCEPT };
	decide_body(&f->conf, &f->envelope, &b, &f->d);
	assert_int_equal(f->d.verdict, DECIDE_ACCEPT);
}

#define FIXED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXED(the_client_is_known_by_network_daemon_or_login),
		FIXED(logins_speak_only_for_domains_that_name_them),
		FIXED(mail_this_host_has_received_before_passes_untouched),
		FIXED(a_host_may_have_several_names),
		FIXED(a_host_without_a_name_may_be_any),
		FIXED(a_login_gets_no_bad_message_through),
		FIXED(nor_does_a_login_of_the_table),
		FIXED(the_operator_can_say_that_reinjected_mail_is_ours),
		FIXED(strangers_pass_even_when_asked_about),
		FIXED(bad_messages_are_refused_or_go_unsigned),
		FIXED(a_header_without_memory_is_put_off_whatever_follows),
		FIXED(the_from_domain_picks_the_signing_domain),
		FIXED(the_campaign_is_read_and_its_headers_removed),
		FIXED(an_empty_source_leaves_the_word_to_the_next),
		FIXED(without_a_source_the_default_counts),
		FIXED(the_first_stream_that_matches_is_taken),
		FIXED(all_conditions_of_a_match_hold_and_any_match_does),
		FIXED(a_stream_can_ask_for_tags_and_a_rule_for_the_customer),
		FIXED(tags_that_cannot_be_read_are_told_and_by_setting_refused),
		FIXED(rules_remove_set_and_add),
		FIXED(values_of_strangers_inject_nothing),
		FIXED(values_of_strangers_keep_a_fields_grammar),
		FIXED(a_value_too_long_is_not_set_and_said_so),
		FIXED(an_international_from_is_signed_by_its_name_in_ascii),
		FIXED(mail_without_room_for_edits_is_judged_as_it_leaves),
		FIXED(bodies_that_an_mta_would_change_are_refused),
		FIXED(unsigned_mail_may_have_any_body),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
