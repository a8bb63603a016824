/* SPDX-License-Identifier: BSD-2-Clause */
#include "dkim/dkimrec.h"
#include "dkim/taglist.h"
#include "dns/dmarcrec.h"
#include "dns/dnsans.h"
#include "text/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ED25519 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static void
tags_are_taken_apart(void **state)
{
	struct taglist l;
	struct str value;
	char err[200];

	(void)state;
	assert_int_equal(
	    taglist_read(&l, STR(" v=1 ;\r\n\tb = a b\t;x_1=;"), err, sizeof(err)), 0);
	assert_int_equal(l.n, 3);
	assert_true(taglist_get(&l, "b", &value));
	assert_true(str_eq(value, STR("a b")));
	assert_true(taglist_get(&l, "x_1", &value));
	assert_int_equal(value.len, 0);
	assert_false(taglist_get(&l, "y", &value));
	assert_int_equal(value.len, 0);
}

static void
what_is_no_list_of_tags_is_told(void **state)
{
	static const struct {
		const char *text, *err;
	} bad[] = {
		{ "", "found no tag" },
		{ "  ", "found no tag" },
		{ ";", "found no tag" },
		{ "v=1;;b=2", "found an empty tag between two semicolons" },
		{ "v", "\"v\": found no = in it" },
		{ "=x", "\"=x\": it does not begin with a tag's name" },
		{ "1a=x", "\"1a=x\": it does not begin with a tag's name" },
		{ "v=1; v=2", "\"v\": the tag occurs twice" },
		{ "v=\x7f", "\"v=\\x7f\": a character in it is not printable ASCII" },
		{ "v=\xc3\xa4",
		    "\"v=\\xc3\\xa4\": a character in it is not printable ASCII" },
	};
	struct taglist l;
	char err[200];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
		    taglist_read(&l, str_of(bad[i].text), err, sizeof(err)), -1);
		assert_string_equal(err, bad[i].err);
	}
}

static void
there_are_only_so_many_tags(void **state)
{
	char text[8 * (TAGLIST_MAX + 1) + 1], err[200];
	struct taglist l;
	size_t used = 0;

	(void)state;
	for (int i = 0; i <= TAGLIST_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "t%d=x;", i);
	assert_int_equal(taglist_read(&l, str_of(text), err, sizeof(err)), -1);
	assert_string_equal(err, "more than 64 tags");
}

static void
numbers_are_digits_up_to_a_limit(void **state)
{
	(void)state;
	assert_int_equal(taglist_number(STR("0"), 100), 0);
	assert_int_equal(taglist_number(STR("100"), 100), 100);
	assert_int_equal(taglist_number(STR("101"), 100), -1);
	assert_int_equal(taglist_number(STR(""), 100), -1);
	assert_int_equal(taglist_number(STR("-1"), 100), -1);
	assert_int_equal(taglist_number(STR("1 "), 100), -1);
	assert_int_equal(
	    taglist_number(STR("99999999999999999999999999"), INT64_MAX / 16), -1);
}

static void
base64_is_read_with_white_space_and_padding(void **state)
{
	static const struct {
		const char *text, *bytes;
	} good[] = { { "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" },
		{ " Zm9v\r\n\tYmFy ", "foobar" }, { "Z g = =", "f" } };
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		int n = base64_read(str_of(good[i].text), out, sizeof(out));

		assert_int_equal(n, strlen(good[i].bytes));
		assert_memory_equal(out, good[i].bytes, (size_t)n);
	}
}

static void
what_is_no_base64_is_refused(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "=",
		"====", "Zg==Zg==", "Zm9v!", "Zm-v", "Zm9vYmFyZm9vYmFyZm9vYmFy" };
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(base64_read(str_of(bad[i]), out, sizeof(out)), -1);
}

static void
a_key_record_is_read(void **state)
{
	struct dkimrec r;
	char err[200];

	(void)state;
	assert_int_equal(
	    dkimrec_read(&r, STR("v=DKIM1; k=ed25519; p=" ED25519), err, sizeof(err)),
	    0);
	assert_int_equal(r.type, DKIMREC_ED25519);
	assert_int_equal(r.key_len, 32);
	assert_int_equal(r.key[0], 0xd7);
	assert_true(r.sha256 && r.email && !r.testing && !r.strict);
	assert_int_equal(
	    dkimrec_read(
		&r, STR("p=AAAA; t=y : s; h=sha1:sha256; s=tlsrpt;"), err, sizeof(err)),
	    0);
	assert_int_equal(r.type, DKIMREC_RSA);
	assert_true(r.sha256 && !r.email && r.testing && r.strict);
	assert_int_equal(dkimrec_read(&r, STR("p=AAAA; h=sha1"), err, sizeof(err)), 0);
	assert_false(r.sha256);
	assert_int_equal(dkimrec_read(&r, STR("v=DKIM1; p="), err, sizeof(err)), 0);
	assert_int_equal(r.key_len, 0);
	assert_int_equal(dkimrec_read(&r, STR("k=ecdsa; p=AAAA"), err, sizeof(err)), 0);
	assert_int_equal(r.type, DKIMREC_OTHER);
}

