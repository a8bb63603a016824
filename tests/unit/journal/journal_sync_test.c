/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_sync_test.c - a disk that does not take what it is told to keep.
 *
 * fdatasync() is ours here.  When it fails, all is lost that the file got since the
 * last time it did not: so does Linux, which drops the pages and reports success the
 * next time.  It fails a test to be called again for such a file.
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
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counting/jpack.h"
#include "journal/journal.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/crc32c.h"

#define PRODUCER "00112233445566778899aabbccddeeff"
#define WHEN INT64_C(1795510800)
#define THREADS 4
#define EACH 60
#define FILES_MAX 256

static char dir[64];

/* ==== the disk ==== */

/* A file, and what of it is on disk. */
struct kept {
	char path[128];
	ino_t inode;
	char *bytes; /* NULL: nothing */
	size_t n;
	bool failed;
};

static struct {
	pthread_mutex_t lock;
	struct kept files[FILES_MAX];
	size_t n;
	unsigned calls, good, again;
	bool (*fails)(unsigned call);
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER };

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static struct kept *
kept_of(int fd, const struct stat *st)
{
	char link[64];
	struct kept *k;
	ssize_t n;

	for (size_t i = 0; i < disk.n; i++)
		if (disk.files[i].inode == st->st_ino)
			return &disk.files[i];
	assert_true(disk.n < FILES_MAX);
	k = &disk.files[disk.n++];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, k->path, sizeof k->path - 1);
	assert_true(n > 0);
	k->path[n] = '\0';
	k->inode = st->st_ino;
	return k;
}

int
__wrap_fdatasync(int fd)
{
	struct kept *k;
	struct stat st;
	int r = 0;

	pthread_mutex_lock(&disk.lock);
	assert_int_equal(fstat(fd, &st), 0);
	k = kept_of(fd, &st);
	disk.again += k->failed;
	if (disk.fails != NULL && disk.fails(disk.calls++)) {
		k->failed = true;
		r = -1;
	} else {
		disk.good++;
		k->n = (size_t)st.st_size;
		k->bytes = realloc(k->bytes, k->n);
		assert_int_equal(pread(fd, k->bytes, k->n, 0), k->n);
	}
	pthread_mutex_unlock(&disk.lock);
	errno = EIO;
	return r;
}

static unsigned joins;

int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);

int
__wrap_pthread_join(pthread_t thread, void **result)
{
	__atomic_add_fetch(&joins, 1, __ATOMIC_SEQ_CST);
	return __real_pthread_join(thread, result);
}

/* What did not get to the disk is not there any more. */
static void
lose(void)
{
	for (size_t i = 0; i < disk.n; i++) {
		struct kept *k = &disk.files[i];
		struct stat st;
		int fd = k->failed ? open(k->path, O_WRONLY) : -1;

		if (fd < 0)
			continue; /* in good order, or removed */
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(ftruncate(fd, 0), 0);
		if (k->bytes != NULL)
			assert_int_equal(pwrite(fd, k->bytes, k->n, 0), k->n);
		assert_int_equal(ftruncate(fd, st.st_size), 0);
		close(fd);
	}
}

/* ==== the journal ==== */

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/journal_sync.XXXXXX");
	disk.n = 0;
	disk.calls = disk.good = disk.again = 0;
	disk.fails = NULL;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static size_t
files(bool remove)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[400];
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (remove)
			unlink(path);
	}
	closedir(d);
	return n;
}

static int
remove_dir(void **state)
{
	(void)state;
	files(true);
	for (size_t i = 0; i < FILES_MAX; i++)
		free(disk.files[i].bytes);
	memset(disk.files, 0, sizeof disk.files);
	return rmdir(dir);
}

static struct journal_settings
settings(enum conf_sync sync, uint32_t sync_ms)
{
	return (struct journal_settings) { .dir = dir,
		.producer = PRODUCER,
		.sync = sync,
		.sync_ms = sync_ms,
		.segment_bytes = JOURNAL_SEGMENT_MIN,
		.max_bytes = 64 << 20 };
}

static struct journal *
begin_with(enum conf_sync sync, uint32_t sync_ms)
{
	struct journal_settings set = settings(sync, sync_ms);
	char err[256] = "";
	struct journal *j = journal_open(&set, 1, err, sizeof err);

	assert_non_null(j);
	return j;
}

static struct journal *
begin(void)
{
	return begin_with(CONF_SYNC_ALWAYS, 20);
}

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int64_t last_value;

