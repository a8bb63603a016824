/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/spf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define VALUES 16

/* A zone: lines of name, type and value; "!" as type: the server fails. */
struct row {
	const char *name, *type, *value;
};

static const struct row *zone;
static size_t n_zone, asked;

static struct dns_answer answers[4096];
static struct dns_value values[4096][VALUES];
static char bytes[4096][VALUES][16];

static struct str
data_of(enum dns_type type, const char *text, char out[16])
{
	struct cidr_addr a;

	if (type != DNS_A && type != DNS_AAAA)
		return str_of(text);
	assert_int_equal(cidr_addr_parse(str_of(text), &a), 0);
	memcpy(out, a.b + (type == DNS_A ? 12 : 0), type == DNS_A ? 4 : 16);
	return str_make(out, type == DNS_A ? 4 : 16);
}

static const struct dns_answer *
ask(void *self, enum dns_type type, struct str name)
{
	size_t at = asked++;
	struct dns_answer *a = &answers[at];
	bool there = false;

	(void)self;
	assert_true(at < COUNT(answers));
	*a = (struct dns_answer) { .v = values[at] };
	for (size_t i = 0; i < n_zone; i++) {
		if (!str_caseeq(str_of(zone[i].name), name))
			continue;
		there = true;
		if (strcmp(zone[i].type, "!") == 0) {
			a->status = DNS_TIMEOUT;
			return a;
		}
		if (strcmp(zone[i].type, dns_type_name(type)) == 0 && a->n < VALUES) {
			values[at][a->n] = (struct dns_value) {
				.data = data_of(type, zone[i].value, bytes[at][a->n])
			};
			a->n++;
		}
	}
	a->status = a->n > 0 ? DNS_FOUND : there ? DNS_NO_DATA : DNS_NO_NAME;
	return a;
}

static enum spf_result
run(struct spf *s, const char *ip, const char *domain)
{
	*s = (struct spf) { .ask = ask,
		.local = STR("strong-bad"),
		.sender_domain = STR("email.example.com"),
		.helo = STR("mx.example.org") };
	assert_int_equal(cidr_addr_parse(str_of(ip), &s->ip), 0);
	asked = 0;
	return spf_check(s, str_of(domain));
}

#define USE(rows) (zone = (rows), n_zone = COUNT(rows))

static void
results_follow_the_mechanisms(void **state)
{
	static const struct row rows[] = {
		{ "a.com", "TXT", "v=spf1 ip4:192.0.2.0/24 ?ip4:198.51.100.7 ~all" },
		{ "b.com", "TXT", "v=spf1 a/30 mx -all" },
		{ "b.com", "A", "203.0.113.4" },
		{ "b.com", "MX", "mail.b.com" },
		{ "mail.b.com", "AAAA", "2001:db8::7" },
		{ "c.com", "TXT", "v=spf1 include:a.com -all" },
		{ "d.com", "TXT", "v=spf1 redirect=a.com" },
		{ "e.com", "TXT", "v=spf1" },
		{ "f.com", "TXT", "v=spf10 +all" },
		{ "f.com", "TXT", "hello" },
		{ "g.com", "TXT", "v=spf1 ip6:2001:db8::/32 exists:%{i}.x.com -all" },
		{ "192.0.2.9.x.com", "A", "127.0.0.1" },
		{ "h.com", "TXT", "V=SPF1 PTR -ALL" },
		{ "9.2.0.192.in-addr.arpa", "PTR", "z.h.com" },
		{ "z.h.com", "A", "192.0.2.9" },
		{ "i.com", "TXT", "v=spf1 all redirect=nowhere.com" },
		{ "j.com", "TXT", "v=spf1 a//64 -all" },
		{ "j.com", "AAAA", "2001:db8:0:1::1" },
		{ "k.com", "TXT", "v=spf1 ip4:192.0.2.9/0 -all" },
	};
	static const struct {
		const char *ip, *domain;
		enum spf_result result;
	} cases[] = {
		{ "192.0.2.255", "a.com", SPF_PASS },
		{ "::ffff:192.0.2.255", "a.com", SPF_PASS },
		{ "198.51.100.7", "a.com", SPF_NEUTRAL },
		{ "198.51.100.8", "a.com", SPF_SOFTFAIL },
		{ "2001:db8::1", "a.com", SPF_SOFTFAIL },
		{ "203.0.113.7", "b.com", SPF_PASS },
		{ "203.0.113.8", "b.com", SPF_FAIL },
		{ "2001:db8::7", "b.com", SPF_PASS },
		{ "192.0.2.1", "c.com", SPF_PASS },
		{ "198.51.100.8", "c.com", SPF_FAIL },
		{ "198.51.100.8", "d.com", SPF_SOFTFAIL },
		{ "192.0.2.1", "e.com", SPF_NEUTRAL },
		{ "192.0.2.1", "f.com", SPF_NONE },
		{ "192.0.2.1", "nothing.com", SPF_NONE },
		{ "192.0.2.1", "localhost", SPF_NONE },
		{ "192.0.2.1", "a..com", SPF_NONE },
		{ "192.0.2.9", "g.com", SPF_PASS },
		{ "192.0.2.8", "g.com", SPF_FAIL },
		{ "2001:db8:ffff::", "g.com", SPF_PASS },
		{ "192.0.2.9", "h.com", SPF_PASS },
		{ "192.0.2.8", "h.com", SPF_FAIL },
		{ "192.0.2.8", "i.com", SPF_PASS },
		{ "2001:db8:0:1:ffff::", "j.com", SPF_PASS },
		{ "2001:db8:0:2::", "j.com", SPF_FAIL },
		{ "10.0.0.1", "k.com", SPF_PASS },
		{ "2001:db8::", "k.com", SPF_FAIL },
	};
	struct spf s;

	(void)state;
	USE(rows);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (run(&s, cases[i].ip, cases[i].domain) != cases[i].result)
			fail_msg("%s from %s: not %s but: %s", cases[i].domain,
			    cases[i].ip, spf_result_name(cases[i].result), s.why);
}

