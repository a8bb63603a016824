/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_test.c - each rule on messages that keep and break it, and what follows from the
 * settings.
 */
#include "rules/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/conf.h"
#include "message/inspect.h"

#define OK RULE_OK
#define BAD RULE_BAD
#define NA RULE_NOT_APPLICABLE
#define FROM "From: a@example.com\n"
#define UNSUB "List-Unsubscribe: <https://u.example.com/1>\n"
#define CLICK UNSUB "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"

struct message {
	struct arena *arena;
	struct hdr hdr;
	struct bodyscan scan;
	struct bodylook look;
	struct envelope envelope;
	struct rule_facts facts;
};

/* Fields a line each; a line that begins with a blank goes on. */
static void
add_fields(struct hdr *h, const char *text)
{
	struct str rest = str_of(text);

	while (rest.len > 0) {
		size_t n = str_find(rest, '\n'), colon = str_find(rest, ':');

		while (n + 1 < rest.len && rest.p[n + 1] == ' ')
			n += 1 + str_find(str_skip(rest, n + 1), '\n');
		assert_int_equal(hdr_receive(h, str_make(rest.p, colon),
				     str_make(rest.p + colon + 1, n - colon - 1)),
		    0);
		rest = str_skip(rest, n + 1);
	}
}

static struct str
value(const struct hdr *h, struct str name)
{
	const struct hdr_field *f = hdr_first(h, name);

	return f != NULL ? f->value : STR("");
}

static void
make(struct message *m, const char *header, const char *body, size_t len)
{
	m->arena = arena_new((size_t)1 << 20);
	assert_non_null(m->arena);
	hdr_init(&m->hdr, m->arena);
	add_fields(&m->hdr, header);
	bodyscan_init(&m->scan);
	bodyscan_feed(&m->scan, body, len);
	bodyscan_end(&m->scan);
	bodylook_init(&m->look, value(&m->hdr, STR("Content-Type")),
	    value(&m->hdr, STR("Content-Transfer-Encoding")),
	    rule_unsubscribe_host(&m->hdr));
	bodylook_feed(&m->look, body, len);
	bodylook_end(&m->look);
	m->envelope = (struct envelope) { .args = STR("") };
	m->facts = (struct rule_facts) { .hdr = &m->hdr,
		.scan = &m->scan,
		.look = &m->look,
		.arena = m->arena,
		.envelope = &m->envelope,
		.sender_domain = STR("") };
}

static void
drop(struct message *m)
{
	hdr_fini(&m->hdr);
	arena_free(m->arena);
}

struct header_case {
	enum rule_index rule;
	enum rule_verdict want;
	const char *header;
};

