/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_test.c - what was counted survives any end of the store, once: cut short at
 * every byte of the ledger, flipped, full, read-only.
 *
 * Redis is played here by a table that does what the script does with markers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/store.h"
#include "system/clock.h"
#include "system/logger.h"

#define PRODUCER "00112233445566778899aabbccddeeff"
#define WHEN INT64_C(1795510800)
#define NAMES 8
/* Each look at a byte starts threads: ten times as much work for ThreadSanitizer. */
#ifdef __SANITIZE_THREAD__
# define EACH 13
#else
# define EACH 1
#endif

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

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int
make_dir(void **state)
{
	(void)state;
	/* Thousands of lives: a disk would take minutes. */
	snprintf(top, sizeof top, "%s/store_test.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(dir, sizeof dir, "%s/a", top);
	snprintf(copy, sizeof copy, "%s/b", top);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	remove_tree(top);
	return 0;
}

static struct store_settings
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

/* With room for so many campaigns. */
static struct life
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

static struct life
begin(const char *where)
{
	return begin_with(where, 100);
}

/* In good order, or as if the power had gone: nothing more is written. */
static void
end(struct life *l, bool orderly)
{
	if (orderly)
		store_stop(l->store);
	else
		outbox_stop_journal(l->outbox);
	store_free(l->store);
	outbox_free(l->outbox);
}

static void
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

static size_t
place_of(const struct lane *lane)
{
	return lane->name[0] == '_' ? NAMES : (size_t)(lane->name[1] - '0');
}

/* What the script does. */
static void
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

/* A round; at most so many batches get through. */
static void
flush(struct life *l, struct server *redis, int batches)
{
	struct lanes *lanes = store_lanes(l->store);
	struct lane *lane = NULL;

	store_seal(l->store, false);
	while (batches-- > 0 && (lane = lanes_ready(lanes, lane, false, 1)) != NULL)
		serve(redis, lanes, lane);
	store_settled(l->store);
}

static void
flush_all(struct life *l, struct server *redis)
{
	for (int i = 0; i < 10; i++)
		flush(l, redis, 1000);
	assert_true(store_is_empty(l->store));
}

static void
assert_counts(const struct server *redis, const int64_t want[NAMES])
{
	int64_t all = 0;

	for (size_t i = 0; i < NAMES; i++) {
		assert_int_equal(redis->messages[i], want[i]);
		all += want[i];
	}
	assert_int_equal(redis->messages[NAMES], all);
}

static void
what_is_counted_survives_an_end_at_every_stage(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	unsigned x = 1;

	(void)state;
	for (int life = 0; life < 60; life++) {
		struct life l = begin(dir);

		for (int step = 0; step < 6; step++) {
			unsigned c = (x = x * 1103515245 + 12345) >> 16 & (NAMES - 1);

			count(&l, c, 1 + c);
			want[c] += 1 + c;
			switch (x >> 20 & 3) {
			case 0:
				store_take(l.store); /* Redis away */
				break;
			case 1:
				flush(&l, &redis, (int)(x >> 24 & 7));
				break;
			case 2:
				flush(&l, &redis, 1000);
				break;
			default:
				store_tick(l.store);
				break;
			}
		}
		end(&l, life % 3 == 0);
	}
	{
		struct life l = begin(dir);

		flush_all(&l, &redis);
		end(&l, true);
	}
	assert_counts(&redis, want);
}

static void
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

/* The directory as it is now, with so much of the ledger. */
static void
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

static off_t
ledger_size(void)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/ledger", dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Three messages are in Redis, two in doubt, one in no batch. */
static off_t
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

static void
finish(struct server redis, const int64_t want[NAMES])
{
	struct life l = begin(copy);

	flush_all(&l, &redis);
	end(&l, true);
	assert_counts(&redis, want);
}

/*
 * Whatever had been sent was in the ledger before.  So it may be cut anywhere behind
 * that, as a crash does it, and all comes out once.
 */
static void
a_ledger_cut_at_any_byte_counts_all_once(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	off_t safe = prepare(&redis, want);

	(void)state;
	for (off_t cut = safe; cut <= ledger_size(); cut += EACH) {
		copy_dir(cut, -1);
		finish(redis, want);
	}
}

/* A flipped byte may cost what is in its record, and counts nothing twice. */
static void
a_flipped_byte_in_the_ledger_never_counts_twice(void **state)
{
	struct server before = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	off_t size;

	(void)state;
	prepare(&before, want);
	size = ledger_size();
	for (off_t at = 0; at < size; at += 3 * EACH) {
		struct server redis = before;
		struct life l;

		copy_dir(-1, at);
		l = begin(copy);
		flush_all(&l, &redis);
		end(&l, true);
		for (size_t i = 0; i < NAMES; i++) {
			assert_true(redis.messages[i] <= want[i]);
			assert_true(redis.messages[i] >= before.messages[i]);
		}
	}
}

/*
 * Sums that were written down before they went into a batch, which Redis has: where the
 * batch's record cannot be read, the sums must not come back.
 */
static void
a_flipped_byte_in_an_applied_batch_never_counts_twice(void **state)
{
	struct server before = { .messages = { 0 } };
	int64_t want[NAMES] = { 3, 2, 1 };
	struct life l = begin(dir);
	off_t size;

	(void)state;
	count(&l, 0, 3);
	count(&l, 1, 2);
	store_take(l.store); /* Redis is away */
	flush(&l, &before, 1000);
	count(&l, 2, 1);
	store_take(l.store);
	end(&l, false);
	size = ledger_size();
	for (off_t at = 0; at < size; at += EACH) {
		struct server redis = before;

		copy_dir(-1, at);
		l = begin(copy);
		flush_all(&l, &redis);
		end(&l, true);
		for (size_t i = 0; i < NAMES; i++)
			assert_true(redis.messages[i] <= want[i]);
	}
}

/* The batch of after the forgetting stays, whatever of before it went. */
static void
what_is_forgotten_stays_so_and_takes_no_more_with_it(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct lane *lane = NULL;
	struct life l = begin(dir);
	uint64_t first;

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	while ((lane = lanes_each(store_lanes(l.store), lane)) != NULL)
		if (place_of(lane) == 0)
			break;
	assert_non_null(lane);
	first = lane->first->seq;
	count(&l, 0, 5);
	flush(&l, &redis, 0); /* sealed, in doubt */
	assert_true(lane->last->seq > first);
	store_forgotten(l.store, lane->link.name, first);
	store_save(l.store);
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 6);
	assert_int_equal(redis.messages[NAMES], 6);
}