/* One message with the next value, which its callback waits for. */
static void
put(struct journal *j)
{
	struct tally_delta d = { .when = WHEN, .campaign = { "news", 4, "News", 4 } };
	uint8_t p[4096];
	uint64_t number;
	bool done;
	size_t n;

	assert_true(jpack_delta_bound(&d) <= sizeof p);
	pthread_mutex_lock(&order);
	d.n[TALLY_MESSAGES] = ++last_value;
	n = jpack_delta(p, &d);
	done = journal_put(j, JREC_DELTA, p, n, crc32c(0, p, n), &number);
	pthread_mutex_unlock(&order);
	assert_true(done);
	journal_wait(j, number);
}

static int
take(void *arg, const struct tally_delta *d)
{
	int64_t *sum = arg;

	*sum += d->n[TALLY_MESSAGES];
	return 0;
}

/* All from 1 to n come back, each once. */
static void
assert_all(int64_t n)
{
	struct journal_found found;
	int64_t sum = 0;
	char err[256];

	assert_int_equal(
	    journal_replay(dir, PRODUCER, 1, take, &sum, &found, err, sizeof err), 0);
	assert_int_equal(found.records, n);
	assert_int_equal(sum, n * (n + 1) / 2);
	assert_int_equal(found.missing, 0);
	journal_keep(&found);
}

/* In a process of its own, which ends as by kill -9, and with the disk losing that. */
static void
in_a_life(void (*work)(struct journal *))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct journal *j = begin();

		last_value = 0;
		work(j);
		pthread_mutex_lock(&disk.lock); /* no more of that thread */
		lose();
		_exit(disk.again > 0 ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ==== tests ==== */

static bool
the_eleventh(unsigned call)
{
	return call == 10;
}

static void
put_twenty(struct journal *j)
{
	struct journal_figures fig;

	for (int i = 0; i < 20; i++)
		put(j);
	journal_figures(j, &fig);
	if (fig.sync_failures != 1 || disk.good < 10)
		_exit(4);
}

static void
what_did_not_get_to_the_disk_goes_to_a_new_segment(void **state)
{
	(void)state;
	disk.fails = the_eleventh;
	in_a_life(put_twenty);
	assert_all(20);
}

/* Now and then, and twice in a row. */
static bool
often(unsigned call)
{
	return call % 5 == 3 || call == 44;
}

static void *
put_some(void *j)
{
	for (int i = 0; i < EACH; i++)
		put(j);
	return NULL;
}

static void
put_at_once(struct journal *j)
{
	struct journal_figures fig;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, put_some, j) != 0)
			_exit(5);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	journal_figures(j, &fig);
	if (fig.sync_failures < 10)
		_exit(6);
}

static void
many_failures_under_several_threads_lose_nothing(void **state)
{
	(void)state;
	disk.fails = often;
	in_a_life(put_at_once);
	assert_all((int64_t)THREADS * EACH);
}

static bool broken;

static bool
while_broken(unsigned call)
{
	(void)call;
	return __atomic_load_n(&broken, __ATOMIC_SEQ_CST);
}

static unsigned
synced(void)
{
	unsigned n;

	pthread_mutex_lock(&disk.lock);
	n = disk.good;
	pthread_mutex_unlock(&disk.lock);
	return n;
}

static void
a_disk_that_fails_for_good_is_asked_less_and_less(void **state)
{
	struct journal *j = begin();
	struct journal_figures fig;
	unsigned before = 0;

	(void)state;
	last_value = 0;
	put(j);
	__atomic_store_n(&broken, true, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&disk.lock);
	disk.fails = while_broken;
	pthread_mutex_unlock(&disk.lock);
	/* Nobody waits for it: this takes half a second, and not a minute. */
	for (int i = 0; i < 100; i++) {
		put(j);
		usleep(5000);
	}
	journal_figures(j, &fig);
	print_message("# %llu failures, %llu segments\n",
	    (unsigned long long)fig.sync_failures, (unsigned long long)fig.segments);
	assert_in_range(fig.sync_failures, 2, 20);
	assert_in_range(fig.segments, 1, 20);
	__atomic_store_n(&broken, false, __ATOMIC_SEQ_CST);
	before = synced();
	for (int i = 0; i < 400 && synced() == before; i++)
		usleep(50000);
	assert_true(synced() > before);
	before = synced();
	put(j);
	assert_true(synced() > before); /* it is waited for again */
	journal_stop(j);
	journal_free(j);
	assert_int_equal(disk.again, 0);
	lose();
	assert_all(102);
}

