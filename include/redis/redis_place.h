/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_place.h - a Redis URL made complete with the secrets that do not stand in it.
 *
 * The password is the first of these that is given: the one in the URL, the file that
 * the URL or the settings name, METERMARK_REDIS_PASSWORD in the environment.  A file
 * must pass the same checks as a key (system/keyfile.h); its first line is the
 * password. Thread-safe as long as no thread changes the environment.
 */
#ifndef METERMARK_REDIS_REDIS_PLACE_H
#define METERMARK_REDIS_REDIS_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/rurl.h"

struct redis_place {
	const char *url;
	const char *user;          /* setting redis_user; NULL or "": the URL's */
	const char *password_file; /* setting redis_password_file; likewise */
	const char *run_as; /* the account metermark runs as, whose files are trusted;
	                       NULL: no account */
	/* Accept a user without a password: the daemon's environment may hold it. */
	bool lenient;
};

/*
 * Parse and complete the URL.  0, or -1 with a sentence in err that shows no secret;
 * then *out holds none either.  The caller wipes *out (explicit_bzero) when it is no
 * longer needed.
 */
int redis_place_find(
    const struct redis_place *, struct rurl *out, char *err, size_t errlen);

#endif
