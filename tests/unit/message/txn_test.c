/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * txn_test.c - messages from MAIL to their end: what the signer is fed, what is
 * planned, what is counted and logged.  The signer and the sink are recorders behind
 * the core's own ports.
 */
#include "message/txn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool malloc_fails;

static void *
test_alloc(size_t size)
{
	return malloc_fails ? NULL : malloc(size);
}

#define malloc(size) test_alloc(size)
#include "text/arena.c"
#undef malloc

#include "../lib/conf_from.h"

#define MAX ((size_t)1024 * 1024)

/* What the signer was fed, and how it shall behave. */
struct recorder {
	struct buf fields, body;
	bool refuse_begin, refuse_body;
	size_t fail;    /* so many signatures fail at the end */
	size_t ed25519; /* so many are, the last ones */
	unsigned skips;
	int open; /* signings not freed */
	/* The sink's last delta. */
	int puts;
	struct tally_delta delta;
};

struct signing {
	struct recorder *r;
	const struct conf_domain *domain;
	size_t n;
};

static struct signing *
begin(void *self, const struct conf_domain *d, unsigned skips, char *err, size_t errlen)
{
	struct recorder *r = self;
	struct signing *g;

	if (r->refuse_begin) {
		snprintf(err, errlen, "no begin");
		return NULL;
	}
	g = calloc(1, sizeof *g);
	assert_non_null(g);
	*g = (struct signing) { r, d, conf_domain_signatures(d) };
	r->skips = skips;
	r->open++;
	buf_reset(&r->fields);
	buf_reset(&r->body);
	return g;
}

static int
field(struct signing *g, struct str name, struct str value)
{
	buf_addf(&g->r->fields, "%.*s:%.*s|", (int)name.len, name.p, (int)value.len,
	    value.p);
	return 0;
}

static int
end_fields(struct signing *g)
{
	buf_adds(&g->r->fields, ".");
	return 0;
}

static int
body(struct signing *g, const void *p, size_t n)
{
	buf_add(&g->r->body, p, n);
	return g->r->refuse_body ? -1 : 0;
}

static size_t
end(struct signing *g, size_t *n, char *err, size_t errlen)
{
	*n = g->n;
	if (g->r->fail > 0)
		snprintf(err, errlen, "no end");
	return g->r->fail;
}

static struct sign_made
signature(const struct signing *g, size_t i)
{
	static const struct str values[] = { STR(" sig-0"), STR(" sig-1") };
	static const struct str selectors[] = { STR("r1"), STR("e1") };

	return (struct sign_made) { i < g->r->fail ? STR("") : values[i],
		str_of(g->domain->name), selectors[i], i + g->r->ed25519 >= g->n };
}

static void
free_signing(struct signing *g)
{
	if (g == NULL)
		return;
	g->r->open--;
	free(g);
}

static int
put(void *self, const struct tally_delta *d)
{
	struct recorder *r = self;

	r->puts++;
	r->delta = *d;
	return 0;
}

struct fixture {
	struct conf conf;
	struct crypto_mac *rcpt_mac;
	struct recorder r;
	struct sign_port port;
	struct txn *txn;
	struct buf line;
	enum client_class client;
};

#define DOMAIN                                                                         \
 "domain \"example.com\" {\n"                                                          \
 "  key { selector = r1 file = /nowhere }\n"                                           \
 "  key { selector = e1 file = /elsewhere } }\n"

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct txn_env env = { 0 };

	assert_non_null(f);
	f->conf = conf_from(DOMAIN);
	buf_init(&f->r.fields, MAX);
	buf_init(&f->r.body, MAX);
	buf_init(&f->line, MAX);
	f->port = (struct sign_port) { begin, field, end_fields, body, end, signature,
		free_signing, &f->r };
	f->rcpt_mac = crypto_mac_new("key", 3);
	env.rcpt_mac = f->rcpt_mac;
	env.sink = (struct tally_sink) { put, &f->r };
	f->txn = txn_new(&env);
	f->client = CLIENT_NETWORK;
	*state = f;
	return f->txn == NULL || f->rcpt_mac == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	txn_free(f->txn);
	crypto_mac_free(f->rcpt_mac);
	assert_int_equal(f->r.open, 0);
	buf_fini(&f->r.fields);
	buf_fini(&f->r.body);
	buf_fini(&f->line);
	conf_fini(&f->conf);
	free(f);
	return 0;
}