static void
a_full_segment_is_not_copied_until_all_room_is_gone(void **state)
{
	static uint8_t p[4096];
	uint32_t sum = crc32c(0, p, sizeof p);
	struct journal_settings set = settings(CONF_SYNC_INTERVAL, 20);
	struct journal *j = begin_with(CONF_SYNC_NONE, 20);
	struct journal_figures fig = { 0 };
	uint64_t number;

	(void)state;
	for (int i = 0; i < 100000 && fig.segments < 4; i++) {
		if (!journal_put(j, JREC_DELTA, p, sizeof p, sum, &number))
			usleep(5000);
		journal_figures(j, &fig);
	}
	assert_true(fig.segments >= 4);
	pthread_mutex_lock(&disk.lock);
	__atomic_store_n(&broken, true, __ATOMIC_SEQ_CST);
	disk.fails = while_broken;
	pthread_mutex_unlock(&disk.lock);
	journal_set(j, &set);
	for (int i = 0; i < 400 && fig.sync_failures < 2; i++) {
		usleep(10000);
		journal_figures(j, &fig);
	}
	usleep(300000);
	journal_figures(j, &fig);
	print_message("# %llu failures\n", (unsigned long long)fig.sync_failures);
	assert_in_range(fig.sync_failures, 2, 10);
	journal_stop(j);
	journal_free(j);
	__atomic_store_n(&broken, false, __ATOMIC_SEQ_CST);
}

static void
the_thread_is_joined_once(void **state)
{
	struct journal *j = begin();

	(void)state;
	joins = 0;
	journal_stop(j);
	journal_stop(j);
	assert_int_equal(joins, 1);
	journal_free(j);
}

/* Bytes up to the last that is not zero. */
static off_t
in_use(int fd, off_t size)
{
	char *bytes = malloc((size_t)size);

	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, (size_t)size, 0), size);
	while (size > 0 && bytes[size - 1] == '\0')
		size--;
	free(bytes);
	return size;
}

static bool
fails_once(unsigned call)
{
	(void)call;
	return __atomic_exchange_n(&broken, false, __ATOMIC_SEQ_CST);
}

/* Now, and then no more. */
static void
sync_once(struct journal *j)
{
	struct journal_settings often = settings(CONF_SYNC_INTERVAL, 1);
	struct journal_settings seldom = settings(CONF_SYNC_INTERVAL, 3600000);
	unsigned before = synced();

	journal_set(j, &often);
	for (int i = 0; i < 2000 && synced() == before; i++)
		usleep(10000);
	assert_true(synced() > before);
	journal_set(j, &seldom);
}

/* A page of what could not be synced is lost, and later ones are there: the copy, which
 * has all of it, is what counts. */
static void
a_hole_in_a_failed_segment_is_filled_from_its_copy(void **state)
{
	struct journal *j = begin_with(CONF_SYNC_INTERVAL, 3600000);
	static const char page[4096];
	char path[128];
	struct stat st;
	off_t half, from;
	int fd;

	(void)state;
	disk.fails = fails_once;
	last_value = 0;
	for (int i = 0; i < 500; i++)
		put(j);
	sync_once(j);
	for (int i = 0; i < 500; i++)
		put(j);
	__atomic_store_n(&broken, true, __ATOMIC_SEQ_CST);
	sync_once(j); /* of the copy */
	assert_false(__atomic_load_n(&broken, __ATOMIC_SEQ_CST));
	journal_stop(j);
	journal_free(j);
	snprintf(path, sizeof path, "%s/00000000.jnl", dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	/* In the second half of what is in it, the last page of which stays. */
	half = in_use(fd, st.st_size) / 2;
	from = (half / 4096 + 2) * 4096;
	assert_int_equal(pwrite(fd, page, sizeof page, from), sizeof page);
	close(fd);
	assert_all(1000);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(what_did_not_get_to_the_disk_goes_to_a_new_segment),
		IN_DIR(many_failures_under_several_threads_lose_nothing),
		IN_DIR(a_hole_in_a_failed_segment_is_filled_from_its_copy),
		IN_DIR(a_disk_that_fails_for_good_is_asked_less_and_less),
		IN_DIR(a_full_segment_is_not_copied_until_all_room_is_gone),
		IN_DIR(the_thread_is_joined_once),
	};

	logger_open("journal_sync_test", true, LOGGER_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
