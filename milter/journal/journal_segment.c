/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_segment.c - the files of the journal: made, mapped, filled, removed.
 *
 * Stores into a mapping run under the guard of system/busguard.h.
 */
#include "journal/journal_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "system/busguard.h"
#include "system/clock.h"
#include "system/random.h"
#include "text/crc32c.h"

#ifndef MADV_POPULATE_WRITE
# define MADV_POPULATE_WRITE 23
#endif

static size_t
page_bytes(void)
{
	long n = sysconf(_SC_PAGESIZE);

	return n > 0 ? (size_t)n : 4096;
}

/* Allocate all blocks now: a store must not find the disk full later. */
static int
fill(struct journal *j, struct segment *s, bool sync)
{
	int e;

	do
		e = posix_fallocate(s->fd, 0, (off_t)s->size);
	while (e == EINTR);
	if (e != 0) {
		errno = e;
		return -1;
	}
	s->map = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return -1;
	}
	if (sync && (fsync(s->fd) != 0 || fsync(j->dirfd) != 0))
		return -1;
	return 0;
}

struct segment *
segment_make(struct journal *j, size_t size, bool sync, char *err, size_t errlen)
{
	struct segment *s = calloc(1, sizeof *s);

	if (s == NULL) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	s->size = (size + page_bytes() - 1) / page_bytes() * page_bytes();
	s->fd = -1;
	if (random_bytes(&s->salt, sizeof s->salt) != 0) {
		snprintf(err, errlen, "the system gives no random bytes");
		free(s);
		return NULL;
	}
	/* The name may exist: damaged segments keep theirs. */
	for (int tries = 0; tries < 1000; tries++) {
		snprintf(
		    s->name, sizeof s->name, "%08x%s", j->serial++, JOURNAL_SUFFIX);
		s->fd = openat(j->dirfd, s->name,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (s->fd >= 0 || errno != EEXIST)
			break;
	}
	if (s->fd >= 0 && fill(j, s, sync) == 0)
		return s;
	snprintf(err, errlen, "%s: %s", s->name, strerror(errno));
	segment_free(j, s, s->fd >= 0);
	return NULL;
}

int
segment_free(struct journal *j, struct segment *s, bool remove)
{
	int r = 0;

	if (s == NULL)
		return 0;
	if (s->map != NULL)
		munmap(s->map, s->size);
	if (s->fd >= 0)
		close(s->fd);
	if (remove)
		r = unlinkat(j->dirfd, s->name, 0) == 0 || errno == ENOENT ? 0 : -1;
	free(s);
	return r;
}

/* ==== stores ==== */

struct store {
	uint8_t *to;
	enum jrec_type type;
	uint64_t number, salt;
	const void *payload;
	size_t n;
	uint32_t sum;
};

static void
store_record(void *arg)
{
	const struct store *s = arg;

	jrec_put(s->to, s->type, s->number, s->salt, s->payload, s->n, s->sum);
}

bool
segment_put(struct segment *s, enum jrec_type type, uint64_t number,
    const void *payload, size_t n, uint32_t sum)
{
	struct store store = { .to = s->map + s->used,
		.type = type,
		.number = number,
		.salt = s->salt,
		.payload = payload,
		.n = n,
		.sum = sum };

	if (!busguard_run(store_record, &store))
		return false;
	s->used += jrec_size(n);
	s->end = number + 1;
	return true;
}

struct store_head {
	uint8_t *to;
	const struct jrec_head *head;
};

static void
store_head(void *arg)
{
	const struct store_head *s = arg;

	jrec_put_head(s->to, s->head);
}

bool
segment_begin(struct journal *j, struct segment *s, uint64_t number)
{
	struct jrec_head h = { .kind = JREC_JOURNAL,
		.first = number,
		.salt = s->salt,
		.made_ms = clock_wall_ms() };
	struct store_head store = { .to = s->map, .head = &h };

	memcpy(h.producer, j->producer, sizeof h.producer);
	if (!busguard_run(store_head, &store))
		return false;
	s->used = JREC_HEAD_BYTES;
	return segment_put(
	    s, JREC_SCHEMA, number, j->schema.p, j->schema.len, j->schema_sum);
}

/*
 * Let the kernel make pages ready for stores.  It waits here, so that no callback does.
 * Kernels before 5.14 cannot do this; then callbacks wait themselves.
 */
void
segment_touch(const struct segment *s, size_t from, size_t to)
{
	size_t page = page_bytes(), begin = from / page * page;

	if (to > s->size)
		to = s->size;
	if (begin < to)
		(void)madvise(s->map + begin, to - begin, MADV_POPULATE_WRITE);
}

/* ==== what is in the mapping ==== */

struct load {
	uint8_t *to;
	const struct segment *from;
};

static void
load_bytes(void *arg)
{
	const struct load *l = arg;

	memcpy(l->to, l->from->map, l->from->used);
}

static bool
copy_records(struct journal *j, struct segment *dst, struct jrec_scan *scan)
{
	struct jrec r;

	while (jrec_next(scan, &r)) {
		if (r.type == JREC_SCHEMA)
			continue;
		if (dst->used == 0 && !segment_begin(j, dst, r.number - 1))
			return false;
		if (dst->size - dst->used < jrec_size(r.n) ||
		    !segment_put(dst, (enum jrec_type)r.type, r.number, r.p, r.n,
			crc32c(0, r.p, r.n)))
			return false;
	}
	return true;
}

bool
segment_copy(struct journal *j, struct segment *dst, const struct segment *src)
{
	struct jrec_head h = { .salt = src->salt };
	struct load load = { .to = malloc(src->used), .from = src };
	struct jrec_scan scan;
	bool all = false;

	if (load.to != NULL && busguard_run(load_bytes, &load)) {
		jrec_scan_begin(&scan, load.to, src->used, &h);
		if (src->synced > scan.at)
			scan.at = src->synced;
		all = copy_records(j, dst, &scan);
	}
	free(load.to);
	return all;
}

/* ==== the current segment ==== */

void
journal_wake(struct journal *j)
{
	j->woken = true;
	pthread_cond_signal(&j->work);
}

void
journal_close_current(struct journal *j)
{
	struct segment *s = j->cur;

	if (s == NULL)
		return;
	j->cur = NULL;
	*j->closed_end = s;
	j->closed_end = &s->next;
}

bool
journal_rotate(struct journal *j)
{
	struct segment *s = j->spare;

	journal_close_current(j);
	j->spare = NULL;
	journal_wake(j);
	if (s == NULL)
		return false;
	j->cur = s;
	if (segment_begin(j, s, j->number)) {
		j->number++;
		return true;
	}
	s->failed = true;
	journal_close_current(j);
	return false;
}