/* A number of ours is in Redis that we know nothing of; then the process ends. */
enum by { BY_SEAL, BY_TAKE, BY_SAVE };

static void
number_anew_and_end(enum by by)
{
	struct server redis = { .messages = { 0 } };
	struct lane *lane = NULL;
	struct life l = begin(dir);

	count(&l, 0, 1);
	count(&l, 1, 1);
	store_seal(l.store, false);
	while ((lane = lanes_each(store_lanes(l.store), lane)) != NULL)
		if (place_of(lane) == 0)
			redis.marker[0] = lane->at->seq + 1000;
	flush(&l, &redis, 1000); /* c0 is ahead: renumbered; the others are in */
	if (by == BY_SAVE)
		store_save(l.store);
	count(&l, 1, 1);
	if (by == BY_SEAL)
		store_seal(l.store, false);
	else if (by == BY_TAKE)
		store_take(l.store);
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[0], 1);
	count(&l, 0, 1);
	flush_all(&l, &redis);
	/* And Redis loses all: it comes back once. */
	redis = (struct server) { .messages = { 0 } };
	lanes_verify(store_lanes(l.store), false);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 2);
	assert_int_equal(redis.messages[1], 2);
	assert_int_equal(redis.messages[NAMES], 4);
	remove_tree(dir);
}

static void
a_batch_numbered_anew_is_counted_once_over_a_restart(void **state)
{
	(void)state;
	number_anew_and_end(BY_SEAL);
	number_anew_and_end(BY_TAKE);
	number_anew_and_end(BY_SAVE);
}

