/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_redis.c - what `metermark doctor` looks at in Redis.  See doctor.h.
 *
 * Rights are tried with the very script by which the daemon counts, under a name that
 * no mail can have, `_doctor`.  Its keys are removed at the end; should that fail, they
 * go by themselves, since the batch claims to be nearly as old as totals get.
 */
#include "cli/doctor/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counting/hll.h"
#include "counting/rbatch.h"
#include "counting/tally.h"
#include "numbers/query.h"
#include "redis/redis_place.h"
#include "redis/rkey.h"
#include "show/human.h"
#include "system/clock.h"
#include "system/random.h"

#define TIMEOUT_MS 5000
#define SLOW_MS 250
#define NAME "_doctor"
#define RIGHTS "give the user the rights that contrib/redis/metermark.acl has"
#define LIFE_S 120 /* of the keys, at most, but for a day's */
#define BATCH_MAX (1024 * 1024)
#define INFO_MAX (256 * 1024) /* bytes of one section */
#define SHA_MAX 64
#define CLOCK_WARN_S 5
#define OLDEST_CLOCK INT64_C(1760000000) /* no clock that is right says less */
#define HOUR_S 3600
#define DAY_S 86400

/* What to do about an error reply. */
static const char *
fix_for(const char *err)
{
	static const struct {
		const char *word, *fix;
	} table[] = {
		{ "NOPERM", RIGHTS },
		/* What a script may not do, Redis says without a code: from 7.2 on, and
		 * Valkey, in the first of these ways, 7.0 in the others. */
		{ "ACL failure in script", RIGHTS },
		{ "can't run this command", RIGHTS },
		{ "can't access", RIGHTS },
		{ "NOAUTH", "set redis_user and redis_password_file" },
		{ "WRONGPASS", "correct redis_user or the password" },
		{ "OOM", "raise maxmemory of Redis, or free memory" },
		{ "MISCONF",
		    "Redis cannot save: its log says why; look after its disk" },
		{ "READONLY",
		    "this is a replica: name the master, or use redis+sentinel://" },
		{ "WRONGTYPE",
		    "other software writes under this prefix: set key_prefix" },
		{ "LOADING", "wait until Redis has loaded its data" },
		{ "MOVED", "say redis+cluster:// in the setting redis" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strstr(err, table[i].word) != NULL)
			return table[i].fix;
	return "see the log of Redis";
}

static void
fail(struct doctor *d, const char *check, const char *what, const char *err)
{
	doctor_add(d, DOCTOR_FAIL, check, fix_for(err), "%s: %s", what, err);
}

/* --- the servers --- */

static void
look_at_version(struct doctor *d, const char *shown, const struct redis_probe *p)
{
	const char *slash = strchr(p->server, '/');
	long major = slash != NULL ? strtol(slash + 1, NULL, 10) : 0;

	if (p->server[0] == '\0')
		doctor_add(d, DOCTOR_PASS, "redis version", NULL,
		    "%s does not tell its version to this user", shown);
	else if (major < 7)
		doctor_add(d, DOCTOR_WARN, "redis version",
		    "upgrade to Redis 7.0 or later, or Valkey",
		    "%s is %s, which metermark is not tried with", shown, p->server);
	else
		doctor_add(d, DOCTOR_PASS, "redis version", NULL, "%s is %s", shown,
		    p->server);
}

static void
look_at_server(
    void *arg, const struct rurl *server, const struct redis_probe *p, const char *why)
{
	struct doctor *d = arg;
	char shown[RURL_SHOWN_MAX];

	rurl_show(server, shown, sizeof(shown));
	if (p == NULL) {
		doctor_add(d, DOCTOR_FAIL, "redis",
		    "start it, or let the cluster fail over", "%s: %s", shown, why);
		return;
	}
	look_at_version(d, shown, p);
	if (p->role_known && !p->master)
		doctor_add(d, DOCTOR_FAIL, "redis role",
		    "name the master, or use redis+sentinel://", "%s is a replica",
		    shown);
	else if (p->role_known)
		doctor_add(d, DOCTOR_PASS, "redis role", NULL, "%s is a master", shown);
	if (redis_probe_drops(p))
		doctor_add(d, DOCTOR_FAIL, "redis eviction",
		    "redis-cli config set maxmemory-policy noeviction, and in redis.conf",
		    "%s drops counters when its memory is full: maxmemory-policy is %s",
		    shown, p->eviction);
	else if (p->eviction[0] != '\0')
		doctor_add(d, DOCTOR_PASS, "redis eviction", NULL,
		    "%s drops nothing of ours (%s)", shown, p->eviction);
}

/* --- memory and persistence --- */

/* The number behind "name:" in an INFO text; -1 when it is not there. */
static int64_t
info_number(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text != NULL && *text != '\0') {
		if (strncmp(text, name, len) == 0 && text[len] == ':')
			return strtoll(text + len + 1, NULL, 10);
		text = strchr(text, '\n');
		if (text != NULL)
			text++;
	}
	return -1;
}