static const struct header_case header_cases[] = {
	{ RULE_FROM, OK, "From: a@example.com\n" },
	{ RULE_FROM, OK, "From: \"A, B\" <a@sub.example.com>\n" },
	{ RULE_FROM, BAD, "To: a@example.com\n" },
	{ RULE_FROM, BAD, "From: a@example.com\nFROM: b@example.com\n" },
	{ RULE_FROM, BAD, "From: a@example.com, b@example.com\n" },
	{ RULE_FROM, BAD, "From: a\n" },
	{ RULE_FROM, BAD, "From: a@localhost\n" },
	{ RULE_FROM, BAD, "From: a@[192.0.2.1]\n" },
	{ RULE_FROM, BAD, "From: <>\n" },
	{ RULE_FROM, BAD, "From:\n" },
	{ RULE_DATE, OK, "Date: Tue, 24 Nov 2026 09:00:00 +0000\n" },
	{ RULE_DATE, OK, "Date: 1 Jan 2026 09:00 GMT\n" },
	{ RULE_DATE, OK, "Date: Tue, 24 Nov 2026\n 09:00:60 -0730 (PST)\n" },
	{ RULE_DATE, OK, "Date: 29 Feb 2028 09:00 +0000\n" },
	{ RULE_DATE, BAD, FROM },
	{ RULE_DATE, BAD, "Date:\n" },
	{ RULE_DATE, BAD, "Date: 29 Feb 2026 09:00 +0000\n" },
	{ RULE_DATE, BAD, "Date: 24 Nov 26 09:00 +0000\n" },
	{ RULE_DATE, BAD, "Date: 24 Nov 2026 24:00 +0000\n" },
	{ RULE_DATE, BAD, "Date: 24 Nov 2026 09:60 +0000\n" },
	{ RULE_DATE, BAD, "Date: 24 Nov 2026 09:00\n" },
	{ RULE_DATE, BAD, "Date: 24 Nov 2026 09:00 +000\n" },
	{ RULE_DATE, BAD, "Date: 24 Nov 2026 09:00 +0000 x\n" },
	{ RULE_DATE, BAD, "Date: 2026-11-24T09:00:00Z\n" },
	{ RULE_DATE, BAD, "Date: 0 Nov 2026 09:00 +0000\n" },
	{ RULE_MESSAGE_ID, OK, "Message-ID: <a@b>\n" },
	{ RULE_MESSAGE_ID, OK, "Message-ID:\n <a.b@c.example>\n" },
	{ RULE_MESSAGE_ID, BAD, FROM },
	{ RULE_MESSAGE_ID, BAD, "Message-ID: a@b\n" },
	{ RULE_MESSAGE_ID, BAD, "Message-ID: <ab>\n" },
	{ RULE_MESSAGE_ID, BAD, "Message-ID: <@b.c>\n" },
	{ RULE_MESSAGE_ID, BAD, "Message-ID: <a@b> <c@d>\n" },
	{ RULE_MESSAGE_ID, BAD, "Message-ID: <a b@c>\n" },
	{ RULE_MESSAGE_ID, BAD, "Message-ID: <a@b@c>\n" },
	{ RULE_DUPLICATE, OK, FROM "X-A: 1\nX-A: 2\nReceived: a\nReceived: b\n" },
	{ RULE_DUPLICATE, BAD, "Subject: a\nsubject: b\n" },
	{ RULE_DUPLICATE, BAD, UNSUB UNSUB },
	{ RULE_TO, OK, "To: a@example.net\n" },
	{ RULE_TO, OK, "Cc: a@example.net\n" },
	{ RULE_TO, OK, "To: undisclosed-recipients:;\n" },
	{ RULE_TO, OK, "To:\nCc: (a) a@example.net\n" },
	{ RULE_TO, BAD, FROM },
	{ RULE_TO, BAD, "To:\n" },
	{ RULE_TO, BAD, "To: \nCc: (nobody (at all))\n \n" },
	{ RULE_NOREPLY, OK, FROM },
	{ RULE_NOREPLY, OK, "From: noreply@example.com\nReply-To: a@example.com\n" },
	{ RULE_NOREPLY, OK, "From: replynow@example.com\n" },
	{ RULE_NOREPLY, BAD, "From: No.Reply@example.com\n" },
	{ RULE_NOREPLY, BAD, FROM "Reply-To: do-not-reply@example.com\n" },
	{ RULE_NOREPLY, BAD, FROM "Reply-To: nobody\"\n" },
	{ RULE_NOREPLY, NA, "To: a@example.net\n" },
	{ RULE_LIST_ID, NA, FROM },
	{ RULE_LIST_ID, OK, "List-Id: <a.example.com>\n" },
	{ RULE_LIST_ID, OK, "List-Id: \"News\" <a.example.com>\n" },
	{ RULE_LIST_ID, BAD, "List-Id: a.example.com\n" },
	{ RULE_LIST_ID, BAD, "List-Id: <a>\n" },
	{ RULE_LIST_ID, BAD, "List-Id: <a b.c>\n" },
	{ RULE_LIST_ID, BAD, "List-Id: >\n" },
	{ RULE_LIST_ID, BAD, "List-Id: <>\n" },
	{ RULE_FEEDBACK_ID, NA, FROM },
	{ RULE_FEEDBACK_ID, OK, "Feedback-ID: a:b:c:exmplco\n" },
	{ RULE_FEEDBACK_ID, OK, "Feedback-ID: a::c:exmplco\n" },
	{ RULE_FEEDBACK_ID, OK, "Feedback-ID: x:x:a:b:c:exmplco\n" },
	{ RULE_FEEDBACK_ID, OK, "Feedback-ID:\n a:b:\n c :exmplco\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a:b:c:exm\n plco\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a:b:a :exmplco\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: exmplco\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a:b:c:abcd\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a:b:c:\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a:b:c:abcdefghijklmnop\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a:a:c:exmplco\n" },
	{ RULE_FEEDBACK_ID, BAD, "Feedback-ID: a b:c:exmplco\n" },
	{ RULE_FEEDBACK_ID, BAD,
	    "Feedback-ID: a:b:exmplco\nFeedback-ID: a:b:exmplco\n" },
	{ RULE_LIST_UNSUBSCRIBE, OK, UNSUB },
	{ RULE_LIST_UNSUBSCRIBE, OK, "List-Unsubscribe: <mailto:a@b.c>\n" },
	{ RULE_LIST_UNSUBSCRIBE, OK,
	    "List-Unsubscribe: (web) <ftp://x>,\n <http://a.b> (mail)\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, FROM },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: https://a.b\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <https://a.b\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD,
	    "List-Unsubscribe: <https://a.b> <mailto:a@b>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <ftp://a.b>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <https://>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <https:///u>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <https://{{url}}>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <http://%url%/x>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: <https:>, <http:/>\n" },
	{ RULE_LIST_UNSUBSCRIBE, OK, "List-Unsubscribe: <https://a.b.:443>\n" },
	{ RULE_LIST_UNSUBSCRIBE, OK, "List-Unsubscribe: <https://192.0.2.1/u>\n" },
	{ RULE_LIST_UNSUBSCRIBE, OK, "List-Unsubscribe: <https://[2001:db8::1]:1>\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe:\n" },
	{ RULE_LIST_UNSUBSCRIBE, BAD, "List-Unsubscribe: >\n" },
	{ RULE_ONE_CLICK, OK, CLICK },
	{ RULE_ONE_CLICK, BAD, FROM },
	{ RULE_ONE_CLICK, BAD, UNSUB },
	{ RULE_ONE_CLICK, BAD,
	    "List-Unsubscribe: <mailto:a@b>, <https://*|UNSUB|*>\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n" },
	{ RULE_ONE_CLICK, BAD,
	    UNSUB "List-Unsubscribe-Post: list-unsubscribe=one-click\n" },
	{ RULE_ONE_CLICK, BAD,
	    "List-Unsubscribe: <http://a.b>\nList-Unsubscribe-Post: "
	    "List-Unsubscribe=One-Click\n" },
	{ RULE_ONE_CLICK_SIGNED, NA, FROM UNSUB },
	{ RULE_ONE_CLICK_SIGNED, BAD, FROM CLICK },
	{ RULE_ONE_CLICK_SIGNED, BAD,
	    FROM CLICK "DKIM-Signature: d=example.com; h=from:list-unsubscribe\n" },
	{ RULE_ONE_CLICK_SIGNED, BAD,
	    FROM CLICK "DKIM-Signature: d=example.org; "
		       "h=list-unsubscribe:list-unsubscribe-post\n" },
	{ RULE_ONE_CLICK_SIGNED, OK,
	    FROM CLICK
	    "DKIM-Signature: v=1; d=Mail.Example.COM; h=List-Unsubscribe :\n "
	    "list-unsubscribe-post; b=x\n" },
	{ RULE_DKIM, BAD, FROM },
	{ RULE_DKIM, OK, FROM "DKIM-Signature: d=example.com\n" },
	{ RULE_DKIM, BAD, FROM "DKIM-Signature: a=ed25519-sha256; d=example.com\n" },
	{ RULE_DKIM, OK,
	    FROM "DKIM-Signature: a=ed25519-sha256; d=example.com\n"
		 "DKIM-Signature: a=rsa-sha256; d=example.com\n" },
	{ RULE_ALIGNED, NA, FROM },
	{ RULE_ALIGNED, OK, FROM "DKIM-Signature: d=x.example.com\n" },
	{ RULE_ALIGNED, OK,
	    FROM "DKIM-Signature: d=b.example\nDKIM-Signature: d=example.com.\n" },
	{ RULE_ALIGNED, BAD, FROM "DKIM-Signature: d=example.org\n" },
	{ RULE_ALIGNED, BAD, FROM "DKIM-Signature: x\n" },
	{ RULE_ALIGNED, BAD, "From: a@x.co.uk\nDKIM-Signature: d=y.co.uk\n" },
	{ RULE_ALIGNED, OK, "From: a@x.co.uk\nDKIM-Signature: d=y.x.co.uk\n" },
	{ RULE_FREEMAIL, OK, FROM },
	{ RULE_FREEMAIL, BAD, "From: a@gmail.com\n" },
	{ RULE_FREEMAIL, BAD, "From: a@Yahoo.com\nDKIM-Signature: d=example.com\n" },
	{ RULE_FREEMAIL, OK, "From: a@gmail.com\nDKIM-Signature: d=gmail.com\n" },
	{ RULE_FREEMAIL, NA, "To: a@gmail.com\n" },
	{ RULE_HEADER_8BIT, OK, FROM },
	{ RULE_HEADER_8BIT, BAD, "Subject: \xc3\xbc\n" },
	{ RULE_CONTROL, OK, "Subject:\ta\r\n b\n" },
	{ RULE_CONTROL, BAD, "Subject: a\1b\n" },
	{ RULE_CONTROL, BAD, "Subject: a\x7f\n" },
	{ RULE_CONTROL, OK, "Subject: a\rb\n" },
	{ RULE_LINE_END, OK, "Subject:\ta\r\n b\n" },
	{ RULE_LINE_END, BAD, "Subject: a\rb\n" },
	{ RULE_LINE_END, BAD, "Subject: a\r\n" FROM },
	{ RULE_MIME, NA, FROM },
	{ RULE_MIME, OK, "MIME-Version: 1.0\nContent-Type: text/plain\n" },
	{ RULE_MIME, BAD, "Content-Type: text/plain\n" },
	{ RULE_MIME, BAD, "Content-Transfer-Encoding: 7bit\n" },
};

