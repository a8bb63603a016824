/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domfile.c - domain_table read.  See the header.
 */
#include "config/domfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/domtable.h"

/* Two million lines or more. */
#define FILE_MAX ((size_t)256 * 1024 * 1024)

struct job {
	const char *file;
	void (*warn)(void *, const char *);
	void *arg;
	char *err;
	size_t errlen;
	size_t wrong; /* lines */
};

static int refuse(const struct job *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(const struct job *j, const char *fmt, ...)
{
	int cause = errno; /* for %m */
	size_t used;
	va_list ap;

	snprintf(j->err, j->errlen, "%s: ", j->file);
	used = strlen(j->err);
	errno = cause;
	va_start(ap, fmt);
	vsnprintf(j->err + used, j->errlen - used, fmt, ap);
	va_end(ap);
	return -1;
}

/* Its lines decide who signs and with what, so not everyone may write it. */
static int
check(const struct job *j, int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(j, "cannot be examined: %m");
	if (!S_ISREG(st.st_mode))
		return refuse(j, "found a %s, expected a regular file",
		    S_ISDIR(st.st_mode) ? "directory" : "special file");
	if ((st.st_mode & S_IWOTH) != 0)
		return refuse(j,
		    "everyone may write to it, and it decides what is signed; run: chmod o-w %s",
		    j->file);
	if ((uint64_t)st.st_size > FILE_MAX)
		return refuse(
		    j, "found more than %zu bytes, expected a smaller file", FILE_MAX);
	*size = (size_t)st.st_size;
	return 0;
}

/* All of it, or as much as there was when it was measured. */
static int
read_all(const struct job *j, int fd, char *out, size_t size, size_t *len)
{
	for (*len = 0; *len < size;) {
		ssize_t n = read(fd, out + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(j, "cannot be read: %m");
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

static void
on_error(void *arg, unsigned line, const char *sentence)
{
	struct job *j = arg;
	char text[1024];

	if (line != 0)
		snprintf(text, sizeof(text), "%s:%u: %s", j->file, line, sentence);
	else
		snprintf(text, sizeof(text), "%s: %s", j->file, sentence);
	if (j->wrong++ == 0)
		snprintf(j->err, j->errlen, "%s", text);
	else if (j->warn != NULL)
		j->warn(j->arg, text);
}

/* The fault of a line in the settings, or of the file: both are named. */
static int
not_opened(const struct conf *c, char *err, size_t errlen)
{
	int cause = errno;
	char at[512];

	conf_place(c, c->lines.domain_table, at, sizeof(at));
	snprintf(err, errlen, "%sdomain_table: %s: cannot be opened: %s", at,
	    c->domain_table, strerror(cause));
	return -1;
}

int
domfile_load(struct conf *c, void (*warn)(void *, const char *), void *arg, char *err,
    size_t errlen)
{
	struct job j = { c->domain_table, warn, arg, err, errlen, 0 };
	size_t size = 0, len = 0;
	char *text = NULL;
	int fd, rc;

	if (c->domain_table[0] == '\0')
		return 0;
	fd = open(c->domain_table, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return not_opened(c, err, errlen);
	rc = check(&j, fd, &size);
	if (rc == 0 && (text = malloc(size + 1)) == NULL)
		rc = refuse(&j, "out of memory");
	if (rc == 0)
		rc = read_all(&j, fd, text, size, &len);
	if (rc == 0) {
		c->table = domtable_parse(str_make(text, len), on_error, &j);
		rc = c->table != NULL ? 0 : -1;
	}
	free(text);
	close(fd);
	return rc;
}
