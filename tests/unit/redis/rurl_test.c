/* SPDX-License-Identifier: BSD-2-Clause */
/* rurl_test.c - Redis URLs, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "redis/rurl.h"

#define ONE(KIND, HOST, PORT, DB, USER, PASSWORD)                                      \
 {                                                                                     \
  .kind = KIND, .host = HOST, .port = PORT, .db = DB, .user = USER,                    \
  .password = PASSWORD                                                                 \
 }

static void
good_urls_are_taken_apart(void **state)
{
	static const struct {
		const char *url;
		struct rurl want;
		const char *shown;
	} cases[] = {
		{ "redis://127.0.0.1:6379/0",
		    ONE(RURL_TCP, "127.0.0.1", 6379, 0, "", ""),
		    "redis://127.0.0.1:6379/0" },
		{ "redis://localhost", ONE(RURL_TCP, "localhost", 6379, 0, "", ""),
		    "redis://localhost:6379/0" },
		{ "redis://localhost/", ONE(RURL_TCP, "localhost", 6379, 0, "", ""),
		    "redis://localhost:6379/0" },
		{ "REDIS://r.example:1/15", ONE(RURL_TCP, "r.example", 1, 15, "", ""),
		    "redis://r.example:1/15" },
		{ "rediss://r.example", ONE(RURL_TLS, "r.example", 6379, 0, "", ""),
		    "rediss://r.example:6379/0" },
		{ "redis://[2001:db8::1]:7/2",
		    ONE(RURL_TCP, "2001:db8::1", 7, 2, "", ""),
		    "redis://[2001:db8::1]:7/2" },
		{ "redis://[::1]", ONE(RURL_TCP, "::1", 6379, 0, "", ""),
		    "redis://[::1]:6379/0" },
		{ "redis://me:secret@h:1/2", ONE(RURL_TCP, "h", 1, 2, "me", "secret"),
		    "redis://h:1/2" },
		{ "redis://:secret@h", ONE(RURL_TCP, "h", 6379, 0, "", "secret"),
		    "redis://h:6379/0" },
		{ "redis://me:@h", ONE(RURL_TCP, "h", 6379, 0, "me", ""),
		    "redis://h:6379/0" },
		{ "redis://m%3ae:s%2F%40%3a%25x@h",
		    ONE(RURL_TCP, "h", 6379, 0, "m:e", "s/@:%x"), "redis://h:6379/0" },
		{ "redis://me:p@ss:w@h", ONE(RURL_TCP, "h", 6379, 0, "me", "p@ss:w"),
		    "redis://h:6379/0" },
		{ "unix:/run/redis.sock",
		    ONE(RURL_UNIX, "/run/redis.sock", 0, 0, "", ""),
		    "unix:/run/redis.sock" },
		{ "unix:///run/r%41.sock?db=3",
		    ONE(RURL_UNIX, "/run/r%41.sock", 0, 3, "", ""),
		    "unix:/run/r%41.sock?db=3" },
		{ "redis+unix://me:pw@/run/r%41.sock?db=3",
		    ONE(RURL_UNIX, "/run/rA.sock", 0, 3, "me", "pw"),
		    "unix:/run/rA.sock?db=3" },
		{ "redis+unix:///run/r@x.sock",
		    ONE(RURL_UNIX, "/run/r@x.sock", 0, 0, "", ""),
		    "unix:/run/r@x.sock" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char err[200] = "", shown[400];
		struct rurl u;

		if (rurl_parse(cases[i].url, &u, err, sizeof err) != 0)
			fail_msg("%s: %s", cases[i].url, err);
		if (!rurl_same(&u, &cases[i].want))
			fail_msg("%s was read otherwise", cases[i].url);
		rurl_show(&u, shown, sizeof shown);
		assert_string_equal(shown, cases[i].shown);
	}
}

static void
parse(const char *url, struct rurl *u, const char *shown_want)
{
	char err[300] = "", shown[RURL_SHOWN_MAX];

	if (rurl_parse(url, u, err, sizeof err) != 0)
		fail_msg("%s: %s", url, err);
	rurl_show(u, shown, sizeof shown);
	assert_string_equal(shown, shown_want);
}

static void
sentinels_and_their_master_are_told_apart(void **state)
{
	struct rurl u, one;

	(void)state;
	parse("redis+sentinel://me:pw@s1,s2:1,[::1]:7/my-master/3?sentinel_user=eve",
	    &u, "redis+sentinel://s1:26379,s2:1,[::1]:7/my-master/3");
	assert_int_equal(u.mode, RURL_SENTINEL);
	assert_string_equal(u.service, "my-master");
	assert_int_equal(u.n_others, 2);
	assert_true(rurl_at(&u, 2, &one));
	assert_false(rurl_at(&u, 3, &one));
	assert_int_equal(one.mode, RURL_SINGLE);
	assert_string_equal(one.host, "::1");
	assert_int_equal(one.port, 7);
	/* A sentinel never gets to see the servers' password. */
	assert_string_equal(one.user, "eve");
	assert_string_equal(one.password, "");
	rurl_server(&u, "10.0.0.2", 6380, &one);
	assert_string_equal(one.user, "me");
	assert_string_equal(one.password, "pw");
	assert_int_equal(one.db, 3);
	rurl_show(&one, (char[64]) { 0 }, 64);
	parse("rediss+sentinel://s1/m?cacert=/a%20b&sentinel_password_file=/p", &u,
	    "rediss+sentinel://s1:26379/m/0");
	assert_int_equal(u.kind, RURL_TLS);
	assert_string_equal(u.cacert, "/a b");
	assert_string_equal(u.sentinel_password_file, "/p");
}