static void
mail(struct fixture *f)
{
	struct txn_start s = {
		.conf = &f->conf,
		.port = &f->port,
		.envelope = { .client = f->client,
		    .host = STR("mail.example.com"),
		    .sender = STR("<b@bounce.example.com>") },
	};

	assert_int_equal(txn_begin(f->txn, &s), 0);
}

static void
head(struct fixture *f, const char *from)
{
	txn_field(f->txn, STR("Received"), STR(" from app by other.example"));
	txn_field(f->txn, STR("From"), str_of(from));
	txn_field(f->txn, STR("Date"), STR(" d"));
	txn_field(f->txn, STR("Message-ID"), STR(" <i>"));
	txn_field(f->txn, STR("X-Campaign"), STR(" Spring Sale"));
	txn_field(f->txn, STR("Subject"), STR(" one\n\ttwo"));
	txn_end_fields(f->txn, STR("4X1"), 1795489200, STR("n"));
}

/* A whole message with one recipient; the verdict. */
static enum decide_verdict
message(struct fixture *f, const char *from, const char *text)
{
	const struct txn_outcome *o;
	enum decide_verdict v;

	mail(f);
	txn_rcpt(f->txn, STR("<Bob@Gmail.com>"));
	head(f, from);
	txn_body(f->txn, text, strlen(text));
	o = txn_end(f->txn, STR("4X1"));
	v = o->verdict;
	buf_reset(&f->line);
	txn_commit(f->txn, true, &f->line);
	assert_false(txn_active(f->txn));
	return v;
}

static void
the_signer_gets_the_header_as_it_will_leave(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(message(f, " a@example.com", "hello\r\n"), DECIDE_ACCEPT);
	assert_string_equal(f->r.fields.p,
	    "From: a@example.com|Date: d|Message-ID: <i>|Subject: one\n\ttwo|.");
	assert_string_equal(f->r.body.p, "hello\r\n");
	assert_int_equal(f->r.skips, 0);
}

static void
the_plan_deletes_commands_and_puts_signatures_on_top(void **state)
{
	struct fixture *f = *state;
	const struct txn_outcome *o;

	mail(f);
	txn_rcpt(f->txn, STR("<a@b.example>"));
	head(f, " a@example.com");
	o = txn_end(f->txn, STR(""));
	assert_int_equal(o->plan.n, 3);
	assert_int_equal(o->plan.v[0].kind, PLAN_DELETE);
	assert_string_equal(o->plan.v[0].name.p, "X-Campaign");
	assert_int_equal(o->plan.v[1].kind, PLAN_INSERT);
	assert_string_equal(o->plan.v[1].value.p, " sig-1");
	assert_string_equal(o->plan.v[2].value.p, " sig-0");
	txn_commit(f->txn, true, &f->line);
}

static void
a_last_line_gets_its_line_end(void **state)
{
	static const char *const cases[][2] = { { "", "" }, { "x", "x\r\n" },
		{ "x\r\n", "x\r\n" }, { "x\r\n\r\n", "x\r\n\r\n" }, { " ", " \r\n" } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		message(f, " a@example.com", cases[i][0]);
		assert_string_equal(f->r.body.p, cases[i][1]);
	}
}

static void
an_accepted_message_is_counted_once(void **state)
{
	struct fixture *f = *state;
	const struct tally_delta *d = &f->r.delta;
	uint8_t mac[32];

	message(f, " a@example.com", "hello\r\n");
	assert_int_equal(f->r.puts, 1);
	assert_string_equal(d->campaign.name, "spring-sale");
	assert_int_equal(d->when, 1795489200);
	assert_int_equal(d->n[TALLY_MESSAGES], 1);
	assert_int_equal(d->n[TALLY_RECIPIENTS], 1);
	assert_int_equal(d->n[TALLY_SIGNED], 1);
	assert_int_equal(d->n[TALLY_UNSIGNED], 0);
	assert_int_equal(d->n[TALLY_REJECTED] + d->n[TALLY_TEMPFAILED], 0);
	assert_int_equal(d->n[TALLY_SIGN_FAILED], 0);
	assert_int_equal(d->n[TALLY_PROVIDER(PROVIDER_GMAIL)], 1);
	assert_int_equal(d->n[TALLY_BYTES],
	    strlen("Received: from app by other.example\r\nFrom: a@example.com\r\n"
		   "Date: d\r\nMessage-ID: <i>\r\nX-Campaign: Spring Sale\r\n"
		   "Subject: one\r\n\ttwo\r\n\r\nhello\r\n"));
	assert_int_equal(d->n_rcpt, 1);
	/* Hashed in lower case, without brackets. */
	crypto_mac(f->rcpt_mac, "bob@gmail.com", strlen("bob@gmail.com"), mac);
	assert_memory_equal(d->rcpt[0], mac, HLL_ELEMENT_BYTES);
	assert_string_equal(f->line.p,
	    "4X1: accepted campaign=spring-sale stream=none from_domain=example.com "
	    "rcpts=1 "
	    "bytes=138 signed=example.com/r1,example.com/e1 "
	    "rules=date,message-id,to,list-unsubscribe,one-click,unsubscribe-link");
}

