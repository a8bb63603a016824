/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newfile.c - a secret put into a new file.  See the header.
 */
#include "system/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/account.h"

static int
fill(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.p, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		text = str_skip(text, (size_t)n);
	}
	return fsync(fd);
}

static int
hand_over(int fd, const char *reader, gid_t gid)
{
	if (reader == NULL || geteuid() != 0)
		return 0;
	return fchown(fd, 0, gid) == 0 ? fchmod(fd, 0640) : -1;
}

/* 0, or -1 with a sentence. */
static int
look_up(const char *reader, gid_t *gid, char *err, size_t errlen)
{
	struct account account;
	int r;

	if (reader == NULL)
		return 0;
	r = account_find(reader, &account);
	if (r == 0)
		*gid = account.gid;
	else if (r > 0)
		snprintf(err, errlen, "there is no account %s", reader);
	else
		snprintf(err, errlen, "cannot look up the account %s: %s", reader,
		    strerror(errno));
	return r == 0 ? 0 : -1;
}

int
newfile_secret(
    const char *file, struct str text, const char *reader, char *err, size_t errlen)
{
	gid_t gid = 0;
	int fd, e = 0;

	if (look_up(reader, &gid, err, errlen) != 0)
		return -1;
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		snprintf(err, errlen, "%s: %s", file,
		    errno == EEXIST ? "is there already, and stays as it is"
				    : strerror(errno));
		return -1;
	}
	if (fill(fd, text) != 0 || hand_over(fd, reader, gid) != 0)
		e = errno;
	if (close(fd) != 0 && e == 0)
		e = errno;
	if (e == 0)
		return 0;
	snprintf(err, errlen, "%s: %s", file, strerror(e));
	unlink(file);
	return -1;
}