static void
what_is_wrong_with_a_key_record_is_told(void **state)
{
	static const struct {
		const char *text, *err;
	} bad[] = {
		{ "v=DKIM1; k=rsa", "found no p=, which holds the key" },
		{ "v=DKIM2; p=AAAA", "v= is \"DKIM2\", expected DKIM1" },
		{ "v=dkim1; p=AAAA", "v= is \"dkim1\", expected DKIM1" },
		{ "p=AAAA; v=DKIM1", "v=DKIM1 is not its first tag" },
		{ "p=AA\\AA", "p= is not base64: found \\ as character 3 of it" },
		{ "p=AAA",
		    "p= is not base64: it is cut short, or has = before its end" },
		{ "k=ed25519; p=AAAA",
		    "p= holds 3 bytes, expected the 32 of an Ed25519 key alone (RFC "
		    "8463)" },
		{ "v=spf1 -all", "v= is \"spf1 -all\", expected DKIM1" },
		{ "hello", "\"hello\": found no = in it" },
	};
	struct dkimrec r;
	char err[200];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
		    dkimrec_read(&r, str_of(bad[i].text), err, sizeof(err)), -1);
		assert_string_equal(err, bad[i].err);
	}
}

static void
a_key_beyond_all_measure_is_refused(void **state)
{
	static char text[3 * DKIMREC_KEY_MAX];
	struct dkimrec r;
	char err[200];

	(void)state;
	memset(text, 'A', sizeof(text) - 1);
	memcpy(text, "p=", 2);
	assert_int_equal(dkimrec_read(&r, str_of(text), err, sizeof(err)), -1);
	text[2 * DKIMREC_KEY_MAX - 2] = '\0';
	assert_int_equal(dkimrec_read(&r, str_of(text), err, sizeof(err)), -1);
	text[2 + DKIMREC_KEY_MAX / 3 * 4] = '\0';
	assert_int_equal(dkimrec_read(&r, str_of(text), err, sizeof(err)), 0);
	assert_int_equal(r.key_len, DKIMREC_KEY_MAX / 3 * 3);
}

static void
a_dmarc_record_is_read(void **state)
{
	struct dmarcrec r;
	char err[200];

	(void)state;
	assert_int_equal(
	    dmarcrec_read(&r, STR("v=DMARC1; p=none"), err, sizeof(err)), 0);
	assert_int_equal(r.p, DMARCREC_NONE);
	assert_int_equal(r.sp, DMARCREC_NONE);
	assert_int_equal(r.pct, 100);
	assert_false(r.strict_dkim || r.strict_spf);
	assert_int_equal(
	    dmarcrec_read(&r,
		STR("v = DMARC1;P=Reject;sp=quarantine; adkim=s; aspf=S; pct=7; "
		    "rua=mailto:a@example.com!10m,mailto:b@example.net; fo=1; x=y"),
		err, sizeof(err)),
	    0);
	assert_int_equal(r.p, DMARCREC_REJECT);
	assert_int_equal(r.sp, DMARCREC_QUARANTINE);
	assert_int_equal(r.pct, 7);
	assert_true(r.strict_dkim && r.strict_spf);
	assert_true(
	    str_eq(r.rua, STR("mailto:a@example.com!10m,mailto:b@example.net")));
}

static void
a_faulty_dmarc_record_counts_as_receivers_take_it(void **state)
{
	static const struct {
		const char *text;
		enum dmarcrec_policy p, sp;
		const char *err;
	} cases[] = {
		{ "v=DMARC1;; p=reject", DMARCREC_REJECT, DMARCREC_REJECT,
		    "found an empty tag between two semicolons" },
		{ "v=DMARC1; ; ;p=reject; ; sp=none;;", DMARCREC_REJECT, DMARCREC_NONE,
		    "found an empty tag between two semicolons" },
		{ "v=DMARC1; rua=mailto:a@b.c", DMARCREC_NONE, DMARCREC_NONE,
		    "found no p=, which holds the policy" },
		{ "v=DMARC1;; rua=mailto:a@b.c; p=block", DMARCREC_NONE, DMARCREC_NONE,
		    "p= is \"block\", expected none, quarantine or reject" },
		{ "v=DMARC1; p=reject; sp=; rua=mailto:a@b.c", DMARCREC_NONE,
		    DMARCREC_NONE, "sp= is \"\", expected none, quarantine or reject" },
	};
	struct dmarcrec r;
	char err[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    dmarcrec_read(&r, str_of(cases[i].text), err, sizeof(err)), 1);
		assert_int_equal(r.p, cases[i].p);
		assert_int_equal(r.sp, cases[i].sp);
		assert_string_equal(err, cases[i].err);
	}
}

