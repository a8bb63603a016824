/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters.h - the way of the counts through the daemon: outbox and flusher as one.
 *
 * For the main thread, but for what goes into the sink.  The outbox stays to the end of
 * the process: libmilter's threads do, too.
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
	char state_dir[4064]; /* of the start: a reload does not change it */
	bool in_memory;       /* nothing of the counts is kept there */
};

/* Is what the settings say of Redis complete, its password's file included?  0, or -1
 * with err, which names the place in the file. */
int counters_check(const struct conf *, char *err, size_t errlen);
/* Ready to take counts, without a thread yet.  in_memory: the producer is of this life
 * alone (daemon/statedir.h).  0 or -1 with err. */
int counters_init(struct counters *, const struct conf *, const char *producer,
    bool in_memory, char *err, size_t errlen);
struct tally_sink counters_sink(struct counters *);
/* Read the journal of an earlier life, start journal and flusher; as the run user,
 * before the sink is used.  0 or -1 with err. */
int counters_start(struct counters *, const struct conf *, char *err, size_t errlen);
/* Take up other settings.  0 or -1 with err: then the old ones stay. */
int counters_apply(struct counters *, const struct conf *, char *err, size_t errlen);
/*
 * Flush, at most deadline_ms long, and end the threads; what the sink still takes goes
 * into the journal for the next start.  Returns how many messages' counters were lost.
 */
uint64_t counters_stop(struct counters *, uint32_t deadline_ms);

#endif
