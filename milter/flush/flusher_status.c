/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher_status.c - the flusher's figures as a status.  See the header.
 */
#include "flush/flusher_status.h"

#include <stdio.h>
#include <unistd.h>

#include "system/clock.h"

static void
set_redis(struct status *s, const struct flusher_stats *f)
{
	int64_t now_ms = clock_wall_ms();

	s->redis_there = f->away_since_ms == 0 && f->ok_ms != 0;
	if (f->away_since_ms != 0)
		s->redis_away_ms = now_ms - (clock_mono_ms() - f->away_since_ms);
	s->redis_ok_ms = f->ok_ms;
	s->redis_error_ms = f->error_ms;
	snprintf(s->redis_error, sizeof s->redis_error, "%s", f->error);
}

static void
set_store(struct status *s, const struct store_figures *f)
{
	s->backlog_oldest_ms = f->oldest_ms;
	s->on_disk = f->on_disk;
	s->held = f->held;
	s->journal_segments = (int64_t)f->journal.segments;
	s->journal_bytes = (int64_t)f->journal.bytes;
	s->ledger_bytes = (int64_t)f->ledger_bytes;
	s->journal_down = f->journal.down;
	s->journal_left_out = (int64_t)f->journal.left_out;
	s->journal_sync_failures = (int64_t)f->journal.sync_failures;
	s->retained_batches = (int64_t)f->retained;
	s->retained_bytes = (int64_t)f->retained_bytes;
	s->crowded = (int64_t)f->crowded;
	s->damaged_records = (int64_t)f->damaged;
}

void
flusher_status(const struct flusher_settings *set, const struct flusher_stats *f,
    struct outbox *outbox, struct status *s)
{
	*s = (struct status) { .written_ms = clock_wall_ms(), .pid = getpid() };
	snprintf(s->producer, sizeof s->producer, "%s", set->producer);
	rurl_show(&set->redis, s->redis, sizeof s->redis);
	set_redis(s, f);
	set_store(s, &f->store);
	s->backlog_messages = (int64_t)(f->pending + outbox_messages(outbox));
	s->lost_deltas = (int64_t)outbox_lost(outbox);
	s->other_names = (int64_t)outbox_renamed(outbox);
	s->sent = (int64_t)f->sent;
	s->applied = (int64_t)f->applied;
	s->duplicates = (int64_t)f->duplicates;
	s->refused = (int64_t)f->refused;
	s->restored = (int64_t)f->restored;
	s->not_whole = (int64_t)f->beyond;
}