/* INFO SECTION of the server that has the registry; -1 if that is forbidden. */
static int
info(struct query *q, struct str key, const char *section, struct buf *out)
{
	if (query_ask(q, key, (const char *[]) { "INFO", section, NULL }) != 0)
		return -1;
	return query_answer_text(q, "INFO", out);
}

static void
look_at_memory(struct doctor *d, struct query *q, struct str key)
{
	char used_text[HUMAN_MAX], max_text[HUMAN_MAX];
	int64_t used = -1, max = -1;
	struct buf text;
	int status;

	buf_init(&text, INFO_MAX);
	status = info(q, key, "memory", &text);
	if (status == 0) {
		used = info_number(text.p, "used_memory");
		max = info_number(text.p, "maxmemory");
	}
	buf_fini(&text);
	if (status != 0)
		return;
	human_bytes(used_text, used);
	human_bytes(max_text, max);
	if (max > 0 && used > max / 10 * 9)
		doctor_add(d, DOCTOR_WARN, "redis memory", "raise maxmemory",
		    "%s of %s are used: soon Redis refuses to count", used_text,
		    max_text);
	else if (used >= 0)
		doctor_add(d, DOCTOR_PASS, "redis memory", NULL, "%s used of %s",
		    used_text, max > 0 ? max_text : "what the machine has");
}

static void
look_at_persistence(struct doctor *d, struct query *q, struct str key)
{
	bool aof = false, saves_fail = false;
	struct buf text;
	int status;

	buf_init(&text, INFO_MAX);
	status = info(q, key, "persistence", &text);
	if (status == 0) {
		aof = info_number(text.p, "aof_enabled") == 1;
		saves_fail = strstr(text.p, "rdb_last_bgsave_status:err") != NULL ||
		    strstr(text.p, "aof_last_write_status:err") != NULL;
	}
	buf_fini(&text);
	if (status != 0)
		return;
	if (saves_fail)
		doctor_add(d, DOCTOR_FAIL, "redis disk",
		    "look after the disk of Redis; its log says more",
		    "Redis failed to save its data");
	else if (!aof)
		doctor_add(d, DOCTOR_WARN, "redis disk",
		    "set appendonly yes in redis.conf",
		    "Redis writes no append-only file: what it has not saved is lost when it stops; only what the daemon retains comes back");
	else
		doctor_add(d, DOCTOR_PASS, "redis disk", NULL,
		    "Redis writes an append-only file");
}

/* --- rights --- */

/* A batch of one message with so many recipients, nearly as old as totals get. */
static struct tally_entry *
make_entry(size_t n_rcpt)
{
	static uint8_t rcpt[2 * HLL_FEW][HLL_ELEMENT_BYTES];
	static const uint8_t seed[NAMEMAP_SEED_BYTES] = { 0 };
	struct tally_delta delta = { .n = { [TALLY_MESSAGES] = 1 } };
	struct tally *t = tally_new(2, 2, seed);
	struct tally_entry *e = NULL;

	snprintf(delta.campaign.name, sizeof(delta.campaign.name), "%s", NAME);
	delta.campaign.len = strlen(NAME);
	delta.when = clock_wall_s() - RKEY_TOTAL_TTL_S + LIFE_S;
	for (size_t i = 0; i < n_rcpt; i++)
		random_bytes(rcpt[i], sizeof(rcpt[i]));
	delta.n_rcpt = n_rcpt;
	delta.rcpt = (const uint8_t(*)[HLL_ELEMENT_BYTES])rcpt;
	if (t != NULL && tally_add(t, &delta) == 0)
		while (
		    (e = tally_take(t)) != NULL && strcmp(e->campaign.name, NAME) != 0)
			tally_entry_free(e);
	tally_free(t);
	return e;
}