static void
a_record_with_an_error_anywhere_is_no_record(void **state)
{
	static const char *const bad[] = { "v=spf1 ip4:192.0.2.1 nonsense",
		"v=spf1 all:x.com", "v=spf1 -all ip4:1.2.3", "v=spf1 ip4:1.2.3.4/33",
		"v=spf1 ip4:1.2.3.4/08", "v=spf1 ip4:::1", "v=spf1 ip6:1.2.3.4",
		"v=spf1 ip4", "v=spf1 ip4:", "v=spf1 ip6:2001:db8::/129",
		"v=spf1 include", "v=spf1 include:", "v=spf1 include:x",
		"v=spf1 include:x.com/24", "v=spf1 a:x.com/33", "v=spf1 a/24/64",
		"v=spf1 a//129", "v=spf1 mx:%{z}.com", "v=spf1 exists:%(i).com",
		"v=spf1 exists:%", "v=spf1 exists:%{i", "v=spf1 exists:%{i0}.com",
		"v=spf1 a:x.com-", "v=spf1 a:x.1",
		"v=spf1 redirect=", "v=spf1 redirect=a.com redirect=b.com",
		"v=spf1 exp=a.com exp=a.com", "v=spf1 a:b.com\x01",
		"v=spf1 a:\xc3\xa4.com", "v=spf1 ptr:", "v=spf1 ++all", "v=spf1 -",
		"v=spf1 exists:%{c}.com", "v=spf1 =x" };
	static struct row rows[] = { { "a.com", "TXT", "" } };
	struct spf s;

	(void)state;
	USE(rows);
	for (size_t i = 0; i < COUNT(bad); i++) {
		rows[0].value = bad[i];
		if (run(&s, "192.0.2.1", "a.com") != SPF_PERMERROR)
			fail_msg("%s is accepted", bad[i]);
		assert_true(s.why[0] != '\0');
	}
}

static void
what_looks_odd_and_is_right_is_taken(void **state)
{
	static const char *const good[] = { "v=spf1   ip4:192.0.2.1   ",
		"v=spf1 x=y exp=why.%{d} +ip4:192.0.2.1",
		"v=spf1 a:x.com. ?all x-y_z.1=", "v=spf1 exists:%{ir}.%{v}._spf.%{d2}",
		"v=spf1 exists:%{l1r-}.%%%_%-.com", "v=spf1 mx:_spf.x-1.com//0 a:%{H}",
		"v=spf1 ip6:::1 ip6:::/0" };
	static struct row rows[] = { { "a.com", "TXT", "" } };
	struct spf s;

	(void)state;
	USE(rows);
	for (size_t i = 0; i < COUNT(good); i++) {
		rows[0].value = good[i];
		if (run(&s, "192.0.2.1", "a.com") == SPF_PERMERROR)
			fail_msg("%s is refused: %s", good[i], s.why);
	}
}

