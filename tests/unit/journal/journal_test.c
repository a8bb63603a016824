/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_test.c - records come back after any end, and what cannot be written is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counting/jpack.h"
#include "journal/journal.h"
#include "system/busguard.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/crc32c.h"

#define PRODUCER "00112233445566778899aabbccddeeff"
#define WHEN INT64_C(1795510800)
#define THREADS 4
/* Tries of one record, a millisecond apart, until there must be a segment for it. */
#define TRIES 20000

static char dir[64];
static struct rlimit no_limit;

/* What journal_replay() handed over. */
struct taken {
	uint64_t deltas, sum;
	int64_t last;
};

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/journal_test.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static void
in_dir(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", dir, name);
}

/* How many files end so; the name of the last one in order into name. */
static size_t
files(const char *suffix, char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	if (name != NULL)
		name[0] = '\0';
	while (d != NULL && (e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name), m = strlen(suffix);

		if (len < m || len > 60 || strcmp(e->d_name + len - m, suffix) != 0)
			continue;
		n++;
		if (name != NULL && strcmp(e->d_name, name) > 0)
			snprintf(name, 64, "%.60s", e->d_name);
	}
	closedir(d);
	return n;
}

static int
remove_dir(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[128];

	(void)state;
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%.60s", dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	return rmdir(dir);
}

static struct journal_settings
settings(enum conf_sync sync)
{
	return (struct journal_settings) { .dir = dir,
		.producer = PRODUCER,
		.sync = sync,
		.sync_ms = 20,
		.segment_bytes = JOURNAL_SEGMENT_MIN,
		.max_bytes = 64 << 20 };
}

static struct journal *
begin(enum conf_sync sync, uint64_t first)
{
	struct journal_settings set = settings(sync);
	char err[256] = "";
	struct journal *j = journal_open(&set, first, err, sizeof err);

	assert_string_equal(err, "");
	assert_non_null(j);
	return j;
}

static bool
put_one(struct journal *j, int64_t value, size_t n_rcpt, uint64_t *number)
{
	static const uint8_t rcpt[4096][HLL_ELEMENT_BYTES];
	struct tally_delta d = { .when = WHEN + value,
		.campaign = { "news", 4, "News", 4 },
		.n_rcpt = n_rcpt,
		.rcpt = rcpt };
	uint8_t *p;
	size_t n;
	bool done;

	d.n[TALLY_MESSAGES] = value;
	p = malloc(jpack_delta_bound(&d));
	assert_non_null(p);
	n = jpack_delta(p, &d);
	done = journal_put(j, JREC_DELTA, p, n, crc32c(0, p, n), number);
	free(p);
	return done;
}

static void
put_many(struct journal *j, int64_t from, int64_t to, size_t n_rcpt)
{
	uint64_t number;

	for (int64_t v = from; v <= to; v++) {
		int tries = 0;

		while (!put_one(j, v, n_rcpt, &number)) {
			assert_true(++tries < TRIES);
			usleep(1000); /* the next segment is being made */
		}
	}
}

static int
take(void *arg, const struct tally_delta *d)
{
	struct taken *t = arg;

	t->deltas++;
	t->sum += (uint64_t)d->n[TALLY_MESSAGES];
	assert_true(d->n[TALLY_MESSAGES] > t->last);
	t->last = d->n[TALLY_MESSAGES];
	assert_int_equal(d->when, WHEN + t->last);
	return 0;
}

static struct journal_found
replay(uint64_t from, struct taken *t)
{
	struct journal_found found;
	char err[256];

	*t = (struct taken) { .deltas = 0 };
	assert_int_equal(
	    journal_replay(dir, PRODUCER, from, take, t, &found, err, sizeof err), 0);
	return found;
}

static void
end(struct journal *j)
{
	journal_stop(j);
	journal_free(j);
}

static void
records_come_back_in_order_over_several_segments(void **state)
{
	struct journal *j = begin(CONF_SYNC_NONE, 1);
	struct journal_figures fig;
	struct journal_found f;
	struct taken t;

	(void)state;
	put_many(j, 1, 1000, 100);
	journal_figures(j, &fig);
	assert_true(fig.segments >= 4);
	assert_int_equal(fig.records, 1000);
	end(j);
	f = replay(1, &t);
	assert_int_equal(t.deltas, 1000);
	assert_int_equal(t.sum, 500500);
	assert_int_equal(f.missing + f.bad + f.torn, 0);
	journal_clear(dir, &f);
	assert_int_equal(files(".jnl", NULL), 0);
	/* The next life goes on with the numbers. */
	j = begin(CONF_SYNC_NONE, f.next);
	put_many(j, 1001, 1001, 0);
	end(j);
	f = replay(f.next, &t);
	assert_int_equal(t.deltas, 1);
	journal_keep(&f);
}

