/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_place.h - a Redis URL made complete: secrets that do not stand in it are
 * fetched.
 *
 * The password is the first of these that is given: the one in the URL, the file that
 * the URL or the settings name, METERMARK_REDIS_PASSWORD in the environment.  A file is
 * held to the same rules as a key (system/keyfile.h); its first line is the password.
 * Thread-safe as long as nobody changes the environment.
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
	                       NULL: nobody's */
	/* A user whose password is nowhere is fine: it may be in the daemon's
	 * environment.
	 */
	bool lenient;
};

/*
 * Parse and complete.  0, or -1 with a sentence in err that shows no secret; then *out
 * holds none either.  *out is to be wiped (explicit_bzero) when it is no longer needed.
 */
int redis_place_find(
    const struct redis_place *, struct rurl *out, char *err, size_t errlen);

#endif