/* The examples of RFC 7208 7.4. */
static void
macros_are_those_of_the_rfc(void **state)
{
	static const struct {
		const char *spec, *ip, *name;
	} cases[] = {
		{ "%{s}.x", "192.0.2.3", "strong-bad@email.example.com.x" },
		{ "%{o}", "192.0.2.3", "email.example.com" },
		{ "%{d}", "192.0.2.3", "email.example.com" },
		{ "%{d4}", "192.0.2.3", "email.example.com" },
		{ "%{d3}", "192.0.2.3", "email.example.com" },
		{ "%{d2}", "192.0.2.3", "example.com" },
		{ "%{d1}", "192.0.2.3", "com" },
		{ "%{dr}", "192.0.2.3", "com.example.email" },
		{ "%{d2r}", "192.0.2.3", "example.email" },
		{ "%{l}.x", "192.0.2.3", "strong-bad.x" },
		{ "%{l-}.x", "192.0.2.3", "strong.bad.x" },
		{ "%{lr}.x", "192.0.2.3", "strong-bad.x" },
		{ "%{lr-}.x", "192.0.2.3", "bad.strong.x" },
		{ "%{l1r-}.x", "192.0.2.3", "strong.x" },
		{ "%{ir}.%{v}._spf.%{d2}", "192.0.2.3",
		    "3.2.0.192.in-addr._spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "192.0.2.3",
		    "bad.strong.lp._spf.example.com" },
		{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "192.0.2.3",
		    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net", "192.0.2.3",
		    "example.com.trusted-domains.example.net" },
		{ "%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01",
		    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
		    "ip6._spf.example.com" },
		{ "%{S}.x", "192.0.2.3", "strong-bad%40email.example.com.x" },
		{ "%{h}", "192.0.2.3", "mx.example.org" },
		{ "%{p}.x", "192.0.2.3", "unknown.x" },
	};
	static char record[200];
	static struct row rows[] = { { "email.example.com", "TXT", record },
		{ "", "A", "127.0.0.2" } };
	struct spf s;

	(void)state;
	USE(rows);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(
		    record, sizeof(record), "v=spf1 exists:%s -all", cases[i].spec);
		rows[1].name = cases[i].name;
		if (run(&s, cases[i].ip, "email.example.com") != SPF_PASS)
			fail_msg(
			    "%s is not %s: %s", cases[i].spec, cases[i].name, s.why);
	}
}

static void
ten_lookups_are_allowed_and_eleven_are_not(void **state)
{
	static struct row rows[] = { { "a.com", "TXT", "" },
		{ "b.com", "TXT", "v=spf1 a a a a a ?all" },
		{ "b.com", "A", "10.0.0.1" } };
	struct spf s;

	(void)state;
	USE(rows);
	rows[0].value = "v=spf1 include:b.com a:b.com a:b.com a:b.com a:b.com -all";
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_FAIL);
	assert_int_equal(s.lookups, 10);
	rows[0].value = "v=spf1 include:b.com a:b.com a:b.com a:b.com a:b.com "
			"redirect=b.com";
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_PERMERROR);
	assert_string_equal(s.why, "more than 10 look-ups");
}

static void
two_voids_are_allowed_and_three_are_not(void **state)
{
	static struct row rows[] = { { "a.com", "TXT", "" } };
	struct spf s;

	(void)state;
	USE(rows);
	rows[0].value = "v=spf1 a a:b.com -all";
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_FAIL);
	assert_int_equal(s.voids, 2);
	rows[0].value = "v=spf1 a a:b.com mx -all";
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_PERMERROR);
	assert_non_null(strstr(s.why, "more than 2 void look-ups"));
}

static void
loops_end(void **state)
{
	static const struct row rows[] = {
		{ "a.com", "TXT", "v=spf1 include:b.com -all" },
		{ "b.com", "TXT", "v=spf1 include:A.com -all" },
		{ "c.com", "TXT", "v=spf1 redirect=c.com" },
		{ "d.com", "TXT", "v=spf1 include:%{d}.d.com -all" },
	};
	struct spf s;

	(void)state;
	USE(rows);
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_PERMERROR);
	assert_non_null(strstr(s.why, "leads back to itself"));
	assert_int_equal(run(&s, "192.0.2.1", "c.com"), SPF_PERMERROR);
	assert_non_null(strstr(s.why, "leads back to itself"));
	assert_int_equal(run(&s, "192.0.2.1", "d.com"), SPF_PERMERROR);
}

