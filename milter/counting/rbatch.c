/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbatch.c - one campaign's sums as one Redis command.  See the header.
 */
#include "counting/rbatch.h"

#include "redis/rkey.h"
#include "system/crypto.h"

#define WHOLE_KEYS 3 /* total, rcpt, sketch */
/* How far back hours and days may still exist. */
#define FORGET_HOURS (RKEY_HOUR_TTL_S / 3600 + 24)
#define FORGET_DAYS (RKEY_DAY_TTL_S / 86400 + 1)

/* milter/counting/batch.lua without its comments, as embed.sed makes a string of it. */
static const char script[] =
#include "counting/batch_lua.h"
    ;

const char *
rbatch_script(void)
{
	return script;
}

/* ==== sums ==== */

static bool
any(const int64_t *n)
{
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		if (n[i] != 0)
			return true;
	return false;
}

static bool
has_rcpt(const struct tally_entry *e)
{
	return e->rcpt != NULL && (hll_few(e->rcpt) > 0 || hll_dense(e->rcpt) != NULL);
}

bool
rbatch_is_empty(const struct tally_entry *e)
{
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		if (any(h->n))
			return false;
	return true;
}

static int64_t
day_of(const struct tally_hour *h)
{
	return h->hour / 24 - (h->hour % 24 < 0);
}

/* The sums of h's day, from h on, into *day; returns the first hour behind that day. */
static const struct tally_hour *
day_sum(const struct tally_hour *h, struct tally_hour *day)
{
	*day = (struct tally_hour) { .hour = day_of(h) };
	for (; h != NULL && day_of(h) == day->hour; h = h->next)
		for (size_t i = 0; i < TALLY_COUNTERS; i++)
			day->n[i] += h->n[i];
	return h;
}

static void
total_sum(const struct tally_entry *e, struct tally_hour *total)
{
	*total = (struct tally_hour) { .first = INT64_MAX, .last = INT64_MIN };
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next) {
		for (size_t i = 0; i < TALLY_COUNTERS; i++)
			total->n[i] += h->n[i];
		if (h->first < total->first)
			total->first = h->first;
		if (h->last > total->last)
			total->last = h->last;
	}
}

/* ==== the command ==== */

static struct str
name_of(const struct tally_entry *e)
{
	return str_make(e->campaign.name, e->campaign.len);
}

/* Add the keys of hours and days that have counts.  out NULL: only count them. */
static int64_t
add_bucket_keys(struct rargs *out, const char *prefix, const struct tally_entry *e)
{
	struct tally_hour day;
	int64_t n = 0;

	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next) {
		if (!any(h->n))
			continue;
		n++;
		if (out == NULL)
			continue;
		rkey_hour(rargs_open(out), prefix, name_of(e), h->hour);
		rargs_close(out);
	}
	for (const struct tally_hour *h = e->hours; h != NULL;) {
		h = day_sum(h, &day);
		if (!any(day.n))
			continue;
		n++;
		if (out == NULL)
			continue;
		rkey_day(rargs_open(out), prefix, name_of(e), day.hour);
		rargs_close(out);
	}
	return n;
}

/* Add the keys of the campaign as a whole: WHOLE_KEYS of them. */
static void
add_whole_keys(struct rargs *out, const char *prefix, struct str name)
{
	rkey_total(rargs_open(out), prefix, name);
	rargs_close(out);
	rkey_rcpt(rargs_open(out), prefix, name);
	rargs_close(out);
	rkey_sketch(rargs_open(out), prefix, name);
	rargs_close(out);
}

static void
add_keys(struct rargs *out, const char *prefix, const struct tally_entry *e)
{
	rargs_addn(out, WHOLE_KEYS + add_bucket_keys(NULL, prefix, e));
	add_whole_keys(out, prefix, name_of(e));
	add_bucket_keys(out, prefix, e);
}

static void
add_rcpt(struct rargs *out, const struct tally_entry *e)
{
	size_t few = e->rcpt == NULL ? 0 : hll_few(e->rcpt);

	if (has_rcpt(e) && few == 0) {
		rargs_adds(out, "-1");
		rargs_add(out, hll_dense(e->rcpt), HLL_DENSE_BYTES);
		return;
	}
	rargs_addn(out, (int64_t)few);
	for (size_t i = 0; i < few; i++)
		rargs_add(out, hll_few_at(e->rcpt, i), HLL_ELEMENT_BYTES);
}

/*
 * Add only counters that are not zero: a field that exists means that something
 * happened.
 */
static void
add_counters(struct rargs *out, int64_t expire_at, const int64_t *n)
{
	int64_t fields = 0;

	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		fields += n[i] != 0;
	rargs_addn(out, expire_at);
	rargs_addn(out, fields);
	for (size_t i = 0; i < TALLY_COUNTERS; i++) {
		if (n[i] == 0)
			continue;
		rargs_adds(out, tally_counter_name(i));
		rargs_addn(out, n[i]);
	}
}