/* Send a batch; what the script says, or -100 with the query's error. */
static int64_t
send_batch(struct query *q, const char *producer, size_t n_rcpt, uint64_t seq)
{
	struct tally_entry *e = make_entry(n_rcpt);
	struct rargs args;
	struct buf key;
	int64_t said = -100;

	rargs_init(&args, BATCH_MAX);
	buf_init(&key, QUERY_KEY_MAX);
	rkey_total(&key, q->prefix, STR(NAME));
	if (e != NULL)
		rbatch_build(
		    &args, redis_net_sha(q->net), q->prefix, producer, e, 0, seq);
	if (e == NULL || rargs_finish(&args) != 0)
		query_no_memory(q);
	else if (redis_net_eval(q->net, buf_str(&key), &args, &q->err) == 0)
		/* A failure leaves said alone. */
		(void)query_answer_first(q, "EVALSHA", &said);
	buf_fini(&key);
	rargs_fini(&args);
	tally_entry_free(e);
	return said;
}

/* Remove what the batches made. */
static int
clean_up(struct query *q)
{
	int64_t when = clock_wall_s() - RKEY_TOTAL_TTL_S + LIFE_S, n;
	struct str name = STR(NAME);
	struct rargs args;
	struct buf key;
	int status;

	rargs_init(&args, BATCH_MAX);
	rargs_adds(&args, "DEL");
	rkey_total(rargs_open(&args), q->prefix, name);
	rargs_close(&args);
	rkey_rcpt(rargs_open(&args), q->prefix, name);
	rargs_close(&args);
	/* The batches may have been made on the other side of an hour's end. */
	for (int64_t back = 0; back < 2; back++) {
		rkey_hour(rargs_open(&args), q->prefix, name, when / HOUR_S - back);
		rargs_close(&args);
		rkey_day(rargs_open(&args), q->prefix, name, when / DAY_S - back);
		rargs_close(&args);
	}
	buf_init(&key, QUERY_KEY_MAX);
	rkey_total(&key, q->prefix, name);
	status = query_ask_args(q, buf_str(&key), &args);
	if (status == 0)
		status = query_answer_int(q, "DEL", &n);
	buf_fini(&key);
	rargs_fini(&args);
	return status;
}

/* The list of campaigns is written to, so that nothing changes. */
static int
try_registry(struct query *q, struct str key)
{
	const char *add[] = { "ZADD", key.p, "XX", "GT", "1", NAME, NULL };
	const char *expire[] = { "ZREMRANGEBYSCORE", key.p, "-inf", "(0", NULL };
	int64_t n;

	if (query_ask(q, key, add) != 0 || query_answer_int(q, "ZADD", &n) != 0)
		return -1;
	if (query_ask(q, key, expire) != 0)
		return -1;
	return query_answer_int(q, "ZREMRANGEBYSCORE", &n);
}

/* Redis may have it already: then a right to load it is missed at its next restart. */
static int
try_load(struct query *q, struct str key)
{
	const char *load[] = { "SCRIPT", "LOAD", rbatch_script(), NULL };
	struct buf sha;
	int status;

	if (query_ask(q, key, load) != 0)
		return -1;
	buf_init(&sha, SHA_MAX);
	status = query_answer_text(q, "SCRIPT LOAD", &sha);
	buf_fini(&sha);
	return status;
}

