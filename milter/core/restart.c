/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart.c - a table of the settings that count at the start only.
 */
#include "core/restart.h"

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
