/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendform_print.c - sendform_rewrite() for sendform_check.py.
 *
 * Reads lines "NAME HEX", the value of a field in hex, and answers each with
 * "RESULT HEX".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/sendform.h"
#include "text/arena.h"
#include "text/str.h"

static size_t
from_hex(const char *hex, char *out)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (char)byte;
	return n;
}

static void
answer(struct str name, const char *hex)
{
	static const char *const word[] = {
		[SENDFORM_SAME] = "SAME",
		[SENDFORM_CHANGED] = "CHANGED",
		[SENDFORM_CUT] = "CUT",
		[SENDFORM_OTHER] = "OTHER",
		[SENDFORM_NO_MEMORY] = "NO_MEMORY",
	};
	struct arena *a = arena_new((size_t)1 << 22);
	char *value = malloc(strlen(hex) / 2 + 1);
	struct str out;
	enum sendform_result r;

	if (a == NULL || value == NULL)
		exit(1);
	r = sendform_rewrite(name, str_make(value, from_hex(hex, value)), a, &out);
	printf("%s ", word[r]);
	for (size_t i = 0; i < out.len; i++)
		printf("%02x", (unsigned)(unsigned char)out.p[i]);
	printf("\n");
	free(value);
	arena_free(a);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		char *blank = strchr(line, ' ');

		if (blank == NULL)
			return 1;
		answer(str_make(line, (size_t)(blank - line)), blank + 1);
	}
	free(line);
	return 0;
}