static void
what_the_ledger_covers_is_not_handed_over_and_goes(void **state)
{
	struct journal *j = begin(CONF_SYNC_INTERVAL, 1);
	struct journal_figures fig;
	struct journal_found f;
	uint64_t next;
	struct taken t;

	(void)state;
	put_many(j, 1, 500, 100);
	next = journal_next(j);
	assert_true(journal_is_long(j));
	put_many(j, 501, 510, 100);
	journal_release(j, next);
	/* The current one and a spare stay. */
	for (int i = 0; i < 300; i++) {
		journal_figures(j, &fig);
		if (fig.segments == 2 && files(".jnl", NULL) == 2)
			break;
		usleep(10000);
	}
	assert_int_equal(fig.segments, 2);
	assert_int_equal(files(".jnl", NULL), 2);
	assert_false(journal_is_long(j));
	end(j);
	f = replay(next, &t);
	assert_int_equal(t.deltas, 10);
	assert_int_equal(f.missing, 0);
	journal_keep(&f);
}

/* kill -9: nothing of the process's own doing after the last put. */
static void
a_killed_process_loses_nothing_it_has_put(void **state)
{
	struct journal_found f;
	struct taken t;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct journal *j = begin(CONF_SYNC_NONE, 1);

		put_many(j, 1, 3000, 3);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	f = replay(1, &t);
	assert_int_equal(t.deltas, 3000);
	assert_int_equal(f.torn + f.bad + f.missing, 0);
	journal_keep(&f);
}

static void
flip(const char *name, long at)
{
	char path[128], c;
	int fd;

	in_dir(path, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c = (char)(c ^ 0x10);
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void
a_flipped_byte_costs_one_record_and_the_file_is_set_aside(void **state)
{
	struct journal *j = begin(CONF_SYNC_NONE, 1);
	struct journal_found f;
	char name[64];
	struct taken t;

	(void)state;
	put_many(j, 1, 100, 0);
	end(j);
	files(".jnl", name);
	flip(name, 2000);
	f = replay(1, &t);
	assert_int_equal(t.deltas, 99);
	assert_int_equal(f.missing, 1);
	assert_int_equal(f.bad, 1);
	journal_clear(dir, &f);
	assert_int_equal(files(".jnl", NULL), 0);
	assert_int_equal(files(".bad", NULL), 1);
}

static void
only_the_newest_damaged_files_are_kept(void **state)
{
	struct journal_found f;
	char path[128], name[64];
	struct taken t;

	(void)state;
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof name, "%02d.jnl", i);
		in_dir(path, name);
		close(open(path, O_CREAT | O_WRONLY, 0600));
		assert_int_equal(truncate(path, 100), 0);
		flip(name, 3);
	}
	f = replay(1, &t);
	assert_int_equal(f.bad, 12);
	journal_clear(dir, &f);
	assert_int_equal(files(".bad", NULL), 8);
}

static void
a_missing_segment_is_counted_by_its_numbers(void **state)
{
	struct journal *j = begin(CONF_SYNC_NONE, 1);
	struct journal_found f;
	char path[128];
	struct taken t;

	(void)state;
	put_many(j, 1, 1000, 100);
	end(j);
	in_dir(path, "00000001.jnl");
	assert_int_equal(unlink(path), 0);
	f = replay(1, &t);
	assert_true(t.deltas < 1000);
	/* One of the missing is the schema of that segment. */
	assert_int_equal(t.deltas + f.missing, 1001);
	journal_keep(&f);
}

static void
other_versions_and_other_producers_are_set_aside(void **state)
{
	struct journal *j = begin(CONF_SYNC_NONE, 1);
	struct journal_found f;
	char err[256], name[64];
	struct taken t = { 0 };

	(void)state;
	put_many(j, 1, 10, 0);
	end(j);
	assert_int_equal(journal_replay(dir, "ffeeddccbbaa99887766554433221100", 1,
			     take, &t, &f, err, sizeof err),
	    0);
	assert_int_equal(t.deltas, 0);
	assert_int_equal(f.bad, 1);
	journal_keep(&f);
	files(".jnl", name);
	flip(name, 8);
	f = replay(1, &t);
	assert_int_equal(t.deltas, 0);
	assert_int_equal(f.bad, 1);
	journal_clear(dir, &f);
	assert_int_equal(files(".bad", NULL), 1);
}

