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
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/conf_text.h"
#include "config/conffile_parts.h"
#include "redis/rurl.h"
#include "text/buf.h"

#define FILE_MAX ((size_t)4 * 1024 * 1024)

/* Reads the whole file.  Its settings decide what is signed, so a file that everyone
 * may write to is refused. */
static int
read_all(const char *file, int fd, struct buf *out)
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
		    "everyone may write to it, and it decides what is signed; run: chmod o-w %s",
		    file);
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
read_file(const char *file, struct buf *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0 && errno == ENOENT && strcmp(file, CONFFILE_DEFAULT) == 0)
		return conffile_fail(
		    0, "cannot be opened: %m; name the file with -c, or install one");
	if (fd < 0)
		return conffile_fail(0, "cannot be opened: %m");
	rc = read_all(file, fd, out);
	close(fd);
	return rc;
}

static int
parse(struct buf *text, struct conf *c)
{
	cfg_t *cfg = cfg_init(conffile_options(), CFGF_NONE);
	int rc = -1;

	if (cfg == NULL)
		return conffile_no_memory();
	cfg_set_error_function(cfg, conffile_on_error);
	errno = 0;
	if (cfg_parse_buf(cfg, text->p) == CFG_SUCCESS)
		rc = conffile_build(cfg, c);
	else if (errno == ENOMEM)
		conffile_no_memory();
	else
		/* The only fault that libconfuse does not report. */
		conffile_fail(
		    (unsigned)cfg->line, "found \"\", expected the name of a setting");
	cfg_free(cfg);
	return rc;
}

/* Settings into c; 0 or -1, c to be released either way. */
static int
load(const char *file, struct conf *c)
{
	struct buf text, safe;
	unsigned line;
	char why[256];
	int rc;

	buf_init(&text, FILE_MAX);
	buf_init(&safe, 4 * FILE_MAX);
	rc = conf_init(c);
	if (rc == 0 && (c->file = strdup(file)) == NULL)
		rc = -1;
	if (rc != 0)
		conffile_no_memory();
	if (rc == 0)
		rc = read_file(file, &text);
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

	conffile_begin(file, err, errlen);
	rc = load(file, &c);
	if (rc == 0) {
		c.lines = conffile_lines();
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
			    "%s: everyone may read the password of Redis in it; run: chgrp %s %s && chmod 640 %s",
			    c->file, c->user, c->file, c->file);
			warn(arg, text);
		}
		if ((st.st_mode & S_IWGRP) != 0) {
			snprintf(text, sizeof(text),
			    "%s: its group may write to it, and it decides what is signed; chmod g-w %s unless that is meant",
			    c->file, c->file);
			warn(arg, text);
		}
		explicit_bzero(&url, sizeof(url));
	}
	conf_advise(c, warn, arg);
}
