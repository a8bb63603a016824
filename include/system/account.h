/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account.h - users and groups of this host, by getpwnam_r(3) and getgrnam_r(3).
 *
 * Look-ups may ask a directory over the network.  Any thread.
 */
#ifndef METERMARK_SYSTEM_ACCOUNT_H
#define METERMARK_SYSTEM_ACCOUNT_H

#include <stddef.h>
#include <sys/types.h>

#define ACCOUNT_NAME_MAX 63

struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	uid_t uid;
	gid_t gid; /* the primary group */
};

/* Each: 0 found, 1 if there is none, -1 with errno if that is not known. */
int account_find(const char *name, struct account *);
int account_of_uid(uid_t, struct account *);
int account_group(const char *name, gid_t *);
/* The name of a group, or its number if it has none. */
void account_group_name(gid_t, char *out, size_t size);

#endif