struct putter {
	struct journal *journal;
	pthread_mutex_t *turn;
	int64_t *value;
};

static void *
put_in_turn(void *arg)
{
	struct putter *p = arg;
	int tries = 0;

	for (int i = 0; i < 300 && tries < TRIES; i++) {
		uint64_t number = 0;
		bool done;

		pthread_mutex_lock(p->turn);
		done = put_one(p->journal, ++*p->value, 20, &number);
		if (!done)
			--*p->value;
		pthread_mutex_unlock(p->turn);
		if (done) {
			journal_wait(p->journal, number);
			continue;
		}
		usleep(1000);
		tries++;
		i--;
	}
	return NULL;
}

static void
threads_put_at_once_and_wait_for_the_disk_together(void **state)
{
	struct journal *j = begin(CONF_SYNC_ALWAYS, 1);
	pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[THREADS];
	struct journal_found f;
	int64_t value = 0;
	struct putter p = { .journal = j, .turn = &turn, .value = &value };
	struct taken t;

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_in_turn, &p), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	end(j);
	f = replay(1, &t);
	assert_int_equal(t.deltas, THREADS * 300);
	journal_keep(&f);
}

static void
a_full_journal_leaves_out_and_takes_again_when_there_is_room(void **state)
{
	struct journal_settings set = settings(CONF_SYNC_NONE);
	struct journal_figures fig;
	struct journal *j;
	char err[256];
	uint64_t number;
	int left_out = 0;

	(void)state;
	set.max_bytes = 3 * JOURNAL_SEGMENT_MIN;
	j = journal_open(&set, 1, err, sizeof err);
	assert_non_null(j);
	for (int i = 1; i <= 2000; i++) {
		left_out += !put_one(j, i, 100, &number);
		if (i % 100 == 0)
			usleep(5000);
	}
	journal_figures(j, &fig);
	assert_true(left_out > 500);
	assert_int_equal(fig.left_out, left_out);
	assert_true(fig.down);
	assert_true(fig.bytes <= set.max_bytes);
	journal_release(j, journal_next(j));
	for (int i = 0; i < 300 && !put_one(j, 3000, 0, &number); i++)
		usleep(10000);
	journal_figures(j, &fig);
	assert_false(fig.down);
	end(j);
}

static int
take_away_limit(void **state)
{
	int r = setrlimit(RLIMIT_FSIZE, &no_limit);

	return remove_dir(state) == 0 ? r : -1;
}

/* RLIMIT_FSIZE is what a quota or a full disk is, without a file system for it. */
static void
a_disk_that_takes_no_more_is_no_end(void **state)
{
	struct rlimit tiny = { .rlim_cur = 4096, .rlim_max = no_limit.rlim_max };
	struct journal_figures fig;
	struct journal *j;
	uint64_t number;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	j = begin(CONF_SYNC_INTERVAL, 1);
	assert_false(put_one(j, 1, 0, &number));
	journal_figures(j, &fig);
	assert_true(fig.down);
	assert_int_equal(fig.left_out, 1);
	/* The thread's own try has a file for a moment. */
	for (int i = 0; i < 300 && files(".jnl", NULL) != 0; i++)
		usleep(10000);
	assert_int_equal(files(".jnl", NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &no_limit), 0);
	for (int i = 0; i < 300 && !put_one(j, 2, 0, &number); i++)
		usleep(10000);
	journal_figures(j, &fig);
	assert_false(fig.down);
	end(j);
}

/* Somebody cuts the file that is mapped: SIGBUS, and counting goes on elsewhere. */
static void
a_segment_cut_by_somebody_is_left_for_another(void **state)
{
	struct journal *j = begin(CONF_SYNC_NONE, 1);
	struct journal_figures fig = { 0 };
	char path[128], name[64];
	uint64_t number;

	(void)state;
	put_many(j, 1, 10, 0);
	/* A file that is there is not yet one that may be written to. */
	for (int i = 0; i < 300 && fig.segments < 2; i++) {
		usleep(10000);
		journal_figures(j, &fig);
	}
	in_dir(path, "00000000.jnl");
	assert_int_equal(truncate(path, 0), 0);
	assert_true(put_one(j, 11, 0, &number));
	assert_int_equal(number, 13); /* schema, ten, schema */
	end(j);
	files(".jnl", name);
	assert_string_equal(name, "00000001.jnl");
}

