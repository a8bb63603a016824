/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.c - the flusher's file.  See the header.
 */
#include "journal/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counting/jpack.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/logger.h"
#include "system/wholefile.h"
#include "text/crc32c.h"
#include "text/line.h"

#define NAME "ledger"
#define NAME_NEW "ledger.new"
#define NAME_BAD "ledger.bad"
/* Blocks are allocated this far ahead, so that a full disk shows early. */
#define AHEAD_BYTES ((off_t)1024 * 1024)
#define WRITE_BYTES ((size_t)1024 * 1024)
#define GROUP_MAX ((size_t)1024 * 1024 * 1024)
/* The file may grow by this much before it is written anew. */
#define GROWTH_BYTES ((uint64_t)4 * 1024 * 1024)
#define GROWTH_TIMES 2

/* A file that is being written. */
struct file {
	int fd; /* -1: none */
	uint64_t salt, number;
	off_t end, allocated;
	bool failed;
	int error; /* errno of the failure */
};

struct ledger {
	int dirfd;
	char producer[JREC_PRODUCER + 1];
	bool sync;
	struct file file, fresh;
	bool renewing;        /* records go into fresh */
	bool doubtful;        /* see ledger_is_doubtful() */
	bool gone;            /* see ledger_is_gone() */
	uint64_t first_bytes; /* the length of file when it was new */
	struct buf payload;
	struct buf group; /* records not written yet */
};

struct ledger *
ledger_open(const char *dir, const char *producer, char *err, size_t errlen)
{
	struct ledger *l = calloc(1, sizeof *l);

	if (l == NULL) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	snprintf(l->producer, sizeof l->producer, "%s", producer);
	l->file.fd = l->fresh.fd = -1;
	buf_init(&l->payload, JREC_PAYLOAD_MAX);
	buf_init(&l->group, GROUP_MAX);
	l->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dirfd >= 0)
		return l;
	snprintf(err, errlen, "%s: %s", dir, strerror(errno));
	ledger_free(l);
	return NULL;
}

static void
file_close(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct file) { .fd = -1 };
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	file_close(&l->file);
	file_close(&l->fresh);
	if (l->dirfd >= 0)
		close(l->dirfd);
	buf_fini(&l->payload);
	buf_fini(&l->group);
	free(l);
}

void
ledger_set_sync(struct ledger *l, bool sync)
{
	l->sync = sync;
}

/* ==== writing ==== */

static void
file_fail(struct file *f, int e)
{
	f->failed = true;
	f->error = e;
}

static int
write_at(int fd, const char *p, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t done = pwrite(fd, p, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		p += done;
		n -= (size_t)done;
		at += done;
	}
	return 0;
}

/* Write the group at the end of the file. */
static void
file_write(struct file *f, struct buf *group)
{
	off_t end = f->end + (off_t)group->len;

	if (f->failed || group->len == 0)
		return;
	if (buf_failed(group)) {
		file_fail(f, ENOMEM);
		return;
	}
	/* If this fails, a full disk only shows later. */
	if (end > f->allocated &&
	    fallocate(f->fd, FALLOC_FL_KEEP_SIZE, f->allocated,
		end - f->allocated + AHEAD_BYTES) == 0)
		f->allocated = end + AHEAD_BYTES;
	if (write_at(f->fd, group->p, group->len, f->end) != 0)
		file_fail(f, errno);
	else
		f->end = end;
	buf_reset(group);
}

static struct file *
target(struct ledger *l)
{
	return l->renewing ? &l->fresh : &l->file;
}

struct buf *
ledger_payload(struct ledger *l)
{
	buf_reset(&l->payload);
	return &l->payload;
}