/* Each verdict with a reason where there is one to give, and the same without. */
static void
assert_verdict(
    struct message *m, enum rule_index i, enum rule_verdict want, const char *what)
{
	const struct rule *r = rule_at(i);
	struct buf why;

	buf_init(&why, 4096);
	rule_facts_finish(&m->facts);
	if (r->check(&m->facts, &why) != want)
		fail_msg("%s: %s: not %d", r->id, what, (int)want);
	assert_int_equal(r->check(&m->facts, NULL), want);
	assert_int_equal(why.len > 0, want == BAD);
	buf_fini(&why);
}

static void
rules_of_the_header_hold(void **state)
{
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(header_cases) / sizeof(header_cases[0]); i++) {
		const struct header_case *c = &header_cases[i];

		make(&m, c->header, "", 0);
		assert_verdict(&m, c->rule, c->want, c->header);
		drop(&m);
	}
}

struct body_case {
	enum rule_index rule;
	enum rule_verdict want;
	const char *header, *body;
	size_t len; /* 0: a string */
};

static const struct body_case body_cases[] = {
	{ RULE_LINK, OK, FROM, "Unsubscribe: https://x\r\n", 0 },
	{ RULE_LINK, BAD, FROM, "Buy now\r\n", 0 },
	{ RULE_LINK, OK, UNSUB, "Leaf: https://u.example.com/2\r\n", 0 },
	{ RULE_LINK, OK,
	    "List-Unsubscribe: <mailto:a@b>, <http://h.example>,\n "
	    "<HTTPS://me@U.example.com:443?1>, <https://v.example>\n",
	    "https://u.example.com:444\r\n", 0 },
	{ RULE_LINK, BAD, UNSUB, "https://www.example.com/u\r\n", 0 },
	{ RULE_LINK, BAD, "List-Unsubscribe: <mailto:a@b>, <https://>\n",
	    "https://\r\n", 0 },
	{ RULE_LINK, NA, "Content-Type: image/png\n", "unsubscribe", 0 },
	{ RULE_LINE_END, OK, FROM, "a\r\nb\r\n", 0 },
	{ RULE_LINE_END, BAD, FROM, "a\rb\r\n", 0 },
	{ RULE_LINE_END, BAD, FROM, "a\nb\r\n", 0 },
	{ RULE_NUL, OK, FROM, "a\r\n", 0 },
	{ RULE_NUL, BAD, FROM, "a\0b\r\n", 5 },
	{ RULE_BODY_8BIT, OK, FROM, "a\r\n", 0 },
	{ RULE_BODY_8BIT, OK, "Content-Transfer-Encoding: 8bit\n", "\xfc\r\n", 0 },
	{ RULE_BODY_8BIT, BAD, "Content-Transfer-Encoding: 7bit\n", "\xfc\r\n", 0 },
	{ RULE_HTML_ONLY, NA, FROM, "a\r\n", 0 },
	{ RULE_HTML_ONLY, BAD, "Content-Type: text/html\n", "<p>\r\n", 0 },
	{ RULE_HTML_ONLY, OK, "Content-Type: multipart/alternative; boundary=b\n",
	    "--b\r\n\r\na\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n",
	    0 },
	{ RULE_CLIP, NA, FROM, "a\r\n", 0 },
	{ RULE_CLIP, OK, "Content-Type: text/html\n", "<p>\r\n", 0 },
};

