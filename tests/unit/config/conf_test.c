/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_test.c - defaults, look-ups, checks of single values, contradictions, advice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "campaign/camp.h"
#include "config/conf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct conf_domain *
add_domain(struct conf *c, const char *name, bool subdomains)
{
	struct conf_domain *d;

	c->domains = reallocarray(c->domains, c->n_domains + 1, sizeof(*c->domains));
	d = &c->domains[c->n_domains++];
	*d = (struct conf_domain) { .header_canon = CONF_CANON_RELAXED,
		.body_canon = CONF_CANON_RELAXED,
		.subdomains = subdomains };
	d->name = strdup(name);
	d->keys = calloc(1, sizeof(*d->keys));
	d->keys[d->n_keys++] =
	    (struct conf_key) { .selector = strdup("s1"), .file = strdup("/k") };
	return d;
}

static struct conf_stream *
add_stream(struct conf *c, const char *name)
{
	struct conf_stream *s;

	c->streams = reallocarray(c->streams, c->n_streams + 1, sizeof(*c->streams));
	s = &c->streams[c->n_streams++];
	*s = (struct conf_stream) { .name = strdup(name) };
	return s;
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct conf c;
	char err[256], net[64];
	size_t n;
	const struct source *sources = source_table(&n);

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	assert_string_equal(c.listen, "unix:/run/metermark/milter.sock");
	assert_string_equal(c.redis, "redis://127.0.0.1:6379/0");
	assert_string_equal(c.key_prefix, "metermark");
	assert_string_equal(c.user, "metermark");
	assert_string_equal(c.group, "");
	assert_string_equal(c.state_dir, "/var/lib/metermark");
	assert_string_equal(c.recipient_key_file, "");
	assert_string_equal(c.campaign.default_name, "none");
	assert_int_equal(c.campaign.max, 10000);
	assert_int_equal(c.flush_interval_ms, 1000);
	assert_int_equal(c.drain_s, 30);
	assert_int_equal(c.journal_sync, CONF_SYNC_INTERVAL);
	assert_int_equal(c.journal_max_mb, 256);
	assert_int_equal(c.retain_s, 900);
	assert_int_equal(c.retain_mb, 16);
	assert_int_equal(c.line_length_limit, -1);
	assert_int_equal(c.log_level, CONF_LOG_INFO);
	assert_false(c.allow_tcp);
	assert_true(c.outbound.authenticated);
	assert_false(c.outbound.reinjected);
	assert_int_equal(c.outbound.n_networks, 2);
	cidr_format(&c.outbound.networks[0], net, sizeof(net));
	assert_string_equal(net, "127.0.0.0/8");
	cidr_format(&c.outbound.networks[1], net, sizeof(net));
	assert_string_equal(net, "::1/128");
	assert_int_equal(c.campaign.sources.n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(c.campaign.sources.v[i], sources[i].id);
	assert_int_equal(conf_finish(&c, err, sizeof(err)), 0);
	assert_null(conf_domain_for(&c, STR("example.com")));
	conf_fini(&c);
	conf_fini(&c);
}

static void
the_nearest_domain_signs(void **state)
{
	static const struct {
		const char *from, *domain;
	} cases[] = {
		{ "example.com", "example.com" },
		{ "a.example.com", "example.com" },
		{ "a.b.c.example.com", "example.com" },
		{ "news.example.com", "news.example.com" },
		/* news has no subdomains of its own, but example.com covers them. */
		{ "a.news.example.com", "example.com" },
		{ "deep.news.example.com", "deep.news.example.com" },
		{ "x.deep.news.example.com", "deep.news.example.com" },
		{ "example.net", "example.net" },
		{ "a.example.net", NULL },
		{ "notexample.com", NULL },
		{ "com", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ "..", NULL },
		{ ".example.com", "example.com" },
		{ "example.com.", NULL },
		{ "example.com.evil.org", NULL },
	};
	struct conf c;
	char err[256];

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	add_domain(&c, "news.example.com", false);
	add_domain(&c, "example.com", true);
	add_domain(&c, "deep.news.example.com", true);
	add_domain(&c, "example.net", false);
	assert_int_equal(conf_finish(&c, err, sizeof(err)), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct conf_domain *d =
		    conf_domain_for(&c, str_of(cases[i].from));

		if (cases[i].domain == NULL
			? d != NULL
			: d == NULL || strcmp(d->name, cases[i].domain) != 0)
			fail_msg("%s: %s", cases[i].from, d ? d->name : "none");
	}
	for (size_t i = 0; i < c.n_domains; i++)
		assert_int_equal(c.domains[i].id, i);
	conf_fini(&c);
}

/* One look-up a millisecond would be 4 s here. */
static void
look_ups_stay_quick_with_many_domains(void **state)
{
	struct conf c;
	char err[256], name[64];

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	for (int i = 0; i < 4000; i++) {
		snprintf(name, sizeof(name), "d%d.example.org", i * 7919 % 4003);
		add_domain(&c, name, true);
	}
	assert_int_equal(conf_finish(&c, err, sizeof(err)), 0);
	for (int i = 0; i < 4000; i++) {
		const struct conf_domain *d;

		snprintf(name, sizeof(name), "x.y.d%d.example.org", i * 7919 % 4003);
		d = conf_domain_for(&c, str_of(name));
		assert_non_null(d);
		assert_int_equal(d->id, i);
	}
	conf_fini(&c);
}

static void
identities_are_allowed_by_name_or_star(void **state)
{
	struct conf c;
	struct conf_domain *d;

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	d = add_domain(&c, "example.com", false);
	assert_false(conf_domain_allows(d, STR("shop")));
	assert_int_equal(conf_list_add(&d->users, "shop"), 0);
	assert_int_equal(conf_list_add(&d->users, "crm@example.com"), 0);
	assert_true(conf_domain_allows(d, STR("shop")));
	assert_true(conf_domain_allows(d, STR("Shop")));
	assert_true(conf_domain_allows(d, STR("crm@EXAMPLE.com")));
	assert_false(conf_domain_allows(d, STR("shop2")));
	assert_false(conf_domain_allows(d, STR("sho")));
	assert_false(conf_domain_allows(d, STR("")));
	assert_false(conf_domain_allows(d, STR("*")));
	assert_int_equal(conf_list_add(&d->users, "*"), 0);
	assert_true(conf_domain_allows(d, STR("anyone")));
	assert_false(conf_domain_allows(d, STR("")));
	conf_fini(&c);
}

static void
lists_match_by_pattern_and_hold_exactly(void **state)
{
	struct conf_list l = { 0 };

	(void)state;
	assert_false(conf_list_match(&l, STR("")));
	assert_int_equal(conf_list_add(&l, "news-*"), 0);
	assert_int_equal(conf_list_add(&l, "offer"), 0);
	assert_true(conf_list_match(&l, STR("NEWS-1")));
	assert_true(conf_list_match(&l, STR("offer")));
	assert_false(conf_list_match(&l, STR("offers")));
	assert_false(conf_list_has(&l, STR("news-1")));
	assert_true(conf_list_has(&l, STR("News-*")));
	conf_list_fini(&l);
	assert_int_equal(l.n, 0);
}

static int
check_listen(const char *text, char *err, size_t errlen)
{
	bool tcp;

	return conf_check_listen(text, &tcp, err, errlen);
}

#define LONG_LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static void
single_values_are_checked(void **state)
{
	static const struct {
		int (*check)(const char *, char *, size_t);
		const char *good[12], *bad[20];
	} checks[] = {
		{ check_listen,
		    { "unix:/run/metermark/milter.sock", "local:/a",
			"inet:8891@127.0.0.1", "inet6:8891@::1", "inet6:1@[::1]",
			"inet:65535@localhost" },
		    { "", "unix:", "unix:/", "unix:a", "unix:/a/", "unix:/a b",
			"/run/x", "inet:8891", "inet:0@h", "inet:65536@h", "inet:@h",
			"inet:1@", "inet:x@h", "fd:3", "tcp:1@h", "UNIX:/a",
			"inet:1@a b" } },
		{ conf_check_domain_name,
		    { "example.com", "EXAMPLE.com", "xn--bcher-kva.example", "a.b.c.d",
			"_dmarc.example.com", LONG_LABEL ".org" },
		    { "", "com", ".com", "example.com.", "a..b", "a b.com", "a@b.com",
			"b\xc3\xbc"
			"cher.example",
			LONG_LABEL "l.org", "1.2.3.4", "*.example.com",
			"-a.example.com", "a-.example.com" } },
		{ conf_check_selector,
		    { "r2026", "a.b", "a_b", "s-1", "2026", LONG_LABEL },
		    { "", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a b", "a;b",
			"a/b", "a=b", LONG_LABEL "l", "s\xc3\xa9" } },
		{ conf_check_path, { "/a", "/a b/c", "/\xc3\xa9" },
		    { "", "/", "a", "./a", "~/a", "/a\nb", "/a\x7f" } },
		{ conf_check_account, { "metermark", "root", "a.b-c_d" },
		    { "", "-a", "a b", "a:b", "a/b",
			"abcdefghijklmnopqrstuvwxyzabcdefg" } },
		{ conf_check_field_name, { "X-Mailer", "a", "X_1!" },
		    { "", "A:", "A B", "A;B", "A\n", "\xc3\xa9",
			LONG_LABEL "abcdefghijklmn" } },
		{ conf_check_stream_name, { "marketing", "a", "0.b_c-d" },
		    { "", "A", "a b", "-a", "_a", ".a", "a:b", "{a}",
			"abcdefghijklmnopqrstuvwxyzabcdefg" } },
		{ conf_check_key_prefix, { "metermark", "a:b", "M1/x" },
		    { "", "a b", "{a}", "a}", "a\n", LONG_LABEL "ab", "\xc3\xa9" } },
		{ conf_check_text, { "a", "*", "shop@example.com" },
		    { "", "a b", "a\t", "\xc3\xa9" } },
		{ conf_check_feedback_id,
		    { "a:b:c:sender", "%{campaign}:%{stream}:%{domain}:exmplco",
			":::abcde", "a:::abcdefghijklmno", "a::c:s.n_d-r",
			"%{campaign}:%{date}:c:sender" },
		    { "", "a", "a:b:c", "a:b:c:d:sender", "a:b:c:", "a:b:c:abcd",
			"a:b:c:abcdefghijklmnop", "a:b:c:%{user}", "a:b:a:sender",
			"a b:c:d:sender", ":::", "::::", "a:b:sender:sender",
			"a:b:c:send/r", "a:b:c:sender:", "%{token}:b:c:sender",
			"a:%{queue_id}:c:sender", "a:b:%{rcpt_count}:sender" } },
	};
	char err[256];

	(void)state;
	for (size_t i = 0; i < COUNT(checks); i++) {
		for (size_t k = 0; k < 12 && checks[i].good[k] != NULL; k++)
			if (checks[i].check(checks[i].good[k], err, sizeof(err)) != 0)
				fail_msg(
				    "check %zu: \"%s\": %s", i, checks[i].good[k], err);
		for (size_t k = 0; k < 20 && checks[i].bad[k] != NULL; k++) {
			err[0] = '\0';
			if (checks[i].check(checks[i].bad[k], err, sizeof(err)) == 0)
				fail_msg("check %zu: \"%s\"", i, checks[i].bad[k]);
			assert_true(err[0] != '\0');
		}
	}
}

static void
socket_paths_have_a_limit(void **state)
{
	char text[130] = "unix:/", err[256];
	bool tcp;

	(void)state;
	memset(text + 6, 'a', 106);
	assert_int_equal(conf_check_listen(text, &tcp, err, sizeof(err)), 0);
	text[112] = 'a';
	assert_int_equal(conf_check_listen(text, &tcp, err, sizeof(err)), -1);
	assert_string_equal(
	    err, "a path of at most 107 bytes, the longest a socket may have");
}

/* One letter for each edit that is allowed: a, s, r. */
static void
fields_may_be_edited_as_the_manual_says(void **state)
{
	static const struct {
		const char *name, *allowed;
	} cases[] = {
		{ "From", "" },
		{ "FROM", "" },
		{ "Sender", "a" },
		{ "Reply-To", "as" },
		{ "To", "a" },
		{ "Cc", "" },
		{ "Bcc", "r" },
		{ "Subject", "asr" },
		{ "Date", "" },
		{ "Message-ID", "" },
		{ "MIME-Version", "" },
		{ "Content-Type", "" },
		{ "content-transfer-encoding", "" },
		{ "Received", "" },
		{ "Return-Path", "r" },
		{ "Resent-From", "" },
		{ "Resent-Bcc", "r" },
		{ "DKIM-Signature", "" },
		{ "ARC-Seal", "" },
		{ "Authentication-Results", "r" },
		{ "Feedback-ID", "r" },
		{ "List-Unsubscribe", "as" },
		{ "List-Unsubscribe-Post", "" },
		{ "List-Id", "asr" },
		{ "X-Report-Abuse", "as" },
		{ "X-Abuse", "as" },
		{ "X-CSA-Complaints", "as" },
		{ "CFBL-Address", "" },
		{ "CFBL-Feedback-ID", "" },
		{ "BIMI-Indicator", "r" },
		{ "BIMI-Selector", "asr" },
		{ "X-Metermark", "" },
		{ "X-Metermark-Campaign", "" },
		{ "X-Metermarked", "asr" },
		{ "X-Campaign", "asr" },
		{ "X-Mailer", "asr" },
		{ "Precedence", "asr" },
		{ "Contents", "asr" },
	};
	static const enum conf_edit edits[] = { CONF_EDIT_ADD, CONF_EDIT_SET,
		CONF_EDIT_REMOVE };
	char err[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < 3; k++) {
			bool wanted = strchr(cases[i].allowed, "asr"[k]) != NULL;
			int rc =
			    conf_check_edit(edits[k], cases[i].name, err, sizeof(err));

			if (wanted != (rc == 0))
				fail_msg("%s %c", cases[i].name, "asr"[k]);
		}
	conf_check_edit(CONF_EDIT_REMOVE, "list-unsubscribe", err, sizeof(err));
	assert_string_equal(
	    err, "list-unsubscribe may not be removed: it is the recipient's way out");
}

static void
assert_refused(struct conf *c, const char *sentence)
{
	char err[512];

	assert_int_equal(conf_finish(c, err, sizeof(err)), -1);
	assert_string_equal(err, sentence);
	conf_fini(c);
}

static void
errors_name_file_and_line_where_they_are_known(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	add_domain(&c, "example.com", false)->line = 3;
	add_domain(&c, "Example.COM", false)->line = 9;
	assert_refused(&c,
	    "domain \"Example.COM\": found a second time, expected once: "
	    "it begins in line 3");
	assert_int_equal(conf_init(&c), 0);
	c.file = strdup("/etc/m.conf");
	add_domain(&c, "example.com", false)->line = 3;
	add_domain(&c, "Example.COM", false)->line = 9;
	assert_refused(&c,
	    "/etc/m.conf:9: domain \"Example.COM\": found a second time, "
	    "expected once: it begins in line 3");
}

static void
contradictions_are_refused(void **state)
{
	struct conf c;
	struct conf_stream *s;
	struct conf_domain *d;

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	s = add_stream(&c, "a");
	s->feedback_id = tmpl_parse("a:b:c:sender", (char[64]) { 0 }, 64);
	conf_list_add(&s->remove, "feedback-id");
	assert_refused(&c,
	    "stream \"a\": found Feedback-ID in remove and in feedback_id, expected "
	    "one "
	    "of them: feedback_id replaces all there are");

	assert_int_equal(conf_init(&c), 0);
	s = add_stream(&c, "a");
	for (int i = 0; i < 21; i++) {
		char name[16];

		snprintf(name, sizeof(name), "X-%d", i);
		conf_list_add(&s->remove, name);
	}
	assert_refused(&c, "stream \"a\": found 21 edits, expected at most 20");

	assert_int_equal(conf_init(&c), 0);
	add_stream(&c, "a");
	add_stream(&c, "a");
	assert_refused(&c,
	    "stream \"a\": found a second time, expected once: it begins in line 0");

	assert_int_equal(conf_init(&c), 0);
	d = add_domain(&c, "example.com", false);
	d->keys = reallocarray(d->keys, 2, sizeof(*d->keys));
	d->keys[d->n_keys++] =
	    (struct conf_key) { .selector = strdup("S1"), .file = strdup("/k2") };
	assert_refused(&c,
	    "domain \"example.com\": found selector \"S1\" a second time, expected "
	    "another for each key");

	assert_int_equal(conf_init(&c), 0);
	free(c.listen);
	c.listen = strdup("inet:1@127.0.0.1");
	assert_refused(&c,
	    "listen: found \"inet:1@127.0.0.1\", expected a unix: socket, or allow_tcp "
	    "= "
	    "true as well: every user of every host that can connect to that port can "
	    "have mail signed");
}

struct advice {
	char text[8][256];
	size_t n;
};

static void
collect(void *arg, const char *sentence)
{
	struct advice *a = arg;

	assert_true(a->n < COUNT(a->text));
	snprintf(a->text[a->n++], sizeof(a->text[0]), "%s", sentence);
}

static void
what_is_hardly_meant_is_said(void **state)
{
	static const char *const local[] = { "inet:1@127.0.0.1", "inet:1@[127.0.0.1]",
		"inet:1@localhost", "inet6:1@::1", "inet6:1@[::1]" };
	struct advice a = { .n = 0 };
	struct conf c;
	struct conf_domain *d;
	char err[256];

	(void)state;
	assert_int_equal(conf_init(&c), 0);
	d = add_domain(&c, "example.com", false);
	assert_int_equal(conf_finish(&c, err, sizeof(err)), 0);
	conf_advise(&c, collect, &a);
	assert_int_equal(a.n, 0);
	conf_advise(&c, NULL, NULL);

	d->line = 4;
	d->header_canon = CONF_CANON_SIMPLE;
	d->expire_s = 7200;
	conf_list_add(&d->users, "shop");
	c.outbound.authenticated = false;
	assert_int_equal(
	    cidr_parse("0.0.0.0/0", &c.outbound.networks[0], err, sizeof(err)), 0);
	assert_int_equal(
	    cidr_parse("::/0", &c.outbound.networks[1], err, sizeof(err)), 0);
	free(c.listen);
	c.listen = strdup("inet:1@0.0.0.0");
	add_stream(&c, "all");
	add_stream(&c, "rest");
	conf_advise(&c, collect, &a);
	assert_int_equal(a.n, 7);
	assert_string_equal(a.text[0],
	    "metermark.conf: listen: inet:1@0.0.0.0 is open to other hosts: whoever "
	    "can "
	    "connect can have mail signed");
	assert_string_equal(a.text[1],
	    "metermark.conf: outbound: whoever sends from 0.0.0.0/0 will have mail "
	    "signed: is all of it yours?");
	assert_string_equal(a.text[2],
	    "metermark.conf: outbound: whoever sends from ::/0 will have mail signed: "
	    "is "
	    "all of it yours?");
	assert_string_equal(a.text[3],
	    "metermark.conf:4: domain \"example.com\": users has no effect while "
	    "authenticated = false");
	assert_non_null(strstr(a.text[4], "simple header canonicalization"));
	assert_non_null(strstr(a.text[5], "expire after 7200 seconds"));
	assert_non_null(strstr(a.text[6], "stream \"rest\": never reached"));
	for (size_t i = 0; i < COUNT(local); i++) {
		free(c.listen);
		c.listen = strdup(local[i]);
		a.n = 0;
		conf_advise(&c, collect, &a);
		assert_int_equal(a.n, 6);
		assert_null(strstr(a.text[0], "listen"));
	}
	conf_fini(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(the_nearest_domain_signs),
		cmocka_unit_test(look_ups_stay_quick_with_many_domains),
		cmocka_unit_test(identities_are_allowed_by_name_or_star),
		cmocka_unit_test(lists_match_by_pattern_and_hold_exactly),
		cmocka_unit_test(single_values_are_checked),
		cmocka_unit_test(socket_paths_have_a_limit),
		cmocka_unit_test(fields_may_be_edited_as_the_manual_says),
		cmocka_unit_test(errors_name_file_and_line_where_they_are_known),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(what_is_hardly_meant_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
