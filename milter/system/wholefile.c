/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wholefile.c - a file as one piece of memory.  See the header.
 */
#include "system/wholefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_all(int fd, uint8_t *p, size_t *n)
{
	size_t have = 0;

	while (have < *n) {
		ssize_t got = read(fd, p + have, *n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	*n = have;
	return 0;
}

int
wholefile_read(
    int dirfd, const char *name, uint8_t **p, size_t *n, char *err, size_t errlen)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int e;

	*p = NULL;
	if (fd < 0 || fstat(fd, &st) != 0)
		goto fail;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode))
		goto fail;
	*n = (size_t)st.st_size;
	*p = malloc(*n + 1);
	if (*p != NULL && read_all(fd, *p, n) == 0) {
		close(fd);
		return 0;
	}
fail:
	e = errno;
	snprintf(err, errlen, "%s: %s", name, strerror(e));
	free(*p);
	*p = NULL;
	if (fd >= 0)
		close(fd);
	errno = e;
	return -1;
}

int
wholefile_put(int fd, const void *p, size_t n)
{
	const char *rest = p;

	while (n > 0) {
		ssize_t done = write(fd, rest, n);

		if (done < 0 && errno == EINTR)
			continue;
		/* No progress and no error: trying again could go on for ever. */
		if (done == 0)
			errno = EIO;
		if (done <= 0)
			return -1;
		rest += done;
		n -= (size_t)done;
	}
	return 0;
}

int
wholefile_write(int dirfd, const char *name, const void *p, size_t n, int sync,
    char *err, size_t errlen)
{
	char aside[256];
	int fd, e;

	snprintf(aside, sizeof aside, "%s.new", name);
	(void)unlinkat(dirfd, aside, 0); /* left by a life that was cut short */
	fd = openat(
	    dirfd, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && wholefile_put(fd, p, n) == 0 && (!sync || fsync(fd) == 0) &&
	    renameat(dirfd, aside, dirfd, name) == 0 && (!sync || fsync(dirfd) == 0)) {
		close(fd);
		return 0;
	}
	e = errno;
	snprintf(err, errlen, "%s: %s", aside, strerror(e));
	if (fd >= 0) {
		(void)unlinkat(dirfd, aside, 0);
		close(fd);
	}
	errno = e;
	return -1;
}
