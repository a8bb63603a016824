/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs.h - the account of the daemon: root at the start, `user` from then on.
 *
 * For the main thread, before there are others, unless said otherwise.
 */
#ifndef METERMARK_DAEMON_PRIVS_H
#define METERMARK_DAEMON_PRIVS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/conf.h"
#include "system/account.h"

struct privs {
	char user[ACCOUNT_NAME_MAX + 1]; /* the account to run as */
	uid_t uid;                       /* of user */
	gid_t gid;                       /* of user */
	gid_t socket_gid; /* of the unix socket: `group`; (gid_t)-1 when not set */
	bool drop;        /* started as root and not meant to stay so */
};

/*
 * Find out which account to use.  Started as root: `user`; to stay root, the settings
 * must name "root".  Started as another account: that one, whatever `user` says (note
 * gets a sentence, else "").  0, or -1 with a sentence that names the fix.
 */
int privs_resolve(const struct conf *, struct privs *out, char *note, size_t notelen,
    char *err, size_t errlen);

/*
 * Act as the user for a while, and become root again: for making files in a directory
 * of the user's, where root could be tricked.  Both do nothing unless out->drop.  0, or
 * -1 with err; after a failed privs_resume() the process must end.
 */
int privs_assume(const struct privs *, char *err, size_t errlen);
int privs_resume(const struct privs *, char *err, size_t errlen);

/*
 * Become the user for good, with the user's own supplementary groups, and prove that
 * there is no way back.  Does nothing unless ->drop.  0, or -1 with err: the process
 * must end.
 */
int privs_drop(const struct privs *, char *err, size_t errlen);

/*
 * As the user: call warn(arg, sentence) with the fix for each file that a start or a
 * reload reads and that the user may not read.  Keys are left out: the code that reads
 * them as root reports this itself.
 */
void privs_check_settings(
    const struct conf *, void (*warn)(void *, const char *), void *arg);
/* The same after the drop, for all files that a reload reads, keys included. */
void privs_check_readable(
    const struct conf *, void (*warn)(void *, const char *), void *arg);

#endif
