/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jsonfile.c - a JSON object in a file.  See the header.
 */
#include "system/jsonfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "system/wholefile.h"

static int
open_dir(const char *dir, char *err, size_t errlen)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		snprintf(err, errlen, "%s: %s", dir, strerror(errno));
	return fd;
}

int
jsonfile_write(
    const char *dir, const char *name, struct json_t *root, char *err, size_t errlen)
{
	char *text = root != NULL
	    ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER)
	    : NULL;
	int fd, r = -1;

	json_decref(root);
	if (text == NULL) {
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	fd = open_dir(dir, err, errlen);
	if (fd >= 0) {
		r = wholefile_write(fd, name, text, strlen(text), 0, err, errlen);
		close(fd);
	}
	free(text);
	return r;
}

struct json_t *
jsonfile_read(const char *dir, const char *name, char *err, size_t errlen)
{
	int fd = open_dir(dir, err, errlen), r;
	json_error_t where;
	json_t *root;
	uint8_t *p;
	size_t n;

	if (fd < 0)
		return NULL;
	r = wholefile_read(fd, name, &p, &n, err, errlen);
	close(fd);
	if (r != 0)
		return NULL;
	root = json_loadb((const char *)p, n, 0, &where);
	free(p);
	if (json_is_object(root))
		return root;
	snprintf(err, errlen, "%s/%s: no JSON object", dir, name);
	json_decref(root);
	return NULL;
}