static void
a_cluster_has_seeds(void **state)
{
	struct rurl u, one;

	(void)state;
	parse("redis+cluster://:pw@a:1,b", &u, "redis+cluster://a:1,b:6379");
	assert_int_equal(u.mode, RURL_CLUSTER);
	assert_true(rurl_at(&u, 1, &one));
	assert_string_equal(one.host, "b");
	assert_string_equal(one.password, "pw");
	parse("rediss+cluster://a/0?cert=/c&key=/k&tls_name=n", &u,
	    "rediss+cluster://a:6379");
	assert_string_equal(u.cert, "/c");
	assert_string_equal(u.key, "/k");
	assert_string_equal(u.tls_name, "n");
}

static void
a_password_may_be_elsewhere(void **state)
{
	struct rurl u;

	(void)state;
	parse("redis://me@h/1?password_file=/etc/p%26w", &u, "redis://h:6379/1");
	assert_true(u.bare_user);
	assert_string_equal(u.user, "me");
	assert_string_equal(u.password_file, "/etc/p&w");
	parse("redis://me:@h", &u, "redis://h:6379/0");
	assert_false(u.bare_user);
	parse("unix:/r?db=2&password_file=/p", &u, "unix:/r?db=2");
	assert_string_equal(u.password_file, "/p");
}

static void
sixteen_hosts_and_no_more(void **state)
{
	char url[200] = "redis+cluster://h", err[100], shown[20];
	struct rurl u;

	(void)state;
	for (int i = 1; i < 16; i++)
		memcpy(url + strlen(url), ",h", 3);
	assert_int_equal(rurl_parse(url, &u, err, sizeof err), 0);
	assert_int_equal(u.n_others, 15);
	rurl_show(&u, shown, sizeof shown);
	assert_string_equal(shown, "redis+cluster://h:6");
	memcpy(url + strlen(url), ",h", 3);
	assert_int_equal(rurl_parse(url, &u, err, sizeof err), -1);
	assert_non_null(strstr(err, "16"));
}

static void
any_difference_makes_another_place(void **state)
{
	static const char *const urls[] = { "redis://h", "rediss://h", "redis://h:1",
		"redis://i", "redis://h/1", "redis://u:p@h", "redis://u:q@h",
		"redis+cluster://h", "redis+cluster://h,i", "redis+cluster://h,j",
		"redis+cluster://h,i:1", "redis+sentinel://h:6379/m",
		"redis+sentinel://h:6379/n",
		"redis+sentinel://h:6379/m?sentinel_user=u", "rediss://h?cacert=/a",
		"rediss://h?cert=/a&key=/b", "rediss://h?cert=/a&key=/c",
		"rediss://h?tls_name=x", "unix:/h" };
	const size_t n = sizeof urls / sizeof urls[0];

	(void)state;
	for (size_t i = 0; i < n * n; i++) {
		char err[200];
		struct rurl a, b;

		assert_int_equal(rurl_parse(urls[i / n], &a, err, sizeof err), 0);
		assert_int_equal(rurl_parse(urls[i % n], &b, err, sizeof err), 0);
		if (rurl_same(&a, &b) != (i / n == i % n))
			fail_msg("%s and %s", urls[i / n], urls[i % n]);
	}
}

