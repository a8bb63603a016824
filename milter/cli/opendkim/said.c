/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * said.c - what `metermark import-opendkim` says: on stderr, and in comments of the new
 * file.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "cli/term.h"
#include "text/visible.h"

#define SAID_MAX 1024

static void tell(struct buf *, const char *file, unsigned line, const char *name,
    const char *kind, const char *fmt, va_list) __attribute__((format(printf, 6, 0)));

/* "FILE:LINE: NAME: WHAT" to stderr, and into a comment. */
static void
tell(struct buf *comments, const char *file, unsigned line, const char *name,
    const char *kind, const char *fmt, va_list ap)
{
	char text[SAID_MAX], where[32] = "";
	struct buf b;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (line != 0)
		snprintf(where, sizeof(where), ":%u", line);
	buf_init(&b, 4 * SAID_MAX);
	buf_addf(&b, "%s%s: %s: ", file, where, name);
	term_say("%s%s%s", b.p, kind, text);
	buf_adds(&b, text);
	buf_adds(comments, "#   ");
	visible_add(comments, buf_str(&b), true);
	buf_addc(comments, '\n');
	buf_fini(&b);
}

void
import_lost(struct import *im, const char *file, unsigned line, const char *name,
    const char *fmt, ...)
{
	va_list ap;

	im->lost = true;
	va_start(ap, fmt);
	tell(&im->lost_text, file, line, name, "not carried over: ", fmt, ap);
	va_end(ap);
}

void
import_unready(struct import *im, const char *file, unsigned line, const char *name,
    const char *fmt, ...)
{
	va_list ap;

	im->lost = true;
	va_start(ap, fmt);
	tell(&im->unready_text, file, line, name,
	    "carried over, but cannot be used yet: ", fmt, ap);
	va_end(ap);
}

void
import_note(struct import *im, const char *file, unsigned line, const char *name,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(&im->note_text, file, line, name, "note: ", fmt, ap);
	va_end(ap);
}

void
import_needless_line(
    struct import *im, const struct import_setting *s, const char *reason)
{
	struct buf b;

	buf_init(&b, 4 * SAID_MAX);
	buf_addf(&b, "%s:%u: %s: %s", s->file, s->line, s->known->name, reason);
	buf_adds(&im->needless_text, "#   ");
	visible_add(&im->needless_text, buf_str(&b), true);
	buf_addc(&im->needless_text, '\n');
	buf_fini(&b);
}

void
import_needless(struct import *im, const char *name, const char *reason)
{
	const struct import_setting *s = import_get(im, name);

	if (s != NULL)
		import_needless_line(im, s, reason);
}

int
import_broken(const char *file, unsigned line, const char *fmt, ...)
{
	char text[SAID_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	term_say("%s:%u: %s", file, line, text);
	return EX_CONFIG;
}

int
import_no_memory(void)
{
	term_say("out of memory");
	return EX_OSERR;
}
