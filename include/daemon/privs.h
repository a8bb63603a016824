/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs.h - who the daemon is: root at the start, `user` from then on.
 *
 * For the main thread, before others exist, where nothing else is said.
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
 * Find out who to be.  Started as root: `user`, where "root" must be said to be had.
 * Started as another: that one, whatever `user` says (note gets a sentence, else "").
 * 0, or -1 with a sentence that names the cure.
 */
int privs_resolve(const struct conf *, struct privs *out, char *note, size_t notelen,
    char *err, size_t errlen);

/*
 * Act as the user for a while, and be root again: for making files in a directory of
 * the user's, where root could be tricked.  Both do nothing unless out->drop.  0 or -1
 * with err; after a failed privs_resume() the process must end.
 */
int privs_assume(const struct privs *, char *err, size_t errlen);
int privs_resume(const struct privs *, char *err, size_t errlen);

/*
 * Become the user for good, with the user's own supplementary groups; proves that there
 * is no way back.  Does nothing unless ->drop.  0, or -1 with err: the process must
 * end.
 */
int privs_drop(const struct privs *, char *err, size_t errlen);

/*
 * As the user: the files that a start or a reload reads and that we may not, each as a
 * sentence with the cure to warn(arg, sentence).  Not the keys: who reads them as root
 * tells by himself when the user may not.
 */
void privs_check_settings(
    const struct conf *, void (*warn)(void *, const char *), void *arg);
/* After the drop: what a reload reads, the keys as well. */
void privs_check_readable(
    const struct conf *, void (*warn)(void *, const char *), void *arg);

#endif
