/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart.c - a table of the settings that count at the start only.
 */
#include "config/restart.h"

#include <stdlib.h>
#include <string.h>

/* Settings of type char *; NULL and "" are the same. */
static const struct {
	const char *name;
	size_t offset;
} fixed[] = {
	{ "listen", offsetof(struct conf, listen) },
	{ "user", offsetof(struct conf, user) },
	{ "group", offsetof(struct conf, group) },
	{ "state_dir", offsetof(struct conf, state_dir) },
	{ "recipient_key_file", offsetof(struct conf, recipient_key_file) },
};

static struct str
setting(const struct conf *c, size_t offset)
{
	const char *value;

	memcpy(&value, (const char *)c + offset, sizeof(value));
	return str_of(value);
}

static int
copy(struct conf *out, const struct conf *c, size_t offset)
{
	struct str value = setting(c, offset);
	char *p = strndup(value.p, value.len);

	memcpy((char *)out + offset, &p, sizeof(p));
	return p == NULL ? -1 : 0;
}

int
restart_keep(struct conf *out, const struct conf *started)
{
	*out = (struct conf) { .file = NULL };
	if (copy(out, started, offsetof(struct conf, file)) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (copy(out, started, fixed[i].offset) != 0)
			return -1;
	return 0;
}

size_t
restart_needed(const struct conf *started, const struct conf *next, struct buf *out)
{
	size_t found = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		size_t at = fixed[i].offset;

		if (str_eq(setting(started, at), setting(next, at)))
			continue;
		if (found++ > 0)
			buf_adds(out, ", ");
		buf_adds(out, fixed[i].name);
	}
	return found;
}
