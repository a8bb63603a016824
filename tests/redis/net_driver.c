/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_driver.c - redis_net under a script's command; no test by itself.
 *
 *     net_driver URL
 *
 * Reads orders, one a line, answers each with one line:
 *
 *     slot KEY       its slot, by our own reckoning
 *     do KEY WORD... one command, its reply as text
 *     storm MS N     numbered increments of "s:{0}" to "s:{N-1}" for so long, each
 *                    repeated until its fate is known; then "KEY=SUM ..." as counted
 *                    here
 *     each           the servers, or why one of them cannot be asked
 *     end
 *
 * What becomes of trouble is written to stderr.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hiredis/hiredis.h>

#include "redis/rargs.h"
#include "redis/redis_net.h"
#include "redis/redis_place.h"
#include "redis/rslot.h"
#include "system/clock.h"

#define WORDS 16
#define KEYS_MAX 64
#define SETTLE_MS 20000

/* The marker's rule of the batch script, on one key. */
static const char script[] =
    "local m = tonumber(redis.call('HGET', KEYS[1], '~') or '0')\n"
    "local seq = tonumber(ARGV[1])\n"
    "if seq <= m then return 0 end\n"
    "if seq > m + 1 then return -1 end\n"
    "redis.call('HINCRBY', KEYS[1], '~', '1')\n"
    "redis.call('HINCRBY', KEYS[1], 'n', ARGV[2])\n"
    "return 1\n";

struct key {
	char name[16];
	int64_t seq, sum; /* known to be applied */
	bool queued;      /* a reply will come */
};

static struct rurl url;
static struct redis_net *net;
static struct key keys[KEYS_MAX];
static uint64_t held, reopened, repeated;

static void
connected(void *arg, const struct rurl *server, const struct redis_probe *probe)
{
	char shown[RURL_SHOWN_MAX];

	(void)arg;
	rurl_show(server, shown, sizeof shown);
	fprintf(stderr, "connected %s %s %s\n", shown,
	    probe->master ? "master" : "replica", probe->eviction);
}

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_nsec = ms * 1000000 }, NULL);
}

/* Sooner or later there is a net. */
static bool
have_net(int64_t until_ms)
{
	struct redis_net_options o = { .timeout_ms = 1000,
		.script = script,
		.masters = true,
		.connected = connected };
	struct redis_error err;

	while (net == NULL) {
		net = redis_net_open(&url, &o, &err);
		if (net != NULL)
			return true;
		fprintf(stderr, "open: cure %d: %s\n", (int)err.cure, err.text);
		if (clock_mono_ms() > until_ms)
			return false;
		pause_ms(50);
	}
	return true;
}

/* false: the net is gone. */
static bool
trouble(const struct redis_error *err)
{
	fprintf(stderr, "cure %d: %s\n", (int)err->cure, err->text);
	if (err->cure == REDIS_CURE_HOLD || err->cure == REDIS_CURE_SCRIPT ||
	    err->cure == REDIS_CURE_RETRY) {
		held++;
		return true;
	}
	reopened++;
	redis_net_close(net);
	net = NULL;
	return false;
}

static bool
queue_all(struct rargs *a, int n)
{
	for (int i = 0; i < n; i++) {
		struct key *k = &keys[i];
		struct redis_error err;

		rargs_reset(a);
		rargs_adds(a, "EVALSHA");
		rargs_adds(a, redis_net_sha(net));
		rargs_addn(a, 1);
		rargs_adds(a, k->name);
		rargs_addn(a, k->seq + 1);
		rargs_addn(a, k->seq % 7 + 1);
		rargs_finish(a);
		k->queued = redis_net_eval(net, str_of(k->name), a, &err) == 0;
		if (!k->queued && !trouble(&err))
			return false;
	}
	return true;
}

static bool
take_all(int n)
{
	for (int i = 0; i < n; i++) {
		struct key *k = &keys[i];
		struct redis_error err;
		redisReply *r;

		if (!k->queued)
			continue;
		k->queued = false;
		r = redis_net_reply(net, &err);
		if (r == NULL) {
			if (!trouble(&err))
				return false;
			continue;
		}
		if (r->type == REDIS_REPLY_INTEGER && r->integer < 0) {
			fprintf(stderr, "LOST %s %" PRId64 "\n", k->name, k->seq);
		} else {
			repeated += r->integer == 0;
			k->sum += k->seq % 7 + 1;
			k->seq++;
		}
		redis_link_free_reply(r);
	}
	return true;
}

