/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush_log.c - what the flusher says, and how often.  See the header.
 */
#include "flush/flush_log.h"

#include <string.h>

#include "system/clock.h"
#include "system/logger.h"
#include "text/line.h"

#define COMPLAIN_MS 60000

bool
flush_log_due(int64_t *last_ms, int64_t every_ms)
{
	int64_t now_ms = clock_mono_ms();

	if (*last_ms != 0 && now_ms - *last_ms < every_ms)
		return false;
	*last_ms = now_ms;
	return true;
}

static void
begin(struct buf *b, const struct rurl *redis, const char *event)
{
	char url[RURL_SHOWN_MAX];

	buf_init(b, LINE_MAX_BYTES);
	rurl_show(redis, url, sizeof url);
	line_begin(b, STR(""), event);
	line_add(b, "url", str_of(url));
}

/* The reason comes last, as a sentence: it is for people.  logger.h masks controls. */
static void
end(struct buf *b, enum logger_level level, const char *why)
{
	if (why != NULL)
		buf_addf(b, ": %s", why);
	logger_log(level, "%s", b->p);
	buf_fini(b);
}

void
flush_log_connected(const struct rurl *redis, const struct redis_probe *p)
{
	struct buf b;

	begin(&b, redis, "redis-connected");
	line_add(&b, "server", str_of(p->info_known ? p->server : "unknown"));
	line_addn(&b, "maxmemory", (int64_t)p->maxmemory);
	line_add(&b, "eviction", str_of(p->info_known ? p->eviction : "unknown"));
	end(&b, LOGGER_INFO, NULL);
	if (!redis_probe_drops(p))
		return;
	begin(&b, redis, "redis-may-evict");
	line_add(&b, "eviction", str_of(p->eviction));
	end(&b, LOGGER_WARN,
	    "a full Redis will drop counters; set maxmemory-policy noeviction");
}

/* redis_link_open()'s text begins with the URL, which the line has already. */
static const char *
without_url(const struct rurl *redis, const char *why)
{
	char url[RURL_SHOWN_MAX];
	size_t len;

	rurl_show(redis, url, sizeof url);
	len = strlen(url);
	return strncmp(why, url, len) == 0 && strncmp(why + len, ": ", 2) == 0
	    ? why + len + 2
	    : why;
}

void
flush_log_away(struct flush_log *l, const struct rurl *redis, const char *why)
{
	bool first = l->away_since_ms == 0;
	struct buf b;

	if (first) {
		l->away_since_ms = clock_mono_ms();
		l->away_ms = 0;
	}
	if (!flush_log_due(&l->away_ms, COMPLAIN_MS))
		return;
	begin(&b, redis, "redis-away");
	if (!first)
		line_addn(&b, "for_s", (clock_mono_ms() - l->away_since_ms) / 1000);
	end(&b, LOGGER_WARN, without_url(redis, why));
}

void
flush_log_back(struct flush_log *l, const struct rurl *redis)
{
	struct buf b;

	if (l->away_since_ms == 0)
		return;
	begin(&b, redis, "redis-back");
	line_addn(&b, "after_ms", clock_mono_ms() - l->away_since_ms);
	end(&b, LOGGER_INFO, NULL);
	l->away_since_ms = 0;
}

void
flush_log_apart(
    struct flush_log *l, const struct rurl *redis, size_t batches, const char *why)
{
	struct buf b;

	if (batches == 0 || !flush_log_due(&l->apart_ms, COMPLAIN_MS))
		return;
	begin(&b, redis, "redis-part-away");
	line_addn(&b, "batches", (int64_t)batches);
	end(&b, LOGGER_WARN, why);
}

void
flush_log_refuses(struct flush_log *l, const struct rurl *redis, size_t batches,
    struct str campaign, const char *why)
{
	struct buf b;

	if (batches == 0 || !flush_log_due(&l->refuses_ms, COMPLAIN_MS))
		return;
	begin(&b, redis, "redis-refuses");
	line_addn(&b, "batches", (int64_t)batches);
	if (campaign.len > 0)
		line_add(&b, "campaign", campaign);
	end(&b, LOGGER_ERROR, why);
}

void
flush_log_lost(
    struct flush_log *l, const struct rurl *redis, const struct flush_loss *loss)
{
	struct buf b;

	l->loss.campaigns += loss->campaigns;
	l->loss.again += loss->again;
	l->loss.beyond += loss->beyond;
	if (loss->campaigns == 0 || !flush_log_due(&l->lost_ms, COMPLAIN_MS))
		return;
	begin(&b, redis, "redis-lost-data");
	line_addn(&b, "campaigns", (int64_t)l->loss.campaigns);
	line_addn(&b, "batches_sent_again", (int64_t)l->loss.again);
	line_addn(&b, "campaigns_not_whole", (int64_t)l->loss.beyond);
	end(&b, LOGGER_ERROR,
	    l->loss.beyond > 0
		? "counters it had acknowledged are gone: flushed, evicted, or restarted without persistence; what is retained is sent again, what is older is lost"
		: "counters it had acknowledged are gone: flushed, evicted, or restarted without persistence; they are sent again");
	l->loss = (struct flush_loss) { .campaigns = 0 };
}

void
flush_log_ahead(struct flush_log *l, const struct rurl *redis, size_t campaigns)
{
	struct buf b;

	if (campaigns == 0 || !flush_log_due(&l->ahead_ms, COMPLAIN_MS))
		return;
	begin(&b, redis, "redis-marker-ahead");
	line_addn(&b, "campaigns", (int64_t)campaigns);
	end(&b, LOGGER_WARN,
	    "this producer has counted with higher numbers: the clock went back, or two daemons share a state_dir");
}

void
flush_log_overtaken(struct flush_log *l, const struct rurl *redis, size_t campaigns)
{
	struct buf b;

	if (campaigns == 0 || !flush_log_due(&l->overtaken_ms, COMPLAIN_MS))
		return;
	begin(&b, redis, "redis-has-later-batches");
	line_addn(&b, "campaigns", (int64_t)campaigns);
	end(&b, LOGGER_ERROR,
	    "state_dir is an old copy, could not be written for a while, or another daemon uses one: what was counted before is not counted again");
}

void
flush_log_forgotten(const struct rurl *redis, size_t campaigns)
{
	struct buf b;

	if (campaigns == 0)
		return;
	begin(&b, redis, "campaigns-forgotten");
	line_addn(&b, "campaigns", (int64_t)campaigns);
	end(&b, LOGGER_INFO, NULL);
}