static void
a_journal_without_its_ledger_is_set_aside(void **state)
{
	struct server redis = { .messages = { 0 } }, before;
	int64_t want[NAMES] = { 0 };
	struct store_figures fig;
	char path[128];
	struct life l;

	(void)state;
	prepare(&redis, want);
	before = redis;
	copy_dir(-1, -1);
	snprintf(path, sizeof path, "%s/ledger", copy);
	assert_int_equal(unlink(path), 0);
	l = begin(copy);
	store_figures(l.store, &fig);
	assert_true(fig.damaged > 0);
	flush_all(&l, &redis);
	end(&l, true);
	assert_memory_equal(redis.messages, before.messages, sizeof redis.messages);
	snprintf(path, sizeof path, "%s/00000000.jnl.bad", copy);
	assert_int_equal(access(path, F_OK), 0);
}

static void
what_redis_loses_comes_back_over_a_restart(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct life l = begin(dir);

	(void)state;
	for (int i = 0; i < 5; i++) {
		count(&l, 0, 1);
		flush(&l, &redis, 1000);
	}
	end(&l, true);
	assert_int_equal(redis.messages[0], 5);
	redis = (struct server) { .messages = { 0 } };
	l = begin(dir);
	lanes_verify(store_lanes(l.store), false);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[0], 5);
	assert_int_equal(redis.messages[NAMES], 5);
	/* Another Redis is not filled up with what this one had. */
	redis = (struct server) { .messages = { 0 } };
	end(&l, true);
	l = begin(dir);
	store_place(l.store, "elsewhere");
	lanes_verify(store_lanes(l.store), false);
	count(&l, 0, 1);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 1);
}

static void
an_outage_costs_by_campaigns_and_not_by_messages(void **state)
{
	struct life l = begin(dir);
	struct store_figures fig;
	uint64_t most = 0;

	(void)state;
	for (int i = 0; i < 400; i++) {
		count(&l, (unsigned)i % NAMES, 500);
		store_tick(l.store);
		store_figures(l.store, &fig);
		if (fig.journal.bytes + fig.ledger_bytes > most)
			most = fig.journal.bytes + fig.ledger_bytes;
	}
	store_take(l.store);
	store_figures(l.store, &fig);
	print_message("# 200000 messages: at most %llu bytes on disk, ledger %llu\n",
	    (unsigned long long)most, (unsigned long long)fig.ledger_bytes);
	assert_int_equal(fig.pending, 200000);
	assert_true(fig.ledger_bytes < 200000);
	assert_true(most < 8 << 20);
	end(&l, false);
}

/* No file may grow any more: a full disk.  Redis is there. */
static void
a_full_disk_holds_nothing_up_and_counts_nothing_twice(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 4, 3 };
	struct rlimit was, none = { .rlim_cur = 0 };
	struct store_figures fig;
	struct life l = begin(dir);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none.rlim_max = was.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	count(&l, 0, 2);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[0], 3);
	store_figures(l.store, &fig);
	assert_false(fig.on_disk);
	count(&l, 1, 3);
	flush_all(&l, &redis);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	/* It recovers by itself, some seconds later. */
	for (int i = 0; i < 100 && !fig.on_disk; i++) {
		usleep(50000);
		store_tick(l.store);
		store_figures(l.store, &fig);
	}
	assert_true(fig.on_disk);
	count(&l, 0, 1);
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	end(&l, true);
	assert_counts(&redis, want);
}

/* ==== no memory for what a seal leaves over ==== */

static atomic_bool no_memory;

struct tally *__real_tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES]);
struct tally *__wrap_tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES]);

struct tally *
__wrap_tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES])
{
	return no_memory && max_entries == SIZE_MAX
	    ? NULL
	    : __real_tally_new(max_entries, max_hours, seed);
}

static void
what_no_memory_keeps_from_being_sealed_survives_a_crash(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 2, 1 };
	struct life l = begin(dir);

	(void)state;
	count(&l, 1, 1);
	flush(&l, &redis, 1000);
	count(&l, 0, 2);
	no_memory = true;
	flush(&l, &redis, 1000);
	no_memory = false;
	assert_int_equal(redis.messages[0], 0);
	copy_dir(-1, -1);
	end(&l, false);
	finish(redis, want);
}

/* ==== a disk that does not take the ledger ==== */

static atomic_int fail_syncs = -1; /* so many of the next ones; -1: not looked at */
static ino_t failed_inode;         /* of the file of the last one */
static unsigned synced_again;      /* a failed file was tried once more */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

