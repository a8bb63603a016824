/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycheck.c - checks the key files of a domain_table before they are needed.  See the
 * header.
 *
 * gather_lines() makes an item for each line of the table that names a fixed file, and
 * sorts the items by file.  Threads then take one file at a time with all its lines, so
 * that each file is read once; they share the next index and the findings under one
 * lock.  Since threads finish in any order, record_finding() keeps the findings with
 * the lowest line numbers, sorted, and only counts the others.
 */
#include "dkim/keycheck.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/domtable.h"
#include "dkim/keyring.h"
#include "text/buf.h"

#define THREADS_MAX 32
#define PATHS_MAX ((size_t)1 << 32) /* bytes of all paths */
#define PROGRESS_EVERY 64           /* files between two calls of progress() */

/* A line of the table whose file does not depend on the message. */
struct item {
	size_t path; /* offset in run.paths */
	size_t id;   /* index in the table */
	unsigned line;
};

/* The sentences of the lowest lines, and the number of all sentences. */
struct findings {
	struct {
		unsigned line;
		char *text;
	} v[KEYCHECK_SHOWN_MAX];
	size_t n_shown, n;
};

struct run {
	const struct conf *conf;
	const struct keycheck_job *job;
	struct buf paths;   /* all paths, each with its NUL */
	struct item *items; /* sorted by path, then by line */
	size_t n_items;
	size_t templates;

	pthread_mutex_t lock; /* guards what follows */
	size_t next;          /* the first item that no thread has taken */
	size_t files;
	struct findings wrong, unwise;
};

static const char *
path_of(const struct run *r, size_t i)
{
	return r->paths.p + r->items[i].path;
}

/* Keeps the sentences of the lowest lines, whichever thread finds them first. */
static void
record_finding(struct run *r, struct findings *f, unsigned line, const char *text)
{
	size_t i;

	pthread_mutex_lock(&r->lock);
	f->n++;
	if (f->n_shown == KEYCHECK_SHOWN_MAX && f->v[f->n_shown - 1].line > line)
		free(f->v[--f->n_shown].text);
	if (f->n_shown < KEYCHECK_SHOWN_MAX) {
		for (i = f->n_shown++; i > 0 && f->v[i - 1].line > line; i--)
			f->v[i] = f->v[i - 1];
		f->v[i].line = line;
		f->v[i].text = strdup(text);
	}
	pthread_mutex_unlock(&r->lock);
}

/* ==== One file ==== */

/*
 * The lines from .. to - 1 name this file.  Checks whether the key suits each of them.
 */
static void
check_lines(struct run *r, size_t from, size_t to, const struct keyring_key *key)
{
	struct domtable_key row;

	for (size_t i = from; i < to; i++) {
		domtable_at(r->conf->table, r->items[i].id, &row);
		if (!keyring_fits(key, row.header_canon))
			record_finding(r, &r->wrong, r->items[i].line,
			    "found an Ed25519 key with simple header canonicalization, whose signatures do not verify; expected c=relaxed/relaxed");
	}
}

static void
decode_file(struct run *r, size_t from, size_t to)
{
	struct keyring_key key;
	char err[1024], warn[1024];

	if (keyring_decode(path_of(r, from), r->job->user, &key, err, sizeof(err), warn,
		sizeof(warn)) != 0) {
		record_finding(r, &r->wrong, r->items[from].line, err);
		return;
	}
	if (warn[0] != '\0')
		record_finding(r, &r->unwise, r->items[from].line, warn);
	check_lines(r, from, to, &key);
	keyring_key_fini(&key);
}

static void
open_only(struct run *r, size_t i)
{
	char text[1024];

	if (faccessat(AT_FDCWD, path_of(r, i), R_OK, AT_EACCESS) == 0)
		return;
	snprintf(text, sizeof(text), "%s: cannot be opened: %s", path_of(r, i),
	    strerror(errno));
	record_finding(r, &r->wrong, r->items[i].line, text);
}

