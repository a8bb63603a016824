/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart.c - the settings that only a restart can change.
 */
#include "config/restart.h"

#include <stdlib.h>
#include <string.h>

int
restart_keep(struct conf *out, const struct conf *started)
{
	size_t n;
	const struct setting *table = settings_table(&n);

	*out = (struct conf) { .file = NULL };
	out->file = strdup(started->file != NULL ? started->file : "");
	if (out->file == NULL)
		return -1;
	for (const struct setting *s = table; s < table + n; s++)
		if (s->restart &&
		    setting_set_text(s, out, setting_text(s, started)) != 0)
			return -1;
	return 0;
}

size_t
restart_needed(const struct conf *started, const struct conf *next, struct buf *out)
{
	size_t found = 0, n;
	const struct setting *table = settings_table(&n);

	for (const struct setting *s = table; s < table + n; s++) {
		if (!s->restart ||
		    strcmp(setting_text(s, started), setting_text(s, next)) == 0)
			continue;
		if (found++ > 0)
			buf_adds(out, ", ");
		buf_adds(out, s->name);
	}
	return found;
}
