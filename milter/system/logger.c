/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logger.c - finished lines to stderr or syslog.
 *
 * On stderr a line is one write(2), which journald, a file and a pipe keep apart from
 * others.  journald and syslog add the time themselves; on a terminal and in a file we
 * add it.
 */
#include "system/logger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "system/clock.h"

#define LINE_SIZE 2048
/* Room for "<6>" or the time, and the final newline. */
#define EXTRA_SIZE 32

/* Set by logger_open() before there are threads; the level may change at any time. */
static enum { TO_FILE, TO_JOURNAL, TO_SYSLOG } sink = TO_FILE;
static atomic_int level = LOGGER_INFO;

/*
 * True if stderr is the stream that journald reads.  JOURNAL_STREAM is "DEVICE:INODE".
 */
static bool
is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	if (env == NULL || sscanf(env, "%" SCNuMAX ":%" SCNuMAX, &dev, &ino) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void
logger_open(const char *ident, bool to_stderr, enum logger_level max)
{
	atomic_store(&level, max);
	if (to_stderr) {
		sink = is_journal() ? TO_JOURNAL : TO_FILE;
		return;
	}
	sink = TO_SYSLOG;
	openlog(ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
logger_set_level(enum logger_level max)
{
	atomic_store(&level, max);
}

bool
logger_wants(enum logger_level l)
{
	return (int)l <= atomic_load_explicit(&level, memory_order_relaxed);
}

static int
priority(enum logger_level l)
{
	switch (l) {
	case LOGGER_ERROR:
		return LOG_ERR;
	case LOGGER_WARN:
		return LOG_WARNING;
	case LOGGER_INFO:
		return LOG_INFO;
	case LOGGER_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_INFO;
}

/*
 * Mask what a caller forgot to escape: it must not look like a line of its own, nor
 * control a terminal.
 */
static void
defuse(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

static void
write_line(const char *line, size_t len)
{
	ssize_t n;

	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
}

/* Write what comes before a line on stderr; returns its length. */
static size_t
add_front(char *line, size_t size, enum logger_level l)
{
	char iso[CLOCK_ISO_SIZE];
	int n;

	if (sink == TO_JOURNAL)
		n = snprintf(line, size, "<%d>", priority(l));
	else
		n = snprintf(line, size, "%s ", clock_iso(clock_wall_ms(), iso));
	return n < 0 ? 0 : (size_t)n;
}

void
logger_log(enum logger_level l, const char *fmt, ...)
{
	char line[EXTRA_SIZE + LINE_SIZE];
	size_t front = 0;
	size_t len;
	va_list ap;
	int saved = errno;
	int n;

	if (!logger_wants(l))
		return;
	if (sink != TO_SYSLOG)
		front = add_front(line, EXTRA_SIZE, l);
	va_start(ap, fmt);
	n = vsnprintf(line + front, LINE_SIZE, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len = (size_t)n;
	if (len >= LINE_SIZE) {
		len = LINE_SIZE - 1;
		memcpy(line + front + len - 3, "...", 3);
	}
	defuse(line + front);
	if (sink == TO_SYSLOG) {
		syslog(priority(l), "%s", line);
	} else {
		line[front + len] = '\n';
		write_line(line, front + len + 1);
	}
	errno = saved;
}