static void
ed25519_alone_is_found_out_of_our_own_signatures(void **state)
{
	struct fixture *f = *state;

	for (f->r.ed25519 = 0; f->r.ed25519 <= 2; f->r.ed25519++) {
		message(f, " a@example.com", "hello\r\n");
		assert_int_equal(f->r.delta.n[TALLY_SIGNED], 1);
		assert_int_equal(strstr(f->line.p, ",dkim") != NULL, f->r.ed25519 == 2);
	}
}

static void
an_unknown_domain_goes_unsigned_and_is_counted(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(message(f, " a@other.example", "x"), DECIDE_ACCEPT);
	assert_int_equal(f->r.delta.n[TALLY_MESSAGES], 1);
	assert_int_equal(f->r.delta.n[TALLY_UNSIGNED], 1);
	assert_int_equal(f->r.delta.n[TALLY_SIGNED], 0);
	assert_non_null(strstr(f->line.p, "signed=no reason=no-domain"));
}

static void
a_failed_signature_delays_or_goes_without(void **state)
{
	struct fixture *f = *state;

	f->r.fail = 1;
	assert_int_equal(message(f, " a@example.com", "x"), DECIDE_TEMPFAIL);
	assert_int_equal(f->r.delta.n[TALLY_SIGN_FAILED], 1);
	assert_int_equal(f->r.delta.n[TALLY_TEMPFAILED], 1);
	assert_int_equal(f->r.delta.n[TALLY_MESSAGES], 0);
	assert_non_null(strstr(f->line.p, "tempfailed campaign=spring-sale"));
	f->conf.on_sign_failure = CONF_SIGN_ACCEPT;
	assert_int_equal(message(f, " a@example.com", "x"), DECIDE_ACCEPT);
	assert_int_equal(f->r.delta.n[TALLY_SIGN_FAILED], 1);
	assert_int_equal(f->r.delta.n[TALLY_MESSAGES], 1);
	assert_int_equal(f->r.delta.n[TALLY_UNSIGNED], 1);
	assert_non_null(strstr(f->line.p, "signed=example.com/e1"));
}

static void
a_signer_that_gives_up_early_fails_every_signature(void **state)
{
	struct fixture *f = *state;

	f->r.refuse_body = true;
	assert_int_equal(message(f, " a@example.com", "x"), DECIDE_TEMPFAIL);
	assert_int_equal(f->r.delta.n[TALLY_SIGN_FAILED], 2);
	f->r.refuse_body = false;
	f->r.refuse_begin = true;
	f->conf.on_sign_failure = CONF_SIGN_ACCEPT;
	assert_int_equal(message(f, " a@example.com", "x"), DECIDE_ACCEPT);
	assert_int_equal(f->r.delta.n[TALLY_SIGN_FAILED], 2);
	assert_non_null(strstr(f->line.p, "signed=no"));
}

static size_t
cfbl_edits(struct fixture *f)
{
	const struct txn_outcome *o;
	size_t n = 0;

	mail(f);
	txn_rcpt(f->txn, STR("<b@example.net>"));
	head(f, " a@example.com");
	o = txn_end(f->txn, STR("4X1"));
	assert_int_equal(o->verdict, DECIDE_ACCEPT);
	for (size_t i = 0; i < o->plan.n; i++)
		n += str_caseeq(o->plan.v[i].name, STR("CFBL-Address")) ? 1 : 0;
	txn_abort(f->txn);
	return n;
}

