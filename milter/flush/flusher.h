/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher.h - the thread that brings the counters to Redis.
 *
 * In each interval it takes what the outbox has gathered and sends it as numbered
 * batches: one script call per campaign, with the marker that makes a repeated batch
 * harmless in the same hash as the counters (PREFIX:{NAME}:total, field ~PRODUCER).  At
 * most one batch per campaign is in doubt at a time; it is sealed, and sent again as it
 * is until its fate is known.  Everything the thread does is on disk before it does it
 * (journal/store.h).  Mail never waits for any of this.
 */
#ifndef METERMARK_FLUSH_FLUSHER_H
#define METERMARK_FLUSH_FLUSHER_H

#include <stdint.h>

#include "journal/outbox.h"
#include "journal/store.h"
#include "redis/rurl.h"

struct flusher_settings {
	struct rurl redis;
	char key_prefix[65];
	uint32_t interval_ms;
	char producer[33]; /* 32 hex digits; constant for one state directory */
	struct store_settings store;
	char status_dir[4096]; /* where status.json goes; "": nowhere */
};

/* What the flusher has done since its start. */
struct flusher_stats {
	uint64_t sent;    /* batches sent, repetitions included */
	uint64_t applied; /* batches Redis has applied */
	uint64_t
	    duplicates;   /* repetitions Redis refused: each would have counted twice */
	uint64_t lost;    /* batches that found that Redis had lost acknowledged ones */
	uint64_t ahead;   /* batches that met a higher number than theirs */
	uint64_t refused; /* error replies to batches */
	uint64_t connects;  /* connections made */
	uint64_t restored;  /* batches that Redis had lost and has again */
	uint64_t beyond;    /* how often older ones were lost as well */
	uint64_t overtaken; /* batches of an earlier life that later ones had passed */
	uint64_t
	    pending; /* messages taken from the outbox that Redis does not have yet */
	int64_t away_since_ms;   /* monotonic; 0: Redis is there */
	int64_t ok_ms, error_ms; /* unix: last round that went well, last failure */
	char error[256];         /* the last failure, in words */
	struct store_figures store;
};

struct flusher;

/*
 * Read what an earlier life left on disk, start the journal for the outbox, and start
 * the thread, with all signals blocked in it.  The outbox must outlive it, and owns the
 * journal from then on.  NULL with err.
 */
struct flusher *flusher_start(
    const struct flusher_settings *, struct outbox *, char *err, size_t errlen);
/*
 * Use new settings from the next round on; a batch in doubt is settled first with the
 * old Redis, for at most ten seconds.  Thread-safe.
 */
void flusher_reconfigure(struct flusher *, const struct flusher_settings *);
/* The figures as of the last round.  Thread-safe. */
void flusher_stats(struct flusher *, struct flusher_stats *);
/*
 * Flush everything, for at most deadline_ms (and half a second for the thread to
 * notice), then end the thread and free it.  Counts on disk wait for the next start: if
 * everything is on disk, the end comes as soon as Redis is away or has not answered for
 * a second.  Returns the number of messages whose counters are neither in Redis nor on
 * disk (it is logged as well); 0: none.
 */
uint64_t flusher_stop(struct flusher *, uint32_t deadline_ms);

#endif
