/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_net_test.c - what a cluster or a sentinel may say that no honest one says.
 *
 * The other end is a thread of this test that answers each command by its first word
 * from a table, whatever the test has put in there.  How redis_net does with real
 * servers is seen in tests/redis/test_cluster.py and test_sentinel.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis/redis_net.h"

#define CONNECTIONS 32
#define INPUT 65536

/* ==== the other end ==== */

static int port, listener, wake[2];
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by lock: what is answered to CLUSTER, SENTINEL, GET, EVALSHA, SCRIPT, and how
 * often each was asked.  "" closes the connection. */
static char answers[5][8192];
static unsigned asked[5];
static const char *const words[5] = { "CLUSTER", "SENTINEL", "GET", "EVALSHA",
	"SCRIPT" };

struct connection {
	int fd;
	char in[INPUT];
	size_t n;
};

static struct connection connections[CONNECTIONS]; /* the thread's */

/* One command in Redis's protocol from the front of in; its first word.  Bytes it
 * took, 0 when it is not complete. */
static size_t
take_command(const char *in, size_t n, char *word, size_t size)
{
	const char *at = in, *end = in + n;
	long count;
	char *after;

	if (n < 4 || in[0] != '*' || memchr(in, '\n', n) == NULL)
		return 0;
	count = strtol(in + 1, &after, 10);
	at = after + 2;
	for (long i = 0; i < count; i++) {
		long len;

		if (at >= end || memchr(at, '\n', (size_t)(end - at)) == NULL)
			return 0;
		len = strtol(at + 1, &after, 10);
		at = after + 2;
		if (end - at < len + 2)
			return 0;
		if (i == 0)
			snprintf(word, size, "%.*s", (int)len, at);
		at += len + 2;
	}
	return (size_t)(at - in);
}

static int
answer(int fd, const char *word)
{
	char text[8192] = "-ERR not here\r\n";
	bool known = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < 5; i++)
		if (strcmp(word, words[i]) == 0) {
			memcpy(text, answers[i], sizeof text);
			asked[i]++;
			known = true;
		}
	pthread_mutex_unlock(&lock);
	if (!known && strcmp(word, "ASKING") == 0)
		snprintf(text, sizeof text, "+OK\r\n");
	if (text[0] == '\0')
		return -1;
	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void
hang_up(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

static void
serve(struct connection *c)
{
	ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
	char word[32];
	size_t used;

	if (got <= 0) {
		hang_up(c);
		return;
	}
	c->n += (size_t)got;
	while ((used = take_command(c->in, c->n, word, sizeof word)) > 0) {
		c->n -= used;
		memmove(c->in, c->in + used, c->n);
		if (answer(c->fd, word) == -1) {
			hang_up(c);
			return;
		}
	}
}

static void
welcome(void)
{
	int fd = accept(listener, NULL, NULL);

	for (size_t i = 0; i < CONNECTIONS; i++)
		if (connections[i].fd == -1) {
			connections[i].fd = fd;
			connections[i].n = 0;
			return;
		}
	close(fd);
}

static void *
run(void *unused)
{
	struct pollfd p[CONNECTIONS + 2];

	for (;;) {
		p[0] = (struct pollfd) { .fd = listener, .events = POLLIN };
		p[1] = (struct pollfd) { .fd = wake[0], .events = POLLIN };
		for (size_t i = 0; i < CONNECTIONS; i++)
			p[i + 2] = (struct pollfd) { .fd = connections[i].fd,
				.events = POLLIN };
		if (poll(p, CONNECTIONS + 2, -1) < 0)
			continue;
		if (p[1].revents != 0)
			return unused;
		if (p[0].revents != 0)
			welcome();
		for (size_t i = 0; i < CONNECTIONS; i++)
			if (p[i + 2].fd != -1 && p[i + 2].revents != 0)
				serve(&connections[i]);
	}
}

static int
start(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	(void)state;
	for (size_t i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0 || pipe(wake) != 0)
		return -1;
	port = ntohs(a.sin_port);
	return pthread_create(&thread, NULL, run, NULL);
}

static int
stop(void **state)
{
	(void)state;
	close(wake[1]);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (connections[i].fd != -1)
			close(connections[i].fd);
	close(wake[0]);
	close(listener);
	return 0;
}

/* ==== helpers ==== */

static void
put(size_t i, const char *text)
{
	pthread_mutex_lock(&lock);
	snprintf(answers[i], sizeof answers[i], "%s", text);
	asked[i] = 0;
	pthread_mutex_unlock(&lock);
}

static unsigned
times(size_t i)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = asked[i];
	pthread_mutex_unlock(&lock);
	return n;
}

