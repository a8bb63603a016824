/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.c - the account that must be able to read a key.  See the header.
 */
#include "cli/keys/reader.h"

#include <stdio.h>

#include "config/conffile.h"
#include "system/account.h"

bool
reader_find(const char *owner, const char *config, char out[READER_MAX])
{
	const char *file = config != NULL ? config : CONFFILE_DEFAULT;
	struct account account;
	char err[512];
	struct conf c;
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
	return account_find(out, &account) <= 0;
}