static void
add_buckets(struct rargs *out, const struct tally_entry *e)
{
	struct tally_hour day;

	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		if (any(h->n))
			add_counters(out, (h->hour + 1) * 3600 + RKEY_HOUR_TTL_S, h->n);
	for (const struct tally_hour *h = e->hours; h != NULL;) {
		h = day_sum(h, &day);
		if (any(day.n))
			add_counters(
			    out, (day.hour + 1) * 86400 + RKEY_DAY_TTL_S, day.n);
	}
}

void
rbatch_build(struct rargs *out, const char *sha, const char *prefix,
    const char *producer, const struct tally_entry *e, uint64_t prev, uint64_t seq)
{
	struct str sent = str_make(e->campaign.sent, e->campaign.sent_len);
	struct tally_hour total;

	total_sum(e, &total);
	rargs_reset(out);
	rargs_adds(out, "EVALSHA");
	rargs_adds(out, sha);
	add_keys(out, prefix, e);
	buf_addc(rargs_open(out), '~');
	rargs_adds(out, producer);
	rargs_addn(out, (int64_t)prev);
	rargs_addn(out, (int64_t)seq);
	rargs_addstr(out, sent.len > 0 ? sent : name_of(e));
	rargs_addn(out, total.first);
	rargs_addn(out, total.last);
	rargs_addn(out, RKEY_TOTAL_TTL_S);
	add_rcpt(out, e);
	add_counters(out, 0, total.n);
	add_buckets(out, e);
}

size_t
rbatch_estimate(const struct tally_entry *e)
{
	size_t bytes = 2048;

	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		bytes += 1024;
	return bytes + (has_rcpt(e) && hll_few(e->rcpt) == 0 ? HLL_DENSE_BYTES : 0);
}

/* ==== the list of campaigns ==== */

void
rbatch_list_begin(struct rargs *activity, struct rargs *ids, const char *prefix)
{
	rargs_reset(activity);
	rargs_adds(activity, "ZADD");
	rkey_campaigns(rargs_open(activity), prefix);
	rargs_close(activity);
	rargs_adds(activity, "GT");
	rargs_reset(ids);
	rargs_adds(ids, "HSET");
	rkey_ids(rargs_open(ids), prefix);
	rargs_close(ids);
}

void
rbatch_list_add(
    struct rargs *activity, struct rargs *ids, struct str campaign, int64_t last)
{
	uint8_t digest[32];

	rargs_addn(activity, last);
	rargs_addstr(activity, campaign);
	crypto_sha256(campaign.p, campaign.len, digest);
	buf_addhex(rargs_open(ids), digest, 8);
	rargs_close(ids);
	rargs_addstr(ids, campaign);
}

/* ==== forgetting ==== */

/*
 *     KEYS  total, then all else the campaign may have
 *     ARGV  now, seconds to live
 *
 * The clock of the host that forgets may be behind that of a host that counts: counts
 * that are in Redis are from before in any case.
 */
static const char forget_script[] =
    "local when = tonumber(ARGV[1])\n"
    "local last = tonumber(redis.call('HGET', KEYS[1], 'last_seen') or '0')\n"
    "if last and last > when then when = last end\n"
    "local n = 0\n"
    "for i = 1, #KEYS do n = n + redis.call('DEL', KEYS[i]) end\n"
    "redis.call('HSET', KEYS[1], '" RBATCH_TOMBSTONE "', string.format('%.0f', when))\n"
    "redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
    "return n\n";

/* Two days ahead are included, since clocks differ. */
static void
add_forget_keys(struct rargs *out, const char *prefix, struct str name, int64_t now)
{
	int64_t hour = now / 3600, day = now / 86400;

	add_whole_keys(out, prefix, name);
	for (int64_t h = hour - FORGET_HOURS; h <= hour + 48; h++) {
		rkey_hour(rargs_open(out), prefix, name, h);
		rargs_close(out);
	}
	for (int64_t d = day - FORGET_DAYS; d <= day + 2; d++) {
		rkey_day(rargs_open(out), prefix, name, d);
		rargs_close(out);
	}
}

void
rbatch_forget(struct rargs *out, const char *prefix, struct str campaign, int64_t now)
{
	rargs_reset(out);
	rargs_adds(out, "EVAL");
	rargs_adds(out, forget_script);
	rargs_addn(out, WHOLE_KEYS + FORGET_HOURS + 49 + FORGET_DAYS + 3);
	add_forget_keys(out, prefix, campaign, now);
	rargs_addn(out, now);
	rargs_addn(out, RBATCH_TOMBSTONE_TTL_S);
}
