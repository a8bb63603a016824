/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.c - the account that must be able to read a key.  See the header.
 */
#include "cli/reader.h"

#include <stdio.h>

#include "edge/conffile.h"
#include "edge/privs.h"

bool
reader_find(const char *owner, const char *config, char out[READER_MAX])
{
	const char *file = config != NULL ? config : CONFFILE_DEFAULT;
	char err[512];
	struct conf c;
	uid_t uid;
	gid_t gid;
	bool read;

	if (owner != NULL) {
		snprintf(out, READER_MAX, "%s", owner);
		return true;
	}
	read = conffile_read(file, &c, err, sizeof(err)) == 0;
	snprintf(out, READER_MAX, "%s", read ? c.user : "metermark");
	if (read)
		conf_fini(&c);
	/* Where the lookup fails, who makes the file says so. */
	return privs_account(out, &uid, &gid) <= 0;
}
