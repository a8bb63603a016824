/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_read.c - opendkim.conf, the files it includes, and those of its data sets.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "cli/term.h"

#define TEXT_MAX ((size_t)256 * 1024 * 1024) /* of one file, bytes */
#define LINES_MAX 10000                      /* settings */

static int
read_all(int fd, const char *file, struct buf *out)
{
	char chunk[65536];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		term_say("%s is a directory, expected a file", file);
		return EX_NOINPUT;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			term_say("cannot read %s: %m", file);
			return EX_NOINPUT;
		}
		buf_add(out, chunk, (size_t)n);
		if (buf_failed(out)) {
			term_say(
			    "%s: found more than %zu bytes, expected a smaller file",
			    file, TEXT_MAX);
			return EX_CONFIG;
		}
	}
	return EX_OK;
}

/* The file's text, which lives as long as the import. */
static int
read_text(struct import *im, const char *file, struct str *out)
{
	char **texts = reallocarray(im->texts, im->n_texts + 1, sizeof(*texts));
	int fd, status;
	struct buf b;

	if (texts == NULL)
		return import_no_memory();
	im->texts = texts;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		term_say("cannot read %s: %m", file);
		return EX_NOINPUT;
	}
	buf_init(&b, TEXT_MAX);
	status = read_all(fd, file, &b);
	close(fd);
	if (status != EX_OK || b.len == 0) {
		buf_fini(&b);
		*out = STR("");
		return status;
	}
	*out = buf_str(&b);
	im->texts[im->n_texts++] = b.p; /* the buf's memory is ours now */
	return EX_OK;
}

/* A copy that lives as long as the import; NULL when out of memory. */
static const char *
keep(struct import *im, const char *text)
{
	char **texts = reallocarray(im->texts, im->n_texts + 1, sizeof(*texts));
	char *copy = strdup(text);

	if (texts != NULL)
		im->texts = texts;
	if (texts == NULL || copy == NULL) {
		free(copy);
		return NULL;
	}
	return im->texts[im->n_texts++] = copy;
}

static int
check_value(const struct import_setting *s)
{
	long number;
	bool truth;

	switch (s->known->type) {
	case ODKCONF_BOOL:
		if (odkconf_bool(s->value, &truth) != 0)
			return import_broken(
			    s->file, s->line, "%s: expected yes or no", s->known->name);
		break;
	case ODKCONF_INT:
		if (odkconf_int(s->value, &number) != 0 || number < INT_MIN ||
		    number > INT_MAX)
			return import_broken(
			    s->file, s->line, "%s: expected a number", s->known->name);
		break;
	case ODKCONF_TEXT:
	case ODKCONF_SET:
	case ODKCONF_INCLUDE:
		break;
	}
	return EX_OK;
}

static int
add_setting(struct import *im, const struct import_setting *s)
{
	if (im->n == im->cap) {
		size_t cap = im->cap == 0 ? 64 : im->cap * 2;
		struct import_setting *v = reallocarray(im->v, cap, sizeof(*v));

		if (v == NULL)
			return import_no_memory();
		im->v = v;
		im->cap = cap;
	}
	if (im->n == LINES_MAX)
		return import_broken(s->file, s->line, "expected fewer settings");
	for (size_t i = 0; s->known != NULL && i < im->n; i++)
		if (im->v[i].known == s->known)
			im->v[i].overridden = true;
	im->v[im->n++] = *s;
	return EX_OK;
}

static int read_settings(struct import *, const char *file, unsigned depth);

static int
include(struct import *im, const struct import_setting *s, unsigned depth)
{
	char path[IMPORT_PATH_MAX];
	const char *file;

	if (depth == ODKCONF_INCLUDE_DEPTH)
		return import_broken(s->file, s->line,
		    "Include: expected at most %d files within files",
		    ODKCONF_INCLUDE_DEPTH);
	if (s->value.len >= sizeof(path))
		return import_broken(s->file, s->line, "Include: the path is too long");
	memcpy(path, s->value.p, s->value.len);
	path[s->value.len] = '\0';
	file = keep(im, path);
	return file != NULL ? read_settings(im, file, depth + 1) : import_no_memory();
}

static int
read_settings(struct import *im, const char *file, unsigned depth)
{
	struct import_setting s = { .file = file };
	struct str text;
	char why[256];
	int status = read_text(im, file, &text);

	while (status == EX_OK && text.len > 0) {
		size_t end = str_find(text, '\n');
		int rc;

		s.line++;
		rc = odkconf_line(
		    str_make(text.p, end), &s.name, &s.value, why, sizeof(why));
		text = str_skip(text, end + 1);
		if (rc < 0)
			return import_broken(file, s.line, "%s", why);
		if (rc == 0)
			continue;
		s.known = odkconf_find(s.name);
		if (s.known != NULL)
			status = check_value(&s);
		if (status == EX_OK && s.known != NULL &&
		    s.known->type == ODKCONF_INCLUDE)
			status = include(im, &s, depth);
		else if (status == EX_OK)
			status = add_setting(im, &s);
	}
	return status;
}

/* Where relative paths begin: BaseDirectory, else the current one. */
static int
find_base(struct import *im)
{
	const struct import_setting *s = import_get(im, "BaseDirectory");

	if (getcwd(im->base, sizeof(im->base)) == NULL)
		im->base[0] = '\0';
	if (s == NULL)
		return EX_OK;
	if (!import_path(im, s->value, im->base))
		return import_broken(
		    s->file, s->line, "BaseDirectory: the path is too long");
	return EX_OK;
}

int
import_read(struct import *im)
{
	const struct import_setting *s;
	int status = read_settings(im, im->file, 0);

	if (status != EX_OK)
		return status;
	status = find_base(im);
	s = import_get(im, "ChangeRootDirectory");
	if (status == EX_OK && s != NULL && !import_path(im, s->value, im->chroot))
		return import_broken(
		    s->file, s->line, "ChangeRootDirectory: the path is too long");
	return status;
}

int
import_entries(struct import *im, const struct import_setting *s, const char **file,
    odkconf_entry_fn *fn, void *arg)
{
	char path[IMPORT_PATH_MAX];
	struct odkconf_set set;
	struct str text;
	int status;

	odkconf_set(s->value, &set);
	*file = s->file;
	switch (set.kind) {
	case ODKCONF_LIST:
		return odkconf_entries_list(set.rest, fn, arg);
	case ODKCONF_FILE:
	case ODKCONF_REFILE:
		break;
	case ODKCONF_ELSEWHERE:
		import_lost(im, s->file, s->line, s->known->name,
		    "a data set of type %.*s cannot be read here; write it into a text file and say file:",
		    set.type.len > 20 ? 20 : (int)set.type.len, set.type.p);
		return EX_OK;
	}
	if (!import_path(im, set.rest, path))
		return import_broken(
		    s->file, s->line, "%s: the path is too long", s->known->name);
	status = read_text(im, path, &text);
	if (status != EX_OK) {
		term_say("%s:%u: %s names it", s->file, s->line, s->known->name);
		return status;
	}
	*file = keep(im, path);
	if (*file == NULL)
		return import_no_memory();
	return odkconf_entries_file(text, fn, arg);
}
