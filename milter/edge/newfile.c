/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newfile.c - a secret put into a new file.  See the header.
 */
#include "edge/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
find(const char *user, gid_t *gid)
{
	char space[4096];
	struct passwd pw, *found = NULL;

	if (getpwnam_r(user, &pw, space, sizeof(space), &found) != 0 || found == NULL)
		return -1;
	*gid = pw.pw_gid;
	return 0;
}

bool
newfile_account(const char *user)
{
	gid_t gid;

	return find(user, &gid) == 0;
}

static int
fill(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.p, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text = str_skip(text, (size_t)n);
	}
	return fsync(fd);
}

int
newfile_secret(
    const char *file, struct str text, const char *reader, char *err, size_t errlen)
{
	int fd, e;
	gid_t gid;

	if (reader != NULL && find(reader, &gid) != 0) {
		snprintf(err, errlen, "there is no account %s", reader);
		return -1;
	}
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		snprintf(err, errlen, "%s: %s", file,
		    errno == EEXIST ? "is there already, and stays as it is"
				    : strerror(errno));
		return -1;
	}
	if (fill(fd, text) == 0 &&
	    (reader == NULL || geteuid() != 0 ||
		(fchown(fd, 0, gid) == 0 && fchmod(fd, 0640) == 0)) &&
	    close(fd) == 0)
		return 0;
	e = errno;
	snprintf(err, errlen, "%s: %s", file, strerror(e));
	unlink(file);
	return -1;
}
