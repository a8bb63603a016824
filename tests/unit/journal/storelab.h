/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storelab.h - lives of a store for tests: begin it, count, flush, end it in order or
 * as a crash does, and go on with the directory or with a copy of it.
 *
 * A table plays Redis: serve() does with its markers what the script does with Redis's.
 */
#ifndef METERMARK_TESTS_STORELAB_H
#define METERMARK_TESTS_STORELAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/store.h"
#include "system/clock.h"
#include "system/logger.h"

#define PRODUCER "00112233445566778899aabbccddeeff"
#define WHEN INT64_C(1795510800)
#define NAMES 8

static char top[64], dir[80], copy[80];

/* What Redis has, by campaign: "c0" ... and "_all". */
struct server {
	int64_t messages[NAMES + 1];
	uint64_t marker[NAMES + 1];
};

struct life {
	struct outbox *outbox;
	struct store *store;
};

static inline int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void
remove_tree(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int
make_dir(void **state)
{
	(void)state;
	/* Thousands of lives: a disk would take minutes. */
	snprintf(top, sizeof top, "%s/store.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(dir, sizeof dir, "%s/a", top);
	snprintf(copy, sizeof copy, "%s/b", top);
	return 0;
}

static inline int
remove_dir(void **state)
{
	(void)state;
	remove_tree(top);
	return 0;
}

static inline struct store_settings
settings(const char *where)
{
	struct store_settings set = { .producer = PRODUCER,
		.sync = CONF_SYNC_NONE,
		.sync_ms = 1000,
		.max_bytes = 8 << 20,
		.retain_ms = 3600000,
		.retain_bytes = 1 << 20 };

	snprintf(set.dir, sizeof set.dir, "%s", where);
	return set;
}

/* A life that has room for that many campaigns. */
static inline struct life
begin_with(const char *where, size_t room)
{
	struct store_settings set = settings(where);
	struct life l = { .outbox = outbox_new(room, 24, 100) };
	char err[256] = "";

	assert_non_null(l.outbox);
	l.store = store_open(&set, l.outbox, err, sizeof err);
	if (l.store == NULL)
		fail_msg("%s", err);
	store_place(l.store, "here");
	return l;
}

static inline struct life
begin(const char *where)
{
	return begin_with(where, 100);
}

/* An end that is not orderly is that of a power failure: nothing more is written. */
static inline void
end(struct life *l, bool orderly)
{
	if (orderly)
		store_stop(l->store);
	else
		outbox_stop_journal(l->outbox);
	store_free(l->store);
	outbox_free(l->outbox);
}

static inline void
count(struct life *l, unsigned campaign, unsigned n)
{
	struct tally_delta d = { .when = WHEN };
	struct tally_sink sink = outbox_sink(l->outbox);

	d.campaign.len =
	    (size_t)snprintf(d.campaign.name, sizeof d.campaign.name, "c%u", campaign);
	d.n[TALLY_MESSAGES] = 1;
	for (; n > 0; n--)
		assert_int_equal(sink.put(sink.self, &d), 0);
}

static inline size_t
place_of(const struct lane *lane)
{
	return lane->name[0] == '_' ? NAMES : (size_t)(lane->name[1] - '0');
}

/* Redis takes a batch as the script does: by the marker of its campaign. */
static inline void
serve(struct server *redis, struct lanes *lanes, struct lane *lane)
{
	size_t i = place_of(lane);
	uint64_t seq = lane->at->seq, m = redis->marker[i];
	struct tally_entry *e;
	struct lane_gap gap;

	if (seq <= m || m < lane->acked) {
		lane_answer(lanes, lane, seq <= m ? RBATCH_OLD : RBATCH_LOST,
		    (int64_t)m, 1, &gap);
		return;
	}
	e = lanes_entry(lanes, lane->at);
	assert_non_null(e);
	for (const struct tally_hour *h = e->hours; h != NULL; h = h->next)
		redis->messages[i] += h->n[TALLY_MESSAGES];
	tally_entry_free(e);
	redis->marker[i] = seq;
	lane_answer(lanes, lane, RBATCH_APPLIED, (int64_t)seq, 1, &gap);
}

/* One round of the flusher, of which Redis gets at most that many batches. */
static inline void
flush(struct life *l, struct server *redis, int batches)
{
	struct lanes *lanes = store_lanes(l->store);
	struct lane *lane = NULL;

	store_seal(l->store, false);
	while (batches-- > 0 && (lane = lanes_ready(lanes, lane, false, 1)) != NULL)
		serve(redis, lanes, lane);
	store_settled(l->store);
}

static inline void
flush_all(struct life *l, struct server *redis)
{
	for (int i = 0; i < 10; i++)
		flush(l, redis, 1000);
	assert_true(store_is_empty(l->store));
}

static inline void
assert_counts(const struct server *redis, const int64_t want[NAMES])
{
	int64_t all = 0;

	for (size_t i = 0; i < NAMES; i++) {
		assert_int_equal(redis->messages[i], want[i]);
		all += want[i];
	}
	assert_int_equal(redis->messages[NAMES], all);
}

static inline void
copy_file(const char *name, off_t bytes, long flip)
{
	char from[128], to[128];
	char *p;
	int fd;
	struct stat st;

	snprintf(from, sizeof from, "%s/%s", dir, name);
	snprintf(to, sizeof to, "%s/%s", copy, name);
	fd = open(from, O_RDONLY);
	if (fd < 0)
		return;
	assert_int_equal(fstat(fd, &st), 0);
	p = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
	close(fd);
	if (flip >= 0)
		p[flip] = (char)(p[flip] ^ 4);
	if (bytes < 0 || bytes > st.st_size)
		bytes = st.st_size;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, (size_t)bytes), bytes);
	close(fd);
	free(p);
}

/* Copy the directory as a crash would leave it now, with the first bytes of the ledger;
 * -1: with all of them.  The byte of the ledger at flip is changed, unless flip is -1.
 */
static inline void
copy_dir(off_t ledger_bytes, long flip)
{
	char name[32];

	remove_tree(copy);
	assert_int_equal(mkdir(copy, 0700), 0);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "%08x.jnl", i);
		copy_file(name, -1, -1);
	}
	copy_file("ledger", ledger_bytes, flip);
}

static inline off_t
ledger_size(void)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/ledger", dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Leave three messages in Redis, two in doubt, and one in no batch.  The return value
 * is the size of the ledger before the two were sealed. */
static inline off_t
prepare(struct server *redis, int64_t want[NAMES])
{
	struct life l = begin(dir);
	off_t safe;

	count(&l, 0, 1);
	count(&l, 1, 2);
	flush(&l, redis, 1000);
	count(&l, 0, 1);
	count(&l, 2, 1);
	safe = ledger_size();
	flush(&l, redis, 0); /* sealed, and not one got through */
	count(&l, 3, 1);
	store_take(l.store);
	end(&l, false);
	want[0] = 2;
	want[1] = 2;
	want[2] = want[3] = 1;
	return safe;
}

/* The next life, in the copy, brings Redis to the counts that are wanted. */
static inline void
finish(struct server redis, const int64_t want[NAMES])
{
	struct life l = begin(copy);

	flush_all(&l, &redis);
	end(&l, true);
	assert_counts(&redis, want);
}

/* Names are kept for a week after WHEN, so the tests have their own date. */
static inline void
set_date_and_logger(const char *test)
{
	logger_open(test, true, LOGGER_ERROR);
	logger_set_level(LOGGER_ERROR);
	clock_shift(WHEN * 1000 - clock_wall_ms());
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

#endif