void
ledger_add(struct ledger *l, enum jrec_type type)
{
	struct file *f = target(l);
	size_t n = l->payload.len;
	void *to;

	if (f->failed)
		return;
	to = buf_failed(&l->payload) ? NULL : buf_extend(&l->group, jrec_size(n));
	if (to == NULL) {
		file_fail(f, ENOMEM);
		return;
	}
	jrec_put(to, type, f->number++, f->salt, l->payload.p, n,
	    crc32c(0, l->payload.p, n));
	if (l->group.len >= WRITE_BYTES && l->renewing)
		file_write(f, &l->group);
}

int
ledger_commit(struct ledger *l, bool sync, char *err, size_t errlen)
{
	struct file *f = target(l);
	off_t before = f->end;

	file_write(f, &l->group);
	if (!f->failed && sync && l->sync && fdatasync(f->fd) != 0) {
		file_fail(f, errno);
		/* A later life would read records that this one did not save. */
		if (!l->renewing && ftruncate(f->fd, before) != 0)
			l->doubtful = true;
	}
	if (!f->failed)
		return 0;
	buf_reset(&l->group);
	snprintf(
	    err, errlen, "%s: %s", l->renewing ? NAME_NEW : NAME, strerror(f->error));
	return -1;
}

void
ledger_abandon(struct ledger *l)
{
	buf_reset(&l->group);
}

int
ledger_renew(struct ledger *l, char *err, size_t errlen)
{
	uint8_t head[JREC_HEAD_BYTES];
	struct jrec_head h = {
		.kind = JREC_LEDGER, .first = 1, .made_ms = clock_wall_ms()
	};
	struct file *f = &l->fresh;

	file_close(f);
	buf_reset(&l->group);
	memcpy(h.producer, l->producer, sizeof h.producer);
	if (random_bytes(&h.salt, sizeof h.salt) != 0) {
		snprintf(err, errlen, "the system gives no random bytes");
		return -1;
	}
	(void)unlinkat(l->dirfd, NAME_NEW, 0);
	f->fd = openat(l->dirfd, NAME_NEW,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd < 0) {
		snprintf(err, errlen, "%s: %s", NAME_NEW, strerror(errno));
		return -1;
	}
	f->salt = h.salt;
	f->number = h.first;
	l->renewing = true;
	jrec_put_head(head, &h);
	buf_add(&l->group, head, sizeof head);
	jpack_schema(ledger_payload(l));
	ledger_add(l, JREC_SCHEMA);
	return 0;
}

int
ledger_replace(struct ledger *l, char *err, size_t errlen)
{
	int r = ledger_commit(l, true, err, errlen);

	l->renewing = false;
	if (r == 0 && renameat(l->dirfd, NAME_NEW, l->dirfd, NAME) != 0) {
		snprintf(err, errlen, "%s: %s", NAME, strerror(errno));
		r = -1;
	}
	if (r != 0) {
		file_close(&l->fresh);
		(void)unlinkat(l->dirfd, NAME_NEW, 0);
		return -1;
	}
	file_close(&l->file);
	l->file = l->fresh;
	l->fresh = (struct file) { .fd = -1 };
	l->first_bytes = (uint64_t)l->file.end;
	l->gone = false;
	/*
	 * Sync the name, too: segments are removed because the new file has their
	 * records.
	 */
	l->doubtful = l->sync && fsync(l->dirfd) != 0;
	if (l->doubtful) {
		snprintf(err, errlen, "its directory: %s", strerror(errno));
		file_fail(&l->file, errno);
		return -1;
	}
	return 0;
}

bool
ledger_is_open(const struct ledger *l)
{
	return l->file.fd >= 0;
}

bool
ledger_is_doubtful(const struct ledger *l)
{
	return l->doubtful;
}

bool
ledger_is_gone(const struct ledger *l)
{
	return l->gone;
}

bool
ledger_is_good(const struct ledger *l)
{
	return l->file.fd >= 0 && !l->file.failed;
}

uint64_t
ledger_bytes(const struct ledger *l)
{
	return l->file.fd < 0 ? 0 : (uint64_t)l->file.end;
}

