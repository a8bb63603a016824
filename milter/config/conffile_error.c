/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_error.c - the words of errors in metermark.conf, and the lines where
 * settings were met.
 */
#include "config/conffile_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/conf_text.h"
#include "show/nearest.h"
#include "text/visible.h"

/* Bytes of a value that an error shows. */
#define SHOWN_MAX 60

/*
 * The read in progress.  libconfuse hands no argument to its callbacks, and is not
 * re-entrant itself; so there is one, and no lock.
 */
static struct {
	const char *file;
	char *err;
	size_t errlen;
	struct conf_lines lines;
	bool failed;
} reading;

void
conffile_begin(const char *file, char *err, size_t errlen)
{
	reading.file = file;
	reading.err = err;
	reading.errlen = errlen;
	reading.lines = (struct conf_lines) { 0 };
	reading.failed = false;
}

struct conf_lines
conffile_lines(void)
{
	return reading.lines;
}

void
conffile_met(const char *name, unsigned line)
{
	size_t n;
	const struct setting *table = settings_table(&n);

	for (const struct setting *s = table; s < table + n; s++)
		if (s->type == SETTING_TEXT && strcmp(name, s->name) == 0)
			memcpy((char *)&reading.lines + s->line, &line, sizeof(line));
}

static void fail_va(unsigned line, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

static void
fail_va(unsigned line, const char *fmt, va_list ap)
{
	int cause = errno; /* for %m */
	size_t used;

	if (reading.failed || reading.errlen == 0)
		return;
	reading.failed = true;
	if (line != 0)
		snprintf(reading.err, reading.errlen, "%s:%u: ", reading.file, line);
	else
		snprintf(reading.err, reading.errlen, "%s: ", reading.file);
	used = strlen(reading.err);
	errno = cause;
	vsnprintf(reading.err + used, reading.errlen - used, fmt, ap);
}

int
conffile_fail(unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_va(line, fmt, ap);
	va_end(ap);
	return -1;
}

int
conffile_no_memory(void)
{
	return conffile_fail(0, "out of memory");
}

/* Text as it may stand in an error, cut; the buf must be empty. */
static const char *
shown(struct buf *b, const char *text)
{
	visible_cut(b, str_of(text), SHOWN_MAX, true);
	return b->p;
}

int
conffile_refuse(unsigned line, const char *name, const char *value, const char *phrase)
{
	struct buf b;

	buf_init(&b, 1024);
	conffile_fail(
	    line, "%s: found \"%s\", expected %s", name, shown(&b, value), phrase);
	buf_fini(&b);
	return -1;
}

/* A format that libconfuse reports an error with, and the words that this program puts
 * before and after its %s instead. */
static const struct {
	const char *theirs, *before, *after;
} sayings[] = {
	{ "unexpected token '%s'", "found \"",
	    "\" where it does not belong, expected a setting, or a value in quotes, or a comma between values" },
	{ "missing equal sign after option '%s'", "found ",
	    " without =, expected = and a value" },
	{ "missing opening brace for section '%s'", "found ",
	    " without {, expected its settings in braces" },
	{ "missing title for section '%s'", "found ",
	    " without a name, expected a name in quotes before {" },
	{ "found duplicate title '%s'", "found a second section \"",
	    "\", expected it once" },
};

/* Settings of the section that are near, if any, else all of them. */
static void
add_expected(const cfg_t *cfg, const char *name, struct buf *text)
{
	struct nearest near;
	const char *comma = "";
	size_t before;

	nearest_init(&near, str_of(name));
	for (const cfg_opt_t *o = cfg->opts; o->name != NULL; o++)
		if (strcmp(o->name, CONF_TEXT_LINE) != 0)
			nearest_offer(&near, str_of(o->name));
	before = text->len;
	nearest_list(&near, text);
	if (text->len > before)
		return;
	buf_adds(text, "one of ");
	for (const cfg_opt_t *o = cfg->opts; o->name != NULL; o++) {
		if (strcmp(o->name, CONF_TEXT_LINE) == 0)
			continue;
		buf_addf(text, "%s%s", comma, o->name);
		comma = ", ";
	}
}

static void
unknown_setting(const cfg_t *cfg, const char *name)
{
	struct buf text, b;

	buf_init(&text, 1024);
	buf_init(&b, 1024);
	buf_addf(&text, "found \"%s\", expected ", shown(&b, name));
	add_expected(cfg, name, &text);
	conffile_fail((unsigned)cfg->line, "%s", text.p);
	buf_fini(&b);
	buf_fini(&text);
}

void
conffile_on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct buf b;
	char text[512];

	if (strcmp(fmt, "no such option '%s'") == 0) {
		unknown_setting(cfg, va_arg(ap, const char *));
		return;
	}
	if (strcmp(fmt, "premature end of file") == 0) {
		conffile_fail(
		    (unsigned)cfg->line, "found the end of the file, expected more");
		return;
	}
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		if (strcmp(fmt, sayings[i].theirs) != 0)
			continue;
		buf_init(&b, 1024);
		conffile_fail((unsigned)cfg->line, "%s%s%s", sayings[i].before,
		    shown(&b, va_arg(ap, const char *)), sayings[i].after);
		buf_fini(&b);
		return;
	}
	/* Any other report of libconfuse may quote the file, too. */
	vsnprintf(text, sizeof(text), fmt, ap);
	buf_init(&b, 4 * sizeof(text));
	visible_add(&b, str_of(text), true);
	conffile_fail((unsigned)cfg->line, "%s", b.p);
	buf_fini(&b);
}

unsigned
conffile_line_of(cfg_t *section)
{
	return (unsigned)cfg_getint(section, CONF_TEXT_LINE);
}