/* The storm itself; then all keys once more until a round goes through without
 * trouble, so that none is in doubt. */
static void
storm(int64_t ms, int n)
{
	int64_t until = clock_mono_ms() + ms, settle = until + SETTLE_MS;
	struct rargs a;
	bool calm = false;

	rargs_init(&a, 1 << 16);
	for (int i = 0; i < n; i++)
		snprintf(keys[i].name, sizeof keys[i].name, "s:{%d}", i);
	while (clock_mono_ms() < until || (!calm && clock_mono_ms() < settle)) {
		uint64_t before = held + reopened;

		if (!have_net(settle))
			break;
		if (queue_all(&a, n))
			take_all(n);
		calm = held + reopened == before;
		if (!calm)
			pause_ms(5);
	}
	rargs_fini(&a);
	for (int i = 0; i < n; i++)
		printf("%s=%" PRId64 " ", keys[i].name, keys[i].sum);
	printf("held=%" PRIu64 " reopened=%" PRIu64 " repeated=%" PRIu64 " calm=%d\n",
	    held, reopened, repeated, calm);
}

static void
show_reply(const redisReply *r)
{
	switch (r->type) {
	case REDIS_REPLY_INTEGER:
		printf("%lld", r->integer);
		break;
	case REDIS_REPLY_ARRAY:
		for (size_t i = 0; i < r->elements; i++) {
			show_reply(r->element[i]);
			printf(" ");
		}
		break;
	case REDIS_REPLY_NIL:
		printf("nil");
		break;
	default:
		printf("%s", r->str);
	}
}

static void
run_command(const char *key, size_t n, char **word)
{
	struct redis_error err = { REDIS_CURE_NONE, "no net" };
	const char *argv[WORDS];
	struct rargs command = { .argv = argv, .n = n };
	redisReply *r = NULL;

	for (size_t i = 0; i < n; i++)
		argv[i] = word[i];
	if (have_net(0) && redis_net_append(net, str_of(key), &command, &err) == 0)
		r = redis_net_reply(net, &err);
	if (r == NULL)
		printf("cure %d: %s", (int)err.cure, err.text);
	else
		show_reply(r);
	printf("\n");
	redis_link_free_reply(r);
}

static void
show_server(void *arg, const struct rurl *server, const struct redis_probe *probe,
    const char *why)
{
	char shown[RURL_SHOWN_MAX];

	(void)arg;
	rurl_show(server, shown, sizeof shown);
	printf("%s=%s ", shown, probe != NULL ? probe->eviction : why);
}

static bool
obey(size_t n, char **word)
{
	if (strcmp(word[0], "slot") == 0 && n == 2) {
		printf("%u\n", rslot_of(str_of(word[1])));
	} else if (strcmp(word[0], "do") == 0 && n > 2) {
		run_command(word[1], n - 2, word + 2);
	} else if (strcmp(word[0], "storm") == 0 && n == 3) {
		storm(strtol(word[1], NULL, 10), (int)strtol(word[2], NULL, 10));
	} else if (strcmp(word[0], "each") == 0) {
		if (have_net(0))
			redis_net_each(net, show_server, NULL);
		printf("\n");
	} else {
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct redis_place place = { .url = argc == 2 ? argv[1] : "" };
	char err[512], *line = NULL, *word[WORDS];
	size_t size = 0, n;
	bool go_on = true;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (redis_place_find(&place, &url, err, sizeof err) == -1) {
		fprintf(stderr, "net_driver: %s\n", err);
		return 1;
	}
	while (go_on && getline(&line, &size, stdin) > 0) {
		char *rest = NULL;

		n = 0;
		for (char *w = strtok_r(line, " \n", &rest); w != NULL && n < WORDS;
		     w = strtok_r(NULL, " \n", &rest))
			word[n++] = w;
		go_on = n > 0 && obey(n, word);
	}
	free(line);
	redis_net_close(net);
	return 0;
}
