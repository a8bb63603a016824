/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_place.c - a Redis URL made complete.  See the header.
 */
#include "redis/redis_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/keyfile.h"
#include "text/buf.h"
#include "text/str.h"

#define ENVIRONMENT "METERMARK_REDIS_PASSWORD"

static int
fail(char *err, size_t errlen, const char *sentence)
{
	snprintf(err, errlen, "%s", sentence);
	return -1;
}

static int
take_line(
    const char *file, struct str text, char *out, size_t size, char *err, size_t errlen)
{
	struct str line = str_make(text.p, str_find(text, '\n'));

	if (str_ends(line, STR("\r")))
		line.len--;
	if (line.len == 0 || line.len >= size || str_find(line, '\0') < line.len) {
		snprintf(err, errlen,
		    "%s: expected a password of 1 to %zu bytes in the first line", file,
		    size - 1);
		return -1;
	}
	memcpy(out, line.p, line.len);
	out[line.len] = '\0';
	return 0;
}

static int
read_password(const char *file, const char *run_as, char *out, size_t size, char *err,
    size_t errlen)
{
	char warn[512] = ""; /* the check of the keys gives the same warnings */
	struct buf text;
	int rc;

	buf_init(&text, KEYFILE_MAX);
	rc = keyfile_read(file, run_as, &text, err, errlen, warn, sizeof(warn));
	if (rc == 0)
		rc = take_line(file, buf_str(&text), out, size, err, errlen);
	explicit_bzero(text.p, text.len);
	buf_fini(&text);
	return rc;
}

static int
take_settings(const struct redis_place *p, struct rurl *u, char *err, size_t errlen)
{
	if (p->user != NULL && p->user[0] != '\0') {
		if (u->user[0] != '\0')
			return fail(err, errlen,
			    "a user in the URL and one in redis_user: which one is meant?");
		if (strlen(p->user) >= sizeof(u->user))
			return fail(err, errlen, "redis_user is too long");
		snprintf(u->user, sizeof(u->user), "%s", p->user);
		u->bare_user = u->password[0] == '\0';
	}
	if (p->password_file == NULL || p->password_file[0] == '\0')
		return 0;
	if (u->password[0] != '\0' || u->password_file[0] != '\0')
		return fail(err, errlen,
		    "a password in the URL and redis_password_file: which one is meant?");
	if (strlen(p->password_file) >= sizeof(u->password_file))
		return fail(err, errlen, "redis_password_file is too long");
	snprintf(u->password_file, sizeof(u->password_file), "%s", p->password_file);
	return 0;
}

static int
take_environment(struct rurl *u, char *err, size_t errlen)
{
	const char *given = getenv(ENVIRONMENT);

	if (given == NULL || given[0] == '\0')
		return 0;
	if (strlen(given) >= sizeof(u->password))
		return fail(err, errlen, ENVIRONMENT " is too long");
	snprintf(u->password, sizeof(u->password), "%s", given);
	return 0;
}

static int
take_secrets(const struct redis_place *p, struct rurl *u, char *err, size_t errlen)
{
	if (u->password_file[0] != '\0') {
		if (read_password(u->password_file, p->run_as, u->password,
			sizeof(u->password), err, errlen) != 0)
			return -1;
	} else if (u->password[0] == '\0') {
		if (take_environment(u, err, errlen) != 0)
			return -1;
	}
	if (u->bare_user && u->password[0] == '\0' && !p->lenient)
		return fail(err, errlen,
		    "a Redis user without a password; it goes into redis_password_file, " ENVIRONMENT
		    " or the URL as USER:PASSWORD@ (a password alone is :PASSWORD@)");
	if (u->sentinel_password_file[0] == '\0')
		return 0;
	return read_password(u->sentinel_password_file, p->run_as, u->sentinel_password,
	    sizeof(u->sentinel_password), err, errlen);
}

int
redis_place_find(
    const struct redis_place *p, struct rurl *out, char *err, size_t errlen)
{
	if (rurl_parse(p->url, out, err, errlen) == 0 &&
	    take_settings(p, out, err, errlen) == 0 &&
	    take_secrets(p, out, err, errlen) == 0)
		return 0;
	explicit_bzero(out, sizeof(*out));
	return -1;
}
