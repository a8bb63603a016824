/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbatch.c - one campaign's sums as one Redis command.  See the header.
 */
#include "counting/rbatch.h"

#include "redis/rkey.h"
#include "system/crypto.h"

#define WHOLE_KEYS 3 /* total, rcpt, sketch */
/* As far back as hours and days may still be there. */
#define FORGET_HOURS (RKEY_HOUR_TTL_S / 3600 + 24)
#define FORGET_DAYS (RKEY_DAY_TTL_S / 86400 + 1)

/*
 * The script.
 *
 *     KEYS  total, rcpt, sketch, then the hashes of hours and days
 *     ARGV  marker field, prev, seq, name as sent, first, last, seconds to live,
 *           recipients: their number and they, or -1 and a sketch,
 *           per hash (total first): EXPIREAT or 0, how many fields, field, value, ...
 *
 * Redis runs a script alone, but takes nothing back when it fails half way.  So:
 *
 * 1. The marker decides.  An old number ends the script before it has written.  Where a
 *    tombstone stands instead of a marker, nothing was lost: the campaign was forgotten
 *    on purpose.  A batch from before that is not wanted, a later one starts anew.
 *    A number near the end of Lua's is none that we have given; ours must not go on
 *    above it, where they would round.
 * 2. All that could make a write fail (a key of another type, a field that is no
 *    integer) is read and judged before the first one.  18 digits leave room for any
 *    sum: no overflow.
 * 3. Recipients come first among the writes.  They are the only ones that may fail yet
 *    (a string that is no HyperLogLog, memory, a missing right), and a set takes the
 *    same elements twice without harm.
 * 4. Sums are set, not incremented, those of the total by the one command that sets the
 *    marker, which comes last: what the script did may be done again.  And it is.  An
 *    AOF that a crash has torn within the script's MULTI is cut behind the last whole
 *    command, not before MULTI (by Redis and Valkey up to 8; valkey#4342), and at the
 *    next start but one what is left of that MULTI is carried out, after all.  By then
 *    the batch has come again; its sums are the same, and stand further down.
 * 5. Names, times and expiry come last; should those fail, the next try finds the
 *    marker set, and counts stay right.
 *
 * Large numbers are added in halves: Lua's doubles would round.
 */
