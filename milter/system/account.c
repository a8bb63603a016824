/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account.c - users and groups of this host.  See the header.
 */
#include "system/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

/* The functions need room for a line of the file, and groups may be long. */
#define ENTRY_MAX ((size_t)1 << 20)

/* What one of the functions gave: its return value, and whether an entry came. */
static int
outcome(int e, const void *found)
{
	errno = e;
	if (found != NULL)
		return 0;
	return e == 0 || e == ENOENT || e == ESRCH ? 1 : -1;
}

/* An entry by name, or by uid if name is NULL. */
static int
find_user(const char *name, uid_t uid, struct account *out)
{
	char *room = malloc(ENTRY_MAX);
	struct passwd pw, *found = NULL;
	int e;

	if (room == NULL)
		return -1;
	if (name != NULL)
		e = getpwnam_r(name, &pw, room, ENTRY_MAX, &found);
	else
		e = getpwuid_r(uid, &pw, room, ENTRY_MAX, &found);
	if (found != NULL) {
		snprintf(out->name, sizeof(out->name), "%s", pw.pw_name);
		out->uid = pw.pw_uid;
		out->gid = pw.pw_gid;
	}
	free(room);
	return outcome(e, found);
}

int
account_find(const char *name, struct account *out)
{
	return find_user(name, 0, out);
}

int
account_of_uid(uid_t uid, struct account *out)
{
	return find_user(NULL, uid, out);
}

int
account_group(const char *name, gid_t *gid)
{
	char *room = malloc(ENTRY_MAX);
	struct group gr, *found = NULL;
	int e;

	if (room == NULL)
		return -1;
	e = getgrnam_r(name, &gr, room, ENTRY_MAX, &found);
	if (found != NULL)
		*gid = gr.gr_gid;
	free(room);
	return outcome(e, found);
}

void
account_group_name(gid_t gid, char *out, size_t size)
{
	char *room = malloc(ENTRY_MAX);
	struct group gr, *found = NULL;

	if (room != NULL)
		getgrgid_r(gid, &gr, room, ENTRY_MAX, &found);
	if (found != NULL)
		snprintf(out, size, "%s", gr.gr_name);
	else
		snprintf(out, size, "%u", (unsigned)gid);
	free(room);
}