/* Takes the next file and its lines.  Returns false at the end. */
static bool
take_next(struct run *r, size_t *from, size_t *to)
{
	bool more;

	pthread_mutex_lock(&r->lock);
	*from = *to = r->next;
	while (*to < r->n_items &&
	    (*to == *from || strcmp(path_of(r, *to), path_of(r, *from)) == 0))
		++*to;
	r->next = *to;
	more = *to > *from;
	r->files += more;
	if (r->job->progress != NULL && (r->files % PROGRESS_EVERY == 0 || !more))
		r->job->progress(r->job->arg, *from, r->n_items);
	pthread_mutex_unlock(&r->lock);
	return more;
}

static void *
check_files(void *arg)
{
	struct run *r = arg;
	size_t from, to;

	while (take_next(r, &from, &to))
		if (r->job->decode)
			decode_file(r, from, to);
		else
			open_only(r, from);
	return NULL;
}

/* ==== All files ==== */

static int
by_path(const void *a, const void *b, void *paths)
{
	const struct item *x = a, *y = b;
	int order =
	    strcmp((const char *)paths + x->path, (const char *)paths + y->path);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static int
gather_lines(struct run *r)
{
	const struct domtable *t = r->conf->table;
	size_t n = domtable_size(t);
	struct domtable_key row;

	r->items = calloc(n + 1, sizeof(*r->items));
	if (r->items == NULL)
		return -1;
	for (size_t id = 0; id < n; id++) {
		domtable_at(t, id, &row);
		if (domtable_is_template(&row)) {
			r->templates++;
			continue;
		}
		r->items[r->n_items++] = (struct item) { r->paths.len, id, row.line };
		domtable_file(&row, str_of(row.pattern), &r->paths);
		buf_addc(&r->paths, '\0');
	}
	if (buf_failed(&r->paths))
		return -1;
	qsort_r(r->items, r->n_items, sizeof(*r->items), by_path, r->paths.p);
	return 0;
}

/*
 * Runs check_files() in this thread and, if keys are decoded, in one more for each
 * further CPU.
 */
static void
run_threads(struct run *r)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t thread[THREADS_MAX];
	size_t n = 0;

	while (r->job->decode && (long)n + 1 < cpus && n < THREADS_MAX &&
	    n + 1 < r->n_items && pthread_create(&thread[n], NULL, check_files, r) == 0)
		n++;
	check_files(r);
	while (n > 0)
		pthread_join(thread[--n], NULL);
}

static void
report_findings(
    const struct run *r, struct findings *f, void (*say)(void *, const char *))
{
	char text[1536];

	for (size_t i = 0; i < f->n_shown; i++) {
		snprintf(text, sizeof(text), "%s:%u: %s", r->conf->domain_table,
		    f->v[i].line, f->v[i].text != NULL ? f->v[i].text : "wrong");
		if (say != NULL)
			say(r->job->arg, text);
		free(f->v[i].text);
	}
	snprintf(text, sizeof(text), "%s: and %zu more key files like these",
	    r->conf->domain_table, f->n - f->n_shown);
	if (say != NULL && f->n > f->n_shown)
		say(r->job->arg, text);
}

int
keycheck_run(const struct conf *c, const struct keycheck_job *job,
    struct keycheck_result *result)
{
	struct run r = { .conf = c, .job = job };
	int rc = -1;

	*result = (struct keycheck_result) { 0 };
	buf_init(&r.paths, PATHS_MAX);
	if (pthread_mutex_init(&r.lock, NULL) != 0)
		return -1;
	if (gather_lines(&r) == 0) {
		run_threads(&r);
		report_findings(&r, &r.wrong, job->wrong);
		report_findings(&r, &r.unwise, job->warn);
		*result = (struct keycheck_result) { r.files, r.wrong.n, r.unwise.n,
			r.templates };
		rc = 0;
	}
	pthread_mutex_destroy(&r.lock);
	free(r.items);
	buf_fini(&r.paths);
	return rc;
}
