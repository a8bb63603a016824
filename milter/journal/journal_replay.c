/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_replay.c - reads what an earlier life left in the journal.
 *
 * Segments are read in the order of their numbers.  A record whose number is below the
 * expected one was handed over already, or is in the ledger; skipped numbers are lost
 * records.  Nothing is removed before the caller has all of it in its ledger.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counting/jpack.h"
#include "journal/journal_parts.h"
#include "system/logger.h"
#include "system/wholefile.h"
#include "text/line.h"

#define BAD_SUFFIX ".bad"
#define BAD_KEPT 8
#define FILES_MAX 100000

struct journal_file {
	struct journal_file *next;
	char name[JOURNAL_NAME_SIZE];
	bool good; /* its head is valid; then the members below are set */
	bool bad;  /* to be set aside */
	struct jrec_head head;
	bool read; /* its records were handed over */
};

struct replay {
	int dirfd;
	int (*take)(void *, const struct tally_delta *);
	void *arg;
	struct journal_found *found;
};

/* ==== which files there are ==== */

static bool
ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && n < JOURNAL_NAME_SIZE && strcmp(name + n - m, suffix) == 0;
}

static void
say_bad(const char *name, enum jrec_verdict v, uint32_t version)
{
	switch (v) {
	case JREC_GOOD:
	case JREC_EMPTY:
		break;
	case JREC_OTHER_VERSION:
		log_error(LINE_NOQUEUE
		    ": journal-bad file=%s: written in version %u of the format, this program reads version %u; it is set aside, what is in it is not counted",
		    name, (unsigned)version, JREC_VERSION);
		break;
	case JREC_FOREIGN:
	case JREC_BAD:
		log_error(LINE_NOQUEUE
		    ": journal-bad file=%s: its head is damaged; it is set aside, what is in it is not counted",
		    name);
		break;
	}
}

/* Read the head. */
static void
look_at(struct replay *r, struct journal_file *f, const char *producer)
{
	uint8_t p[JREC_HEAD_BYTES];
	int fd = openat(r->dirfd, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, p, sizeof p);
	enum jrec_verdict v;
	uint32_t version;

	if (fd >= 0)
		close(fd);
	v = jrec_get_head(p, n > 0 ? (size_t)n : 0, &f->head, &version);
	if (n < 0)
		v = JREC_BAD;
	say_bad(f->name, v, version);
	f->good = v == JREC_GOOD && f->head.kind == JREC_JOURNAL;
	f->bad = v != JREC_EMPTY && !f->good;
	if (f->good && strcmp(f->head.producer, producer) != 0) {
		log_error(LINE_NOQUEUE
		    ": journal-bad file=%s: it is of another producer, %s; it is set aside, what is in it is not counted",
		    f->name, f->head.producer);
		f->good = false;
		f->bad = true;
	}
}

static int
compare_files(const void *a, const void *b)
{
	const struct journal_file *x = *(struct journal_file *const *)a;
	const struct journal_file *y = *(struct journal_file *const *)b;

	if (x->head.first != y->head.first)
		return x->head.first < y->head.first ? -1 : 1;
	return x->head.made_ms < y->head.made_ms ? -1
						 : x->head.made_ms > y->head.made_ms;
}

static int
sort_files(struct journal_found *found, size_t n)
{
	struct journal_file **all = calloc(n + 1, sizeof(struct journal_file *));
	size_t i = 0;

	if (all == NULL)
		return -1;
	for (struct journal_file *f = found->files; f != NULL; f = f->next)
		all[i++] = f;
	qsort(all, n, sizeof *all, compare_files);
	found->files = all[0];
	for (i = 0; i < n; i++)
		all[i]->next = all[i + 1];
	free(all);
	return 0;
}

static int
list_files(struct replay *r, DIR *dir, const char *producer)
{
	struct dirent *d;
	size_t n = 0;

	while ((d = readdir(dir)) != NULL && n < FILES_MAX) {
		struct journal_file *f;

		if (!ends_in(d->d_name, JOURNAL_SUFFIX))
			continue;
		f = calloc(1, sizeof *f);
		if (f == NULL)
			return -1;
		memcpy(f->name, d->d_name, strlen(d->d_name));
		f->next = r->found->files;
		r->found->files = f;
		look_at(r, f, producer);
		n++;
	}
	return sort_files(r->found, n);
}

/* ==== what is in them ==== */

/* false: out of memory. */
static bool
take_record(struct replay *r, const struct jrec *rec, struct jpack_schema *schema,
    struct journal_file *f)
{
	struct jpack j = { .p = rec->p, .n = rec->n };
	struct tally_delta d;

	switch (rec->type) {
	case JREC_SCHEMA:
		if (jpack_get_schema(&j, schema) != 0)
			f->bad = true;
		else if (schema->unknown > 0)
			log_warn(LINE_NOQUEUE
			    ": journal-schema file=%s unknown=%zu: counters this version does not have are left out",
			    f->name, schema->unknown);
		return true;
	case JREC_DELTA:
		if (jpack_get_delta(&j, schema, &d) != 0) {
			/* Its sum is right, so another version wrote it. */
			r->found->missing++;
			f->bad = true;
			return true;
		}
		r->found->records++;
		return r->take(r->arg, &d) == 0;
	default:
		f->bad = true;
		return true;
	}
}

static void read_file(struct replay *, struct journal_file *);