static const char script[] =
    "local marker, prev, seq = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local total, rcpt, sketch = KEYS[1], KEYS[2], KEYS[3]\n"
    "local function bad(key, field)\n"
    "  return redis.error_reply('WRONGTYPE field ' .. field .. ' of ' .. key ..\n"
    "    ' is not a counter')\n"
    "end\n"
    "local function sane(v)\n"
    "  return not v or (#v <= 18 and string.match(v, '^-?%d+$'))\n"
    "end\n"
    "local function add(a, b)\n"
    "  if #a < 16 and #b < 16 or string.sub(a, 1, 1) == '-' then\n"
    "    return string.format('%.0f', a + b)\n"
    "  end\n"
    "  local low = string.sub(a, -9) + string.sub(b, -9)\n"
    "  local high = (tonumber(string.sub(a, 1, -10)) or 0) +\n"
    "    (tonumber(string.sub(b, 1, -10)) or 0) + math.floor(low / 1e9)\n"
    "  return string.format('%.0f%09.0f', high, low % 1e9)\n"
    "end\n"
    "local seen = redis.call('HMGET', total, marker, 'first_seen', 'last_seen',\n"
    "  '" RBATCH_TOMBSTONE "', '" RBATCH_FORGETS "')\n"
    "if not sane(seen[1]) then return bad(total, marker) end\n"
    "if not sane(seen[2]) then return bad(total, 'first_seen') end\n"
    "if not sane(seen[3]) then return bad(total, 'last_seen') end\n"
    "if not sane(seen[4]) then return bad(total, '" RBATCH_TOMBSTONE "') end\n"
    "local forgets = sane(seen[5]) and tonumber(seen[5] or '0') or 0\n"
    "local m, done = tonumber(seen[1] or '0'), 1\n"
    "if m > 2^52 then return bad(total, marker) end\n"
    "if seen[4] and not seen[1] then\n"
    "  if tonumber(ARGV[6]) <= tonumber(seen[4]) then\n"
    "    return {2, tonumber(seen[4])}\n"
    "  end\n"
    "  prev, done = 0, 3\n"
    "end\n"
    "if seq <= m then return {0, m, forgets} end\n"
    "if m < prev then return {-1, m} end\n"
    "\n"
    "local few = tonumber(ARGV[8])\n"
    "local at = 9 + math.abs(few)\n"
    "local hashes = {}\n"
    "for k = 1, #KEYS do if k == 1 or k > 3 then\n"
    "  local h = {key = KEYS[k], expire = ARGV[at], from = at + 2,\n"
    "    to = at + 1 + 2 * tonumber(ARGV[at + 1])}\n"
    "  local names, sums = {}, {}\n"
    "  for i = h.from, h.to, 2 do names[#names + 1] = ARGV[i] end\n"
    "  if #names > 0 then\n"
    "    for i, v in ipairs(redis.call('HMGET', h.key, unpack(names))) do\n"
    "      if not sane(v) then return bad(h.key, names[i]) end\n"
    "      sums[2 * i - 1] = names[i]\n"
    "      sums[2 * i] = add(v or '0', ARGV[h.from + 2 * i - 1])\n"
    "    end\n"
    "  end\n"
    "  h.sums = sums\n"
    "  hashes[#hashes + 1] = h\n"
    "  at = h.to + 1\n"
    "end end\n"
    "\n"
    "if few > 0 then\n"
    "  redis.call('PFADD', rcpt, unpack(ARGV, 9, 8 + few))\n"
    "elseif few < 0 then\n"
    "  redis.call('SET', sketch, ARGV[9], 'EX', 60)\n"
    "  local r = redis.pcall('PFMERGE', rcpt, sketch)\n"
    "  redis.call('DEL', sketch)\n"
    "  if r.err then return r end\n"
    "end\n"
    "for n = #hashes, 2, -1 do\n"
    "  if #hashes[n].sums > 0 then\n"
    "    redis.call('HSET', hashes[n].key, unpack(hashes[n].sums))\n"
    "  end\n"
    "end\n"
    "redis.call('HSET', total, marker, ARGV[3], unpack(hashes[1].sums))\n"
    "\n"
    "local first, last = tonumber(ARGV[5]), tonumber(ARGV[6])\n"
    "redis.call('HSETNX', total, 'name', ARGV[4])\n"
    "if not seen[2] or first < tonumber(seen[2]) then\n"
    "  redis.call('HSET', total, 'first_seen', ARGV[5])\n"
    "end\n"
    "if not seen[3] or last > tonumber(seen[3]) then\n"
    "  redis.call('HSET', total, 'last_seen', ARGV[6])\n"
    "else\n"
    "  last = tonumber(seen[3])\n"
    "end\n"
    "local gone = string.format('%.0f', last + tonumber(ARGV[7]))\n"
    "redis.call('EXPIREAT', total, gone)\n"
    "redis.call('EXPIREAT', rcpt, gone)\n"
    "for _, h in ipairs(hashes) do\n"
    "  if h.expire ~= '0' then redis.call('EXPIREAT', h.key, h.expire) end\n"
    "end\n"
    "return {done, seq, forgets}\n";

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

/* Hours and days that have something to say, as keys.  out NULL: only their number. */
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

/* Those of a campaign as a whole: WHOLE_KEYS. */
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

/* Only counters that are not zero: a field that is there means something happened. */
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
 * The clock of who forgets may be behind that of who counts: what was counted already
 * is from before in any case.
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

/* Two days ahead too: clocks differ. */
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
