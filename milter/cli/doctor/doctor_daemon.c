/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_daemon.c - what `metermark doctor` asks the daemon: does it run, how does its
 * counting go, does its socket answer.  See doctor.h.
 *
 * Nothing here disturbs it.  In particular the lock of the state directory is not
 * tried, which could keep a daemon from starting that very moment; the kernel's list of
 * locks says who holds it.
 */
#include "cli/doctor/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "flush/status.h"
#include "show/human.h"
#include "system/clock.h"

#define FRESH_MS 10000 /* flush/status.h: older ones are of a daemon that is gone */
#define LAG_WARN_MS 15000
#define LAG_FAIL_MS 300000
#define ANSWER_MS 3000
#define START "systemctl start metermark-milter; its log says why it is not running"
#define LOG "see the daemon's log (journalctl -u metermark-milter)"

/* --- does it run --- */

/* Who holds a lock on that file, by the kernel's list; 0: nobody, -1: not known. */
static long
lock_holder(const struct stat *st)
{
	FILE *list = fopen("/proc/locks", "re");
	char line[256];
	long holder = 0;

	if (list == NULL)
		return -1;
	while (holder == 0 && fgets(line, sizeof(line), list) != NULL) {
		unsigned long long inode;
		char kind[16];
		long pid;

		/* 1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF */
		if (sscanf(line, "%*d: %15s %*s %*s %ld %*x:%*x:%llu", kind, &pid,
			&inode) == 3 &&
		    strcmp(kind, "FLOCK") == 0 && inode == st->st_ino)
			holder = pid;
	}
	fclose(list);
	return holder;
}

static bool
look_at_lock(struct doctor *d)
{
	char path[4096];
	struct stat st;
	long pid;

	snprintf(path, sizeof(path), "%s/lock", d->conf.state_dir);
	if (stat(path, &st) != 0) {
		int e = errno;

		doctor_add(d, e == ENOENT ? DOCTOR_FAIL : DOCTOR_WARN, "daemon",
		    e == ENOENT ? START : "run metermark doctor as root", "%s: %s",
		    e == ENOENT ? "has never run here" : path, strerror(e));
		return false;
	}
	pid = lock_holder(&st);
	if (pid == 0)
		doctor_add(d, DOCTOR_FAIL, "daemon", START,
		    "is not running: nobody holds %s", path);
	else if (pid > 0)
		doctor_add(d, DOCTOR_PASS, "daemon", NULL, "runs as pid %ld", pid);
	return pid != 0;
}

/* --- how its counting goes --- */

static void
amount(
    struct doctor *d, const char *check, int64_t n, const char *what, const char *fix)
{
	char text[HUMAN_MAX];

	if (n == 0)
		return;
	human_count(text, n);
	doctor_add(d, DOCTOR_WARN, check, fix, "%s %s", text, what);
}

static void
look_at_redis_of(struct doctor *d, const struct status *s, int64_t now_ms)
{
	char since[HUMAN_MAX];

	if (s->redis_there)
		return;
	human_age(since, (now_ms - s->redis_away_ms) / 1000);
	doctor_add(d, DOCTOR_FAIL, "daemon's redis", NULL,
	    "the daemon cannot count into %s: %s%s%s", s->redis,
	    s->redis_error[0] != '\0' ? s->redis_error : "it does not answer",
	    s->redis_away_ms != 0 ? "; it went away " : "",
	    s->redis_away_ms != 0 ? since : "");
	doctor_fix(d, "make Redis well; nothing is lost meanwhile%s",
	    s->on_disk ? "" : " as long as the daemon runs");
}

static void
look_at_backlog(struct doctor *d, const struct status *s, int64_t now_ms)
{
	int64_t lag_ms = s->backlog_oldest_ms != 0 ? now_ms - s->backlog_oldest_ms : 0;
	int64_t slack_ms = 3 * (int64_t)d->conf.flush_interval_ms;
	char messages[HUMAN_MAX], disk[HUMAN_MAX];
	enum doctor_level level = DOCTOR_PASS;

	if (lag_ms > LAG_WARN_MS + slack_ms)
		level = DOCTOR_WARN;
	if (lag_ms > LAG_FAIL_MS + slack_ms)
		level = DOCTOR_FAIL;
	human_count(messages, s->backlog_messages);
	human_bytes(disk, s->journal_bytes + s->ledger_bytes);
	if (s->backlog_messages == 0 && level == DOCTOR_PASS)
		doctor_add(d, level, "backlog", NULL,
		    "all that was counted is in Redis; journal and ledger take %s",
		    disk);
	else
		doctor_add(d, level, "backlog", level != DOCTOR_PASS ? LOG : NULL,
		    "messages not in Redis yet: %s, the oldest for %" PRId64
		    " s; journal and ledger take %s",
		    messages, lag_ms > 0 ? lag_ms / 1000 : 0, disk);
}

