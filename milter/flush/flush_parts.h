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
	pthread_mutex_t outside; /* held where outbox and journal are touched */
	bool left;               /* they must not be; guarded by it */
	struct store *store;
	struct lanes *lanes; /* the store's */
	bool verify;         /* a new connection: ask all lanes what Redis has */
	bool suspect;        /* it has lost or forgotten something: ask them soon */
	int64_t forgets;     /* RBATCH_FORGETS as seen last; -1: not yet */
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
	size_t held;             /* batches refused for an operator to look at */
	char held_why[WHY_BYTES];
	const struct lane *held_lane;
	size_t apart; /* batches for a part of a cluster that is away */
	char apart_why[WHY_BYTES];
	bool settled; /* something was acknowledged */
	struct flush_loss loss;
	size_t ahead, overtaken, forgotten;
};

/* Must the net be made anew? */
bool flush_is_fatal(enum redis_cure);
/* Queue a command about that argument of it.  -1 with *cure and why: it was not. */
int flush_append(
    struct flush *, struct rargs *, size_t key, bool script, struct redis_error *);
/* Every lane that is ready, once. */
void flush_pass(struct flush *, struct pass *);

#endif