/* Of the thread that calls the store; the journal's thread has no part in it. */
int
__wrap_fdatasync(int fd)
{
	struct stat st;

	if (fail_syncs < 0)
		return __real_fdatasync(fd);
	assert_int_equal(fstat(fd, &st), 0);
	synced_again += st.st_ino == failed_inode;
	if (fail_syncs == 0)
		return __real_fdatasync(fd);
	fail_syncs--;
	failed_inode = st.st_ino;
	errno = EIO;
	return -1;
}

static void
a_ledger_that_fails_to_sync_is_written_anew(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 3, 4 };
	struct store_settings set = settings(dir);
	struct life l = begin(dir);
	char path[128];
	struct stat st;

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	set.sync = CONF_SYNC_INTERVAL;
	set.sync_ms = 3600000; /* the journal's thread has nothing to do */
	store_set(l.store, &set);
	count(&l, 0, 2);
	count(&l, 1, 4);
	fail_syncs = 1;
	flush(&l, &redis, 0); /* sealed; nothing gets through */
	fail_syncs = -1;
	assert_int_equal(synced_again, 0);
	snprintf(path, sizeof path, "%s/ledger", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_ino != failed_inode);
	copy_dir(-1, -1);
	finish(redis, want);
	flush_all(&l, &redis);
	set.sync = CONF_SYNC_NONE;
	store_set(l.store, &set);
	end(&l, false);
	assert_counts(&redis, want);
}

/* ==== a disk that cannot be changed: nothing is made, grows or goes ==== */

static atomic_bool stuck;

int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
int __real_openat64(int dirfd, const char *path, int flags, ...);
int __wrap_openat64(int dirfd, const char *path, int flags, ...);
int __real_unlinkat(int dirfd, const char *path, int flags);
int __wrap_unlinkat(int dirfd, const char *path, int flags);

int
__wrap_openat(int dirfd, const char *path, int flags, ...)
{
	if (stuck && (flags & O_CREAT) != 0) {
		errno = EROFS;
		return -1;
	}
	return __real_openat(dirfd, path, flags, 0600);
}

/* By this name the edge calls it, where files may be large. */
int
__wrap_openat64(int dirfd, const char *path, int flags, ...)
{
	if (stuck && (flags & O_CREAT) != 0) {
		errno = EROFS;
		return -1;
	}
	return __real_openat64(dirfd, path, flags, 0600);
}

int
__wrap_unlinkat(int dirfd, const char *path, int flags)
{
	if (stuck) {
		errno = EROFS;
		return -1;
	}
	return __real_unlinkat(dirfd, path, flags);
}

static void
set_stuck(bool now)
{
	static struct rlimit was;
	struct rlimit none;

	signal(SIGXFSZ, SIG_IGN);
	if (now)
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit) { .rlim_cur = 0, .rlim_max = was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, now ? &none : &was), 0);
	stuck = now;
}

/* It comes back by itself, some seconds later. */
static void
until_on_disk(struct life *l)
{
	struct store_figures fig = { .on_disk = false };

	for (int i = 0; i < 200 && !fig.on_disk; i++) {
		usleep(50000);
		store_tick(l->store);
		store_figures(l->store, &fig);
	}
	assert_true(fig.on_disk);
	assert_int_equal(fig.kept_back, 0);
}

/* All that waits goes to Redis, and the life ends. */
static void
recover(struct life *l, struct server *redis, const int64_t want[NAMES])
{
	until_on_disk(l);
	flush_all(l, redis);
	end(l, true);
	assert_counts(redis, want);
}

static void
what_a_read_only_disk_has_waits_and_what_comes_is_counted(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 3, 3 };
	struct store_figures fig;
	struct life l = begin(dir);

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	count(&l, 0, 2); /* in the journal */
	set_stuck(true);
	flush(&l, &redis, 1000);
	count(&l, 1, 3);
	for (int i = 0; i < 5; i++)
		flush(&l, &redis, 1000);
	set_stuck(false);
	assert_int_equal(redis.messages[0], 1);
	assert_int_equal(redis.messages[1], 3);
	store_figures(l.store, &fig);
	assert_int_equal(fig.kept_back, 2);
	assert_int_equal(fig.pending, 2);
	assert_true(fig.held);
	/* A crash now, and all is there again. */
	copy_dir(-1, -1);
	finish(redis, want);
	/* Or none, and the disk takes more. */
	until_on_disk(&l);
	flush_all(&l, &redis);
	assert_counts(&redis, want);
	count(&l, 1, 1);
	want[1]++;
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	end(&l, true);
	assert_counts(&redis, want);
}

