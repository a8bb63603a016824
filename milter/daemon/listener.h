/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener.h - what libmilter's opening of the listening socket leaves out.
 *
 * libmilter opens the socket, but it silently takes a unix socket away from a daemon
 * that still listens on it, reports failures to syslog only, and knows no group.  For
 * the main thread.
 */
#ifndef METERMARK_DAEMON_LISTENER_H
#define METERMARK_DAEMON_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

/* This umask, in force while a unix socket is made, gives it mode 0660. */
#define LISTENER_UMASK 0117

struct listener {
	char *spec; /* as given: libmilter's syntax */
	char *path; /* of a unix socket; NULL for TCP */
	/* The socket that was made: only that one is removed. */
	dev_t dev;
	ino_t ino;
};

/*
 * Make way for the socket: another process that listens there is an error, a stale
 * socket is removed, a file that is no socket is never touched, and a missing directory
 * is an error with its fix.  For TCP, test whether the address can be had.  0, or -1
 * with a sentence.  listener_fini() in either case.
 */
int listener_prepare(struct listener *, const char *spec, char *err, size_t errlen);
void listener_fini(struct listener *);

/*
 * After libmilter has made a unix socket: give it to uid and a group, and remember it.
 * The group is `wanted`; if that is (gid_t)-1, the one that a setgid directory has
 * given it, else `own`.  An id of -1 leaves it as it is.  Does nothing for TCP.  0, or
 * -1 with a sentence.
 */
int listener_own(
    struct listener *, uid_t uid, gid_t own, gid_t wanted, char *err, size_t errlen);

/* Remove our unix socket, and none that another has put there since.  0 or -1. */
int listener_remove(struct listener *);

#endif
