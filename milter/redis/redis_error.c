/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_error.c - what went wrong between us and Redis.  See the header.
 */
#include "redis/redis_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
redis_error_set(struct redis_error *error, enum redis_cure is, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	error->cure = is;
	return -1;
}

int
redis_error_no_memory(struct redis_error *error)
{
	return redis_error_set(error, REDIS_CURE_MEMORY, "out of memory");
}

void
redis_error_at(struct redis_error *error, const char *place)
{
	char text[REDIS_ERROR_MAX];

	memcpy(text, error->text, sizeof(text));
	redis_error_set(error, error->cure, "%s: %s", place, text);
}

void
redis_error_hint(struct redis_error *error, const char *hint)
{
	size_t len = strlen(error->text);

	snprintf(error->text + len, sizeof(error->text) - len, " (%s)", hint);
}

enum redis_cure
redis_error_cure(const char *reply)
{
	static const struct {
		const char *prefix;
		enum redis_cure cure;
	} table[] = {
		{ "LOADING", REDIS_CURE_RETRY },
		{ "BUSY", REDIS_CURE_RETRY },
		{ "TRYAGAIN", REDIS_CURE_RETRY },
		{ "CLUSTERDOWN", REDIS_CURE_RETRY },
		{ "NOREPLICAS", REDIS_CURE_RETRY },
		{ "MASTERDOWN", REDIS_CURE_RETRY },
		{ "MISCONF", REDIS_CURE_RETRY },
		{ "OOM", REDIS_CURE_RETRY },
		{ "NOSCRIPT", REDIS_CURE_SCRIPT },
		{ "READONLY", REDIS_CURE_MASTER },
		{ "MOVED", REDIS_CURE_MASTER },
		{ "ASK", REDIS_CURE_MASTER },
	};
	size_t len = strcspn(reply, " ");

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (len == strlen(table[i].prefix) &&
		    memcmp(reply, table[i].prefix, len) == 0)
			return table[i].cure;
	return REDIS_CURE_OPERATOR;
}
