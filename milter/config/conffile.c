/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile.c - metermark.conf read by libconfuse.
 *
 * The file is read here and not by libconfuse, whose scanner ends the process when a
 * read fails (a directory); config/conf_text.h says what else stands between the two.
 */
#include "config/conffile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/conf_text.h"
#include "config/conffile_parts.h"
#include "redis/rurl.h"
#include "show/nearest.h"
#include "text/visible.h"

#define FILE_MAX ((size_t)4 * 1024 * 1024)
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
conffile_met(const char *name, unsigned line)
{
	const struct {
		const char *name;
		unsigned *line;
	} kept[] = {
		{ "listen", &reading.lines.listen },
		{ "redis", &reading.lines.redis },
		{ "redis_password_file", &reading.lines.redis_password_file },
		{ "user", &reading.lines.user },
		{ "group", &reading.lines.group },
		{ "recipient_key_file", &reading.lines.recipient_key_file },
		{ "domain_table", &reading.lines.domain_table },
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(name, kept[i].name) == 0)
			*kept[i].line = line;
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

static int
no_memory(void)
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

/* What libconfuse says of its own accord, and what we say before and after its %s. */
static const struct {
	const char *theirs, *before, *after;
} sayings[] = {
	{ "unexpected token '%s'", "found \"",
	    "\" where it does not belong, expected a setting, or a value in quotes, or "
	    "a "
	    "comma between values" },
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

static void on_error(cfg_t *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
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
	/* What else it may say quotes the file as well. */
	vsnprintf(text, sizeof(text), fmt, ap);
	buf_init(&b, 4 * sizeof(text));
	visible_add(&b, str_of(text), true);
	conffile_fail((unsigned)cfg->line, "%s", b.p);
	buf_fini(&b);
}

/* All of the file; its settings decide what is signed, so not everyone may write it. */
static int
read_all(int fd, struct buf *out)
{
	char chunk[16384];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return conffile_fail(0, "cannot be examined: %m");
	if (!S_ISREG(st.st_mode))
		return conffile_fail(0, "found a %s, expected a regular file",
		    S_ISDIR(st.st_mode) ? "directory" : "special file");
	if ((st.st_mode & S_IWOTH) != 0)
		return conffile_fail(0,
		    "everyone may write to it, and it decides what is signed; run: "
		    "chmod "
		    "o-w %s",
		    reading.file);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return conffile_fail(0, "cannot be read: %m");
		buf_add(out, chunk, (size_t)n);
		if (buf_failed(out))
			return conffile_fail(0,
			    "found more than %zu bytes, expected a smaller file",
			    FILE_MAX);
	}
	return 0;
}

static int
read_file(struct buf *out)
{
	int fd = open(reading.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0 && errno == ENOENT && strcmp(reading.file, CONFFILE_DEFAULT) == 0)
		return conffile_fail(
		    0, "cannot be opened: %m; name the file with -c, or install one");
	if (fd < 0)
		return conffile_fail(0, "cannot be opened: %m");
	rc = read_all(fd, out);
	close(fd);
	return rc;
}

static int
parse(struct buf *text, struct conf *c)
{
	cfg_t *cfg = cfg_init(conffile_options(), CFGF_NONE);
	int rc = -1;

	if (cfg == NULL)
		return no_memory();
	cfg_set_error_function(cfg, on_error);
	errno = 0;
	if (cfg_parse_buf(cfg, text->p) == CFG_SUCCESS)
		rc = conffile_build(cfg, c);
	else if (errno == ENOMEM)
		no_memory();
	else
		/* The only fault that libconfuse passes over in silence. */
		conffile_fail(
		    (unsigned)cfg->line, "found \"\", expected the name of a setting");
	cfg_free(cfg);
	return rc;
}

/* Settings into c; 0 or -1, c to be released either way. */
static int
load(struct conf *c)
{
	struct buf text, safe;
	unsigned line;
	char why[256];
	int rc;

	buf_init(&text, FILE_MAX);
	buf_init(&safe, 4 * FILE_MAX);
	rc = conf_init(c);
	if (rc == 0 && (c->file = strdup(reading.file)) == NULL)
		rc = -1;
	if (rc != 0)
		no_memory();
	if (rc == 0)
		rc = read_file(&text);
	if (rc == 0) {
		rc = conf_text_prepare(buf_str(&text), &safe, &line, why, sizeof(why));
		if (rc != 0)
			conffile_fail(line, "%s", why);
	}
	if (rc == 0)
		rc = parse(&safe, c);
	/* They may hold the password of Redis. */
	explicit_bzero(text.p, text.cap);
	explicit_bzero(safe.p, safe.cap);
	buf_fini(&text);
	buf_fini(&safe);
	return rc;
}

int
conffile_read(const char *file, struct conf *out, char *err, size_t errlen)
{
	struct conf c;
	int rc;

	reading.file = file;
	reading.err = err;
	reading.errlen = errlen;
	reading.lines = (struct conf_lines) { 0 };
	reading.failed = false;
	rc = load(&c);
	if (rc == 0) {
		c.lines = reading.lines;
		rc = conf_finish(&c, err, errlen);
	}
	if (rc == 0)
		*out = c;
	else
		conf_fini(&c);
	return rc;
}

void
conffile_advise(const struct conf *c, void (*warn)(void *, const char *), void *arg)
{
	struct stat st;
	struct rurl url;
	char why[1], text[512];

	if (warn == NULL)
		return;
	if (c->file != NULL && stat(c->file, &st) == 0) {
		if ((st.st_mode & S_IROTH) != 0 &&
		    rurl_parse(c->redis, &url, why, sizeof(why)) == 0 &&
		    url.password[0] != '\0') {
			snprintf(text, sizeof(text),
			    "%s: everyone may read the password of Redis in it; run: "
			    "chgrp %s %s && chmod 640 %s",
			    c->file, c->user, c->file, c->file);
			warn(arg, text);
		}
		if ((st.st_mode & S_IWGRP) != 0) {
			snprintf(text, sizeof(text),
			    "%s: its group may write to it, and it decides what is "
			    "signed; chmod g-w %s unless that is meant",
			    c->file, c->file);
			warn(arg, text);
		}
		explicit_bzero(&url, sizeof(url));
	}
	conf_advise(c, warn, arg);
}
