/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statedir.c - lock, producer id and recipient key.  See the header.
 */
#include "daemon/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/identity.h"
#include "daemon/privs.h"
#include "system/crypto.h"
#include "system/random.h"
#include "system/wholefile.h"

#define PRODUCER_BYTES 16
#define RECIPIENT_KEY_BYTES 32

int
statedir_make(const char *dir, uid_t uid, gid_t gid, char *err, size_t errlen)
{
	if (mkdir(dir, 0700) != 0) {
		if (errno == EEXIST)
			return 0;
		snprintf(err, errlen, "state_dir %s: cannot be made: %s", dir,
		    strerror(errno));
		return -1;
	}
	/* Its parent is root's, or root's administrator chose otherwise. */
	if (lchown(dir, uid, gid) == 0)
		return 0;
	snprintf(err, errlen, "state_dir %s: cannot be given to the user: %s", dir,
	    strerror(errno));
	rmdir(dir);
	return -1;
}

static int
open_dir(const char *dir, char *err, size_t errlen)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e = errno;

	if (fd >= 0)
		return fd;
	if (e == ENOENT)
		snprintf(err, errlen,
		    "state_dir %s does not exist; run: install -d -m 700 -o USER %s (USER: whoever runs the daemon)",
		    dir, dir);
	else
		snprintf(err, errlen, "state_dir %s: %s", dir, strerror(e));
	return -1;
}

/* Why a file in dir cannot be written. */
static void
say_not_writable(const char *dir, const char *name, char *err, size_t errlen)
{
	int e = errno;
	struct stat st;

	if (e == EACCES && stat(dir, &st) == 0)
		snprintf(err, errlen,
		    "state_dir %s: not writable for uid %lu, it belongs to uid %lu; run: chown -R %lu %s",
		    dir, (unsigned long)geteuid(), (unsigned long)st.st_uid,
		    (unsigned long)geteuid(), dir);
	else
		snprintf(err, errlen, "%s/%s: %s", dir, name, strerror(e));
}

/* Who holds the lock, as it wrote itself; 0 when it did not. */
static long
read_pid(int fd)
{
	char text[16];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid;
	char *end;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	pid = strtol(text, &end, 10);
	return *end == '\n' && pid > 0 ? pid : 0;
}

static void
say_locked(int fd, const char *dir, char *err, size_t errlen)
{
	long pid = read_pid(fd);

	if (pid > 0)
		snprintf(err, errlen,
		    "another metermark-milter (pid %ld) uses state_dir %s; stop it, or give this one a state_dir of its own",
		    pid, dir);
	else
		snprintf(err, errlen,
		    "another process has locked %s/lock; stop it, or use another state_dir",
		    dir);
}

/* For who is refused.  The lock is what counts: without success it names nobody. */
static void
write_pid(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* In this order a full disk, too, takes it where another pid was. */
	if (pwrite(fd, text, (size_t)n, 0) == n && ftruncate(fd, n) != 0)
		return; /* read_pid() looks at the first line */
}

/* After a file could not be written: is it for the disk, and not for our rights? */
static int
disk_or_rights(const char *dir)
{
	return eaccess(dir, W_OK) != 0 && errno == EACCES ? -1 : STATEDIR_UNWRITABLE;
}

static int
open_lock(int dirfd)
{
	int fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* A file of a read-only file system can be locked as well. */
	if (fd < 0 && errno == EROFS) {
		fd = openat(dirfd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			errno = EROFS;
	}
	return fd;
}

int
statedir_lock(const char *dir, char *err, size_t errlen)
{
	int dirfd = open_dir(dir, err, errlen);
	int fd;

	if (dirfd < 0)
		return -1;
	fd = open_lock(dirfd);
	if (fd < 0) {
		bool disk = errno == EROFS || errno == ENOSPC || errno == EDQUOT;

		say_not_writable(dir, "lock", err, errlen);
		close(dirfd);
		return disk ? STATEDIR_UNWRITABLE : -1;
	}
	close(dirfd);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			say_locked(fd, dir, err, errlen);
		else
			snprintf(err, errlen, "%s/lock: %s", dir, strerror(errno));
		goto fail;
	}
	write_pid(fd);
	return fd;
fail:
	close(fd);
	return -1;
}

/* Make dir/name with that text: written aside, on disk, then renamed. */
static int
put_file(const char *dir, const char *name, const char *text, char *err, size_t errlen)
{
	int dirfd = open_dir(dir, err, errlen), r;

	if (dirfd < 0)
		return -1;
	r = wholefile_write(dirfd, name, text, strlen(text), 1, err, errlen);
	/* An owner that does not fit wants more than a word. */
	if (r != 0)
		say_not_writable(dir, name, err, errlen);
	close(dirfd);
	return r;
}