enum { CLUSTER, SENTINEL, GET, EVALSHA, SCRIPT };

/* All slots here. */
static void
put_map(void)
{
	char text[200];

	snprintf(text, sizeof text,
	    "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$2\r\nid\r\n",
	    port);
	put(CLUSTER, text);
}

static struct redis_net *
open_net(const char *form, struct redis_error *err)
{
	const struct redis_net_options o = { .timeout_ms = 1000, .script = "return 1" };
	char text[200];
	struct rurl u;

	snprintf(text, sizeof text, "%s:%d%s", form, port,
	    strstr(form, "sentinel") != NULL ? "/m" : "");
	assert_int_equal(rurl_parse(text, &u, err->text, sizeof(err->text)), 0);
	return redis_net_open(&u, &o, err);
}

static struct redis_net *
open_cluster(void)
{
	struct redis_net *net;
	struct redis_error err;

	put_map();
	net = open_net("redis+cluster://127.0.0.1", &err);
	if (net == NULL)
		fail_msg("%s", err.text);
	return net;
}

static struct redisReply *
get(struct redis_net *net, struct redis_error *err)
{
	const char *argv[] = { "GET", "k" };

	if (redis_net_append(
		net, STR("k"), &(struct rargs) { .argv = argv, .n = 2 }, err) == -1)
		return NULL;
	return redis_net_reply(net, err);
}

/* ==== tests ==== */

static void
a_map_that_is_none_is_refused(void **state)
{
	static const char *const maps[] = {
		"+OK\r\n",
		":1\r\n",
		"*0\r\n",
		"*-1\r\n",
		"$-1\r\n",
		"*1\r\n:1\r\n",
		"*1\r\n*0\r\n",
		"*1\r\n*2\r\n:0\r\n:16383\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:-1\r\n:5\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:9\r\n:5\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n$1\r\n0\r\n:5\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*0\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*1\r\n$1\r\nh\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n:3\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n$1\r\nh\r\n:0\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n$1\r\nh\r\n:70000\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n$1\r\nh\r\n$1\r\n1\r\n",
		"-ERR This instance has cluster support disabled\r\n",
		"-NOPERM no\r\n",
		"?what\r\n",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
		struct redis_error err = { .cure = REDIS_CURE_NONE };

		put(CLUSTER, maps[i]);
		if (open_net("redis+cluster://127.0.0.1", &err) != NULL)
			fail_msg("%s was taken", maps[i]);
		assert_int_not_equal(err.cure, REDIS_CURE_NONE);
		assert_non_null(strstr(err.text, "redis://127.0.0.1:"));
	}
}

static void
a_server_that_does_not_know_its_name_is_the_one_we_asked(void **state)
{
	static const char *const hosts[] = { "$-1\r\n", "$0\r\n\r\n", "$1\r\n?\r\n" };

	(void)state;
	put(GET, "+here\r\n");
	for (size_t i = 0; i < 3; i++) {
		struct redis_error err;
		struct redis_net *net;
		struct redisReply *r;
		char map[200];

		snprintf(map, sizeof map, "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n%s:%d\r\n",
		    hosts[i], port);
		put(CLUSTER, map);
		net = open_net("redis+cluster://127.0.0.1", &err);
		assert_non_null(net);
		r = get(net, &err);
		if (r == NULL)
			fail_msg("%s", err.text);
		redis_link_free_reply(r);
		redis_net_close(net);
	}
}

