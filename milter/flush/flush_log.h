/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush_log.h - what the flusher reports, and how often.
 *
 * A Redis that is away stays away for many tries: there is one line when it goes, one a
 * minute, and one when it is back.  Things that an operator must fix are reported once
 * a minute, too.  For one thread.
 */
#ifndef METERMARK_FLUSH_FLUSH_LOG_H
#define METERMARK_FLUSH_FLUSH_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "redis/redis_probe.h"
#include "redis/rurl.h"
#include "text/str.h"

/* Batches that Redis had acknowledged and has lost. */
struct flush_loss {
	size_t campaigns;
	size_t again;  /* batches that were retained, and are sent again */
	size_t beyond; /* campaigns of which older batches are lost, too */
};

/* All zeros is a fresh one. */
struct flush_log {
	int64_t away_since_ms; /* 0: Redis is there */
	/* Said last. */
	int64_t away_ms, apart_ms, refuses_ms, lost_ms, ahead_ms, overtaken_ms;
	struct flush_loss loss; /* not said yet */
};

/* True, and *last_ms becomes now, if *last_ms is 0 or every_ms ago. */
bool flush_log_due(int64_t *last_ms, int64_t every_ms);

/* Report a new connection: which server it is, and what about it could lose counts. */
void flush_log_connected(const struct rurl *, const struct redis_probe *);
/* Report a try that failed, and why; and the first one that did not fail. */
void flush_log_away(struct flush_log *, const struct rurl *, const char *why);
void flush_log_back(struct flush_log *, const struct rurl *);
/* Report batches that wait for a part of a cluster while others go through. */
void flush_log_apart(
    struct flush_log *, const struct rurl *, size_t batches, const char *why);
/*
 * Report batches that Redis refuses until a person acts; campaign: of the first one, or
 * "".
 */
void flush_log_refuses(struct flush_log *, const struct rurl *, size_t batches,
    struct str campaign, const char *why);
/* Report that Redis has lost what it had acknowledged. */
void flush_log_lost(struct flush_log *, const struct rurl *, const struct flush_loss *);
/* Report that Redis has higher numbers of this producer than ours. */
void flush_log_ahead(struct flush_log *, const struct rurl *, size_t campaigns);
/* The same for batches of an earlier life: they were counted in it. */
void flush_log_overtaken(struct flush_log *, const struct rurl *, size_t campaigns);
/* Report campaigns that were forgotten by metermark forget. */
void flush_log_forgotten(const struct rurl *, size_t campaigns);

#endif