/* n random bytes as hex; 2n and a NUL have room. */
static int
random_hex(char *text, size_t n, char *err, size_t errlen)
{
	unsigned char bytes[RECIPIENT_KEY_BYTES];

	if (random_bytes(bytes, n) != 0) {
		snprintf(err, errlen, "the system gives no random bytes");
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

/* The text of n random bytes, hex and a newline, as a new file. */
static int
put_random(const char *dir, const char *name, size_t n, char *err, size_t errlen)
{
	char text[2 * RECIPIENT_KEY_BYTES + 2];
	int r;

	if (random_hex(text, n, err, errlen) != 0)
		return -1;
	snprintf(text + 2 * n, sizeof(text) - 2 * n, "\n");
	r = put_file(dir, name, text, err, errlen);
	explicit_bzero(text, sizeof(text));
	return r == 0 ? 0 : disk_or_rights(dir);
}

/*
 * Read a file of at most size bytes.  Its length, or -1 with errno; EFBIG when it is
 * longer, EINVAL when it is no regular file.
 */
static ssize_t
get_file(const char *file, char *p, size_t size, struct stat *st)
{
	/* O_NONBLOCK: a FIFO in its place must not keep the daemon from starting. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = 0;
	int e = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, st) != 0)
		e = errno;
	else if (!S_ISREG(st->st_mode))
		e = EINVAL;
	while (e == 0 && len < size && (n = read(fd, p + len, size - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		e = errno;
	if (e == 0 && st->st_size > (off_t)size)
		e = EFBIG;
	close(fd);
	errno = e;
	return e != 0 ? -1 : (ssize_t)len;
}

/* Exactly 32 lower-case hex digits and a newline? */
static bool
is_producer(const char *text, size_t len)
{
	if (len != STATEDIR_PRODUCER_SIZE || text[len - 1] != '\n')
		return false;
	for (size_t i = 0; i < len - 1; i++)
		if (!((text[i] >= '0' && text[i] <= '9') ||
			(text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

int
statedir_producer(
    const char *dir, char out[STATEDIR_PRODUCER_SIZE], char *err, size_t errlen)
{
	char path[4096];
	char text[STATEDIR_PRODUCER_SIZE + 1];
	struct stat st;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "%s/producer", dir);
	n = get_file(path, text, sizeof(text), &st);
	if (n < 0 && errno == ENOENT) {
		r = put_random(dir, "producer", PRODUCER_BYTES, err, errlen);
		if (r != 0)
			return r;
		n = get_file(path, text, sizeof(text), &st);
	}
	if (n < 0 && errno != EFBIG && errno != EINVAL) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (n < 0 || !is_producer(text, (size_t)n)) {
		snprintf(err, errlen,
		    "%s: not 32 hex digits; restore it, or remove it to count as a new producer (a batch on its way at the last stop may then count twice)",
		    path);
		return -1;
	}
	memcpy(out, text, STATEDIR_PRODUCER_SIZE - 1);
	out[STATEDIR_PRODUCER_SIZE - 1] = '\0';
	return 0;
}

int
statedir_identify(const char *dir, char out[STATEDIR_PRODUCER_SIZE], char *note,
    size_t notelen, char *err, size_t errlen)
{
	char from[4096], to[4096], why[128];
	int r;

	note[0] = '\0';
	if (identity_is_copied(dir, why, sizeof(why))) {
		snprintf(from, sizeof(from), "%s/producer", dir);
		snprintf(to, sizeof(to), "%s/producer.copied", dir);
		if (rename(from, to) != 0) {
			say_not_writable(dir, "producer.copied", err, errlen);
			return disk_or_rights(dir);
		}
		snprintf(note, notelen,
		    "state_dir %s is a copy: %s; it gets a producer id of its own, and its journal is set aside, as the original counts what is in it",
		    dir, why);
	}
	r = statedir_producer(dir, out, err, errlen);
	if (r != 0 || identity_write(dir, err, errlen) == 0)
		return r;
	/* What is there tells a copy from its original as well as before. */
	if (note[0] == '\0')
		return 0;
	/* ... and would call it a copy again at each start. */
	return disk_or_rights(dir);
}

int
statedir_recipient_key(const char *dir, uint8_t key[32], char *err, size_t errlen)
{
	static const char name[] = "recipient.key";
	char path[4096];
	int r = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		r = put_random(dir, name, RECIPIENT_KEY_BYTES, err, errlen);
	if (r != 0)
		return r;
	return statedir_read_key(path, key, err, errlen);
}

int
statedir_read_key(const char *file, uint8_t key[32], char *err, size_t errlen)
{
	char text[STATEDIR_KEY_MAX];
	struct stat st;
	ssize_t n = get_file(file, text, sizeof(text), &st);
	int r = -1;

	if (n < 0 && errno == EINVAL)
		snprintf(err, errlen, "recipient key %s: not a regular file", file);
	else if (n < 0 && errno == EFBIG)
		snprintf(err, errlen, "recipient key %s: longer than %zu bytes", file,
		    STATEDIR_KEY_MAX);
	else if (n < 0 && errno != ENOENT)
		snprintf(err, errlen, "recipient key %s: %s", file, strerror(errno));
	else if (n < 0)
		snprintf(err, errlen,
		    "recipient key %s: %s; to make one: (umask 077; openssl rand -hex 32 > %s)",
		    file, strerror(errno), file);
	else if ((st.st_mode & (S_IWGRP | S_IRWXO)) != 0)
		snprintf(err, errlen,
		    "recipient key %s: open to others; run: chmod %s %s", file,
		    (st.st_mode & S_IRGRP) != 0 ? "640" : "600", file);
	else
		r = 0;
	while (r == 0 && n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (r == 0 && (size_t)n < STATEDIR_KEY_MIN) {
		snprintf(err, errlen,
		    "recipient key %s: %zd bytes; at least %zu are needed", file, n,
		    STATEDIR_KEY_MIN);
		r = -1;
	}
	if (r == 0)
		crypto_sha256(text, (size_t)n, key);
	explicit_bzero(text, sizeof(text));
	return r;
}

/* recipient_key_file; the place of that setting is in err. */
static int
read_named_key(const struct conf *c, uint8_t key[32], char *err, size_t errlen)
{
	char at[512], why[512];

	if (statedir_read_key(c->recipient_key_file, key, why, sizeof(why)) == 0)
		return 0;
	conf_place(c, c->lines.recipient_key_file, at, sizeof(at));
	snprintf(err, errlen, "%s%s", at, why);
	return -1;
}

int
statedir_check(const struct conf *c, char *err, size_t errlen)
{
	uint8_t key[32] = { 0 };
	int rc = 0;

	if (c->recipient_key_file[0] != '\0')
		rc = read_named_key(c, key, err, errlen);
	explicit_bzero(key, sizeof(key));
	return rc;
}

/*
 * The directory takes no producer id, and mail is not to wait for that.  One that is on
 * no disk is of this life alone; so nothing is kept that a later life, with another
 * one, would have to count.
 */
static int
live_in_memory(struct statedir *s, char *err, size_t errlen)
{
	s->in_memory = true;
	snprintf(s->trouble, sizeof(s->trouble),
	    "%s; until it is started again with room there the daemon keeps no counts on disk: they go to Redis from memory, and what that has not got is lost at a crash",
	    err);
	return random_hex(s->producer, PRODUCER_BYTES, err, errlen);
}

/* The same for the key: recipients count as others under the next one. */
static int
key_in_memory(struct statedir *s, char *err, size_t errlen)
{
	if (s->trouble[0] == '\0')
		snprintf(s->trouble, sizeof(s->trouble),
		    "%s; recipients met until the next start count as distinct from those after it",
		    err);
	if (random_bytes(s->recipient_key, sizeof(s->recipient_key)) == 0)
		return 0;
	snprintf(err, errlen, "the system gives no random bytes");
	return -1;
}

static int
open_as_user(struct statedir *s, const struct conf *c, char *err, size_t errlen)
{
	int r;

	s->lock = statedir_lock(c->state_dir, err, errlen);
	r = s->lock >= 0 ? statedir_identify(c->state_dir, s->producer, s->note,
			       sizeof(s->note), err, errlen)
			 : s->lock;
	if (r == STATEDIR_UNWRITABLE)
		r = live_in_memory(s, err, errlen);
	if (r != 0 || c->recipient_key_file[0] != '\0')
		return r;
	r = statedir_recipient_key(c->state_dir, s->recipient_key, err, errlen);
	return r == STATEDIR_UNWRITABLE ? key_in_memory(s, err, errlen) : r;
}

static void
let_go(struct statedir *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
	explicit_bzero(s->recipient_key, sizeof(s->recipient_key));
}

int
statedir_open(struct statedir *s, const struct conf *c, const struct privs *p,
    char *err, size_t errlen)
{
	int r;

	*s = (struct statedir) { .lock = -1 };
	if (geteuid() == 0 &&
	    statedir_make(c->state_dir, p->uid, p->gid, err, errlen) != 0)
		return -1;
	if (privs_assume(p, err, errlen) != 0)
		return -1;
	r = open_as_user(s, c, err, errlen);
	/* A failure to be root again must not hide behind the first one. */
	if (privs_resume(p, err, errlen) != 0)
		r = -1;
	if (r == 0 && c->recipient_key_file[0] != '\0')
		r = read_named_key(c, s->recipient_key, err, errlen);
	if (r != 0)
		let_go(s);
	return r;
}
