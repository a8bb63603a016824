/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters.c - outbox and flusher, made from the settings and stopped in order.
 */
#include "flush/counters.h"

#include <stdio.h>
#include <string.h>

#include "redis/redis_place.h"

/*
 * What may wait for Redis: two days' worth of new names, and three days of hours.  What
 * is more goes to `_other` and to the newest hour.  A campaign takes 1 KB of memory,
 * half a KB for each hour more, and 12 KB at most for its recipients.
 */
#define DAYS_MAX 2
#define ENTRIES_MIN 20000
#define HOURS_MAX 72

static size_t
entries_max(const struct conf *conf)
{
	size_t n = (size_t)conf->campaign.max * DAYS_MAX;

	return n > ENTRIES_MIN ? n : ENTRIES_MIN;
}

static struct redis_place
place_of(const struct conf *conf)
{
	return (struct redis_place) { .url = conf->redis,
		.user = conf->redis_user,
		.password_file = conf->redis_password_file,
		.run_as = conf->user };
}

/* With the place of the setting at fault in err. */
static int
find_place(const struct conf *conf, const struct redis_place *place, struct rurl *url,
    char *err, size_t errlen)
{
	const char *file = conf->redis_password_file;
	char at[512], why[512];
	bool of_file;

	if (redis_place_find(place, url, why, sizeof(why)) == 0)
		return 0;
	of_file = file[0] != '\0' && str_starts(str_of(why), str_of(file));
	conf_place(conf, of_file ? conf->lines.redis_password_file : conf->lines.redis,
	    at, sizeof(at));
	snprintf(err, errlen, "%s%s: %s", at, of_file ? "redis_password_file" : "redis",
	    why);
	return -1;
}

int
counters_check(const struct conf *conf, char *err, size_t errlen)
{
	struct redis_place place = place_of(conf);
	struct rurl url;
	int rc;

	place.lenient = true;
	rc = find_place(conf, &place, &url, err, errlen);
	explicit_bzero(&url, sizeof(url));
	return rc;
}

static int
settings_of(const struct counters *c, const struct conf *conf,
    struct flusher_settings *out, char *err, size_t errlen)
{
	const struct redis_place place = place_of(conf);
	struct store_settings *store = &out->store;

	*out = (struct flusher_settings) { .interval_ms = conf->flush_interval_ms };
	if (find_place(conf, &place, &out->redis, err, errlen) != 0)
		return -1;
	snprintf(out->key_prefix, sizeof(out->key_prefix), "%s", conf->key_prefix);
	memcpy(out->producer, c->producer, sizeof(out->producer));
	memcpy(store->producer, c->producer, sizeof(store->producer));
	snprintf(out->status_dir, sizeof(out->status_dir), "%s", c->state_dir);
	if (!c->in_memory)
		snprintf(store->dir, sizeof(store->dir), "%s/journal", c->state_dir);
	store->sync = conf->journal_sync;
	store->sync_ms = conf->flush_interval_ms;
	store->max_bytes = (uint64_t)conf->journal_max_mb << 20;
	store->retain_ms = (int64_t)conf->retain_s * 1000;
	store->retain_bytes = (size_t)conf->retain_mb << 20;
	/* They are on disk, too: what Redis has leaves room for what it lacks. */
	if (store->retain_bytes > store->max_bytes / 4)
		store->retain_bytes = (size_t)(store->max_bytes / 4);
	return 0;
}

int
counters_init(struct counters *c, const struct conf *conf, const char *producer,
    bool in_memory, char *err, size_t errlen)
{
	*c = (struct counters) { .in_memory = in_memory };
	snprintf(c->producer, sizeof(c->producer), "%s", producer);
	snprintf(c->state_dir, sizeof(c->state_dir), "%s", conf->state_dir);
	c->outbox = outbox_new(entries_max(conf), HOURS_MAX, conf->campaign.max);
	if (c->outbox != NULL)
		return 0;
	snprintf(err, errlen, "out of memory");
	return -1;
}

struct tally_sink
counters_sink(struct counters *c)
{
	return outbox_sink(c->outbox);
}

int
counters_start(struct counters *c, const struct conf *conf, char *err, size_t errlen)
{
	struct flusher_settings settings;

	if (settings_of(c, conf, &settings, err, errlen) != 0)
		return -1;
	c->flusher = flusher_start(&settings, c->outbox, err, errlen);
	explicit_bzero(&settings, sizeof(settings));
	return c->flusher == NULL ? -1 : 0;
}

int
counters_apply(struct counters *c, const struct conf *conf, char *err, size_t errlen)
{
	struct flusher_settings settings;

	if (settings_of(c, conf, &settings, err, errlen) != 0)
		return -1;
	outbox_set_max_new_names(c->outbox, conf->campaign.max);
	outbox_set_max_entries(c->outbox, entries_max(conf));
	flusher_reconfigure(c->flusher, &settings);
	explicit_bzero(&settings, sizeof(settings));
	return 0;
}

uint64_t
counters_stop(struct counters *c, uint32_t deadline_ms)
{
	uint64_t lost;

	if (c->flusher == NULL)
		return 0;
	lost = flusher_stop(c->flusher, deadline_ms);
	c->flusher = NULL;
	return lost;
}