static void
bad_urls_are_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *url, *word;
	} cases[] = {
		{ "", "not a Redis URL" },
		{ "127.0.0.1:6379", "not a Redis URL" },
		{ "http://h", "not a Redis URL" },
		{ "redis://", "no host" },
		{ "redis://:6379", "no host" },
		{ "redis://user:pw@", "no host" },
		{ "redis://[::1", "no host" },
		{ "redis://[]", "no host" },
		{ "redis://[::1]x", "port" },
		{ "redis://h:", "port" },
		{ "redis://h:0", "port" },
		{ "redis://h:65536", "port" },
		{ "redis://h:6379x", "port" },
		{ "redis://h:999999999999999999", "port" },
		{ "redis://h/x", "database" },
		{ "redis://h/-1", "database" },
		{ "redis://h/65536", "database" },
		{ "redis://h/0?timeout=1", "after ?" },
		{ "redis://a,b", "several hosts" },
		{ "redis+sentinel://a,b", "master's name" },
		{ "redis+sentinel://a,b/m%41", "master's name" },
		{ "redis+sentinel://a,,b/m", "no host" },
		{ "redis+sentinel://a/m/x", "database" },
		{ "redis+cluster://a,b/1", "database 0" },
		{ "redis+cluster://a,", "no host" },
		{ "redis+cluster://", "no host" },
		{ "redis://h?sentinel_user=x", "belong" },
		{ "redis://h?cacert=/x", "two s" },
		{ "rediss://h?cert=/x", "needs the other" },
		{ "rediss://h?cacert=", "cacert" },
		{ "rediss://h?cacert=/a&cacert=/b", "twice" },
		{ "redis://u:pw@h?password_file=/x", "which one" },
		{ "redis://h?password_file=/x%0", "percent" },
		{ "redis://h?db=1", "after ?" },
		{ "redis://u:p%zz@h", "percent" },
		{ "redis://u:p%4@h", "percent" },
		{ "redis://u:p%@h", "percent" },
		{ "redis://u:%00@h", "percent" },
		{ "redis://h ost", "blank" },
		{ "redis://h\r\nSET x 1", "blank" },
		{ "redis://h%41", "no host" },
		{ "unix:", "absolute" },
		{ "unix:redis.sock", "absolute" },
		{ "unix:/r?db=", "database" },
		{ "unix:/r?pw=1", "db=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char err[200] = "";
		struct rurl u;

		if (rurl_parse(cases[i].url, &u, err, sizeof err) != -1)
			fail_msg("%s was taken", cases[i].url);
		if (strstr(err, cases[i].word) == NULL)
			fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].url, err,
			    cases[i].word);
	}
}

static void
no_sentence_shows_a_password(void **state)
{
	static const char *const urls[] = { "redis://:S3CRET/x@h", "redis://:S3CRET",
		"redis://h:S3CRET", "redis://h/S3CRET", "redis://u:S3CRET%@h",
		"redis://u:S3CRET?x@h", "S3CRET", "unix:S3CRET", "redis://u:S3CRET@h:x",
		"redis+cluster://u:S3CRET/x@h", "redis://h?S3CRET",
		"redis://h?db=S3CRET", "redis+sentinel://h/S3CRET@",
		"redis://u:S3CRET@h?password_file=/x", "redis+unix://u:S3CRET@x",
		"redis://u: S3CRET@h" };

	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		char err[300] = "";
		struct rurl u;

		assert_int_equal(rurl_parse(urls[i], &u, err, sizeof err), -1);
		assert_null(strstr(err, "S3CRET"));
		assert_true(err[0] != '\0');
	}
}

static void
long_parts_are_refused_not_cut(void **state)
{
	static const char *const forms[] = { "redis://%s", "redis://%s:pw@h",
		"redis://u:%s@h", "unix:/%s", "redis+unix:///%s",
		"redis+sentinel://h/%s", "redis+cluster://h,%s",
		"redis://h?password_file=%s", "rediss://h?tls_name=%s" };
	char part[600], url[700], err[200];
	struct rurl u;

	(void)state;
	memset(part, 'a', sizeof part - 1);
	part[sizeof part - 1] = '\0';
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(url, sizeof url, forms[i], part);
#pragma GCC diagnostic pop
		assert_int_equal(rurl_parse(url, &u, err, sizeof err), -1);
	}
	memcpy(url, "unix:/", 6);
	memset(url + 6, 'a', 102);
	url[108] = '\0';
	assert_int_equal(rurl_parse(url, &u, err, sizeof err), 0);
	memcpy(url + 108, "a", 2);
	assert_int_equal(rurl_parse(url, &u, err, sizeof err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_are_taken_apart),
		cmocka_unit_test(sentinels_and_their_master_are_told_apart),
		cmocka_unit_test(a_cluster_has_seeds),
		cmocka_unit_test(a_password_may_be_elsewhere),
		cmocka_unit_test(sixteen_hosts_and_no_more),
		cmocka_unit_test(any_difference_makes_another_place),
		cmocka_unit_test(bad_urls_are_refused_with_a_sentence),
		cmocka_unit_test(no_sentence_shows_a_password),
		cmocka_unit_test(long_parts_are_refused_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
