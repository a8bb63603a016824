/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.c - the settings of an opendkim.conf that has been read, by name.
 */
#include <stdio.h>
#include <string.h>

#include "cli/opendkim/import.h"

const struct import_setting *
import_get(const struct import *im, const char *name)
{
	const struct odkconf_setting *known = odkconf_find(str_of(name));

	for (size_t i = im->n; i > 0; i--)
		if (im->v[i - 1].known == known && known != NULL)
			return &im->v[i - 1];
	return NULL;
}

bool
import_true(const struct import *im, const char *name, bool otherwise)
{
	const struct import_setting *s = import_get(im, name);

	if (s != NULL)
		odkconf_bool(s->value, &otherwise);
	return otherwise;
}

long
import_number(const struct import *im, const char *name, long otherwise)
{
	const struct import_setting *s = import_get(im, name);

	if (s != NULL)
		odkconf_int(s->value, &otherwise);
	return otherwise;
}

bool
import_path(const struct import *im, struct str path, char out[IMPORT_PATH_MAX])
{
	char base[IMPORT_PATH_MAX]; /* out may be im->base */
	int n;

	memcpy(base, im->base, sizeof(base));
	if (str_starts(path, STR("./")))
		path = str_skip(path, 2);
	if (path.len >= IMPORT_PATH_MAX)
		return false;
	if (str_starts(path, STR("/")))
		n = snprintf(out, IMPORT_PATH_MAX, "%.*s", (int)path.len, path.p);
	else
		n = snprintf(out, IMPORT_PATH_MAX, "%s/%.*s",
		    strcmp(base, "/") == 0 ? "" : base, (int)path.len, path.p);
	return n > 0 && n < IMPORT_PATH_MAX;
}