static void
look_at_rights(struct doctor *d, struct query *q, struct str key)
{
	uint8_t random[16];
	char producer[sizeof(random) * 2 + 1];

	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(producer + 2 * i, 3, "%02x", random[i]);
	if (try_load(q, key) != 0)
		fail(d, "redis rights", "the script cannot be loaded", q->err.text);
	else if (send_batch(q, producer, 1, 1) != RBATCH_APPLIED ||
	    send_batch(q, producer, HLL_FEW + 1, 2) != RBATCH_APPLIED)
		fail(d, "redis rights", "a batch cannot be counted", q->err.text);
	else if (send_batch(q, producer, 1, 2) != RBATCH_OLD)
		fail(d, "redis rights", "a batch counted twice", "");
	else if (try_registry(q, key) != 0)
		fail(d, "redis rights", "the list of campaigns", q->err.text);
	else if (clean_up(q) != 0)
		fail(d, "redis rights", "keys cannot be removed", q->err.text);
	else
		doctor_add(d, DOCTOR_PASS, "redis rights", NULL,
		    "a batch counts once, and leaves nothing behind (prefix %s)",
		    q->prefix);
}

/* --- clocks --- */

static void
look_at_clocks(struct doctor *d, struct query *q, struct str key)
{
	int64_t here = clock_wall_s(), there = 0;
	char text[HUMAN_MAX];

	human_time(text, here);
	if (here < OLDEST_CLOCK) {
		doctor_add(d, DOCTOR_FAIL, "clock", "set it; run an NTP client",
		    "this host's clock says %s", text);
		return;
	}
	if (query_ask(q, key, (const char *[]) { "TIME", NULL }) == 0)
		/* Where the question is forbidden there stays 0. */
		(void)query_answer_first(q, "TIME", &there);
	if (there != 0 && llabs(there - here) > CLOCK_WARN_S)
		doctor_add(d, DOCTOR_WARN, "clock",
		    "run an NTP client on both: hours and expiry go by these clocks",
		    "Redis is %lld s %s this host", llabs(there - here),
		    there > here ? "ahead of" : "behind");
	else
		doctor_add(d, DOCTOR_PASS, "clock", NULL, "%s%s", text,
		    there != 0 ? ", and Redis agrees" : "");
}

/* --- all of it --- */

static int
find(struct doctor *d, struct rurl *url)
{
	struct redis_place place = { .url = d->conf.redis,
		.user = d->conf.redis_user,
		.password_file = d->conf.redis_password_file,
		.run_as = d->conf.user };
	char err[DOCTOR_TEXT_MAX];

	if (redis_place_find(&place, url, err, sizeof(err)) == 0)
		return 0;
	doctor_add(d, DOCTOR_FAIL, "redis", NULL, "%s", err);
	return -1;
}

static int
reach(struct doctor *d, const struct rurl *url, struct query *q)
{
	struct redis_net_options options = { .timeout_ms = TIMEOUT_MS,
		.script = rbatch_script() };
	int64_t began_ms = clock_mono_ms(), took_ms;
	char shown[RURL_SHOWN_MAX];

	if (query_open(q, url, d->conf.key_prefix, &options) != 0) {
		doctor_add(d, DOCTOR_FAIL, "redis",
		    q->err.cure == REDIS_CURE_RECONNECT
			? "start it, or correct the setting redis"
			: fix_for(q->err.text),
		    "%s", q->err.text);
		return -1;
	}
	took_ms = clock_mono_ms() - began_ms;
	rurl_show(url, shown, sizeof(shown));
	doctor_add(d, took_ms > SLOW_MS ? DOCTOR_WARN : DOCTOR_PASS, "redis",
	    took_ms > SLOW_MS ? "is the network, or Redis, overloaded?" : NULL,
	    "%s answers; connecting took %" PRId64 " ms", shown, took_ms);
	return 0;
}

void
doctor_redis(struct doctor *d)
{
	struct rurl url;
	struct query q;
	struct buf key;

	if (find(d, &url) != 0)
		return;
	if (reach(d, &url, &q) == 0) {
		buf_init(&key, QUERY_KEY_MAX);
		rkey_campaigns(&key, q.prefix);
		redis_net_each(q.net, look_at_server, d);
		look_at_memory(d, &q, buf_str(&key));
		look_at_persistence(d, &q, buf_str(&key));
		look_at_rights(d, &q, buf_str(&key));
		look_at_clocks(d, &q, buf_str(&key));
		buf_fini(&key);
		query_close(&q);
	}
	explicit_bzero(&url, sizeof(url));
}
