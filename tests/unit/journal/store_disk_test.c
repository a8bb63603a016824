/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_disk_test.c - what was counted is counted once on disks that fail: one that is
 * full, one that is read-only, and one whose syncs, renames or truncations fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storelab.h"

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

/* ==== a disk that does not take the ledger ==== */

static atomic_int fail_syncs = -1; /* so many of the next ones; -1: not looked at */
static ino_t failed_inode;         /* of the file of the last one */
static unsigned synced_again;      /* a failed file was tried once more */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

/* Only the thread that calls the store gets here with fail_syncs set. */
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

/* The name of openat() where files may be large. */
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

/* The store goes back to the disk by itself, some seconds later. */
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

/* All that is pending goes to Redis, and the life ends. */
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

/* A life whose journal's thread has nothing to do. */
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

/* What the next life would have if this one were killed now. */
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
/* ==== more campaigns than may wait, on such a disk ==== */

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

/* Each of n campaigns was counted once, and n messages in all. */
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(a_full_disk_holds_nothing_up_and_counts_nothing_twice),
		IN_DIR(a_ledger_that_fails_to_sync_is_written_anew),
		IN_DIR(what_a_read_only_disk_has_waits_and_what_comes_is_counted),
		IN_DIR(a_start_on_a_read_only_disk_counts_what_comes),
		IN_DIR(a_commit_that_failed_to_sync_is_taken_back),
		IN_DIR(one_that_is_not_taken_back_is_not_said_to_be_on_disk),
		IN_DIR(a_ledger_that_fails_in_its_place_counts_nothing_twice),
		IN_DIR(what_is_given_back_beyond_the_limit_is_counted_once),
		IN_DIR(what_no_journal_has_is_not_said_to_be_on_disk),
		IN_DIR(a_ledger_gone_and_not_for_good_is_not_said_to_be_on_disk),
		IN_DIR(a_batch_numbered_anew_on_a_stuck_disk_is_counted_once),
	};

	set_date_and_logger("store_disk_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