static void
what_dns_cannot_tell_is_a_temporary_error(void **state)
{
	static const struct row rows[] = {
		{ "a.com", "!", "" },
		{ "b.com", "TXT", "v=spf1 include:a.com -all" },
		{ "c.com", "TXT", "v=spf1 a:a.com -all" },
		{ "d.com", "TXT", "v=spf1 include:none.com -all" },
	};
	struct spf s;

	(void)state;
	USE(rows);
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_TEMPERROR);
	assert_int_equal(run(&s, "192.0.2.1", "b.com"), SPF_TEMPERROR);
	assert_int_equal(run(&s, "192.0.2.1", "c.com"), SPF_TEMPERROR);
	assert_string_equal(s.why, "A of a.com: no answer in time");
	assert_int_equal(run(&s, "192.0.2.1", "d.com"), SPF_PERMERROR);
	assert_non_null(strstr(s.why, "include:none.com: "));
}

static void
two_records_are_none(void **state)
{
	static const struct row rows[] = { { "a.com", "TXT", "v=spf1 +all" },
		{ "a.com", "TXT", "v=spf1 -all" } };
	struct spf s;

	(void)state;
	USE(rows);
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_PERMERROR);
	assert_non_null(strstr(s.why, "more than one record"));
}

static void
a_survey_counts_what_a_record_can_cost(void **state)
{
	static const struct row rows[] = {
		{ "a.com", "TXT",
		    "v=spf1 ip4:0.0.0.0/0 include:b.com exists:%{i}.x.com a:no.com mx "
		    "-all "
		    "a a" },
		{ "a.com", "MX", "mx.a.com" },
		{ "mx.a.com", "A", "10.0.0.1" },
		{ "b.com", "TXT", "v=spf1 a:no.com +all" },
		{ "c.com", "TXT",
		    "v=spf1 include:b.com a a a a a a a a a a a a a a a a a a a a a a "
		    "a a "
		    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a" },
		{ "c.com", "A", "10.0.0.1" },
	};
	struct spf s = { .ask = ask,
		.local = STR(""),
		.sender_domain = STR(""),
		.helo = STR(""),
		.survey = true };

	(void)state;
	USE(rows);
	asked = 0;
	assert_int_equal(spf_check(&s, STR("a.com")), SPF_NEUTRAL);
	assert_int_equal(s.lookups, 5);
	assert_int_equal(s.voids, 2);
	assert_true(s.pass_all);
	assert_int_equal(spf_check(&s, STR("c.com")), SPF_PERMERROR);
	assert_true(s.lookups <= 40);
}

/* Questions beyond all limits of terms: many mail servers of many hosts. */
static void
questions_are_bounded(void **state)
{
	static char names[12][16];
	static struct row rows[13] = { { "a.com", "TXT",
	    "v=spf1 mx mx mx mx mx mx mx mx mx mx -all" } };
	struct spf s;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		snprintf(names[i], sizeof(names[i]), "m%zu.com", i);
		rows[i + 1] = (struct row) { "a.com", "MX", names[i] };
	}
	zone = rows;
	n_zone = 11;
	assert_int_not_equal(run(&s, "192.0.2.1", "a.com"), SPF_PASS);
	assert_true(asked <= SPF_QUESTIONS_MAX);
	n_zone = 13;
	assert_int_equal(run(&s, "192.0.2.1", "a.com"), SPF_PERMERROR);
	assert_non_null(strstr(s.why, "more than 10 mail servers"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_follow_the_mechanisms),
		cmocka_unit_test(a_record_with_an_error_anywhere_is_no_record),
		cmocka_unit_test(what_looks_odd_and_is_right_is_taken),
		cmocka_unit_test(macros_are_those_of_the_rfc),
		cmocka_unit_test(ten_lookups_are_allowed_and_eleven_are_not),
		cmocka_unit_test(two_voids_are_allowed_and_three_are_not),
		cmocka_unit_test(loops_end),
		cmocka_unit_test(what_dns_cannot_tell_is_a_temporary_error),
		cmocka_unit_test(two_records_are_none),
		cmocka_unit_test(a_survey_counts_what_a_record_can_cost),
		cmocka_unit_test(questions_are_bounded),
	};

	return cmocka_run_group_tests_name("spf", tests, NULL, NULL);
}