static void
discard_removes_all_and_resume_begins_again(void **state)
{
	struct journal *j = begin(CONF_SYNC_INTERVAL, 1);
	struct journal_found f;
	uint64_t number, next;
	struct taken t;

	(void)state;
	put_many(j, 1, 1000, 100);
	assert_int_equal(journal_discard(j), 0);
	assert_int_equal(files(".jnl", NULL), 0);
	assert_false(put_one(j, 1001, 0, &number));
	next = journal_next(j);
	journal_resume(j);
	for (int i = 0; i < 300 && !put_one(j, 1002, 0, &number); i++)
		usleep(10000);
	end(j);
	f = replay(next, &t);
	assert_int_equal(t.deltas, 1);
	assert_int_equal(t.last, 1002);
	journal_keep(&f);
}

/* ThreadSanitizer's run-time library takes no second jump out of a handler. */
#ifndef __SANITIZE_THREAD__
static void
bus_error(void *arg)
{
	*(volatile char *)arg = 1;
}

static void
nothing_happens(void *arg)
{
	++*(int *)arg;
}

static void
the_guard_returns_from_a_bus_error_any_number_of_times(void **state)
{
	int n = 0, fd;
	char path[128];
	void *map;

	(void)state;
	in_dir(path, "empty.jnl");
	fd = open(path, O_RDWR | O_CREAT, 0600);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(busguard_install(), 0);
	for (int i = 0; i < 3; i++) {
		assert_false(busguard_run(bus_error, map));
		assert_true(busguard_run(nothing_happens, &n));
	}
	assert_int_equal(n, 3);
	munmap(map, 4096);
	close(fd);
}
#endif

/* What a callback pays.  A figure for people, and a bound that only a fault breaks. */
static void
a_record_costs_less_than_twenty_microseconds(void **state)
{
	struct journal *j = begin(CONF_SYNC_INTERVAL, 1);
	struct tally_delta d = { .when = WHEN,
		.campaign = { "autumn-sale-2026", 16, "Autumn Sale 2026", 16 } };
	uint8_t p[512];
	int64_t began, best = INT64_MAX;
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		d.n[i] = 1;
	for (int round = 0; round < 20; round++) {
		began = clock_mono_us();
		for (int i = 0; i < 2000; i++) {
			size_t n = jpack_delta(p, &d);

			journal_put(j, JREC_DELTA, p, n, crc32c(0, p, n), &number);
		}
		if (clock_mono_us() - began < best)
			best = clock_mono_us() - began;
		journal_release(j, journal_next(j));
	}
	print_message("# %.2f us a record\n", (double)best / 2000);
#ifndef __SANITIZE_THREAD__
	assert_in_range(best, 0, 20 * 2000);
#endif
	end(j);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(records_come_back_in_order_over_several_segments),
		IN_DIR(what_the_ledger_covers_is_not_handed_over_and_goes),
		IN_DIR(a_killed_process_loses_nothing_it_has_put),
		IN_DIR(a_flipped_byte_costs_one_record_and_the_file_is_set_aside),
		IN_DIR(only_the_newest_damaged_files_are_kept),
		IN_DIR(a_missing_segment_is_counted_by_its_numbers),
		IN_DIR(other_versions_and_other_producers_are_set_aside),
		IN_DIR(threads_put_at_once_and_wait_for_the_disk_together),
		IN_DIR(a_full_journal_leaves_out_and_takes_again_when_there_is_room),
		cmocka_unit_test_setup_teardown(
		    a_disk_that_takes_no_more_is_no_end, make_dir, take_away_limit),
		IN_DIR(a_segment_cut_by_somebody_is_left_for_another),
		IN_DIR(discard_removes_all_and_resume_begins_again),
#ifndef __SANITIZE_THREAD__
		IN_DIR(the_guard_returns_from_a_bus_error_any_number_of_times),
#endif
		IN_DIR(a_record_costs_less_than_twenty_microseconds),
	};

	logger_open("journal_test", true, LOGGER_ERROR);
	if (getrlimit(RLIMIT_FSIZE, &no_limit) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