static void
what_wants_a_signature_goes_with_the_last_one(void **state)
{
	struct fixture *f = *state;

	conf_fini(&f->conf);
	f->conf = conf_from(DOMAIN "on_sign_failure = accept\n"
				   "stream all { cfbl_address = \"fbl@example.com\" }");
	assert_int_equal(cfbl_edits(f), 1);
	/* The one that is left was made over the field. */
	f->r.fail = 1;
	assert_int_equal(cfbl_edits(f), 1);
	f->r.fail = 2;
	assert_int_equal(cfbl_edits(f), 0);
	f->r.fail = 0;
	f->r.refuse_begin = true;
	assert_int_equal(cfbl_edits(f), 0);
}

static void
a_refused_message_counts_as_an_attempt(void **state)
{
	struct fixture *f = *state;
	char text[1100];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(message(f, " a@example.com", text), DECIDE_REJECT);
	assert_int_equal(f->r.delta.n[TALLY_REJECTED], 1);
	assert_int_equal(f->r.delta.n[TALLY_MESSAGES], 0);
	assert_int_equal(f->r.delta.n[TALLY_BYTES], 0);
	assert_int_equal(f->r.delta.n_rcpt, 0);
	assert_non_null(strstr(f->line.p, "rejected campaign=spring-sale"));
	assert_non_null(strstr(f->line.p, "reason=long-body-line"));
}

static void
edits_the_mta_refused_make_a_tempfail(void **state)
{
	struct fixture *f = *state;

	mail(f);
	head(f, " a@example.com");
	assert_int_equal(txn_end(f->txn, STR("4X1"))->verdict, DECIDE_ACCEPT);
	txn_commit(f->txn, false, &f->line);
	assert_int_equal(f->r.delta.n[TALLY_TEMPFAILED], 1);
	assert_int_equal(f->r.delta.n[TALLY_MESSAGES], 0);
}

static void
aborted_messages_leave_no_trace(void **state)
{
	struct fixture *f = *state;

	mail(f);
	txn_abort(f->txn);
	mail(f);
	txn_rcpt(f->txn, STR("<a@b.example>"));
	txn_abort(f->txn);
	mail(f);
	head(f, " a@example.com");
	txn_body(f->txn, "x", 1);
	txn_abort(f->txn);
	assert_int_equal(f->r.puts, 0);
	assert_int_equal(f->r.open, 0);
	message(f, " a@example.com", "hello\r\n");
	assert_int_equal(f->r.delta.n[TALLY_RECIPIENTS], 1);
	assert_string_equal(f->r.body.p, "hello\r\n");
}

static void
a_new_mail_drops_the_message_before(void **state)
{
	struct fixture *f = *state;

	mail(f);
	txn_rcpt(f->txn, STR("<a@b.example>"));
	head(f, " a@example.com");
	txn_body(f->txn, "lost", 4);
	message(f, " a@example.com", "kept\r\n");
	assert_int_equal(f->r.puts, 1);
	assert_int_equal(f->r.delta.n[TALLY_RECIPIENTS], 1);
	assert_string_equal(f->r.body.p, "kept\r\n");
}

static void
calls_out_of_order_do_nothing(void **state)
{
	struct fixture *f = *state;

	txn_rcpt(f->txn, STR("<a@b.example>"));
	txn_field(f->txn, STR("From"), STR(" a@example.com"));
	txn_end_fields(f->txn, STR(""), 0, STR("n"));
	txn_body(f->txn, "x", 1);
	assert_int_equal(txn_end(f->txn, STR(""))->verdict, DECIDE_PASS);
	txn_commit(f->txn, true, &f->line);
	assert_int_equal(f->r.puts, 0);
	assert_int_equal(f->line.len, 0);
	mail(f);
	assert_int_equal(txn_end(f->txn, STR(""))->verdict, DECIDE_TEMPFAIL);
	txn_commit(f->txn, true, &f->line);
	assert_int_equal(f->r.puts, 1);
	assert_int_equal(f->r.delta.n[TALLY_TEMPFAILED], 1);
}

static void
mail_that_is_not_ours_is_neither_counted_nor_signed(void **state)
{
	struct fixture *f = *state;

	f->client = CLIENT_STRANGER;
	assert_int_equal(message(f, " a@example.com", "x"), DECIDE_PASS);
	assert_int_equal(f->r.puts, 0);
	assert_int_equal(f->line.len, 0);
	f->client = CLIENT_AUTH;
	assert_int_equal(message(f, " a@example.com", "x"), DECIDE_PASS);
	assert_int_equal(f->r.puts, 0);
	assert_non_null(strstr(f->line.p, "4X1: passed"));
	assert_non_null(strstr(f->line.p, "reason=user-not-allowed"));
}

