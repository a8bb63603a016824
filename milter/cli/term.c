/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * term.c - where the output goes, and messages beside it.  See the header.
 */
#include "cli/term.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "text/buf.h"
#include "text/visible.h"

#define COLUMNS_USUAL 80
#define COLUMNS_MAX 10000
#define SAY_MAX 4096

static const char *speaker = "metermark";
/* Of the first failure of term_put(). */
static int put_errno;

static bool
set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* COLUMNS speaks first, as with ls(1): a person set it, or a test. */
static size_t
columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;

	if (text != NULL) {
		long n = strtol(text, NULL, 10);

		if (n > 0 && n <= COLUMNS_MAX)
			return (size_t)n;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return COLUMNS_USUAL;
}

void
term_probe(struct term *t)
{
	const char *kind = getenv("TERM");

	setlocale(LC_CTYPE, "");
	*t = (struct term) { .tty = isatty(STDOUT_FILENO) == 1 };
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->style =
	    t->tty && !set("NO_COLOR") && kind != NULL && strcmp(kind, "dumb") != 0;
	t->columns = t->tty ? columns() : 0;
}

void
term_name(const char *name)
{
	speaker = name;
}

void
term_say(const char *fmt, ...)
{
	char text[SAY_MAX];
	struct buf line;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&line, SAY_MAX * 4 + 64);
	buf_addf(&line, "%s: ", speaker);
	visible_add(&line, str_of(text), false);
	buf_addc(&line, '\n');
	fwrite(line.p, 1, line.len, stderr);
	buf_fini(&line);
}

int
term_number(const char *option, const char *text, size_t *out)
{
	char *end;
	uintmax_t n;

	errno = 0;
	n = strtoumax(text, &end, 10);
	if (!ascii_isdigit(text[0]) || *end != '\0' || errno != 0 || n < 1 ||
	    n > UINT32_MAX) {
		term_say("%s: \"%s\" is no number from 1 on", option, text);
		return -1;
	}
	*out = (size_t)n;
	return 0;
}

void
term_put(struct str s)
{
	/* More than a buffer's worth goes out here, and fails here. */
	if (fwrite(s.p, 1, s.len, stdout) < s.len && put_errno == 0)
		put_errno = errno;
}

int
term_finish(void)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !failed)
		return EX_OK;
	if (failed)
		errno = put_errno != 0 ? put_errno : EIO;
	if (errno != EPIPE)
		term_say("cannot write the output: %m");
	return EX_IOERR;
}