static void
rules_of_the_body_hold(void **state)
{
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(body_cases) / sizeof(body_cases[0]); i++) {
		const struct body_case *c = &body_cases[i];

		make(&m, c->header, c->body, c->len > 0 ? c->len : strlen(c->body));
		assert_verdict(&m, c->rule, c->want, c->body);
		drop(&m);
	}
}

/* A rule, a text of n bytes between two others: the last n that is right, and one more.
 */
static void
assert_limit(enum rule_index rule, bool in_header, const char *before, size_t n)
{
	for (size_t more = 0; more < 2; more++) {
		struct message m;
		struct buf b;

		buf_init(&b, 1 << 20);
		buf_adds(&b, before);
		for (size_t i = 0; i < n + more; i++)
			buf_addc(&b, 'x');
		buf_adds(&b, in_header ? "\n" : "\r\n");
		if (in_header)
			make(&m, b.p, "", 0);
		else
			make(&m, "Content-Type: text/html\n", b.p, b.len);
		assert_verdict(&m, rule, more == 0 ? OK : BAD, "length");
		drop(&m);
		buf_fini(&b);
	}
}

static void
limits_are_where_they_are_said_to_be(void **state)
{
	(void)state;
	assert_limit(RULE_LONG_LINE, false, "", 998);
	assert_limit(RULE_LONG_HEADER, true, "X: ", 998 - 3);
	assert_limit(RULE_LONG_HEADER, true, "X: a\n ", 998 - 1);
	assert_limit(RULE_CLIP, false, "<p>\r\n", 102 * 1024 - 7);
	assert_limit(RULE_HEADER_SIZE, true, "X: ", 102400 - 5);
}