static void
a_start_on_a_read_only_disk_counts_what_comes(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 0 };
	struct store_figures fig;
	struct life l;

	(void)state;
	prepare(&redis, want);
	set_stuck(true);
	l = begin(dir);
	count(&l, 4, 5); /* Redis is still away */
	store_take(l.store);
	for (int i = 0; i < 5; i++)
		flush(&l, &redis, 1000);
	set_stuck(false);
	want[4] = 5;
	assert_int_equal(redis.messages[4], 5);
	assert_int_equal(redis.messages[2], 1); /* its batch was written down */
	assert_int_equal(redis.messages[3], 0);
	store_figures(l.store, &fig);
	assert_int_equal(fig.kept_back, 1);
	copy_dir(-1, -1);
	finish(redis, want);
	until_on_disk(&l);
	flush_all(&l, &redis);
	assert_counts(&redis, want);
	end(&l, false);
	l = begin(dir);
	flush_all(&l, &redis);
	end(&l, true);
	assert_counts(&redis, want);
}

static void
names_of_the_day_are_known_after_a_restart(void **state)
{
	struct life l = begin(dir);

	(void)state;
	outbox_set_max_new_names(l.outbox, 3);
	for (unsigned i = 0; i < 3; i++)
		count(&l, i, 1);
	store_take(l.store);
	end(&l, false);
	for (int again = 0; again < 2; again++) {
		l = begin(dir);
		outbox_set_max_new_names(l.outbox, 3);
		count(&l, 0, 1);
		count(&l, 7, 1);
		assert_int_equal(outbox_renamed(l.outbox), 1);
		end(&l, again == 0);
	}
}

/* ==== a disk that fails when all but the last step is done ==== */

static atomic_bool no_rename, no_truncate, dir_sync_fails;

int __real_renameat(int from, const char *old, int to, const char *name);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_renameat(int from, const char *old, int to, const char *name)
{
	errno = EROFS;
	return no_rename ? -1 : __real_renameat(from, old, to, name);
}

int
__wrap_ftruncate64(int fd, off_t size)
{
	errno = EROFS;
	return no_truncate ? -1 : __real_ftruncate64(fd, size);
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	if (!dir_sync_fails || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return __real_fsync(fd);
	errno = EIO;
	return -1;
}

/* The journal's thread has nothing to do. */
static struct life
begin_synced(void)
{
	struct store_settings set = settings(dir);
	struct life l = begin(dir);

	set.sync = CONF_SYNC_INTERVAL;
	set.sync_ms = 3600000;
	store_set(l.store, &set);
	return l;
}

/* What another life would have, were this one killed now. */
static struct store_figures
after_a_kill(void)
{
	struct store_figures fig;
	struct life k;

	copy_dir(-1, -1);
	k = begin(copy);
	store_take(k.store);
	store_figures(k.store, &fig);
	end(&k, false);
	return fig;
}

/* The commit is written, its sync fails, and then the disk is read-only. */
static uint64_t
fail_a_sync(struct life *l, struct server *redis)
{
	struct store_figures fig;

	count(l, 0, 1);
	flush(l, redis, 1000);
	count(l, 0, 2);
	fail_syncs = 1;
	stuck = no_rename = true;
	flush(l, redis, 1000);
	fail_syncs = -1;
	count(l, 0, 3);
	flush(l, redis, 1000);
	flush(l, redis, 1000);
	stuck = no_rename = false;
	assert_int_equal(redis->messages[0], 4);
	store_figures(l->store, &fig);
	assert_int_equal(fig.pending, 2);
	assert_true(fig.held);
	return fig.kept_back;
}

static void
a_commit_that_failed_to_sync_is_taken_back(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 6 };
	struct life l = begin_synced();

	(void)state;
	assert_int_equal(fail_a_sync(&l, &redis), 2);
	copy_dir(-1, -1);
	finish(redis, want);
	recover(&l, &redis, want);
}