static void
look_at_journal(struct doctor *d, const struct status *s)
{
	if (s->journal_down)
		doctor_add(d, DOCTOR_FAIL, "journal",
		    "make room in state_dir, or mount it for writing; restart the daemon if this stays",
		    "cannot be written: what is counted now is in memory only");
	if (s->held)
		doctor_add(d, DOCTOR_FAIL, "journal",
		    "make room in state_dir, or mount it for writing",
		    "the disk does not take the ledger: counts wait in memory");
	amount(d, "journal", s->journal_left_out,
	    "messages since the start were counted in memory only", LOG);
	amount(d, "journal", s->journal_sync_failures,
	    "times the disk failed to take the journal", "look after the disk");
	amount(d, "journal", s->damaged_records,
	    "damaged records were found at the start and left out", LOG);
	amount(d, "lost counts", s->lost_deltas,
	    "messages were not counted for lack of memory", LOG);
	amount(d, "lost counts", s->not_whole,
	    "campaigns: Redis lost more of them than was retained",
	    "raise retain_s and retain_mb; give Redis appendonly yes");
	amount(d, "redis data", s->restored,
	    "batches that Redis had lost were sent again",
	    "find out why Redis loses data: eviction, a failover, no persistence");
	amount(d, "redis data", s->refused, "batches were refused by Redis", LOG);
	amount(d, "campaigns", s->other_names,
	    "messages count as _other: there were too many new names",
	    "raise max in the section `campaign`, if the names are meant");
	amount(d, "campaigns", s->crowded,
	    "messages count as _other: too many campaigns waited for Redis",
	    "make Redis well; raise max in the section `campaign`, if the names are meant");
}

static void
look_at_status(struct doctor *d, bool running)
{
	int64_t now_ms = clock_wall_ms(), age_ms;
	char err[DOCTOR_TEXT_MAX], age[HUMAN_MAX];
	struct status s;

	if (status_read(d->conf.state_dir, &s, err, sizeof(err)) != 0) {
		doctor_add(d, DOCTOR_WARN, "status",
		    running
			? "wait for some seconds after its start, or run metermark doctor as root"
			: NULL,
		    "%s", err);
		return;
	}
	age_ms = now_ms - s.written_ms;
	human_age(age, age_ms / 1000);
	if (running && (age_ms > FRESH_MS || age_ms < -FRESH_MS))
		doctor_add(d, DOCTOR_FAIL, "status",
		    "the daemon hangs, state_dir cannot be written, or the clock was set: " LOG,
		    "the daemon last told how it is %s", age);
	if (running)
		look_at_redis_of(d, &s, now_ms);
	if (!running && s.backlog_messages > 0)
		doctor_add(d, DOCTOR_WARN, "backlog", START,
		    s.on_disk
			? "%" PRId64 " messages wait on disk for the next start"
			: "%" PRId64
			  " messages were not in Redis when it ended, and not all of them on disk: some may be lost",
		    s.backlog_messages);
	if (running)
		look_at_backlog(d, &s, now_ms);
	look_at_journal(d, &s);
}

void
doctor_daemon(struct doctor *d)
{
	look_at_status(d, look_at_lock(d));
}

/* --- does its socket answer --- */

static int
timed(int fd)
{
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	}
	return fd;
}

static int
connect_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path));
	fd = timed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* PORT or PORT@HOST. */
static int
connect_tcp(const char *text, int family)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *a;
	const char *at = strchr(text, '@');
	char port[32];
	int fd = -1, e = EHOSTUNREACH;

	snprintf(port, sizeof(port), "%.*s",
	    at != NULL ? (int)(at - text) : (int)strlen(text), text);
	if (getaddrinfo(
		at != NULL && at[1] != '\0' ? at + 1 : NULL, port, &hints, &a) == 0) {
		fd = timed(socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			e = errno;
			close(fd);
			fd = -1;
		}
		freeaddrinfo(a);
	}
	errno = e;
	return fd;
}

/* Negotiate as an MTA does, then leave.  Does a milter answer? */
static bool
talks(int fd)
{
	static const char offer[] = "\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff";
	static const char quit[] = "\0\0\0\x01Q";
	char answer[5];
	size_t got = 0;

	if (send(fd, offer, sizeof(offer) - 1, MSG_NOSIGNAL) < 0)
		return false;
	while (got < sizeof(answer)) {
		ssize_t n = recv(fd, answer + got, sizeof(answer) - got, 0);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	send(fd, quit, sizeof(quit) - 1, MSG_NOSIGNAL);
	return answer[4] == 'O';
}

static void
look_at_mode(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return; /* connecting says why */
	if (!S_ISSOCK(st.st_mode))
		doctor_add(d, DOCTOR_FAIL, "socket", "remove it, and start the daemon",
		    "%s is no socket", path);
	else if ((st.st_mode & 07) != 0) {
		doctor_add(d, DOCTOR_FAIL, "socket", NULL,
		    "%s has mode %04o: every local user can have mail signed", path,
		    (unsigned)(st.st_mode & 0777));
		doctor_fix(d, "chmod o= %s, or restart the daemon", path);
	} else
		doctor_add(d, DOCTOR_PASS, "socket", NULL, "%s has mode %04o", path,
		    (unsigned)(st.st_mode & 0777));
}

void
doctor_socket(struct doctor *d)
{
	const char *spec = d->conf.listen, *rest = strchr(spec, ':');
	bool tcp = strncasecmp(spec, "inet", 4) == 0 && rest != NULL;
	int fd;

	rest = rest != NULL ? rest + 1 : spec;
	if (tcp) {
		fd = connect_tcp(
		    rest, strncasecmp(spec, "inet6", 5) == 0 ? AF_INET6 : AF_INET);
	} else {
		look_at_mode(d, rest);
		fd = connect_unix(rest);
	}
	if (fd < 0) {
		int e = errno;

		doctor_add(d, e == EACCES ? DOCTOR_WARN : DOCTOR_FAIL, "socket",
		    e == EACCES ? "run metermark doctor as root" : START,
		    "nobody answers at %s: %s", spec, strerror(e));
		return;
	}
	if (talks(fd))
		doctor_add(
		    d, DOCTOR_PASS, "socket", NULL, "a milter answers at %s", spec);
	else
		doctor_add(d, DOCTOR_FAIL, "socket", LOG,
		    "what listens at %s does not answer as a milter", spec);
	close(fd);
}