static void
envelope_and_recipients_are_looked_at_where_they_are_known(void **state)
{
	static const struct {
		const char *envelope;
		size_t n_rcpt;
		enum rule_verdict aligned, one;
	} cases[] = { { "", 0, NA, NA }, { "example.com", 1, OK, OK },
		{ "b.example.com", 2, OK, BAD }, { "example.org", 10, BAD, BAD } };
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&m, FROM CLICK, "", 0);
		m.facts.sender_domain = str_of(cases[i].envelope);
		m.envelope.n_rcpt = cases[i].n_rcpt;
		assert_verdict(&m, RULE_ENVELOPE, cases[i].aligned, cases[i].envelope);
		assert_verdict(&m, RULE_ONE_RECIPIENT, cases[i].one, cases[i].envelope);
		drop(&m);
	}
}

static void
a_list_without_commas_is_called_so(void **state)
{
	static const char *const cases[][2] = {
		{ "List-Unsubscribe: <https://a.b/c> <mailto:a@b>\n",
		    "List-Unsubscribe is not a list of <addresses> with commas "
		    "between: "
		    "\"<https://a.b/c> <mailto:a@b>\"" },
		{ "List-Unsubscribe: <mailto:a@b>\n",
		    "List-Unsubscribe has no https address: \"<mailto:a@b>\"" },
	};
	struct message m;
	struct buf why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&m, cases[i][0], "", 0);
		rule_facts_finish(&m.facts);
		buf_init(&why, 1000);
		assert_int_equal(rule_at(RULE_ONE_CLICK)->check(&m.facts, &why), BAD);
		assert_string_equal(why.p, cases[i][1]);
		buf_fini(&why);
		drop(&m);
	}
}

