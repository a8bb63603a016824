/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener.c - what libmilter leaves to do about its socket.  See the header.
 */
#include "daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A specification in libmilter's syntax, taken apart; host and port point into it. */
struct spec {
	int family;
	const char *path;
	char port[64];
	const char *host; /* NULL: any address */
};

static int
parse(const char *text, struct spec *out, char *err, size_t errlen)
{
	const char *rest = strchr(text, ':');
	const char *at;
	size_t len = rest == NULL ? 0 : (size_t)(rest - text);
	int n;

	*out = (struct spec) { .family = AF_UNIX };
	rest = rest == NULL ? text : rest + 1;
	if (len == 0 || (len == 4 && strncasecmp(text, "unix", len) == 0) ||
	    (len == 5 && strncasecmp(text, "local", len) == 0)) {
		out->path = rest;
		if (rest[0] != '\0')
			return 0;
		snprintf(err, errlen, "listen \"%s\": no path", text);
		return -1;
	}
	out->family = len == 5 ? AF_INET6 : AF_INET;
	if (strncasecmp(text, "inet6", len) != 0 || len < 4) {
		snprintf(err, errlen,
		    "listen \"%s\": expected unix:PATH, inet:PORT@HOST or inet6:PORT@HOST",
		    text);
		return -1;
	}
	at = strchr(rest, '@');
	out->host = at == NULL || at[1] == '\0' ? NULL : at + 1;
	n = at == NULL ? (int)strlen(rest) : (int)(at - rest);
	if (n > 0 && (size_t)n < sizeof(out->port)) {
		snprintf(out->port, sizeof(out->port), "%.*s", n, rest);
		return 0;
	}
	snprintf(err, errlen, "listen \"%s\": no port before the @", text);
	return -1;
}

static int
unix_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, e;

	if (len >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, len);
	/* A listener whose backlog is full would block us: that is an answer, too. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

static int
check_directory(const char *path, char *err, size_t errlen)
{
	const char *slash = strrchr(path, '/');
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;

	if (strlen(path) >= sizeof(dir)) {
		snprintf(err, errlen,
		    "listen: the path of a unix socket has at most %zu bytes: %s",
		    sizeof(dir) - 1, path);
		return -1;
	}
	if (slash == NULL || slash == path)
		return 0;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	if (stat(dir, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	if (errno == ENOENT)
		snprintf(err, errlen,
		    "listen: directory %s does not exist; run: install -d -m 2750 -o USER -g GROUP %s (USER runs the daemon, GROUP is the MTA's)",
		    dir, dir);
	else
		snprintf(err, errlen, "listen: directory %s: %s", dir, strerror(errno));
	return -1;
}

static int
prepare_unix(const char *path, char *err, size_t errlen)
{
	struct stat st;
	int fd;

	if (check_directory(path, err, errlen) != 0)
		return -1;
	if (lstat(path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		snprintf(err, errlen, "listen: %s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, errlen,
		    "listen: %s exists and is no socket; remove it or choose another path",
		    path);
		return -1;
	}
	fd = unix_connect(path);
	if (fd >= 0 || errno == EAGAIN) {
		if (fd >= 0)
			close(fd);
		snprintf(
		    err, errlen, "listen: another process is listening on %s", path);
		return -1;
	}
	if (errno == ECONNREFUSED && (unlink(path) == 0 || errno == ENOENT))
		return 0;
	snprintf(err, errlen, "listen: stale socket %s: %s; remove it", path,
	    strerror(errno));
	return -1;
}

/* The address as libmilter will bind it; a bind of our own says what is wrong. */
static int
try_bind(const struct addrinfo *a)
{
	int one = 1;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r, e;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	r = bind(fd, a->ai_addr, a->ai_addrlen);
	e = errno;
	close(fd);
	errno = e;
	return r;
}

static int
prepare_tcp(const char *text, const struct spec *s, char *err, size_t errlen)
{
	struct addrinfo hints = {
		.ai_family = s->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *list = NULL;
	int e = getaddrinfo(s->host, s->port, &hints, &list);
	int r;

	if (e != 0) {
		snprintf(err, errlen, "listen \"%s\": %s", text, gai_strerror(e));
		return -1;
	}
	r = try_bind(list);
	if (r != 0 && errno == EADDRINUSE)
		snprintf(
		    err, errlen, "listen: another process is listening on %s", text);
	else if (r != 0)
		snprintf(err, errlen, "listen \"%s\": %s", text, strerror(errno));
	freeaddrinfo(list);
	return r;
}

int
listener_prepare(struct listener *l, const char *text, char *err, size_t errlen)
{
	struct spec s;

	*l = (struct listener) { .spec = strdup(text) };
	if (l->spec == NULL) {
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	if (parse(l->spec, &s, err, errlen) != 0)
		return -1;
	if (s.family != AF_UNIX)
		return prepare_tcp(text, &s, err, errlen);
	l->path = strdup(s.path);
	if (l->path != NULL)
		return prepare_unix(l->path, err, errlen);
	snprintf(err, errlen, "out of memory");
	return -1;
}

void
listener_fini(struct listener *l)
{
	free(l->spec);
	free(l->path);
	*l = (struct listener) { 0 };
}

/*
 * Where no group is wanted: a directory with the setgid bit has given the socket the
 * group of those who shall get in (a Postfix queue directory, 2750); else our own.
 */
static gid_t
group_of(const char *path, const struct stat *socket, gid_t own)
{
	char *dir = strdup(path);
	char *slash = dir == NULL ? NULL : strrchr(dir, '/');
	struct stat st;
	gid_t gid = own;

	if (slash != NULL) {
		slash[slash == dir ? 1 : 0] = '\0';
		if (stat(dir, &st) == 0 && (st.st_mode & S_ISGID) != 0)
			gid = socket->st_gid;
	}
	free(dir);
	return gid;
}

int
listener_own(
    struct listener *l, uid_t uid, gid_t own, gid_t wanted, char *err, size_t errlen)
{
	struct stat st;
	gid_t gid;
	int fd;

	if (l->path == NULL)
		return 0;
	/*
	 * By descriptor: whoever may write in the directory could put a link to some
	 * other file in its place while root gives it away.
	 */
	fd = open(l->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		snprintf(
		    err, errlen, "listen: %s is not the socket just made", l->path);
		goto fail;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	gid = wanted != (gid_t)-1 ? wanted : group_of(l->path, &st, own);
	if ((st.st_uid != uid || st.st_gid != gid) &&
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH) != 0) {
		snprintf(err, errlen,
		    "listen: cannot give %s to group %lu: %s; start as root, or make the user a member of that group",
		    l->path, (unsigned long)gid, strerror(errno));
		goto fail;
	}
	close(fd);
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

int
listener_remove(struct listener *l)
{
	struct stat st;

	if (l->path == NULL || l->ino == 0)
		return 0;
	if (lstat(l->path, &st) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode) || st.st_dev != l->dev || st.st_ino != l->ino)
		return 0;
	return unlink(l->path);
}