static void
what_is_wrong_with_a_dmarc_record_is_told(void **state)
{
	static const struct {
		const char *text, *err;
	} bad[] = {
		{ "v=DMARC1", "found no p=, which holds the policy" },
		{ "v=DMARC1; rua=", "found no p=, which holds the policy" },
		{ "v=DMARC1; rua=a@b.c", "found no p=, which holds the policy" },
		{ "v=DMARC1;; p=none; p=none", "\"p\": the tag occurs twice" },
		{ "p=none; v=DMARC1", "it does not begin with v=DMARC1" },
		{ "v=dmarc1; p=none", "it does not begin with v=DMARC1" },
		{ "v=DMARC1; p=block",
		    "p= is \"block\", expected none, quarantine or reject" },
		{ "v=DMARC1; p=none; sp=",
		    "sp= is \"\", expected none, quarantine or reject" },
		{ "v=DMARC1; p=none; pct=101",
		    "pct= is \"101\", expected a number from 0 to 100" },
		{ "v=DMARC1; p=none; adkim=x", "adkim= is \"x\", expected r or s" },
		{ "v=DMARC1; p=none; rua=dmarc@example.com",
		    "rua= is \"dmarc@example.com\", expected mailto:ADDRESS" },
		{ "v=DMARC1; p=none; rua=mailto:dmarc",
		    "rua= is \"mailto:dmarc\", expected mailto:ADDRESS" },
		{ "v=DMARC1; p=none; p=none", "\"p\": the tag occurs twice" },
		{ "v=DMARC1 p=none", "it does not begin with v=DMARC1" },
	};
	struct dmarcrec r;
	char err[200];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
		    dmarcrec_read(&r, str_of(bad[i].text), err, sizeof(err)), -1);
		assert_string_equal(err, bad[i].err);
	}
}

static void
bimi_records_are_read(void **state)
{
	struct bimirec r;
	char err[200];

	(void)state;
	assert_int_equal(bimirec_read(&r,
			     STR("v=BIMI1; l=https://example.com/l.svg; "
				 "a=https://example.com/c.pem"),
			     err, sizeof(err)),
	    0);
	assert_false(r.declined);
	assert_true(str_eq(r.evidence, STR("https://example.com/c.pem")));
	assert_int_equal(
	    bimirec_read(&r, STR("v=BIMI1; l=; a=;"), err, sizeof(err)), 0);
	assert_true(r.declined);
	assert_int_equal(
	    bimirec_read(&r, STR("v=BIMI1; l=http://a.b/c"), err, sizeof(err)), -1);
	assert_string_equal(err, "l= is \"http://a.b/c\", expected an https:// URL");
	assert_int_equal(
	    bimirec_read(&r, STR("v=BIMI1; l=https:///c"), err, sizeof(err)), -1);
	assert_int_equal(bimirec_read(&r, STR("v=BIMI1"), err, sizeof(err)), -1);
	assert_int_equal(bimirec_read(&r, STR("v=BIMI2; l="), err, sizeof(err)), -1);
}

static void
names_are_what_dns_takes(void **state)
{
	static const char *const bad[] = { "", ".", "a..b", ".a", "a b", "a\\b", "a\n",
		"\xc3\xa4.example", "a..",
		"0123456789012345678901234567890123456789012345678901234567890123.a" };
	char lengthy[300];

	(void)state;
	assert_true(dns_name_ok(STR("example.com")));
	assert_true(dns_name_ok(STR("example.com.")));
	assert_true(dns_name_ok(STR("_x.a-b.c")));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(dns_name_ok(str_of(bad[i])));
	for (size_t i = 0; i < sizeof(lengthy); i++)
		lengthy[i] = i % 2 == 0 ? 'a' : '.';
	assert_true(dns_name_ok(str_make(lengthy, 253)));
	assert_false(dns_name_ok(str_make(lengthy, 255)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_taken_apart),
		cmocka_unit_test(what_is_no_list_of_tags_is_told),
		cmocka_unit_test(there_are_only_so_many_tags),
		cmocka_unit_test(numbers_are_digits_up_to_a_limit),
		cmocka_unit_test(base64_is_read_with_white_space_and_padding),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(a_key_record_is_read),
		cmocka_unit_test(what_is_wrong_with_a_key_record_is_told),
		cmocka_unit_test(a_key_beyond_all_measure_is_refused),
		cmocka_unit_test(a_dmarc_record_is_read),
		cmocka_unit_test(a_faulty_dmarc_record_counts_as_receivers_take_it),
		cmocka_unit_test(what_is_wrong_with_a_dmarc_record_is_told),
		cmocka_unit_test(bimi_records_are_read),
		cmocka_unit_test(names_are_what_dns_takes),
	};

	return cmocka_run_group_tests_name("dnsrec", tests, NULL, NULL);
}
