/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statedir.h - the state directory: lock, producer id, key for recipients.
 *
 *     lock            held (flock) as long as the daemon lives; its pid is in it
 *     producer        32 hex digits: who we are to Redis, the same for ever
 *     identity        where that belongs: daemon/identity.h
 *     recipient.key   made at the first start, unless recipient_key_file names another
 *
 * Two daemons with one producer id would mark each other's batches as applied, so the
 * lock is what makes counting exact.  Files are made complete under another name and
 * renamed, so a crash leaves none half written.  For the main thread.
 */
#ifndef METERMARK_DAEMON_STATEDIR_H
#define METERMARK_DAEMON_STATEDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/conf.h"

struct privs;

/* Hex digits of a producer id, and a NUL. */
#define STATEDIR_PRODUCER_SIZE 33
/* A recipient key file holds this many bytes at least, and at most. */
#define STATEDIR_KEY_MIN ((size_t)16)
#define STATEDIR_KEY_MAX ((size_t)4096)

/* The disk is full or read-only: what could not be made there must do without. */
#define STATEDIR_UNWRITABLE (-2)

struct statedir {
	int lock; /* file descriptor; the lock goes when it is closed; -1: none */
	char producer[STATEDIR_PRODUCER_SIZE];
	uint8_t recipient_key[32];
	bool in_memory;     /* producer is of this life alone: keep no counts on disk */
	char note[512];     /* what somebody should know, "": nothing */
	char trouble[1024]; /* ... and should mend */
};

/*
 * All of it: the directory is made when it is missing and we are root, then the lock
 * taken and the files read or made.  What is in the directory is done as the run user,
 * so that files get the right owner and no link in it leads root astray; a
 * recipient_key_file is read as whoever we are.  A disk that is full or read-only is no
 * reason not to start: what cannot be made there is made in memory, and trouble says
 * so.  0, or -1 with a sentence: then nothing is held.  What is held is until the
 * process ends.
 */
int statedir_open(struct statedir *, const struct conf *, const struct privs *,
    char *err, size_t errlen);

/* A recipient_key_file, tried as statedir_open() will; nothing is made.  0, or -1 with
 * a sentence. */
int statedir_check(const struct conf *, char *err, size_t errlen);

/*
 * The pieces of it, each 0 (the lock: a descriptor), or -1 with a sentence.  Those that
 * make a file: STATEDIR_UNWRITABLE with a sentence when the disk does not take it.
 */

/* Make the directory, mode 0700, owned by uid and gid; done when something is there. */
int statedir_make(const char *dir, uid_t uid, gid_t gid, char *err, size_t errlen);
/* Another daemon that holds it is named with its pid. */
int statedir_lock(const char *dir, char *err, size_t errlen);
/*
 * With the lock held; made when there is none, and anew in a directory that is a copy:
 * then note is a sentence about that, the old one is producer.copied, and the journal
 * that comes with it is for journal/store.h to set aside.
 */
int statedir_identify(const char *dir, char out[STATEDIR_PRODUCER_SIZE], char *note,
    size_t notelen, char *err, size_t errlen);
/* The producer alone. */
int statedir_producer(
    const char *dir, char out[STATEDIR_PRODUCER_SIZE], char *err, size_t errlen);
/* With the lock held; DIR/recipient.key, made of random bytes when there is none. */
int statedir_recipient_key(const char *dir, uint8_t key[32], char *err, size_t errlen);
/*
 * A key file of any content: its SHA-256, without line ends at its end, so that copies
 * made by an editor are the same key.  Too short, or open to others, is an error.
 */
int statedir_read_key(const char *file, uint8_t key[32], char *err, size_t errlen);

#endif
