/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile.c - a secret file read, if it is safe.  See the header.
 */
#include "system/keyfile.h"

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

#include "system/account.h"

#define CURE_MAX ((size_t)(2 * PATH_MAX + 64))

struct job {
	const char *file; /* as it was asked for */
	char *err;
	size_t errlen;
	char *warn;
	size_t warnlen;
	const char *user; /* NULL: nobody is known */
	bool has_user;    /* uid and gid are those of user */
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
 * The commands that let the daemon, and nobody else, read the file: it stays with an
 * owner who may have it, else it becomes root's with the account's group.
 */
static const char *
cure(const struct job *j, const struct stat *st, char *out, size_t size)
{
	bool user_is_root = !j->has_user || j->uid == 0;
	bool may_stay = st->st_uid == (user_is_root ? 0 : j->uid) ||
	    (st->st_uid == geteuid() && st->st_uid != 0);
	char group[64];
	int n = 0;

	account_group_name(j->gid, group, sizeof(group));
	if (user_is_root && !may_stay)
		n = snprintf(out, size, "chown root %s && ", j->file);
	if (user_is_root || may_stay)
		snprintf(out + n, size - (size_t)n, "chmod 600 %s", j->file);
	else
		snprintf(out, size, "chown root:%s %s && chmod 640 %s", group, j->file,
		    j->file);
	return out;
}

/*
 * Check one folder on the way.  A folder that becomes root's must still let the account
 * in, by its group if it is closed to others.  In a sticky folder (/tmp) only its owner
 * can replace a file, and the file's owner is checked.
 */
static int
check_folder(const struct job *j, const char *path)
{
	char group[64] = "";
	struct stat st;

	if (stat(path, &st) != 0)
		return refuse(j, "the folder %s cannot be examined: %m", path);
	if (!trusted_uid(j, st.st_uid)) {
		if (j->has_user && (st.st_mode & S_IXOTH) == 0)
			account_group_name(j->gid, group, sizeof(group));
		return refuse(j,
		    "the folder %s belongs to user %u, who can replace the key; keep the key in a folder of root's, or run: chown root%s%s %s%s%s",
		    path, (unsigned)st.st_uid, group[0] != '\0' ? ":" : "", group, path,
		    group[0] != '\0' ? " && chmod 750 " : "",
		    group[0] != '\0' ? path : "");
	}
	if ((st.st_mode & S_ISVTX) != 0)
		return 0;
	if ((st.st_mode & S_IWOTH) != 0)
		return refuse(j,
		    "everyone may write to the folder %s and replace the key; run: chmod o-w %s",
		    path, path);
	if ((st.st_mode & S_IWGRP) != 0 && !trusted_gid(j, st.st_gid))
		snprintf(j->warn, j->warnlen,
		    "%s: group %u may write to the folder %s and replace the key; run: chmod g-w %s",
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
	char how[CURE_MAX];

	if (!S_ISREG(st->st_mode))
		return refuse(j, "found a %s, expected a regular file",
		    S_ISDIR(st->st_mode) ? "directory" : "special file");
	if (!trusted_uid(j, st->st_uid))
		return refuse(j,
		    "the file belongs to user %u, expected root or %s; run: %s",
		    (unsigned)st->st_uid,
		    j->has_user ? j->user : "the user metermark runs as",
		    cure(j, st, how, sizeof(how)));
	if ((mode & 027) != 0)
		return refuse(j,
		    "mode %04o lets others read or change the key; run: %s", mode,
		    cure(j, st, how, sizeof(how)));
	if ((mode & 040) != 0 && !trusted_gid(j, st->st_gid))
		return refuse(j, "mode %04o lets group %u read the key; run: %s", mode,
		    (unsigned)st->st_gid, cure(j, st, how, sizeof(how)));
	if (j->has_user && geteuid() == 0 && j->uid != 0 && st->st_uid != j->uid &&
	    !((mode & 040) != 0 && st->st_gid == j->gid))
		snprintf(j->warn, j->warnlen,
		    "%s: the systemd unit will not start and a reload will fail, since user %s, who will run metermark, may not read it; run: %s",
		    j->file, j->user, cure(j, st, how, sizeof(how)));
	return 0;
}

/* The caller cannot read the file or its folder: say which account can, or the fix. */
static int
closed(const struct job *j, const char *real)
{
	char how[CURE_MAX];
	struct stat st;

	errno = EACCES;
	if (geteuid() == 0)
		return refuse(j, "cannot be opened: %m");
	if (!j->has_user)
		return refuse(j, "cannot be opened: %m; run this as root");
	if (geteuid() != j->uid)
		return refuse(
		    j, "cannot be opened: %m; run this as root, or as %s", j->user);
	if (real == NULL || stat(real, &st) != 0)
		return refuse(j,
		    "cannot be opened: Permission denied; a folder above it does not let user %s in",
		    j->user);
	cure(j, &st, how, sizeof(how));
	errno = EACCES;
	return refuse(j, "cannot be opened: %m; run: %s", how);
}

/*
 * Read it in one piece: where a buffer grew, a part of the key would be left in memory.
 */
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
	struct job j = { file, err, errlen, warn, warnlen, user, false, 0, 0 };
	struct account account;
	struct stat st;
	int fd = -1, rc = -1;
	char *real;

	/* A failed lookup grants nothing, like an unknown account. */
	j.has_user = user != NULL && account_find(user, &account) == 0;
	if (j.has_user) {
		j.uid = account.uid;
		j.gid = account.gid;
	}
	real = realpath(file, NULL);
	if (real == NULL) {
		if (errno == EACCES)
			closed(&j, NULL);
		else
			refuse(&j, "cannot be opened: %m");
		goto done;
	}
	if (check_folders(&j, real) != 0)
		goto done;
	/* Links are resolved: a link that is found now was put there in between. */
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == EACCES)
		closed(&j, real);
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