bool
ledger_is_long(const struct ledger *l)
{
	return ledger_bytes(l) > GROWTH_TIMES * l->first_bytes + GROWTH_BYTES;
}

int
ledger_discard(struct ledger *l)
{
	file_close(&l->file);
	if (unlinkat(l->dirfd, NAME, 0) != 0 && errno != ENOENT)
		return -1;
	l->doubtful = false;
	l->gone = l->sync && fsync(l->dirfd) != 0;
	return l->gone ? -1 : 0;
}

/* ==== reading ==== */

/* The end of the records that a COMMIT, or an ACK after it, makes valid. */
static size_t
valid_end(const uint8_t *p, size_t n, const struct jrec_head *h, uint64_t *records)
{
	size_t end = 0;
	struct jrec_scan scan;
	struct jrec r;

	jrec_scan_begin(&scan, p, n, h);
	*records = 0;
	while (jrec_next(&scan, &r)) {
		++*records;
		if (r.type != JREC_COMMIT && r.type != JREC_ACK)
			continue;
		end = scan.at;
		*records = 0;
	}
	return end;
}

static int
read_records(const uint8_t *p, size_t n, const struct jrec_head *h,
    int (*take)(void *, const struct jrec *), void *arg, struct ledger_found *found)
{
	size_t end = valid_end(p, n, h, &found->uncommitted);
	struct jrec_scan scan;
	struct jrec r;

	jrec_scan_begin(&scan, p, end, h);
	while (end > 0 && jrec_next(&scan, &r))
		if (take(arg, &r) != 0)
			return -1;
	found->damages = scan.damages;
	found->missing = scan.missing;
	return 0;
}

static void
say_bad(enum jrec_verdict v, uint32_t version, const struct jrec_head *h)
{
	if (v == JREC_OTHER_VERSION)
		log_error(LINE_NOQUEUE
		    ": journal-bad file=" NAME
		    ": written in version %u of the format, this program reads version %u; the journal is set aside, what is in it is not counted",
		    (unsigned)version, JREC_VERSION);
	else if (v == JREC_GOOD)
		log_error(LINE_NOQUEUE
		    ": journal-bad file=" NAME
		    ": it is of another producer, %s; the journal is set aside, what is in it is not counted",
		    h->producer);
	else
		log_error(LINE_NOQUEUE
		    ": journal-bad file=" NAME
		    ": its head is damaged; the journal is set aside, what is in it is not counted");
}

int
ledger_read(const char *dir, const char *producer,
    int (*take)(void *arg, const struct jrec *), void *arg, struct ledger_found *found,
    char *err, size_t errlen)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	enum jrec_verdict v;
	struct jrec_head h;
	uint32_t version;
	uint8_t *p = NULL;
	size_t n = 0;

	*found = (struct ledger_found) { .there = false };
	if (fd < 0) {
		snprintf(err, errlen, "%s: %s", dir, strerror(errno));
		return -1;
	}
	if (wholefile_read(fd, NAME, &p, &n, err, errlen) != 0) {
		r = errno == ENOENT ? 0 : -1;
		goto done;
	}
	v = jrec_get_head(p, n, &h, &version);
	if (v != JREC_GOOD || h.kind != JREC_LEDGER ||
	    strcmp(h.producer, producer) != 0) {
		say_bad(v, version, &h);
		found->aside = true;
		goto done;
	}
	found->there = true;
	r = read_records(p, n, &h, take, arg, found);
	if (r != 0)
		snprintf(err, errlen, "out of memory");
done:
	free(p);
	close(fd);
	return r;
}

void
ledger_set_aside(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	/*
	 * This is a second name: the first one stays until a new ledger takes its
	 * place.
	 */
	(void)unlinkat(fd, NAME_BAD, 0);
	if (linkat(fd, NAME, fd, NAME_BAD, 0) != 0)
		log_warn(
		    LINE_NOQUEUE ": the unreadable ledger could not be kept aside");
	close(fd);
}
