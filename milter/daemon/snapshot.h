/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.h - the settings in force, with the keys and signers made from them.
 *
 * Loaded as a whole or not at all, immutable, counted.  A message takes the current one
 * at MAIL and keeps it to its end, so a reload never changes the rules under it; the
 * old one goes when its last message is done.  Thread-safe.
 */
#ifndef METERMARK_DAEMON_SNAPSHOT_H
#define METERMARK_DAEMON_SNAPSHOT_H

#include <stddef.h>

#include "config/conf.h"

struct signer;
struct token_ring;

struct snapshot {
	struct conf conf;
	struct signer *signer;
	struct token_ring *tokens; /* empty when the settings have no token keys */
	/* Private to snapshot.c from here. */
	struct keyring *keys;
	unsigned refs; /* guarded by the mutex in snapshot.c */
};

/*
 * Read a settings file and everything it names.  The caller owns one reference.  NULL
 * with a sentence "FILE:LINE: ..." in err.  Warnings go to warn(arg, sentence).
 */
struct snapshot *snapshot_load(const char *file, void (*warn)(void *, const char *),
    void *arg, char *err, size_t errlen);
/* Make it the one in force: takes over the caller's reference. */
void snapshot_publish(struct snapshot *);
/* The one in force, with a reference for the caller; NULL before the first publish. */
struct snapshot *snapshot_get(void);
void snapshot_put(struct snapshot *);

/* The decoded key of a file that a domain section names, the snapshot's own; NULL:
 * none does. */
void *snapshot_pkey(const struct snapshot *, const char *file);

#endif
