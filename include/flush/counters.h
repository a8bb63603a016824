/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters.h - the counts' way through the daemon: outbox and flusher together.
 *
 * For the main thread, except the sink.  The outbox stays until the end of the process,
 * as libmilter's threads do.
 */
#ifndef METERMARK_FLUSH_COUNTERS_H
#define METERMARK_FLUSH_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "counting/tally.h"
#include "flush/flusher.h"
#include "journal/outbox.h"

struct counters {
	struct outbox *outbox;
	struct flusher *flusher; /* NULL until counters_start() */
	char producer[33];
	char state_dir[4064]; /* set at the start: a reload does not change it */
	bool in_memory;       /* counts are kept in memory only */
};

/*
 * Check what the settings say of Redis, its password's file included.  0, or -1 with
 * err, which names the place in the file.
 */
int counters_check(const struct conf *, char *err, size_t errlen);
/*
 * Make ready to take counts, without a thread yet.  in_memory: the producer id is new
 * in each life (daemon/statedir.h).  0 or -1 with err.
 */
int counters_init(struct counters *, const struct conf *, const char *producer,
    bool in_memory, char *err, size_t errlen);
struct tally_sink counters_sink(struct counters *);
/*
 * Read the journal of an earlier life, and start journal and flusher; as the run user,
 * before the sink is used.  0 or -1 with err.
 */
int counters_start(struct counters *, const struct conf *, char *err, size_t errlen);
/* Use other settings.  0, or -1 with err: the old ones stay. */
int counters_apply(struct counters *, const struct conf *, char *err, size_t errlen);
/*
 * Flush, for at most deadline_ms, and end the threads; deltas that the sink still takes
 * go into the journal for the next start.  Returns the number of messages whose
 * counters were lost.
 */
uint64_t counters_stop(struct counters *, uint32_t deadline_ms);

#endif