static void
one_that_is_not_taken_back_is_not_said_to_be_on_disk(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 6 };
	struct life l = begin_synced();

	(void)state;
	no_truncate = true;
	assert_int_equal(fail_a_sync(&l, &redis), 0);
	no_truncate = false;
	recover(&l, &redis, want);
}

static void
a_ledger_that_fails_in_its_place_counts_nothing_twice(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 2, 2 };
	struct life l = begin_synced();

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	count(&l, 0, 1);
	set_stuck(true);
	stuck = false; /* full: it can be cleared */
	flush(&l, &redis, 1000);
	count(&l, 1, 2); /* Redis is away */
	set_stuck(false);
	dir_sync_fails = true;
	usleep(3200000); /* it is tried once more */
	store_tick(l.store);
	dir_sync_fails = false;
	set_stuck(true);
	flush(&l, &redis, 1000);
	set_stuck(false);
	copy_dir(-1, -1);
	finish(redis, want);
	recover(&l, &redis, want);
}

static void
what_no_journal_has_is_not_said_to_be_on_disk(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct store_figures fig, later;
	struct life l = begin(dir);

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	set_stuck(true);
	count(&l, 0, 100000); /* more than in two segments, and none is made */
	store_figures(l.store, &fig);
	assert_true(fig.journal.left_out > 0);
	flush(&l, &redis, 1000);
	set_stuck(false);
	store_figures(l.store, &fig);
	assert_int_equal(fig.pending, 100000);
	later = after_a_kill();
	until_on_disk(&l);
	flush_all(&l, &redis);
	end(&l, true);
	assert_int_equal(redis.messages[0], 100001);
	/* The first one too, whose acknowledgement was not written down. */
	assert_int_equal(later.pending, fig.kept_back + 1);
}

static void
a_ledger_gone_and_not_for_good_is_not_said_to_be_on_disk(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 3 };
	struct store_figures fig, later;
	struct life l = begin_synced();

	(void)state;
	count(&l, 0, 1);
	flush(&l, &redis, 1000);
	count(&l, 0, 2);
	set_stuck(true);
	stuck = false; /* full: it can be cleared */
	dir_sync_fails = true;
	flush(&l, &redis, 1000);
	dir_sync_fails = false;
	set_stuck(false);
	store_figures(l.store, &fig);
	assert_int_equal(fig.pending, 2);
	later = after_a_kill();
	recover(&l, &redis, want);
	assert_int_equal(fig.kept_back, later.pending);
}

static void
a_batch_numbered_anew_on_a_stuck_disk_is_counted_once(void **state)
{
	struct server redis = { .messages = { 0 } };
	int64_t want[NAMES] = { 1 };
	struct lane *lane = NULL;
	struct life l = begin(dir);

	(void)state;
	count(&l, 0, 1);
	store_seal(l.store, false);
	while ((lane = lanes_each(store_lanes(l.store), lane)) != NULL)
		if (place_of(lane) == 0)
			redis.marker[0] = lane->at->seq + 1000;
	set_stuck(true);
	for (int i = 0; i < 4; i++)
		flush(&l, &redis, 1000);
	set_stuck(false);
	copy_dir(-1, -1);
	finish(redis, want);
	recover(&l, &redis, want);
}

/* ==== more campaigns than may wait ==== */

/* What was open under its own name is not open as "_other" in a life with less room. */
static void
less_room_after_a_restart_counts_nothing_twice(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct life l = begin_with(dir, 8);
	struct lanes *lanes;
	struct lane *lane = NULL;

	(void)state;
	for (unsigned i = 0; i < NAMES; i++)
		count(&l, i, 1);
	store_take(l.store);
	flush_all(&l, &redis);
	assert_int_equal(redis.messages[NAMES], NAMES);
	end(&l, true);
	l = begin_with(dir, 2);
	lanes = store_lanes(l.store);
	store_seal(l.store, false);
	while ((lane = lanes_ready(lanes, lane, false, 1)) != NULL)
		fail_msg("%s would be sent again", lane->name);
	assert_true(store_is_empty(l.store));
	end(&l, true);
}