/*
 * Records that are missing in a segment whose sync failed are in its copy, a later
 * file. The copy is read first, or the records after the hole would be taken for all
 * there are.
 */
static void
fill_gap(struct replay *r)
{
	for (struct journal_file *f = r->found->files; f != NULL; f = f->next)
		if (f->good && !f->read && f->head.first <= r->found->next &&
		    !r->found->out_of_memory) {
			read_file(r, f);
			return;
		}
}

static bool
read_records(struct replay *r, struct journal_file *f, const uint8_t *p, size_t n)
{
	struct journal_found *found = r->found;
	struct jpack_schema schema;
	struct jrec_scan scan;
	struct jrec rec;

	jpack_schema_init(&schema);
	jrec_scan_begin(&scan, p, n, &f->head);
	while (jrec_next(&scan, &rec)) {
		if (rec.number > found->next)
			fill_gap(r);
		if (rec.number < found->next) {
			/* The schema is known already; the other types are counts. */
			if (rec.type == JREC_SCHEMA)
				take_record(r, &rec, &schema, f);
			continue;
		}
		found->missing += rec.number - found->next;
		found->next = rec.number + 1;
		if (!take_record(r, &rec, &schema, f))
			return false;
	}
	found->segments++;
	found->torn += scan.torn;
	f->bad |= scan.damages > 0;
	return true;
}

static void
read_file(struct replay *r, struct journal_file *f)
{
	uint64_t lost = r->found->missing;
	char why[256];
	uint8_t *p;
	size_t n;

	f->read = true;
	if (wholefile_read(r->dirfd, f->name, &p, &n, why, sizeof why) != 0) {
		log_error(LINE_NOQUEUE ": journal-bad file=%s: %s", f->name, why);
		f->bad = true;
		return;
	}
	if (!read_records(r, f, p, n))
		r->found->out_of_memory = true;
	free(p);
	lost = r->found->missing - lost;
	if (lost > 0 || f->bad)
		log_error(LINE_NOQUEUE
		    ": journal-bad file=%s missing=%llu: it is damaged, or others before it are gone",
		    f->name, (unsigned long long)lost);
}

int
journal_replay(const char *dir, const char *producer, uint64_t from,
    int (*take)(void *arg, const struct tally_delta *), void *arg,
    struct journal_found *found, char *err, size_t errlen)
{
	struct replay r = { .take = take, .arg = arg, .found = found };
	DIR *d = opendir(dir);

	*found = (struct journal_found) { .next = from };
	if (d == NULL) {
		snprintf(err, errlen, "%s: %s", dir, strerror(errno));
		return -1;
	}
	r.dirfd = dirfd(d);
	if (list_files(&r, d, producer) != 0) {
		snprintf(err, errlen, "out of memory");
		closedir(d);
		return -1;
	}
	for (struct journal_file *f = found->files; f != NULL; f = f->next)
		if (f->good && !f->read && !found->out_of_memory)
			read_file(&r, f);
	for (struct journal_file *f = found->files; f != NULL; f = f->next)
		found->bad += f->bad;
	closedir(d);
	return 0;
}

/* ==== afterwards ==== */

/* Remove the oldest files that were set aside, until only that many are left. */
static void
thin_out(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *d;

	if (dir == NULL)
		return;
	for (size_t n = BAD_KEPT + 1; n > BAD_KEPT;) {
		char oldest[JOURNAL_NAME_SIZE + 8] = "";
		time_t when = 0;
		struct stat st;

		n = 0;
		rewinddir(dir);
		while ((d = readdir(dir)) != NULL) {
			if (!ends_in(d->d_name, BAD_SUFFIX) ||
			    fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
				continue;
			n++;
			if (oldest[0] != '\0' && st.st_mtime >= when)
				continue;
			when = st.st_mtime;
			snprintf(oldest, sizeof oldest, "%.*s", JOURNAL_NAME_SIZE,
			    d->d_name);
		}
		if (n > BAD_KEPT && unlinkat(fd, oldest, 0) != 0)
			break;
	}
	closedir(dir);
}

static void
set_aside(int fd, const char *name)
{
	char bad[JOURNAL_NAME_SIZE + 16];
	struct stat st;

	snprintf(bad, sizeof bad, "%s%s", name, BAD_SUFFIX);
	for (int i = 2; i < 100 && fstatat(fd, bad, &st, AT_SYMLINK_NOFOLLOW) == 0; i++)
		snprintf(bad, sizeof bad, "%s.%d%s", name, i, BAD_SUFFIX);
	if (renameat(fd, name, fd, bad) != 0)
		log_error(LINE_NOQUEUE ": journal-bad file=%s: cannot be set aside: %s",
		    name, strerror(errno));
}

void
journal_clear(const char *dir, struct journal_found *found)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t bad = 0;

	while (found->files != NULL) {
		struct journal_file *f = found->files;

		found->files = f->next;
		bad += f->bad;
		if (fd >= 0 && f->bad)
			set_aside(fd, f->name);
		else if (fd >= 0)
			(void)unlinkat(fd, f->name, 0);
		free(f);
	}
	if (fd < 0)
		return;
	if (bad > 0)
		thin_out(fd);
	close(fd);
}

void
journal_spoil(struct journal_found *found)
{
	for (struct journal_file *f = found->files; f != NULL; f = f->next)
		f->bad |= f->good;
}

void
journal_keep(struct journal_found *found)
{
	while (found->files != NULL) {
		struct journal_file *f = found->files;

		found->files = f->next;
		free(f);
	}
}
