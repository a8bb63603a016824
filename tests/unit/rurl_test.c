/* SPDX-License-Identifier: BSD-2-Clause */
/* rurl_test.c - Redis URLs, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rurl.h"

static void
good_urls_are_taken_apart(void **state)
{
	static const struct {
		const char *url;
		struct rurl want;
		const char *shown;
	} cases[] = {
		{ "redis://127.0.0.1:6379/0",
		    { RURL_TCP, "127.0.0.1", 6379, 0, "", "" },
		    "redis://127.0.0.1:6379/0" },
		{ "redis://localhost", { RURL_TCP, "localhost", 6379, 0, "", "" },
		    "redis://localhost:6379/0" },
		{ "redis://localhost/", { RURL_TCP, "localhost", 6379, 0, "", "" },
		    "redis://localhost:6379/0" },
		{ "REDIS://r.example:1/15", { RURL_TCP, "r.example", 1, 15, "", "" },
		    "redis://r.example:1/15" },
		{ "rediss://r.example", { RURL_TLS, "r.example", 6379, 0, "", "" },
		    "rediss://r.example:6379/0" },
		{ "redis://[2001:db8::1]:7/2",
		    { RURL_TCP, "2001:db8::1", 7, 2, "", "" },
		    "redis://[2001:db8::1]:7/2" },
		{ "redis://[::1]", { RURL_TCP, "::1", 6379, 0, "", "" },
		    "redis://[::1]:6379/0" },
		{ "redis://me:secret@h:1/2", { RURL_TCP, "h", 1, 2, "me", "secret" },
		    "redis://h:1/2" },
		{ "redis://:secret@h", { RURL_TCP, "h", 6379, 0, "", "secret" },
		    "redis://h:6379/0" },
		{ "redis://me:@h", { RURL_TCP, "h", 6379, 0, "me", "" },
		    "redis://h:6379/0" },
		{ "redis://m%3ae:s%2F%40%3a%25x@h",
		    { RURL_TCP, "h", 6379, 0, "m:e", "s/@:%x" }, "redis://h:6379/0" },
		{ "redis://me:p@ss:w@h", { RURL_TCP, "h", 6379, 0, "me", "p@ss:w" },
		    "redis://h:6379/0" },
		{ "unix:/run/redis.sock",
		    { RURL_UNIX, "/run/redis.sock", 0, 0, "", "" },
		    "unix:/run/redis.sock" },
		{ "unix:///run/r%41.sock?db=3",
		    { RURL_UNIX, "/run/r%41.sock", 0, 3, "", "" },
		    "unix:/run/r%41.sock?db=3" },
		{ "redis+unix://me:pw@/run/r%41.sock?db=3",
		    { RURL_UNIX, "/run/rA.sock", 0, 3, "me", "pw" },
		    "unix:/run/rA.sock?db=3" },
		{ "redis+unix:///run/r@x.sock",
		    { RURL_UNIX, "/run/r@x.sock", 0, 0, "", "" },
		    "unix:/run/r@x.sock" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char err[200] = "", shown[400];
		struct rurl u;

		if (rurl_parse(cases[i].url, &u, err, sizeof err) != 0)
			fail_msg("%s: %s", cases[i].url, err);
		assert_int_equal(u.kind, cases[i].want.kind);
		assert_string_equal(u.host, cases[i].want.host);
		assert_int_equal(u.port, cases[i].want.port);
		assert_int_equal(u.db, cases[i].want.db);
		assert_string_equal(u.user, cases[i].want.user);
		assert_string_equal(u.password, cases[i].want.password);
		rurl_show(&u, shown, sizeof shown);
		assert_string_equal(shown, cases[i].shown);
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
		{ "redis://h/0?timeout=1", "database" },
		{ "redis://secret@h", "without a password" },
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
		"redis://S3CRET@h", "S3CRET", "unix:S3CRET", "redis://u:S3CRET@h:x",
		"redis+unix://u:S3CRET@x", "redis://u: S3CRET@h" };

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
		"redis://u:%s@h", "unix:/%s", "redis+unix:///%s" };
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
		cmocka_unit_test(bad_urls_are_refused_with_a_sentence),
		cmocka_unit_test(no_sentence_shows_a_password),
		cmocka_unit_test(long_parts_are_refused_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