static void
servers_that_send_us_round_in_circles_are_left(void **state)
{
	static const char *const forms[] = { "-MOVED 7629 127.0.0.1:%d\r\n",
		"-ASK 7629 127.0.0.1:%d\r\n", "-MOVED 1 :%d\r\n", "-ASK 1 :%d\r\n" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct redis_net *net = open_cluster();
		struct redis_error err = { .cure = REDIS_CURE_NONE };
		char text[100];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof text, forms[i], port);
#pragma GCC diagnostic pop
		put(GET, text);
		assert_null(get(net, &err));
		assert_int_equal(err.cure, REDIS_CURE_HOLD);
		assert_in_range(times(GET), 2, 10);
		/* The net is still good. */
		put(GET, "+fine\r\n");
		redis_link_free_reply(get(net, &err));
		assert_int_equal(err.cure, REDIS_CURE_NONE);
		redis_net_close(net);
	}
}

static void
redirections_that_lead_nowhere_hold_the_command_only(void **state)
{
	static const char *const texts[] = { "-MOVED 7629 127.0.0.1:1\r\n",
		"-ASK 7629 127.0.0.1:1\r\n", "-MOVED\r\n", "-MOVED 99999 h:1\r\n",
		"-MOVED 1 h\r\n", "-ASK x y\r\n", "-READONLY no\r\n", "-TRYAGAIN x\r\n",
		"-CLUSTERDOWN x\r\n", "-LOADING x\r\n", "-MASTERDOWN x\r\n", "" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct redis_net *net = open_cluster();
		struct redis_error err = { .cure = REDIS_CURE_NONE };

		put(GET, texts[i]);
		assert_null(get(net, &err));
		if (err.cure != REDIS_CURE_HOLD)
			fail_msg("%s: cure %d: %s", texts[i], (int)err.cure, err.text);
		assert_true(err.text[0] != '\0');
		assert_int_equal(redis_net_owed(net), 0);
		redis_net_close(net);
	}
}

static void
what_a_person_must_cure_is_passed_on(void **state)
{
	struct redis_net *net = open_cluster();
	struct redis_error err = { .cure = REDIS_CURE_NONE };

	(void)state;
	put(GET, "-WRONGTYPE of key\r\n");
	assert_null(get(net, &err));
	assert_int_equal(err.cure, REDIS_CURE_OPERATOR);
	assert_string_equal(err.text, "WRONGTYPE of key");
	redis_net_close(net);
}