static void
our_own_signature_counts(void **state)
{
	struct message m;

	(void)state;
	make(&m, FROM CLICK, "", 0);
	m.facts.sig[m.facts.n_sig++] = (struct rule_signature) {
		.domain = STR("example.com"), .selector = STR(""), .ours = true
	};
	assert_verdict(&m, RULE_DKIM, OK, "ours");
	assert_verdict(&m, RULE_ALIGNED, OK, "ours");
	assert_verdict(&m, RULE_ONE_CLICK_SIGNED, OK, "ours");
	m.facts.sig[0].ed25519 = true;
	assert_verdict(&m, RULE_DKIM, BAD, "ours, Ed25519");
	hdr_first(&m.hdr, STR("List-Unsubscribe"))->no_sign = true;
	assert_verdict(&m, RULE_ONE_CLICK_SIGNED, BAD, "left out");
	drop(&m);
}

static void
removed_fields_are_gone_and_added_ones_are_there(void **state)
{
	struct message m;

	(void)state;
	make(&m, FROM FROM, "", 0);
	assert_verdict(&m, RULE_FROM, BAD, "two");
	hdr_remove(hdr_first(&m.hdr, STR("From")));
	assert_verdict(&m, RULE_FROM, OK, "one removed");
	assert_verdict(&m, RULE_TO, BAD, "none");
	assert_int_equal(hdr_append(&m.hdr, STR("To"), STR(" a@b")), 0);
	assert_verdict(&m, RULE_TO, OK, "added");
	drop(&m);
}

static void
what_the_sender_may_write_is_not_held_against_him(void **state)
{
	struct message m;

	(void)state;
	make(&m, "Subject: \xc3\xbc\n", "", 0);
	m.envelope.args = STR("BODY=8BITMIME SMTPUTF8");
	assert_verdict(&m, RULE_HEADER_8BIT, NA, "SMTPUTF8");
	drop(&m);
}

static void
a_nul_in_the_header_is_one(void **state)
{
	struct message m;

	(void)state;
	make(&m, FROM, "", 0);
	assert_verdict(&m, RULE_NUL, OK, "none");
	assert_int_equal(hdr_receive(&m.hdr, STR("Subject"), STR(" a\0b")), 0);
	assert_verdict(&m, RULE_NUL, BAD, "one");
	assert_verdict(&m, RULE_CONTROL, OK, "one");
	drop(&m);
}

static void
transactional_mail_needs_no_way_out(void **state)
{
	struct message m;

	(void)state;
	make(&m, FROM, "Receipt\r\n", 9);
	m.facts.transactional = true;
	assert_verdict(&m, RULE_LIST_UNSUBSCRIBE, NA, "");
	assert_verdict(&m, RULE_ONE_CLICK, NA, "");
	assert_verdict(&m, RULE_LINK, NA, "");
	drop(&m);
}

static bool
somebody_asks(const struct rule *r)
{
	for (size_t p = 0; p < RULE_PROVIDERS; p++)
		if (r->demand[p] != RULE_NOT_ASKED)
			return true;
	return false;
}

static void
each_row_is_whole(void **state)
{
	char counter[64];

	(void)state;
	for (size_t i = 0; i < RULES; i++) {
		const struct rule *r = rule_at(i);

		assert_int_equal(rule_find(str_of(r->id)), i);
		snprintf(counter, sizeof(counter), "rule:%s:fail", r->id);
		assert_string_equal(rule_counter(i), counter);
		assert_true(strlen(r->title) > 0 && strlen(r->reference) > 0);
		assert_true(strlen(r->cure) > 0 && strlen(r->cure) < 200);
		assert_non_null(r->check);
		assert_true(somebody_asks(r));
	}
	assert_int_equal(rule_find(STR("One-Click")), RULES);
	assert_int_equal(rule_find(STR("")), RULES);
}

static void
act(struct rule_actions *a, enum rule_index i, enum rule_action what)
{
	a->of[i] = (uint8_t)what;
}