static void
a_header_without_bound_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct txn_outcome *o;

	mail(f);
	txn_field(f->txn, STR("From"), STR(" a@example.com"));
	for (int i = 0; i < HDR_FIELDS_MAX + 500; i++)
		txn_field(f->txn, STR("X-Filler"), STR(" y"));
	txn_end_fields(f->txn, STR("4X1"), 1795489200, STR("n"));
	o = txn_end(f->txn, STR("4X1"));
	assert_int_equal(o->verdict, DECIDE_REJECT);
	txn_commit(f->txn, true, &f->line);
	assert_non_null(strstr(f->line.p, "reason=header-too-large"));
}

/* Good mail that finds no memory comes again; it is not sent back. */
static void
a_header_without_memory_is_put_off(void **state)
{
	struct fixture *f = *state;
	char value[60000];
	const struct txn_outcome *o;

	memset(value, 'y', sizeof value);
	mail(f);
	txn_field(f->txn, STR("From"), STR(" a@example.com"));
	malloc_fails = true;
	txn_field(f->txn, STR("X-Filler"), str_make(value, sizeof value));
	malloc_fails = false;
	txn_end_fields(f->txn, STR("4X1"), 1795489200, STR("n"));
	o = txn_end(f->txn, STR("4X1"));
	assert_int_equal(o->verdict, DECIDE_TEMPFAIL);
	txn_commit(f->txn, true, &f->line);
	assert_non_null(strstr(f->line.p, "reason=memory"));
}

static void
the_envelope_keeps_nothing_of_the_callers(void **state)
{
	struct fixture *f = *state;
	char id[] = "4X1", nonce[] = "n";
	const struct envelope *e = txn_envelope(f->txn);

	mail(f);
	txn_field(f->txn, STR("From"), STR(" a@example.com"));
	txn_end_fields(f->txn, str_of(id), 1795489200, str_of(nonce));
	id[0] = nonce[0] = '?';
	assert_string_equal(e->queue_id.p, "4X1");
	assert_string_equal(e->nonce.p, "");
}

static void
thousands_of_recipients_are_counted_and_bounded(void **state)
{
	struct fixture *f = *state;

	mail(f);
	for (int i = 0; i < TXN_RCPT_HASHED_MAX + 10; i++)
		txn_rcpt(f->txn, STR("<a@b.example>"));
	head(f, " a@example.com");
	txn_end(f->txn, STR("4X1"));
	txn_commit(f->txn, true, &f->line);
	assert_int_equal(f->r.delta.n[TALLY_RECIPIENTS], TXN_RCPT_HASHED_MAX + 10);
	assert_int_equal(f->r.delta.n_rcpt, TXN_RCPT_HASHED_MAX);
}

#define FIXED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXED(the_signer_gets_the_header_as_it_will_leave),
		FIXED(the_plan_deletes_commands_and_puts_signatures_on_top),
		FIXED(a_last_line_gets_its_line_end),
		FIXED(an_accepted_message_is_counted_once),
		FIXED(ed25519_alone_is_found_out_of_our_own_signatures),
		FIXED(an_unknown_domain_goes_unsigned_and_is_counted),
		FIXED(a_failed_signature_delays_or_goes_without),
		FIXED(a_signer_that_gives_up_early_fails_every_signature),
		FIXED(what_wants_a_signature_goes_with_the_last_one),
		FIXED(a_refused_message_counts_as_an_attempt),
		FIXED(edits_the_mta_refused_make_a_tempfail),
		FIXED(aborted_messages_leave_no_trace),
		FIXED(a_new_mail_drops_the_message_before),
		FIXED(calls_out_of_order_do_nothing),
		FIXED(mail_that_is_not_ours_is_neither_counted_nor_signed),
		FIXED(a_header_without_bound_is_refused),
		FIXED(a_header_without_memory_is_put_off),
		FIXED(the_envelope_keeps_nothing_of_the_callers),
		FIXED(thousands_of_recipients_are_counted_and_bounded),
	};

	return cmocka_run_group_tests_name("txn", tests, NULL, NULL);
}