/* All that Redis has got, whatever its name.  place_of() takes _other for _all. */
static void
flush_some(struct life *l, struct server *redis, int64_t *other)
{
	struct lanes *lanes = store_lanes(l->store);
	struct lane *lane = NULL;
	struct tally_entry *e;
	struct lane_gap gap;

	for (int i = 0; i < 5; i++) {
		store_seal(l->store, false);
		while ((lane = lanes_ready(lanes, lane, false, 1)) != NULL) {
			if (strcmp(lane->name, "_other") != 0) {
				serve(redis, lanes, lane);
				continue;
			}
			e = lanes_entry(lanes, lane->at);
			assert_non_null(e);
			*other += e->hours->n[TALLY_MESSAGES];
			tally_entry_free(e);
			lane_answer(lanes, lane, RBATCH_APPLIED, (int64_t)lane->at->seq,
			    1, &gap);
		}
		store_settled(l->store);
	}
}

/* Each of so many campaigns once; and as much in all. */
static void
assert_each_once(const struct server *redis, unsigned n, int64_t other)
{
	int64_t sum = other;

	for (unsigned i = 0; i < NAMES; i++) {
		assert_true(redis->messages[i] <= 1);
		sum += redis->messages[i];
	}
	assert_int_equal(sum, n);
	assert_int_equal(redis->messages[NAMES], n);
}

static void
what_is_given_back_beyond_the_limit_is_counted_once(void **state)
{
	struct server redis = { .messages = { 0 } };
	struct life l = begin_with(dir, 4);
	int64_t other = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		count(&l, i, 1);
	set_stuck(true);
	flush_some(&l, &redis, &other);
	for (unsigned i = 4; i < 8; i++)
		count(&l, i, 1);
	set_stuck(false);
	until_on_disk(&l);
	flush_some(&l, &redis, &other);
	copy_dir(-1, -1);
	end(&l, false);
	l = begin_with(copy, 4);
	flush_some(&l, &redis, &other);
	end(&l, true);
	assert_each_once(&redis, 8, other);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(what_is_counted_survives_an_end_at_every_stage),
		IN_DIR(a_ledger_cut_at_any_byte_counts_all_once),
		IN_DIR(a_flipped_byte_in_the_ledger_never_counts_twice),
		IN_DIR(a_flipped_byte_in_an_applied_batch_never_counts_twice),
		IN_DIR(what_is_forgotten_stays_so_and_takes_no_more_with_it),
		IN_DIR(a_batch_numbered_anew_is_counted_once_over_a_restart),
		IN_DIR(a_journal_without_its_ledger_is_set_aside),
		IN_DIR(what_redis_loses_comes_back_over_a_restart),
		IN_DIR(an_outage_costs_by_campaigns_and_not_by_messages),
		IN_DIR(a_full_disk_holds_nothing_up_and_counts_nothing_twice),
		IN_DIR(what_no_memory_keeps_from_being_sealed_survives_a_crash),
		IN_DIR(a_ledger_that_fails_to_sync_is_written_anew),
		IN_DIR(what_a_read_only_disk_has_waits_and_what_comes_is_counted),
		IN_DIR(a_start_on_a_read_only_disk_counts_what_comes),
		IN_DIR(less_room_after_a_restart_counts_nothing_twice),
		IN_DIR(names_of_the_day_are_known_after_a_restart),
		IN_DIR(a_commit_that_failed_to_sync_is_taken_back),
		IN_DIR(one_that_is_not_taken_back_is_not_said_to_be_on_disk),
		IN_DIR(a_ledger_that_fails_in_its_place_counts_nothing_twice),
		IN_DIR(what_is_given_back_beyond_the_limit_is_counted_once),
		IN_DIR(what_no_journal_has_is_not_said_to_be_on_disk),
		IN_DIR(a_ledger_gone_and_not_for_good_is_not_said_to_be_on_disk),
		IN_DIR(a_batch_numbered_anew_on_a_stuck_disk_is_counted_once),
	};

	logger_open("store_test", true, LOGGER_ERROR);
	logger_set_level(LOGGER_ERROR);
	/* Names are kept for a week after WHEN: the test has its own date. */
	clock_shift(WHEN * 1000 - clock_wall_ms());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
