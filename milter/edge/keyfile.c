/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile.c - a secret file read, if it is safe.  See the header.
 */
#include "edge/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/privs.h"

struct job {
	const char *file; /* as it was asked for */
	char *err;
	size_t errlen;
	char *warn;
	size_t warnlen;
	bool has_user; /* uid and gid are those of an account */
	uid_t uid;
	gid_t gid;
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

static bool
trusted_uid(const struct job *j, uid_t uid)
{
	return uid == 0 || uid == geteuid() || (j->has_user && uid == j->uid);
}

static bool
trusted_gid(const struct job *j, gid_t gid)
{
	return gid == 0 || gid == getegid() || (j->has_user && gid == j->gid);
}

/*
 * One folder on the way.  Sticky folders (/tmp) let nobody but its owner replace a
 * file, and the file's owner is checked.
 */
static int
check_folder(const struct job *j, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return refuse(j, "the folder %s cannot be examined: %m", path);
	if (!trusted_uid(j, st.st_uid))
		return refuse(j,
		    "the folder %s belongs to user %u, who can replace the key; run: "
		    "chown root %s",
		    path, (unsigned)st.st_uid, path);
	if ((st.st_mode & S_ISVTX) != 0)
		return 0;
	if ((st.st_mode & S_IWOTH) != 0)
		return refuse(j,
		    "everyone may write to the folder %s and replace the key; run: "
		    "chmod "
		    "o-w %s",
		    path, path);
	if ((st.st_mode & S_IWGRP) != 0 && !trusted_gid(j, st.st_gid))
		snprintf(j->warn, j->warnlen,
		    "%s: group %u may write to the folder %s and replace the key; run: "
		    "chmod g-w %s",
		    j->file, (unsigned)st.st_gid, path, path);
	return 0;
}

static int
check_folders(const struct job *j, const char *real)
{
	char path[PATH_MAX];
	size_t len = strlen(real);

	if (len >= sizeof(path))
		return refuse(j, "the path is too long");
	memcpy(path, real, len + 1);
	for (;;) {
		char *slash = strrchr(path, '/');

		if (slash == NULL || path[1] == '\0')
			return 0;
		slash[slash == path ? 1 : 0] = '\0';
		if (check_folder(j, path) != 0)
			return -1;
	}
}

static int
check_mode(const struct job *j, const struct stat *st)
{
	unsigned mode = (unsigned)st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return refuse(j, "found a %s, expected a regular file",
		    S_ISDIR(st->st_mode) ? "directory" : "special file");
	if (!trusted_uid(j, st->st_uid))
		return refuse(j,
		    "the file belongs to user %u, expected root or the user metermark "
		    "runs as; run: chown root %s",
		    (unsigned)st->st_uid, j->file);
	if ((mode & 027) != 0)
		return refuse(j,
		    "mode %04o lets others read or change the key; run: chmod 600 %s",
		    mode, j->file);
	if ((mode & 040) != 0 && !trusted_gid(j, st->st_gid))
		return refuse(j,
		    "mode %04o lets group %u read the key; run: chmod 600 %s", mode,
		    (unsigned)st->st_gid, j->file);
	if (j->has_user && geteuid() == 0 && j->uid != 0 && st->st_uid != j->uid &&
	    !((mode & 040) != 0 && st->st_gid == j->gid))
		snprintf(j->warn, j->warnlen,
		    "%s: a reload will fail, since user %u, who will run metermark, "
		    "may "
		    "not read it; run: chgrp %u %s && chmod 640 %s",
		    j->file, (unsigned)j->uid, (unsigned)j->gid, j->file, j->file);
	return 0;
}

/* In one piece, so that no part of the key is left behind where a buffer grew. */
static int
read_all(const struct job *j, int fd, struct buf *out)
{
	char *space = malloc(KEYFILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;
	int rc = 0;

	if (space == NULL)
		return refuse(j, "out of memory");
	while (n != 0 && len <= KEYFILE_MAX) {
		n = read(fd, space + len, KEYFILE_MAX + 1 - len);
		if (n < 0 && errno != EINTR) {
			rc = refuse(j, "cannot be read: %m");
			break;
		}
		if (n > 0)
			len += (size_t)n;
	}
	if (rc == 0 && len > KEYFILE_MAX)
		rc = refuse(
		    j, "found more than %zu bytes, expected one key", KEYFILE_MAX);
	if (rc == 0)
		buf_add(out, space, len);
	if (rc == 0 && buf_failed(out))
		rc = refuse(j, "out of memory");
	explicit_bzero(space, len);
	free(space);
	return rc;
}

int
keyfile_read(const char *file, const char *user, struct buf *out, char *err,
    size_t errlen, char *warn, size_t warnlen)
{
	struct job j = { file, err, errlen, warn, warnlen, false, 0, 0 };
	struct stat st;
	int fd = -1, rc = -1;
	char *real;

	/* Of a lookup that fails as of no account: it is in nobody's favour. */
	j.has_user = user != NULL && privs_account(user, &j.uid, &j.gid) == 0;
	real = realpath(file, NULL);
	if (real == NULL) {
		refuse(&j, "cannot be opened: %m");
		goto done;
	}
	if (check_folders(&j, real) != 0)
		goto done;
	/* Links are resolved: one that turns up now was put there in between. */
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == EACCES)
		refuse(&j, "cannot be opened: %m; run: chown %u %s",
		    (unsigned)geteuid(), file);
	else if (fd < 0)
		refuse(&j, "cannot be opened: %m");
	else if (fstat(fd, &st) != 0)
		refuse(&j, "cannot be examined: %m");
	else if (check_mode(&j, &st) == 0)
		rc = read_all(&j, fd, out);
done:
	if (fd >= 0)
		close(fd);
	free(real);
	return rc;
}