/* Ten batches in one pipeline; the script is sent before the first only. */
static void
the_script_goes_once_and_again_when_it_is_denied(void **state)
{
	struct redis_net *net = open_cluster();
	const char *argv[] = { "EVALSHA", redis_net_sha(net), "1", "k" };
	struct redis_error err = { .cure = REDIS_CURE_NONE };

	(void)state;
	assert_string_equal(
	    redis_net_sha(net), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
	put(SCRIPT, "$1\r\nx\r\n");
	put(EVALSHA, ":1\r\n");
	for (int i = 0; i < 10; i++)
		assert_int_equal(redis_net_eval(net, STR("k"),
				     &(struct rargs) { .argv = argv, .n = 4 }, &err),
		    0);
	assert_int_equal(redis_net_owed(net), 10);
	for (int i = 0; i < 10; i++) {
		struct redisReply *r = redis_net_reply(net, &err);

		assert_non_null(r);
		redis_link_free_reply(r);
	}
	assert_int_equal(times(SCRIPT), 1);

	put(SCRIPT, "-NOPERM script load\r\n");
	put(EVALSHA, "-NOSCRIPT no\r\n");
	for (int i = 0; i < 2; i++) {
		redis_net_eval(
		    net, STR("k"), &(struct rargs) { .argv = argv, .n = 4 }, &err);
		assert_null(redis_net_reply(net, &err));
		/* Denied first; then loading it is. */
		assert_int_equal(
		    err.cure, i == 0 ? REDIS_CURE_SCRIPT : REDIS_CURE_OPERATOR);
	}
	assert_string_equal(err.text, "NOPERM script load");
	redis_net_close(net);
}

/* All that was queued is accounted for, whatever breaks. */
static void
a_server_that_hangs_up_in_the_middle_leaves_all_in_doubt(void **state)
{
	struct redis_net *net = open_cluster();
	const char *argv[] = { "GET", "k" };
	struct redis_error err = { .cure = REDIS_CURE_NONE };

	(void)state;
	put(GET, "");
	for (int i = 0; i < 300; i++)
		assert_int_equal(redis_net_append(net, STR("k"),
				     &(struct rargs) { .argv = argv, .n = 2 }, &err),
		    0);
	for (int i = 0; i < 300; i++) {
		assert_null(redis_net_reply(net, &err));
		assert_int_equal(err.cure, REDIS_CURE_HOLD);
	}
	/* Left alone for a while: nothing is queued, and that is said. */
	assert_int_equal(redis_net_append(net, STR("k"),
			     &(struct rargs) { .argv = argv, .n = 2 }, &err),
	    -1);
	assert_int_equal(err.cure, REDIS_CURE_HOLD);
	assert_false(redis_net_is_up(net));
	assert_null(redis_net_reply(net, &err));
	redis_net_close(net);
}

/* Replies not fetched are given up with the net. */
static void
closing_with_replies_owed_is_legal(void **state)
{
	struct redis_net *net = open_cluster();
	const char *argv[] = { "GET", "k" };
	struct redis_error err;

	(void)state;
	for (int i = 0; i < 5; i++)
		redis_net_append(
		    net, STR("k"), &(struct rargs) { .argv = argv, .n = 2 }, &err);
	redis_net_close(net);
	redis_net_close(NULL);
}

static void
a_sentinel_that_answers_nonsense_is_refused(void **state)
{
	static const char *const texts[] = { "+OK\r\n", ":1\r\n", "*0\r\n",
		"*1\r\n$1\r\nh\r\n", "*2\r\n$0\r\n\r\n$1\r\n1\r\n",
		"*2\r\n$1\r\nh\r\n$1\r\n0\r\n", "*2\r\n$1\r\nh\r\n$5\r\n70000\r\n",
		"*2\r\n$1\r\nh\r\n:1\r\n", "*2\r\n$-1\r\n$-1\r\n", "*-1\r\n",
		"-NOAUTH x\r\n", "-IDONTKNOW x\r\n", "" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct redis_error err = { .cure = REDIS_CURE_NONE };

		put(SENTINEL, texts[i]);
		if (open_net("redis+sentinel://127.0.0.1", &err) != NULL)
			fail_msg("%s was taken", texts[i]);
		assert_int_not_equal(err.cure, REDIS_CURE_NONE);
		assert_true(err.text[0] != '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_that_is_none_is_refused),
		cmocka_unit_test(
		    a_server_that_does_not_know_its_name_is_the_one_we_asked),
		cmocka_unit_test(servers_that_send_us_round_in_circles_are_left),
		cmocka_unit_test(redirections_that_lead_nowhere_hold_the_command_only),
		cmocka_unit_test(what_a_person_must_cure_is_passed_on),
		cmocka_unit_test(the_script_goes_once_and_again_when_it_is_denied),
		cmocka_unit_test(
		    a_server_that_hangs_up_in_the_middle_leaves_all_in_doubt),
		cmocka_unit_test(closing_with_replies_owed_is_legal),
		cmocka_unit_test(a_sentinel_that_answers_nonsense_is_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start, stop);
}