static void
the_strongest_action_is_taken(void **state)
{
	struct rule_actions top = { { 0 } }, stream = { { 0 } };
	uint64_t both = (uint64_t)1 << RULE_DATE | (uint64_t)1 << RULE_TO;

	(void)state;
	assert_int_equal(rule_worst(both, &top, NULL), RULES);
	act(&top, RULE_TO, RULE_WARN);
	assert_int_equal(rule_worst(both, &top, NULL), RULE_TO);
	act(&top, RULE_DATE, RULE_REJECT);
	assert_int_equal(rule_worst(both, &top, NULL), RULE_DATE);
	act(&top, RULE_TO, RULE_HOLD);
	assert_int_equal(rule_worst(both, &top, &stream), RULE_DATE);
	act(&stream, RULE_DATE, RULE_COUNT);
	assert_int_equal(rule_worst(both, &top, &stream), RULE_TO);
	assert_int_equal(rule_worst(0, &top, &stream), RULES);
	assert_int_equal(rule_action(&top, &stream, RULE_FROM), RULE_COUNT);
}

/* Where no rule needs it a body is not looked at: then none may ask. */
static void
only_some_rules_need_a_look_at_the_body(void **state)
{
	struct rule_actions top = { { 0 } }, stream = { { 0 } };
	struct message m;

	(void)state;
	assert_true(rule_on(&top, NULL) == ((uint64_t)1 << RULES) - 1);
	assert_true(rule_looks(rule_on(&top, NULL)));
	make(&m, FROM CLICK "Content-Type: text/html\n", "<p>\xfc\r\n", 6);
	m.facts.look = NULL;
	rule_facts_finish(&m.facts);
	for (size_t i = 0; i < RULES; i++) {
		if (rule_looks((uint64_t)1 << i))
			act(&stream, (enum rule_index)i, RULE_OFF);
		else
			(void)rule_at(i)->check(&m.facts, NULL);
	}
	assert_false(rule_looks(rule_on(&top, &stream)));
	assert_true(rule_on(&top, &stream) != 0);
	act(&stream, RULE_CLIP, RULE_WARN);
	assert_true(rule_looks(rule_on(&top, &stream)));
	drop(&m);
}

static void
what_is_off_is_not_run_and_all_else_is_counted(void **state)
{
	struct conf c = { .file = NULL };
	struct conf_stream stream = { .name = NULL };
	struct decision d = { .verdict = DECIDE_ACCEPT };
	struct tally_delta delta = { .when = 0 };
	struct inspection in;
	struct message m;

	(void)state;
	make(&m, FROM "Date: x\n", "a\r\n", 3);
	rule_facts_finish(&m.facts);
	act(&c.inspect, RULE_TO, RULE_OFF);
	act(&stream.inspect, RULE_DATE, RULE_TEMPFAIL);
	inspect_run(&m.facts, &c, NULL, &in);
	assert_true(in.failed >> RULE_DATE & 1);
	assert_false(in.failed >> RULE_TO & 1);
	assert_null(in.rule);
	inspect_decide(&in, &d);
	assert_int_equal(d.verdict, DECIDE_ACCEPT);
	inspect_count(&in, &delta);
	assert_int_equal(delta.n[TALLY_INSPECTED], 1);
	assert_int_equal(delta.n[TALLY_RULES + RULE_DATE], 1);
	assert_int_equal(delta.n[TALLY_RULES + RULE_TO], 0);
	inspect_run(&m.facts, &c, &stream, &in);
	inspect_decide(&in, &d);
	assert_int_equal(d.verdict, DECIDE_TEMPFAIL);
	assert_string_equal(d.why, "date");
	assert_string_equal(d.reply.xcode, "4.7.1");
	drop(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_of_the_header_hold),
		cmocka_unit_test(rules_of_the_body_hold),
		cmocka_unit_test(limits_are_where_they_are_said_to_be),
		cmocka_unit_test(
		    envelope_and_recipients_are_looked_at_where_they_are_known),
		cmocka_unit_test(a_list_without_commas_is_called_so),
		cmocka_unit_test(our_own_signature_counts),
		cmocka_unit_test(removed_fields_are_gone_and_added_ones_are_there),
		cmocka_unit_test(what_the_sender_may_write_is_not_held_against_him),
		cmocka_unit_test(a_nul_in_the_header_is_one),
		cmocka_unit_test(transactional_mail_needs_no_way_out),
		cmocka_unit_test(each_row_is_whole),
		cmocka_unit_test(the_strongest_action_is_taken),
		cmocka_unit_test(only_some_rules_need_a_look_at_the_body),
		cmocka_unit_test(what_is_off_is_not_run_and_all_else_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
