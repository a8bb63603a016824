/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_link_test.c - errors sorted by cure, and links that cannot be.  Links that can
 * are in tests/redis.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis/redis_link.h"

static void
error_replies_are_sorted_by_their_first_word(void **state)
{
	static const struct {
		const char *reply;
		enum redis_cure cure;
	} cases[] = {
		{ "LOADING Redis is loading the dataset in memory", REDIS_CURE_RETRY },
		{ "BUSY Redis is busy running a script.", REDIS_CURE_RETRY },
		{ "OOM command not allowed", REDIS_CURE_RETRY },
		{ "MISCONF Errors writing to the AOF file", REDIS_CURE_RETRY },
		{ "CLUSTERDOWN Hash slot not served", REDIS_CURE_RETRY },
		{ "NOSCRIPT No matching script.", REDIS_CURE_SCRIPT },
		{ "READONLY You can't write against a read only replica.",
		    REDIS_CURE_MASTER },
		{ "MOVED 3999 127.0.0.1:6381", REDIS_CURE_MASTER },
		{ "ASK 3999 127.0.0.1:6381", REDIS_CURE_MASTER },
		{ "NOAUTH Authentication required.", REDIS_CURE_OPERATOR },
		{ "WRONGTYPE Operation against a key", REDIS_CURE_OPERATOR },
		{ "ERR unknown command", REDIS_CURE_OPERATOR },
		{ "BUSYGROUP Consumer Group name already exists", REDIS_CURE_OPERATOR },
		{ "LOAD", REDIS_CURE_OPERATOR },
		{ "OOM", REDIS_CURE_RETRY },
		{ "", REDIS_CURE_OPERATOR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (redis_error_cure(cases[i].reply) != cases[i].cure)
			fail_msg("%s", cases[i].reply);
}

static void
assert_no_link(const char *url, enum redis_cure want, const char *word)
{
	struct redis_error err = { .cure = REDIS_CURE_NONE };
	struct rurl u;

	assert_int_equal(rurl_parse(url, &u, err.text, sizeof err.text), 0);
	assert_null(redis_link_open(&u, 300, &err));
	assert_int_equal(err.cure, want);
	if (strstr(err.text, word) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err.text, word);
	assert_null(strstr(err.text, "S3CRET"));
}

/* A listening socket on a port of the system's choice. */
static int
listener(char *url, size_t size)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&a, &len), 0);
	snprintf(url, size, "redis://me:S3CRET@127.0.0.1:%d/1", ntohs(a.sin_port));
	return s;
}

static void
nobody_there_is_said_with_the_url_but_no_password(void **state)
{
	char url[80];
	int s = listener(url, sizeof url); /* bound, but not listening */

	(void)state;
	assert_no_link(url, REDIS_CURE_RECONNECT, "refused");
	close(s);
	assert_no_link("redis+unix://me:S3CRET@/nonexistent/redis.sock",
	    REDIS_CURE_RECONNECT, "unix:/nonexistent/redis.sock");
	assert_no_link("redis://me:S3CRET@name.invalid", REDIS_CURE_RECONNECT,
	    "redis://name.invalid:6379/0");
}

static void
a_server_that_says_nothing_costs_the_time_limit_only(void **state)
{
	char url[80];
	int s = listener(url, sizeof url);

	(void)state;
	assert_int_equal(listen(s, 5), 0);
	assert_no_link(url, REDIS_CURE_RECONNECT, "did not answer in time");
	close(s);
}

static void
a_build_without_tls_refuses_rediss(void **state)
{
	char url[80], tls[81];
	int s = listener(url, sizeof url);

	(void)state;
	if (redis_link_has_tls())
		skip();
	assert_int_equal(listen(s, 5), 0);
	snprintf(tls, sizeof tls, "rediss%s", url + 5);
	assert_no_link(tls, REDIS_CURE_OPERATOR, "stunnel");
	close(s);
}

static void
closing_and_freeing_nothing_is_legal(void **state)
{
	(void)state;
	redis_link_close(NULL);
	redis_link_free_reply(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_replies_are_sorted_by_their_first_word),
		cmocka_unit_test(nobody_there_is_said_with_the_url_but_no_password),
		cmocka_unit_test(a_server_that_says_nothing_costs_the_time_limit_only),
		cmocka_unit_test(a_build_without_tls_refuses_rediss),
		cmocka_unit_test(closing_and_freeing_nothing_is_legal),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
