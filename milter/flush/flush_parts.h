/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush_parts.h - what the files of a round share.  For milter/flush/flush*.c.
 */
#ifndef METERMARK_FLUSH_FLUSH_PARTS_H
#define METERMARK_FLUSH_FLUSH_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "flush/flush.h"
#include "flush/flush_log.h"
#include "journal/lanes.h"
#include "journal/store.h"
#include "redis/rargs.h"
#include "redis/redis_net.h"

#define WHY_BYTES REDIS_ERROR_MAX

struct flush {
	struct flusher_settings now;
	struct flusher_settings next; /* waiting until no batch is in doubt */
	bool moving;
	int64_t move_by_ms;

	struct redis_net *net;   /* NULL: not connected */
	pthread_mutex_t outside; /* held while outbox and journal are used */
	bool left; /* outbox and journal must not be used any more; guarded by it */
	struct store *store;
	struct lanes *lanes; /* the store's */
	bool verify; /* after a new connection: ask for all lanes what Redis has */
	bool
	    suspect; /* Redis has lost or forgotten something: ask for all lanes soon */
	int64_t forgets; /* RBATCH_FORGETS as seen last; -1: not yet */
	int64_t list_held_until_ms;
	struct rargs args, ids;

	struct flush_log log;
	int64_t trimmed_ms, forgot_ms, checked_ms, verified_ms;
	struct flusher_stats stats;
	atomic_uint_fast64_t answers; /* to batches; read by other threads */
};

/* What a pass has found. */
struct pass {
	bool again;              /* something changed that another pass can send */
	struct redis_error stop; /* what stops the round; cure NONE: nothing */
	size_t held;             /* batches refused until a person acts */
	char held_why[WHY_BYTES];
	const struct lane *held_lane;
	size_t apart; /* batches for a part of a cluster that is away */
	char apart_why[WHY_BYTES];
	bool settled; /* something was acknowledged */
	struct flush_loss loss;
	size_t ahead, overtaken, forgotten;
};

/* True if the net must be opened anew. */
bool flush_is_fatal(enum redis_cure);
/* Queue a command whose key is that argument.  -1 with the error: it was not queued. */
int flush_append(
    struct flush *, struct rargs *, size_t key, bool script, struct redis_error *);
/* Send for every lane that is ready, once. */
void flush_pass(struct flush *, struct pass *);

#endif
